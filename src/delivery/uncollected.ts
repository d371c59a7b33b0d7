/**
 * Mailboxes that are not emptied, once a day: who is warned, who is told, what ends.
 *
 * Counted are messages that were never sent to their end; what a client leaves on the server was fetched and is not overdue. For each mailbox:
 * 1. Its rhythm has passed (two working days, its own closed days and absences not counted): its organisation's contact is warned, and again
 *    every week while it lasts; the operator finds it in one digest a day.
 * 2. Three working days have passed: the sender of each message is told, once. That is no failure.
 * 3. Its retention is over: the message ends with a last notice to its sender, in the transaction that hides it.
 *
 * Crash-safe without a state of its own: every notice has a key that says what it is about, and a round that is repeated files nothing twice.
 */
import { createHash } from 'node:crypto';
import { addressKey } from '../domain/address.ts';
import type { Address } from '../domain/address.ts';
import type { Clock, Log } from '../domain/effects.ts';
import type { AccountId } from '../domain/ids.ts';
import type { Organisation } from '../domain/registry.ts';
import { settingOf } from '../domain/settings.ts';
import { type Instant, days, hours, instant } from '../domain/units.ts';
import { NEVER_CLOSED, dayOf, instantOf, isoDay, parseClosedDays, workingDaysBefore } from '../domain/working-days.ts';
import type { Absences } from '../store/absences.ts';
import type { Deliveries, MessageRecord, UncollectedEntry, UncollectedMailbox } from '../store/deliveries.ts';
import type { AccountSummary, Registry } from '../store/registry.ts';
import type { PreparedNotice, Store } from '../store/store.ts';
import { type Away, awayOf } from './away.ts';
import type { Desk } from './desk.ts';
import type { AboutMessage } from './letter.ts';
import { asksFor } from './notice-rules.ts';
import { readOriginal } from './original.ts';
import { type Overdue, digestLetters, expiredLetters, notCollectedLetters, rhythmLetters } from './receipt-letters.ts';
import { originalOf } from './receipts.ts';

export interface UncollectedParts {
  readonly desk: Desk;
  readonly store: Pick<Store, 'accept'> & {
    readonly registry: Pick<Registry, 'findAccountById' | 'findOrganisation'> & Pick<Absences, 'listAbsences'>;
    readonly deliveries: Pick<Deliveries, 'uncollected' | 'uncollectedEntries' | 'expire' | 'usedKeys' | 'openMessage'>;
  };
  readonly clock: Clock;
  readonly log: Log;
}

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
const ENTRIES = 200;
/** Entries that end in one transaction. */
const EXPIRING = 50;
/** Mailboxes that the digest names, messages that a notice names. */
export const MAX_NAMED = 100;
export const MAX_MESSAGES = 20;
/** No rhythm is shorter than one working day; an hour for the change of the clock. */
const SHORTEST = hours(23);

interface Mailbox extends UncollectedMailbox {
  readonly summary: AccountSummary;
  readonly organisation: Organisation;
  readonly away: Away;
}

interface Tally {
  readonly overdue: Overdue[];
  mailboxes: number;
  away: number;
  warned: number;
  told: number;
  expired: number;
}

/** One round over all mailboxes, page by page. A mailbox that fails is logged and left for the next day; the others are done. */
export async function uncollectedRound(parts: UncollectedParts, stopped: () => boolean = () => false): Promise<Round> {
  const { clock, store, log } = parts;
  const now = clock.now();
  const tally: Tally = { overdue: [], mailboxes: 0, away: 0, warned: 0, told: 0, expired: 0 };
  let after: AccountId | undefined;
  for (;;) {
    const page: readonly UncollectedMailbox[] = await store.deliveries.uncollected({
      before: instant(now - SHORTEST),
      limit: MAILBOXES,
      ...(after === undefined ? {} : { after }),
    });
    for (const found of page) {
      if (stopped()) return tally;
      await judge(parts, found, now, tally).catch((error: unknown) =>
        log.error('uncollected.failed', { account: found.account, why: String(error) }),
      );
    }
    after = page.at(-1)?.account;
    if (page.length < MAILBOXES) break;
  }
  if (tally.mailboxes > 0 || tally.expired > 0) await digest(parts, tally, now);
  return tally;
}

async function judge(parts: UncollectedParts, found: UncollectedMailbox, now: Instant, tally: Tally): Promise<void> {
  const { registry } = parts.store;
  const summary = await registry.findAccountById(found.account);
  const organisation = summary === undefined ? undefined : await registry.findOrganisation(summary.organisation);
  if (summary === undefined || organisation === undefined) return;
  const active = summary.addresses.filter((a) => a.state === 'active').map((a) => a.address);
  const mailbox: Mailbox = { ...found, summary, organisation, away: await awayOf(registry, active, now) };
  await warn(parts, mailbox, now, tally);
  tally.told += await tellSenders(parts, mailbox, now);
  tally.expired += await endOld(parts, mailbox, now);
}

