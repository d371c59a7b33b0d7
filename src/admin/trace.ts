/**
 * The trace of a message: finding it, and every step of it. It never shows a subject or content.
 */
import { type MessageId, messageNumber, parseMessageId } from '../domain/ids.ts';
import { settingOf } from '../domain/settings.ts';
import { type Instant, days, instant } from '../domain/units.ts';
import type { AuditRow } from '../store/audit.ts';
import type { MessageRecord, Whereabouts } from '../store/deliveries.ts';
import { idTime } from '../store/message-ids.ts';
import type { Store } from '../store/port/store.ts';
import type { AdminContext } from './context.ts';
import { AdminError } from './error.ts';
import { type CopyView, type EventView, viewCopy, viewEvent } from './delivery-views.ts';
import { Names } from './names.ts';

/** How far back a search goes if it names no time. */
export const SEARCHED = days(90);
/** Most rows of the trail that one trace shows. */
const MAX_EVENTS = 1000;

/** A Message-ID as people copy it, with or without angle brackets. */
export const withoutBrackets = (text: string): string => text.trim().replace(/^<(.*)>$/, '$1');

/**
 * The message that `name` means: the one with this id of ours, or the newest one with this
 * Message-ID. Throws AdminError if there is none.
 */
export async function messageOf(
  { store, clock }: Pick<AdminContext, 'store' | 'clock'>,
  name: string,
): Promise<MessageRecord> {
  const id = parseMessageId(name);
  const found =
    (id === undefined ? undefined : await store.deliveries.findMessage(id)) ??
    (
      await store.deliveries.findMessages({
        limit: 1,
        messageIdField: withoutBrackets(name),
        since: instant(clock.now() - SEARCHED),
      })
    )[0];
  if (found === undefined)
    throw new AdminError(
      'unknown',
      `Cannot find message "${name}": no message of the last 90 days has that id or Message-ID; "sluis trace --sender ADDRESS --since DATE" searches by sender`,
    );
  return found;
}

/**
 * The end of a page of refused attempts. The next page of messages begins before an id, and an id
 * holds its time.
 */
export function endOf({ before, until }: { readonly before?: MessageId; readonly until?: Instant }): {
  readonly until?: Instant;
} {
  const end = Math.min(before === undefined ? Infinity : idTime(messageNumber(before)), until ?? Infinity);
  return end === Infinity ? {} : { until: instant(end) };
}

export async function eventsOf(
  store: Store,
  message: MessageId,
): Promise<{ rows: readonly AuditRow[]; more: boolean }> {
  const rows = await store.audit.read({ message, limit: MAX_EVENTS });
  return { rows, more: rows.length === MAX_EVENTS };
}

export async function eventViews(rows: readonly AuditRow[], names: Names): Promise<EventView[]> {
  const views: EventView[] = [];
  for (const row of rows)
    views.push(viewEvent(row, row.account === undefined ? undefined : await names.account(row.account)));
  return views;
}

/**
 * Adds to each copy what protection did to it. The envelope says which copy an address got, and the
 * trail says what was done to that copy.
 */
export function protectedCopies(
  views: readonly CopyView[],
  { recipients }: MessageRecord,
  rows: readonly AuditRow[],
): readonly CopyView[] {
  const words = new Map(rows.map(({ facts = {} }) => [facts.copy, facts.protection]));
  return views.map((view) => {
    const copy = recipients.find(({ address }) => address === view.recipient)?.copy;
    const protection = copy === undefined ? undefined : words.get(copy);
    return typeof protection === 'string' ? { ...view, protection } : view;
  });
}

export async function copiesOf(store: Store, message: MessageRecord, names: Names): Promise<CopyView[]> {
  const views: CopyView[] = [];
  for (const where of await store.deliveries.whereabouts(message))
    views.push(viewCopy(where, await nameOf(where, names), await expiryOf(store, where)));
  return views;
}

/** When a copy that nobody has fetched yet will expire. */
async function expiryOf({ registry }: Store, where: Whereabouts): Promise<Instant | undefined> {
  if (where.kind !== 'mailbox' || where.state !== 'waiting' || where.since === undefined) return undefined;
  const summary = await registry.findAccountById(where.account);
  const organisation = summary === undefined ? undefined : await registry.findOrganisation(summary.organisation);
  const keep = settingOf('keep-uncollected', summary?.account.settings, organisation?.settings);
  return instant(where.since + days(keep));
}

export const nameOf = async (where: Whereabouts, names: Names): Promise<string> =>
  where.kind === 'mailbox' ? ((await names.account(where.account)) ?? 'unknown') : await names.goal(where.delivery);
