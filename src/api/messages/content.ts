/**
 * Turns the octets of a request's body into the content of a message: every line end CRLF, the last
 * line ended, and the header in one piece in front, since it may name the recipients.
 */
import { type LineEndCounts, judged } from '../../mime/line-ends.ts';
import { headerEnd } from '../../mime/header.ts';
import { joinSmall } from '../../platform/bytes.ts';
import { MAX_HEADER } from '../../submission/incoming.ts';

const CR = 13;
const LF = 10;
const CRLF = Buffer.from('\r\n');

/**
 * Counts in `met` what deviates, and makes each bare CR or LF a CRLF if `normalise` is set. A slice
 * never ends between the two octets of a CRLF.
 */
export async function* contentLines(
  octets: AsyncIterable<Buffer>,
  met: LineEndCounts,
  normalise: boolean,
): AsyncGenerator<Buffer, void, void> {
  let cr = false;
  let last = LF;
  for await (const came of octets) {
    let slice: Buffer = cr ? joinSmall([Buffer.of(CR), came]) : came;
    cr = slice.at(-1) === CR;
    if (cr) slice = slice.subarray(0, -1);
    if (slice.length === 0) continue;
    last = slice.at(-1) ?? last;
    yield judged(slice, met, normalise);
  }
  if (cr) yield judged(Buffer.of(CR), met, normalise);
  if (cr ? !normalise : last !== LF) yield CRLF;
}

export interface HeadedContent {
  /**
   * The header with its empty line; all octets of a message that has no empty line. Undefined: it
   * is longer than a header may be.
   */
  readonly header: Buffer | undefined;
  /** All octets, those of the header too. Read it once. */
  readonly octets: AsyncIterable<Buffer>;
}

/**
 * Reads up to the end of the header. In nearly all messages that is the first slice, which is not
 * copied.
 */
export async function withHeader(lines: AsyncGenerator<Buffer, void, void>): Promise<HeadedContent> {
  let seen: Buffer = Buffer.alloc(0);
  /** Doubles, so that a header which comes octet by octet is not copied once for each. */
  let room: Buffer = seen;
  let own = false;
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
    const before = seen.length;
    const length = before + next.value.length;
    if (before === 0) seen = room = next.value;
    else {
      if (length > room.length || !own) room = grown(seen, length);
      own = true;
      next.value.copy(room, before);
      seen = room.subarray(0, length);
    }
    const end = headerEnd(seen, before);
    if (end >= 0) return { header: seen.subarray(0, end), octets: chained(seen, lines) };
    if (length > MAX_HEADER) return { header: undefined, octets: chained(seen, lines) };
  }
  return { header: seen, octets: chained(seen, lines) };
}

function grown(octets: Buffer, needed: number): Buffer {
  const room = Buffer.allocUnsafe(Math.max(needed, octets.length * 2, 4096));
  octets.copy(room);
  return room;
}

async function* chained(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  if (first.length > 0) yield first;
  yield* rest;
}
