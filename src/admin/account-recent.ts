/**
 * What a support call asks: who is connected, when and how the account last got in, what it was refused and why, what waits, what holds it
 * back, what ends soon.
 *
 * Read from the end of the trail by its index of the newest rows: an account with 100,000 rows costs what one with ten does.
 */
import { defined } from '../domain/defined.ts';
import { days, instant } from '../domain/units.ts';
import type { Whose } from '../platform/tally.ts';
import type { AuditRow } from '../store/audit.ts';
import type { AuditTrail } from '../store/port/audit.ts';
import type { AccountSummary } from '../store/registry.ts';
import { type AbsenceView, viewAbsence } from './absences.ts';
import { type StandingView, standingOf } from './account-standing.ts';
import { accountOf } from './accounts.ts';
import type { AdminContext } from './context.ts';
import { login } from './input.ts';
import { loginWords } from './login-words.ts';
import { listing } from './operation.ts';
import { type QuirkView, quirksOf } from './quirks.ts';
import { type SessionView, openSessions } from './sessions.ts';

const SHOWN = 5;
const QUIRKS_SINCE = days(28);
/** Certificates that end within it, or ended so long ago. */
const ENDS_SOON = days(60);
const ENDED = days(30);
/** Addresses of one account that are asked for absences. */
const ADDRESSES = 50;

export interface RecentView {
  /** ISO 8601. Of several that were counted in one row: of the last, which is before the row was written. */
  readonly at: string;
  /** `login.granted`, `login.refused` and so on, as in the trail. */
  readonly event: string;
  readonly network?: string;
  /** What the client called itself (EHLO). */
  readonly client?: string;
  /** Of mail that was refused: the first recipient, and the text that its sender got. */
  readonly to?: string;
  readonly text?: string;
  /** Why, for whoever answers the call, and what helps; of log-ins. */
  readonly cause?: string;
  readonly remedy?: string;
  /** Protocol, reason, count, TLS and what else names nobody. */
  readonly facts: Readonly<Record<string, string | number | boolean>>;
}

export interface EndingView {
  readonly use: string;
  /** Name of the registration, or the subject. */
  readonly name: string;
  readonly ends: string;
}

export interface RecentViews {
  readonly sessions: readonly SessionView[];
  /** Newest first, at most 5. */
  readonly logins: readonly RecentView[];
  readonly refusals: readonly RecentView[];
  /** When messages were last fetched or deleted. */
  readonly fetched?: RecentView;
  /** When the oldest message came that nobody ever fetched. */
  readonly oldest?: string;
  readonly standing: readonly StandingView[];
  /** The most frequent of the last 28 days, at most 5. */
  readonly quirks: readonly QuirkView[];
  readonly ending: readonly EndingView[];
  readonly absences: readonly AbsenceView[];
}

export const recentOperations = {
  'account.recent': listing(
    (input) => login(input, 'login'),
    async (context, name): Promise<RecentViews> => {
      const { audit, registry } = context.store;
      const summary = await accountOf(registry, name);
      const isIts: Whose = (account) => account === summary.account.id;
      context.gateway?.writeCounted(isIts);
      const its = await registry.findOrganisation(summary.organisation);
      const [logins, refusals, [fetched], oldest, standing, quirks, ending, absences] = await Promise.all([
        newest(audit, summary, ['login.granted'], SHOWN),
        newest(audit, summary, ['login.refused', 'login.busy', 'message.refused'], SHOWN),
        newest(audit, summary, ['maildrop.committed'], 1),
        oldestOf(context, summary),
        standingOf(audit, summary, its?.state),
        frequentQuirks(context, summary),
        endingCertificates(context, summary),
        openAbsences(context, summary),
      ]);
      return {
        sessions: openSessions(context, [summary.account.login]),
        logins,
        refusals,
        ...defined({ fetched, oldest }),
        standing,
        quirks,
        ending,
        absences,
      };
    },
  ),
};