const numberOf = (
  name: 'rhythm' | 'tell-sender-after' | 'keep-uncollected',
  { summary, organisation }: Mailbox,
): number => settingOf(name, summary.account.settings, organisation.settings);

// --- the rhythm

async function warn(
  { desk, store, log }: UncollectedParts,
  mailbox: Mailbox,
  now: Instant,
  tally: Tally,
): Promise<void> {
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
    ...(organisation.contact === undefined ? {} : { contact: organisation.contact }),
    ...(organisation.telephone === undefined ? {} : { telephone: organisation.telephone }),
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
  const place = await desk.places.ofAccount(account, { elsewhere: true });
  // Who reads the digest need not read each warning as well.
  if (place?.as === 'operator') return;
  const notice = await desk.letter(place, {
    kind: 'rhythm',
    once,
    letters: rhythmLetters(overdue, numberOf('keep-uncollected', mailbox)),
  });
  if (await file(store, notice)) tally.warned += 1;
}

// --- the senders

interface Group {
  readonly sender: Address;
  readonly messages: MessageRecord[];
  readonly recipients: Set<string>;
  first: MessageRecord;
  count: number;
}

/** One notice for each sender and day of acceptance: a laboratory that sent two hundred results that day reads one. */
async function tellSenders(parts: UncollectedParts, mailbox: Mailbox, now: Instant): Promise<number> {
  const workingDays = numberOf('tell-sender-after', mailbox);
  if (workingDays === 0) return 0;
  // Whole days, so that a day's messages are never told of in two halves; without the closed days of the practice, since a sender needs to
  // know all the more that nobody is there.
  const before = instantOf(dayOf(workingDaysBefore(now, workingDays)));
  if (mailbox.oldest >= before) return 0;
  let told = 0;
  let day = Number.NaN;
  let groups = new Map<string, Group>();
  const flush = async (): Promise<void> => {
    told += await tellDay(parts, mailbox, isoDay(day), groups, workingDays);
    groups = new Map();
  };
  for await (const { message } of entriesOf(parts, mailbox.account, before)) {
    const received = dayOf(message.receivedAt);
    if (received !== day && groups.size > 0) await flush();
    day = received;
    addTo(groups, message, mailbox.account);
  }
  if (groups.size > 0) await flush();
  return told;
}

/** Oldest first, page by page. */
async function* entriesOf(
  { store }: UncollectedParts,
  account: AccountId,
  before: Instant,
): AsyncGenerator<UncollectedEntry> {
  let after: UncollectedEntry['uid'] | undefined;
  for (;;) {
    const page: readonly UncollectedEntry[] = await store.deliveries.uncollectedEntries(account, {
      before,
      limit: ENTRIES,
      ...(after === undefined ? {} : { after }),
    });
    yield* page;
    after = page.at(-1)?.uid;
    if (page.length < ENTRIES) return;
  }
}

function addTo(groups: Map<string, Group>, message: MessageRecord, account: AccountId): void {
  const { sender } = message;
  const recipients = message.recipients.filter((r) => r.mailbox === account && asksFor(r.notify, 'delay'));
  if (sender === '' || recipients.length === 0) return;
  const key = addressKey(sender);
  const group = groups.get(key) ?? { sender, messages: [], recipients: new Set(), first: message, count: 0 };
  groups.set(key, group);
  group.count += 1;
  if (group.messages.length < MAX_MESSAGES) group.messages.push(message);
  for (const { address } of recipients) if (group.recipients.size < MAX_MESSAGES) group.recipients.add(address);
}

async function tellDay(
  { desk, store }: UncollectedParts,
  mailbox: Mailbox,
  day: string,
  groups: ReadonlyMap<string, Group>,
  workingDays: number,
): Promise<number> {
  const { account, organisation, away } = mailbox;
  const keyed = [...groups].map(([sender, group]) => ({ once: senderKey(account, day, sender), group }));
  const used = new Set<string>();
  for (let at = 0; at < keyed.length; at += 1000)
    for (const key of await store.deliveries.usedKeys(keyed.slice(at, at + 1000).map((k) => k.once))) used.add(key);
  let told = 0;
  for (const { once, group } of keyed) {
    if (used.has(once)) continue;
    const about = await Promise.all(group.messages.map((message) => aboutOf(store.deliveries, message)));
    const notice = await desk.letter(await desk.places.ofSender(group.sender, group.first.submitter), {
      kind: 'not-collected',
      once,
      about: group.first,
      letters: notCollectedLetters({
        recipients: [...group.recipients],
        organisation: organisation.title,
        ...(organisation.telephone === undefined ? {} : { telephone: organisation.telephone }),
        messages: about,
        count: group.count,
        workingDays,
        until: instant(group.first.receivedAt + days(numberOf('keep-uncollected', mailbox))),
        ...(away.until === undefined ? {} : { awayUntil: away.until }),
      }),
    });
    if (await file(store, notice)) told += 1;
  }
  return told;
}

