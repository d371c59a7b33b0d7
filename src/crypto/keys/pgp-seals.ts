/**
 * Seals secret OpenPGP keys that the gateway keeps, each for its fingerprint: a sealed key never
 * opens in the place of another.
 */
import type { RandomBytes } from '../../domain/effects.ts';
import type { Result } from '../../domain/result.ts';
import { openSecret, sealSecret } from './sealed-key.ts';

export interface PgpSeals {
  /** `secret`: OpenPGP packets without a passphrase; the caller keeps them and wipes them. */
  seal(fingerprint: string, secret: Uint8Array): Promise<Uint8Array>;
  open(fingerprint: string, sealed: Uint8Array): Promise<Result<Uint8Array, string>>;
}

/** The master key is asked for at each use and not kept. */
export const pgpSeals = (masterKey: () => Promise<Uint8Array>, random: RandomBytes): PgpSeals => ({
  seal: async (id, secret) => sealSecret(await masterKey(), secret, { purpose: 'account-pgp', id, random }),
  open: async (id, sealed) => openSecret(await masterKey(), Buffer.from(sealed), { purpose: 'account-pgp', id }),
});
