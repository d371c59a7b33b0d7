/**
 * Which messages an account sent, by its rows of the trail: there is no other index of them, and
 * one more would be written with each message.
 */
import { addressKey } from '../../domain/address.ts';
import { days } from '../../domain/units.ts';
import type { MessageRecord, SentQuery } from '../deliveries.ts';
import { int, long, orNull, time } from '../sql/columns.ts';
import { type Change, sql } from '../sql/sql.ts';
import { limitOf } from './page.ts';
import { searchMarks } from './search-marks.ts';

/**
 * Rows of the trail about one account that one step looks at: a busy account has rows of every
 * session.
 */
const ITS_ROWS = 2000;
/** No clock is set back this far, and a row is written when the message has ended. */
const SLACK = days(1);

const ROW = { seq: int, at: time, id: orNull(long) };

interface Sent {
  readonly id: bigint;
  readonly seq: number;
}

/**
 * Messages by their rows, newest first, at most `limit`, of the time that is asked for or a day
 * beside it.
 */
export function* sentRows(query: SentQuery): Change<{ readonly found: readonly Sent[]; readonly next?: number }> {
  const { account, since, until, before = Number.MAX_SAFE_INTEGER } = query;
  const limit = limitOf(query);
  const { seq: mark } = yield* searchMarks();
  const above = yield* sql.all(ROW)`
    SELECT seq, at, CASE WHEN event = 'message.accepted' THEN message END AS id FROM audit
     WHERE account = ${account} AND seq > ${mark} AND seq < ${before} ORDER BY seq DESC LIMIT ${ITS_ROWS}`;
  const below = yield* sql.all(ROW)`
    SELECT a.seq, a.at, CASE WHEN a.event = 'message.accepted' THEN a.message END AS id
      FROM (SELECT seq FROM audit_of_account WHERE account = ${account} AND seq <= ${mark} AND seq < ${before} ORDER BY seq DESC LIMIT ${ITS_ROWS}) w
     CROSS JOIN audit a WHERE a.seq = w.seq ORDER BY w.seq DESC`;
  const rows = [...above, ...below].slice(0, ITS_ROWS);
  const found: Sent[] = [];
  for (const { seq, at, id } of rows) {
    if (at < (since ?? 0) - SLACK) return { found };
    if (id === null || at > (until ?? Infinity) + SLACK) continue;
    found.push({ id, seq });
    if (found.length === limit) return { found, next: seq };
  }
  const last = rows.length === ITS_ROWS ? rows.at(-1)?.seq : undefined;
  return { found, ...(last === undefined ? {} : { next: last }) };
}

/** False for a copy that protection made for some recipients: the sender did not send it. */
export function isSent(
  { account, since, until, recipient }: SentQuery,
  { submitter, copyOf, receivedAt, recipients }: MessageRecord,
): boolean {
  if (submitter !== account || copyOf !== undefined) return false;
  if (receivedAt < (since ?? 0) || receivedAt > (until ?? Infinity)) return false;
  if (recipient === undefined) return true;
  const key = addressKey(recipient);
  return recipients.some(({ address, substituteFor }) => addressKey(substituteFor ?? address) === key);
}
