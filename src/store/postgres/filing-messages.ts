/**
 * The rows of messages and their contents. Those of a batch are expected to be filed as they were
 * sent, so they are written before its mailboxes are locked: while it waits for the batch before
 * it. What the rules decide otherwise is undone and written again behind them; that is seldom
 * (decision 1907).
 */
import type { AcceptWork } from '../changes/accept-work.ts';
import { mailboxesOf } from '../core/filing-rules.ts';
import { type Part, cte } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { isCut, partsOf } from './body-parts.ts';
import { longs, octets, texts } from './binary-arrays.ts';

export interface NewMessage {
  readonly work: AcceptWork;
  readonly refs: number;
  readonly copyOf: bigint | null;
}

/** What these works and their copies come to where nothing speaks against them. */
export const expectedOf = (works: readonly AcceptWork[]): readonly NewMessage[] =>
  works.flatMap((work) => [expected(work, null), ...work.copies.map((copy) => expected(copy, work.id))]);

const expected = (work: AcceptWork, copyOf: bigint | null): NewMessage => ({
  work,
  refs: mailboxesOf(work).length + work.deliveries.length,
  copyOf,
});

/**
 * Parts of a WITH: `filed`, `held` and `parted` insert these messages, their contents, and the
 * parts of bodies.
 */
export function insertMessages(messages: readonly NewMessage[]): readonly Part[] {
  const works = messages.map(({ work }) => work);
  const contents = messages.filter(({ refs }) => refs > 0);
  const held = contents.map(({ work }) => work);
  const parts = partsOf(held);
  return [
    cte('filed')`
      INSERT INTO message (id, received_at, submitter, sender, message_id_field, envelope, octets, sha256, resubmission, parts, copy_of)
      SELECT * FROM unnest(${longs(works.map((w) => w.id))}::bigint[], ${longs(works.map((w) => w.receivedAt))}::bigint[],
        ${longs(works.map((w) => w.submitter))}::bigint[], ${texts(works.map((w) => w.sender))}::text[],
        ${texts(works.map((w) => w.messageIdField))}::text[], ${texts(works.map((w) => w.envelope))}::text[],
        ${longs(works.map((w) => w.octets))}::bigint[], ${octets(works.map((w) => w.sha256))}::bytea[],
        ${octets(works.map((w) => w.resubmission?.key ?? null))}::bytea[], ${texts(works.map((w) => w.parts))}::text[],
        ${longs(messages.map(({ copyOf }) => copyOf))}::bigint[]) RETURNING id`,
    cte('held')`
      INSERT INTO content (message, data_key, chunks, refs, body, submitted_header)
      SELECT * FROM unnest(${longs(held.map((w) => w.id))}::bigint[], ${octets(held.map((w) => w.dataKey))}::bytea[],
        ${longs(held.map((w) => w.chunks))}::bigint[], ${longs(contents.map(({ refs }) => refs))}::bigint[],
        ${octets(held.map(({ body }) => (isCut(body) ? null : body)))}::bytea[],
        ${octets(held.map((w) => w.submittedHeader))}::bytea[]) RETURNING message`,
    cte('parted')`
      INSERT INTO chunk (message, n, sealed, tag)
      SELECT *, '' FROM unnest(${longs(parts.map(({ id }) => id))}::bigint[], ${longs(parts.map(({ n }) => n))}::bigint[],
        ${octets(parts.map(({ sealed }) => sealed))}::bytea[]) RETURNING message`,
  ];
}

/** Whose rows go, as they were decided about otherwise, and which are written anew. */
export function corrections(
  early: readonly NewMessage[],
  filed: readonly NewMessage[],
): { readonly wrong: readonly bigint[]; readonly late: readonly NewMessage[] } {
  // A work that leads elsewhere by now is another object; one that does not is filed as it was
  // expected.
  const expectedWorks = new Set(early.map(({ work }) => work));
  const late = filed.filter(({ work }) => !expectedWorks.has(work));
  for (const { work } of filed) expectedWorks.delete(work);
  return { wrong: [...expectedWorks].map(({ id }) => id), late };
}

export function* takeBack(wrong: readonly bigint[]): Change<void> {
  if (wrong.length === 0) return;
  yield* sql.run`
    WITH emptied AS (DELETE FROM content WHERE message = ANY (${longs(wrong)}::bigint[])),
    unparted AS (DELETE FROM chunk WHERE tag = '' AND message = ANY (${longs(wrong)}::bigint[]))
    DELETE FROM message WHERE id = ANY (${longs(wrong)}::bigint[])`;
}
