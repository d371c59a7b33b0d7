/**
 * A message as S/MIME sees it: a header whose fields belong either to the content (Content-*) or to the letter around it, and a body that
 * can be read as often as needed.
 *
 * Nothing is parsed beyond the header, and nothing is written anew: what is signed or encrypted are the octets as they came
 * (RFC 8551 section 3.1).
 */
import { type Result, fail, ok } from '../../domain/result.ts';
import { type Header, type HeaderField, headerEnd, readHeader } from '../../mime/header.ts';
import { JOIN_LIMIT, joinSmall } from '../../platform/bytes.ts';

/** A message that lies somewhere, complete: a sealed upload, a filed message. Canonical octets, ending in CRLF. */
export interface Source {
  readonly octets: number;
  slices(): AsyncIterable<Uint8Array>;
}

export interface Message {
  readonly source: Source;
  readonly header: Header;
  /** Offset behind the empty line; the length of the message where it has none. */
  readonly bodyAt: number;
}

/** A field that describes the content and travels with it: RFC 2045 section 3 and whatever else begins so. */
const isContentField = (field: HeaderField): boolean => field.name.startsWith('content-');

/** Reads the header. The error says why there is none. */
export async function readMessage(source: Source): Promise<Result<Message, string>> {
  let head: Buffer = Buffer.alloc(0);
  for await (const slice of source.slices()) {
    const room = JOIN_LIMIT - head.length;
    head = joinSmall([head, slice.subarray(0, room)]);
    const end = headerEnd(head);
    if (end >= 0) return parsed(source, head.subarray(0, end));
    if (slice.length > room) return fail('the header is larger than 256 KB');
  }
  return parsed(source, head);
}

function parsed(source: Source, head: Buffer): Result<Message, string> {
  const header = readHeader(head);
  return header.ok ? ok({ source, header: header.value, bodyAt: head.length }) : header;
}

/** The octets of the fields that `wanted` picks, as they came, in their order. */
export function fieldOctets(header: Header, wanted: (field: HeaderField) => boolean): Buffer {
  return joinSmall(header.fields.filter(wanted).map((field) => header.octets.subarray(field.start, field.end)));
}

/** A field around the content: any but Content-* and MIME-Version. */
export const isOuterField = (field: HeaderField): boolean => !isContentField(field) && field.name !== 'mime-version';

export const outerFields = (header: Header): Buffer => fieldOctets(header, isOuterField);

/** The content as an entity of its own: its Content-* fields, the empty line, the body. */
export async function* entityOf(message: Message): AsyncGenerator<Uint8Array, void, void> {
  yield joinSmall([fieldOctets(message.header, isContentField), CRLF]);
  yield* part(message.source, message.bodyAt);
}

const CRLF = Buffer.from('\r\n');

/** Octets `from` to `to` (default: the end) of a source. Slices before them are read and passed over. */
export async function* part(source: Source, from: number, to = source.octets): AsyncGenerator<Uint8Array, void, void> {
  let at = 0;
  for await (const slice of source.slices()) {
    const begin = Math.max(0, from - at);
    const end = Math.min(slice.length, to - at);
    if (begin < end) yield slice.subarray(begin, end);
    at += slice.length;
    if (at >= to) return;
  }
}

/** A source in memory, for small things and tests. */
export const sourceOf = (octets: Uint8Array): Source => ({
  octets: octets.length,
  // eslint-disable-next-line @typescript-eslint/require-await -- a source is asynchronous wherever it lies
  slices: async function* () {
    yield octets;
  },
});
