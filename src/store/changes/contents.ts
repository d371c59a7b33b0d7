/**
 * Contents that fewer need, and what gives octets back, a bounded slice in each transaction: bodies
 * that were given up, content that nothing needs.
 */
import { int, long } from '../sql/columns.ts';
import { among, locked, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';

/** Contents or uploads that one step drops: a few milliseconds of the writer's time. */
const ROWS = 200;
/** 8 chunks are 2 MB. */
const CHUNKS = 8;
/** Name of the fact below which no id is made again. */
const HIGHEST = 'last_id';

/** Chunks that a slice may still drop. */
export interface Budget {
  n: number;
}
export const newBudget = (): Budget => ({ n: CHUNKS });

export interface Dropped {
  readonly dropped: number;
  readonly more: boolean;
}

const NEEDED = { message: long, refs: int };

/** Each of these entries or deliveries no longer needs the content of its message. */
export function* release(messages: readonly bigint[]): Change<void> {
  const refs = new Map<bigint, number>();
  for (const message of messages) refs.set(message, (refs.get(message) ?? 0) + 1);
  const fewer = [...refs].map(([message, n]) => ({ message, refs: n }));
  yield* sql.run`
    UPDATE content SET refs = content.refs - given.refs
      FROM ${rowsOf(NEEDED, fewer)} WHERE content.message = given.message`;
}

/**
 * Ids and the store's time must go on above what was deleted, whatever the clock says at the next
 * start.
 */
export function* raise(below: bigint): Change<void> {
  yield* sql.run`
    INSERT INTO fact (name, value) VALUES (${HIGHEST}, ${below}) ON CONFLICT (name)
      DO UPDATE SET value = excluded.value WHERE CAST(fact.value AS bigint) < CAST(excluded.value AS bigint)`;
}

/** Content that nothing needs, oldest first. */
export function* dropUnneeded(at: number, left: Budget): Change<Dropped> {
  const unneeded = yield* sql.all({ id: long, chunks: int })`
    SELECT message AS id, chunks FROM content WHERE refs = 0 ORDER BY message LIMIT ${ROWS} ${locked}`;
  const ids: bigint[] = [];
  for (const { id, chunks } of unneeded) {
    if (chunks > 1 && !(yield* dropChunks(id, left))) break;
    ids.push(id);
  }
  if (ids.length > 0) {
    yield* sql.run`DELETE FROM chunk WHERE message ${among(long, ids)}`;
    yield* sql.run`DELETE FROM content WHERE message ${among(long, ids)}`;
    yield* sql.run`UPDATE message SET gone_at = ${at} WHERE id ${among(long, ids)}`;
    // What was submitted is gone with the last of its copies.
    yield* sql.run`
      UPDATE message SET gone_at = ${at}
       WHERE id IN (SELECT copy_of FROM message WHERE id ${among(long, ids)}) AND gone_at IS NULL
         AND NOT EXISTS (SELECT 1 FROM content c WHERE c.message = message.id)
         AND NOT EXISTS (SELECT 1 FROM message o JOIN content c ON c.message = o.id WHERE o.copy_of = message.id)`;
  }
  return { dropped: ids.length, more: ids.length < unneeded.length || unneeded.length === ROWS };
}

export interface Uploads {
  /** Those that are still being written. */
  readonly open: readonly bigint[];
  readonly below: bigint;
  /** Below this one whosever they are; between the two those of `node` alone. */
  readonly others: bigint;
  readonly node: number;
}

/** Uploads that nobody writes any more. 13 bits of an id stand behind the node (message-ids.ts). */
export function* dropUploads({ open, below, others, node }: Uploads, left: Budget): Change<Dropped> {
  const uploads = yield* sql.all({ message: long })`
    SELECT message FROM upload
     WHERE message < ${below} AND (message < ${others} OR ((message >> 13) & 255) = ${node}) AND NOT message ${among(long, open)}
     ORDER BY message LIMIT ${ROWS} ${locked}`;
  const ids: bigint[] = [];
  for (const { message } of uploads) {
    if (!(yield* dropChunks(message, left))) break;
    ids.push(message);
  }
  if (ids.length > 0) yield* sql.run`DELETE FROM upload WHERE message ${among(long, ids)}`;
  return { dropped: ids.length, more: ids.length < uploads.length || uploads.length === ROWS };
}

/**
 * A slice of one upload; true while there is more. What was filed is no upload any more, and stays.
 */
export function* dropUpload(id: bigint): Change<boolean> {
  const upload = yield* sql.first({ message: long })`SELECT message FROM upload WHERE message = ${id} ${locked}`;
  if (upload === undefined) return false;
  if (!(yield* dropChunks(id, newBudget()))) return true;
  yield* sql.run`DELETE FROM upload WHERE message = ${id}`;
  yield* raise(id);
  return false;
}

/** From the last one on, as far as may be. True when the message has no chunks left. */
function* dropChunks(id: bigint, left: Budget): Change<boolean> {
  const budget = left.n;
  if (budget <= 0) return false;
  const dropped = yield* sql.run`
    DELETE FROM chunk WHERE (message, n) IN
      (SELECT message, n FROM chunk WHERE message = ${id} ORDER BY n DESC LIMIT ${budget})`;
  left.n -= dropped;
  return dropped < budget;
}
