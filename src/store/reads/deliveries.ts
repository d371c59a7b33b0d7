/** Reads of the queue of deliveries, and of where the copies of a message are. */
import type { Address } from '../../domain/address.ts';
import type { AccountId, DeliveryId, EntryUid, MessageId, PartnerId } from '../../domain/ids.ts';
import { messageNumber } from '../../domain/ids.ts';
import type {
  Delivery,
  DeliveryQuery,
  DeliveryState,
  MessageRecord,
  PartnerQueue,
  SentPage,
  SentQuery,
  Whereabouts,
} from '../deliveries.ts';
import { type Row, as, flag, int, long, orNull, text, time } from '../sql/columns.ts';
import { among, rowsOf, words } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';
import { SINCE } from './mailboxes.ts';
import { MESSAGE, MESSAGE_COLUMNS } from './messages.ts';
import { type HiddenWhy, deliveriesFrom, deliveryFrom, recordOf } from './records.ts';
import { isSent, sentRows } from './sent-rows.ts';
import { type Step, stepped } from './steps.ts';

export const DELIVERY = {
  id: as<DeliveryId>(int),
  message: long,
  partner: int,
  recipient: text,
  dsn: orNull(text),
  state: as<DeliveryState>(text),
  attempts: int,
  fence: int,
  dueAt: time,
  delayedAt: orNull(time),
  lastReply: orNull(text),
  settledAt: orNull(time),
  mailbox: orNull(int),
};
export const DELIVERY_COLUMNS = words(
  'id, message, partner, recipient, dsn, state, attempts, fence, due_at, delayed_at, last_reply, settled_at, mailbox',
);
const DELIVERIES = words(
  'SELECT id, message, partner, recipient, dsn, state, attempts, fence, due_at, delayed_at, last_reply, settled_at, mailbox FROM delivery',
);
type DeliveryRow = Row<typeof DELIVERY>;

const OPEN: readonly DeliveryState[] = ['waiting', 'held'];
const MOST_KEYS = 1000;
/** Recipients after which a page of messages ends; the last message is complete. */
const MOST_PLACES = 1000;

export class DeliveryReads {
  /**
   * One row for each partner that has something waiting or held; copies held from mailboxes are in
   * `list` alone.
   */
  *queues(_now: Now): Change<readonly PartnerQueue[]> {
    // Counted from indexes that hold nothing but what waits or is held.
    const waiting = yield* sql.all({ partner: as<PartnerId>(int), n: int, first: int, dueAt: time })`
      SELECT partner, count(*) AS n, min(id) AS first, min(due_at) AS due_at FROM delivery WHERE state = 'waiting' AND partner > 0 GROUP BY partner`;
    const held = yield* sql.all({ partner: as<PartnerId>(int), n: int })`
      SELECT partner, count(*) AS n FROM delivery WHERE state = 'held' AND partner > 0 GROUP BY partner`;
    const firsts = waiting.map(({ first }) => first);
    const accepted = yield* sql.all({ id: int, receivedAt: time })`
      SELECT d.id, m.received_at FROM delivery d JOIN message m ON m.id = d.message WHERE d.id ${among(int, firsts)}`;
    const left = new Map(held.map(({ partner, n }) => [partner, n]));
    const queues: PartnerQueue[] = waiting.map(({ partner, n, first, dueAt }) => {
      const oldest = accepted.find(({ id }) => id === first)?.receivedAt;
      const its = { partner, waiting: n, held: left.get(partner) ?? 0, dueAt };
      left.delete(partner);
      return oldest === undefined ? its : { ...its, oldest };
    });
    return [...queues, ...[...left].map(([partner, n]) => ({ partner, waiting: 0, held: n }))];
  }

  *find(_now: Now, id: DeliveryId): Change<Delivery | undefined> {
    return (yield* withMessages(yield* sql.all(DELIVERY)`${DELIVERIES} WHERE id = ${id}`))[0];
  }

