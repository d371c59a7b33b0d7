/**
 * The rows of messages and their contents. Those of a batch are expected to be filed as they were
 * sent, so they are written before its mailboxes are locked: while it waits for the batch before
 * it. What the rules decide otherwise is undone and written again behind them; that is seldom
 * (decision 1907).
 */
import type { AcceptWork } from '../changes/accept-work.ts';
import { mailboxesOf } from '../core/filing-rules.ts';
import type { Part } from '../sql/parts.ts';
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
export function insertMessages(messages: readonly NewMessage[]): Part {
  const works = messages.map(({ work }) => work);
  const contents = messages.filter(({ refs }) => refs > 0);
  const held = contents.map(({ work }) => work);
  const parts = partsOf(held);
  return {
    kind: 'insertMessages',
    text: () => `filed AS (
      INSERT INTO message (id, received_at, submitter, sender, message_id_field, envelope, octets, sha256, resubmission, parts, copy_of)
      SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::bytea[], ?::bytea[],
        ?::text[], ?::bigint[]) RETURNING id),
    held AS (
      INSERT INTO content (message, data_key, chunks, refs, body, submitted_header)
      SELECT * FROM unnest(?::bigint[], ?::bytea[], ?::bigint[], ?::bigint[], ?::bytea[], ?::bytea[]) RETURNING message),
    parted AS (
      INSERT INTO chunk (message, n, sealed, tag)
      SELECT *, '' FROM unnest(?::bigint[], ?::bigint[], ?::bytea[]) RETURNING message)`,
    values: () => [
      longs(works.map((w) => w.id)),
      longs(works.map((w) => w.receivedAt)),
      longs(works.map((w) => w.submitter)),
      texts(works.map((w) => w.sender)),
      texts(works.map((w) => w.messageIdField)),
      texts(works.map((w) => w.envelope)),
      longs(works.map((w) => w.octets)),
      octets(works.map((w) => w.sha256)),
      octets(works.map((w) => w.resubmission?.key ?? null)),
      texts(works.map((w) => w.parts)),
      longs(messages.map(({ copyOf }) => copyOf)),
      longs(held.map((w) => w.id)),
      octets(held.map((w) => w.dataKey)),
      longs(held.map((w) => w.chunks)),
      longs(contents.map(({ refs }) => refs)),
      octets(held.map(({ body }) => (isCut(body) ? null : body))),
      octets(held.map((w) => w.submittedHeader)),
      longs(parts.map(({ id }) => id)),
      longs(parts.map(({ n }) => n)),
      octets(parts.map(({ sealed }) => sealed)),
    ],
  };
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
