/** Rows of `message` and `delivery` as the writer reads them. */
import type Database from 'better-sqlite3';
import type { DeliveryState } from '../deliveries.ts';
import type { Db } from './database.ts';
import type { DeliveryRow, DeliveryRows, MessageRow } from '../reads/records.ts';

export const MESSAGE = 'id, received_at, submitter, sender, message_id_field, envelope, octets, sha256, copy_of';
export const DELIVERY =
  'id, message, partner, recipient, dsn, state, attempts, fence, due_at, delayed_at, last_reply, settled_at, mailbox';

/** The columns of MESSAGE, all integers as bigint. */
export type RawMessage = readonly [bigint, bigint, bigint, string, string, string, bigint, Buffer, bigint | null];
/** The columns of DELIVERY, all integers as bigint. */
export type RawDelivery = readonly [
  bigint,
  bigint,
  bigint,
  string,
  string | null,
  DeliveryState,
  bigint,
  bigint,
  bigint,
  bigint | null,
  string | null,
  bigint | null,
  bigint | null,
];

const orNull = (value: bigint | null): number | null => (value === null ? null : Number(value));

export const messageOf = (raw: RawMessage): MessageRow => ({
  id: raw[0],
  receivedAt: Number(raw[1]),
  submitter: Number(raw[2]),
  sender: raw[3],
  messageIdField: raw[4],
  envelope: raw[5],
  octets: Number(raw[6]),
  sha256: raw[7],
  copyOf: raw[8],
});

export const deliveryOf = (raw: RawDelivery): DeliveryRow => ({
  id: Number(raw[0]),
  message: raw[1],
  partner: Number(raw[2]),
  recipient: raw[3],
  dsn: raw[4],
  state: raw[5],
  attempts: Number(raw[6]),
  fence: Number(raw[7]),
  dueAt: Number(raw[8]),
  delayedAt: orNull(raw[9]),
  lastReply: raw[10],
  settledAt: orNull(raw[11]),
  mailbox: orNull(raw[12]),
});

/** A statement whose rows are arrays and whose integers are bigints: ids do not fit a number. */
export const rawStatement = <P extends unknown[], R>(db: Db, sql: string): Database.Statement<P, R> =>
  db.prepare<P, R>(sql).raw(true).safeIntegers(true);

/** Joins deliveries with their messages; each message comes once, however many of its recipients there are. */
export class MessageRows {
  readonly #message: Database.Statement<[bigint], RawMessage>;

  constructor(db: Db) {
    this.#message = rawStatement(db, `SELECT ${MESSAGE} FROM message WHERE id = ?`);
  }

  get(id: bigint): MessageRow | undefined {
    const raw = this.#message.get(id);
    return raw === undefined ? undefined : messageOf(raw);
  }

  with(deliveries: readonly DeliveryRow[]): DeliveryRows {
    const messages = new Map<bigint, MessageRow>();
    for (const { message } of deliveries) {
      const row = messages.has(message) ? undefined : this.get(message);
      if (row !== undefined) messages.set(message, row);
    }
    return { deliveries, messages: [...messages.values()] };
  }
}
