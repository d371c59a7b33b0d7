/**
 * Extensions of certificates and requests (RFC 5280 section 4.2): read into plain values, and
 * written.
 */
import { createHash, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { addressOctets } from '../../platform/network.ts';
import { type Cursor, DER_LIMITS, type Element, parse } from './ber.ts';
import { bitOctets, booleanValue, namedBitNumbers, oidValue, smallInteger, textValue } from './ber-values.ts';
import {
  type Encoded,
  Tag,
  bitString,
  boolean,
  context,
  encode,
  explicit,
  ia5,
  integer,
  namedBits,
  octetString,
  oid,
  sequence,
  sequenceOf,
  value,
} from './der.ts';
import { Oid } from './oids.ts';

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  /** The encoding inside the OCTET STRING. */
  readonly content: Buffer;
}

/** Bits of keyUsage, in their order (section 4.2.1.3). */
export const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;
export type KeyUsage = (typeof KEY_USAGES)[number];

/**
 * A subject's alternative name. `other`: a text under an object identifier, as UZI certificates
 * carry the subscriber number.
 */
export type AlternativeName =
  | { readonly kind: 'dns' | 'email' | 'uri'; readonly value: string }
  | { readonly kind: 'ip'; readonly value: string }
  | { readonly kind: 'other'; readonly oid: string; readonly value: string };

const MAX_EXTENSIONS = 64;
const MAX_NAMES = 256;

/**
 * Reads Extensions. One that stands there twice is refused (section 4.2), as two readers would
 * believe different ones.
 */
export function readExtensions(element: Element): ReadonlyMap<string, Extension> {
  const found = new Map<string, Extension>();
  for (const each of element.as(Tag.sequence, 'extensions').children()) {
    const inside = each.as(Tag.sequence, 'extension').children();
    const dotted = oidValue(inside.next('extension identifier'), 'extension identifier');
    const critical = inside.optional(Tag.boolean, 'criticality');
    const content = inside.next(`extension ${dotted}`, Tag.octetString).content;
    inside.finish(`extension ${dotted}`);
    if (found.has(dotted)) throw each.error('malformed', `the extension ${dotted} is there twice`);
    if (found.size >= MAX_EXTENSIONS) throw each.error('limit', `there are more than ${MAX_EXTENSIONS} extensions`);
    found.set(dotted, {
      oid: dotted,
      critical: critical !== undefined && booleanValue(critical, 'criticality'),
      content,
    });
  }
  return found;
}

/** Content of one extension as a value of its own; offsets in errors count from its first octet. */
const inside = (extension: Extension): Element => parse(extension.content, DER_LIMITS);

export function readKeyUsage(extension: Extension): ReadonlySet<KeyUsage> {
  return new Set(namedBitNumbers(inside(extension), 'key usage').flatMap((bit) => KEY_USAGES[bit] ?? []));
}

export const readExtendedKeyUsage = (extension: Extension): readonly string[] =>
  [...inside(extension).as(Tag.sequence, 'extended key usage').children()].map((e) =>
    oidValue(e, 'extended key usage'),
  );

export interface BasicConstraints {
  readonly ca: boolean;
  /** How many authorities may stand below this one. */
  readonly pathLength?: number;
}
export function readBasicConstraints(extension: Extension): BasicConstraints {
  const parts = inside(extension).as(Tag.sequence, 'basic constraints').children();
  const flag = parts.optional(Tag.boolean, 'CA flag');
  const length = parts.optional(Tag.integer, 'path length');
  parts.finish('basic constraints');
  const ca = flag !== undefined && booleanValue(flag, 'CA flag');
  return length === undefined ? { ca } : { ca, pathLength: smallInteger(length, 'path length') };
}

const KINDS = { 0x81: 'email', 0x82: 'dns', 0x86: 'uri' } as const;
const ascii = (element: Element): string => {
  const text = element.content.toString('latin1');
  // An embedded NUL once let "bank.example\0.evil.example" pass for "bank.example" in several
  // libraries.
  if (!/^[\x21-\x7e]+$/.test(text))
    throw element.error('malformed', 'an alternative name has a character that is not printable');
  return text;
};
const ipText = (octets: Buffer): string =>
  octets.length === 4 ? octets.join('.') : (octets.toString('hex').match(/.{4}/g) ?? []).join(':');

function readGeneralName(element: Element): AlternativeName | undefined {
  const kind = KINDS[element.tag as keyof typeof KINDS] as 'email' | 'dns' | 'uri' | undefined;
  if (kind !== undefined) return { kind, value: ascii(element) };
  if (element.tag === 0x87) return { kind: 'ip', value: ipText(element.content) };
  if (element.tag !== context(0)) return undefined;
  const parts = element.children();
  const dotted = oidValue(parts.next('kind of name'), 'kind of name');
  const text = textValue(parts.next('name', context(0)).children().next('name'), 'name');
  return text === undefined ? undefined : { kind: 'other', oid: dotted, value: text };
}

