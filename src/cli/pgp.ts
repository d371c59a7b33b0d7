/** `sluis pgp`: OpenPGP keys of accounts, and what a message at hand is worth. */
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { PgpInspectView } from '../admin/pgp-inspect.ts';
import type { PgpKeyView } from '../admin/pgp-keys.ts';
import { Pgp } from '../crypto/pgp/pgp.ts';
import type { PgpKey } from '../crypto/pgp/protocol.ts';
import { many } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import { type SureOptions, askToDestroy, destroying } from './ask.ts';
import { withAdmin } from './connect.ts';
import { CommandError } from './exit.ts';
import { inspectedCode } from './inspected-code.ts';
import { messageFile } from './message-file.ts';
import { newFile, withFiles } from './new-file.ts';
import { type ChangeOptions, type CommonOptions, changing, reading, wholeDays } from './options.ts';
import { facts, print, readableSize, table, readableDay } from './output.ts';
import { readGivenPassword } from './secret.ts';
import type { Terminal } from './terminal.ts';

export function addPgpCommands(terminal: Terminal, program: Command): void {
  const group = program.command('pgp').description('OpenPGP keys and messages');
  const keys = group.command('key').description('OpenPGP keys of accounts');
  addIssue(terminal, keys);
  addImport(terminal, keys);
  addExport(terminal, keys);
  addList(terminal, keys);
  addRevoke(terminal, keys);

  changing(group.command('inspect'))
    .description('show what protects a PGP message, who signed it, and whether it is valid; its content is not shown')
    .argument('<file>', 'a message')
    .option('--as <address>', 'look inside with the secret halves that the gateway holds for this address')
    .action(async (file: string, options: ChangeOptions & { readonly as?: string }) => {
      const upload = messageFile(file, (path) => createReadStream(path));
      const view = await withAdmin(options, (client) => client.call('pgp.inspect', { as: options.as }, { upload }));
      print(terminal, options, view, () => inspectText(view));
      terminal.code = inspectedCode(view);
    });
}

/** Undefined: the file is to be without a passphrase. */
const passphraseIn = async (terminal: Terminal, file: string | undefined): Promise<string | undefined> =>
  file === undefined ? undefined : await readGivenPassword(terminal, file);

interface IssueOptions extends ChangeOptions {
  readonly address: string;
  readonly type?: string;
  readonly ends?: string;
  readonly keepKey?: boolean;
  readonly out?: string;
  readonly passwordFile?: string;
}

function addIssue(terminal: Terminal, keys: Command): void {
  changing(keys.command('issue'))
    .description('make a new key for an address')
    .requiredOption('--address <address>', 'the address that it stands for')
    .option('--type <type>', 'curve25519, rsa3072 or rsa4096', 'curve25519')
    .option('--ends <date>', 'last day, such as 2029-12-31; left out: in three years')
    .option('--keep-key', 'the gateway holds the secret half, to sign and to open')
    .option('--out <file>', 'file for the secret half, for its owner; must not exist, is written with mode 0600')
    .option('--password-file <file>', 'first line of this file becomes the passphrase of --out; - for standard input')
    .action(async (options: IssueOptions) => {
      const { address, type, ends, keepKey: keep = false } = options;
      const passphrase = await passphraseIn(terminal, options.passwordFile);
      const file = options.out === undefined ? undefined : newFile(options.out, 0o600);
      const input = { address, type, ends, keep, out: file !== undefined, passphrase };
      const done = await withFiles([file], () =>
        withAdmin(options, async (client) => {
          const { secret, ...view } = { secret: undefined, ...(await client.call('pgp.key.issue', input)) };
          file?.write(secret ?? '');
          return view;
        }),
      );
      const open = file === undefined || passphrase !== undefined ? '' : ' It is under no passphrase: guard it.';
      print(terminal, options, done, () =>
        [
          keyText(done),
          ...(file === undefined ? [] : [`The secret half is in ${file.path}.${open}`]),
          ...(keep ? ['The gateway holds the secret half, sealed.'] : []),
        ].join('\n'),
      );
    });
}

interface ImportOptions extends ChangeOptions {
  readonly address?: string;
  readonly account?: string;
  readonly keepKey?: boolean;
  readonly passwordFile?: string;
}

