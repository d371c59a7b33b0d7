/**
 * What a master key is called: of its key check, which the store keeps (`key-folder.ts`), the beginning of the hash. Tells nothing of the key, and two
 * keys never share one.
 */
import { hash } from 'node:crypto';
import { deriveKey } from './sealing.ts';

export const FINGERPRINT_OCTETS = 10;

/** 32 octets: beside the data it tells that a master key is the right one. */
export const keyCheck = (master: Uint8Array): Uint8Array => deriveKey(master, 'sluis key check 1').export();

export const fingerprintOfCheck = (check: Uint8Array): string =>
  hash('sha256', check, 'hex').slice(0, FINGERPRINT_OCTETS * 2);

export const keyFingerprint = (master: Uint8Array): string => fingerprintOfCheck(keyCheck(master));
