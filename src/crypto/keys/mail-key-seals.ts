/**
 * Seals private keys of mail certificates that the gateway keeps. Each seal names its certificate,
 * so a sealed key that is put in the row of another certificate does not open.
 */
import type { KeyObject } from 'node:crypto';
import type { RandomBytes } from '../../domain/effects.ts';
import { type Result } from '../../domain/result.ts';
import { openPrivateKey, sealPrivateKey } from './sealed-key.ts';

export interface MailKeySeals {
  seal(fingerprint: string, privateKey: KeyObject): Promise<Uint8Array>;
  open(fingerprint: string, sealed: Uint8Array): Promise<Result<KeyObject, string>>;
}

/**
 * `masterKey` is called at each use, and its answer is not kept. A caller that opens a key often
 * keeps the opened key.
 */
export const mailKeySeals = (masterKey: () => Promise<Uint8Array>, random: RandomBytes): MailKeySeals => ({
  seal: async (id, privateKey) =>
    sealPrivateKey(await masterKey(), privateKey, { purpose: 'account-mail', id, random }),
  open: async (id, sealed) => openPrivateKey(await masterKey(), Buffer.from(sealed), { purpose: 'account-mail', id }),
});
