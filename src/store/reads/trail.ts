/** Reads of the audit trail. */
import { BEFORE_ALL, beforeAllOf, followOn, isBroken } from '../../crypto/trail/audit-chain.ts';
import { RESTORED } from '../../crypto/trail/restoration.ts';
import { type BrokenRow, type ChainHead, type ChainRow, type LaneHead, toldErased } from '../../domain/audit-row.ts';
import { defined } from '../../domain/defined.ts';
import type { RestoredRow } from '../../domain/restored-trail.ts';
import { type AccountId, messageIdOf, messageNumber } from '../../domain/ids.ts';
import { type AuditQuery, type AuditRow, LATEST_EVENTS, type LatestQuery } from '../audit.ts';
import { type Row, as, bytes, int, long, optional, orNull, text, time } from '../sql/columns.ts';
import { indexedBy, words } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';
import { limitOf } from './page.ts';
import { searchMarks } from './search-marks.ts';
import { restoredRows } from './trail-restores.ts';
import { settledBehind } from './trail-order.ts';

const ROW = {
  seq: int,
  at: time,
  event: text,
  outcome: as<'success' | 'failure'>(text),
  message: orNull(long),
  account: orNull(as<AccountId>(int)),
  facts: text,
  commitment: orNull(bytes),
  hash: bytes,
  salt: orNull(bytes),
  personal: orNull(text),
  lane: optional(int),
  place: optional(int),
};
type TrailRow = Row<typeof ROW>;

const COLUMNS =
  'SELECT a.seq, a.at, a.event, a.outcome, a.message, a.account, a.facts, a.commitment, a.hash, a.salt, a.personal,';
/**
 * On SQLite one connection writes, and its chain has no name. Lane 0 holds what was carried over
 * from there.
 */
const TRAIL = words(
  `${COLUMNS} NULL AS lane, NULL AS place FROM audit a`,
  `${COLUMNS} nullif(a.lane, 0) AS lane, CASE WHEN a.lane = 0 THEN NULL ELSE a.place END AS place FROM audit a`,
);
const LANE = words('0', 'a.lane');
const PLACE = words('a.seq', 'a.place');
const LANES = words(
  `(SELECT 0 AS lane, NULL AS node, NULL AS epoch, NULL AS ended_at, coalesce(a.seq, 0) AS place, a.hash
      FROM (SELECT 1) LEFT JOIN audit a ON a.seq = (SELECT max(seq) FROM audit)) f`,
  `(SELECT l.lane, l.node, l.epoch, l.ended_at, coalesce(a.place, 0) AS place, a.hash
      FROM (SELECT 0 AS lane, NULL::bigint AS node, NULL::bigint AS epoch, 0::bigint AS ended_at
            UNION ALL SELECT id, node, epoch, ended_at FROM lane) l
           LEFT JOIN LATERAL (SELECT place, hash FROM audit WHERE lane = l.lane ORDER BY place DESC LIMIT 1) a ON true
     WHERE l.lane > 0 OR a.place > 0) f`,
);
const LANE_HEAD = {
  lane: int,
  node: orNull(int),
  epoch: orNull(int),
  endedAt: orNull(time),
  place: int,
  hash: orNull(bytes),
};
/** The list makes the partial index usable: SQLite compares it with the index's own. */
const LISTED = words(`a.event IN (${LATEST_EVENTS.map((event) => `'${event}'`).join(', ')})`);
const BY_LATEST = indexedBy('audit_latest');
const BY_REFUSED = indexedBy('audit_refused');

/** A part of the chain that holds. */
interface Verified {
  readonly kind: 'ok';
  readonly rows: number;
  /** Rows whose personal fields are gone, and how many the rows say were erased. */
  readonly erased: number;
  readonly told: number;
  /** Those that tell of a restore. */
  readonly restored: readonly RestoredRow[];
  readonly head: ChainHead;
  readonly end: boolean;
}

export class TrailReads {
  /** Rows, oldest first. */
  *read(_now: Now, { message, account, fromSeq = 0, limit }: AuditQuery): Change<readonly AuditRow[]> {
    const most = limitOf({ limit });
    const rows =
      message !== undefined
        ? yield* ofMessage(messageNumber(message), fromSeq, most)
        : account !== undefined
          ? yield* ofAccount(account, fromSeq, most)
          : yield* rowsFrom(fromSeq, most);
    return rows.filter((row) => account === undefined || row.account === account).map(auditRowOf);
  }

