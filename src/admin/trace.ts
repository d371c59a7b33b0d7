/** The trace of a message: which ones there were, and every step of one. Never a subject, never content. */
import type { Address } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import { type MessageId, messageNumber, parseMessageId } from '../domain/ids.ts';
import { settingOf } from '../domain/settings.ts';
import { type Instant, days, instant, iso } from '../domain/units.ts';
import type { AuditRow } from '../store/audit.ts';
import type { MessageRecord, Whereabouts } from '../store/deliveries.ts';
import { idTime } from '../store/message-ids.ts';
import type { Store } from '../store/port/store.ts';
import { type AdminContext, AdminError } from './context.ts';
import {
  type CopyView,
  type EventView,
  type FoundView,
  type TraceView,
  viewCopy,
  viewEvent,
  viewMessage,
} from './delivery-views.ts';
import { address, optionalBeginning, optionalMoment, optionalText, page, text } from './input.ts';
import { Names } from './names.ts';
import { listing } from './operation.ts';
import { viewParts } from './part-views.ts';
import { findRefused, viewRefused } from './trace-refused.ts';

/** How far back a search goes that names no time. */
export const SEARCHED = days(90);
/** Rows of the audit trail that one trace shows. */
const MAX_EVENTS = 1000;

/** A Message-ID as people copy it: with angle brackets or without. */
export const withoutBrackets = (text: string): string => text.trim().replace(/^<(.*)>$/, '$1');

/** The message that `name` means: our own id, or the newest one with that Message-ID. Throws AdminError where there is none. */
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
      `Cannot find message "${name}": no message of the last 90 days has that id or Message-ID; "sluis trace --from ADDRESS --since DATE" searches by sender`,
    );
  return found;
}

interface SearchInput {
  readonly limit: number;
  readonly before?: MessageId;
  readonly messageIdField?: string;
  readonly sender?: Address;
  readonly recipient?: Address;
  readonly since?: Instant;
  readonly until?: Instant;
}

export interface SearchView {
  /** Newest first. */
  readonly found: readonly FoundView[];
  /** Refusals before this moment were not looked at: there are too many. */
  readonly refusedFrom?: string;
}

/** The next page of messages begins at an id, which holds its time. */
function endOf({ before, until }: SearchInput): { readonly until?: Instant } {
  const end = Math.min(before === undefined ? Infinity : idTime(messageNumber(before)), until ?? Infinity);
  return end === Infinity ? {} : { until: instant(end) };
}

export const traceOperations = {
  'trace.search': listing(
    (input): SearchInput => {
      const { limit, after } = page(input);
      const before = after === undefined ? undefined : parseMessageId(after);
      const messageIdField = optionalText(input, 'message-id', 998);
      const since = optionalBeginning(input, 'since');
      const until = optionalMoment(input, 'until');
      return {
        limit,
        ...defined({ before }),
        ...(messageIdField === undefined ? {} : { messageIdField: withoutBrackets(messageIdField) }),
        ...(input.from === undefined ? {} : { sender: address(input, 'from') }),
        ...(input.to === undefined ? {} : { recipient: address(input, 'to') }),
        ...defined({ since, until }),
      };
    },
    async ({ store, clock, gateway }, query): Promise<SearchView> => {
      const names = new Names(store.registry);
      const since = query.since ?? instant(clock.now() - SEARCHED);
      const messages: FoundView[] = [];
      for (const message of await store.deliveries.findMessages({ ...query, since }))
        messages.push({ kind: 'accepted', ...viewMessage(message, await names.account(message.submitter)) });
      // What was refused has no Message-ID that anybody kept.
      if (query.messageIdField !== undefined) return { found: messages };
      gateway?.writeCounted();
      const refused = await findRefused(store.audit, { ...query, since, ...endOf(query) });
      for (const row of refused.rows) messages.push(await viewRefused(row, names));
      messages.sort((a, b) => (a.received < b.received ? 1 : a.received > b.received ? -1 : 0));
      return { found: messages.slice(0, query.limit), ...defined({ refusedFrom: iso(refused.from) }) };
    },
  ),
  'trace.show': listing(
    (input) => text(input, 'message', 998),
    async (context, name): Promise<TraceView> => {
      const { store } = context;
      const message = await messageOf(context, name);
      const names = new Names(store.registry);
      const { rows, more } = await eventsOf(store, message.id);
      return {
        ...viewMessage(message, await names.account(message.submitter)),
        sha256: message.sha256,
        envelope: message.envelope,
        ...viewParts(await store.messageParts(message.id)),
        copies: protectedCopies(await copiesOf(store, message, names), message, rows),
        events: await eventViews(rows, names),
        more,
      };
    },
  ),
};

async function eventsOf(store: Store, message: MessageId): Promise<{ rows: readonly AuditRow[]; more: boolean }> {
  const rows = await store.audit.read({ message, limit: MAX_EVENTS });
  return { rows, more: rows.length === MAX_EVENTS };
}

async function eventViews(rows: readonly AuditRow[], names: Names): Promise<EventView[]> {
  const views: EventView[] = [];
  for (const row of rows)
    views.push(viewEvent(row, row.account === undefined ? undefined : await names.account(row.account)));
  return views;
}

/** Which copy an address got, and what was done to it, stand apart: the one in the envelope, the other in the audit trail. */
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

/** The end of its retention, for a copy that nobody has fetched yet. */
async function expiryOf({ registry }: Store, where: Whereabouts): Promise<Instant | undefined> {
  if (where.kind !== 'mailbox' || where.state !== 'waiting' || where.since === undefined) return undefined;
  const summary = await registry.findAccountById(where.account);
  const organisation = summary === undefined ? undefined : await registry.findOrganisation(summary.organisation);
  const keep = settingOf('keep-uncollected', summary?.account.settings, organisation?.settings);
  return instant(where.since + days(keep));
}

export const nameOf = async (where: Whereabouts, names: Names): Promise<string> =>
  where.kind === 'mailbox' ? ((await names.account(where.account)) ?? 'unknown') : await names.goal(where.delivery);
