/**
 * Reads the request for one range of octets, of content that does not change (RFC 9110 section 14),
 * and cuts it out.
 */
import { type Problem, problem } from '../core/problem.ts';

/** Octets `from` to `to`, the last one included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface RangeAsked {
  readonly range: string | undefined;
  readonly 'if-range': string | undefined;
}

/**
 * The range that is asked for; undefined: all octets. A header that is not a range of octets, or
 * that names several, is ignored, as the RFC allows; so is one whose `If-Range` names another ETag.
 * Throws Problem (416) if none of the octets exists.
 */
export function rangeOf({ range, 'if-range': condition }: RangeAsked, etag: string, octets: number): Range | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range?.trim() ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (condition !== undefined && condition.trim() !== etag) return undefined;
  const from = first === '' ? Math.max(0, octets - Number(last)) : Number(first);
  const to = first === '' || last === '' ? octets - 1 : Math.min(Number(last), octets - 1);
  if (first !== '' && last !== '' && Number(last) < from) return undefined;
  if (from > to) throw notThere(octets);
  return { from, to };
}

const notThere = (octets: number): Problem =>
  problem(
    416,
    'range',
    'There are no such octets',
    `The message or part has ${octets} octets; ask for a range of these`,
    {
      headers: { 'Content-Range': `bytes */${octets}` },
    },
  );

export const lengthOf = ({ from, to }: Range): number => to - from + 1;

/** The octets of a range out of a stream; no more is read than needed. */
export async function* within(slices: AsyncIterable<Uint8Array>, { from, to }: Range): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const slice of slices) {
    const begin = at;
    at += slice.length;
    if (at <= from) continue;
    yield slice.subarray(Math.max(0, from - begin), to - begin + 1);
    if (at > to) return;
  }
}
