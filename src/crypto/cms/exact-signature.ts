/**
 * The one form in which an RSA key signs a document here (RFC 5652 section 5, DER), written again
 * from what is in it.
 *
 * A CMS signature covers its attributes and the content. Its version, the name of the issuer in it
 * and its frame can be changed and openssl still says yes; comparing with this form shows such
 * changes too. docs/formats.md describes the same octets.
 */
import type { Instant } from '../../domain/units.ts';
import type { Certificate } from '../certificates/certificate.ts';
import { context, encode, explicit, integer, octetString, oid, sequence, setOf } from '../certificates/der.ts';
import { Oid } from '../certificates/oids.ts';
import { encodeAlgorithm } from '../certificates/signature.ts';
import { encodeDigest } from './algorithms.ts';
import {
  algorithmProtectionAttribute,
  contentTypeAttribute,
  messageDigestAttribute,
  signingCertificateAttribute,
  signingTimeAttribute,
} from './attributes.ts';
import { encodeIdentifier } from './identifier.ts';

export interface SignedAs {
  readonly certificate: Certificate;
  /** SHA-256 of the content. */
  readonly digest: Buffer;
  readonly signingTime: Instant;
}

/**
 * True if `der` is SignedData over these, as `signDetached` writes it with an RSA key. The
 * signature itself is verified elsewhere.
 */
export function isExactly(der: Buffer, { certificate, digest, signingTime }: SignedAs): boolean {
  const octets = certificate.key.bits / 8;
  if (der.length <= octets) return false;
  const sha256 = encodeDigest('sha256');
  const rsa = encode(encodeAlgorithm({ kind: 'rsa', hash: 'sha256', oid: Oid.rsaEncryption }));
  const attributes = encode(
    setOf([
      contentTypeAttribute(Oid.data),
      signingTimeAttribute(signingTime),
      messageDigestAttribute(digest),
      signingCertificateAttribute(certificate),
      algorithmProtectionAttribute(sha256, rsa),
    ]),
  );
  attributes[0] = context(0);
  const signature = octetString(der.subarray(der.length - octets));
  const signer = sequence(integer(1), encodeIdentifier(certificate, 'issuer'), sha256, attributes, rsa, signature);
  const certificates = setOf([certificate.der], context(0));
  const data = sequence(integer(1), setOf([sha256]), sequence(oid(Oid.data)), certificates, setOf([signer]));
  return encode(sequence(oid(Oid.signedData), explicit(0, data))).equals(der);
}
