/**
 * A message as S/MIME sees it: a header whose fields belong either to the content (Content-*) or to
 * the letter around it, and a body that can be read as often as needed.
 *
 * Nothing is parsed beyond the header, and nothing is rewritten: the octets are signed or encrypted
 * as they came (RFC 8551 section 3.1).
 */
import { type Result, fail, ok } from '../../domain/result.ts';
import { type Header, type HeaderField, headerEnd, readHeader } from '../../mime/header.ts';
import { Base64Decoder } from '../../mime/base64-decoder.ts';
import { LineEnds, canonicalLines, offsetsAsCame } from '../../mime/canonical.ts';
import { type ContentFields, contentFields } from '../../mime/content-fields.ts';
import { QuotedPrintableDecoder } from '../../mime/quoted-printable-decoder.ts';
import type { TransferDecoder } from '../../mime/transfer-decoder.ts';
import { JOIN_LIMIT, asBuffer, joinSmall } from '../../platform/bytes.ts';

/**
 * A message that lies somewhere, complete: a sealed upload, a filed message. Canonical octets,
 * ending in CRLF.
 */
export interface Source {
  readonly octets: number;
  slices(): AsyncIterable<Uint8Array>;
}

export interface Message {
  readonly source: Source;
  readonly header: Header;
  /** Offset behind the empty line; the length of the message where it has none. */
  readonly bodyAt: number;
  /**
   * The same octets as they came, if they have other line ends than `source`, which is their
   * canonical form: encrypted content was not normalised on submission. Parts are found in the
   * canonical form; signatures and binary content are about the octets as they came.
   */
  readonly asCame?: Source;
  /** Number of fields in front of those of the content, if the header was put together of two. */
  readonly outside?: number;
}

/**
 * A field that describes the content and travels with it: RFC 2045 section 3 and whatever else
 * begins so.
 */
const isContentField = (field: HeaderField): boolean => field.name.startsWith('content-');

const MIME_VERSION = Buffer.from('MIME-Version: 1.0\r\n');

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

/**
 * Reads what came with line ends of any kind. `ends`: what was counted of them while it was
 * written.
 */
export async function readAsCame(asCame: Source, ends: LineEnds): Promise<Result<Message, string>> {
  if (ends.added === 0) return await readMessage(asCame);
  const source: Source = {
    octets: asCame.octets + ends.added,
    slices: () => canonicalLines(asCame.slices(), 'keep'),
  };
  const read = await readMessage(source);
  return read.ok ? ok({ ...read.value, asCame }) : read;
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

/**
 * Fields in front of a content that is put behind a letter's header: those around it, and that it
 * is MIME.
 */
export function letterFields({ header, outside }: Message): { readonly octets: Buffer; readonly count: number } {
  const letter = outside === undefined ? header : { ...header, fields: header.fields.slice(0, outside) };
  return {
    octets: joinSmall([outerFields(letter), MIME_VERSION]),
    count: letter.fields.filter(isOuterField).length + 1,
  };
}

/**
 * What lies between two offsets, an entity, as a message of its own behind the same letter's
 * header.
 */
export async function entityWithin(
  message: Message,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<Result<Message, string>> {
  const { octets, count } = letterFields(message);
  const source = prefixed(octets, { octets: to - from, slices: () => part(message.source, from, to) });
  const read = await readMessage(source);
  if (!read.ok) return read;
  const { asCame } = message;
  if (asCame === undefined) return ok({ ...read.value, outside: count });
  const raw: Source = { octets: asCame.octets, slices: () => partAsCame(message, from, to) };
  return ok({ ...read.value, outside: count, asCame: prefixed(octets, raw) });
}

/**
 * The message that is the whole content of another one. Read once to its end, since its line ends
 * are unknown before.
 */
export async function messageInside(content: Message): Promise<Result<Message, string>> {
  const fields = contentFields(content.header.octets);
  const slices = (): AsyncGenerator<Uint8Array, void, void> => decodedBody(content, fields);
  const ends = new LineEnds();
  let octets = 0;
  for await (const slice of slices()) {
    ends.take(slice);
    octets += slice.length;
  }
  return await readAsCame({ octets, slices }, ends);
}

/** The same message below other fields. */
export async function withFieldsOnTop(fields: Buffer, message: Message): Promise<Result<Message, string>> {
  const read = await readMessage(prefixed(fields, message.source));
  return read.ok && message.asCame !== undefined
    ? ok({ ...read.value, asCame: prefixed(fields, message.asCame) })
    : read;
}

/** `first`, then all of `source`. */
const prefixed = (first: Buffer, source: Source): Source => ({
  octets: first.length + source.octets,
  slices: async function* () {
    if (first.length > 0) yield first;
    yield* source.slices();
  },
});

/** The body without its transfer encoding; one that has none gives its octets as they came. */
export async function* decodedBody(message: Message, fields: ContentFields): AsyncGenerator<Buffer, void, void> {
  const decoder = decoderOf(fields);
  const body = decoder === undefined ? partAsCame(message, message.bodyAt) : part(message.source, message.bodyAt);
  for await (const slice of body) {
    const octets = asBuffer(slice);
    // The decoder reuses its memory, and the receiver of a slice may keep it, so it gets a copy.
    const decoded = decoder === undefined ? octets : Buffer.from(decoder.push(octets));
    if (decoded.length > 0) yield decoded;
  }
  const last = decoder?.end();
  if (last !== undefined && last.length > 0) yield last;
}

function decoderOf(fields: ContentFields): TransferDecoder | undefined {
  if (fields.encoding === 'base64') return new Base64Decoder();
  return fields.encoding === 'quoted-printable' ? new QuotedPrintableDecoder() : undefined;
}

/** The content as an entity of its own: its Content-* fields, the empty line, the body. */
export async function* entityOf(message: Message): AsyncGenerator<Uint8Array, void, void> {
  yield joinSmall([fieldOctets(message.header, isContentField), CRLF]);
  yield* part(message.source, message.bodyAt);
}

const CRLF = Buffer.from('\r\n');

/**
 * Octets `from` to `to` (default: the end) of a source. Slices before them are read and passed
 * over.
 */
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

/**
 * The same as `part`, octets as they came; `from` and `to` are offsets in the canonical form, at
 * the beginning or end of a line.
 */
export async function* partAsCame(
  { source, asCame }: Message,
  from: number,
  to = source.octets,
): AsyncGenerator<Uint8Array, void, void> {
  if (asCame === undefined) return yield* part(source, from, to);
  const whole = to >= source.octets;
  const [begin = 0, end = asCame.octets] = await offsetsAsCame(asCame.slices(), whole ? [from] : [from, to]);
  yield* part(asCame, begin, end);
}

/** A source in memory, for small things and tests. */
export const sourceOf = (octets: Uint8Array): Source => ({
  octets: octets.length,
  // eslint-disable-next-line @typescript-eslint/require-await -- a source is asynchronous wherever it lies
  slices: async function* () {
    yield octets;
  },
});
