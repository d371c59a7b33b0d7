/**
 * The revocation lists of every authority of ours that has certificates out, and their publication
 * as files.
 */
import { readFileSync } from 'node:fs';
import type { Certificate } from '../crypto/certificates/certificate.ts';
import { REVOCATION_REASONS, type RevocationReason, type Revoked, makeCrl } from '../crypto/certificates/crl-issue.ts';
import { formatName } from '../crypto/certificates/distinguished-name.ts';
import { encodePem } from '../crypto/certificates/pem.ts';
import { type Instant, days, instant } from '../domain/units.ts';
import { replaceFile } from '../platform/lasting-files.ts';
import type { Store } from '../store/port/store.ts';
import { type KnownAuthority, knownAuthorities, withKey } from './authorities.ts';
import { listFile } from './crl-place.ts';
import type { CaParts } from './parts.ts';

/**
 * A list is valid for a week and is made again every day: a gateway may stand still for six days
 * before anybody is refused.
 */
export const LIST_LIFETIME = days(7);
/**
 * An entry stays on the list for some time after its certificate has ended (RFC 5280 section 3.3
 * asks for one list at least).
 */
const KEPT = days(30);
const PAGE = 1000;
/** 8.5 MB, which every relying party would have to fetch: an authority is renewed long before. */
const MAX_ENTRIES = 200_000;

export interface MadeList {
  readonly issuer: Certificate;
  /** Of the authority that issues now. */
  readonly current: boolean;
  readonly number: number;
  readonly entries: number;
  readonly nextUpdate: Instant;
  readonly der: Buffer;
}

const isReason = (text: string): text is RevocationReason => Object.hasOwn(REVOCATION_REASONS, text);

async function revokedBy({ store, clock }: CaParts, authority: number): Promise<readonly Revoked[]> {
  const endsAfter = instant(clock.now() - KEPT);
  const all: Revoked[] = [];
  let after = '';
  for (;;) {
    const page = await store.certificates.listRevoked(authority, { limit: PAGE, after, endsAfter });
    for (const { serial, at, reason } of page) all.push({ serial, at, ...(isReason(reason) ? { reason } : {}) });
    if (all.length > MAX_ENTRIES)
      throw new Error(`The revocation list has more than ${MAX_ENTRIES} entries; renew the issuing authority`);
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) return all;
    after = last.fingerprint;
  }
}

export interface MissingList {
  readonly issuer: Certificate;
  readonly why: string;
}

/**
 * An authority whose key is lost takes nobody's list along: each is made, or missing, by itself.
 */
export interface Lists {
  readonly made: readonly MadeList[];
  readonly missing: readonly MissingList[];
}

/** One list for each issuing authority that has not ended, the current one first. */
export async function makeLists(parts: CaParts): Promise<Lists> {
  const now = parts.clock.now();
  const issuing = (await knownAuthorities(parts))
    .filter(({ record }) => record.role === 'issuing' && record.notAfter > now)
    .reverse();
  const made: MadeList[] = [];
  const missing: MissingList[] = [];
  for (const known of issuing)
    await makeList(parts, known, now).then(
      (list) => made.push(list),
      (error: unknown) => missing.push({ issuer: known.certificate, why: textOf(error) }),
    );
  return { made, missing };
}

async function makeList(parts: CaParts, known: KnownAuthority, now: Instant): Promise<MadeList> {
  const signer = await withKey(parts, known);
  const revoked = await revokedBy(parts, known.record.id);
  const nextUpdate = instant(now + LIST_LIFETIME);
  const number = await parts.store.certificates.nextCrlNumber(known.record.id);
  const der = await makeCrl(signer, { number, thisUpdate: now, nextUpdate, revoked });
  return { issuer: known.certificate, current: known.record.current, number, entries: revoked.length, nextUpdate, der };
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const missingText = ({ issuer, why }: MissingList): string =>
  `There is no new revocation list of "${formatName(issuer.subject)}" (${why})`;

export const listsPem = (lists: readonly Pick<MadeList, 'der'>[]): string =>
  lists.map(({ der }) => encodePem('X509 CRL', der)).join('');

interface Publishing {
  running: Promise<unknown>;
  waiting?: Promise<Lists>;
}
const publishing = new WeakMap<Store, Publishing>();

/**
 * Writes the lists to `crlFile` and beside it; see crl-place.ts. One after another: a list that was
 * begun before a revocation must not land on the one that has it. Whoever comes while one is
 * written shares the next with all others who wait.
 */
export function publishLists(parts: CaParts, crlFile: string): Promise<Lists> {
  let state = publishing.get(parts.store);
  if (state === undefined) publishing.set(parts.store, (state = { running: Promise.resolve() }));
  const mine = state;
  mine.waiting ??= mine.running.then(() => {
    delete mine.waiting;
    const writing = writeLists(parts, crlFile);
    mine.running = writing.catch(() => undefined);
    return writing;
  });
  return mine.waiting;
}

/**
 * For commands whose change stands whether or not the lists can be written: why not, or undefined.
 */
export async function tryToPublish(parts: CaParts): Promise<string | undefined> {
  const { crlFile } = parts;
  if (crlFile === undefined) return undefined;
  return await publishLists(parts, crlFile).then(
    ({ missing }) => (missing.length === 0 ? undefined : `${missing.map(missingText).join('. ')}.`),
    (error: unknown) =>
      `The revocation lists in "${crlFile}" could not be written (${textOf(error)}); cure that, and give "sluis ca crl --out FILE" or wait for the gateway's next day.`,
  );
}

async function writeLists(parts: CaParts, crlFile: string): Promise<Lists> {
  const lists = await makeLists(parts);
  if (lists.made.length === 0) return lists;
  for (const { issuer, der } of lists.made) replaceFile(listFile(crlFile, issuer), der, 0o644);
  // An authority that can no longer sign keeps its last list until it has expired: without a list,
  // nothing would seem revoked.
  const kept = lists.missing.flatMap(({ issuer }) => lastList(listFile(crlFile, issuer)));
  replaceFile(crlFile, listsPem([...lists.made, ...kept]), 0o644);
  return lists;
}

function lastList(file: string): readonly { readonly der: Buffer }[] {
  try {
    return [{ der: readFileSync(file) }];
  } catch {
    // Never written here; that it is missing is told in any case.
    return [];
  }
}
