/**
 * The fingerprint of a master key: the beginning of a hash over its key check, which the store
 * keeps (`key-folder.ts`). It tells nothing of the key, and two keys never share one.
 */
import { hash } from 'node:crypto';
import { deriveKey } from './sealing.ts';

export const FINGERPRINT_OCTETS = 10;

/** The key check, 32 octets: kept beside the data, it shows that a master key is the right one. */
export const keyCheck = (master: Uint8Array): Uint8Array => deriveKey(master, 'sluis key check 1').export();

export const fingerprintOfCheck = (check: Uint8Array): string =>
  hash('sha256', check, 'hex').slice(0, FINGERPRINT_OCTETS * 2);

export const keyFingerprint = (master: Uint8Array): string => fingerprintOfCheck(keyCheck(master));