  /** Rows of one event, newest first. */
  *latest(_now: Now, { event, account, limit }: LatestQuery): Change<readonly AuditRow[]> {
    const rows = yield* sql.all(ROW)`
      ${TRAIL} ${BY_LATEST} WHERE a.account IS NOT DISTINCT FROM ${account ?? null} AND a.event = ${event} AND ${LISTED}
       ORDER BY a.seq DESC LIMIT ${limitOf({ limit })}`;
    return rows.map(auditRowOf);
  }

  /**
   * Refused mail of all accounts (`message.refused`), newest first: rows before `before`, at most
   * `limit` (1 to 1000).
   */
  *refused(
    _now: Now,
    { before = Number.MAX_SAFE_INTEGER, limit }: { readonly before?: number; readonly limit: number },
  ): Change<readonly AuditRow[]> {
    const rows = yield* sql.all(ROW)`
      ${TRAIL} ${BY_REFUSED} WHERE a.event = 'message.refused' AND a.seq < ${before} ORDER BY a.seq DESC LIMIT ${limitOf({ limit })}`;
    return rows.map(auditRowOf);
  }

  /**
   * Rows from `fromSeq` on as they are chained, at most `limit` (1 to 1000); what proves them goes
   * along.
   */
  *chain(
    _now: Now,
    { fromSeq, limit }: { readonly fromSeq: number; readonly limit: number },
  ): Change<readonly ChainRow[]> {
    return yield* rowsFrom(fromSeq, limitOf({ limit }));
  }

  /**
   * Rows after a row, for readers that keep up with the trail: at most `limit` (1 to 1000), and
   * none before those with lower numbers are visible. `next`: the row to go on from; `behind` if
   * nothing follows yet.
   */
  *follow(
    _now: Now,
    { behind, limit }: { readonly behind: number; readonly limit: number },
  ): Change<{ readonly rows: readonly ChainRow[]; readonly next: number }> {
    const most = limitOf({ limit });
    const to = yield* settledBehind(behind);
    if (to <= behind) return { rows: [], next: behind };
    const rows = yield* sql.all(ROW)`${TRAIL} WHERE a.seq > ${behind} AND a.seq <= ${to} ORDER BY a.seq LIMIT ${most}`;
    return { rows, next: rows.length < most ? to : (rows.at(-1)?.seq ?? to) };
  }

  /** Rows of one chain, from a place in it on, at most `limit` (1 to 1000). */
  *chainOf(
    _now: Now,
    { lane, from, limit }: { readonly lane: number; readonly from: number; readonly limit: number },
  ): Change<readonly ChainRow[]> {
    return yield* rowsOfLane(lane, from, limitOf({ limit }));
  }

  /**
   * The chains of the trail that go on, or ended at `endedSince` or later, with their ends: at most
   * `limit`, after the lane `after`.
   */
  *lanes(
    _now: Now,
    {
      after = -1,
      endedSince = 0,
      limit,
    }: { readonly after?: number; readonly endedSince?: number; readonly limit: number },
  ): Change<readonly LaneHead[]> {
    const lanes = yield* sql.all(LANE_HEAD)`
      SELECT f.lane, f.node, f.epoch, f.ended_at, f.place, f.hash FROM ${LANES}
       WHERE f.lane > ${after} AND (f.ended_at IS NULL OR f.ended_at >= ${endedSince}) ORDER BY f.lane LIMIT ${limitOf({ limit })}`;
    return lanes.map(laneHeadOf);
  }

  /** The last row that is durable. */
  *head(_now: Now): Change<ChainHead> {
    const row = yield* sql.first({ seq: int, hash: bytes })`
      SELECT seq, hash FROM audit WHERE seq = (SELECT max(seq) FROM audit)`;
    return row ?? BEFORE_ALL;
  }

  /** Whether up to so many rows follow on `head`; `end`: there were no more. */
  *verifyRows(_now: Now, head: ChainHead, limit: number): Change<Verified | (BrokenRow & { readonly kind: 'broken' })> {
    const rows = yield* rowsOfLane(head.lane ?? 0, head.seq + 1, limit);
    let [last, erased, told] = [head, 0, 0];
    const restored: RestoredRow[] = [];
    for (const row of rows) {
      const checked = followOn(last, row);
      if (isBroken(checked)) return { kind: 'broken', ...checked };
      last = checked;
      if (row.commitment !== null && row.personal === null) erased += 1;
      told += toldErased(row.event, row.facts);
      if (row.event === RESTORED) restored.push(restoredRowOf(row));
    }
    return { kind: 'ok', rows: rows.length, erased, told, restored, head: last, end: rows.length < limit };
  }

