/** Reads the queue of deliveries and the facts of messages, in the reader thread. Searches go in bounded steps: others wait behind each. */
import type Database from 'better-sqlite3';
import { type Address, addressKey } from '../../domain/address.ts';
import { days } from '../../domain/units.ts';
import { idTime } from '../message-ids.ts';
import type { Db } from './database.ts';
import {
  DELIVERY,
  MESSAGE,
  MessageRows,
  type RawDelivery,
  type RawMessage,
  deliveryOf,
  messageOf,
  rawStatement,
} from './message-rows.ts';
import { FIELD_START, SPAN_BITS, readMarks } from './search-tables.ts';
import type { DeliveriesInput, MessagesInput, QueueRow, ReaderWork } from './reader-protocol.ts';
import type { DeliveryRow, MessageRow } from './stored-rows.ts';

/** Rows that one step looks at: some milliseconds. */
const STEP = 2000;

const spanOf = (id: bigint): bigint => id >> SPAN_BITS;
/** Seeks of one step: a millisecond or two. */
const STEP_SPANS = 200n;

const FINAL = new Set<DeliveryRow['state']>(['relayed', 'filed', 'failed', 'withdrawn']);

export class DeliveryReader {
  readonly #messages: MessageRows;
  readonly #between: Database.Statement<[bigint, bigint], RawMessage>;
  readonly #named: Database.Statement<[bigint, string, bigint, bigint], RawMessage>;
  readonly #marks: ReturnType<typeof readMarks>;
  readonly #lowest: Database.Statement<[], bigint | null>;
  readonly #highest: Database.Statement<[], bigint | null>;
  readonly #delivery: Database.Statement<[number], RawDelivery>;
  readonly #ofMessage: Database.Statement<[bigint, number], RawDelivery>;
  readonly #openOf: Database.Statement<[number, number], RawDelivery>;
  readonly #all: Database.Statement<[number], RawDelivery>;
  readonly #notice: Database.Statement<[string]>;
  readonly #waiting: Database.Statement<[], CountRow>;
  readonly #held: Database.Statement<[], CountRow>;
  readonly #nextDue: Database.Statement<[number], { due_at: number }>;
  readonly #acceptedAt: Database.Statement<[number], { at: number }>;

