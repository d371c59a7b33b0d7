/**
 * Which of the keys of an address is used: the newest that can be. One that ended or was revoked
 * never hides another.
 */
import type { Instant } from '../../domain/units.ts';

/** A registered key as it stands; times as in the store. */
export interface PgpCandidate {
  readonly fingerprint: string;
  readonly createdAt: Instant;
  /** 0: the key cannot encrypt. */
  readonly encryptsUntil: Instant;
  readonly signsUntil: Instant;
  /** The public key. */
  readonly packets: Uint8Array;
  /** The secret key, sealed, if it is held here. */
  readonly sealedKey?: Uint8Array;
  readonly revoked?: { readonly at: Instant };
}

export type PgpUse = 'encrypt' | 'sign';

/**
 * Why a key is of no use, for peers and people: says nothing of the key that its owner does not
 * know.
 */
export type PgpSelection =
  | { readonly kind: 'usable'; readonly key: PgpCandidate }
  /** `why`: the reason for the newest key; undefined: none is registered. */
  | { readonly kind: 'none'; readonly why?: string };

const day = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** What is wrong with a key; undefined: nothing. */
export function againstPgpKey(key: Omit<PgpCandidate, 'packets'>, use: PgpUse, now: Instant): string | undefined {
  const until = use === 'encrypt' ? key.encryptsUntil : key.signsUntil;
  if (key.revoked !== undefined) return 'it was revoked';
  if (until <= 0) return use === 'encrypt' ? 'nothing can be encrypted to it' : 'it cannot sign';
  if (key.createdAt > now) return `it is valid from ${day(key.createdAt)}`;
  return until > now ? undefined : `it expired on ${day(until)}`;
}

/** `keys`: newest first. */
export function selectPgpKey(keys: readonly PgpCandidate[], use: PgpUse, now: Instant): PgpSelection {
  const [newest] = keys;
  if (newest === undefined) return { kind: 'none' };
  const key = keys.find((each) => againstPgpKey(each, use, now) === undefined);
  return key === undefined ? { kind: 'none', why: againstPgpKey(newest, use, now) ?? '' } : { kind: 'usable', key };
}