const senderKey = (account: AccountId, day: string, sender: string): string =>
  `uncollected:${account}:${day}:${createHash('sha256').update(sender).digest('hex').slice(0, 32)}`;

async function aboutOf(deliveries: Pick<Deliveries, 'openMessage'>, message: MessageRecord): Promise<AboutMessage> {
  const original = await readOriginal(deliveries, message.id);
  return {
    at: message.receivedAt,
    messageId: message.messageIdField,
    id: message.id,
    ...(original === undefined ? {} : { subject: original.subject }),
  };
}

// --- the end

async function endOld(parts: UncollectedParts, mailbox: Mailbox, now: Instant): Promise<number> {
  const { store } = parts;
  const { account, oldest } = mailbox;
  const before = instant(now - days(numberOf('keep-uncollected', mailbox)));
  if (oldest >= before) return 0;
  let ended = 0;
  let after: UncollectedEntry['uid'] | undefined;
  for (;;) {
    const page: readonly UncollectedEntry[] = await store.deliveries.uncollectedEntries(account, {
      before,
      limit: EXPIRING,
      ...(after === undefined ? {} : { after }),
    });
    ended += await endPage(parts, mailbox, page);
    after = page.at(-1)?.uid;
    if (page.length < EXPIRING) return ended;
  }
}

async function endPage(parts: UncollectedParts, mailbox: Mailbox, page: readonly UncollectedEntry[]): Promise<number> {
  if (page.length === 0) return 0;
  const { store, log } = parts;
  const notices: PreparedNotice[] = [];
  try {
    const entries = [];
    for (const { uid, message } of page) {
      const notice = await lastNotice(parts, mailbox, uid, message);
      if (notice !== undefined) notices.push(notice);
      entries.push({ uid, ...(notice === undefined ? {} : { notice: notice.acceptance }) });
    }
    const hidden = await store.deliveries.expire(mailbox.account, entries, []);
    if (hidden.length > 0)
      log.warn('mailbox.expired', { account: mailbox.summary.account.login, messages: hidden.length });
    return hidden.length;
  } finally {
    for (const notice of notices) await notice.discard();
  }
}

async function lastNotice(
  { desk, store }: UncollectedParts,
  mailbox: Mailbox,
  uid: UncollectedEntry['uid'],
  message: MessageRecord,
): Promise<PreparedNotice | undefined> {
  const { account, organisation } = mailbox;
  const { sender, id } = message;
  const recipients = message.recipients.filter((r) => r.mailbox === account && asksFor(r.notify, 'failure'));
  if (sender === '' || recipients.length === 0) return undefined;
  const original = await readOriginal(store.deliveries, id);
  const said = {
    kind: 'expired' as const,
    once: `expired:${account}:${uid}`,
    about: message,
    letters: expiredLetters({
      message: {
        at: message.receivedAt,
        messageId: message.messageIdField,
        id,
        ...(original === undefined ? {} : { subject: original.subject }),
      },
      recipients: recipients.map((r) => r.address),
      organisation: organisation.title,
      ...(organisation.telephone === undefined ? {} : { telephone: organisation.telephone }),
      days: numberOf('keep-uncollected', mailbox),
    }),
  };
  const place = await desk.places.ofSender(sender, message.submitter);
  // A program that was told "delivered" when the message was filed is not told "failed" for the same recipient; the words say it as well.
  if (recipients.some((r) => asksFor(r.notify, 'success'))) return await desk.letter(place, said);
  return await desk.report(place, {
    ...said,
    message,
    recipients: recipients.map((r) => ({
      recipient: r.address,
      ...originalOf(r),
      action: 'failed' as const,
      status: '5.4.7',
      diagnostic: { type: 'x-sluis' as const, text: 'never collected from the mailbox within its retention' },
    })),
    whole: true,
    ...(original === undefined ? {} : { original }),
  });
}

// --- the operator

async function digest({ desk, store, log }: UncollectedParts, tally: Tally, now: Instant): Promise<void> {
  const { overdue, mailboxes, away, warned, told, expired } = tally;
  log.warn('uncollected.digest', { mailboxes, away, warned, told, expired });
  const notice = await desk.letter(await desk.places.operator(), {
    kind: 'digest',
    once: `digest:${isoDay(dayOf(now))}`,
    letters: digestLetters({ at: now, overdue, mailboxes, away, expired }),
  });
  await file(store, notice);
}

/** True when it was filed now. */
async function file(store: Pick<Store, 'accept'>, notice: PreparedNotice | undefined): Promise<boolean> {
  if (notice === undefined) return false;
  try {
    return (await store.accept(notice.acceptance)).kind === 'filed';
  } finally {
    await notice.discard();
  }
}
