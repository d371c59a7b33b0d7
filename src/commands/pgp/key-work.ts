/**
 * What all commands on OpenPGP keys share: running a job in the OpenPGP thread, finding a key by
 * its name, its secret half, and its armour.
 */
import { armoured } from '../../crypto/pgp/armour.ts';
import type { PgpJob, PgpKey } from '../../crypto/pgp/protocol.ts';
import { defined } from '../../domain/defined.ts';
import { instant } from '../../domain/units.ts';
import type { Actor } from '../../store/actor.ts';
import type { PgpKeyRecord } from '../../store/pgp-keys.ts';
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import { type PgpKeyView, viewPgpKey } from '../../admin/pgp-views.ts';

export const refuse = (what: string, why: string): never => {
  throw new AdminError('invalid', `Cannot ${what}: ${why}`);
};

/** Runs one job about keys. Errors of the thread are texts for people. */
export async function worked<K extends 'read-keys' | 'merge-keys' | 'make-key' | 'revoke-key' | 'lock-key'>(
  { mail }: AdminContext,
  job: Extract<PgpJob, { kind: K }>,
) {
  const done = await mail.pgp.thread.run<K>(job);
  if (done.ok) return done.value;
  throw new AdminError(done.error.kind === 'busy' ? 'unavailable' : 'invalid', done.error.text);
}

export async function recordOf({ store }: AdminContext, name: string): Promise<PgpKeyRecord> {
  const [record, ...more] = await store.pgpKeys.find(name);
  if (record === undefined)
    throw new AdminError('unknown', `There is no OpenPGP key "${name}"; "sluis pgp key list" shows those there are`);
  if (more.length > 0)
    throw new AdminError('invalid', `"${name}" is the end of several fingerprints; give a whole one`);
  return record;
}

export async function opened(
  { store, mail }: AdminContext,
  { fingerprint }: PgpKeyRecord,
): Promise<Uint8Array | undefined> {
  const sealed = await store.pgpKeys.findSecret(fingerprint);
  if (sealed === undefined) return undefined;
  const secret = await mail.pgp.seals.open(fingerprint, sealed);
  if (!secret.ok)
    throw new AdminError('unavailable', `Cannot use the private key of OpenPGP key ${fingerprint}: ${secret.error}`);
  return secret.value;
}

export async function asArmour(kind: 'PUBLIC KEY BLOCK' | 'PRIVATE KEY BLOCK', packets: Uint8Array): Promise<string> {
  let text = '';
  for await (const slice of armoured(kind, [packets])) text += Buffer.from(slice).toString('latin1');
  return text;
}

export async function register(
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

export const shown = async (context: AdminContext, fingerprint: string): Promise<PgpKeyView> =>
  // The time is now, and not that of the beginning of the call: a key that the call has just made
  // may only be valid from a second later.
  viewPgpKey(await recordOf(context, fingerprint), context.clock.now());

export const lockedWith = async (
  context: AdminContext,
  secretKey: Uint8Array,
  passphrase: string | undefined,
): Promise<string> =>
  await asArmour(
    'PRIVATE KEY BLOCK',
    passphrase === undefined ? secretKey : await worked(context, { kind: 'lock-key', secretKey, passphrase }),
  );
