/**
 * Reads a certificate revocation list (RFC 5280 section 5), ours or that of a foreign authority
 * (PKIoverheid, UZI: several MB).
 *
 * The list is read once into a map of serial numbers; an entry's date and reason are read when they
 * are asked for. Reading gives the event loop back every few milliseconds, and the signature is
 * checked in the thread pool.
 *
 * Refused, each with its reason: delta lists and indirect lists (their entries mean other
 * certificates than they seem to), lists for some reasons only, and critical extensions that we do
 * not know. Reading such a list as a plain one could let a revoked certificate in.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { type Result, fail, ok } from '../../domain/result.ts';
import { type Instant, MiB } from '../../domain/units.ts';
import {
  type BerError,
  type Cursor,
  type Element,
  type ReadLimits,
  type Unreadable,
  parse,
  parseFirst,
  reading,
  readingSlowly,
} from './ber.ts';
import { bitOctets, booleanValue, integerHex, smallInteger, timeValue } from './ber-values.ts';
import type { Certificate } from './certificate.ts';
import { REVOCATION_REASONS } from './crl-issue.ts';
import { Tag, context } from './der.ts';
import { type Name, formatName, readName, sameName } from './distinguished-name.ts';
import { type Extension, readAuthorityKeyId, readDistributionPointName, readExtensions } from './extensions.ts';
import { Oid } from './oids.ts';
import { derOf, derListOf } from './pem.ts';
import { type SignatureAlgorithm, algorithmText, isWeak, readSignatureAlgorithm, verifySlowly } from './signature.ts';

/** The largest list that we read: ten times the largest one known in the field. */
export const CRL_LIMITS: ReadLimits = { encoding: 'der', maxOctets: 64 * MiB, maxDepth: 16, maxElements: 12_000_000 };
/** Entries read between two turns of the event loop: about 2 ms. */
const SLICE = 1000;

/** Which certificates a list speaks of (issuingDistributionPoint, section 5.2.5). */
export interface CrlScope {
  readonly only: 'all' | 'end-entities' | 'authorities';
  /** Places that the list was made for; empty: every certificate of the issuer. */
  readonly urls: readonly string[];
}

export interface Crl {
  readonly issuer: Name;
  readonly authorityKeyId?: string;
  readonly thisUpdate: Instant;
  /** Absent in lists that promise no next one; policy treats those as overdue at once. */
  readonly nextUpdate?: Instant;
  /** The list's number, hexadecimal. */
  readonly number?: string;
  readonly scope: CrlScope;
  /** How many certificates are revoked. */
  readonly size: number;
  readonly signature: SignatureAlgorithm;
  /** The entry for a serial number (hexadecimal as in `Certificate.serial`). */
  find(serial: string): { readonly at: Instant; readonly reason: string } | undefined;
  readonly signed: Buffer;
  readonly signatureValue: Buffer;
}

/**
 * Serial number to where its entry stands in the list: a number each, since a Buffer each would
 * weigh ten times as much.
 */
type Entries = Map<string, number>;

const CERTIFICATE_ISSUER = Buffer.from([0x55, 0x1d, 0x1d]); // 2.5.29.29
const KNOWN_ENTRY_EXTENSIONS = [Buffer.from([0x55, 0x1d, 0x15]), Buffer.from([0x55, 0x1d, 0x18])]; // reason, invalidity date

/** Looks only at what could change the meaning of an entry. */
function checkEntryExtensions(extensions: Element): void {
  for (const each of extensions.children()) {
    const inside = each.children();
    const id = inside.next('extension identifier', Tag.oid);
    const content = id.content;
    if (content.equals(CERTIFICATE_ISSUER))
      throw id.error('unsupported', 'the list is indirect: it has entries of other issuers');
    const critical = inside.optional(Tag.boolean, 'criticality');
    if (
      critical &&
      booleanValue(critical, 'criticality') &&
      !KNOWN_ENTRY_EXTENSIONS.some((known) => known.equals(content))
    )
      throw id.error('unsupported', 'an entry has a critical extension that the gateway does not support');
  }
}

// The map's keys are the raw octets as text: half the memory of hexadecimal, and no conversion
// while reading.
const rawKey = (hex: string): string =>
  Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
    .toString('latin1')
    .replace(/^\0+(?=[^])/, '');

