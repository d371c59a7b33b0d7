/**
 * Writes what a batch has filed, with one statement. It has only the parts that the batch has rows
 * for: most messages never need half of them.
 */
import { type Part, cte, forAny, someOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { flags, longs, octets, texts } from './binary-arrays.ts';
import type { Box } from './filing-locks.ts';
import { type NewMessage, insertMessages } from './filing-messages.ts';
import type { PostgresFilingTables, Writes } from './filing-tables.ts';
import type { AuditRow } from './lane.ts';

type WrittenTables = Pick<PostgresFilingTables, 'writes' | 'resubmissionsLeft' | 'noticesLeft'>;

export interface WrittenBeside {
  readonly trail: readonly AuditRow[];
  /** JSON for `usage_waiting`; null: nothing was counted, or it is written elsewhere. */
  readonly sums: string | null;
  readonly lane: number;
  readonly at: number;
  /** Messages that were not written before the mailboxes were locked. */
  readonly late: readonly NewMessage[];
}

export function* write(tables: PostgresFilingTables, beside: WrittenBeside): Change<void> {
  const { lane, at, sums } = beside;
  yield* sql.run`
    WITH ${writtenParts(tables, beside)}
    INSERT INTO usage_waiting (lane, at, sums) SELECT ${lane}::bigint, ${at}::bigint, ${sums}::jsonb WHERE ${sums}::jsonb IS NOT NULL`;
}

export function writtenParts(
  { writes, resubmissionsLeft, noticesLeft }: WrittenTables,
  { trail, late }: Pick<WrittenBeside, 'trail' | 'late'>,
): Part {
  const { messages, entries, boxes, deliveries, interchanges, requests, resubmissions } = writes;
  const streamed = messages.filter(({ work, refs }) => refs > 0 && work.body === null);
  const keys = [requests, resubmissions, resubmissionsLeft, noticesLeft].flat();
  return someOf(', ', [
    ...forAny(late, () => insertMessages(late)),
    ...forAny(streamed, () => [
      cte('ended')`DELETE FROM upload WHERE message = ANY (${longs(streamed.map(({ work }) => work.id))}::bigint[])`,
    ]),
    listed(entries),
    counted([...boxes]),
    ...forAny(deliveries, () => [queued(deliveries)]),
    ...forAny(interchanges, () => [seen(interchanges)]),
    told(trail),
    ...forAny(keys, () => [
      ...settledRequests(requests),
      ...settledResubmissions(resubmissions, resubmissionsLeft),
      cte('unsent')`DELETE FROM notice WHERE key = ANY (${texts(noticesLeft)}::text[])`,
    ]),
  ]);
}

const listed = (entries: Writes['entries']): Part => cte('listed')`
  INSERT INTO entry (account, uid, message, octets, uidl, receipt)
  SELECT * FROM unnest(${longs(entries.map((e) => e.account))}::bigint[], ${longs(entries.map((e) => e.uid))}::bigint[],
    ${longs(entries.map((e) => e.work.id))}::bigint[], ${longs(entries.map((e) => e.work.octets))}::bigint[],
    ${octets(entries.map((e) => e.uidl))}::bytea[], ${longs(entries.map((e) => e.receipt))}::bigint[])`;

const counted = (boxes: readonly Box[]): Part => cte('counted')`
  UPDATE mailbox SET next_uid = given.next_uid, messages = given.messages, octets = given.octets, changes = given.changes
    FROM unnest(${longs(boxes.map((b) => b.account))}::bigint[], ${longs(boxes.map((b) => b.nextUid))}::bigint[],
      ${longs(boxes.map((b) => b.messages))}::bigint[], ${longs(boxes.map((b) => b.octets))}::bigint[],
      ${longs(boxes.map((b) => b.changes))}::bigint[]) AS given (account, next_uid, messages, octets, changes)
   WHERE mailbox.account = given.account`;

const queued = (deliveries: Writes['deliveries']): Part => cte('queued')`
  INSERT INTO delivery (message, partner, mailbox, recipient, dsn, state, due_at)
  SELECT * FROM unnest(${longs(deliveries.map((d) => d.work.id))}::bigint[],
    ${longs(deliveries.map((d) => d.delivery.partner))}::bigint[], ${longs(deliveries.map((d) => d.delivery.mailbox))}::bigint[],
    ${texts(deliveries.map((d) => d.delivery.recipient))}::text[], ${texts(deliveries.map((d) => d.delivery.dsn))}::text[],
    ${texts(deliveries.map((d) => (d.delivery.held ? 'held' : 'waiting')))}::text[],
    ${longs(deliveries.map((d) => d.work.receivedAt))}::bigint[])`;

const seen = (interchanges: Writes['interchanges']): Part => cte('seen')`
  INSERT INTO interchange (at, reference, messages, held)
  SELECT * FROM unnest(${longs(interchanges.map((i) => i.at))}::bigint[],
    ${octets(interchanges.map(({ keys }) => keys.subarray(0, 16)))}::bytea[],
    ${octets(interchanges.map(({ keys }) => keys.subarray(16, 32)))}::bytea[],
    ${flags(interchanges.map(({ keys }) => keys.length > 32))}::boolean[])`;

const told = (trail: readonly AuditRow[]): Part => cte('told')`
  INSERT INTO audit (seq, at, event, outcome, message, account, facts, commitment, hash, salt, personal, lane, place)
  SELECT * FROM unnest(${longs(trail.map((r) => r.seq))}::bigint[], ${longs(trail.map((r) => r.at))}::bigint[],
    ${texts(trail.map((r) => r.event))}::text[], ${texts(trail.map((r) => r.outcome))}::text[],
    ${longs(trail.map((r) => r.message))}::bigint[], ${longs(trail.map((r) => r.account))}::bigint[],
    ${texts(trail.map((r) => r.facts))}::text[], ${octets(trail.map((r) => r.commitment))}::bytea[],
    ${octets(trail.map((r) => r.hash))}::bytea[], ${octets(trail.map((r) => r.salt))}::bytea[],
    ${texts(trail.map((r) => r.personal))}::text[], ${longs(trail.map((r) => r.lane))}::bigint[],
    ${longs(trail.map((r) => r.place))}::bigint[])`;

/** Requests that nothing was filed for are free again; others are answered with what stands. */
function settledRequests(requests: Writes['requests']): readonly Part[] {
  const moved = requests.flatMap(({ id, stands }) => (stands === undefined ? [] : [{ id, stands }]));
  const freed = requests.flatMap(({ id, stands }) => (stands === undefined ? [id] : []));
  return [
    cte('freed')`DELETE FROM sent_request WHERE id = ANY (${longs(freed)}::bigint[])`,
    cte('answered')`
      UPDATE sent_request SET message = given.stands
        FROM unnest(${longs(moved.map(({ id }) => id))}::bigint[], ${longs(moved.map(({ stands }) => stands))}::bigint[]) AS given (id, stands)
       WHERE sent_request.id = given.id`,
  ];
}

const settledResubmissions = (resubmissions: Writes['resubmissions'], left: readonly Uint8Array[]): readonly Part[] => [
  cte('again')`
    UPDATE resubmission_key SET message = given.message, at = given.at, unsure = false
      FROM unnest(${octets(resubmissions.map(({ key }) => key))}::bytea[], ${longs(resubmissions.map(({ message }) => message))}::bigint[],
        ${longs(resubmissions.map((r) => r.at))}::bigint[]) AS given (key, message, at)
     WHERE resubmission_key.key = given.key AND resubmission_key.message <> given.message`,
  cte('unused')`DELETE FROM resubmission_key WHERE key = ANY (${octets(left)}::bytea[])`,
];
