/** `sluis init`: writes a commented configuration, a master key, an empty store, and on request throw-away certificates. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { X509Certificate, randomBytes } from 'node:crypto';
import { hostname as machineName } from 'node:os';
import { dirname, relative, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { newMasterKey } from '../config/master-key.ts';
import { parseConfig } from '../config/load.ts';
import { ConfigError } from '../config/problem.ts';
import type { Config } from '../config/schema.ts';
import { writeTemplate } from '../config/template.ts';
import { type Instant, days } from '../domain/units.ts';
import { systemClock } from '../platform/clock.ts';
import { writeSynced } from '../platform/lasting-files.ts';
import { CommandError } from './exit.ts';
import type { Terminal } from './terminal.ts';

export interface InitOptions {
  readonly config: string;
  readonly hostname?: string;
  readonly data?: string;
  readonly keys?: string;
  readonly portBase: number;
  readonly address?: string;
  readonly devCertificates?: boolean;
  /** Where key and certificate lie; made here only with `devCertificates`. Default: `tls`, or `certs-dev`, beside the configuration. */
  readonly certificates?: string;
  /** Port 0 everywhere: whatever is free at each start. */
  readonly freePorts?: boolean;
}

const PORTS = [
  { name: 'submission', protocol: 'smtp', port: 587, tls: 'starttls' },
  { name: 'submissions', protocol: 'smtp', port: 465, tls: 'implicit' },
  { name: 'pop3', protocol: 'pop3', port: 110, tls: 'starttls' },
  { name: 'pop3s', protocol: 'pop3', port: 995, tls: 'implicit' },
] as const;

/** Port of health and metrics above a port base; without a base it is the default of the schema. */
const HTTP_ABOVE_BASE = 80;

export function addInitCommand(terminal: Terminal, program: Command): void {
  program
    .command('init')
    .description('write a configuration, keys and an empty store; overwrites nothing')
    .requiredOption('--config <file>', 'the configuration to write')
    .option('--hostname <name>', "the gateway's name; must stand in its certificate")
    .option('--data <folder>', 'data folder; "data" beside the configuration when left out')
    .option(
      '--keys <folder>',
      'folder for the day keys, outside the data; "keys" beside the configuration when left out',
    )
    .option('--port-base <n>', 'listen on n+587, n+465, n+110, n+995, and n+80 for health and metrics', portBase, 0)
    .option('--address <ip>', 'where to listen; 0.0.0.0, with --dev-certificates 127.0.0.1')
    .option('--dev-certificates', 'make a throw-away authority and a server certificate, for tests only')
    .action(async (options: InitOptions) => {
      const made = await initialise(options);
      terminal.out(`${made.join('\n')}\n`);
    });
}

function portBase(text: string): number {
  const n = Number(text);
  if (!/^\d{1,5}$/.test(text) || n > 64_540) throw new InvalidArgumentError('expected a whole number from 0 to 64540.');
  return n;
}

/** Makes everything; answers what to tell the person. Nothing is written when one of the files exists. */
export async function initialise(options: InitOptions): Promise<string[]> {
  const config = resolve(options.config);
  const base = dirname(config);
  const dev = options.devCertificates === true;
  const certificates = resolve(base, options.certificates ?? (dev ? 'certs-dev' : 'tls'));
  const paths = {
    data: resolve(options.data ?? resolve(base, 'data')),
    keys: resolve(options.keys ?? resolve(base, 'keys')),
    masterKey: resolve(base, 'master.key'),
    tlsKey: resolve(certificates, 'server-key.pem'),
    tlsCertificate: resolve(certificates, 'server.pem'),
  };
  refuseExisting([config, paths.masterKey, paths.keys, resolve(paths.data, 'sluis.db')]);
  const hostname = options.hostname ?? nameOfMachine();

  const at = (path: string): string => (path.startsWith(`${base}/`) ? relative(base, path) : path);
  const text = writeTemplate({
    values: {
      hostname,
      'data.folder': at(paths.data),
      'keys.folder': at(paths.keys),
      'keys.master-key-file': at(paths.masterKey),
      'tls.key': at(paths.tlsKey),
      'tls.certificate': at(paths.tlsCertificate),
      ...httpPort(options),
    },
    listeners: PORTS.map(({ name, protocol, port, tls }) => ({
      name,
      protocol,
      address: options.address ?? (dev ? '127.0.0.1' : '0.0.0.0'),
      port: options.freePorts === true ? 0 : port + options.portBase,
      tls,
    })),
  });
  // Read back before anything is written; without a certificate it is not yet complete, and the store needs none.
  const read = parsed(text, config);

  mkdirSync(base, { recursive: true });
  if (dev) await developmentCertificates(certificates, hostname);
  writeNew(paths.masterKey, newMasterKey(randomBytes), 0o600);
  writeNew(config, text, 0o644);
  const [{ createStore }, { createLog }] = await Promise.all([
    import('../gateway/store.ts'),
    import('../platform/log.ts'),
  ]);
  await createStore(read, { clock: systemClock, log: createLog({ level: 'error', format: 'pretty' }) });
  return [
    `Wrote ${config}`,
    `Master key: ${paths.masterKey} (0600). Day keys: ${paths.keys}. Keep a copy of both in a safe place, apart from the backups of`,
    `the data: without them nobody can read the mail, with them and the data anybody can.`,
    `Data: ${paths.data}`,
    dev
      ? `Throw-away certificates: ${certificates} (mail programs must trust ca.pem). Never use them in service.`
      : `Put the key and the certificate of ${hostname} at ${paths.tlsKey} (0600) and ${paths.tlsCertificate}.`,
    `Then: sluis check --config ${config} && sluis serve --config ${config}`,
  ];
}