/**
 * Reads GeneralNames; kinds that we have no use for (directory names, EDI party names) are left
 * out.
 */
export function readGeneralNames(names: Cursor): readonly AlternativeName[] {
  const found: AlternativeName[] = [];
  let count = 0;
  for (const element of names) {
    if (++count > MAX_NAMES) throw element.error('limit', `there are more than ${MAX_NAMES} alternative names`);
    const name = readGeneralName(element);
    if (name !== undefined) found.push(name);
  }
  return found;
}
export const readAlternativeNames = (extension: Extension): readonly AlternativeName[] =>
  readGeneralNames(inside(extension).as(Tag.sequence, 'alternative names').children());

/** The key identifier, lowercase hexadecimal. */
export const readSubjectKeyId = (extension: Extension): string =>
  inside(extension).as(Tag.octetString, 'subject key identifier').content.toString('hex');
export function readAuthorityKeyId(extension: Extension): string | undefined {
  const parts = inside(extension).as(Tag.sequence, 'authority key identifier').children();
  return parts.optional(context(0, 'primitive'), 'key identifier')?.content.toString('hex');
}

/** `[0] { fullName [0] GeneralNames }`: the URIs in it. */
export function readDistributionPointName(point: Element): readonly string[] {
  const full = point.children().optional(context(0), 'full name');
  return full === undefined
    ? []
    : readGeneralNames(full.children()).flatMap((n) => (n.kind === 'uri' ? [n.value] : []));
}
export function readDistributionPoints(extension: Extension): readonly string[] {
  return [...inside(extension).as(Tag.sequence, 'distribution points').children()].flatMap((each) => {
    const name = each.as(Tag.sequence, 'distribution point').children().optional(context(0), 'name');
    return name === undefined ? [] : readDistributionPointName(name);
  });
}

// --- writing

export const extension = (dotted: string, content: Encoded, critical = false): Encoded =>
  sequence(oid(dotted), ...(critical ? [boolean(true)] : []), octetString(content));

export const keyUsage = (...usages: readonly KeyUsage[]): Encoded =>
  extension(Oid.keyUsage, namedBits(usages.map((usage) => KEY_USAGES.indexOf(usage))), true);
export const extendedKeyUsage = (...purposes: readonly string[]): Encoded =>
  extension(Oid.extendedKeyUsage, sequenceOf(purposes.map((dotted) => oid(dotted))));
/**
 * `ca`: undefined for an end entity; a number or 'any' for an authority that may have so many
 * authorities below it.
 */
export const basicConstraints = (ca: number | 'any' | undefined): Encoded =>
  extension(
    Oid.basicConstraints,
    sequence(...(ca === undefined ? [] : [boolean(true)]), ...(typeof ca === 'number' ? [integer(ca)] : [])),
    true,
  );
/** `hosts`: names and IP addresses. */
export const alternativeNames = (emails: readonly string[], hosts: readonly string[]): Encoded =>
  extension(Oid.subjectAltName, sequenceOf([...emails.map((email) => ia5(email, 0x81)), ...hosts.map(hostName)]));
/**
 * An IP address written as a dNSName would be accepted by no program (RFC 5280 section 4.2.1.6, RFC
 * 9525 section 6.4).
 */
const hostName = (host: string): Encoded => (isIP(host) === 0 ? ia5(host, 0x82) : value(0x87, addressOctets(host)));
/**
 * First 160 bits of SHA-256 over the public key (RFC 7093 section 2 method 1): the older method
 * asks for SHA-1.
 */
export function keyIdOf(publicKey: KeyObject): Buffer {
  const spki = parse(publicKey.export({ type: 'spki', format: 'der' })).children();
  spki.next('algorithm');
  return createHash('sha256')
    .update(bitOctets(spki.next('public key'), 'public key'))
    .digest()
    .subarray(0, 20);
}
export const subjectKeyId = (keyId: Buffer): Encoded => extension(Oid.subjectKeyIdentifier, octetString(keyId));
export const authorityKeyId = (keyId: Buffer): Encoded =>
  extension(Oid.authorityKeyIdentifier, sequence(value(context(0, 'primitive'), keyId)));
export const distributionPoints = (urls: readonly string[]): Encoded =>
  extension(
    Oid.crlDistributionPoints,
    sequenceOf(urls.map((url) => sequence(explicit(0, explicit(0, ia5(url, 0x86)))))),
  );

/** SubjectPublicKeyInfo. */
export const publicKeyInfo = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });
/**
 * `signed = SEQUENCE { body, algorithm, BIT STRING }`: the frame of certificates, CRLs and
 * requests.
 */
export const signedFrame = (body: Buffer, algorithm: Encoded, signature: Buffer): Buffer =>
  encode(sequence(body, algorithm, bitString(signature)));
