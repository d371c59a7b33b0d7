/**
 * Mailboxes that are not emptied, once a day: who is warned, who is told, what ends.
 *
 * Counted are messages that were never sent to their end; what a client leaves on the server was
 * fetched and is not overdue. For each mailbox:
 * 1. Its rhythm has passed (two working days, its own closed days and absences not counted): its
 *    organisation's contact is warned, and again every week while it lasts; the operator finds it
 *    in one digest a day.
 * 2. Three working days have passed: the sender of each message is told, once. That is no failure.
 * 3. Its retention is over: the message ends with a last notice to its sender, in the transaction
 *    that hides it.
 *
 * Crash-safe without a state of its own: every notice has a key that says what it is about, and a
 * round that is repeated files nothing twice.
 */
import { defined } from '../domain/defined.ts';
import type { AccountId } from '../domain/ids.ts';
import { settingOf } from '../domain/settings.ts';
import { hours, instant } from '../domain/units.ts';
import { NEVER_CLOSED, dayOf, isoDay, parseClosedDays, workingDaysBefore } from '../domain/working-days.ts';
import { type Overdue, digestLetters, rhythmLetters } from '../letters/overdue.ts';
import type { UncollectedMailbox } from '../store/deliveries.ts';
import { absentDaysOf } from './absent-days.ts';
import { endOld } from './expiry.ts';
import { tellSenders } from './not-collected.ts';
import { type Mailbox, type RoundParts, type UncollectedParts, file, numberOf } from './uncollected-mailbox.ts';

export interface Round {
  /** Overdue and not away. */
  readonly mailboxes: number;
  readonly away: number;
  readonly warned: number;
  /** Notices to senders. */
  readonly told: number;
  readonly expired: number;
}

const MAILBOXES = 100;
/** Mailboxes that the digest names. */
export const MAX_NAMED = 100;
/** No rhythm is shorter than one working day; an hour for the change of the clock. */
const SHORTEST = hours(23);

interface Tally {
  readonly overdue: Overdue[];
  mailboxes: number;
  away: number;
  warned: number;
  told: number;
  expired: number;
}

/**
 * One round over all mailboxes, page by page. A mailbox that fails is logged and left for the next
 * day; the others are done.
 */
export async function uncollectedRound(parts: UncollectedParts, stopped: () => boolean = () => false): Promise<Round> {
  const { clock, store, log } = parts;
  const now = clock.now();
  const round: RoundParts = { ...parts, now, stopped };
  const tally: Tally = { overdue: [], mailboxes: 0, away: 0, warned: 0, told: 0, expired: 0 };
  let after: AccountId | undefined;
  for (;;) {
    const page: readonly UncollectedMailbox[] = await store.deliveries.uncollected({
      before: instant(now - SHORTEST),
      limit: MAILBOXES,
      ...defined({ after }),
    });
    for (const found of page) {
      if (stopped()) return tally;
      await judge(round, found, tally).catch((error: unknown) =>
        log.error('uncollected.failed', { account: found.account, why: String(error) }),
      );
    }
    after = page.at(-1)?.account;
    if (page.length < MAILBOXES) break;
  }
  if (tally.mailboxes > 0 || tally.expired > 0) await digest(round, tally);
  return tally;
}

async function judge(parts: RoundParts, found: UncollectedMailbox, tally: Tally): Promise<void> {
  const { registry } = parts.store;
  const summary = await registry.findAccountById(found.account);
  const organisation = summary === undefined ? undefined : await registry.findOrganisation(summary.organisation);
  if (summary === undefined || organisation === undefined) return;
  const active = summary.addresses.filter((a) => a.state === 'active').map((a) => a.address);
  const mailbox: Mailbox = { ...found, summary, organisation, away: await absentDaysOf(registry, active, parts.now) };
  await warn(parts, mailbox, tally);
  tally.told += await tellSenders(parts, mailbox);
  tally.expired += await endOld(parts, mailbox);
}

// --- the rhythm

async function warn({ noticeWriter, store, log, now }: RoundParts, mailbox: Mailbox, tally: Tally): Promise<void> {
  const { summary, organisation, away, oldest, messages, account } = mailbox;
  const rhythm = numberOf('rhythm', mailbox);
  if (rhythm === 0 || summary.account.state !== 'active') return;
  const closed = parseClosedDays(settingOf('closed-days', summary.account.settings, organisation.settings));
  const calendar = { ...(closed.ok ? closed.value : NEVER_CLOSED), away: away.on };
  if (oldest > workingDaysBefore(now, rhythm, calendar)) return;
  if (away.until !== undefined) {
    tally.away += 1;
    return;
  }
  const overdue: Overdue = {
    login: summary.account.login,
    organisation: organisation.title,
    ...defined({ contact: organisation.contact, telephone: organisation.telephone }),
    messages,
    oldest,
    rhythm,
  };
  tally.mailboxes += 1;
  if (tally.overdue.length < MAX_NAMED) tally.overdue.push(overdue);
  log.warn('mailbox.overdue', {
    account: summary.account.login,
    organisation: organisation.name,
    messages,
    oldest: new Date(oldest).toISOString(),
  });
  const week = Math.floor((dayOf(now) - dayOf(oldest)) / 7);
  const once = `rhythm:${account}:${isoDay(dayOf(oldest))}:${week}`;
  if ((await store.deliveries.usedKeys([once])).length > 0) return;
  const place = await noticeWriter.places.ofAccount(account, { elsewhere: true });
  // Readers of the digest need not read each warning as well.
  if (place?.as === 'operator') return;
  const notice = await noticeWriter.letter(place, {
    kind: 'rhythm',
    once,
    letters: rhythmLetters(overdue, numberOf('keep-uncollected', mailbox)),
  });
  if (await file(store, notice)) tally.warned += 1;
}

// --- the operator

async function digest({ noticeWriter, store, log, now }: RoundParts, tally: Tally): Promise<void> {
  const { overdue, mailboxes, away, warned, told, expired } = tally;
  log.warn('uncollected.digest', { mailboxes, away, warned, told, expired });
  const notice = await noticeWriter.letter(await noticeWriter.places.operator(), {
    kind: 'digest',
    once: `digest:${isoDay(dayOf(now))}`,
    letters: digestLetters({ at: now, overdue, mailboxes, away, expired }),
  });
  await file(store, notice);
}
