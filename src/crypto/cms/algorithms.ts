/**
 * The algorithms of CMS by name: digests (RFC 5754), ciphers of content (RFC 3565, RFC 5084, RFC
 * 3370), and what may only be read.
 */
import type { Element } from '../certificates/ber.ts';
import { oidValue, smallInteger } from '../certificates/ber-values.ts';
import { type Encoded, Tag, encode, integer, octetString, oid, sequence } from '../certificates/der.ts';
import { Oid } from '../certificates/oids.ts';
import { type Hash, type SignatureAlgorithm, readSignatureAlgorithm } from '../certificates/signature.ts';

/** What we sign with. */
export type SigningHash = 'sha256' | 'sha384' | 'sha512';

const DIGESTS: Readonly<Record<Hash, string>> = {
  md5: Oid.md5,
  sha1: Oid.sha1,
  sha256: Oid.sha256,
  sha384: Oid.sha384,
  sha512: Oid.sha512,
};
const digestOf = new Map<string, Hash>(Object.entries(DIGESTS).map(([name, dotted]) => [dotted, name as Hash]));

/** `micalg` of multipart/signed (RFC 8551 section 3.5.3.2). */
export const MICALG: Readonly<Record<SigningHash, string>> = {
  sha256: 'sha-256',
  sha384: 'sha-384',
  sha512: 'sha-512',
};

const digestEncodings = new Map(Object.entries(DIGESTS).map(([hash, dotted]) => [hash, encode(sequence(oid(dotted)))]));

/** Without parameters, as RFC 5754 section 2 prefers. */
export const encodeDigest = (hash: Hash): Buffer => digestEncodings.get(hash) ?? encode(sequence(oid(DIGESTS[hash])));

const algorithmOid = (element: Element, what: string): string =>
  oidValue(element.as(Tag.sequence, what).children().next(what), what);

/** The digest of a DigestAlgorithmIdentifier; undefined if we do not know it. */
export const readDigest = (element: Element): Hash | undefined =>
  digestOf.get(algorithmOid(element, 'digest algorithm'));

/**
 * The signature algorithm of a signer. Most programs write only the kind of key (`rsaEncryption`,
 * sometimes `ecPublicKey`): the hash is then the digest of the same signer.
 */
export function readSignerAlgorithm(element: Element, digest: Hash | undefined): SignatureAlgorithm {
  const dotted = algorithmOid(element, 'signature algorithm');
  const kind = dotted === Oid.rsaEncryption ? 'rsa' : dotted === Oid.ecPublicKey ? 'ecdsa' : undefined;
  if (kind === undefined) return readSignatureAlgorithm(element);
  return digest === undefined ? { kind: 'unknown', oid: dotted } : { kind, hash: digest, oid: dotted };
}

/** What we encrypt content with. */
export type ContentCipher = 'aes-128-cbc' | 'aes-256-cbc' | 'aes-128-gcm' | 'aes-256-gcm';

export interface CipherSpec {
  /** OpenSSL's name. */
  readonly name: string;
  readonly oid: string;
  /** Octets. */
  readonly key: number;
  /** Octets of initial vector or nonce; 0 with CCM, where there may be 7 to 13. */
  readonly iv: number;
  readonly mode: 'cbc' | 'gcm' | 'ccm';
  /** GCM, CCM: the whole content is authenticated; CBC: anyone can change it without an error. */
  readonly authenticated: boolean;
  /** 3DES: 64-bit blocks; read, reported, never written. */
  readonly weak: boolean;
}

function spec(name: string, dotted: string, key: number, iv = 0): CipherSpec {
  const mode = name.endsWith('gcm') ? 'gcm' : name.endsWith('ccm') ? 'ccm' : 'cbc';
  return { name, oid: dotted, key, iv, mode, authenticated: mode !== 'cbc', weak: name.startsWith('des') };
}
const CIPHERS: ReadonlyMap<string, CipherSpec> = new Map(
  [
    spec('aes-128-cbc', Oid.aes128Cbc, 16, 16),
    spec('aes-192-cbc', Oid.aes192Cbc, 24, 16),
    spec('aes-256-cbc', Oid.aes256Cbc, 32, 16),
    spec('des-ede3-cbc', Oid.des3Cbc, 24, 8),
    spec('aes-128-gcm', Oid.aes128Gcm, 16, 12),
    spec('aes-192-gcm', Oid.aes192Gcm, 24, 12),
    spec('aes-256-gcm', Oid.aes256Gcm, 32, 12),
    // CCM is read and never written: more programs know GCM.
    spec('aes-128-ccm', Oid.aes128Ccm, 16),
    spec('aes-192-ccm', Oid.aes192Ccm, 24),
    spec('aes-256-ccm', Oid.aes256Ccm, 32),
  ].map((each) => [each.name, each]),
);
const cipherOf = new Map([...CIPHERS.values()].map((each) => [each.oid, each]));

export function cipherNamed(name: ContentCipher): CipherSpec {
  const found = CIPHERS.get(name);
  if (!found) throw new RangeError(`Cannot encrypt with "${name}"`);
  return found;
}

export const GCM_TAG = 16;

export const encodeCipher = (cipher: CipherSpec, iv: Uint8Array): Encoded =>
  sequence(
    oid(cipher.oid),
    cipher.authenticated ? sequence(octetString(Buffer.from(iv)), integer(GCM_TAG)) : octetString(Buffer.from(iv)),
  );

export interface ReadCipher {
  readonly cipher: CipherSpec;
  readonly iv: Buffer;
  /** Octets of the tag; 0 with CBC. With CCM an even number. */
  readonly tag: number;
}

/**
 * GCMParameters and CCMParameters (RFC 5084 sections 3.1 and 3.2): nonce, and octets of the tag, 12
 * by default.
 */
function readTagged(parameters: Element): { readonly iv: Buffer; readonly tag: number } {
  const inside = parameters.as(Tag.sequence, 'cipher parameters').children();
  const nonce = inside.next('nonce', Tag.octetString);
  const length = inside.optional(Tag.integer, 'tag length');
  inside.finish('cipher parameters');
  const tag = length ? smallInteger(length, 'tag length') : 12;
  // A shorter tag can be guessed: with 4 octets a forger needs 2^32 tries, and less after the first
  // success.
  if (tag < 12 || tag > 16) throw parameters.error('unsupported', `a tag of ${tag} octets, expected 12 to 16`);
  return { iv: nonce.content, tag };
}

/**
 * Reads ContentEncryptionAlgorithmIdentifier. Throws `BerError`, of kind `unsupported` for a cipher
 * that we do not know.
 */
export function readCipher(element: Element): ReadCipher {
  const inside = element.as(Tag.sequence, 'content cipher').children();
  const id = inside.next('content cipher');
  const dotted = oidValue(id, 'content cipher');
  const cipher = cipherOf.get(dotted);
  if (!cipher) throw id.error('unsupported', `the content is encrypted with ${dotted}, which is not understood`);
  const parameters = inside.next('cipher parameters');
  inside.finish('content cipher');
  const { iv, tag } = cipher.authenticated
    ? readTagged(parameters)
    : { iv: parameters.as(Tag.octetString, 'initial vector').content, tag: 0 };
  if (cipher.mode === 'ccm' ? iv.length < 7 || iv.length > 13 || tag % 2 !== 0 : iv.length !== cipher.iv)
    throw parameters.error('unsupported', `an initial vector of ${iv.length} octets, expected ${cipher.iv}`);
  return { cipher, iv, tag };
}