async function newest(
  audit: AuditTrail,
  { account }: AccountSummary,
  events: readonly string[],
  limit: number,
): Promise<readonly RecentView[]> {
  const found = await Promise.all(events.map((event) => audit.latest({ event, account: account.id, limit })));
  return found
    .flat()
    .sort((a, b) => happened(b) - happened(a) || b.seq - a.seq)
    .slice(0, limit)
    .map(recentOf);
}

/** The row of log-ins that were counted for an hour is written at its end: the last of them may be older than a row before it. */
function happened({ at, facts = {} }: AuditRow): number {
  const last = typeof facts.last === 'string' ? Date.parse(facts.last) : Number.NaN;
  return Number.isNaN(last) ? at : last;
}

function recentOf(row: AuditRow): RecentView {
  const { event, facts = {}, personal = {} } = row;
  const { network = personal.address, client, recipients, why: text } = personal;
  const { reason } = facts;
  const to = Array.isArray(recipients) ? (recipients[0] as string | undefined) : undefined;
  return {
    at: new Date(happened(row)).toISOString(),
    event,
    facts,
    ...(typeof network === 'string' ? { network } : {}),
    ...(typeof client === 'string' ? { client } : {}),
    ...defined({ to }),
    ...(typeof text === 'string' ? { text } : {}),
    ...(typeof reason === 'string' ? loginWords(reason) : {}),
  };
}

async function oldestOf({ store, clock }: AdminContext, summary: AccountSummary): Promise<string | undefined> {
  if (summary.messages === 0) return undefined;
  const before = instant(clock.now() + 1);
  const [entry] = await store.deliveries.uncollectedEntries(summary.account.id, { before, limit: 1 });
  return entry === undefined ? undefined : new Date(entry.message.receivedAt).toISOString();
}

async function frequentQuirks(context: AdminContext, summary: AccountSummary): Promise<readonly QuirkView[]> {
  const all = await quirksOf(context, summary, instant(context.clock.now() - QUIRKS_SINCE));
  return [...all].sort((a, b) => b.tolerated + b.refused - (a.tolerated + a.refused)).slice(0, SHOWN);
}

async function endingCertificates(
  { store, clock }: AdminContext,
  { account, certificates }: AccountSummary,
): Promise<readonly EndingView[]> {
  const [from, before] = [instant(clock.now() - ENDED), instant(clock.now() + ENDS_SOON)];
  const registered = certificates.filter(
    ({ revokedAt, notAfter }) => revokedAt === undefined && notAfter >= from && notAfter < before,
  );
  const kept = await store.certificates.listCertificates({
    login: account.login,
    endsFrom: from,
    endsBefore: before,
    limit: 100,
  });
  const known = new Set(registered.map(({ fingerprint }) => fingerprint));
  return [
    ...registered.map(({ name, notAfter }) => ({ use: 'login', name, notAfter })),
    ...kept
      .filter(({ fingerprint, revoked, replaced }) => revoked === undefined && !replaced && !known.has(fingerprint))
      .map(({ use, subject, notAfter }) => ({ use, name: subject, notAfter })),
  ]
    .sort((a, b) => a.notAfter - b.notAfter)
    .slice(0, SHOWN)
    .map(({ use, name, notAfter }) => ({ use, name, ends: new Date(notAfter).toISOString() }));
}

async function openAbsences(
  { store, clock }: AdminContext,
  { addresses }: AccountSummary,
): Promise<readonly AbsenceView[]> {
  const now = clock.now();
  const found = await Promise.all(
    addresses
      .filter(({ state }) => state !== 'ended')
      .slice(0, ADDRESSES)
      .map(({ address }) => store.registry.listAbsences({ address, endsAfter: now, limit: 2 })),
  );
  return found
    .flat()
    .sort((a, b) => a.from - b.from)
    .slice(0, SHOWN)
    .map((absence) => viewAbsence(absence, now));
}
