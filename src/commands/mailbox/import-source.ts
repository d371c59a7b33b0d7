/** Which mailboxes `mailbox import` takes over and from where: one that the options name, or those of a CSV file. */
import { readFileSync } from 'node:fs';
import { rowsOf } from '../../cli/csv-rows.ts';
import { CommandError } from '../../cli/exit.ts';
import { readGivenSecret } from '../../cli/secret.ts';
import type { Terminal } from '../../cli/terminal.ts';
import { defined } from '../../domain/defined.ts';
import { RULES, openMaildir } from '../../source/maildir.ts';
import type { Pop3Server } from '../../source/pop3-connection.ts';
import { openPop3 } from '../../source/pop3.ts';
import type { Source } from '../../source/source.ts';
import { choice, file, folder, text } from '../core/kinds.ts';
import { type Values, flag, opt } from '../core/row.ts';

/** Where mail comes from. */
export const SOURCE = {
  maildir: opt(folder, 'from this maildir'),
  pop3: opt(text('host'), 'from this POP3 server, as HOST or HOST:PORT (default 995, with --stls 110)'),
  from: opt(
    file,
    'many mailboxes, from a CSV file: "login,maildir", or with --pop3 "login,user,password"; - for standard input',
  ),
  rule: opt(choice('rule', RULES), 'how a maildir tells its UIDLs; otherwise by what lies in it'),
  uidlFormat: opt(text('format'), "Dovecot's pop3_uidl_format, where it was changed"),
  uidlFile: opt(file, 'UIDLs of a maildir from a CSV file "file,uidl"'),
  user: opt(text('name'), 'log-in name at the POP3 server, where it is another'),
  passwordFile: opt(file, 'its password is the first line of this file; - for standard input'),
  stls: flag('begin in plain text and start TLS by STLS'),
  ca: opt(file, 'authority of the server (PEM)'),
  pin: opt(text('sha256'), 'take this certificate of the server and no other: its SHA-256 fingerprint'),
};
type From = Values<typeof SOURCE>;

/** One mailbox to be taken over. */
export interface Takeover {
  readonly login: string;
  /** For people. */
  readonly source: string;
  open(): Promise<Source>;
}

const usage = (text: string): CommandError => new CommandError('usage', text);

export async function takeoversOf(
  terminal: Terminal,
  login: string | undefined,
  options: From,
): Promise<readonly Takeover[]> {
  const { maildir, pop3, from } = options;
  if ((login === undefined) === (from === undefined))
    throw usage('Cannot import: expected either one account or --from FILE with many');
  if (from !== undefined && maildir !== undefined)
    throw usage('Cannot import with --from and --maildir: the file names a maildir for each account; leave one out');
  if (from === undefined && (maildir === undefined) === (pop3 === undefined))
    throw usage('Cannot import: expected --maildir DIR or --pop3 HOST, where the mail comes from');
  const server = pop3 === undefined ? undefined : serverOf(pop3, options);
  const uidls = options.uidlFile === undefined ? undefined : await uidlTable(terminal, options.uidlFile);
  const ofMaildir = (name: string, folder: string): Takeover => ({
    login: name,
    source: folder,
    open: () =>
      Promise.resolve().then(() =>
        openMaildir(folder, defined({ rule: options.rule, format: options.uidlFormat, uidls })),
      ),
  });
  const ofServer = (name: string, at: Pop3Server, user: string, password: string): Takeover => ({
    login: name,
    source: `${at.host}:${at.port}`,
    open: () => openPop3(at, { user, password }),
  });
  if (from !== undefined) {
    const columns = server === undefined ? ['login', 'maildir'] : ['login', 'user', 'password'];
    const rows = await rowsOf(terminal, from, columns, [], ['user']);
    return rows.map((cell) =>
      server === undefined
        ? ofMaildir(cell('login'), cell('maildir'))
        : ofServer(cell('login'), server, cell('user') || cell('login'), cell('password')),
    );
  }
  const name = login ?? '';
  if (maildir !== undefined) return [ofMaildir(name, maildir)];
  if (server === undefined) return [];
  const password = await readGivenSecret(terminal, options.passwordFile, `Password at ${server.host}: `);
  return [ofServer(name, server, options.user ?? name, password)];
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

async function uidlTable(terminal: Terminal, file: string): Promise<ReadonlyMap<string, string>> {
  const rows = await rowsOf(terminal, file, ['file', 'uidl']);
  return new Map(rows.map((cell) => [cell('file').split(':')[0] ?? '', cell('uidl')]));
}
