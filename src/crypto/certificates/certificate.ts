/**
 * Reads an X.509 certificate (RFC 5280) into a value that says everything a decision needs.
 *
 * We read the structure ourselves: `node:crypto` gives names as text that cannot be compared by
 * meaning, and hides the signature algorithm. Keys and signatures are left to `node:crypto`.
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { type Result } from '../../domain/result.ts';
import type { Instant } from '../../domain/units.ts';
import { type Cursor, DER_LIMITS, type Element, type Unreadable, parse, reading } from './ber.ts';
import { bitOctets, integerHex, smallInteger, timeValue } from './ber-values.ts';
import { Tag, context } from './der.ts';
import { type Name, readName } from './distinguished-name.ts';
import {
  type AlternativeName,
  type BasicConstraints,
  type Extension,
  type KeyUsage,
  readAlternativeNames,
  readAuthorityKeyId,
  readBasicConstraints,
  readDistributionPoints,
  readExtendedKeyUsage,
  readExtensions,
  readKeyUsage,
  readSubjectKeyId,
} from './extensions.ts';
import { Oid } from './oids.ts';
import { decodePem, derOf, encodePem } from './pem.ts';
import { type SignatureAlgorithm, readSignatureAlgorithm } from './signature.ts';

export interface Certificate {
  readonly der: Buffer;
  /** Lowercase hexadecimal without leading zeros. */
  readonly serial: string;
  readonly issuer: Name;
  readonly subject: Name;
  readonly notBefore: Instant;
  /** Valid up to and including this second. */
  readonly notAfter: Instant;
  readonly publicKey: KeyObject;
  readonly key: KeyDescription;
  readonly signature: SignatureAlgorithm;
  readonly alternativeNames: readonly AlternativeName[];
  readonly basicConstraints?: BasicConstraints;
  readonly keyUsage?: ReadonlySet<KeyUsage>;
  /** Dotted identifiers; undefined means any purpose. */
  readonly extendedKeyUsage?: readonly string[];
  readonly subjectKeyId?: string;
  readonly authorityKeyId?: string;
  readonly crlUrls: readonly string[];
  /**
   * Critical extensions that we do not process: nothing with one of these is ever trusted (section
   * 4.2).
   */
  readonly unknownCritical: readonly string[];
  /** SHA-256 over the whole certificate, lowercase hexadecimal. */
  readonly fingerprint: string;
  /** The octets that the signature covers, followed by the signature. */
  readonly signed: Buffer;
  readonly signatureValue: Buffer;
}

export interface KeyDescription {
  readonly kind: 'rsa' | 'ec' | 'ed25519' | 'other';
  /** Bits of the modulus or of the field. */
  readonly bits: number;
  readonly curve?: string;
}

/** Curves of NIST, and the Brainpool curves, which the NCSC calls good as well. */
const CURVE_BITS: Readonly<Record<string, number>> = {
  prime256v1: 256,
  secp384r1: 384,
  secp521r1: 521,
  brainpoolP256r1: 256,
  brainpoolP384r1: 384,
  brainpoolP512r1: 512,
};

export function describeKey(key: KeyObject): KeyDescription {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'rsa-pss')
    return { kind: 'rsa', bits: modulusLength ?? 0 };
  if (key.asymmetricKeyType === 'ec' && namedCurve !== undefined)
    return { kind: 'ec', bits: CURVE_BITS[namedCurve] ?? 0, curve: namedCurve };
  return key.asymmetricKeyType === 'ed25519' ? { kind: 'ed25519', bits: 256 } : { kind: 'other', bits: 0 };
}

/** RSA below 2048 bits can be broken; of a curve without a known name nobody knows. */
export const isWeakKey = ({ kind, bits }: KeyDescription): boolean =>
  kind === 'other' || bits < (kind === 'rsa' ? 2048 : 256);

/**
 * Bits of the exponent of an RSA key; real ones have 17. A check of a signature takes time with
 * each bit, and requests are checked for whoever asks: one of 3072 bits held the loop for 30 ms.
 * OpenSSL has the same limit, but above 3072 bits of modulus only.
 */
const MAX_EXPONENT_BITS = 64;

/**
 * Bits of the modulus of an RSA key: authorities use 4096. With 64 bits of exponent a check takes 1
 * ms at 8192 and 5 ms at 16384, OpenSSL's limit.
 */
const MAX_MODULUS_BITS = 8192;

/** Reads a SubjectPublicKeyInfo. */
export function readPublicKey(element: Element): KeyObject {
  const { raw } = element.as(Tag.sequence, 'public key');
  const key = publicKeyOf(raw);
  if (key === undefined) throw element.error('unsupported', 'the public key is of a kind that cannot be used');
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) > MAX_MODULUS_BITS)
    throw element.error('unsupported', `the RSA key has more than ${MAX_MODULUS_BITS} bits`);
  if ((key.asymmetricKeyDetails?.publicExponent ?? 0n) >> BigInt(MAX_EXPONENT_BITS) > 0n)
    throw element.error('unsupported', `the exponent of the RSA key has more than ${MAX_EXPONENT_BITS} bits`);
  return key;
}

