/** Which mailboxes `mailbox import` takes over and from where: one that the options name, or those of a CSV file. */
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { defined } from '../domain/defined.ts';
import { openMaildir, RULES, type Rule } from '../source/maildir.ts';
import { openPop3 } from '../source/pop3.ts';
import type { Pop3Server } from '../source/pop3-connection.ts';
import type { Source } from '../source/source.ts';
import { rowsOf } from './csv-rows.ts';
import { CommandError } from './exit.ts';
import type { ChangeOptions } from './options.ts';
import { readGivenSecret } from './secret.ts';
import type { Terminal } from './terminal.ts';

export interface ImportOptions extends ChangeOptions {
  readonly maildir?: string;
  readonly pop3?: string;
  readonly from?: string;
  readonly rule?: Rule;
  readonly uidlFormat?: string;
  readonly uidlFile?: string;
  readonly user?: string;
  readonly passwordFile?: string;
  readonly stls?: boolean;
  readonly ca?: string;
  readonly pin?: string;
  readonly delete?: boolean;
  readonly countAs?: 'fetched' | 'waiting';
  readonly address?: string;
  readonly dryRun?: boolean;
}

/** One mailbox to be taken over. */
export interface Takeover {
  readonly login: string;
  /** For people. */
  readonly source: string;
  open(): Promise<Source>;
}

export const sourceOptions = (command: Command): Command =>
  command
    .addOption(new Option('--maildir <dir>', 'from this maildir').conflicts(['pop3']))
    .option('--pop3 <host>', 'from this POP3 server, as HOST or HOST:PORT (default 995, with --stls 110)')
    .option(
      '--from <file>',
      'many mailboxes, from a CSV file: "login,maildir", or with --pop3 "login,user,password"; - for standard input',
    )
    .addOption(
      new Option('--rule <rule>', 'how a maildir tells its UIDLs; otherwise by what lies in it').choices(RULES),
    )
    .option('--uidl-format <format>', "Dovecot's pop3_uidl_format, where it was changed")
    .option('--uidl-file <file>', 'UIDLs of a maildir from a CSV file "file,uidl"')
    .option('--user <name>', 'log-in name at the POP3 server, where it is another')
    .option('--password-file <file>', 'its password is the first line of this file; - for standard input')
    .option('--stls', 'begin in plain text and start TLS by STLS')
    .option('--ca <file>', 'authority of the server (PEM)')
    .option('--pin <sha256>', 'take this certificate of the server and no other: its SHA-256 fingerprint')
    .option('--delete', 'delete at the POP3 server what is safe here')
    .addOption(
      new Option(
        '--count-as <what>',
        'whether messages count as fetched, or as waiting and overdue one day; otherwise a maildir tells, and those of a server count as fetched',
      ).choices(['fetched', 'waiting']),
    )
    .option('--address <address>', 'recipient for the trace, where a message does not name an address of the account');

const usage = (text: string): CommandError => new CommandError('usage', text);

export async function takeoversOf(
  terminal: Terminal,
  login: string | undefined,
  options: ImportOptions,
): Promise<readonly Takeover[]> {
  const { maildir, pop3, from } = options;
  if ((login === undefined) === (from === undefined))
    throw usage('Cannot import: expected either one account or --from FILE with many');
  if (from !== undefined && maildir !== undefined)
    throw usage('Cannot import with --from and --maildir: the file names a maildir for each account; leave one out');
  if (from === undefined && (maildir === undefined) === (pop3 === undefined))
    throw usage('Cannot import: expected --maildir DIR or --pop3 HOST, where the mail comes from');
  if (options.delete === true && pop3 === undefined)
    throw usage('Cannot use --delete without --pop3: a maildir is only read; remove it yourself when all is done');
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

function serverOf(text: string, options: ImportOptions): Pop3Server {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+)(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[2] ?? (options.stls === true ? 110 : 995));
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
    tls: options.stls === true ? 'stls' : 'implicit',
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