  /** Rows that tell of a restore. Reads the whole trail, as whoever proves a copy does anyway. */
  *restored(_now: Now): Change<readonly RestoredRow[]> {
    return yield* restoredRows();
  }

  /** Marks by name: how far somebody has walked through the trail. */
  *marks(_now: Now): Change<Readonly<Record<string, number>>> {
    const rows = yield* sql.all({ name: text, value: int })`
      SELECT name, CAST(value AS bigint) AS value FROM fact WHERE name >= 'audit.' AND name < 'audit/'`;
    return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
  }
}

const restoredRowOf = ({ seq, lane, at, facts }: TrailRow): RestoredRow => ({ seq, lane: lane ?? 0, at, facts });

/** Row by row from there on, which may be any. */
function* rowsFrom(seq: number, limit: number): Change<readonly TrailRow[]> {
  return yield* sql.all(ROW)`${TRAIL} WHERE a.seq >= ${seq} ORDER BY a.seq LIMIT ${limit}`;
}

function* rowsOfLane(lane: number, from: number, limit: number): Change<readonly TrailRow[]> {
  return yield* sql.all(ROW)`${TRAIL} WHERE ${LANE} = ${lane} AND ${PLACE} >= ${from} ORDER BY ${PLACE} LIMIT ${limit}`;
}

const laneHeadOf = ({ lane, node, epoch, endedAt, place, hash }: Row<typeof LANE_HEAD>): LaneHead => {
  const name = node === null || epoch === null ? undefined : { node, epoch, lane };
  return { lane, place, ended: endedAt !== null, hash: hash ?? beforeAllOf(name).hash, ...defined({ name }) };
};

function* ofAccount(account: AccountId, from: number, limit: number): Change<readonly TrailRow[]> {
  const { seq } = yield* searchMarks();
  const rows = yield* sql.all(ROW)`
    ${TRAIL} JOIN (SELECT seq FROM audit_of_account WHERE account = ${account} AND seq >= ${from} AND seq <= ${seq}) f ON f.seq = a.seq
     ORDER BY f.seq LIMIT ${limit}`;
  if (rows.length === limit) return rows;
  const above = yield* sql.all(ROW)`
    ${TRAIL} WHERE a.account = ${account} AND a.seq >= ${Math.max(from, Number(seq) + 1)} ORDER BY a.seq LIMIT ${limit - rows.length}`;
  return [...rows, ...above];
}

/** Rows of the message, and of the copies that were made of it for some recipients. */
function* ofMessage(message: bigint, from: number, limit: number): Change<readonly TrailRow[]> {
  const { seq } = yield* searchMarks();
  const rows = yield* sql.all(ROW)`
    ${TRAIL} JOIN (SELECT seq FROM audit_of_message
      WHERE message IN (SELECT CAST(${message} AS bigint) UNION ALL SELECT id FROM message WHERE copy_of = ${message}) AND seq >= ${from} AND seq <= ${seq}) f
      ON f.seq = a.seq ORDER BY f.seq LIMIT ${limit}`;
  if (rows.length === limit) return rows;
  const above = yield* sql.all(ROW)`
    ${TRAIL} WHERE a.message IN (SELECT CAST(${message} AS bigint) UNION ALL SELECT id FROM message WHERE copy_of = ${message})
       AND a.seq >= ${Math.max(from, Number(seq) + 1)} ORDER BY a.seq LIMIT ${limit - rows.length}`;
  return [...rows, ...above];
}

const auditRowOf = ({
  seq,
  at,
  event,
  outcome,
  message,
  account,
  facts,
  commitment,
  personal,
  lane,
  place,
}: TrailRow): AuditRow => ({
  seq,
  at,
  event,
  outcome,
  ...defined({
    message: message === null ? undefined : messageIdOf(message),
    account: account ?? undefined,
    lane,
    place,
    personal: personal === null ? undefined : (JSON.parse(personal) as NonNullable<AuditRow['personal']>),
  }),
  facts: JSON.parse(facts) as NonNullable<AuditRow['facts']>,
  erased: commitment !== null && personal === null,
});
