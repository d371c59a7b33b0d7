/**
 * Decides whether a certificate is to be trusted: looks for a path to a configured anchor and
 * checks every step (RFC 5280 section 6.1).
 *
 * A certificate that is itself an anchor ends the path: a configured intermediate or a pinned leaf
 * is trusted as it is, dates included. Several issuers of one name and key are normal while an
 * authority rolls over, so every candidate is tried, within a limit. Among the failures the one of
 * the path that came furthest is told.
 */
import type { Instant } from '../../domain/units.ts';
import { type Certificate, isWeakKey } from './certificate.ts';
import { formatName, nameKey } from './distinguished-name.ts';
import type { KeyUsage } from './extensions.ts';
import { Oid } from './oids.ts';
import { algorithmText, isWeak, verify } from './signature.ts';

export type Purpose = 'login' | 'mail-server' | 'mail-signing' | 'mail-encryption' | 'time-stamping';

/**
 * Whether an issuer has revoked a certificate. `unknown`: nobody can tell now, and policy does not
 * let that pass.
 */
export type Revocation =
  | { readonly kind: 'good' }
  | { readonly kind: 'revoked'; readonly at: Instant; readonly reason: string }
  | { readonly kind: 'unknown'; readonly text: string };

export interface PathOptions {
  readonly anchors: readonly Certificate[];
  /**
   * Certificates that the peer sent and that we know, in any order; none of them is trusted by
   * being here.
   */
  readonly intermediates?: readonly Certificate[];
  readonly purpose: Purpose;
  readonly now: Instant;
  /** Most certificates in a path, leaf and anchor included. Default 6. */
  readonly maxLength?: number;
  /**
   * `apart`: `judgeLeaf` was asked about the leaf's own dates, key and uses, and only the way up is
   * wanted. Default `with-path`.
   */
  readonly leaf?: 'with-path' | 'apart';
  /** Called for every certificate below the anchor. */
  readonly revocation?: (certificate: Certificate, issuer: Certificate) => Revocation;
}

export type PathReason =
  | 'no-issuer'
  | 'expired'
  | 'not-yet-valid'
  | 'bad-signature'
  | 'weak-signature'
  | 'weak-key'
  | 'not-an-authority'
  | 'path-length'
  | 'too-long'
  | 'key-usage'
  | 'extended-key-usage'
  | 'critical-extension'
  | 'revoked'
  | 'revocation-unknown'
  | 'too-many-candidates';

export type PathResult =
  | { readonly kind: 'trusted'; /** Leaf first, anchor last. */ readonly path: readonly Certificate[] }
  | {
      readonly kind: 'untrusted';
      readonly reason: PathReason;
      /** One line for the log: names the certificate at fault. */
      readonly text: string;
      readonly certificate: Certificate;
    };
export type Untrusted = Extract<PathResult, { kind: 'untrusted' }>;

/**
 * Most signatures checked in one search: twice what a roll-over of root and intermediate needs, far
 * below what an attacker would want.
 */
const MAX_SIGNATURES = 32;
const DEFAULT_LENGTH = 6;

const describe = ({ subject, serial }: Certificate): string => `"${formatName(subject)}" (serial ${serial})`;
const day = (at: Instant): string => new Date(at).toISOString();
const bad = (reason: PathReason, certificate: Certificate, text: string): Untrusted => ({
  kind: 'untrusted',
  reason,
  certificate,
  text: `the certificate ${describe(certificate)} ${text}`,
});

function datesProblem(certificate: Certificate, now: Instant): Untrusted | undefined {
  if (now < certificate.notBefore)
    return bad(
      'not-yet-valid',
      certificate,
      `is valid from ${day(certificate.notBefore)}, and by the clock of this machine it is ${day(now)}`,
    );
  if (now >= certificate.notAfter + 1000) return bad('expired', certificate, `expired on ${day(certificate.notAfter)}`);
  return undefined;
}

const EXTENDED: Readonly<Record<Purpose, string>> = {
  login: Oid.clientAuth,
  'mail-server': Oid.serverAuth,
  'mail-signing': Oid.emailProtection,
  'mail-encryption': Oid.emailProtection,
  'time-stamping': Oid.timeStamping,
};
const EXTENDED_NAMES: Readonly<Record<Purpose, string>> = {
  login: 'clientAuth',
  'mail-server': 'serverAuth',
  'mail-signing': 'emailProtection',
  'mail-encryption': 'emailProtection',
  'time-stamping': 'timeStamping',
};

