/**
 * Every choice of the configuration file: names, types, defaults and what they mean.
 *
 * docs/configuration.md is written from this file (`npm run docs`), and a test holds the two together. Policy about one organisation,
 * account or address is no configuration: it is a setting in the registry (domain/settings.ts).
 */
import { z } from 'zod';
import {
  choice,
  command,
  count,
  duration,
  hostname,
  ipAddress,
  networks,
  optional,
  path,
  shortName,
  size,
} from './fields.ts';

// Every field of these sections has a default, so a file may leave the section out; zod's type of the input does not know that.
const section = <S extends z.ZodRawShape>(shape: S): z.ZodPrefault<z.ZodObject<S, z.core.$strict>> => {
  const strict = z.strictObject(shape);
  return strict.prefault({} as never);
};

const listener = z.strictObject({
  name: shortName('Unique name, used in the log and in limits.'),
  protocol: choice('What the listener speaks.', ['smtp', 'pop3']),
  address: ipAddress('Where it listens.', '0.0.0.0'),
  port: count('TCP port; 0 takes a free one, for tests.', undefined, 0, 65_535),
  tls: choice('TLS from the first octet, or after STARTTLS / STLS. No login is offered before TLS.', [
    'implicit',
    'starttls',
  ]),
});

const data = section({
  folder: path('Database, disk reserve and control socket. Belongs on a local disk; made with mode 0700.', 'data'),
  'control-socket': optional(path('Unix socket for the command line. Default: run/control.sock in the data folder.')),
});

const keys = section({
  folder: path('Day keys, wrapped by the master key. Never inside the data folder, never in a backup of it.', 'keys'),
  'master-key-file': optional(
    path('File with the master key, mode 0600. Exactly one of file and command is required.'),
  ),
  'master-key-command': optional(
    command('Program that prints the master key, such as a key store; no shell takes part.'),
  ),
});

const tls = z.strictObject({
  key: path('Private key, PEM, mode 0600.'),
  certificate: path(
    'Certificate and its chain, PEM; one certificate with all host names. Read again at SIGHUP or `sluis reload`.',
  ),
});

const log = section({
  format: choice('One event a line: JSON for machines, or a readable line.', ['json', 'pretty'], 'json'),
  level: choice('The least severe events that are written.', ['debug', 'info', 'warn', 'error'], 'info'),
});

const connections = section({
  total: count('Open connections in all; the next is answered 421 or -ERR [SYS/TEMP].', 4000, 1, 100_000),
  'per-network': count('Open connections from one IPv4 address or IPv6 /64.', 64, 1, 100_000),
  'per-account': count('Open connections that are logged in to one account.', 32, 1, 100_000),
  'exempt-networks': networks(
    'Networks that the limits per network and per account do not hold for, such as a host of many practices behind one address.',
  ),
  drain: duration('How long sessions may go on after SIGTERM before they are cut.', '25s', '0s', '10m'),
});

const smtp = section({
  'max-message': size(
    'Largest message, after encoding: base64 makes an attachment 37 % larger, so 50MB carries about 36 MB of files.',
    '50MB',
    '64KiB',
    '1GiB',
  ),
  'max-recipients': count('Recipients of one message; the next is answered 452 4.5.3.', 1000, 1, 1000),
});

const pop3 = section({});

const auth = section({});

const store = section({
  reserve: size(
    'Disk space kept so that deleting, logging and QUIT still work on a full disk.',
    '64MiB',
    '1MiB',
    '10GiB',
  ),
});

export const configSchema = z.strictObject({
  hostname: hostname(
    'The name this gateway goes by: greeting, Received lines, Message-IDs. Must stand in the certificate.',
  ),
  data,
  keys,
  tls,
  listener: z.array(listener).min(1).max(64),
  log,
  connections,
  smtp,
  pop3,
  auth,
  store,
});

/** What each section is about, for the reference page and the file that `sluis init` writes. */
export const sections: Readonly<Record<string, string>> = {
  data: 'Where mail rests.',
  keys: 'Keys that seal the mail. Without them nobody can read it, you included: keep a copy of both in a safe place.',
  tls: 'The certificate that peers see.',
  listener: 'Ports. One [[listener]] each.',
  log: 'Log lines go to standard error.',
  connections: 'Limits on open connections, over all listeners.',
  smtp: 'Submission.',
  pop3: 'Pickup.',
  auth: 'Logins.',
  store: 'The store.',
};

export type ParsedConfig = z.infer<typeof configSchema>;

/** A checked configuration. Every path in it is absolute. */
export interface Config extends ParsedConfig {
  /** The file it came from. */
  readonly file: string;
}
