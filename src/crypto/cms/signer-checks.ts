/**
 * What is asked of each signer, once the content has passed: every question of `verdict.ts`, each
 * by a function of its own.
 *
 * Signatures are checked by `node:crypto` alone.
 */
import { createVerify } from 'node:crypto';
import type { Address } from '../../domain/address.ts';
import type { Instant } from '../../domain/units.ts';
import { BerError, type Element } from '../certificates/ber.ts';
import { oidValue } from '../certificates/ber-values.ts';
import type { Certificate } from '../certificates/certificate.ts';
import { type PathOptions, type Purpose, findPath, judgeLeaf } from '../certificates/certificate-path.ts';
import { standsFor } from '../certificates/mail-certificate.ts';
import { Oid } from '../certificates/oids.ts';
import { algorithmText, fits, isWeak, paddedKey, verify } from '../certificates/signature.ts';
import {
  type CmsAttribute,
  namesCertificate,
  protectsAlgorithms,
  readCapabilities,
  readSigningTime,
  single,
} from './attributes.ts';
import type { Digests } from './content-digests.ts';
import { identifies } from './identifier.ts';
import type { CmsLimits } from './limits.ts';
import type { CertificateReader, SignedData, SignerInfo } from './signed-data.ts';
import { type Slices, paced } from './slices.ts';
import {
  type Check,
  type Finding,
  PASSED,
  type SignerVerdict,
  type Verification,
  failed,
  notChecked,
} from './verdict.ts';

export interface TrustOptions {
  readonly anchors: readonly Certificate[];
  readonly now: Instant;
  /** Default: `mail-signing`. */
  readonly purpose?: Purpose;
  /**
   * Called for every certificate below the anchor. There is no default, so that nobody leaves it
   * out by accident.
   */
  readonly revocation: NonNullable<PathOptions['revocation']>;
  /**
   * Who the message claims to be from; undefined: nobody knows, and the signature cannot be valid.
   */
  readonly address: Address | undefined;
  /** Certificates that we know: of signers who send none along, and of authorities. */
  readonly known?: readonly Certificate[];
  readonly limits?: CmsLimits;
  readonly readCertificate?: CertificateReader;
}

/**
 * Signed attributes have this text in their first 100 octets, so content that begins with it may be
 * the attributes of another message.
 */
const ATTRIBUTE_PREFIX = Buffer.from('06092a864886f70d0109', 'hex');

/** What is known of the content when it has passed. */
export interface Content {
  readonly octets: number;
  readonly digests: Digests;
  /** The first octets of the content. */
  readonly begin: Buffer;
  readonly again: () => Slices;
}

/** Runs a reader of an attribute; an attribute that cannot be read has not passed its check. */
function readOr<T>(otherwise: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof BerError) return otherwise;
    throw error;
  }
}

/** Attributes that must stand there exactly once. */
function required(
  list: readonly CmsAttribute[],
  type: string,
  name: string,
  good: (value: Element) => Finding,
): Finding {
  return readOr(failed(`the attribute ${name} cannot be read`), () => {
    const found = single(list, type);
    if (found.kind === 'value') return good(found.element);
    return failed(found.kind === 'absent' ? `there is no attribute ${name}` : `the attribute ${name} is there twice`);
  });
}

interface DigestFinding {
  readonly finding: Finding;
  readonly form: Verification['form'];
}

function digestFinding(signer: SignerInfo, { digests }: Content): DigestFinding {
  const { digest: hash, attributes } = signer;
  let form: Verification['form'] = 'exact';
  // Without attributes the signature itself is over the content, and its check says the same.
  if (!attributes) return { finding: PASSED, form };
  const finding = required(attributes.list, Oid.messageDigest, 'message-digest', (value) => {
    if (hash === undefined || hash === 'md5') return failed(`the digest ${hash ?? 'algorithm'} is not accepted`);
    const exact = digests.exact.get(hash);
    if (!exact) return failed(`the digest ${hash} was not announced before the content`);
    if (exact.equals(value.content)) return PASSED;
    if (digests.canonical?.get(hash)?.equals(value.content) !== true)
      return failed('the content is not what was signed');
    form = 'canonical';
    return PASSED;
  });
  return { finding, form };
}