function readEntry(entry: Element, into: Entries): void {
  const inside = entry.as(Tag.sequence, 'entry').children();
  const serial = inside.next('serial number', Tag.integer);
  const at = inside.next('revocation date');
  if (at.tag !== Tag.utcTime) at.as(Tag.generalizedTime, 'revocation date');
  const extensions = inside.optional(Tag.sequence, 'entry extensions');
  inside.finish('entry');
  if (extensions) checkEntryExtensions(extensions);
  const { content } = serial;
  if (content.length === 0) throw serial.error('malformed', 'a serial number is empty');
  let zeros = 0;
  while (zeros < content.length - 1 && content[zeros] === 0) zeros++;
  into.set(content.toString('latin1', zeros), entry.offset);
}

async function readEntries(list: Cursor): Promise<Entries> {
  const entries: Entries = new Map();
  for (let count = 1; !list.done; count++) {
    readEntry(list.next('entry'), entries);
    if (count % SLICE === 0) await turn();
  }
  return entries;
}

const REASON_NAMES = new Map<number, string>(Object.entries(REVOCATION_REASONS).map(([name, code]) => [code, name]));

function describeEntry(entry: Element): { readonly at: Instant; readonly reason: string } {
  const inside = entry.children();
  inside.next('serial number');
  const at = timeValue(inside.next('revocation date'), 'revocation date');
  const list = inside.optional(Tag.sequence, 'entry extensions');
  const found = list && readExtensions(list).get(Oid.reasonCode);
  const code = found && parse(found.content).as(Tag.enumerated, 'reason').content[0];
  return { at, reason: code === undefined ? 'unspecified' : (REASON_NAMES.get(code) ?? `reason ${code}`) };
}

/** An entry whose details cannot be read is still an entry: the certificate is revoked. */
function find(der: Buffer, entries: Entries, serial: string, thisUpdate: Instant): ReturnType<Crl['find']> {
  if (!/^[0-9a-f]+$/.test(serial)) return undefined;
  const offset = entries.get(rawKey(serial));
  if (offset === undefined) return undefined;
  const described = reading('entry', () => describeEntry(parseFirst(der.subarray(offset), CRL_LIMITS)));
  return described.ok ? described.value : { at: thisUpdate, reason: 'unspecified' };
}

function readScope(extension: Extension | undefined): CrlScope {
  if (!extension) return { only: 'all', urls: [] };
  const element = parse(extension.content);
  const inside = element.as(Tag.sequence, 'issuing distribution point').children();
  const point = inside.optional(context(0), 'distribution point');
  // [1] users only, [2] authorities only, [3] some reasons, [4] indirect, [5] attribute
  // certificates; an absent one is false.
  const flags = new Set(
    [...inside].flatMap(({ tag, content }) => (content.some((octet) => octet !== 0) ? [tag & 0x1f] : [])),
  );
  const refuse = (text: string): BerError => element.error('unsupported', text);
  if (flags.has(4)) throw refuse('the list is indirect: it has entries of other issuers');
  if (flags.has(3)) throw refuse('the list is for some revocation reasons only');
  if (flags.has(5)) throw refuse('the list is for attribute certificates only');
  const urls = point ? readDistributionPointName(point) : [];
  if (point && urls.length === 0) throw refuse('the list is for a place that is not a URI');
  return { only: flags.has(1) ? 'end-entities' : flags.has(2) ? 'authorities' : 'all', urls };
}

const KNOWN_EXTENSIONS: ReadonlySet<string> = new Set([
  Oid.authorityKeyIdentifier,
  Oid.crlNumber,
  Oid.issuingDistributionPoint,
]);

function checkExtensions(extensions: ReadonlyMap<string, Extension>, at: Element): void {
  if (extensions.has(Oid.deltaCrlIndicator))
    throw at.error('unsupported', 'it is a delta list, which tells only the changes; give the complete list');
  for (const { oid, critical } of extensions.values())
    if (critical && !KNOWN_EXTENSIONS.has(oid))
      throw at.error('unsupported', `the critical extension ${oid} is unknown`);
}

