/**
 * Which certificate a signer or a recipient is meant by: issuer and serial number, or subject key
 * identifier (RFC 5652 sections 5.3, 6.2).
 *
 * Written, the issuer is copied octet for octet out of the certificate, since NSS and gpgsm compare
 * octets. Read, names are compared by meaning, since authorities re-encode their own name.
 */
import type { Certificate } from '../certificates/certificate.ts';
import { type Element, parse } from '../certificates/ber.ts';
import { integerHex } from '../certificates/ber-values.ts';
import { Tag, context, encode, octetString, sequence, value } from '../certificates/der.ts';
import { type Name, nameKey, readName } from '../certificates/distinguished-name.ts';
import { keyIdOf } from '../certificates/extensions.ts';

export type Identifier =
  | {
      readonly kind: 'issuer';
      readonly issuer: Name;
      /** Hexadecimal. */ readonly serial: string;
      readonly raw: Buffer;
    }
  | { readonly kind: 'key-id'; /** Lowercase hexadecimal. */ readonly keyId: string };

/**
 * How we name a certificate of ours. `issuer` is read by every program; gpgsm does not know
 * `key-id`.
 */
export type IdentifyBy = Identifier['kind'];

const written = new WeakMap<Certificate, Buffer>();

/** IssuerAndSerialNumber of a certificate, in its own octets. */
export function issuerAndSerial(certificate: Certificate): Buffer {
  const known = written.get(certificate);
  if (known) return known;
  const body = parse(certificate.der).children().next('certificate body').children();
  body.optional(context(0), 'version');
  const serial = body.next('serial number').raw;
  body.next('signature algorithm');
  const made = encode(sequence(body.next('issuer').raw, serial));
  written.set(certificate, made);
  return made;
}

/** The identifier in the certificate, or the one that most programs compute where it has none. */
export const keyIdentifier = (certificate: Certificate): Buffer =>
  certificate.subjectKeyId === undefined
    ? keyIdOf(certificate.publicKey)
    : Buffer.from(certificate.subjectKeyId, 'hex');

/**
 * SignerIdentifier, and RecipientIdentifier of a key transport: both have the key identifier under
 * [0].
 */
export const encodeIdentifier = (certificate: Certificate, by: IdentifyBy): Buffer =>
  by === 'issuer' ? issuerAndSerial(certificate) : encode(value(context(0, 'primitive'), keyIdentifier(certificate)));

/** KeyAgreeRecipientIdentifier: the key identifier in a structure of its own. */
export const encodeAgreementIdentifier = (certificate: Certificate, by: IdentifyBy): Buffer =>
  by === 'issuer' ? issuerAndSerial(certificate) : encode(value(context(0), octetString(keyIdentifier(certificate))));

function readIssuerAndSerial(element: Element): Identifier {
  const inside = element.children();
  const issuer = readName(inside.next('issuer'));
  const serial = integerHex(inside.next('serial number'), 'serial number');
  inside.finish('issuer and serial number');
  return { kind: 'issuer', issuer, serial, raw: element.raw };
}

/** Reads any of the three forms above. Throws `BerError`. */
export function readIdentifier(element: Element): Identifier {
  if (element.tag === Tag.sequence) return readIssuerAndSerial(element);
  if (element.tag === context(0, 'primitive')) return { kind: 'key-id', keyId: element.content.toString('hex') };
  const inside = element.as(context(0), 'identifier').children();
  const keyId = inside.next('key identifier', Tag.octetString).content.toString('hex');
  return { kind: 'key-id', keyId };
}

/** True if the identifier means `certificate`. */
export function identifies(identifier: Identifier, certificate: Certificate): boolean {
  if (identifier.kind === 'key-id') return keyIdentifier(certificate).toString('hex') === identifier.keyId;
  if (identifier.serial !== certificate.serial) return false;
  return (
    identifier.raw.equals(issuerAndSerial(certificate)) || nameKey(identifier.issuer) === nameKey(certificate.issuer)
  );
}
