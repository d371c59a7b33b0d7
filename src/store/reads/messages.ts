/** Reads of the facts of messages. Searches go in bounded steps: others wait behind each. */
import { type Address, addressKey } from '../../domain/address.ts';
import type { AccountId, MessageId } from '../../domain/ids.ts';
import { messageIdOf, messageNumber } from '../../domain/ids.ts';
import type { MessageParts } from '../../domain/message-part.ts';
import { type Instant, days, instant } from '../../domain/units.ts';
import type { MessageQuery, MessageRecord, ReferenceQuery } from '../deliveries.ts';
import { firstIdAt, idTime } from '../message-ids.ts';
import { type Row, as, bytes, int, json, long, optional, orNull, text, time } from '../sql/columns.ts';
import { among, rowsOf, words } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';
import { containing, limitOf } from './page.ts';
import { recordOf } from './records.ts';
import { FIELD_START, SPAN_BITS, searchMarks } from './search-marks.ts';
import { type Step, stepped } from './steps.ts';

export const MESSAGE = {
  id: long,
  receivedAt: time,
  submitter: as<AccountId>(int),
  sender: text,
  messageIdField: text,
  envelope: text,
  octets: int,
  sha256: bytes,
  copyOf: orNull(long),
};
export const MESSAGE_COLUMNS = words(
  'm.id, m.received_at, m.submitter, m.sender, m.message_id_field, m.envelope, m.octets, m.sha256, m.copy_of',
);
type MessageRow = Row<typeof MESSAGE>;
type Rows = Step<MessageRow, bigint>;

/** Includes the parts if their text holds what is sought. */
const WITH_PARTS = { ...MESSAGE, parts: optional(json<MessageParts>()) };

const HIGHEST_ID = 2n ** 63n - 1n;
/** An id is made when the content begins; the message is accepted when it has ended. */
const LONGEST_DATA = days(1);
/** Spans of one step. */
const STEP_SPANS = 200n;
/** Rows of the trail about one account in which what it submitted is looked for. */
const ITS_ROWS = 2000;

const spanOf = (id: bigint): bigint => id >> SPAN_BITS;
/** Ids are made in the order of time. */
export const byNewest = (a: Pick<MessageRow, 'id'>, b: Pick<MessageRow, 'id'>): number =>
  a.id < b.id ? 1 : a.id > b.id ? -1 : 0;

/** A search: ids between these two, both left out, and how many. */
interface Range {
  readonly above: bigint;
  readonly below: bigint;
  readonly limit: number;
}

export class MessageReads {
  *findMessage(_now: Now, id: MessageId): Change<MessageRecord | undefined> {
    const row = yield* sql.first(MESSAGE)`SELECT ${MESSAGE_COLUMNS} FROM message m WHERE m.id = ${messageNumber(id)}`;
    return row === undefined ? undefined : recordOf(row);
  }

  /**
   * The content that was accepted with the message, or with the one that it is a copy of; undefined
   * if there was none, or the message is gone.
   */
  *messageParts(_now: Now, id: MessageId): Change<MessageParts | undefined> {
    const row = yield* sql.first({ parts: optional(json<MessageParts>()) })`
      SELECT coalesce(m.parts, o.parts) AS parts FROM message m LEFT JOIN message o ON o.id = m.copy_of WHERE m.id = ${messageNumber(id)}`;
    return row?.parts;
  }

  /**
   * Number of messages accepted in this time, the gateway's own too: by their ids, so those whose
   * content began in it.
   */
  *acceptedIn(_now: Now, from: Instant, to: Instant): Change<number> {
    const { messages } = yield* sql.one({ messages: int })`
      SELECT count(*) AS messages FROM message m WHERE m.id >= ${firstIdAt(from)} AND m.id < ${firstIdAt(to)} AND m.copy_of IS NULL`;
    return messages;
  }