function contentTypeFinding({ attributes }: SignerInfo, contentType: string): Finding {
  if (!attributes) return contentType === Oid.data ? PASSED : failed('the type of the content is not signed');
  return required(attributes.list, Oid.contentType, 'content-type', (value) =>
    oidValue(value, 'content type') === contentType ? PASSED : failed('the content is of another type than was signed'),
  );
}

/** Checks attributes that may be absent, and must be right if they are there. */
function attributesFinding(signer: SignerInfo, certificate: Certificate): Finding {
  const list = signer.attributes?.list ?? [];
  const optional = (type: string, name: string, good: (value: Element) => boolean, wrong: string): Finding =>
    list.some((a) => a.type === type)
      ? required(list, type, name, (value) => (good(value) ? PASSED : failed(wrong)))
      : PASSED;
  const other = 'another certificate is meant than the one that was sent along';
  const { digest, algorithm } = signer.encoded;
  const findings = [
    optional(Oid.signingCertificateV2, 'signingCertificateV2', (v) => namesCertificate(v, 'v2', certificate), other),
    optional(Oid.signingCertificate, 'signingCertificate', (v) => namesCertificate(v, 'v1', certificate), other),
    optional(
      Oid.algorithmProtection,
      'CMSAlgorithmProtection',
      (v) => protectsAlgorithms(v, digest, algorithm),
      'the algorithms are not those that were signed',
    ),
    optional(Oid.signingTime, 'signing-time', (v) => readSigningTime(v) > 0, 'the signing time makes no sense'),
  ];
  return findings.find((finding) => finding.kind !== 'passed') ?? PASSED;
}

/** A signature over the content itself, which is read once more. */
async function verifyContent(signer: SignerInfo, certificate: Certificate, content: Content): Promise<Finding> {
  const { algorithm, signature } = signer;
  if (algorithm.hash === undefined) return failed('a signature with Ed25519 without attributes is not understood');
  // Otherwise a signature over attributes would count for a content that consists of these
  // attributes.
  if (content.begin[0] === 0x31 && content.begin.includes(ATTRIBUTE_PREFIX))
    return failed('the content looks like the signed attributes of another message');
  const verifier = createVerify(algorithm.hash);
  for await (const slice of paced(content.again())) verifier.update(slice);
  try {
    if (verifier.verify(paddedKey(algorithm, certificate.publicKey), signature)) return PASSED;
  } catch {
    // OpenSSL throws on a signature that it cannot even parse.
  }
  return failed('the signature was not made over this content with the key of this certificate');
}

async function signatureFinding(signer: SignerInfo, certificate: Certificate, content: Content): Promise<Finding> {
  const { algorithm, digest, attributes, signature } = signer;
  if (algorithm.kind === 'unknown') return failed(`the signature algorithm ${algorithm.oid} is not understood`);
  if (algorithm.hash === 'md5' || digest === 'md5') return failed('MD5 is not accepted');
  // Ed25519 brings its own hash, and wants SHA-512 for the content (RFC 8419 section 3.1).
  if ((algorithm.hash ?? 'sha512') !== digest) return failed('the digest and the signature name different hashes');
  if (!fits(algorithm, certificate.publicKey))
    return failed(`the key of the certificate makes no signatures of kind ${algorithmText(algorithm)}`);
  if (!attributes) return verifyContent(signer, certificate, content);
  return verify(algorithm, attributes.signed, signature, certificate.publicKey)
    ? PASSED
    : failed('the signature was not made with the key of this certificate');
}

function strengthFinding(signer: SignerInfo, keyProblem: string | undefined): Finding {
  if (signer.digest === 'sha1' || isWeak(signer.algorithm))
    return failed('SHA-1 is weak: a second content can be made to fit');
  return keyProblem === undefined ? PASSED : failed(keyProblem);
}

