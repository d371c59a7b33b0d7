/** `sluis pgp`: OpenPGP keys of accounts, and the inspection of a message that an operator has. */
import { createReadStream } from 'node:fs';
import { z } from '../config/zod.ts';
import { inspectedCode } from '../cli/inspected-code.ts';
import { messageFile } from '../cli/message-file.ts';
import { newFile, withFiles } from '../cli/new-file.ts';
import { readGivenPassword } from '../cli/secret.ts';
import type { Terminal } from '../cli/terminal.ts';
import { KiB, days as lasting, iso } from '../domain/units.ts';
import { address, login } from './core/kinds.ts';
import { choice, kind, naming, text } from './core/kind.ts';
import { file, secret } from './core/files.ts';
import { days, ends } from './core/moments.ts';
import { arg, flag, need, opt } from './core/params.ts';
import { changes, changesHere, lists, part, ruledAs } from './core/row.ts';
import { subject } from './core/subject.ts';
import { KEY_COLUMNS, inspectText, keyCells, keyText } from './pgp/text.ts';
import { pgpKeyView } from '../admin/pgp-views.ts';
import { importedKeyView, pgpInspectView } from './pgp/views.ts';

const work = () => import('./pgp/keys.ts');

const keyName = naming('key', text('fingerprint', 120));
const fingerprint = arg(keyName, 'its fingerprint, or the last 16 digits of it');
const as = opt(address, 'look inside with the private keys that the gateway holds for this address');
const passphrase = opt(secret(), 'of the private key');
const packets = need(
  {
    ...kind<Buffer>(
      'packets',
      { en: 'one OpenPGP key, base64', nl: 'één OpenPGP-sleutel, base64' },
      z.string().max(512 * KiB),
      (base64) => (base64 === '' ? undefined : Buffer.from(base64, 'base64')),
      (base64) => base64,
    ),
    secret: true,
  },
  'the key',
);

const ISSUE = {
  address: need(address, 'the address that it stands for'),
  type: opt(choice('type', ['curve25519', 'rsa3072', 'rsa4096']), 'kind of key; default: curve25519', 'curve25519'),
  ends: opt(ends, 'last day, such as 2029-12-31; left out: in three years'),
};
const OWNER = {
  address: opt(address, 'an address that it names'),
  account: opt(login, 'the account that it belongs to'),
};
const oneOwner = (of: { readonly address: unknown; readonly account: unknown }): string | undefined =>
  (of.address === undefined) === (of.account === undefined)
    ? 'Cannot import an OpenPGP key: give either --address or --account, whose key it is'
    : undefined;

const parts = {
  issue: part({
    about: 'make a new key; answers the private key, armoured, if `out` is set',
    in: { ...ISSUE, keep: flag('hold the private key'), out: flag('hand it over'), passphrase },
    out: pgpKeyView.extend({ secret: z.string().optional() }),
    right: 'security',
    trail: ['pgp-key.issued'],
    undo: 'pgp key revoke',
    run: async (context, input, { actor }) => (await work()).issueKey(context, input, actor),
  }),
  import: part({
    about: 'register a key',
    in: { ...OWNER, packets, keep: flag('hold the private key') },
    check: oneOwner,
    out: importedKeyView,
    right: 'security',
    trail: ['pgp-key.imported', 'pgp-key.refreshed', 'pgp-key.secret-added'],
    undo: 'pgp key revoke',
    run: async (context, input, { actor }) => (await import('./pgp/key-import.ts')).importKey(context, input, actor),
  }),
  export: part({
    about: 'hand over a key, armoured',
    in: { fingerprint: need(keyName, 'which'), secret: flag('the private key'), passphrase },
    out: pgpKeyView.extend({ armoured: z.string() }),
    right: 'owner',
    trail: ['pgp-key.secret-exported'],
    undo: 'it changes nothing here',
    run: async (context, input, { actor }) => (await work()).exportKey(context, input, actor),
  }),
};

