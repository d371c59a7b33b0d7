/** Private keys of mail certificates in the gateway's care, sealed for the certificate: what is one's never opens in the place of another. */
import type { KeyObject } from 'node:crypto';
import type { RandomBytes } from '../../domain/effects.ts';
import { type Result } from '../../domain/result.ts';
import { openPrivateKey, sealPrivateKey } from './sealed-key.ts';

export interface MailKeySeals {
  seal(fingerprint: string, privateKey: KeyObject): Promise<Uint8Array>;
  open(fingerprint: string, sealed: Uint8Array): Promise<Result<KeyObject, string>>;
}

/** The master key is asked for at each use and not kept; whoever opens a key often keeps the key. */
export const mailKeySeals = (masterKey: () => Promise<Uint8Array>, random: RandomBytes): MailKeySeals => ({
  seal: async (id, privateKey) =>
    sealPrivateKey(await masterKey(), privateKey, { purpose: 'account-mail', id, random }),
  open: async (id, sealed) => openPrivateKey(await masterKey(), Buffer.from(sealed), { purpose: 'account-mail', id }),
});
