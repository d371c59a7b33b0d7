/**
 * Small bodies, cut into parts that fit a page each: rows of `chunk` without a tag, since the whole body has one.
 *
 * They are stored before their acceptance and beside the one under way. Written by the acceptance itself, as a value of its row, a body of 10 KB made up half of
 * the time for which a batch kept its mailboxes locked, and the server cut it into six pieces of 2 KB with as many entries of an index (decision 1907).
 */
import type { AcceptWork } from '../changes/accept-work.ts';
import { allOf } from './filing-locks.ts';

/** With the rest of its row this fits a page of 8 KB. */
const PART_OCTETS = 8000;
/** The server cuts rows of more than about 2 KB; shorter bodies stay in the row of their content. */
const CUT_FROM = 2000;
const NO_TAG = new Uint8Array(0);

export interface BodyPart {
  readonly id: bigint;
  readonly n: number;
  readonly sealed: Uint8Array;
  readonly tag: Uint8Array;
}

const isCut = ({ body }: AcceptWork): boolean => body !== null && body.length > CUT_FROM;

/** Of the work and all that is filed with it. */
export const partsOf = (work: AcceptWork): readonly BodyPart[] =>
  allOf(work)
    .filter(isCut)
    .flatMap(({ id, body }) =>
      Array.from({ length: countOf(body) }, (_, n) => {
        const sealed = body?.subarray(n * PART_OCTETS, (n + 1) * PART_OCTETS) ?? NO_TAG;
        return { id, n, sealed, tag: NO_TAG };
      }),
    );

/** The work as it is filed when its parts are stored. */
export function withoutParts(work: AcceptWork): AcceptWork {
  const { copies, notices } = work;
  const parted = isCut(work) ? { ...work, body: null, bodyParts: countOf(work.body) } : work;
  return { ...parted, copies: copies.map(withoutParts), notices: notices.map(withoutParts) };
}

const countOf = (body: Uint8Array | null): number => Math.ceil((body?.length ?? 0) / PART_OCTETS);
