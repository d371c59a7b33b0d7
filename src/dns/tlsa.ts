/**
 * TLSA records, and whether what a server shows meets one of them (RFC 6698, RFC 7671, as RFC 7672
 * section 3.1 has them for mail).
 *
 * Usage 3 (DANE-EE) is the server's own certificate or key: neither name nor dates count, the DNS
 * stands for both. Usage 2 (DANE-TA) is an authority: a path to it must hold, and the name. Usages
 * 0 and 1 ask for a public authority besides, and are not used between mail servers.
 */
import { X509Certificate, hash } from 'node:crypto';
import { type Certificate, readCertificate } from '../crypto/certificates/certificate.ts';
import { findPath } from '../crypto/certificates/certificate-path.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import type { Instant } from '../domain/units.ts';

export interface Tlsa {
  readonly usage: 2 | 3;
  /** 0: the whole certificate; 1: its SubjectPublicKeyInfo. */
  readonly selector: 0 | 1;
  /** 0: itself; 1: SHA-256; 2: SHA-512. */
  readonly matching: 0 | 1 | 2;
  readonly data: Buffer;
}

/** `3 1 1`, as an operator knows it. */
export const tlsaText = ({ usage, selector, matching }: Tlsa): string => `${usage} ${selector} ${matching}`;

const LENGTHS = [undefined, 32, 64] as const;

/**
 * Those that can be used; of two digests of one kind the stronger alone (RFC 7671 section 9), or an
 * attacker could choose the weaker.
 */
export function usableOf(records: readonly unknown[]): readonly Tlsa[] {
  const known = records.flatMap((record) => usable(record) ?? []);
  return known.filter(
    ({ usage, selector, matching }) =>
      matching !== 1 || !known.some((o) => o.usage === usage && o.selector === selector && o.matching === 2),
  );
}

function usable(record: unknown): Tlsa | undefined {
  const { usage, selector, matchingType: matching, certificate: data } = record as Record<string, unknown>;
  if (usage !== 2 && usage !== 3) return undefined;
  if (selector !== 0 && selector !== 1) return undefined;
  if ((matching !== 0 && matching !== 1 && matching !== 2) || !Buffer.isBuffer(data)) return undefined;
  if (matching === 0 ? data.length === 0 : data.length !== LENGTHS[matching]) return undefined;
  return { usage, selector, matching, data };
}

/** A record for this certificate (DER). */
export function tlsaOf(certificate: Buffer, usage: 2 | 3, selector: 0 | 1, matching: 0 | 1 | 2): Tlsa {
  return { usage, selector, matching, data: shownAs(certificate, selector, matching) };
}

function shownAs(certificate: Buffer, selector: 0 | 1, matching: 0 | 1 | 2): Buffer {
  const chosen =
    selector === 0 ? certificate : new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  return matching === 0 ? chosen : hash(matching === 1 ? 'sha256' : 'sha512', chosen, 'buffer');
}

/** A certificate that cannot be read meets nothing. */
function meets(record: Tlsa, certificate: Buffer): boolean {
  try {
    return shownAs(certificate, record.selector, record.matching).equals(record.data);
  } catch {
    return false;
  }
}

export interface Shown {
  /** DER, the server's own first. */
  readonly chain: readonly Buffer[];
  /** One of these must be in the certificate where its authority is what is known. */
  readonly names: readonly string[];
  readonly now: Instant;
}

/** The record that is met, or why none is. */
export function judgeTlsa(records: readonly Tlsa[], { chain, names, now }: Shown): Result<Tlsa, string> {
  const [own, ...above] = chain;
  if (own === undefined) return fail('the server shows no certificate');
  const byKey = records.find((record) => record.usage === 3 && meets(record, own));
  if (byKey !== undefined) return ok(byKey);
  let why = `its certificate meets none of its TLSA records (${[...new Set(records.map(tlsaText))].join(', ')})`;
  for (const record of records) {
    if (record.usage !== 2) continue;
    const problem = pathProblem(record, own, above, names, now);
    if (problem === undefined) return ok(record);
    if (problem !== NO_AUTHORITY) why = `of its TLSA record ${tlsaText(record)}: ${problem}`;
  }
  return fail(why);
}

const NO_AUTHORITY = 'no authority';

/**
 * The authority is one of those that were sent, or stands whole in the record (RFC 7671 section
 * 5.2).
 */
function pathProblem(
  record: Tlsa,
  own: Buffer,
  above: readonly Buffer[],
  names: readonly string[],
  now: Instant,
): string | undefined {
  const sent = above.filter((certificate) => meets(record, certificate));
  const inRecord = record.selector === 0 && record.matching === 0 ? [record.data] : [];
  const anchors = readable([...sent, ...inRecord]);
  if (anchors.length === 0) return NO_AUTHORITY;
  const leaf = readCertificate(own);
  if (!leaf.ok) return leaf.error.text;
  const path = findPath(leaf.value, { anchors, intermediates: readable(above), purpose: 'mail-server', now });
  if (path.kind === 'untrusted') return path.text;
  const certificate = new X509Certificate(own);
  const named = names.some((name) => certificate.checkHost(name, { subject: 'never' }) !== undefined);
  return named ? undefined : `its certificate is for another name than ${names.join(' or ')}`;
}

const readable = (certificates: readonly Buffer[]): readonly Certificate[] =>
  certificates.flatMap((der) => {
    const read = readCertificate(der);
    return read.ok ? [read.value] : [];
  });