  /** A step of a listing, oldest first. */
  *deliveriesStep(_now: Now, query: DeliveryQuery): Change<Step<Delivery, DeliveryId>> {
    const { limit, after = 0 as DeliveryId, states = OPEN, partner } = query;
    const { rows, next } = yield* stepped<DeliveryRow, DeliveryId>({
      limit,
      from: after,
      keyOf: ({ id }) => id,
      page: pageOf(query),
      isWanted: (row) => states.includes(row.state) && (partner === undefined || row.partner === partner),
    });
    return { rows: yield* withMessages(rows), ...(next === undefined ? {} : { next }) };
  }

  *whereabouts(_now: Now, message: MessageRecord): Change<readonly Whereabouts[]> {
    return (yield* placesOf([message]))(message);
  }

  /**
   * What an account sent, newest first, with where the copies are: seven statements, whatever the
   * page.
   */
  *sentPage(_now: Now, query: SentQuery): Change<SentPage> {
    const { found, next } = yield* sentRows(query);
    const rows = yield* sql.all(MESSAGE)`
      SELECT ${MESSAGE_COLUMNS} FROM message m WHERE m.id ${among(
        long,
        found.map(({ id }) => id),
      )}`;
    const byId = new Map(rows.map((row) => [row.id, recordOf(row)]));
    const messages: MessageRecord[] = [];
    let places = 0;
    for (const { id, seq } of found) {
      const message = byId.get(id);
      if (message === undefined || !isSent(query, message)) continue;
      messages.push(message);
      places += message.recipients.length;
      if (places >= MOST_PLACES) return { sent: yield* withPlaces(messages), next: seq };
    }
    return { sent: yield* withPlaces(messages), ...(next === undefined ? {} : { next }) };
  }

  /**
   * Which of these keys (at most 1000) were used by notices that were filed. Saves writing them
   * again; `Acceptance.once` decides.
   */
  *usedKeys(_now: Now, keys: readonly string[]): Change<readonly string[]> {
    if (keys.length > MOST_KEYS)
      throw new RangeError(`${keys.length} keys of notices are asked for; expected at most ${MOST_KEYS}`);
    const used = yield* sql.all({ key: text })`SELECT key FROM notice WHERE key ${among(text, keys)}`;
    const known = new Set(used.map(({ key }) => key));
    return keys.filter((key) => known.has(key));
  }
}

/** Copies of each of these messages, and where they are. */
function* placesOf(messages: readonly MessageRecord[]): Change<(message: MessageRecord) => readonly Whereabouts[]> {
  const copies = messages.flatMap(({ id, recipients }) =>
    recipients.map(({ copy = id, mailbox }) => ({ message: messageNumber(copy), mailbox })),
  );
  const deliveries = yield* sql.all(DELIVERY)`
    ${DELIVERIES} WHERE message ${among(long, [...new Set(copies.map((one) => one.message))])} ORDER BY message, id`;
  const byMessage = new Map<bigint, DeliveryRow[]>();
  for (const row of deliveries) {
    const its = byMessage.get(row.message);
    if (its === undefined) byMessage.set(row.message, [row]);
    else its.push(row);
  }
  const found = yield* copiesIn(
    copies.flatMap((one) => (one.mailbox === undefined ? [] : { message: one.message, account: one.mailbox })),
  );
  return (message) =>
    message.recipients.map(({ address, mailbox, copy = message.id }) => {
      const its = byMessage.get(messageNumber(copy)) ?? [];
      return mailbox === undefined
        ? relayOf(its, address, message)
        : copyOf(its, found(copy, mailbox), { recipient: address, account: mailbox }, message);
    });
}

function* withPlaces(messages: readonly MessageRecord[]): Change<SentPage['sent']> {
  const of = yield* placesOf(messages);
  return messages.map((message) => ({ message, places: of(message) }));
}

/** Uses the index with the fewest other rows. */
function pageOf({
  message,
  partner,
  states = OPEN,
}: DeliveryQuery): (after: DeliveryId, most: number) => Change<readonly DeliveryRow[]> {
  if (message !== undefined)
    return (after, most) => sql.all(DELIVERY)`
      ${DELIVERIES} WHERE message = ${messageNumber(message)} AND id > ${after} ORDER BY id LIMIT ${most}`;
  if (partner !== undefined && states.every((state) => OPEN.includes(state)))
    return (after, most) => sql.all(DELIVERY)`
      ${DELIVERIES} WHERE partner = ${partner} AND settled_at IS NULL AND id > ${after} ORDER BY id LIMIT ${most}`;
  return (after, most) => sql.all(DELIVERY)`${DELIVERIES} WHERE id > ${after} ORDER BY id LIMIT ${most}`;
}

