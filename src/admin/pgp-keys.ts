/** Operations on OpenPGP keys: `sluis pgp key`. Work on keys is done in the OpenPGP thread. */
import { armoured } from '../crypto/pgp/armour.ts';
import type { PgpJob, PgpKey } from '../crypto/pgp/protocol.ts';
import { againstPgpKey } from '../crypto/pgp/select.ts';
import { type Address, addressKey } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import { type Instant, KiB, instant, iso } from '../domain/units.ts';
import { NO_END, type PgpKeyRecord, type PgpMailKey } from '../store/pgp-keys.ts';
import { recipientOf } from './addresses.ts';
import { type AdminContext, AdminError } from './context.ts';
import {
  type Input,
  address,
  flag,
  login,
  oneOf,
  optionalSecret,
  optionalText,
  optionalWithin,
  text,
} from './input.ts';
import { change, destroying, listing } from './operation.ts';

export interface PgpKeyView {
  readonly fingerprint: string;
  readonly account: string;
  readonly algorithm: string;
  readonly userIds: readonly string[];
  readonly addresses: readonly string[];
  readonly made: string;
  /** Absent: without end. */
  readonly encryptsUntil?: string;
  readonly signsUntil?: string;
  readonly keyHeld: boolean;
  readonly revoked?: { readonly at: string; readonly reason: string };
  /** Why nothing is encrypted to it now; absent: it could be. */
  readonly problem?: string;
}

const untilOf = <N extends string>(name: N, at: Instant): Partial<Record<N, string>> =>
  at === NO_END ? {} : ({ [name]: iso(at) } as Record<N, string>);

export function viewPgpKey(record: PgpKeyRecord, now: Instant): PgpKeyView {
  const problem = againstPgpKey(record, 'encrypt', now);
  return {
    fingerprint: record.fingerprint,
    account: record.login,
    algorithm: record.algorithm,
    userIds: record.userIds,
    addresses: record.emails,
    made: iso(record.createdAt),
    ...untilOf('encryptsUntil', record.encryptsUntil),
    ...untilOf('signsUntil', record.signsUntil),
    keyHeld: record.keyHeld,
    ...defined({ revoked: record.revoked && { at: iso(record.revoked.at), reason: record.revoked.reason }, problem }),
  };
}

const refuse = (what: string, why: string): never => {
  throw new AdminError('invalid', `Cannot ${what}: ${why}`);
};

/** One job about keys; the thread's words are for people. */
async function worked<K extends 'read-keys' | 'merge-keys' | 'make-key' | 'revoke-key' | 'lock-key'>(
  { mail }: AdminContext,
  job: Extract<PgpJob, { kind: K }>,
) {
  const done = await mail.pgp.thread.run<K>(job);
  if (done.ok) return done.value;
  throw new AdminError(done.error.kind === 'busy' ? 'unavailable' : 'invalid', done.error.text);
}

async function recordOf({ store }: AdminContext, name: string): Promise<PgpKeyRecord> {
  const [record, ...more] = await store.pgpKeys.find(name);
  if (record === undefined)
    throw new AdminError('unknown', `There is no OpenPGP key "${name}"; "sluis pgp key list" shows those there are`);
  if (more.length > 0)
    throw new AdminError('invalid', `"${name}" is the end of several fingerprints; give a whole one`);
  return record;
}

async function opened({ store, mail }: AdminContext, { fingerprint }: PgpKeyRecord): Promise<Uint8Array | undefined> {
  const sealed = await store.pgpKeys.findSecret(fingerprint);
  if (sealed === undefined) return undefined;
  const secret = await mail.pgp.seals.open(fingerprint, sealed);
  if (!secret.ok)
    throw new AdminError('unavailable', `Cannot use the secret half of key ${fingerprint}: ${secret.error}`);
  return secret.value;
}

async function asArmour(kind: 'PUBLIC KEY BLOCK' | 'PRIVATE KEY BLOCK', packets: Uint8Array): Promise<string> {
  let text = '';
  for await (const slice of armoured(kind, [packets])) text += Buffer.from(slice).toString('latin1');
  return text;
}

