/**
 * Keys of requests over the API. They leave no row in the trail: what a request did has rows of its
 * own.
 */
import type { Instant } from '../../domain/units.ts';
import { KEYS_FOR, type KeyEnd, type KeyState, type KeyedRequest, MAX_KEPT_ANSWERS, MAX_KEYS } from '../idempotency.ts';
import { bytes, int, orNull, text, time } from '../sql/columns.ts';
import { locked, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext } from './change-context.ts';

const KEPT = { request: bytes, run: text, begunAt: time, state: text, answer: orNull(text) };
const KEY = { caller: text, key: bytes };
const USE = { caller: text, keys: int, octets: int };

const octetsOf = (answer: string): number => Buffer.byteLength(answer);

export class IdempotencyChanges {
  *begin({ at }: ChangeContext, { caller, key, request, run }: KeyedRequest): Change<KeyState> {
    const found = yield* sql.first(KEPT)`
      SELECT request, run, begun_at, state, answer FROM idempotency WHERE caller = ${caller} AND key = ${key} ${locked}`;
    if (found !== undefined && found.begunAt > at - KEYS_FOR) {
      const { state, answer } = found;
      if (Buffer.compare(found.request, request) !== 0) return { kind: 'another' };
      if (state === 'kept' && answer !== null) return { kind: 'kept', answer };
      if (state === 'done') return { kind: 'done' };
      return { kind: state === 'running' && found.run === run ? 'running' : 'unknown' };
    }
    // The key is past its time, and the sweep has not removed it yet.
    if (found !== undefined) yield* drop(caller, key, found.answer);
    const use = yield* sql.first({ keys: int })`SELECT keys FROM idempotency_use WHERE caller = ${caller} ${locked}`;
    if ((use?.keys ?? 0) >= MAX_KEYS) return { kind: 'full' };
    yield* sql.run`
      INSERT INTO idempotency (caller, key, request, run, begun_at, state, answer)
      VALUES (${caller}, ${key}, ${request}, ${run}, ${at}, 'running', NULL)`;
    yield* sql.run`
      INSERT INTO idempotency_use (caller, keys, octets) VALUES (${caller}, 1, 0)
          ON CONFLICT (caller) DO UPDATE SET keys = idempotency_use.keys + 1`;
    return { kind: 'begun' };
  }

  /**
   * Ends a request with its answer. An answer for which the caller has no space left is not kept.
   */
  *end(_context: ChangeContext, caller: string, key: Uint8Array, end: KeyEnd): Change<void> {
    const use = yield* sql.first({
      octets: int,
    })`SELECT octets FROM idempotency_use WHERE caller = ${caller} ${locked}`;
    const answer = typeof end === 'string' ? null : end.answer;
    const kept = answer !== null && (use?.octets ?? 0) + octetsOf(answer) <= MAX_KEPT_ANSWERS;
    const state = kept ? 'kept' : typeof end === 'string' ? end : 'done';
    const ended = yield* sql.run`
      UPDATE idempotency SET state = ${state}, answer = ${kept ? answer : null}
       WHERE caller = ${caller} AND key = ${key} AND state = 'running'`;
    if (ended > 0 && kept)
      yield* sql.run`UPDATE idempotency_use SET octets = octets + ${octetsOf(answer)} WHERE caller = ${caller}`;
  }

  /** Frees the key, since nothing was done. */
  *forget(_context: ChangeContext, caller: string, key: Uint8Array): Change<void> {
    yield* drop(caller, key, null);
  }
}

function* drop(caller: string, key: Uint8Array, answer: string | null): Change<void> {
  const gone = yield* sql.run`DELETE FROM idempotency WHERE caller = ${caller} AND key = ${key}`;
  yield* giveBack([{ caller, keys: gone, octets: gone * octetsOf(answer ?? '') }]);
}

/** Counts down a caller's keys; a caller without any is removed. */
function* giveBack(uses: readonly { caller: string; keys: number; octets: number }[]): Change<void> {
  yield* sql.run`
    UPDATE idempotency_use SET
       keys = keys - (SELECT given.keys FROM ${rowsOf(USE, uses)} WHERE given.caller = idempotency_use.caller),
       octets = octets - (SELECT given.octets FROM ${rowsOf(USE, uses)} WHERE given.caller = idempotency_use.caller)
     WHERE caller IN (SELECT given.caller FROM ${rowsOf(USE, uses)})`;
  yield* sql.run`
    DELETE FROM idempotency_use WHERE keys <= 0 AND caller IN (SELECT given.caller FROM ${rowsOf(USE, uses)})`;
}

/**
 * A step of the sweep: removes at most `most` keys that are past their time; returns how many there
 * were.
 */
export function* dropKeys(at: Instant, most: number): Change<number> {
  const over = yield* sql.all({ ...KEY, octets: int })`
    SELECT caller, key, coalesce(octet_length(answer), 0) AS octets FROM idempotency
     WHERE begun_at <= ${at - KEYS_FOR} ORDER BY begun_at LIMIT ${most} ${locked}`;
  if (over.length === 0) return 0;
  yield* sql.run`
    DELETE FROM idempotency WHERE (caller, key) IN (SELECT given.caller, given.key FROM ${rowsOf(KEY, over)})`;
  const uses = new Map<string, { caller: string; keys: number; octets: number }>();
  for (const { caller, octets } of over) {
    const use = uses.get(caller) ?? { caller, keys: 0, octets: 0 };
    uses.set(caller, { caller, keys: use.keys + 1, octets: use.octets + octets });
  }
  yield* giveBack([...uses.values()]);
  return over.length;
}
