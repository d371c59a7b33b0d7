/**
 * Small bodies, cut into parts that fit a page each: rows of `chunk` without a tag, since the whole
 * body has one. As a value of the row of its content the server would cut a body of 10 KB into six
 * pieces of 2 KB, with as many entries of an index (decision 1907).
 */
import type { AcceptWork } from '../changes/accept-work.ts';

/** With the rest of its row this fits a page of 8 KB. */
const PART_OCTETS = 8000;
/**
 * The server cuts rows of more than about 2 KB; shorter bodies stay in the row of their content.
 */
const CUT_FROM = 2000;

export interface BodyPart {
  readonly id: bigint;
  readonly n: number;
  readonly sealed: Uint8Array;
}

export const isCut = (body: AcceptWork['body']): body is Uint8Array => body !== null && body.length > CUT_FROM;

/** Of the bodies that are cut. */
export const partsOf = (works: readonly AcceptWork[]): readonly BodyPart[] =>
  works.flatMap(({ id, body }) =>
    isCut(body)
      ? Array.from({ length: Math.ceil(body.length / PART_OCTETS) }, (_, n) => ({
          id,
          n,
          sealed: body.subarray(n * PART_OCTETS, (n + 1) * PART_OCTETS),
        }))
      : [],
  );
