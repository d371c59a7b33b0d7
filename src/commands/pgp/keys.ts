/** Work on OpenPGP keys: what changes them is done in the OpenPGP thread. */
import { armoured } from '../../crypto/pgp/armour.ts';
import type { PgpJob, PgpKey } from '../../crypto/pgp/protocol.ts';
import { type Address, addressKey } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import { type Instant, type Milliseconds, instant } from '../../domain/units.ts';
import { dayOf, isoDay } from '../../domain/working-days.ts';
import type { Actor } from '../../store/actor.ts';
import type { PgpKeyRecord } from '../../store/pgp-keys.ts';
import { accountOf } from '../../admin/accounts.ts';
import { recipientOf } from '../../admin/addresses.ts';
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import { type PgpKeyView, viewPgpKey } from '../../admin/pgp-views.ts';
import { pageOf } from '../core/params.ts';
import type { ImportedKeyView } from './views.ts';

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
    throw new AdminError('unavailable', `Cannot use the private key of OpenPGP key ${fingerprint}: ${secret.error}`);
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
  { how, actor, keep }: { readonly how: 'issued' | 'imported'; readonly actor: Actor; readonly keep: boolean },
): Promise<'added' | 'refreshed'> {
  const secret = keep ? key.secret : undefined;
  if (secret?.locked === true) refuse('hold the private key', 'it is under a passphrase; give it with --password-file');
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

const DAY = 24 * 3_600_000;
const THREE_YEARS = 3 * 365 * DAY;
const MOST_YEARS = 20 * 366 * DAY;

const shown = async (context: AdminContext, fingerprint: string): Promise<PgpKeyView> =>
  // Not of the beginning of the call: a key that was made since may count from the second that began in between.
  viewPgpKey(await recordOf(context, fingerprint), context.clock.now());

const lockedWith = async (
  context: AdminContext,
  secretKey: Uint8Array,
  passphrase: string | undefined,
): Promise<string> =>
  await asArmour(
    'PRIVATE KEY BLOCK',
    passphrase === undefined ? secretKey : await worked(context, { kind: 'lock-key', secretKey, passphrase }),
  );

interface NewKey {
  readonly address: Address;
  readonly type: 'curve25519' | 'rsa3072' | 'rsa4096';
  readonly ends: Instant | undefined;
  readonly keep: boolean;
  readonly out: boolean;
  readonly passphrase: string | undefined;
}

/** Answers the secret half, armoured, where `out` is set. */
export async function issueKey(
  context: AdminContext,
  { address: of, type, ends, keep, out, passphrase }: NewKey,
  actor: Actor,
): Promise<PgpKeyView & { readonly secret?: string }> {
  if (!keep && !out) refuse('issue an OpenPGP key', 'nobody would have its private key; add --keep-key or --out FILE');
  const { account } = await recipientOf(context.store.registry, of);
  const now = context.clock.now();
  const until = ends ?? now + THREE_YEARS;
  if (!(until > now) || until > now + MOST_YEARS)
    refuse(
      'issue an OpenPGP key',
      `"${isoDay(dayOf(instant(until)))}" is not a day in the next 20 years; expected such as 2029-12-31`,
    );
  const seconds = Math.round((until - now) / 1000);
  const key = await worked(context, { kind: 'make-key', type, name: '', email: of, seconds });
  await register(context, account.login, key, { how: 'issued', actor, keep });
  const view = await shown(context, key.fingerprint);
  if (!out || key.secret === undefined) return view;
  return { ...view, secret: await lockedWith(context, key.secret.key, passphrase) };
}

interface GivenKey {
  readonly packets: Uint8Array;
  readonly keep: boolean;
  readonly address: Address | undefined;
  readonly account: string | undefined;
}

export async function importKey(context: AdminContext, input: GivenKey, actor: Actor): Promise<ImportedKeyView> {
  const [given, ...more] = await worked(context, { kind: 'read-keys', octets: input.packets });
  if (given === undefined || more.length > 0)
    return refuse(
      'import OpenPGP keys',
      `there are ${given === undefined ? 'none' : more.length + 1}; import one at a time`,
    );
  if (input.keep && given.secret === undefined) refuse('hold the private key', 'the file has the public key alone');
  const key = await joined(context, given, input.keep);
  const owner = await ownerOf(context, key, input);
  // A secret half that is held gets the newer times as well.
  const how = await register(context, owner, key, { how: 'imported', actor, keep: key.secret !== undefined });
  return { ...(await shown(context, key.fingerprint)), how };
}

async function ownerOf(context: AdminContext, key: PgpKey, { address: of, account = '' }: GivenKey): Promise<string> {
  if (of !== undefined) {
    if (!names(key, of))
      refuse(
        `register the OpenPGP key for "${of}"`,
        `its user ids do not name that address; they name ${key.emails.slice(0, 3).join(', ') || 'none'}`,
      );
    return (await recipientOf(context.store.registry, of)).account.login;
  }
  if (!(await namesOneOf(context, key, account)))
    refuse(
      'register the OpenPGP key',
      `it names no address of account "${account}"; "sluis address list --account ${account}" shows them`,
    );
  return account;
}

/** The public half, or with `secret` the one that the gateway holds; that is noted in the audit trail. */
export async function exportKey(
  context: AdminContext,
  { fingerprint, secret, passphrase }: { fingerprint: string; secret: boolean; passphrase: string | undefined },
  actor: Actor,
): Promise<PgpKeyView & { readonly armoured: string }> {
  const record = await recordOf(context, fingerprint);
  const view = viewPgpKey(record, context.clock.now());
  if (!secret) return { ...view, armoured: await asArmour('PUBLIC KEY BLOCK', record.packets) };
  const held = await opened(context, record);
  if (held === undefined)
    throw new AdminError(
      'unknown',
      `Cannot export the private key of OpenPGP key ${record.fingerprint}: it is not held here`,
    );
  const armoured = await lockedWith(context, held, passphrase);
  await context.store.pgpKeys.noteExport(record.fingerprint, actor);
  return { ...view, armoured };
}

export async function revokeKey(
  context: AdminContext,
  { fingerprint, why }: { fingerprint: string; why: string },
  actor: Actor,
): Promise<PgpKeyView> {
  const record = await recordOf(context, fingerprint);
  // With its secret half the key can say so itself, to everybody who gets it from here.
  const held = await opened(context, record);
  const said =
    held === undefined ? undefined : await worked(context, { kind: 'revoke-key', secretKey: held, reason: why });
  await context.store.pgpKeys.revoke(record.fingerprint, why, actor, said?.publicKey);
  return await shown(context, record.fingerprint);
}

export async function removeSecret(context: AdminContext, fingerprint: string, actor: Actor): Promise<PgpKeyView> {
  const record = await recordOf(context, fingerprint);
  await context.store.pgpKeys.removeSecret(record.fingerprint, actor);
  return await shown(context, record.fingerprint);
}

interface Wanted {
  readonly address: Address | undefined;
  readonly account: string | undefined;
  /** Only keys that end within so long. */
  readonly within: Milliseconds | undefined;
  readonly limit: number;
  readonly after: string | undefined;
}

/** By their fingerprints; those of one address newest first. */
export async function listKeys(context: AdminContext, wanted: Wanted): Promise<readonly PgpKeyView[]> {
  const { address: of, account, within, limit, after } = wanted;
  const { store, clock } = context;
  const now = clock.now();
  if (of !== undefined) {
    await recipientOf(store.registry, of);
    const keys = await store.pgpKeys.findMail(addressKey(of));
    const page = pageOf(keys, { after, limit }, ({ fingerprint }) => fingerprint);
    return await Promise.all(page.map(({ fingerprint }) => shown(context, fingerprint)));
  }
  if (account !== undefined) await accountOf(store.registry, account);
  const span = within === undefined ? {} : { endsFrom: now, endsBefore: instant(now + within) };
  const rows: PgpKeyView[] = [];
  let last = after;
  for (;;) {
    const page = await store.pgpKeys.list({ limit, ...span, ...defined({ after: last, login: account }) });
    // One that was revoked ends no more: nobody need do anything about it.
    const kept = page.filter(({ revoked }) => within === undefined || revoked === undefined);
    rows.push(...kept.map((record) => viewPgpKey(record, now)));
    last = page.at(-1)?.fingerprint;
    if (page.length < limit || rows.length >= limit) return rows.slice(0, limit);
  }
}

async function namesOneOf({ store }: AdminContext, key: PgpKey, owner: string): Promise<boolean> {
  for (const email of key.emails.slice(0, 64)) {
    const found = await store.registry.findRecipient(addressKey(email as Address));
    if (found?.account.login === owner) return true;
  }
  return false;
}
