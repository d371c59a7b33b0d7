/**
 * Keys of operators: Ed25519 (RFC 8032) or ECDSA (RFC 5758), in the forms in which people have
 * them: a PEM public key, a certificate, or the line of an OpenSSH key (RFC 8709). Private keys are
 * read by the command line alone, for one signature.
 */
import {
  type KeyObject,
  X509Certificate,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
} from 'node:crypto';
import { defined } from '../../domain/defined.ts';
import { type Result, fail, ok } from '../../domain/result.ts';
import { algorithmFor } from '../certificates/signature.ts';

const MAX_TEXT = 64 * 1024;
const EXPECTED =
  'an Ed25519 or ECDSA (P-256, P-384, P-521) public key: PEM, a certificate, or a line "ssh-ed25519 ..."';

export const spkiOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });
export const fingerprintOf = (spki: Uint8Array): string => hash('sha256', spki, 'hex');

/** SubjectPublicKeyInfo, DER. */
export function readOperatorKey(text: string): Result<Buffer, string> {
  if (text.length > MAX_TEXT) return fail(`the file is longer than 64KiB; expected ${EXPECTED}`);
  if (text.includes('PRIVATE KEY'))
    return fail(`the file holds a private key, which nobody but its owner may have; expected ${EXPECTED}`);
  let key: KeyObject;
  try {
    key = /^\s*ssh-ed25519 /.test(text)
      ? sshKey(text)
      : text.includes('BEGIN CERTIFICATE')
        ? new X509Certificate(text).publicKey
        : createPublicKey(text);
  } catch {
    return fail(`it cannot be read; expected ${EXPECTED}`);
  }
  return isSuitable(key) ? ok(spkiOf(key)) : fail(`it is another kind of key; expected ${EXPECTED}`);
}

export function isSuitable(key: KeyObject): boolean {
  if (key.asymmetricKeyType !== 'ed25519' && key.asymmetricKeyType !== 'ec') return false;
  try {
    algorithmFor(key);
    return true;
  } catch {
    return false; // another curve
  }
}

/** RFC 8709 section 4: the name "ssh-ed25519" and 32 octets, each after its length. */
function sshKey(text: string): KeyObject {
  const blob = Buffer.from(text.trim().split(/\s+/)[1] ?? '', 'base64');
  const name = Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0\x20', 'latin1');
  if (blob.length !== name.length + 32 || !blob.subarray(0, name.length).equals(name))
    throw new RangeError('no ssh-ed25519 key');
  return createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: blob.subarray(name.length).toString('base64url') },
    format: 'jwk',
  });
}

export const publicKeyOf = (spki: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });

/** A private key in PEM, under `passphrase` where one is needed. */
export function readOperatorPrivateKey(
  pem: string,
  passphrase?: string,
): Result<KeyObject, 'passphrase' | 'unreadable'> {
  const sealed = pem.includes('ENCRYPTED');
  if (sealed && passphrase === undefined) return fail('passphrase');
  try {
    const key = createPrivateKey({ key: pem, ...defined({ passphrase }) });
    return isSuitable(key) ? ok(key) : fail('unreadable');
  } catch {
    return fail(sealed ? 'passphrase' : 'unreadable');
  }
}

/** A new Ed25519 key: PKCS #8 under the passphrase (PBKDF2, AES-256-CBC), and the public key. */
export function makeOperatorKey(passphrase: string): { readonly sealed: string; readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    sealed: privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }),
  };
}
