/**
 * What became of messages that were submitted before under a key that comes again: read only where
 * there are such.
 */
import { messageNumber } from '../../domain/ids.ts';
import { recipientsIn } from '../core/filing-rules.ts';
import { int, long, orNull, text } from '../sql/columns.ts';
import { type Change, sql } from '../sql/sql.ts';
import { longs } from './binary-arrays.ts';

export interface Repeats {
  /** Of messages that are not gone. */
  readonly envelopes: ReadonlyMap<bigint, string>;
  /** By `ACCOUNT MESSAGE`. */
  readonly retrieved: ReadonlyMap<string, number>;
  readonly held: ReadonlySet<string>;
  readonly settled: ReadonlySet<bigint>;
}

export const NO_REPEATS: Repeats = { envelopes: new Map(), retrieved: new Map(), held: new Set(), settled: new Set() };

const DELIVERY = { message: long, mailbox: orNull(int), state: text, settledAt: orNull(int) };

/** Locked: nobody fetches, delivers or sweeps them until the batch ends. */
export function* readRepeats(messages: readonly bigint[]): Change<Repeats> {
  if (messages.length === 0) return NO_REPEATS;
  const found = yield* sql.all({ id: long, envelope: text })`
    SELECT id, envelope FROM message WHERE id = ANY (${longs(messages)}::bigint[]) AND gone_at IS NULL ORDER BY id FOR SHARE`;
  const parts = found.flatMap(({ id, envelope }) =>
    recipientsIn(envelope).map(({ mailbox, copy }) => ({
      message: copy === undefined ? id : messageNumber(copy),
      account: mailbox ?? 0,
    })),
  );
  const of = longs([...new Set(parts.map(({ message }) => message))]);
  const entries = yield* sql.all({ account: int, message: long, retrieved: int })`
    SELECT e.account, e.message, e.retrieved
      FROM unnest(${longs(parts.map(({ account }) => account))}::bigint[], ${longs(parts.map(({ message }) => message))}::bigint[])
             AS given (account, message)
      JOIN entry e ON e.account = given.account AND e.message = given.message ORDER BY e.account, e.uid FOR SHARE OF e`;
  const deliveries = yield* sql.all(DELIVERY)`
    SELECT message, mailbox, state, settled_at FROM delivery WHERE message = ANY (${of}::bigint[]) ORDER BY id FOR SHARE`;
  return {
    envelopes: new Map(found.map(({ id, envelope }) => [id, envelope])),
    // The last one holds: what was handed out again stands behind.
    retrieved: new Map(entries.map(({ account, message, retrieved }) => [`${account} ${message}`, retrieved])),
    held: new Set(deliveries.flatMap((d) => (d.state === 'held' ? [`${d.mailbox ?? 0} ${d.message}`] : []))),
    settled: new Set(deliveries.flatMap((d) => (d.settledAt !== null && d.state !== 'filed' ? [d.message] : []))),
  };
}
