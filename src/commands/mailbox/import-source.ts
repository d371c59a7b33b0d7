/**
 * Which mailboxes `mailbox import` takes over, and from where: one mailbox that the options name,
 * or those of a CSV file.
 */
import { readFileSync } from 'node:fs';
import { CommandError } from '../../cli/exit.ts';
import { readGivenSecret } from '../../cli/secret.ts';
import type { Terminal } from '../../cli/terminal.ts';
import { once, readUpload } from '../../cli/upload.ts';
import { defined } from '../../domain/defined.ts';
import { RULES, openMaildir } from '../../takeover/source/maildir.ts';
import type { Pop3Server } from '../../takeover/source/pop3-connection.ts';
import { openPop3 } from '../../takeover/source/pop3.ts';
import type { Source } from '../../takeover/source/source.ts';
import { systemClock } from '../../platform/clock.ts';
import { type RecordOf, recordsOf } from '../core/csv.ts';
import { login } from '../core/kinds.ts';
import { choice, text } from '../core/kind.ts';
import { file, folder } from '../core/files.ts';
import { type Params, type Values, flag, need, old, opt } from '../core/params.ts';
import { password } from '../core/secret.ts';

/** Options that say where the mail comes from. */
export const SOURCE = {
  maildir: opt(folder, 'from this maildir'),
  pop3: opt(text('host'), 'from this POP3 server, as HOST or HOST:PORT (default 995, with --stls 110)'),
  from: opt(
    file,
    'many mailboxes, from a CSV file: "account,maildir", or with --pop3 "account,user,password"; - for standard input',
  ),
  rule: opt(choice('rule', RULES), 'how a maildir tells its UIDLs; otherwise by what is in it'),
  uidlFormat: opt(text('format'), "Dovecot's pop3_uidl_format, if it was changed"),
  uidlFile: opt(file, 'UIDLs of a maildir from a CSV file "file,uidl"'),
  user: opt(text('name'), 'login name at the POP3 server, if it is another'),
  passwordFile: opt(file, 'its password is the first line of this file; - for standard input'),
  stls: flag('begin in plain text and start TLS by STLS'),
  ca: opt(file, 'authority of the server (PEM)'),
  pin: opt(text('sha256'), 'take this certificate of the server and no other: its SHA-256 fingerprint'),
};
type From = Values<typeof SOURCE>;

const account = old(need(login, 'whose mailbox'), 'login');
const user = opt(text('name'), 'its login name there, if it is another');
const MAILDIRS = { account, maildir: need(folder, 'its maildir'), user };
const AT_SERVER = { account, user, password };
const UIDLS = { file: need(text('file', 4096), 'of a message'), uidl: need(text('uidl', 998), 'its UIDL') };
const MOST_LINES = 200_000;

/** One mailbox to be taken over. */
export interface Takeover {
  readonly login: string;
  /** Its login name at the other server. */
  readonly there: string;
  /** Its password at the other server, if the file has it. */
  readonly password?: string;
  /** Where the mail comes from, in words for people. */
  readonly source: string;
  open(): Promise<Source>;
}

const usage = (text: string): CommandError => new CommandError('usage', text);

export async function takeoversOf(
  terminal: Terminal,
  only: string | undefined,
  options: From,
): Promise<readonly Takeover[]> {
  const { maildir, pop3, from } = options;
  if ((only === undefined) === (from === undefined))
    throw usage('Cannot import: expected either one account or --from FILE with many');
  if (from !== undefined && maildir !== undefined)
    throw usage('Cannot import with --from and --maildir: the file names a maildir for each account; leave one out');
  if (from === undefined && (maildir === undefined) === (pop3 === undefined))
    throw usage('Cannot import: expected --maildir DIR or --pop3 HOST, where the mail comes from');
  const server = pop3 === undefined ? undefined : serverOf(pop3, options);
  const uidls = options.uidlFile === undefined ? undefined : await uidlTable(terminal, options.uidlFile);
  const ofMaildir = (name: string, folder: string, there = name): Takeover => ({
    login: name,
    there,
    source: folder,
    open: () =>
      Promise.resolve().then(() =>
        openMaildir(folder, defined({ rule: options.rule, format: options.uidlFormat, uidls })),
      ),
  });
  const ofServer = (name: string, at: Pop3Server, user: string, secret: string): Takeover => ({
    login: name,
    there: user,
    password: secret,
    source: `${at.host}:${at.port}`,
    open: () => openPop3(at, { user, password: secret }),
  });
  if (from !== undefined && server === undefined)
    return (await linesOf(terminal, from, MAILDIRS)).map((one) => ofMaildir(one.account, one.maildir, one.user));
  if (from !== undefined && server !== undefined)
    return (await linesOf(terminal, from, AT_SERVER)).map((one) =>
      ofServer(one.account, server, one.user ?? one.account, one.password),
    );
  const name = only ?? '';
  if (maildir !== undefined) return [ofMaildir(name, maildir)];
  if (server === undefined) return [];
  const known = await readGivenSecret(terminal, options.passwordFile, `Password at ${server.host}: `);
  return [ofServer(name, server, options.user ?? name, known)];
}

function serverOf(text: string, options: From): Pop3Server {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+)(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[2] ?? (options.stls ? 110 : 995));
  const host = match?.[1]?.replace(/[[\]]/g, '');
  if (host === undefined || port < 1 || port > 65_535)
    throw usage(`Cannot use "${text}" as a POP3 server: expected HOST or HOST:PORT, such as pop.old.example:995`);
  const pin = options.pin?.replace(/:/g, '').toLowerCase();
  if (pin !== undefined && !/^[0-9a-f]{64}$/.test(pin))
    throw usage(
      `Cannot use "${options.pin ?? ''}" as a fingerprint: expected 64 hexadecimal digits; "openssl x509 -noout -fingerprint -sha256" shows it`,
    );
  return {
    host,
    port,
    tls: options.stls ? 'stls' : 'implicit',
    ...(options.ca === undefined ? {} : { ca: readPem(options.ca) }),
    ...defined({ pin }),
  };
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw usage(`Cannot read the authority "${file}": ${code ?? String(error)}; name a PEM file that you may read`);
  }
}

async function linesOf<P extends Params>(
  terminal: Terminal,
  name: string,
  columns: P,
): Promise<readonly RecordOf<P>[]> {
  const action = `use "${name}"`;
  const lines = await recordsOf(once(readUpload(terminal, name)), {
    action,
    columns,
    most: MOST_LINES,
    now: () => systemClock.now(),
  });
  if (lines.length === 0) throw usage(`Cannot ${action}: it has a header and no lines; expected one line for each`);
  return lines;
}

async function uidlTable(terminal: Terminal, name: string): Promise<ReadonlyMap<string, string>> {
  const lines = await linesOf(terminal, name, UIDLS);
  return new Map(lines.map((one) => [one.file.split(':')[0] ?? '', one.uidl]));
}
