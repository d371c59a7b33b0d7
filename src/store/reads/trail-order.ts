/**
 * How far the trail can be followed by its numbers.
 *
 * On SQLite one connection writes, and rows stand in the order of their numbers. On PostgreSQL a
 * transaction takes its numbers before it commits, and commits wait for another site: a row may
 * become visible after others with higher numbers. A reader that had followed the trail to those
 * missed it: with two gateways at work, events of webhooks were lost.
 */
import { int, text } from '../sql/columns.ts';
import { among, words } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';

/**
 * A transaction that has taken a number keeps its lock of the sequence until it ends; it is visible
 * by then.
 */
const NUMBERED = words(
  `(SELECT '' AS virtualtransaction WHERE false)`,
  `(SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND relation = 'audit_seq'::regclass
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`,
);
const PAUSE = words('SELECT 1 AS done', 'SELECT 1 AS done FROM pg_sleep(0.025)');
/**
 * Half a second in all, while a connection that reads is held. Commits between sites take some tens
 * of milliseconds.
 */
const PAUSES = 20;

/**
 * The last row that none with a lower number can join any more, as far as is known within half a
 * second; 0: there is none yet. `behind` comes back where nothing follows it, or what follows has
 * to wait. Each of its statements sees what stands then: it may not run inside a transaction with
 * one snapshot.
 */
export function* settledBehind(behind: number): Change<number> {
  const { last, open } = yield* sql.one({ last: int, open: int })`
    SELECT coalesce(max(seq), 0) AS last, (SELECT count(*) FROM ${NUMBERED} t) AS open FROM audit`;
  if (last <= behind) return behind;
  if (open === 0) return last;
  const numbered = yield* sql.all({ name: text })`SELECT virtualtransaction AS name FROM ${NUMBERED} t`;
  const names = numbered.map(({ name }) => name);
  for (let pause = 0; names.length > 0 && pause < PAUSES; pause += 1) {
    const { waiting } = yield* sql.one({ waiting: int })`
      SELECT count(*) AS waiting FROM ${NUMBERED} t WHERE virtualtransaction ${among(text, names)}`;
    if (waiting === 0) return last;
    yield* sql.one({ done: int })`${PAUSE}`;
  }
  return names.length === 0 ? last : behind;
}
