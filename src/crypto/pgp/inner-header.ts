/**
 * Puts a decrypted content behind the letter's own header. The content has a header of its own: its
 * Content-* fields describe it, and where it says so (`protected-headers`, `hp`: RFC 9788) it
 * carries a copy of the letter's, of which the subject takes the place of the one outside.
 *
 * The other copies are compared, not taken: what the gateway judged, From above all, is the header
 * outside.
 */
import { type Result, fail } from '../../domain/result.ts';
import { LineEnds, anyHeaderEnd, canonicalLines } from '../../mime/canonical.ts';
import { type Header, readHeader } from '../../mime/header.ts';
import { JOIN_LIMIT, joinSmall } from '../../platform/bytes.ts';
import { type Message, fieldOctets, letterFields, readAsCame, sourceOf } from '../smime/message.ts';
import type { Staging } from '../smime/open.ts';
import { carriedBy, differing, hasField, letterHeader } from '../smime/protected-header.ts';
import { PgpFailure } from './failure.ts';

const CRLF = Buffer.from('\r\n');

export class InnerHeader {
  readonly #outer: Message;
  readonly #staging: Staging;
  #head: Buffer | undefined = Buffer.alloc(0);
  readonly #ends = new LineEnds();
  #outside = 0;
  differs: readonly string[] = [];

  constructor(outer: Message, staging: Staging) {
    this.#outer = outer;
    this.#staging = staging;
  }

  async write(slice: Uint8Array): Promise<void> {
    if (this.#head === undefined) return await this.#pass(slice);
    // The first octets may come in a small slice, and the next slice may be as large as a header
    // may be.
    const taken = Math.min(slice.length, JOIN_LIMIT - this.#head.length);
    this.#head = joinSmall([this.#head, slice.subarray(0, taken)]);
    const end = anyHeaderEnd(this.#head);
    if (end < 0) {
      if (taken < slice.length) throw new PgpFailure('malformed', 'What was inside has no end of its header');
      return;
    }
    await this.#begin(this.#head, end);
    if (taken < slice.length) await this.#pass(slice.subarray(taken));
  }

  /** The message; its body may have come with other line ends than CRLF. */
  async end(): Promise<Message> {
    // The message ended in its header: it has no body.
    const head = this.#head;
    if (head !== undefined) await this.#begin(head, head.length);
    // A content that was encrypted elsewhere may lack the last line end; what is filed ends in one.
    if (!this.#ends.ended) await this.#pass(CRLF);
    const read = await readAsCame(await this.#staging.seal(), this.#ends);
    if (!read.ok) throw new PgpFailure('malformed', `Cannot read what was inside: ${read.error}`);
    return { ...read.value, outside: this.#outside };
  }

  async #pass(slice: Uint8Array): Promise<void> {
    this.#ends.take(slice);
    await this.#staging.write(slice);
  }

  async #begin(head: Buffer, end: number): Promise<void> {
    this.#head = undefined;
    const inner = await headerOf(head.subarray(0, end));
    if (!inner.ok) throw new PgpFailure('malformed', `Cannot read the header of what was inside: ${inner.error}`);
    const carried = carriedBy(inner.value) === 'copy';
    const letter = letterHeader(this.#outer);
    if (carried) this.differs = differing(letter, inner.value, 'copy', true);
    const header = withSubject(this.#outer, carried ? inner.value : undefined);
    this.#outside = header.count;
    await this.#staging.write(
      joinSmall([header.octets, fieldOctets(inner.value, ({ name }) => name.startsWith('content-')), CRLF]),
    );
    if (end < head.length) await this.#pass(head.subarray(end));
  }
}

/** The letter's header with the subject of `carried`, where there is one. */
export function withSubject(
  outer: Message,
  carried: Header | undefined,
): { readonly octets: Buffer; readonly count: number } {
  const letter = letterHeader(outer);
  if (carried === undefined || !hasField(carried, 'subject')) return letterFields({ ...outer, header: letter });
  const rest = { ...letter, fields: letter.fields.filter(({ name }) => name !== 'subject') };
  const { octets, count } = letterFields({ header: rest, source: outer.source, bodyAt: outer.bodyAt });
  const subjects = carried.fields.filter(({ name }) => name === 'subject');
  return {
    octets: joinSmall([octets, fieldOctets(carried, ({ name }) => name === 'subject')]),
    count: count + subjects.length,
  };
}

async function headerOf(octets: Buffer): Promise<Result<Header, string>> {
  const made: Buffer[] = [];
  let length = 0;
  for await (const piece of canonicalLines(sourceOf(octets).slices(), 'keep')) {
    made.push(piece);
    length += piece.length;
  }
  return length > JOIN_LIMIT ? fail('it is larger than 256 KB') : readHeader(joinSmall(made));
}