function extendedProblem(certificate: Certificate, purpose: Purpose): Untrusted | undefined {
  const listed = certificate.extendedKeyUsage;
  if (!listed || listed.includes(EXTENDED[purpose]) || listed.includes(Oid.anyExtendedKeyUsage)) return undefined;
  return bad(
    'extended-key-usage',
    certificate,
    `may not be used for ${purpose}: its extended key usage lacks ${EXTENDED_NAMES[purpose]}`,
  );
}

/** Key usages of which the certificate must allow one, if it limits the use of its key. */
function leafUsages(certificate: Certificate, purpose: Purpose): readonly KeyUsage[] {
  if (purpose === 'login') return ['digitalSignature'];
  if (purpose === 'mail-server') return ['digitalSignature', 'keyEncipherment', 'keyAgreement'];
  if (purpose === 'mail-signing' || purpose === 'time-stamping') return ['digitalSignature', 'nonRepudiation'];
  return certificate.key.kind === 'rsa' ? ['keyEncipherment'] : ['keyAgreement'];
}

function usageProblem(certificate: Certificate, purpose: Purpose): Untrusted | undefined {
  const usages = leafUsages(certificate, purpose);
  if (!certificate.keyUsage || usages.some((usage) => certificate.keyUsage?.has(usage))) return undefined;
  return bad('key-usage', certificate, `may not be used for ${purpose}: its key usage lacks ${usages.join(' or ')}`);
}

const leafProblem = (certificate: Certificate, purpose: Purpose): Untrusted | undefined =>
  usageProblem(certificate, purpose) ?? extendedProblem(certificate, purpose);

/**
 * `below`: authorities between this one and the leaf, not counting those that issued to themselves
 * (section 6.1.4 l).
 */
function authorityProblem(certificate: Certificate, below: number, purpose: Purpose): Untrusted | undefined {
  if (!certificate.basicConstraints?.ca)
    return bad('not-an-authority', certificate, 'is not an authority, but issued another one');
  const limit = certificate.basicConstraints.pathLength;
  if (limit !== undefined && below > limit)
    return bad('path-length', certificate, `allows ${limit} authorities below it, there are ${below}`);
  if (certificate.keyUsage && !certificate.keyUsage.has('keyCertSign'))
    return bad('key-usage', certificate, 'may not sign certificates: its key usage lacks keyCertSign');
  return extendedProblem(certificate, purpose);
}

function keyProblem(certificate: Certificate): Untrusted | undefined {
  const { key } = certificate;
  return isWeakKey(key) ? bad('weak-key', certificate, `has a weak key (${key.kind} ${key.bits} bits)`) : undefined;
}

function criticalProblem(certificate: Certificate): Untrusted | undefined {
  const { unknownCritical } = certificate;
  if (unknownCritical.length === 0) return undefined;
  const text = `has critical extensions that the gateway does not support: ${unknownCritical.join(', ')}`;
  return bad('critical-extension', certificate, text);
}

const ownProblem = (certificate: Certificate, now: Instant): Untrusted | undefined =>
  datesProblem(certificate, now) ?? keyProblem(certificate) ?? criticalProblem(certificate);

/** What is wrong with a certificate by itself, a field for each question; undefined: nothing. */
export interface LeafProblems {
  readonly dates: Untrusted | undefined;
  readonly key: Untrusted | undefined;
  readonly critical: Untrusted | undefined;
  readonly keyUsage: Untrusted | undefined;
  readonly extendedKeyUsage: Untrusted | undefined;
}

/** All that `findPath` asks of the leaf itself, for whoever has to tell the questions apart. */
export const judgeLeaf = (leaf: Certificate, purpose: Purpose, now: Instant): LeafProblems => ({
  dates: datesProblem(leaf, now),
  key: keyProblem(leaf),
  critical: criticalProblem(leaf),
  keyUsage: usageProblem(leaf, purpose),
  extendedKeyUsage: extendedProblem(leaf, purpose),
});

const selfIssued = (certificate: Certificate): boolean => nameKey(certificate.issuer) === nameKey(certificate.subject);
const same = (a: Certificate, b: Certificate): boolean => a.fingerprint === b.fingerprint;

/** Anchors first; then those whose key identifier agrees. */
function candidates(certificate: Certificate, options: PathOptions): readonly Certificate[] {
  const wanted = nameKey(certificate.issuer);
  const fits = (c: Certificate): boolean => !same(c, certificate) && nameKey(c.subject) === wanted;
  const agrees = (c: Certificate): number =>
    certificate.authorityKeyId === undefined || c.subjectKeyId === certificate.authorityKeyId ? 0 : 1;
  const order = (list: readonly Certificate[]): readonly Certificate[] =>
    list.filter(fits).sort((a, b) => agrees(a) - agrees(b));
  return [...order(options.anchors), ...order(options.intermediates ?? [])];
}

