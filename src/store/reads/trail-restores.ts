/** Restores that the trail tells of, wherever they stand in it. */
import { RESTORED } from '../../crypto/trail/restoration.ts';
import type { RestoredRow } from '../../domain/restored-trail.ts';
import { int, text, time } from '../sql/columns.ts';
import { words } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';

const MOST = 1000;
/** On SQLite there is one chain. */
const LANE = words('0', 'a.lane');

/** Reads the whole trail, so it is not for the road of a message. */
export function* restoredRows(): Change<readonly RestoredRow[]> {
  return yield* sql.all({ seq: int, lane: int, at: time, facts: text })`
    SELECT a.seq, ${LANE} AS lane, a.at, a.facts FROM audit a WHERE a.event = ${RESTORED} ORDER BY a.seq LIMIT ${MOST}`;
}
