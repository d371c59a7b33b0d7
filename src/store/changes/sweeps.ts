/**
 * Removes what nobody needs any more, a bounded step in each transaction: uploads that a crash left
 * over, deleted entries past their time or beyond their quota, content that nothing needs, days
 * without content, facts of messages whose trace is over, old keys of notices, interchanges that
 * are no longer remembered, codes that fetch no certificate any more, figures of months past their
 * time, networks that nobody came from, keys of requests over the API, requests that sent a
 * message.
 */
import { type Day, dayOf } from '../../domain/utc-day.ts';
import { monthOf } from '../../domain/months.ts';
import { type Instant, days, instant } from '../../domain/units.ts';
import { REQUESTS_FOR } from '../acceptance.ts';
import { INTERCHANGES_FOR, MOST_INTERCHANGES } from '../interchanges.ts';
import { firstIdAt } from '../message-ids.ts';
import { FIELD_KEY } from '../reads/search-marks.ts';
import { int, long, text } from '../sql/columns.ts';
import { among, locked, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { dropUnneeded, dropUpload, dropUploads, newBudget, raise } from './contents.ts';
import { sweepDeleted, trimDeleted } from './deleted-mail.ts';
import type { ChangeContext } from './change-context.ts';
import { dropKeys } from './idempotency.ts';

/** Rows of one kind in one step. */
const ROWS = 200;
/** Days that one step looks at. */
const DAYS = 40;
/**
 * How long keys of notices are remembered: longer than anything waits that one could be filed
 * about.
 */
const NOTICES_FOR = days(400);

/** No upload takes this long. */
const UPLOADS_FOR = days(1);

/** For how many milliseconds things are kept. */
export interface KeptFor {
  readonly hidden: number;
  readonly traces: number;
  readonly networks: number;
  readonly usage: number;
}

export interface SweepStep {
  readonly keptFor: KeptFor;
  /**
   * Uploads below `below` that are still being written; those above began after that was written
   * down.
   */
  readonly open: readonly bigint[];
  readonly below: bigint;
  /** Number of this node, if others write as well: their uploads are left alone for a day. */
  readonly node?: number;
  /** The day up to which the previous step came; '' at first. */
  readonly day: Day;
}

export interface Swept {
  readonly uploads: number;
  readonly messages: number;
  readonly traces: number;
  /** Days whose messages are all gone. */
  readonly days: readonly Day[];
  /** The day at which the next step begins. */
  readonly day: Day;
  readonly more: boolean;
}

export class SweepChanges {
  /**
   * Rows that were promised to be removed come before remains, and days are looked at in each step:
   * however much one account leaves behind, keys are destroyed when they should be.
   */
  *step(context: ChangeContext, { keptFor, open, below, day, node }: SweepStep): Change<Swept> {
    const { at } = context;
    const left = newBudget();
    const moreDeleted = yield* sweepDeleted(at, keptFor.hidden);
    const contents = yield* dropUnneeded(at, left);
    const others = node === undefined ? below : firstIdAt(instant(at - UPLOADS_FOR));
    const uploads = yield* dropUploads({ open, below, others, node: node ?? 0 }, left);
    const traces = yield* dropTraces(at - keptFor.traces);
    if (uploads.dropped + contents.dropped + traces > 0) yield* raise(below);
    const rest = yield* dropOthers(at, keptFor);
    const empty = yield* emptyDays(at, day);
    const more =
      [moreDeleted, uploads.more, contents.more, empty.more].includes(true) || [traces, ...rest].includes(ROWS);
    return { uploads: uploads.dropped, messages: contents.dropped, traces, days: empty.days, day: empty.last, more };
  }

  /** Drops deleted mail of one account beyond its quota, and the content that only it needed. */
  *trim(context: ChangeContext, account: number, below: bigint): Change<Swept> {
    const moreDeleted = yield* trimDeleted(account, context.at);
    const { dropped: messages, more } = yield* dropUnneeded(context.at, newBudget());
    if (messages > 0) yield* raise(below);
    return { uploads: 0, messages, traces: 0, days: [], day: '', more: more || moreDeleted };
  }

  /**
   * Removes a slice of a body that was given up; true while there is more. A body that was filed
   * meanwhile stays.
   */
  *giveUp(_context: ChangeContext, id: bigint): Change<boolean> {
    return yield* dropUpload(id);
  }

  /** The key of a day that a step named was destroyed. */
  *dayErased(context: ChangeContext, day: Day): Change<void> {
    yield* sql.run`UPDATE day_key SET erased_at = ${context.at} WHERE day = ${day}`;
  }
}

/**
 * Drops facts of messages whose content went before `goneBefore`. The submitted message stays as
 * long as any of its copies.
 */
function* dropTraces(goneBefore: number): Change<number> {
  const gone = yield* sql.all({ id: long })`
    SELECT id FROM message
     WHERE gone_at < ${goneBefore} AND NOT EXISTS (SELECT 1 FROM message c WHERE c.copy_of = message.id)
     ORDER BY gone_at, id LIMIT ${ROWS} ${locked}`;
  const ids = gone.map(({ id }) => id);
  if (ids.length > 0) {
    yield* sql.run`DELETE FROM delivery WHERE message ${among(long, ids)}`;
    yield* sql.run`
      DELETE FROM message_of_field WHERE (span, start, id) IN
        (SELECT ${FIELD_KEY} FROM message WHERE id ${among(long, ids)})`;
    yield* sql.run`DELETE FROM message WHERE id ${among(long, ids)}`;
  }
  return ids.length;
}

/** Drops other rows; returns how many of each kind. */
function* dropOthers(at: Instant, keptFor: KeptFor): Change<readonly number[]> {
  const notices = yield* sql.run`
    DELETE FROM notice WHERE key IN (SELECT key FROM notice WHERE at < ${at - NOTICES_FOR} ORDER BY at LIMIT ${ROWS})`;
  // Codes are kept for a day after their end, used or not: until then the audit trail can say which
  // of the two a wrong one was.
  const enrolments = yield* sql.run`
    DELETE FROM enrolment WHERE id IN (SELECT id FROM enrolment WHERE expires_at < ${at - days(1)} LIMIT ${ROWS})`;
  const usage = yield* sql.run`
    DELETE FROM usage_month WHERE (month, organisation, account) IN
      (SELECT month, organisation, account FROM usage_month
        WHERE month < ${monthOf(instant(at - keptFor.usage))} ORDER BY month LIMIT ${ROWS})`;
  const networks = yield* sql.run`
    DELETE FROM known_network WHERE (account, network) IN
      (SELECT account, network FROM known_network WHERE at < ${at - keptFor.networks} ORDER BY at LIMIT ${ROWS})`;
  const requests = yield* sql.run`
    DELETE FROM sent_request WHERE id IN
      (SELECT id FROM sent_request WHERE id < ${firstIdAt(instant(Math.max(0, at - REQUESTS_FOR)))} ORDER BY id LIMIT ${ROWS})`;
  const keys = yield* dropKeys(at, ROWS);
  return [notices, yield* dropInterchanges(at), enrolments, usage, networks, keys, requests];
}

/** Drops from the oldest on, which come first. */
function* dropInterchanges(at: Instant): Change<number> {
  const last = yield* sql.first({ seq: int })`SELECT seq FROM interchange WHERE seq > 0 ORDER BY seq DESC LIMIT 1`;
  if (last === undefined) return 0;
  return yield* sql.run`
    DELETE FROM interchange WHERE seq IN
      (SELECT seq FROM (SELECT seq, at FROM interchange WHERE seq > 0 ORDER BY seq LIMIT ${ROWS}) AS oldest
        WHERE at < ${at - INTERCHANGES_FOR} OR seq <= ${last.seq - MOST_INTERCHANGES})`;
}

const DAY = { day: text, first: long, next: long };

/**
 * Days before yesterday that no content and no chunk belongs to any more, of the next few that have
 * a key: mail that was fetched and left keeps its day, and many such days in front may not hide the
 * others.
 *
 * After the last of them the next step begins again with the first. Nothing else in a step may do
 * so: two that go round would each see the other under way, and the sweep would never end.
 */
function* emptyDays(
  at: Instant,
  after: Day,
): Change<{ readonly days: readonly Day[]; readonly last: Day; readonly more: boolean }> {
  const live = yield* sql.all({ day: text })`
    SELECT day FROM day_key WHERE erased_at IS NULL AND day > ${after} AND day < ${dayOf(instant(at - days(1)))}
     ORDER BY day LIMIT ${DAYS}`;
  const more = live.length === DAYS;
  const empty = yield* sql.all({ day: text })`
    SELECT given.day FROM ${rowsOf(DAY, live.map(rangeOf))}
     WHERE NOT EXISTS (SELECT 1 FROM content c WHERE c.message >= given.first AND c.message < given.next)
       AND NOT EXISTS (SELECT 1 FROM chunk k WHERE k.message >= given.first AND k.message < given.next) ORDER BY given.day`;
  return { days: empty.map((row) => row.day), last: more ? (live.at(-1)?.day ?? '') : '', more };
}

function rangeOf({ day }: { readonly day: Day }): { readonly day: Day; readonly first: bigint; readonly next: bigint } {
  const from = Date.parse(`${day}T00:00:00Z`) as Instant;
  return { day, first: firstIdAt(from), next: firstIdAt(instant(from + days(1))) };
}