interface Search {
  readonly options: PathOptions;
  readonly maxLength: number;
  signatures: number;
  furthest: { readonly depth: number; readonly failure: Untrusted } | undefined;
}

function note(search: Search, path: readonly Certificate[], failure: Untrusted): undefined {
  // At one depth the first failure stays: the best candidate comes first. "No issuer" tells least,
  // giving up tells most.
  const depth = failure.reason === 'too-many-candidates' ? Infinity : path.length;
  const { furthest } = search;
  if (!furthest || depth > furthest.depth || (depth === furthest.depth && furthest.failure.reason === 'no-issuer'))
    search.furthest = { depth, failure };
  return undefined;
}

/**
 * Signatures that were found right. Checking one costs more than anything else in a path, and the
 * result for two certificates never changes.
 */
const genuine = new WeakMap<Certificate, WeakSet<Certificate>>();

function signatureProblem(search: Search, certificate: Certificate, issuer: Certificate): Untrusted | undefined {
  if (isWeak(certificate.signature))
    return bad(
      'weak-signature',
      certificate,
      `is signed with ${algorithmText(certificate.signature)}, which can be forged`,
    );
  if (genuine.get(certificate)?.has(issuer) === true) return undefined;
  if (++search.signatures > MAX_SIGNATURES)
    return bad(
      'too-many-candidates',
      certificate,
      `has more possible issuers than the gateway tries (${MAX_SIGNATURES})`,
    );
  if (!verify(certificate.signature, certificate.signed, certificate.signatureValue, issuer.publicKey))
    return bad('bad-signature', certificate, `was not signed by ${describe(issuer)}`);
  const issuers = genuine.get(certificate) ?? new WeakSet();
  genuine.set(certificate, issuers.add(issuer));
  return undefined;
}

function revocationProblem(search: Search, certificate: Certificate, issuer: Certificate): Untrusted | undefined {
  const answer = search.options.revocation?.(certificate, issuer);
  if (answer?.kind === 'revoked')
    return bad('revoked', certificate, `was revoked at ${day(answer.at)} (${answer.reason})`);
  if (answer?.kind === 'unknown')
    return bad('revocation-unknown', certificate, `cannot be checked for revocation: ${answer.text}`);
  return undefined;
}

/**
 * `path` ends with a certificate that is fine by itself; `below` counts the authorities in it that
 * were issued by another name.
 */
function extend(search: Search, path: readonly Certificate[], below: number): readonly Certificate[] | undefined {
  const { options } = search;
  const last = path.at(-1);
  if (!last) return undefined;
  if (options.anchors.some((anchor) => same(anchor, last))) return path;
  const issuers = candidates(last, options).filter((issuer) => !path.some((c) => same(c, issuer)));
  if (issuers.length === 0)
    return note(
      search,
      path,
      bad('no-issuer', last, `was issued by "${formatName(last.issuer)}", which is not trusted here`),
    );
  if (path.length >= search.maxLength)
    return note(search, path, bad('too-long', last, `is ${path.length} steps up, and no trusted authority is reached`));
  for (const issuer of issuers) {
    const problem =
      signatureProblem(search, last, issuer) ??
      ownProblem(issuer, options.now) ??
      authorityProblem(issuer, below, options.purpose) ??
      revocationProblem(search, last, issuer);
    if (problem) {
      note(search, path, problem);
      if (problem.reason === 'too-many-candidates') return undefined;
      continue;
    }
    const found = extend(search, [...path, issuer], below + (selfIssued(issuer) ? 0 : 1));
    if (found || search.signatures > MAX_SIGNATURES) return found;
  }
  return undefined;
}

/** Finds a trusted path for `leaf`. Takes no more than 32 signature checks (about 0.1 ms each). */
export function findPath(leaf: Certificate, options: PathOptions): PathResult {
  const apart = options.leaf === 'apart';
  const problem = apart ? undefined : (ownProblem(leaf, options.now) ?? leafProblem(leaf, options.purpose));
  if (problem) return problem;
  const search: Search = {
    options,
    maxLength: options.maxLength ?? DEFAULT_LENGTH,
    signatures: 0,
    furthest: undefined,
  };
  const path = extend(search, [leaf], 0);
  if (path) return { kind: 'trusted', path };
  return search.furthest?.failure ?? bad('no-issuer', leaf, 'has no path to a trusted authority');
}