  /**
   * What the account submitted last, newest first, at most `limit` (1 to 1000): as far as the
   * latest 2000 rows of the trail about it tell.
   */
  *submittedBy(_now: Now, account: AccountId, limit: number): Change<readonly MessageRecord[]> {
    const { seq } = yield* searchMarks();
    const most = limitOf({ limit });
    // A busy account has rows of every session: only this many are looked at, and no search goes
    // through all.
    const above = yield* sql.all({ id: long })`
      SELECT w.id FROM (SELECT seq, event, message AS id FROM audit WHERE account = ${account} AND seq > ${seq} ORDER BY seq DESC LIMIT ${ITS_ROWS}) w
       WHERE w.event = 'message.accepted' AND w.id IS NOT NULL ORDER BY w.seq DESC LIMIT ${most}`;
    const below = yield* sql.all({ id: long })`
      SELECT a.message AS id FROM (SELECT seq FROM audit_of_account WHERE account = ${account} AND seq <= ${seq} ORDER BY seq DESC LIMIT ${ITS_ROWS}) w
        CROSS JOIN audit a WHERE a.seq = w.seq AND a.event = 'message.accepted' AND a.message IS NOT NULL ORDER BY w.seq DESC LIMIT ${most}`;
    const ids = [...above, ...below].slice(0, most).map(({ id }) => id);
    const rows = yield* sql.all(MESSAGE)`SELECT ${MESSAGE_COLUMNS} FROM message m WHERE m.id ${among(long, ids)}`;
    return rows.toSorted(byNewest).map(recordOf);
  }

  /** A step of a search, newest first; it goes on before `next`. */
  *messagesStep(_now: Now, query: MessageQuery): Change<Step<MessageRecord, MessageId>> {
    const { limit, since, until, before } = query;
    const { rows, next } = yield* search(query, { ...spanOfTime({ since, until, before }), limit });
    return { rows: rows.map(recordOf), ...(next === undefined ? {} : { next: messageIdOf(next) }) };
  }

  /**
   * A step of a search by the reference of an interchange, newest first. There is no index of them:
   * parts are text, in which the reference is looked for, and only what has it is read.
   */
  *referenceStep(_now: Now, query: ReferenceQuery): Change<Step<MessageRecord, MessageId>> {
    const { reference, limit } = query;
    const { above, below } = spanOfTime(query);
    const text = containing(`"reference":${JSON.stringify(reference)}`);
    const { rows, next } = yield* stepped({
      limit,
      from: below,
      keyOf: ({ id }: Row<typeof WITH_PARTS>) => id,
      isWanted: (row) =>
        row.parts?.interchanges.some((one) => one.reference === reference) === true && isWanted(query, row),
      page: (before, n) => sql.all(WITH_PARTS)`
        SELECT ${MESSAGE_COLUMNS}, CASE WHEN m.parts LIKE ${text} ESCAPE '!' THEN m.parts END AS parts FROM message m
         WHERE m.id < ${before} AND m.id > ${above} AND m.copy_of IS NULL ORDER BY m.id DESC LIMIT ${n}`,
    });
    return { rows: rows.map(recordOf), ...(next === undefined ? {} : { next: messageIdOf(next) }) };
  }
}

/** Ids between these two, both left out, are those of this time. */
function spanOfTime({
  since,
  until,
  before,
}: Pick<MessageQuery, 'since'> & {
  readonly until?: Instant | undefined;
  readonly before?: MessageId | undefined;
}): Omit<Range, 'limit'> {
  const newest = until === undefined ? HIGHEST_ID : firstIdAt(instant(until + LONGEST_DATA));
  const given = before === undefined ? HIGHEST_ID : messageNumber(before);
  return { above: firstIdAt(instant(Math.max(0, since - LONGEST_DATA))) - 1n, below: given < newest ? given : newest };
}

function* search(query: MessageQuery, range: Range): Change<Rows> {
  const field = query.messageIdField;
  if (field === undefined) return yield* walk(query, range);
  const mark = (yield* searchMarks()).id;
  if (range.below <= mark + 1n) return yield* searchNamed(query, field, range);
  // Rows that are not in the table yet, and below them those that are.
  const above = yield* walk(query, { ...range, above: range.above > mark ? range.above : mark });
  if (above.next !== undefined) return above;
  const limit = range.limit - above.rows.length;
  const { rows, next } = yield* searchNamed(query, field, { ...range, below: mark + 1n, limit });
  return { rows: [...above.rows, ...rows], ...(next === undefined ? {} : { next }) };
}

