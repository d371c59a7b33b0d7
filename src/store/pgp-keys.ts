/**
 * The OpenPGP keys' part of the store port: public keys of accounts by address, and secret keys in
 * the gateway's care.
 *
 * Each change is one transaction with its audit row. A secret key is here sealed, and nothing else
 * of it ever is. An OpenPGP key lives on under one fingerprint when its owner lengthens its time or
 * revokes it: registered again, it is the same key with newer packets. Rows are never deleted, and
 * what was revoked stays so.
 */
import type { AccountId } from '../domain/ids.ts';
import { type Instant, instant } from '../domain/units.ts';

/** Most OpenPGP keys that one address ever has. */
export const MAX_PGP_KEYS = 64;

/** `PgpValidity`: it cannot; it can without end. */
export const NEVER: Instant = instant(0);
export const NO_END: Instant = instant(Number.MAX_SAFE_INTEGER);

/** Until when the key can be used, by its own word; revoked keys can do neither. */
export interface PgpValidity {
  readonly createdAt: Instant;
  readonly encryptsUntil: Instant;
  readonly signsUntil: Instant;
}

export interface NewPgpKey extends PgpValidity {
  /** 40 (version 4) or 64 (version 6) hexadecimal digits, lower case. */
  readonly fingerprint: string;
  /** Such as `rsa3072` or `ed25519legacy`. */
  readonly algorithm: string;
  readonly userIds: readonly string[];
  /** Addresses that it stands for. */
  readonly emails: readonly string[];
  /** The public key: OpenPGP packets. */
  readonly packets: Uint8Array;
  /** True: the key itself carries a revocation by its owner. */
  readonly revoked: boolean;
}

/** `sealedKey`: the secret key, for the gateway to hold (crypto/keys/pgp-seals.ts). */
export interface KeptPgpKey extends NewPgpKey {
  readonly sealedKey?: Uint8Array;
}

export interface Revoked {
  readonly at: Instant;
  readonly reason: string;
}

/** What mail needs of a key. */
export interface PgpMailKey extends PgpValidity {
  readonly fingerprint: string;
  /** The account of the key; it counts for no address of another account. */
  readonly account: AccountId;
  readonly packets: Uint8Array;
  readonly sealedKey?: Uint8Array;
  readonly revoked?: Revoked;
}

export interface PgpKeyRecord extends PgpValidity {
  readonly fingerprint: string;
  readonly algorithm: string;
  readonly userIds: readonly string[];
  readonly emails: readonly string[];
  readonly packets: Uint8Array;
  readonly account: AccountId;
  readonly login: string;
  readonly addedAt: Instant;
  readonly revoked?: Revoked;
  /** The gateway holds its secret key. */
  readonly keyHeld: boolean;
}

export interface PgpKeyQuery {
  /** At most this many, 1 to 1000; by fingerprint. */
  readonly limit: number;
  readonly after?: string;
  readonly login?: string;
  /**
   * Those alone that can be encrypted to until this moment or a later one, and until before that
   * one.
   */
  readonly endsFrom?: Instant;
  readonly endsBefore?: Instant;
}
