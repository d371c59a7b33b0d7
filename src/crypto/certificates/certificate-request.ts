/**
 * Certificate requests (PKCS #10, RFC 2986): a practice's own software made the key, and the key
 * never leaves it.
 *
 * From a request only the public key and the names are taken, and names only as far as the caller
 * allows them; what else it asks for (purposes, "make me an authority") is not even looked at. Its
 * signature proves that the sender has the private key.
 */
import type { KeyObject } from 'node:crypto';
import { type Result, fail } from '../../domain/result.ts';
import { DER_LIMITS, type Element, type Unreadable, parse, reading } from './ber.ts';
import { bitOctets, oidValue, smallInteger } from './ber-values.ts';
import { type KeyDescription, describeKey, isWeakKey, readPublicKey } from './certificate.ts';
import { Tag, context, encode, integer, oid, sequence, sequenceOf, setOf, value } from './der.ts';
import { type Name, encodeName, readName } from './distinguished-name.ts';
import {
  type AlternativeName,
  alternativeNames,
  publicKeyInfo,
  readAlternativeNames,
  readExtensions,
  signedFrame,
} from './extensions.ts';
import { Oid } from './oids.ts';
import { derOf, encodePem } from './pem.ts';
import {
  type SignatureAlgorithm,
  algorithmFor,
  algorithmText,
  encodeAlgorithm,
  isWeak,
  readSignatureAlgorithm,
  sign,
  verify,
} from './signature.ts';

export interface CertificateRequest {
  readonly der: Buffer;
  readonly subject: Name;
  readonly publicKey: KeyObject;
  readonly key: KeyDescription;
  readonly alternativeNames: readonly AlternativeName[];
  readonly signature: SignatureAlgorithm;
}

export interface RequestProblem {
  readonly kind: Unreadable['kind'] | 'no-proof' | 'weak-signature' | 'weak-key';
  readonly text: string;
  readonly offset?: number;
}

/** Alternative names out of the extensionRequest attribute (RFC 2985 section 5.4.2). */
function requestedNames(attributes: Element): readonly AlternativeName[] {
  for (const attribute of attributes.children()) {
    const inside = attribute.as(Tag.sequence, 'attribute').children();
    if (oidValue(inside.next('attribute type'), 'attribute type') !== Oid.extensionRequest) continue;
    const extensions = readExtensions(
      inside.next('requested extensions', Tag.set).children().next('requested extensions'),
    );
    const names = extensions.get(Oid.subjectAltName);
    return names ? readAlternativeNames(names) : [];
  }
  return [];
}

interface Parsed {
  readonly request: CertificateRequest;
  readonly signed: Buffer;
  readonly signatureValue: Buffer;
}

/**
 * RFC 5480 section 2.1.1: a curve that is written out in the key is none for a certificate; others
 * than OpenSSL do not read it.
 */
function namedCurveOf(publicKey: Element): void {
  const algorithm = publicKey.children().next('key algorithm', Tag.sequence).children();
  algorithm.next('key algorithm');
  const curve = algorithm.next('curve');
  if (curve.tag !== Tag.oid) throw curve.error('unsupported', 'the curve of the key has no name, but is written out');
}

function readDer(der: Buffer): Parsed {
  const outer = parse(der, DER_LIMITS).as(Tag.sequence, 'request').children();
  const body = outer.next('request body', Tag.sequence);
  const algorithm = readSignatureAlgorithm(outer.next('signature algorithm'));
  const signatureValue = bitOctets(outer.next('signature'), 'signature');
  outer.finish('request');
  const inside = body.children();
  smallInteger(inside.next('version'), 'version');
  const subject = readName(inside.next('subject'));
  const given = inside.next('public key');
  const publicKey = readPublicKey(given);
  if (publicKey.asymmetricKeyType === 'ec') namedCurveOf(given);
  const attributes = inside.optional(context(0), 'attributes');
  inside.finish('request body');
  return {
    request: {
      der,
      subject,
      publicKey,
      key: describeKey(publicKey),
      alternativeNames: attributes ? requestedNames(attributes) : [],
      signature: algorithm,
    },
    signed: body.raw,
    signatureValue,
  };
}

const LABEL = 'CERTIFICATE REQUEST';
/**
 * Base64 of DER without the lines around it: DER of more than 127 octets begins with 30 81 or 30
 * 82.
 */
const BARE = /^MI[A-Za-z0-9+/\s]+={0,2}$/;

/** A file of a request as text: what is DER becomes PEM (RFC 7468 section 7). */
export const requestText = (file: Buffer): string =>
  file[0] === 0x30 ? encodePem(LABEL, file) : file.toString('utf8');

/**
 * Reads a request and checks that its sender holds the private key: DER, PEM, or the base64 of DER,
 * as a field of JSON can hold it.
 */
export function readCertificateRequest(input: Buffer | string): Result<CertificateRequest, RequestProblem> {
  const given = typeof input === 'string' && BARE.test(input.trim()) ? Buffer.from(input, 'base64') : input;
  const der = derOf(given, 'certificate request', LABEL, 'NEW CERTIFICATE REQUEST');
  if (!der.ok) return der;
  const parsed = reading('certificate request', () => readDer(der.value));
  if (!parsed.ok) return parsed;
  const { request, signed, signatureValue } = parsed.value;
  if (isWeakKey(request.key))
    return fail({
      kind: 'weak-key',
      text: `The request has a weak key (${request.key.kind} ${request.key.bits} bits); make one with RSA-3072 or EC P-256`,
    });
  if (isWeak(request.signature))
    return fail({
      kind: 'weak-signature',
      text: `The request is signed with ${algorithmText(request.signature)}; make one with SHA-256`,
    });
  if (!verify(request.signature, signed, signatureValue, request.publicKey))
    return fail({
      kind: 'no-proof',
      text: 'The request was not signed with the key it is for; make it again with the private key',
    });
  return { ok: true, value: request };
}

/** Makes a request; DER. */
export async function makeCertificateRequest(
  keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject },
  names: { readonly subject: Name; readonly emails?: readonly string[]; readonly hosts?: readonly string[] },
): Promise<Buffer> {
  const algorithm = algorithmFor(keys.privateKey);
  const { emails = [], hosts = [] } = names;
  const wanted = sequenceOf(emails.length + hosts.length === 0 ? [] : [alternativeNames(emails, hosts)]);
  const attribute = sequence(oid(Oid.extensionRequest), setOf([wanted]));
  const body = encode(
    sequence(
      integer(0),
      encodeName(names.subject),
      publicKeyInfo(keys.publicKey),
      value(context(0), ...(emails.length + hosts.length === 0 ? [] : [attribute])),
    ),
  );
  return signedFrame(body, encodeAlgorithm(algorithm), await sign(algorithm, body, keys.privateKey));
}