/** The passphrase; undefined if the file must have none. */
const passphraseIn = async (terminal: Terminal, path: string | undefined): Promise<string | undefined> =>
  path === undefined ? undefined : await readGivenPassword(terminal, path);

const keys = subject(
  'key',
  'OpenPGP keys of accounts',
  {
    issue: changesHere({
      about: 'make a new key for an address',
      in: {
        ...ISSUE,
        keepKey: flag('the gateway holds the private key, to sign and to open'),
        out: opt(file, 'file for the private key, for its owner; must not exist, is written with mode 0600'),
        passwordFile: opt(file, 'first line of this file becomes the passphrase of --out; - for standard input'),
      },
      out: pgpKeyView,
      ...ruledAs(parts.issue),
      examples: [
        '--address huisarts@huisarts.example --keep-key',
        '--address huisarts@huisarts.example --out huisarts.asc --password-file password.txt',
      ],
      run: async (here, { keepKey: keep, out, passwordFile, ends: last, ...input }) => {
        const phrase = await passphraseIn(here.terminal, passwordFile);
        const made = out === undefined ? undefined : newFile(out, 0o600);
        return await withFiles([made], async () => {
          const wanted = { ...input, ends: iso(last), keep, out: made !== undefined, passphrase: phrase };
          const { secret: half = '', ...view } = await here.call(parts.issue, wanted);
          made?.write(half);
          return view;
        });
      },
      say: (done, { out, passwordFile, keepKey }) => {
        const open = passwordFile === undefined ? ' It is under no passphrase: guard it.' : '';
        return [
          keyText(done),
          ...(out === undefined ? [] : [`The private key is in ${out}.${open}`]),
          ...(keepKey ? ['The gateway holds the private key, sealed.'] : []),
        ].join('\n');
      },
    }),

    import: changesHere({
      about: 'register a key out of a file; one that is registered already gets what is newer',
      in: {
        file: arg(file, 'a key, armoured or not'),
        ...OWNER,
        keepKey: flag('the gateway holds the private key as well; else it stays in the file'),
        passwordFile: opt(file, 'first line of this file opens the private key; - for standard input'),
      },
      check: oneOwner,
      out: importedKeyView,
      ...ruledAs(parts.import),
      examples: ['key.asc --address huisarts@huisarts.example'],
      run: async (here, { file: path, keepKey: keep, passwordFile, ...owner }) => {
        const { keyIn } = await import('./pgp/file.ts');
        const key = await keyIn(path, await passphraseIn(here.terminal, passwordFile));
        // Without --keep-key no secret key leaves this process.
        const octets = keep ? (key.secret?.key ?? key.publicKey) : key.publicKey;
        return await here.call(parts.import, { ...owner, keep, packets: Buffer.from(octets).toString('base64') });
      },
      say: (done) =>
        `${keyText(done)}\n${done.how === 'added' ? 'Registered' : 'Was registered already, and has what is newer now'}.`,
    }),

    export: changesHere({
      about: 'write a key into a file, armoured: the public key, or the private one that the gateway holds',
      in: {
        fingerprint,
        out: need(file, 'file for the key; must not exist'),
        secret: flag('the private key; noted in the audit trail'),
        passwordFile: opt(file, 'first line of this file becomes the passphrase of the private key'),
      },
      out: pgpKeyView,
      ...ruledAs(parts.export),
      examples: ['0123456789abcdef --out huisarts.pub'],
      run: async (here, { fingerprint: of, out, secret: half, passwordFile }) => {
        const phrase = await passphraseIn(here.terminal, passwordFile);
        const made = newFile(out, half ? 0o600 : 0o644);
        return await withFiles([made], async () => {
          const wanted = { fingerprint: of, secret: half, passphrase: phrase };
          const { armoured, ...view } = await here.call(parts.export, wanted);
          made.write(armoured);
          return view;
        });
      },
      say: (done, { out }) => `Key ${done.fingerprint} of ${done.account} is in ${out}.`,
    }),

    list: lists({
      api: { method: 'GET', path: '/pgp-keys', id: 'listPgpKeys', ids: { accountId: 'account' } },
      about: 'show the keys that are registered',
      in: {
        account: opt(login, 'of this account'),
        address: opt(address, 'for this address, newest first'),
        expiring: opt(days(3660), 'that end within so long, such as 60d, and were not revoked'),
      },
      check: ({ address: of, expiring }) =>
        of === undefined || expiring === undefined
          ? undefined
          : 'Cannot list by --address and --expiring at once; leave one out',
      out: pgpKeyView,
      right: 'read',
      examples: ['', '--address huisarts@huisarts.example', '--expiring 60d'],
      run: async (context, { expiring, ...wanted }) =>
        (await import('./pgp/key-list.ts')).listKeys(context, {
          ...wanted,
          within: expiring === undefined ? undefined : lasting(expiring),
        }),
      header: KEY_COLUMNS,
      cells: keyCells,
      after: (key) => key.fingerprint,
      none: 'No such OpenPGP key is registered.',
    }),

    revoke: changes({
      api: { method: 'POST', path: '/pgp-keys/{fingerprint}/revocations' },
      about: 'revoke a key at once and for good; its private key stays for old messages',
      in: { fingerprint, why: opt(text('reason', 200), 'for the record', 'unspecified') },
      out: pgpKeyView,
      right: 'security',
      trail: ['pgp-key.revoked'],
      undo: '"pgp key issue" makes another one',
      examples: ['0123456789abcdef --why superseded'],
      run: async (context, input, { actor }) => (await work()).revokeKey(context, input, actor),
      say: (done) =>
        `Key ${done.fingerprint} of ${done.account} is revoked.${done.keyHeld ? ' "pgp key export" gives the form that says so to others.' : ''}`,
    }),

    remove: changes({
      about: 'delete the private key of an OpenPGP key: what was encrypted to it can never be read again',
      was: ['forget'],
      in: { fingerprint },
      out: pgpKeyView,
      right: 'security',
      trail: ['pgp-key.secret-removed'],
      examples: ['0123456789abcdef --yes --reason "the practice has closed"'],
      confirm: {
        name: ({ fingerprint: of }) => of,
        what: ({ fingerprint: of }) => `delete the private key of OpenPGP key ${of}`,
        goes: () =>
          Promise.resolve(
            'Messages that were encrypted to this key and were not decrypted yet can no longer be read, and nothing is signed with it from now on. Backups of the database still have it.',
          ),
      },
      run: async (context, { fingerprint: of }, { actor }) => (await work()).removeSecret(context, of, actor),
      say: (done) =>
        `The private key of OpenPGP key ${done.fingerprint} of ${done.account} is no longer held. Backups of the database still have it.`,
    }),
  },
  { parts },
);

/**
 * Inspects a message, which comes as the upload, one character an octet. It counts as a change and
 * not as a listing, since it may use a secret key.
 */
const inspect = part({
  about: 'look into a message',
  in: { as },
  out: pgpInspectView,
  right: 'support',
  trail: [],
  undo: 'it changes nothing',
  upload: { about: 'the message', needed: true },
  run: async (context, { as: of }, call) => (await import('./pgp/inspect.ts')).inspectPgp(context, of, call),
});

export const pgp = subject(
  'pgp',
  'OpenPGP keys and messages',
  {
    key: keys,

    inspect: changesHere({
      about: 'show what protects a PGP message, who signed it, and whether it is valid; its content is not shown',
      in: { file: arg(file, 'a message'), as },
      out: pgpInspectView,
      right: 'support',
      trail: [],
      undo: 'it changes nothing',
      examples: ['message.eml', 'message.eml --as huisarts@huisarts.example'],
      run: async (here, { file: path, as: of }) =>
        here.call(inspect, { as: of }, { upload: messageFile(path, (name) => createReadStream(name)) }),
      say: inspectText,
      fails: inspectedCode,
    }),
  },
  { parts: { inspect } },
);