  constructor(db: Db) {
    this.#messages = new MessageRows(db);
    this.#between = rawStatement(
      db,
      `SELECT ${MESSAGE} FROM message WHERE id < ? AND id > ? AND copy_of IS NULL ORDER BY id DESC`,
    );
    this.#named = rawStatement(
      db,
      `SELECT ${MESSAGE} FROM message m JOIN
         (SELECT id FROM message_of_field WHERE span = ? AND start = substr(?, 1, ${FIELD_START}) AND id < ? AND id > ?) f USING (id) ORDER BY f.id DESC`,
    );
    this.#marks = readMarks(db);
    const outermost = (which: 'min' | 'max'): Database.Statement<[], bigint | null> =>
      db.prepare<[], bigint | null>(`SELECT ${which}(id) FROM message`).pluck(true).safeIntegers(true);
    [this.#lowest, this.#highest] = [outermost('min'), outermost('max')];
    const deliveries = <P extends unknown[]>(where: string): Database.Statement<P, RawDelivery> =>
      rawStatement(db, `SELECT ${DELIVERY} FROM delivery WHERE ${where}`);
    this.#delivery = deliveries('id = ?');
    this.#ofMessage = deliveries('message = ? AND id > ? ORDER BY id');
    this.#openOf = deliveries('partner = ? AND settled_at IS NULL AND id > ? ORDER BY id');
    this.#all = deliveries('id > ? ORDER BY id');
    this.#notice = db.prepare('SELECT 1 FROM notice WHERE key = ?');
    const counts = (state: 'waiting' | 'held'): Database.Statement<[], CountRow> =>
      db.prepare(
        `SELECT partner, count(*) AS n, min(id) AS first FROM delivery WHERE state = '${state}' AND partner > 0 GROUP BY partner`,
      );
    this.#waiting = counts('waiting');
    this.#held = counts('held');
    this.#nextDue = db.prepare(
      "SELECT due_at FROM delivery WHERE partner = ? AND state = 'waiting' ORDER BY due_at, id LIMIT 1",
    );
    this.#acceptedAt = db.prepare(
      'SELECT m.received_at AS at FROM delivery d JOIN message m ON m.id = d.message WHERE d.id = ?',
    );
  }

  message(id: bigint): MessageRow | undefined {
    return this.#messages.get(id);
  }

  delivery(id: number): ReaderWork['delivery']['out'] {
    const raw = this.#delivery.get(id);
    return this.#messages.with(raw === undefined ? [] : [deliveryOf(raw)]);
  }

  ofMessage(message: bigint): DeliveryRow[] {
    return this.#ofMessage.all(message, 0).map(deliveryOf);
  }

  search(query: MessagesInput): ReaderWork['messages']['out'] {
    if (query.messageIdField === null) return this.#walk(query);
    const mark = this.#marks().id;
    if (query.below <= mark + 1n) return this.#searchNamed(query, query.messageIdField);
    // What is not in the table yet, and below it what is.
    const above = this.#walk({ ...query, above: query.above > mark ? query.above : mark });
    if (above.next !== null) return above;
    const rest = { ...query, below: mark + 1n, limit: query.limit - above.rows.length };
    const { rows, next } = this.#searchNamed(rest, query.messageIdField);
    return { rows: [...above.rows, ...rows], next };
  }

  #walk(query: MessagesInput): ReaderWork['messages']['out'] {
    const rows: MessageRow[] = [];
    let seen = 0;
    for (const raw of this.#between.iterate(query.below, query.above)) {
      seen += 1;
      if (isWanted(query, raw)) rows.push(messageOf(raw));
      if (rows.length === query.limit || seen === STEP) return { rows, next: raw[0] };
    }
    return { rows, next: null };
  }

  /** By the table of Message-IDs, a span of ids after the other, the newest first. */
  #searchNamed(query: MessagesInput, field: string): ReaderWork['messages']['out'] {
    const [lowest, highest] = [this.#lowest.get() ?? null, this.#highest.get() ?? null];
    if (lowest === null || highest === null) return { rows: [], next: null };
    const last = spanOf(query.above > lowest ? query.above : lowest);
    const first = spanOf(query.below < highest ? query.below : highest);
    const rows: MessageRow[] = [];
    let seen = 0;
    for (let span = first; span >= last; span -= 1n) {
      for (const raw of this.#named.iterate(span, field, query.below, query.above)) {
        seen += 1;
        if (isWanted(query, raw)) rows.push(messageOf(raw));
        if (rows.length === query.limit || seen === STEP) return { rows, next: raw[0] };
      }
      if (first - span === STEP_SPANS) return { rows, next: span << SPAN_BITS };
    }
    return { rows, next: null };
  }

  list({ limit, after, partner, message, states }: DeliveriesInput): ReaderWork['deliveries']['out'] {
    const onlyOpen = !states.some((state) => FINAL.has(state));
    const found =
      message !== null
        ? this.#ofMessage.iterate(message, after)
        : partner !== null && onlyOpen
          ? this.#openOf.iterate(partner, after)
          : this.#all.iterate(after);
    const rows: DeliveryRow[] = [];
    let seen = 0;
    for (const raw of found) {
      seen += 1;
      const row = deliveryOf(raw);
      if (states.includes(row.state) && (partner === null || row.partner === partner)) rows.push(row);
      if (rows.length === limit || seen === STEP) return { ...this.#messages.with(rows), next: row.id };
    }
    return { ...this.#messages.with(rows), next: null };
  }

  usedKeys(keys: readonly string[]): string[] {
    return keys.filter((key) => this.#notice.get(key) !== undefined);
  }

  /** Counted from indexes that hold nothing but what waits or is held. */
  queues(): QueueRow[] {
    const held = new Map(this.#held.all().map(({ partner, n }) => [partner, n]));
    const waiting = this.#waiting.all().map(({ partner, n, first }) => ({
      partner,
      waiting: n,
      held: held.get(partner) ?? 0,
      dueAt: this.#nextDue.get(partner)?.due_at ?? null,
      oldest: this.#acceptedAt.get(first)?.at ?? null,
    }));
    for (const { partner } of waiting) held.delete(partner);
    const others = [...held].map(([partner, n]) => ({ partner, waiting: 0, held: n, dueAt: null, oldest: null }));
    return [...waiting, ...others];
  }
}

interface CountRow {
  readonly partner: number;
  readonly n: number;
  readonly first: number;
}

function isWanted(query: MessagesInput, raw: RawMessage): boolean {
  const [id, at, , sender, field, envelope] = raw;
  // What was taken over from another server is looked for by when it came here. No clock is set back so far.
  const made = idTime(id);
  const came = made - Number(at) > days(1) ? made : at;
  if (came < query.receivedFrom || came > query.receivedTo) return false;
  if (query.messageIdField !== null && field !== query.messageIdField) return false;
  if (query.sender !== null && addressKey(sender as Address) !== query.sender) return false;
  if (query.recipient === null) return true;
  const { recipients } = JSON.parse(envelope) as {
    recipients: readonly { address: Address; substituteFor?: Address }[];
  };
  return recipients.some(
    ({ address, substituteFor }) =>
      addressKey(address) === query.recipient ||
      (substituteFor !== undefined && addressKey(substituteFor) === query.recipient),
  );
}