/** What is wrong in it was given on the command line: all else is a template of ours. */
function parsed(text: string, file: string): Config {
  try {
    return parseConfig(text, file, { files: false });
  } catch (error) {
    throw error instanceof ConfigError ? new CommandError('usage', error.message) : error;
  }
}

/** Beside the other ports, so that two gateways of one machine do not meet here either. */
function httpPort({ freePorts, portBase: base }: InitOptions): { readonly 'http.port'?: number } {
  if (freePorts === true) return { 'http.port': 0 };
  return base === 0 ? {} : { 'http.port': base + HTTP_ABOVE_BASE };
}

function nameOfMachine(): string {
  const name = machineName().toLowerCase();
  if (!name.includes('.'))
    throw new CommandError(
      'usage',
      `Cannot use "${name}", the name of this machine, as host name: it has no domain; give --hostname mail.example.nl`,
    );
  return name;
}

function refuseExisting(paths: readonly string[]): void {
  const existing = paths.filter((path) => existsSync(path));
  if (existing.length > 0)
    throw new CommandError(
      'conflict',
      `Cannot initialise: ${existing.join(', ')} ${existing.length === 1 ? 'exists' : 'exist'} already, and nothing is overwritten; choose another place, or move the old files away`,
    );
}

const DEVELOPMENT_FILES = ['ca.pem', 'ca-key.pem', 'server.pem', 'server-key.pem'] as const;
/** How long before their end development certificates are made anew. */
const NEAR = days(30);

/** The same in place of those that are near their end, or cannot be read. True where they were made. */
export async function freshDevelopmentCertificates(
  folder: string,
  hostname: string,
  now: Instant = systemClock.now(),
): Promise<boolean> {
  const ends = endOf(resolve(folder, 'server.pem'));
  if (ends !== undefined && ends - now > NEAR) return false;
  for (const name of DEVELOPMENT_FILES) rmSync(resolve(folder, name), { force: true });
  await developmentCertificates(folder, hostname);
  return true;
}

/** Milliseconds since 1970; undefined where there is no certificate. */
function endOf(file: string): number | undefined {
  try {
    return Date.parse(new X509Certificate(readFileSync(file)).validTo);
  } catch {
    return undefined;
  }
}

/** Makes an authority and a server certificate; the server's names are those that people use on a development machine. */
export async function developmentCertificates(folder: string, hostname: string): Promise<void> {
  const file = (name: string): string => resolve(folder, name);
  refuseExisting(DEVELOPMENT_FILES.map(file));
  const { makeDevelopmentCertificates } = await import('../crypto/development-ca.ts');
  const made = await makeDevelopmentCertificates(
    [...new Set([hostname, 'localhost', '127.0.0.1', '::1'])],
    systemClock.now(),
  );
  mkdirSync(folder, { recursive: true });
  writeNew(file('ca-key.pem'), made.ca.key, 0o600);
  writeNew(file('ca.pem'), made.ca.certificate, 0o644);
  writeNew(file('server-key.pem'), made.server.key, 0o600);
  writeNew(file('server.pem'), made.server.certificate, 0o644);
}

/** Writes a file that must not exist yet, durably. */
export const writeNew = (path: string, text: string, mode: number): void => writeSynced(path, text, mode, 'wx');
