/**
 * What ends soon and has no successor. For the metric and for `doctor`: certificates and OpenPGP
 * keys of accounts. For `doctor` alone: all other certificates.
 */
import { type GatewayCertificates, endingOf, renewedInTime } from '../crypto/certificates/gateway-certificates.ts';
import { isOutlived } from '../notices/pgp-keys-end.ts';
import { agree, many } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import type { DoctorFinding } from '../domain/doctor.ts';
import { groupedBy } from '../domain/grouped-by.ts';
import { type Instant, days, instant } from '../domain/units.ts';
import { ENDING_WORDS } from '../letters/gateway-certificate.ts';
import type { AccountCertificate } from '../store/certificates.ts';
import type { Store } from '../store/port/store.ts';

export const ENDING_KINDS = ['certificate', 'pgp-key'] as const;
export type Endings = Readonly<Record<(typeof ENDING_KINDS)[number], readonly Instant[]>>;
type EndingStore = Pick<Store, 'certificates' | 'pgpKeys'>;

/** Each row carries a certificate or a key, so only a few are read at a time. */
const PAGE = 100;
/** Most ends that are counted, about as many as a region has. The count stops there. */
const MOST = 20_000;

/** All that ends within this many days from now. */
export async function endingsWithin(store: EndingStore, now: Instant, within: number): Promise<Endings> {
  const query = { limit: PAGE, endsFrom: now, endsBefore: instant(now + days(within)) };
  return { certificate: await certificates(store, query), 'pgp-key': await pgpKeys(store, query) };
}

interface EndingQuery {
  readonly limit: number;
  readonly endsFrom: Instant;
  readonly endsBefore: Instant;
}

async function certificates({ certificates: all }: EndingStore, query: EndingQuery): Promise<readonly Instant[]> {
  const ends: Instant[] = [];
  let last: AccountCertificate | undefined;
  for (let seen = 0; seen < MOST; seen += PAGE) {
    const after = last === undefined ? {} : { after: { notAfter: last.notAfter, fingerprint: last.fingerprint } };
    const page = await all.listCertificates({ ...query, ...after });
    for (const { revoked, replaced, notAfter } of page) if (revoked === undefined && !replaced) ends.push(notAfter);
    last = page.at(-1);
    if (page.length < PAGE) break;
  }
  return ends;
}

async function pgpKeys({ pgpKeys: all }: EndingStore, query: EndingQuery): Promise<readonly Instant[]> {
  const ends: Instant[] = [];
  let after: string | undefined;
  for (let seen = 0; seen < MOST; seen += PAGE) {
    const page = await all.list({ ...query, ...defined({ after }) });
    for (const key of page)
      if (key.revoked === undefined && !(await isOutlived(all, key))) ends.push(key.encryptsUntil);
    after = page.at(-1)?.fingerprint;
    if (page.length < PAGE) break;
  }
  return ends;
}

const SOON = 7;

/** The finding; undefined if nothing ends within a week. */
export async function endingFinding(store: EndingStore, now: Instant): Promise<DoctorFinding | undefined> {
  const { certificate, 'pgp-key': keys } = await endingsWithin(store, now, SOON);
  const told = [
    ...(certificate.length === 0
      ? []
      : [`${many(certificate.length, 'certificate')} ("sluis cert list --expiring ${SOON}d")`]),
    ...(keys.length === 0 ? [] : [`${many(keys.length, 'OpenPGP key')} ("sluis pgp key list --expiring ${SOON}d")`]),
  ];
  if (told.length === 0) return undefined;
  const n = certificate.length + keys.length;
  return {
    id: 'endings',
    severity: 'warning',
    what: `${told.join(' and ')} of accounts ${agree(n, 'ends', 'end')} within a week and ${agree(n, 'has', 'have')} no successor`,
  };
}

/** Most names in a finding; the list has all of them. */
const NAMED = 5;

/**
 * Findings for each kind of certificate that belongs to no account: which end within a week or have
 * ended, and which cannot be read.
 */
export function certificateFindings({ certificates, unread }: GatewayCertificates, now: Instant): DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  for (const [kind, these] of groupedBy(
    endingOf(certificates, now, SOON).filter((one) => !renewedInTime(one, now)),
    (one) => one.kind,
  )) {
    const named = these
      .slice(0, NAMED)
      .map(({ name, certificate: { notAfter } }) => `${name} on ${new Date(notAfter).toISOString().slice(0, 10)}`);
    const more = these.length > NAMED ? `, and ${these.length - NAMED} more` : '';
    const words = ENDING_WORDS[kind].en;
    findings.push({
      id: `endings.${kind}`,
      severity: 'warning',
      what: `${words.what} ends within a week, or has ended: ${named.join(', ')}${more}; ${words.remedy} ("sluis cert list --expiring ${SOON}d")`,
    });
  }
  for (const [kind, these] of groupedBy(unread, (one) => one.kind))
    findings.push({
      id: `unread.${kind}`,
      severity: 'warning',
      what: `nobody can tell when a certificate ends (${kind}): ${these[0].why}`,
    });
  return findings;
}