async function register(
  context: AdminContext,
  owner: string,
  key: PgpKey,
  {
    how,
    actor,
    keep,
  }: { readonly how: 'issued' | 'imported'; readonly actor: { readonly name: string }; readonly keep: boolean },
): Promise<'added' | 'refreshed'> {
  const secret = keep ? key.secret : undefined;
  if (secret?.locked === true) refuse('hold the secret half', 'it is under a passphrase; give it with --password-file');
  return await context.store.pgpKeys.add(
    owner,
    {
      fingerprint: key.fingerprint,
      algorithm: key.algorithm,
      userIds: key.userIds.slice(0, 64),
      emails: key.emails.slice(0, 64),
      createdAt: instant(key.createdAt),
      encryptsUntil: instant(key.encryptsUntil),
      signsUntil: instant(key.signsUntil),
      packets: key.publicKey,
      revoked: key.revoked,
      ...defined({ sealedKey: secret && (await context.mail.pgp.seals.seal(key.fingerprint, secret.key)) }),
    },
    how,
    actor,
  );
}

/** The key must name the address: an operator who could bind any key to any address could also mistype it. */
const names = (key: PgpKey, of: Address): boolean =>
  key.emails.some((email) => addressKey(email as Address) === addressKey(of));

const packetsIn = (input: Input): Buffer => {
  const packets = Buffer.from(optionalSecret(input, 'packets', 512 * KiB) ?? '', 'base64');
  return packets.length === 0 ? refuse('import an OpenPGP key', 'none was given') : packets;
};

/** What is known of the key already is joined with what is given: an older export takes nothing back. */
async function joined(context: AdminContext, given: PgpKey, keep: boolean): Promise<PgpKey> {
  const [known] = await context.store.pgpKeys.find(given.fingerprint);
  if (known === undefined) return given;
  const held = await opened(context, known);
  if (!keep && held !== undefined)
    return await worked(context, { kind: 'merge-keys', known: held, newer: given.publicKey });
  return await worked(context, {
    kind: 'merge-keys',
    known: keep && given.secret !== undefined ? given.secret.key : given.publicKey,
    newer: known.packets,
  });
}

export interface ImportedKeyView extends PgpKeyView {
  readonly how: 'added' | 'refreshed';
}

