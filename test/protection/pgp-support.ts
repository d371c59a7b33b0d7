/**
 * People with OpenPGP keys in a bench: registered for their address, the secret key held by the
 * gateway where it is said so.
 */
import type { PgpKey } from '../../src/crypto/pgp/protocol.ts';
import { openPgp } from '../../src/crypto/pgp/unwrap.ts';
import type { PgpSignature } from '../../src/crypto/pgp/protocol.ts';
import { instant } from '../../src/domain/units.ts';
import type { NewPgpKey } from '../../src/store/pgp-keys.ts';
import { gathered, messageOf, must, secretOf } from '../crypto/pgp/support.ts';
import { memoryStage } from '../crypto/smime/support.ts';
import type { Bench } from './support.ts';

const actor = { name: 'test' };

export const registered = (key: PgpKey, more: Partial<NewPgpKey> = {}): NewPgpKey => ({
  fingerprint: key.fingerprint,
  algorithm: key.algorithm,
  userIds: key.userIds,
  emails: key.emails,
  createdAt: instant(key.createdAt),
  encryptsUntil: instant(key.encryptsUntil),
  signsUntil: instant(key.signsUntil),
  packets: key.publicKey,
  revoked: key.revoked,
  ...more,
});

/**
 * A key for an address of the bench. Its clock is a fake one that stands in the past or future:
 * keys are made valid for it.
 */
export async function giveKey(
  b: Bench,
  at: string,
  { held = false, more = {} }: { readonly held?: boolean; readonly more?: Partial<NewPgpKey> } = {},
): Promise<PgpKey> {
  const key = must(await b.pgp.thread.run({ kind: 'make-key', type: 'curve25519', name: at, email: at, seconds: 0 }));
  const record = registered(key, { createdAt: b.clock.now(), ...more });
  const sealedKey = held ? { sealedKey: await b.pgp.seals.seal(key.fingerprint, secretOf(key)) } : {};
  await b.store.pgpKeys.add(at, { ...record, ...sealedKey }, 'issued', actor);
  return key;
}

export interface Read {
  readonly text: string;
  readonly signatures: readonly PgpSignature[];
  readonly encrypted: boolean;
}

/** What an addressee's own program makes of a copy. */
export async function readBy(b: Bench, octets: Uint8Array, reader?: PgpKey, from?: PgpKey): Promise<Read | string> {
  const opened = await openPgp(await messageOf(octets), {
    pgp: b.pgp.thread,
    secretKeys: reader === undefined ? [] : [secretOf(reader)],
    publicKeys: from === undefined ? [] : [from.publicKey],
    stage: memoryStage().stage,
    maxContent: 50_000_000,
  });
  if (!opened.ok) return opened.error.kind;
  if (opened.value === undefined) return 'plain';
  const { message, signatures = [], encrypted } = opened.value;
  return { text: (await gathered(message.source.slices())).toString('latin1'), signatures, encrypted };
}
