/**
 * Signed attributes (RFC 5652 section 11): what the signer says besides the content.
 *
 * content-type and message-digest bind the content; signing-time is a claim; signingCertificateV2
 * (RFC 5035) names the one certificate that is meant, so that no other one for the same key can be
 * put in its place; CMSAlgorithmProtection (RFC 6211) covers the algorithms, which stand outside of
 * what is signed; smimeCapabilities (RFC 8551 section 2.5.2) tell what the signer can read.
 */
import { createHash } from 'node:crypto';
import type { Instant } from '../../domain/units.ts';
import type { Certificate } from '../certificates/certificate.ts';
import { type Element, parse } from '../certificates/ber.ts';
import { integerHex, oidValue, timeValue } from '../certificates/ber-values.ts';
import {
  type Encoded,
  Tag,
  context,
  encode,
  octetString,
  oid,
  sequence,
  sequenceOf,
  setOf,
  time,
  value,
} from '../certificates/der.ts';
import { nameKey, readName } from '../certificates/distinguished-name.ts';
import { Oid } from '../certificates/oids.ts';
import { type Hash } from '../certificates/signature.ts';
import { readDigest } from './algorithms.ts';
import { issuerAndSerial } from './identifier.ts';

/** An attribute by its type; the values as they were encoded. */
export interface CmsAttribute {
  readonly type: string;
  readonly values: readonly Buffer[];
}

/**
 * One capability of a mail program: an algorithm, with its parameters as encoded. Listed best
 * first.
 */
export interface Capability {
  readonly oid: string;
  readonly parameters?: Buffer;
}

const MAX_ATTRIBUTES = 32;
const MAX_CAPABILITIES = 64;

export const attribute = (type: string, ...values: readonly Encoded[]): Buffer =>
  encode(sequence(oid(type), setOf(values)));
export const encodeAttribute = ({ type, values }: CmsAttribute): Buffer => attribute(type, ...values);

export const contentTypeAttribute = (type: string): Buffer => attribute(Oid.contentType, oid(type));
export const messageDigestAttribute = (digest: Buffer): Buffer => attribute(Oid.messageDigest, octetString(digest));
export const signingTimeAttribute = (at: Instant): Buffer => attribute(Oid.signingTime, time(at));
export const capabilitiesAttribute = (capabilities: readonly Capability[]): Buffer =>
  attribute(
    Oid.smimeCapabilities,
    sequenceOf(capabilities.map((c) => sequence(oid(c.oid), ...(c.parameters ? [c.parameters] : [])))),
  );

const named = new WeakMap<Certificate, Buffer>();

/** ESSCertIDv2 with SHA-256 (the default, so not named), and the issuer and serial number. */
export function signingCertificateAttribute(certificate: Certificate): Buffer {
  const known = named.get(certificate) ?? makeSigningCertificate(certificate);
  named.set(certificate, known);
  return known;
}

function makeSigningCertificate(certificate: Certificate): Buffer {
  const parts = parse(issuerAndSerial(certificate)).children();
  const issuer = sequence(value(context(4), parts.next('issuer').raw));
  const id = sequence(
    octetString(Buffer.from(certificate.fingerprint, 'hex')),
    sequence(issuer, parts.next('serial number').raw),
  );
  return attribute(Oid.signingCertificateV2, sequence(sequence(id)));
}

/** `signature`: the algorithm as it stands in the signer. */
export const algorithmProtectionAttribute = (digest: Encoded, signature: Buffer): Buffer => {
  const inner = parse(signature).content;
  return attribute(Oid.algorithmProtection, sequence(digest, value(context(1), inner)));
};

/**
 * Reads a SET OF Attribute, given as a structure with any tag. One type twice is kept twice: the
 * checks refuse it. Throws `BerError`.
 */
export function readAttributes(set: Element): readonly CmsAttribute[] {
  const found: CmsAttribute[] = [];
  for (const each of set.children()) {
    const inside = each.as(Tag.sequence, 'attribute').children();
    const type = oidValue(inside.next('attribute type'), 'attribute type');
    const values = [...inside.next('attribute values', Tag.set).children()].map((v) => v.raw);
    inside.finish('attribute');
    if (found.length >= MAX_ATTRIBUTES) throw each.error('limit', `there are more than ${MAX_ATTRIBUTES} attributes`);
    found.push({ type, values });
  }
  return found;
}

/**
 * The one value of an attribute that stands there once. `absent`; `twice`: two readers would
 * believe different ones.
 */
export function single(
  attributes: readonly CmsAttribute[],
  type: string,
): { readonly kind: 'value'; readonly element: Element } | { readonly kind: 'absent' | 'twice' } {
  const found = attributes.filter((a) => a.type === type);
  const [first] = found;
  if (!first) return { kind: 'absent' };
  const [octets] = first.values;
  if (found.length > 1 || first.values.length !== 1 || !octets) return { kind: 'twice' };
  return { kind: 'value', element: parse(octets) };
}

export const readSigningTime = (element: Element): Instant => timeValue(element, 'signing time');

export function readCapabilities(element: Element): readonly Capability[] {
  const found: Capability[] = [];
  for (const each of element.as(Tag.sequence, 'capabilities').children()) {
    const inside = each.as(Tag.sequence, 'capability').children();
    const dotted = oidValue(inside.next('capability'), 'capability');
    const parameters = inside.done ? undefined : inside.next('parameters').raw;
    if (found.length >= MAX_CAPABILITIES) throw each.error('limit', `there are more than ${MAX_CAPABILITIES}`);
    found.push(parameters ? { oid: dotted, parameters: Buffer.from(parameters) } : { oid: dotted });
  }
  return found;
}

/**
 * True if the attribute names this certificate first. `form`: SigningCertificate (RFC 2634, SHA-1)
 * or its second version.
 */
export function namesCertificate(element: Element, form: 'v1' | 'v2', certificate: Certificate): boolean {
  const ids = element.as(Tag.sequence, 'signing certificate').children().next('certificates', Tag.sequence).children();
  const first = ids.next('certificate', Tag.sequence).children();
  const named = form === 'v2' ? first.optional(Tag.sequence, 'hash algorithm') : undefined;
  const hash: Hash | undefined = form === 'v1' ? 'sha1' : named ? readDigest(named) : 'sha256';
  const digest = first.next('certificate hash', Tag.octetString).content;
  if (hash === undefined || hash === 'md5') return false;
  if (!createHash(hash).update(certificate.der).digest().equals(digest)) return false;
  const issuerSerial = first.optional(Tag.sequence, 'issuer and serial number')?.children();
  if (!issuerSerial) return true;
  const [name, ...more] = [...issuerSerial.next('issuer', Tag.sequence).children()];
  const serial = integerHex(issuerSerial.next('serial number'), 'serial number');
  if (!name || more.length > 0 || name.tag !== context(4)) return false;
  const issuer = readName(name.children().next('issuer'));
  return serial === certificate.serial && nameKey(issuer) === nameKey(certificate.issuer);
}

/**
 * True if the protected algorithms are those of the signer, parameters included; a digest's NULL
 * parameters count as none.
 */
export function protectsAlgorithms(element: Element, digest: Element, signature: Element): boolean {
  const inside = element.as(Tag.sequence, 'algorithm protection').children();
  const own = inside.next('digest algorithm', Tag.sequence);
  const signed = inside.next('signature algorithm', context(1));
  inside.finish('algorithm protection');
  const hash = readDigest(own);
  return hash !== undefined && hash === readDigest(digest) && signed.content.equals(signature.content);
}
