/**
 * A small certificate authority: a root whose key stays off line, an issuing intermediate,
 * certificates for login and for mail.
 *
 * Everything is a value: keys and the time come in, certificates go out; nothing is stored here.
 * RFC 5280 is the profile, the serial numbers have 126 random bits, and every certificate begins an
 * hour ago, since the clocks of old systems are slow.
 *
 * Roll-over (RFC 4210 section 4.4): the new authority's key is certified by the old one as well
 * (`crossSign`), so that whoever trusts only the old root accepts new certificates, and the other
 * way round; after the last old certificate has expired the old root is dropped.
 */
import { createHash, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { RandomBytes } from '../../domain/effects.ts';
import { type Result, fail, ok } from '../../domain/result.ts';
import { type Instant, type Milliseconds, days, hours, instant } from '../../domain/units.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import type { CertificateRequest } from './certificate-request.ts';
import { type Encoded, encode, explicit, integer, sequence, sequenceOf, time } from './der.ts';
import { type Name, encodeName } from './distinguished-name.ts';
import * as write from './extensions.ts';
import { Oid } from './oids.ts';
import { algorithmFor, encodeAlgorithm, sign } from './signature.ts';

export type KeyKind = 'p256' | 'p384' | 'rsa2048' | 'rsa3072' | 'rsa4096';

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** A certificate with its private key, able to sign. */
export interface Authority {
  readonly certificate: Certificate;
  readonly privateKey: KeyObject;
}

/** What every issue needs from the world. */
export interface IssueContext {
  readonly now: Instant;
  readonly random: RandomBytes;
}

const generate = promisify(generateKeyPair);
const BACKDATE = hours(1);
/** Where the CRL of an authority is found; in every certificate that it issues. */
export interface RevocationPlace {
  readonly crlUrls?: readonly string[];
}

/** A fresh key pair, made in the thread pool (RSA-3072 takes half a second of processor time). */
export function makeKeyPair(kind: KeyKind): Promise<KeyPair> {
  if (kind === 'p256' || kind === 'p384') return generate('ec', { namedCurve: kind === 'p256' ? 'P-256' : 'P-384' });
  return generate('rsa', { modulusLength: Number(kind.slice(3)), publicExponent: 0x10001 });
}

interface Body {
  readonly issuer: Name;
  readonly subject: Name;
  readonly publicKey: KeyObject;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  readonly extensions: readonly Encoded[];
}

/**
 * A serial number of 16 octets, never zero and never negative: the top bits are 01, so that the
 * length is always the same.
 */
function serialFrom(random: RandomBytes): Buffer {
  const serial = Buffer.from(random(16));
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}

async function certify(signer: KeyObject, body: Body, random: RandomBytes): Promise<Certificate> {
  const algorithm = algorithmFor(signer);
  const encoded = encodeAlgorithm(algorithm);
  const signed = encode(
    sequence(
      explicit(0, integer(2)),
      integer(serialFrom(random)),
      encoded,
      encodeName(body.issuer),
      sequence(time(body.notBefore), time(body.notAfter)),
      encodeName(body.subject),
      write.publicKeyInfo(body.publicKey),
      explicit(3, sequenceOf(body.extensions)),
    ),
  );
  const read = readCertificate(write.signedFrame(signed, encoded, await sign(algorithm, signed, signer)));
  if (!read.ok) throw new Error(`A certificate that we made cannot be read back: ${read.error.text}`);
  return read.value;
}

const authorityExtensions = (publicKey: KeyObject, pathLength: number | 'any'): readonly Encoded[] => [
  write.basicConstraints(pathLength),
  write.keyUsage('keyCertSign', 'cRLSign'),
  write.subjectKeyId(write.keyIdOf(publicKey)),
];
/**
 * The identifier as it stands in the issuer's certificate: a foreign one may have been computed in
 * another way.
 */
const issuerId = ({ certificate }: Authority): Encoded =>
  write.authorityKeyId(
    certificate.subjectKeyId === undefined
      ? write.keyIdOf(certificate.publicKey)
      : Buffer.from(certificate.subjectKeyId, 'hex'),
  );
const places = ({ crlUrls = [] }: RevocationPlace): readonly Encoded[] =>
  crlUrls.length === 0 ? [] : [write.distributionPoints(crlUrls)];

/**
 * Makes a self-signed root. It has no path length: one would forbid to cross-sign the next root,
 * which has an authority below itself.
 */
export async function makeRoot(
  options: { readonly subject: Name; readonly keys: KeyPair; readonly lifetime: Milliseconds },
  { now, random }: IssueContext,
): Promise<Authority> {
  const { subject, keys } = options;
  const body: Body = {
    issuer: subject,
    subject,
    publicKey: keys.publicKey,
    notBefore: instant(now - BACKDATE),
    notAfter: instant(now + options.lifetime),
    extensions: [...authorityExtensions(keys.publicKey, 'any'), write.authorityKeyId(write.keyIdOf(keys.publicKey))],
  };
  return { certificate: await certify(keys.privateKey, body, random), privateKey: keys.privateKey };
}

/** No certificate outlives its issuer: a path through an expired authority is no path. */
const within = (issuer: Authority, wanted: number): Instant => instant(Math.min(wanted, issuer.certificate.notAfter));

/**
 * Certifies the key of an issuing authority, which may have none below it (path length 0). The
 * root's key is needed only here.
 */
export function issueAuthority(
  root: Authority,
  options: RevocationPlace & { readonly subject: Name; readonly publicKey: KeyObject; readonly lifetime: Milliseconds },
  { now, random }: IssueContext,
): Promise<Certificate> {
  const body: Body = {
    issuer: root.certificate.subject,
    subject: options.subject,
    publicKey: options.publicKey,
    notBefore: instant(now - BACKDATE),
    notAfter: within(root, now + options.lifetime),
    extensions: [...authorityExtensions(options.publicKey, 0), issuerId(root), ...places(options)],
  };
  return certify(root.privateKey, body, random);
}

/**
 * Certifies the name and key of another authority by `signer`: for roll-over. Valid as long as both
 * are. The result goes beside the chain that servers and clients send; it is no anchor.
 */
export function crossSign(
  signer: Authority,
  other: Certificate,
  { now, random, crlUrls = [] }: IssueContext & RevocationPlace,
): Promise<Certificate> {
  const { basicConstraints, publicKey, subjectKeyId } = other;
  if (!basicConstraints?.ca) throw new RangeError('Cannot cross-sign a certificate that is not an authority');
  const body: Body = {
    issuer: signer.certificate.subject,
    subject: other.subject,
    publicKey,
    notBefore: instant(now - BACKDATE),
    notAfter: within(signer, other.notAfter),
    extensions: [
      // The cross-signed authority gets the path length that its own certificate has, or 1: a root
      // needs one authority below it.
      write.basicConstraints(basicConstraints.pathLength ?? 1),
      write.keyUsage('keyCertSign', 'cRLSign'),
      write.subjectKeyId(subjectKeyId === undefined ? write.keyIdOf(publicKey) : Buffer.from(subjectKeyId, 'hex')),
      issuerId(signer),
      ...places({ crlUrls }),
    ],
  };
  return certify(signer.privateKey, body, random);
}

export interface EndEntity extends RevocationPlace {
  /**
   * `login`: TLS client authentication. `mail`: S/MIME signing and encryption. `server`: a TLS
   * server, for development.
   */
  readonly use: 'login' | 'mail' | 'server';
  readonly subject: Name;
  readonly publicKey: KeyObject;
  /** ASCII addresses; a `mail` certificate needs at least one. */
  readonly emails: readonly string[];
  /** Names and IP addresses; a `server` certificate needs at least one. */
  readonly hosts?: readonly string[];
  readonly notAfter: Instant;
}

const purposes = { login: Oid.clientAuth, mail: Oid.emailProtection, server: Oid.serverAuth } as const;

const isEmail = (text: string): boolean => /^[\x21-\x3f\x41-\x7e]+@[a-z0-9.-]+$/i.test(text) && text.length <= 254;

function usageOf({ use, publicKey }: EndEntity): Encoded {
  // Every suite of TLS that we speak agrees on its key: a key of RSA only signs there.
  if (use !== 'mail') return write.keyUsage('digitalSignature');
  // An RSA key unwraps the content key, an EC key agrees on it (RFC 5480 section 3, RFC 8551
  // section 4).
  return write.keyUsage('digitalSignature', publicKey.asymmetricKeyType === 'rsa' ? 'keyEncipherment' : 'keyAgreement');
}

/**
 * Issues a certificate for an account. Throws `RangeError` on what the caller should have checked.
 */
export function issue(authority: Authority, entity: EndEntity, { now, random }: IssueContext): Promise<Certificate> {
  const wrong = entity.emails.find((email) => !isEmail(email));
  if (wrong !== undefined) throw new RangeError(`Cannot put "${wrong}" into a certificate; expected an ASCII address`);
  if (entity.use === 'mail' && entity.emails.length === 0)
    throw new RangeError('Cannot issue a mail certificate without an address');
  const { hosts = [] } = entity;
  if (entity.use === 'server' && hosts.length === 0)
    throw new RangeError('Cannot issue a server certificate without a host name');
  const notAfter = within(authority, entity.notAfter);
  if (notAfter <= now)
    throw new RangeError(`Cannot issue a certificate that ends at ${new Date(notAfter).toISOString()}, which is past`);
  const body: Body = {
    issuer: authority.certificate.subject,
    subject: entity.subject,
    publicKey: entity.publicKey,
    notBefore: instant(Math.max(now - BACKDATE, authority.certificate.notBefore)),
    notAfter,
    extensions: [
      write.basicConstraints(undefined),
      usageOf(entity),
      write.extendedKeyUsage(purposes[entity.use]),
      write.subjectKeyId(write.keyIdOf(entity.publicKey)),
      issuerId(authority),
      ...(entity.emails.length + hosts.length > 0 ? [write.alternativeNames(entity.emails, hosts)] : []),
      ...places(entity),
    ],
  };
  return certify(authority.privateKey, body, random);
}

/**
 * A certificate by its own key, for a signer that no authority stands behind: who checks its
 * signatures was given the certificate itself. It may sign mail, so that every S/MIME program
 * checks them.
 */
export function selfSigned(
  options: { readonly subject: Name; readonly keys: KeyPair; readonly email: string; readonly notAfter: Instant },
  { now, random }: IssueContext,
): Promise<Certificate> {
  const { subject, keys, email, notAfter } = options;
  if (!isEmail(email)) throw new RangeError(`Cannot put "${email}" into a certificate; expected an ASCII address`);
  const body: Body = {
    issuer: subject,
    subject,
    publicKey: keys.publicKey,
    notBefore: instant(now - BACKDATE),
    notAfter,
    extensions: [
      write.basicConstraints(undefined),
      write.keyUsage('digitalSignature', 'nonRepudiation'),
      write.extendedKeyUsage(Oid.emailProtection),
      write.subjectKeyId(write.keyIdOf(keys.publicKey)),
      write.authorityKeyId(write.keyIdOf(keys.publicKey)),
      write.alternativeNames([email], []),
    ],
  };
  return certify(keys.privateKey, body, random);
}

/**
 * Which of the names in a request its owner may have: all of them, or the first one that is not
 * allowed. Names not asked for are not given.
 */
export function allowedEmails(
  request: CertificateRequest,
  isAllowed: (email: string) => boolean,
): Result<readonly string[], { readonly kind: 'not-allowed'; readonly text: string }> {
  const asked = request.alternativeNames.flatMap((name) => (name.kind === 'email' ? [name.value] : []));
  const old = request.subject.flat().flatMap((a) => (a.type === Oid.emailAddress ? [a.value] : []));
  const emails = [...new Set([...asked, ...old])];
  const foreign = emails.find((email) => !isAllowed(email));
  if (foreign !== undefined)
    return fail({
      kind: 'not-allowed',
      text: `The request asks for "${foreign}", which is not an active address of the account; register it first, or make the request without it`,
    });
  return ok(emails);
}

/**
 * An end date for one of many certificates: up to `window` before `latest`, the same for one `id`
 * every time. Without it, a batch that was issued in one night would expire in one night as well.
 */
export function spreadEnd(latest: Instant, window: Milliseconds, id: string): Instant {
  const fraction = createHash('sha256').update(id).digest().readUInt32BE(0) / 2 ** 32;
  const at = latest - Math.floor(fraction * window);
  return instant(at - (at % days(1)) - 1000); // The last second of a day.
}