function* walk(query: MessageQuery, { above, below, limit }: Range): Change<Rows> {
  return yield* stepped<MessageRow, bigint>({
    limit,
    from: below,
    keyOf: ({ id }) => id,
    isWanted: (row) => isWanted(query, row),
    page: (before, n) => sql.all(MESSAGE)`
      SELECT ${MESSAGE_COLUMNS} FROM message m WHERE m.id < ${before} AND m.id > ${above} AND m.copy_of IS NULL
       ORDER BY m.id DESC LIMIT ${n}`,
  });
}

/** Searches the table of Message-IDs, one span of ids after the other, newest first. */
function* searchNamed(query: MessageQuery, field: string, { above, below, limit }: Range): Change<Rows> {
  const { lowest, highest } = yield* sql.one({ lowest: orNull(long), highest: orNull(long) })`
    SELECT (SELECT min(id) FROM message) AS lowest, (SELECT max(id) FROM message) AS highest`;
  if (lowest === null || highest === null) return { rows: [] };
  const last = spanOf(above > lowest ? above : lowest);
  const first = spanOf(below < highest ? below : highest);
  const end = first - last > STEP_SPANS ? first - STEP_SPANS : last;
  const rows: MessageRow[] = [];
  for (const span of yield* spansWith(field, { first, end, above, below })) {
    const found = yield* stepped<MessageRow, bigint>({
      limit: limit - rows.length,
      from: below,
      keyOf: ({ id }) => id,
      isWanted: (row) => isWanted(query, row),
      page: (before, n) => sql.all(MESSAGE)`
        SELECT ${MESSAGE_COLUMNS} FROM message m JOIN
          (SELECT id FROM message_of_field WHERE span = ${span} AND start = substr(CAST(${field} AS text), 1, ${FIELD_START}) AND id < ${before} AND id > ${above}) f
          ON f.id = m.id ORDER BY f.id DESC LIMIT ${n}`,
    });
    rows.push(...found.rows);
    if (found.next !== undefined) return { rows, next: found.next };
  }
  return { rows, ...(end === last ? {} : { next: end << SPAN_BITS }) };
}

/** Those from `first` down to `end` that have such a Message-ID: a seek each, in one statement. */
function* spansWith(
  field: string,
  { first, end, above, below }: Omit<Range, 'limit'> & { readonly first: bigint; readonly end: bigint },
): Change<readonly bigint[]> {
  const spans: { span: bigint }[] = [];
  for (let span = first; span >= end; span -= 1n) spans.push({ span });
  const found = yield* sql.all({ span: long })`
    SELECT given.span FROM ${rowsOf({ span: long }, spans)}
     WHERE EXISTS (SELECT 1 FROM message_of_field f WHERE f.span = given.span AND f.start = substr(CAST(${field} AS text), 1, ${FIELD_START})
       AND f.id < ${below} AND f.id > ${above})`;
  return found.map(({ span }) => span).sort((a, b) => Number(b - a));
}

function isWanted({ since, until, messageIdField, sender, recipient }: MessageQuery, row: MessageRow): boolean {
  // Mail taken over from another server is found by when it came here. No clock is set back this
  // far.
  const made = idTime(row.id);
  const came: Instant = made - row.receivedAt > days(1) ? made : row.receivedAt;
  if (came < since || came > (until ?? Infinity)) return false;
  if (messageIdField !== undefined && row.messageIdField !== messageIdField) return false;
  if (sender !== undefined && addressKey(row.sender as Address) !== addressKey(sender)) return false;
  if (recipient === undefined) return true;
  const key = addressKey(recipient);
  return recordOf(row).recipients.some(
    ({ address, substituteFor }) =>
      addressKey(address) === key || (substituteFor !== undefined && addressKey(substituteFor) === key),
  );
}
