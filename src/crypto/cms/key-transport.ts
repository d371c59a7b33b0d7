/**
 * Content keys under RSA keys (KeyTransRecipientInfo): OAEP (RFC 3560) and PKCS #1 v1.5 (RFC 3370
 * section 4.2.1).
 *
 * A wrong padding gives a key as well: one that nobody knows, made from the private key and the
 * ciphertext, the same one each time. So a wrong padding and a changed content look alike, take the
 * same way and the same time, and whoever sends guesses learns nothing (Bleichenbacher 1998; RFC
 * 3218 section 2.3.2). OpenSSL makes it for a wrong padding (implicit rejection);
 * `implicit-rejection.ts` asks whether the one behind this Node does. OpenSSL's key is of any
 * length, and a right padding may hold a key of a wrong length: in both cases the key is made here.
 */
import { type KeyObject, constants, createHash, createHmac, privateDecrypt, publicEncrypt } from 'node:crypto';
import type { Certificate } from '../certificates/certificate.ts';
import type { Element } from '../certificates/ber.ts';
import { oidValue } from '../certificates/ber-values.ts';
import { Tag, context, encode, explicit, integer, nothing, octetString, oid, sequence } from '../certificates/der.ts';
import { Oid } from '../certificates/oids.ts';
import type { Hash } from '../certificates/signature.ts';
import { readDigest } from './algorithms.ts';
import { type IdentifyBy, encodeIdentifier } from './identifier.ts';

/**
 * `oaep`: with SHA-256 for both of its hashes. `pkcs1`: for programs that read no other, such as
 * gpgsm.
 */
export type KeyTransport = 'oaep' | 'pkcs1';

const SHA256 = sequence(oid(Oid.sha256), nothing());
const ALGORITHMS: Readonly<Record<KeyTransport, Buffer>> = {
  oaep: encode(sequence(oid(Oid.rsaOaep), sequence(explicit(0, SHA256), explicit(1, sequence(oid(Oid.mgf1), SHA256))))),
  pkcs1: encode(sequence(oid(Oid.rsaEncryption), nothing())),
};

/** KeyTransRecipientInfo. */
export function wrapForRsa(
  contentKey: Buffer,
  certificate: Certificate,
  transport: KeyTransport,
  by: IdentifyBy,
): Buffer {
  const key = certificate.publicKey;
  const encrypted =
    transport === 'oaep'
      ? publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, contentKey)
      : publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, contentKey);
  const version = integer(by === 'issuer' ? 0 : 2);
  return encode(sequence(version, encodeIdentifier(certificate, by), ALGORITHMS[transport], octetString(encrypted)));
}

const secrets = new WeakMap<KeyObject, Buffer>();
/** The secret from which the keys that nobody knows are made; as secret as the private key. */
function rejectionSecret(key: KeyObject): Buffer {
  const known = secrets.get(key);
  if (known) return known;
  const secret = createHash('sha256')
    .update(key.export({ format: 'der', type: 'pkcs8' }))
    .digest();
  secrets.set(key, secret);
  return secret;
}

/** A key that nobody knows, the same for the same ciphertext. At most 32 octets. */
export const rejectionKey = (key: KeyObject, encrypted: Buffer, length: number): Buffer =>
  createHmac('sha256', rejectionSecret(key))
    .update('sluis cms rejection 1')
    .update(encrypted)
    .digest()
    .subarray(0, length);

interface Oaep {
  readonly hash: Hash;
  readonly label: Buffer;
}

/**
 * RSAES-OAEP-params (RFC 4055 section 4.1). OpenSSL behind Node takes one hash for both purposes.
 */
function readOaep(parameters: Element | undefined): Oaep | undefined {
  let hash: Hash | undefined = 'sha1';
  let mask: Hash | undefined = 'sha1';
  let label: Buffer = Buffer.alloc(0);
  const inside = parameters?.as(Tag.sequence, 'OAEP parameters').children();
  const given = inside?.optional(context(0), 'OAEP hash');
  if (given) hash = readDigest(given.children().next('OAEP hash'));
  const generator = inside?.optional(context(1), 'OAEP mask')?.children().next('OAEP mask', Tag.sequence).children();
  if (generator) {
    generator.next('OAEP mask');
    mask = readDigest(generator.next('OAEP mask hash'));
  }
  const source = inside?.optional(context(2), 'OAEP label')?.children().next('OAEP label', Tag.sequence).children();
  if (source) {
    source.next('OAEP label');
    label = source.next('OAEP label', Tag.octetString).content;
  }
  return hash === undefined || hash !== mask || hash === 'md5' ? undefined : { hash, label };
}

/** How a content key is transported to a recipient, as found in a message. */
export type TransportAlgorithm =
  { readonly kind: 'pkcs1' } | ({ readonly kind: 'oaep' } & Oaep) | { readonly kind: 'unknown'; readonly oid: string };

export function readTransport(element: Element): TransportAlgorithm {
  const inside = element.as(Tag.sequence, 'key transport').children();
  const dotted = oidValue(inside.next('key transport'), 'key transport');
  if (dotted === Oid.rsaEncryption) return { kind: 'pkcs1' };
  const oaep = dotted === Oid.rsaOaep ? readOaep(inside.done ? undefined : inside.next('OAEP parameters')) : undefined;
  return oaep ? { kind: 'oaep', ...oaep } : { kind: 'unknown', oid: dotted };
}

const attempt = (decrypt: () => Buffer): Buffer | undefined => {
  try {
    return decrypt();
  } catch {
    return undefined;
  }
};

/**
 * The content key of `length` octets, or one that nobody knows: the caller goes on with either in
 * the same way.
 */
export function unwrapWithRsa(
  algorithm: Exclude<TransportAlgorithm, { kind: 'unknown' }>,
  encrypted: Buffer,
  key: KeyObject,
  length: number,
): Buffer {
  // Made in every case, so that no case takes longer than another.
  const otherwise = rejectionKey(key, encrypted, length);
  const found = attempt(() => privateDecrypt({ key, ...paddingOf(algorithm) }, encrypted));
  return found?.length === length ? found : otherwise;
}

const paddingOf = (algorithm: Exclude<TransportAlgorithm, { kind: 'unknown' }>) =>
  algorithm.kind === 'pkcs1'
    ? { padding: constants.RSA_PKCS1_PADDING }
    : { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: algorithm.hash, oaepLabel: algorithm.label };