async function readDer(der: Buffer): Promise<Crl> {
  const outer = parse(der, CRL_LIMITS).as(Tag.sequence, 'list').children();
  const signed = outer.next('list body', Tag.sequence);
  const outerAlgorithm = outer.next('signature algorithm');
  const signatureValue = bitOctets(outer.next('signature'), 'signature');
  outer.finish('list');

  const body = signed.children();
  const version = body.optional(Tag.integer, 'version');
  if (version && smallInteger(version, 'version') !== 1)
    throw version.error('unsupported', 'the list is of an unknown version');
  const algorithm = body.next('signature algorithm');
  if (!algorithm.raw.equals(outerAlgorithm.raw))
    throw algorithm.error('malformed', 'the signature algorithm inside differs from the one outside');
  const issuer = readName(body.next('issuer'));
  const thisUpdate = timeValue(body.next('time of this list'), 'time of this list');
  const timed = body.nextTag === Tag.utcTime || body.nextTag === Tag.generalizedTime;
  const nextUpdate = timed ? timeValue(body.next('time of the next list'), 'time of the next list') : undefined;
  // The extensions come after the entries but decide whether these may be read at all: a delta list
  // is refused before a long loop.
  const list = body.optional(Tag.sequence, 'entries');
  const wrapped = body.optional(context(0), 'extensions');
  body.finish('list body');
  const extensions = wrapped ? readExtensions(wrapped.children().next('extensions')) : new Map<string, Extension>();
  if (wrapped) checkExtensions(extensions, wrapped);
  const scope = readScope(extensions.get(Oid.issuingDistributionPoint));
  const number = extensions.get(Oid.crlNumber);
  const keyId = extensions.get(Oid.authorityKeyIdentifier);
  const authorityKeyId = keyId && readAuthorityKeyId(keyId);

  const entries = list ? await readEntries(list.children()) : new Map<string, number>();
  return {
    issuer,
    thisUpdate,
    scope,
    size: entries.size,
    signature: readSignatureAlgorithm(algorithm),
    find: (serial) => find(der, entries, serial, thisUpdate),
    signed: signed.raw,
    signatureValue,
    ...(nextUpdate !== undefined && { nextUpdate }),
    ...(authorityKeyId !== undefined && { authorityKeyId }),
    ...(number && { number: integerHex(parse(number.content), 'list number') }),
  };
}

/** Reads a list, DER or PEM. The octets are kept and must not change afterwards. */
export async function readCrl(input: Buffer): Promise<Result<Crl, Unreadable>> {
  if (input.length > 2 * CRL_LIMITS.maxOctets)
    return fail({ kind: 'limit', text: `Cannot read the revocation list: it has ${input.length} octets` });
  const der = derOf(input, 'revocation list', 'X509 CRL');
  return der.ok ? readingSlowly('revocation list', () => readDer(der.value)) : der;
}

/**
 * Every list of a file: DER has one, PEM as many as there are blocks. The error names the one that
 * cannot be read, from 1.
 */
export async function readCrls(input: Buffer): Promise<readonly Result<Crl, Unreadable>[]> {
  if (input.length > 2 * CRL_LIMITS.maxOctets)
    return [fail({ kind: 'limit', text: `Cannot read the revocation lists: the file has ${input.length} octets` })];
  const all = derListOf(input, 'revocation list', 'X509 CRL');
  if (!all.ok) return [all];
  const read: Result<Crl, Unreadable>[] = [];
  for (const der of all.value) read.push(await readCrl(der));
  return read;
}

/**
 * Whether the list was made by this issuer; the error is one line for the log. Check it once, when
 * the list is loaded.
 */
export async function verifyCrl(crl: Crl, issuer: Certificate): Promise<Result<Crl, string>> {
  const name = formatName(issuer.subject);
  if (!sameName(crl.issuer, issuer.subject))
    return fail(`the revocation list is of "${formatName(crl.issuer)}", not of "${name}"`);
  if (issuer.keyUsage && !issuer.keyUsage.has('cRLSign'))
    return fail(`"${name}" may not sign revocation lists: its key usage lacks cRLSign`);
  if (isWeak(crl.signature))
    return fail(`the revocation list is signed with ${algorithmText(crl.signature)}, which can be forged`);
  const genuine = await verifySlowly(crl.signature, crl.signed, crl.signatureValue, issuer.publicKey);
  return genuine ? ok(crl) : fail(`the revocation list was not signed by "${name}"`);
}
