/** Issues, exports and revokes OpenPGP keys, and removes secret halves that the gateway holds. */
import type { Address } from '../../domain/address.ts';
import { type Instant, instant } from '../../domain/units.ts';
import { dayOf, isoDay } from '../../domain/working-days.ts';
import type { Actor } from '../../store/actor.ts';
import { recipientOf } from '../../admin/addresses.ts';
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import { type PgpKeyView, viewPgpKey } from '../../admin/pgp-views.ts';
import { asArmour, lockedWith, opened, recordOf, refuse, register, shown, worked } from './key-work.ts';

const DAY = 24 * 3_600_000;
const THREE_YEARS = 3 * 365 * DAY;
const MOST_YEARS = 20 * 366 * DAY;

interface NewKey {
  readonly address: Address;
  readonly type: 'curve25519' | 'rsa3072' | 'rsa4096';
  readonly ends: Instant | undefined;
  readonly keep: boolean;
  readonly out: boolean;
  readonly passphrase: string | undefined;
}

/** Issues a key. Resolves to the secret key in armour as well, if `out` is set. */
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

/**
 * Exports the public key or, with `secret`, the secret key that the gateway holds. An export of a
 * secret key is noted in the trail.
 */
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
  // With its secret key, the key itself can say that it is revoked, to everybody who gets it from
  // here.
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