export const pgpKeyOperations = {
  /** Answers the secret half, armoured, where `out` is set. */
  'pgp.key.issue': change(
    (input) => ({
      address: address(input, 'address'),
      type: oneOf(input, 'type', ['curve25519', 'rsa3072', 'rsa4096'], 'curve25519'),
      ends: optionalText(input, 'ends', 40),
      keep: flag(input, 'keep'),
      out: flag(input, 'out'),
      passphrase: optionalSecret(input, 'passphrase'),
    }),
    async (context, { address: of, type, ends, keep, out, passphrase }, { actor }) => {
      if (!keep && !out)
        refuse('issue an OpenPGP key', 'nobody would have its secret half; add --keep-key or --out FILE');
      const { account } = await recipientOf(context.store.registry, of);
      const now = context.clock.now();
      const until = ends === undefined ? now + THREE_YEARS : Date.parse(ends);
      if (!(until > now) || until > now + MOST_YEARS)
        refuse('issue an OpenPGP key', `"${ends ?? ''}" is no day in the next 20 years; expected such as 2029-12-31`);
      const seconds = Math.round((until - now) / 1000);
      const key = await worked(context, { kind: 'make-key', type, name: '', email: of, seconds });
      await register(context, account.login, key, { how: 'issued', actor, keep });
      // Not `now`: the key was made after it, and may count from the second that began in between.
      const view = viewPgpKey(await recordOf(context, key.fingerprint), context.clock.now());
      if (!out || key.secret === undefined) return view;
      const secret =
        passphrase === undefined
          ? key.secret.key
          : await worked(context, { kind: 'lock-key', secretKey: key.secret.key, passphrase });
      return { ...view, secret: await asArmour('PRIVATE KEY BLOCK', secret) };
    },
  ),
  'pgp.key.import': change(
    (input) => ({
      packets: packetsIn(input),
      keep: flag(input, 'keep'),
      address: input.address === undefined ? undefined : address(input, 'address'),
      login: input.login === undefined ? undefined : login(input, 'login'),
    }),
    async (context, { packets, keep, address: of, login: name }, { actor }): Promise<ImportedKeyView> => {
      const { store } = context;
      const [given, ...more] = await worked(context, { kind: 'read-keys', octets: packets });
      if (given === undefined || more.length > 0)
        return refuse(
          'import OpenPGP keys',
          `there are ${given === undefined ? 'none' : more.length + 1}; import one at a time`,
        );
      if (keep && given.secret === undefined) refuse('hold the secret half', 'the file has the public half alone');
      const key = await joined(context, given, keep);
      let owner = name;
      if (of !== undefined) {
        if (!names(key, of))
          refuse(
            `register the OpenPGP key for "${of}"`,
            `its user ids do not name that address; they name ${key.emails.slice(0, 3).join(', ') || 'none'}`,
          );
        owner = (await recipientOf(store.registry, of)).account.login;
      }
      if (owner === undefined) return refuse('import an OpenPGP key', 'give --address or --account');
      if (of === undefined && !(await namesOneOf(context, key, owner)))
        refuse(
          'register the OpenPGP key',
          `it names no address of account "${owner}"; "sluis address list --account ${owner}" shows them`,
        );
      // A secret half that is held gets the newer times as well.
      const how = await register(context, owner, key, { how: 'imported', actor, keep: key.secret !== undefined });
      return { ...viewPgpKey(await recordOf(context, key.fingerprint), context.clock.now()), how };
    },
  ),
  /** The public half, or with `secret` the one that the gateway holds; that is noted in the audit trail. */
  'pgp.key.export': change(
    (input) => ({
      fingerprint: text(input, 'fingerprint', 120),
      secret: flag(input, 'secret'),
      passphrase: optionalSecret(input, 'passphrase'),
    }),
    async (context, { fingerprint, secret, passphrase }, { actor }) => {
      const record = await recordOf(context, fingerprint);
      const view = viewPgpKey(record, context.clock.now());
      if (!secret) return { ...view, armoured: await asArmour('PUBLIC KEY BLOCK', record.packets) };
      const held = await opened(context, record);
      if (held === undefined)
        throw new AdminError(
          'unknown',
          `Cannot export the secret half of key ${record.fingerprint}: it is not held here`,
        );
      const out =
        passphrase === undefined ? held : await worked(context, { kind: 'lock-key', secretKey: held, passphrase });
      await context.store.pgpKeys.noteExport(record.fingerprint, actor);
      return { ...view, armoured: await asArmour('PRIVATE KEY BLOCK', out) };
    },
  ),
  'pgp.key.list': listing(
    (input) => ({
      address: input.address === undefined ? undefined : address(input, 'address'),
      login: input.login === undefined ? undefined : login(input, 'login'),
      after: optionalText(input, 'after', 64),
      within: optionalWithin(input),
    }),
    async (context, { address: of, login: name, after, within }) => {
      const { store, clock } = context;
      if (of !== undefined) {
        const keys = await store.pgpKeys.findMail(addressKey(of));
        const records = await Promise.all(keys.map(({ fingerprint }: PgpMailKey) => recordOf(context, fingerprint)));
        return { keys: records.map((record) => viewPgpKey(record, clock.now())) };
      }
      const now = clock.now();
      const query = {
        ...defined({ after, login: name }),
        ...(within === undefined ? {} : { endsFrom: now, endsBefore: instant(now + within) }),
      };
      const page = await store.pgpKeys.list({ limit: PAGE, ...query });
      const last = page.length < PAGE ? undefined : page.at(-1)?.fingerprint;
      return {
        // One that was revoked ends no more: nobody need do anything about it.
        keys: page
          .filter(({ revoked }) => within === undefined || revoked === undefined)
          .map((record) => viewPgpKey(record, now)),
        ...defined({ next: last }),
      };
    },
  ),
  'pgp.key.revoke': change(
    (input) => ({
      fingerprint: text(input, 'fingerprint', 120),
      why: optionalText(input, 'why', 200) ?? 'unspecified',
    }),
    async (context, { fingerprint, why }, { actor }) => {
      const record = await recordOf(context, fingerprint);
      // With its secret half the key can say so itself, to everybody who gets it from here.
      const held = await opened(context, record);
      const said =
        held === undefined ? undefined : await worked(context, { kind: 'revoke-key', secretKey: held, reason: why });
      await context.store.pgpKeys.revoke(record.fingerprint, why, actor, said?.publicKey);
      return viewPgpKey(await recordOf(context, record.fingerprint), context.clock.now());
    },
  ),
  'pgp.key.forget': destroying(
    change(
      (input) => text(input, 'fingerprint', 120),
      async (context, fingerprint, { actor }) => {
        const record = await recordOf(context, fingerprint);
        await context.store.pgpKeys.removeSecret(record.fingerprint, actor);
        return viewPgpKey(await recordOf(context, record.fingerprint), context.clock.now());
      },
    ),
  ),
};

const DAY = 24 * 3_600_000;
const THREE_YEARS = 3 * 365 * DAY;
const MOST_YEARS = 20 * 366 * DAY;
const PAGE = 200;

async function namesOneOf({ store }: AdminContext, key: PgpKey, owner: string): Promise<boolean> {
  for (const email of key.emails.slice(0, 64)) {
    const found = await store.registry.findRecipient(addressKey(email as Address));
    if (found?.account.login === owner) return true;
  }
  return false;
}