/** Checks chain and revocation separately: a revoked certificate has a chain. */
function pathFindings(
  certificate: Certificate,
  critical: string | undefined,
  data: SignedData,
  trust: TrustOptions,
): { readonly chain: Finding; readonly revocation: Finding } {
  if (critical !== undefined) return { chain: failed(critical), revocation: notChecked('there is no chain') };
  const options: PathOptions = {
    anchors: trust.anchors,
    intermediates: [...data.certificates, ...(trust.known ?? [])],
    purpose: trust.purpose ?? 'mail-signing',
    now: trust.now,
    leaf: 'apart',
  };
  const whole = findPath(certificate, { ...options, revocation: trust.revocation });
  if (whole.kind === 'trusted') return { chain: PASSED, revocation: PASSED };
  const chain = findPath(certificate, options);
  if (chain.kind === 'trusted') return { chain: PASSED, revocation: failed(whole.text) };
  return { chain: failed(chain.text), revocation: notChecked('there is no chain') };
}

function addressFinding(certificate: Certificate, address: Address | undefined): Finding {
  if (address === undefined) return notChecked('nobody is named as the sender');
  return standsFor(certificate, address) ? PASSED : failed(`the certificate does not stand for the sender, ${address}`);
}

/**
 * Several certificates may claim the same name and number: the result is the one whose key made the
 * signature, else the first.
 */
async function findSigner(
  signer: SignerInfo,
  data: SignedData,
  content: Content,
  known: readonly Certificate[],
): Promise<{ readonly certificate: Certificate; readonly signature: Finding } | undefined> {
  const candidates = new Map(
    [...data.certificates, ...known].filter((c) => identifies(signer.identifier, c)).map((c) => [c.fingerprint, c]),
  );
  let first: { readonly certificate: Certificate; readonly signature: Finding } | undefined;
  for (const certificate of [...candidates.values()].slice(0, MAX_CANDIDATES)) {
    const signature = await signatureFinding(signer, certificate, content);
    first ??= { certificate, signature };
    if (signature.kind === 'passed') return { certificate, signature };
  }
  return first;
}
const MAX_CANDIDATES = 4;

/** Judges one signer. `form`: how the content had to be read. */
export async function judge(
  signer: SignerInfo,
  data: SignedData,
  content: Content,
  trust: TrustOptions,
): Promise<SignerVerdict & { readonly form: Verification['form'] }> {
  const { finding, form } = digestFinding(signer, content);
  const list = signer.attributes?.list ?? [];
  const claim = <T>(type: string, read: (value: Element) => T): T | undefined =>
    readOr(undefined, () => {
      const found = single(list, type);
      return found.kind === 'value' ? read(found.element) : undefined;
    });
  const found = await findSigner(signer, data, content, trust.known ?? []);
  return {
    identifier: signer.identifier,
    certificate: found?.certificate,
    algorithm: signer.algorithm,
    signingTime: claim(Oid.signingTime, readSigningTime),
    capabilities: claim(Oid.smimeCapabilities, readCapabilities) ?? [],
    form,
    checks: {
      'message-digest': finding,
      'content-type': contentTypeFinding(signer, data.contentType),
      ...(found ? certificateFindings(signer, found, data, trust) : withoutCertificate(signer)),
    },
  };
}

type CertificateChecks = Record<Exclude<Check, 'message-digest' | 'content-type'>, Finding>;

function withoutCertificate(signer: SignerInfo): CertificateChecks {
  const missing = notChecked('the certificate of the signer was not sent along and is not known here');
  return {
    signature: missing,
    attributes: missing,
    strength: strengthFinding(signer, undefined),
    dates: missing,
    'key-usage': missing,
    'extended-key-usage': missing,
    chain: missing,
    revocation: missing,
    address: missing,
  };
}

function certificateFindings(
  signer: SignerInfo,
  { certificate, signature }: { readonly certificate: Certificate; readonly signature: Finding },
  data: SignedData,
  trust: TrustOptions,
): CertificateChecks {
  const own = judgeLeaf(certificate, trust.purpose ?? 'mail-signing', trust.now);
  const finding = (problem: { readonly text: string } | undefined): Finding =>
    problem ? failed(problem.text) : PASSED;
  return {
    signature,
    attributes: attributesFinding(signer, certificate),
    strength: strengthFinding(signer, own.key?.text),
    dates: finding(own.dates),
    'key-usage': finding(own.keyUsage),
    'extended-key-usage': finding(own.extendedKeyUsage),
    ...pathFindings(certificate, own.critical?.text, data, trust),
    address: addressFinding(certificate, trust.address),
  };
}
