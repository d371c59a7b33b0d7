/**
 * Private keys and passwords of ours at rest: sealed under the master key, bound to what they are
 * for.
 *
 * From the master key every purpose gets a key of its own (HKDF, RFC 5869), and purpose and id are
 * authenticated with the content (AES-256-GCM): a sealed key of one account cannot be put in the
 * place of another's, nor an account's in that of the authority.
 *
 * Form: "SLK1", 12 octets nonce, ciphertext, 16 octets tag.
 */
import { createCipheriv, createDecipheriv, createPrivateKey, type KeyObject } from 'node:crypto';
import type { RandomBytes } from '../../domain/effects.ts';
import { type Result, fail, ok } from '../../domain/result.ts';
import { joinSmall } from '../../platform/bytes.ts';
import { deriveKey } from './sealing.ts';

/** What a key is for. Audit, sealing of content and the authority never share a key. */
export type KeyPurpose =
  | 'root-authority'
  | 'issuing-authority'
  | 'account-login'
  | 'account-mail'
  | 'account-pgp'
  | 'domain-mail'
  | 'audit'
  | 'evidence'
  | 'tls-server'
  /** Password and key that we show to a partner. */
  | 'partner-login'
  /** Secret that signs what webhooks are sent. */
  | 'webhook'
  /** Password and codes of the account for emergencies. */
  | 'break-glass';

const MAGIC = Buffer.from('SLK1');
const NONCE = 12;
const TAG = 16;

function keyFor(master: Uint8Array, purpose: KeyPurpose): KeyObject {
  if (master.length !== 32) throw new RangeError('Cannot seal a private key: the master key has no 32 octets');
  return deriveKey(master, `sluis private key 1 ${purpose}`);
}
const bound = (purpose: KeyPurpose, id: string): Buffer => Buffer.from(JSON.stringify([purpose, id]));

interface SealOptions {
  readonly purpose: KeyPurpose;
  /** What the key belongs to, for example the fingerprint of its certificate. */
  readonly id: string;
}

/** Seals a few KB; `plain` stays the caller's, to be wiped. */
export function sealSecret(
  master: Uint8Array,
  plain: Uint8Array,
  { purpose, id, random }: SealOptions & { readonly random: RandomBytes },
): Buffer {
  const nonce = Buffer.from(random(NONCE));
  const cipher = createCipheriv('aes-256-gcm', keyFor(master, purpose), nonce);
  cipher.setAAD(bound(purpose, id));
  return joinSmall([MAGIC, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/**
 * Opens what was sealed; the caller wipes it after use. An error if it was sealed for something
 * else or under another master key, or was changed.
 */
export function openSecret(master: Uint8Array, sealed: Buffer, { purpose, id }: SealOptions): Result<Buffer, string> {
  if (sealed.length < MAGIC.length + NONCE + TAG || !sealed.subarray(0, MAGIC.length).equals(MAGIC))
    return fail('the sealed secret is not in our form; expected one that begins with SLK1');
  const from = MAGIC.length + NONCE;
  const decipher = createDecipheriv('aes-256-gcm', keyFor(master, purpose), sealed.subarray(MAGIC.length, from), {
    authTagLength: TAG,
  });
  decipher.setAAD(bound(purpose, id));
  decipher.setAuthTag(sealed.subarray(-TAG));
  const plain = decipher.update(sealed.subarray(from, -TAG));
  try {
    decipher.final();
    return ok(plain);
  } catch {
    plain.fill(0);
    return fail(
      `the sealed secret for ${purpose} "${id}" does not open: it was sealed with another key or for another use, or was changed`,
    );
  }
}

export function sealPrivateKey(
  master: Uint8Array,
  privateKey: KeyObject,
  options: SealOptions & { readonly random: RandomBytes },
): Buffer {
  const plain = privateKey.export({ type: 'pkcs8', format: 'der' });
  const sealed = sealSecret(master, plain, options);
  plain.fill(0);
  return sealed;
}

/** The key; errors as of `openSecret`. */
export function openPrivateKey(master: Uint8Array, sealed: Buffer, options: SealOptions): Result<KeyObject, string> {
  const plain = openSecret(master, sealed, options);
  if (!plain.ok) return plain;
  try {
    return ok(createPrivateKey({ key: plain.value, format: 'der', type: 'pkcs8' }));
  } catch {
    return fail(`the sealed secret for ${options.purpose} "${options.id}" is no private key`);
  } finally {
    plain.value.fill(0);
  }
}