function publicKeyOf(raw: Buffer): KeyObject | undefined {
  try {
    return createPublicKey({ key: raw, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

/**
 * Extensions whose meaning is honoured here or in `certificate-path.ts`. Policies: none is asked
 * for, so any will do.
 */
const PROCESSED: ReadonlySet<string> = new Set([
  Oid.subjectKeyIdentifier,
  Oid.keyUsage,
  Oid.subjectAltName,
  Oid.basicConstraints,
  Oid.crlDistributionPoints,
  Oid.certificatePolicies,
  Oid.authorityKeyIdentifier,
  Oid.extendedKeyUsage,
]);

function details(
  extensions: ReadonlyMap<string, Extension>,
): Partial<Certificate> & Pick<Certificate, 'alternativeNames' | 'crlUrls' | 'unknownCritical'> {
  const get = <T>(dotted: string, read: (extension: Extension) => T): T | undefined => {
    const found = extensions.get(dotted);
    return found && read(found);
  };
  const basic = get(Oid.basicConstraints, readBasicConstraints);
  const usage = get(Oid.keyUsage, readKeyUsage);
  const purposes = get(Oid.extendedKeyUsage, readExtendedKeyUsage);
  const own = get(Oid.subjectKeyIdentifier, readSubjectKeyId);
  const authority = get(Oid.authorityKeyIdentifier, readAuthorityKeyId);
  return {
    alternativeNames: get(Oid.subjectAltName, readAlternativeNames) ?? [],
    crlUrls: get(Oid.crlDistributionPoints, readDistributionPoints) ?? [],
    unknownCritical: [...extensions.values()].flatMap((e) => (e.critical && !PROCESSED.has(e.oid) ? [e.oid] : [])),
    ...(basic && { basicConstraints: basic }),
    ...(usage && { keyUsage: usage }),
    ...(purposes && { extendedKeyUsage: purposes }),
    ...(own !== undefined && { subjectKeyId: own }),
    ...(authority !== undefined && { authorityKeyId: authority }),
  };
}

function readVersion(body: Cursor): number {
  const version = body.optional(context(0), 'version');
  return version === undefined ? 0 : smallInteger(version.children().next('version'), 'version');
}

function readDer(der: Buffer): Certificate {
  const outer = parse(der, DER_LIMITS).as(Tag.sequence, 'certificate').children();
  const signed = outer.next('certificate body', Tag.sequence);
  const outerAlgorithm = outer.next('signature algorithm');
  const signatureValue = bitOctets(outer.next('signature'), 'signature');
  outer.finish('certificate');

  const body = signed.children();
  const version = readVersion(body);
  const serial = body.next('serial number');
  const algorithm = body.next('signature algorithm');
  // The outer copy is not signed; if it could differ, an attacker could change how the signature is
  // read (section 4.1.1.2).
  if (!algorithm.raw.equals(outerAlgorithm.raw))
    throw algorithm.error('malformed', 'the signature algorithm inside differs from the one outside');
  const issuer = readName(body.next('issuer'));
  const validity = body.next('validity', Tag.sequence).children();
  const notBefore = timeValue(validity.next('start of validity'), 'start of validity');
  const notAfter = timeValue(validity.next('end of validity'), 'end of validity');
  validity.finish('validity');
  const subject = readName(body.next('subject'));
  const publicKey = readPublicKey(body.next('public key'));
  body.optional(context(1, 'primitive'), 'issuer id');
  body.optional(context(2, 'primitive'), 'subject id');
  const extensions = body.optional(context(3), 'extensions');
  body.finish('certificate body');
  if (extensions && version !== 2)
    throw extensions.error('malformed', 'only a version 3 certificate may have extensions');
  return {
    der,
    serial: integerHex(serial, 'serial number'),
    issuer,
    subject,
    notBefore,
    notAfter,
    publicKey,
    key: describeKey(publicKey),
    signature: readSignatureAlgorithm(algorithm),
    ...details(extensions ? readExtensions(extensions.children().next('extensions')) : new Map<string, Extension>()),
    fingerprint: createHash('sha256').update(der).digest('hex'),
    signed: signed.raw,
    signatureValue,
  };
}

/** One certificate, DER or PEM with exactly one certificate. */
export function readCertificate(input: Buffer | string): Result<Certificate, Unreadable> {
  const der = derOf(input, 'certificate', 'CERTIFICATE');
  return der.ok ? reading('certificate', () => readDer(der.value)) : der;
}

/** All certificates of a PEM file, in order; one that cannot be read fails the whole. */
export function readCertificates(pem: string): Result<readonly Certificate[], Unreadable> {
  const blocks = decodePem(pem);
  if (!blocks.ok) return blocks;
  const found: Certificate[] = [];
  for (const { label, octets } of blocks.value) {
    if (label !== 'CERTIFICATE') continue;
    const certificate = reading(`certificate ${found.length + 1}`, () => readDer(octets));
    if (!certificate.ok) return certificate;
    found.push(certificate.value);
  }
  return { ok: true, value: found };
}

export const certificatePem = (certificate: Certificate): string => encodePem('CERTIFICATE', certificate.der);

/**
 * Mail addresses that the certificate stands for: alternative names first, then the old place in
 * the subject. As written.
 */
export const emailsOf = (certificate: Certificate): readonly string[] => {
  const names = certificate.alternativeNames.flatMap((n) => (n.kind === 'email' ? [n.value] : []));
  const old = certificate.subject.flat().flatMap((a) => (a.type === Oid.emailAddress ? [a.value] : []));
  return [...new Set([...names, ...old])];
};