function addImport(terminal: Terminal, keys: Command): void {
  changing(keys.command('import'))
    .description('register a key out of a file; one that is registered already gets what is newer')
    .argument('<file>', 'a key, armoured or not')
    .option('--address <address>', 'an address that it names')
    .option('--account <login>', 'the account that it belongs to')
    .option('--keep-key', 'the gateway holds the secret half as well; else it stays in the file')
    .option('--password-file <file>', 'first line of this file opens the secret half; - for standard input')
    .action(async (file: string, options: ImportOptions) => {
      if ((options.address === undefined) === (options.account === undefined))
        throw new CommandError('usage', 'Give either --address or --account: whose key it is');
      const { keepKey: keep = false } = options;
      const key = await keyIn(file, await passphraseIn(terminal, options.passwordFile));
      // Without --keep-key nothing secret leaves this process.
      const packets = Buffer.from(keep ? (key.secret?.key ?? key.publicKey) : key.publicKey).toString('base64');
      const input = { packets, keep, address: options.address, login: options.account };
      const done = await withAdmin(options, (client) => client.call('pgp.key.import', input));
      print(
        terminal,
        options,
        done,
        () =>
          `${keyText(done)}\n${done.how === 'added' ? 'Registered' : 'Was registered already, and has what is newer now'}.`,
      );
    });
}

const LARGEST = 256 * 1024;

async function keyIn(file: string, passphrase: string | undefined): Promise<PgpKey> {
  const pgp = new Pgp();
  try {
    const octets = octetsOf(file);
    const job = { kind: 'read-keys', octets, ...defined({ passphrase }) } as const;
    const read = await pgp.run(job);
    if (!read.ok) throw new CommandError('usage', `Cannot use "${file}": ${read.error.text}`);
    const [key, ...more] = read.value;
    if (key === undefined || more.length > 0)
      throw new CommandError('usage', `"${file}" has ${read.value.length} keys; expected one: export it alone`);
    return key;
  } finally {
    await pgp.close();
  }
}

function octetsOf(file: string): Buffer {
  try {
    if (statSync(file).size > LARGEST)
      throw new CommandError('usage', `Cannot use "${file}": it has more than 256 KiB; name the file of one key`);
    return readFileSync(file);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError('usage', `Cannot read "${file}": ${code ?? String(error)}; name a file that you may read`);
  }
}

interface ExportOptions extends ChangeOptions {
  readonly out: string;
  readonly secret?: boolean;
  readonly passwordFile?: string;
}

function addExport(terminal: Terminal, keys: Command): void {
  changing(keys.command('export'))
    .description('write a key into a file, armoured: the public half, or the secret one that the gateway holds')
    .argument('<fingerprint>', 'its fingerprint, or the last 16 digits of it')
    .requiredOption('--out <file>', 'file for the key; must not exist')
    .option('--secret', 'the secret half; noted in the audit trail')
    .option('--password-file <file>', 'first line of this file becomes the passphrase of the secret half')
    .action(async (fingerprint: string, options: ExportOptions) => {
      const { secret = false } = options;
      const passphrase = await passphraseIn(terminal, options.passwordFile);
      const file = newFile(options.out, secret ? 0o600 : 0o644);
      const done = await withFiles([file], () =>
        withAdmin(options, async (client) => {
          const { armoured, ...view } = await client.call('pgp.key.export', { fingerprint, secret, passphrase });
          file.write(armoured);
          return view;
        }),
      );
      print(terminal, options, done, () => `Key ${done.fingerprint} of ${done.account} is in ${file.path}.`);
    });
}

interface ListOptions extends CommonOptions {
  readonly account?: string;
  readonly address?: string;
  readonly expiring?: number;
}

function addList(terminal: Terminal, keys: Command): void {
  reading(keys.command('list'))
    .description('show the keys that are registered')
    .option('--account <login>', 'of this account')
    .addOption(new Option('--address <address>', 'for this address, newest first').conflicts('expiring'))
    .option('--expiring <days>', 'that end within so long, such as 60d, and were not revoked', wholeDays)
    .action(async (options: ListOptions) => {
      const found = await withAdmin(options, async (client) => {
        const all: PgpKeyView[] = [];
        let after: string | undefined;
        do {
          const input = { login: options.account, address: options.address, within: options.expiring, after };
          const page = await client.call('pgp.key.list', input);
          all.push(...page.keys);
          after = 'next' in page ? page.next : undefined;
        } while (after !== undefined);
        return all;
      });
      print(terminal, options, found, () => (found.length === 0 ? noKey(options) : keyTable(found)));
    });
}

