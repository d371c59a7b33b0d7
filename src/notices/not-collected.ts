/**
 * Tells senders that nobody has fetched their messages yet: the second part of the daily round.
 * That is no failure.
 */
import { recipientsIn } from '../domain/recipients.ts';
import { createHash } from 'node:crypto';
import { type Address, addressKey } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import type { AccountId } from '../domain/ids.ts';
import { days, instant } from '../domain/units.ts';
import { dayOf, instantOf, isoDay, workingDaysBefore } from '../domain/working-days.ts';
import type { AboutMessage } from '../letters/letter.ts';
import { notCollectedLetters } from '../letters/not-collected.ts';
import type { MessageRecord } from '../store/deliveries.ts';
import { asksFor } from './notice-rules.ts';
import { aboutOf, idForSender, readOriginal } from './original.ts';
import { type Mailbox, type RoundParts, file, numberOf, pagesOf } from './uncollected-mailbox.ts';

const ENTRIES = 200;
/** Messages and addressees that one notice names. */
export const MAX_MESSAGES = 20;

interface Group {
  readonly sender: Address;
  readonly messages: MessageRecord[];
  readonly recipients: Set<string>;
  first: MessageRecord;
  count: number;
}

/**
 * One notice for each sender and day of acceptance: a laboratory that sent two hundred results that
 * day reads one.
 */
export async function tellSenders(parts: RoundParts, mailbox: Mailbox): Promise<number> {
  const workingDays = numberOf('tell-sender-after', mailbox);
  if (workingDays === 0) return 0;
  // Whole days, so that a day's messages are never told of in two halves; without the closed days
  // of the practice, since a sender needs to know all the more that nobody is there.
  const before = instantOf(dayOf(workingDaysBefore(parts.now, workingDays)));
  if (mailbox.oldest >= before) return 0;
  let told = 0;
  let day = Number.NaN;
  let groups = new Map<string, Group>();
  const flush = async (): Promise<void> => {
    told += await tellDay(parts, mailbox, isoDay(day), groups, workingDays);
    groups = new Map();
  };
  for await (const page of pagesOf(parts, mailbox.account, before, ENTRIES))
    for (const { message } of page) {
      const received = dayOf(message.receivedAt);
      if (received !== day && groups.size > 0) await flush();
      day = received;
      addTo(groups, message, mailbox.account);
    }
  // What was stopped in the middle of a day would be told of in two halves.
  if (groups.size > 0 && !parts.stopped()) await flush();
  return told;
}

function addTo(groups: Map<string, Group>, message: MessageRecord, account: AccountId): void {
  const { sender } = message;
  const recipients = recipientsIn(message.recipients, account).filter((r) => asksFor(r.notify, 'delay'));
  if (sender === '' || recipients.length === 0) return;
  const key = addressKey(sender);
  const group = groups.get(key) ?? { sender, messages: [], recipients: new Set(), first: message, count: 0 };
  groups.set(key, group);
  group.count += 1;
  if (group.messages.length < MAX_MESSAGES) group.messages.push(message);
  for (const { address } of recipients) if (group.recipients.size < MAX_MESSAGES) group.recipients.add(address);
}

async function tellDay(
  { noticeWriter, store }: RoundParts,
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
    const about: AboutMessage[] = [];
    for (const message of group.messages) about.push(aboutOf(message, await readOriginal(store.deliveries, message)));
    const notice = await noticeWriter.letter(await noticeWriter.places.ofSender(group.sender, group.first.submitter), {
      kind: 'not-collected',
      once,
      about: { id: idForSender(group.first), messageIdField: group.first.messageIdField },
      letters: notCollectedLetters({
        recipients: [...group.recipients],
        organisation: organisation.title,
        ...defined({ telephone: organisation.telephone }),
        messages: about,
        count: group.count,
        workingDays,
        until: instant(group.first.receivedAt + days(numberOf('keep-uncollected', mailbox))),
        ...defined({ awayUntil: away.until }),
      }),
    });
    if (await file(store, notice)) told += 1;
  }
  return told;
}

const senderKey = (account: AccountId, day: string, sender: string): string =>
  `uncollected:${account}:${day}:${createHash('sha256').update(sender).digest('hex').slice(0, 32)}`;
