/**
 * What the helpdesk must know of an account during a call: who is connected; when and how somebody
 * last logged in; what was refused and why; what waits; what holds the account back; what ends
 * soon.
 *
 * It is read from the end of the trail by an index of the newest rows. So an account with 100,000
 * rows costs no more than one with ten.
 */
import { z } from '../config/zod.ts';
import { type AbsenceView, viewAbsence } from '../admin/absences.ts';
import { standingOf, standingView } from '../admin/account-standing.ts';
import type { AdminContext } from '../admin/context.ts';
import { loginWords } from '../admin/login-words.ts';
import { type QuirkView, quirkView, quirksOf } from '../admin/quirks.ts';
import { openSessions, sessionView } from '../admin/sessions.ts';
import { defined } from '../domain/defined.ts';
import { days, instant } from '../domain/units.ts';
import type { AuditRow } from '../store/audit.ts';
import type { AuditTrail } from '../store/port/audit.ts';
import type { AccountSummary } from '../store/registry.ts';
import { absenceView } from './address/absence.ts';

const SHOWN = 5;
const QUIRKS_SINCE = days(28);
/** Certificates are shown if they end within ENDS_SOON, or ended less than ENDED ago. */
const ENDS_SOON = days(60);
const ENDED = days(30);
/** Most addresses of one account whose absences are read. */
const ADDRESSES = 50;

const fact = z.union([z.string(), z.number(), z.boolean()]);
const recentView = z.object({
  at: z.string().meta({
    description: 'Of several that were counted in one row: of the last, which is before the row was written.',
  }),
  event: z.string().meta({ description: '`login.granted`, `login.refused` and so on, as in the trail.' }),
  network: z.string().optional(),
  client: z.string().optional().meta({ description: 'What the client called itself (EHLO).' }),
  to: z.string().optional().meta({ description: 'Of mail that was refused: the first recipient.' }),
  text: z.string().optional().meta({ description: 'Of mail that was refused: the text that its sender got.' }),
  cause: z.string().optional().meta({ description: 'Why, in words for the helpdesk.' }),
  remedy: z.string().optional().meta({ description: 'What helps.' }),
  facts: z.record(z.string(), fact).meta({ description: 'Protocol, reason, count, TLS and what else names nobody.' }),
});
export type RecentView = z.infer<typeof recentView>;

const endingView = z.object({
  use: z.string(),
  name: z.string().meta({ description: 'Of the registration, or the subject.' }),
  ends: z.string(),
});
export type EndingView = z.infer<typeof endingView>;

/** The answer: newest first, at most 5 of each kind. */
export const recentViews = z.object({
  sessions: z.array(sessionView).readonly(),
  logins: z.array(recentView).readonly(),
  refusals: z.array(recentView).readonly(),
  fetched: recentView.optional().meta({ description: 'When messages were last fetched or deleted.' }),
  oldest: z.string().optional().meta({ description: 'When the oldest message came that nobody ever fetched.' }),
  standing: z.array(standingView).readonly().meta({ description: 'What holds it back now, its own first.' }),
  quirks: z.array(quirkView).readonly().meta({ description: 'The most frequent of the last 28 days.' }),
  ending: z.array(endingView).readonly().meta({ description: 'Certificates that end soon, or have just ended.' }),
  absences: z.array(absenceView).readonly(),
});
export type RecentViews = z.infer<typeof recentViews>;

/** The recent facts about one account. */
export async function recentOf(context: AdminContext, summary: AccountSummary): Promise<RecentViews> {
  const { audit, registry } = context.store;
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
    refusals: await withMeanings(refusals),
    ...defined({ fetched, oldest }),
    standing,
    quirks,
    ending,
    absences,
  };
}

/**
 * Adds to each refused message what its reply means. The tables of all replies are loaded only if
 * some message was refused.
 */
async function withMeanings(refusals: readonly RecentView[]): Promise<readonly RecentView[]> {
  if (!refusals.some(({ text }) => text !== undefined)) return refusals;
  const { meaningOfReply } = await import('../pages/causes.ts');
  return refusals.map((view) => {
    const meaning = view.text === undefined ? undefined : meaningOfReply(String(view.facts.status), view.text);
    if (meaning === undefined) return view;
    const { reply, cause, remedy } = meaning;
    return { ...view, cause, remedy, facts: { reply, ...view.facts } };
  });
}

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
    .map(viewOf);
}

/**
 * When the event last happened. Logins that were counted for an hour get one row at the end of that
 * hour, so the last of them may be older than a row before it.
 */
function happened({ at, facts = {} }: AuditRow): number {
  const last = typeof facts.last === 'string' ? Date.parse(facts.last) : Number.NaN;
  return Number.isNaN(last) ? at : last;
}

function viewOf(row: AuditRow): RecentView {
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