function addRevoke(terminal: Terminal, keys: Command): void {
  changing(keys.command('revoke'))
    .description('take a key back, at once and for ever; its secret half stays for old mail')
    .argument('<fingerprint>', 'its fingerprint, or the last 16 digits of it')
    .option('--why <reason>', 'for the record', 'unspecified')
    .action(async (fingerprint: string, options: ChangeOptions & { readonly why?: string }) => {
      const done = await withAdmin(options, (client) =>
        client.call('pgp.key.revoke', { fingerprint, why: options.why }),
      );
      print(
        terminal,
        options,
        done,
        () =>
          `Key ${done.fingerprint} of ${done.account} is revoked.${done.keyHeld ? ' "pgp key export" gives the form that says so to others.' : ''}`,
      );
    });
  destroying(changing(keys.command('forget')))
    .description('forget the secret half of a key: what was encrypted to it is closed for good')
    .argument('<fingerprint>', 'its fingerprint, or the last 16 digits of it')
    .action(async (fingerprint: string, given: SureOptions) => {
      const options = await askToDestroy(terminal, given, {
        what: `forget the secret half of key ${fingerprint}`,
        goes: () =>
          Promise.resolve(
            'Mail that was encrypted to this key and is not opened yet stays closed for its addressee, and nothing is signed with it any more. Backups of the database still have it.',
          ),
        name: fingerprint,
      });
      const done = await withAdmin(options, (client) => client.call('pgp.key.forget', { fingerprint }));
      print(
        terminal,
        options,
        done,
        () =>
          `The secret half of key ${done.fingerprint} of ${done.account} is not held any more. Backups of the database still have it.`,
      );
    });
}

/** What comes from a key or message must not move the cursor or forge a line. */
const safe = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
const stateOf = (key: PgpKeyView): string => (key.revoked === undefined ? (key.problem ?? 'valid') : 'revoked');

const keyText = (key: PgpKeyView): string =>
  facts([
    ['Key', key.fingerprint],
    ['Account', key.account],
    ['Kind', key.algorithm],
    ['Stands for', key.addresses.map(safe).join(', ')],
    ['Made', readableDay(key.made)],
    ['Encrypts until', readableDay(key.encryptsUntil)],
    ['State', stateOf(key)],
  ]);

const noKey = ({ expiring }: ListOptions): string =>
  expiring === undefined ? 'No OpenPGP key is registered.' : `No OpenPGP key ends within ${many(expiring, 'day')}.`;

const keyTable = (keys: readonly PgpKeyView[]): string =>
  table(
    ['FINGERPRINT', 'ACCOUNT', 'ADDRESSES', 'KIND', 'MADE', 'ENDS', 'KEY', 'STATE'],
    keys.map((key) => [
      ...[key.fingerprint, key.account, key.addresses.map(safe).join(' '), key.algorithm, readableDay(key.made)],
      ...[readableDay(key.encryptsUntil), key.keyHeld ? 'held here' : '', stateOf(key)],
    ]),
  );

const FORMS: Readonly<Record<PgpInspectView['form'], string>> = {
  plain: 'not protected by PGP',
  'pgp-signed': 'signed in the clear (multipart/signed)',
  'pgp-encrypted': 'encrypted (multipart/encrypted)',
  'inline-encrypted': 'encrypted inside its text; such messages are left as they are',
  'inline-signed': 'signed inside its text; such messages are left as they are',
  'clear-signed': 'signed with S/MIME: "sluis smime inspect" reads it',
  'opaque-signed': 'signed with S/MIME: "sluis smime inspect" reads it',
  encrypted: 'encrypted with S/MIME: "sluis smime inspect" reads it',
  compressed: 'compressed with S/MIME: "sluis smime inspect" reads it',
  unreadable: 'it says that it is protected, and cannot be read',
};

function verdict(view: PgpInspectView): string {
  if (view.problem !== undefined) return view.problem;
  if (view.standing !== 'unsigned') return view.standing === 'valid' ? 'valid' : 'not valid';
  return view.form === 'pgp-encrypted' && !view.opened ? 'closed; look inside with --as' : 'nobody signed it';
}

function inspectText(view: PgpInspectView): string {
  const told = facts([
    ['Message', readableSize(view.octets)],
    ['From', view.from],
    ['Form', FORMS[view.form]],
    ['For keys', view.readers.join(' ')],
    ['Differs inside', view.differs.join(', ')],
    ['Verdict', verdict(view)],
  ]);
  const rows = view.signatures.map((s) => [s.fingerprint ?? s.keyId, s.hash, readableDay(s.signed), s.state]);
  return rows.length === 0 ? told : `${told}\n\n${table(['SIGNED BY', 'HASH', 'SIGNED AT', 'STATE'], rows)}`;
}