/** Each message is read once, however many of its recipients there are. */
function* withMessages(deliveries: readonly DeliveryRow[]): Change<readonly Delivery[]> {
  const ids = [...new Set(deliveries.map(({ message }) => message))];
  const messages = yield* sql.all(MESSAGE)`
    SELECT ${MESSAGE_COLUMNS} FROM message m WHERE m.id ${among(long, ids)}`;
  return deliveriesFrom({ deliveries, messages });
}

const PLACE = { message: long, account: int };
const ENTRY = { ...PLACE, uid: as<EntryUid>(int), retrieved: int, since: time, restored: flag };
const HIDDEN = { ...PLACE, uid: as<EntryUid>(int), why: as<HiddenWhy>(text), hiddenAt: time };

interface Copy {
  /** The entry of a copy; one that was handed out again counts before one that is still hidden. */
  readonly entry: Row<typeof ENTRY> | undefined;
  readonly hidden: Row<typeof HIDDEN> | undefined;
}

/** The first entry and the first hidden one of each of these copies. */
function* copiesIn(places: readonly Row<typeof PLACE>[]): Change<(copy: MessageId, account: AccountId) => Copy> {
  const entries = yield* sql.all(ENTRY)`
    SELECT e.message, e.account, e.uid, e.retrieved, ${SINCE} AS since, (e.restored_at IS NOT NULL) AS restored
      FROM ${rowsOf(PLACE, places)} CROSS JOIN entry e WHERE e.account = given.account AND e.message = given.message`;
  const hidden = yield* sql.all(HIDDEN)`
    SELECT h.message, h.account, h.uid, h.why, h.hidden_at
      FROM ${rowsOf(PLACE, places)} CROSS JOIN hidden_entry h WHERE h.account = given.account AND h.message = given.message`;
  const byUid = entries.toSorted((a, b) => a.uid - b.uid);
  const byTime = hidden.toSorted((a, b) => a.hiddenAt - b.hiddenAt || a.uid - b.uid);
  return (copy, account) => {
    const message = messageNumber(copy);
    const isIt = (row: Row<typeof PLACE>): boolean => row.message === message && row.account === account;
    return { entry: byUid.find(isIt), hidden: byTime.find(isIt) };
  };
}

function relayOf(deliveries: readonly DeliveryRow[], recipient: Address, message: MessageRecord): Whereabouts {
  const row = deliveries.find((delivery) => delivery.mailbox === null && delivery.recipient === recipient);
  if (row === undefined) throw new Error(`The delivery of message ${message.id} to one of its recipients is missing`);
  return { kind: 'partner', recipient, delivery: deliveryFrom(row, message) };
}

/** What is in the mailbox, or was, counts before a copy that was never released. */
function copyOf(
  deliveries: readonly DeliveryRow[],
  { entry, hidden }: Copy,
  to: { readonly recipient: Address; readonly account: AccountId },
  message: MessageRecord,
): Whereabouts {
  // A released copy may have been set aside again, so the last delivery counts.
  const held = deliveries.findLast((delivery) => delivery.mailbox === to.account);
  const delivery = held === undefined ? {} : { delivery: deliveryFrom(held, message) };
  if (held?.state === 'held' || held?.state === 'failed' || held?.state === 'withdrawn')
    return { kind: 'mailbox', ...to, state: held.state, ...delivery };
  const uid = entry?.uid ?? hidden?.uid;
  return {
    kind: 'mailbox',
    ...to,
    state: entry !== undefined ? (entry.retrieved === 0 ? 'waiting' : 'collected') : (hidden?.why ?? 'gone'),
    ...(uid === undefined ? {} : { uid }),
    ...(entry === undefined ? {} : { since: entry.since, ...(entry.restored ? { restored: true } : {}) }),
    ...delivery,
  };
}
