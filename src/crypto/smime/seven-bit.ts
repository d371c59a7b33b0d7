/**
 * A message whose parts have no octet above 127, for a signature in the clear: a server that takes
 * 7 bits only would change the content, and the signature with it (RFC 8551 section 3.1.3, RFC 3156
 * section 3).
 *
 * Parts with such octets are written as quoted-printable (text) or base64 (anything else); decoded
 * they are the same octets. Nothing is touched below a signature or encryption of somebody else,
 * nor what cannot be told apart: then the message stays in 8 bits, as a whole or in that part.
 */
import type { TransferEncoding } from '../../domain/message-part.ts';
import { base64Lines } from '../../mime/base64-encoder.ts';
import { contentFields } from '../../mime/content-fields.ts';
import { headerEnd, readHeader } from '../../mime/header.ts';
import { quotedPrintable } from '../../mime/quoted-printable-encoder.ts';
import { JOIN_LIMIT, asBuffer, joinSmall } from '../../platform/bytes.ts';
import { paced } from '../cms/slices.ts';
import { type Message, type Source, entityOf, letterFields, part, readMessage } from './message.ts';
import { type PartRange, Parts } from './parts.ts';

/** Deepest nesting of multiparts and messages. Each level is read once more. */
const MAX_DEPTH = 8;
const MAX_PARTS = 500;
/** Most octets of one header, so that there is space for what is added to it. */
const MAX_HEAD = JOIN_LIMIT - 1024;

type Wanted = 'quoted-printable' | 'base64';

/** Replacement for a range of the message. */
type Edit = PartRange & ({ readonly header: Buffer } | { readonly encode: Wanted });

export interface SevenBit {
  readonly message: Message;
  /** Octets above 127 are left. */
  readonly eightBit: boolean;
}

/** Reads the content a few times. */
export async function sevenBit(message: Message): Promise<SevenBit> {
  const unchanged: SevenBit = { message, eightBit: true };
  const entity: Source = {
    octets: message.header.octets.length + message.source.octets - message.bodyAt,
    slices: () => entityOf(message),
  };
  const plan = new Plan(entity);
  if (!(await plan.look({ from: 0, to: entity.octets }, 0))) return unchanged;
  const clean = await plan.isClean();
  if (plan.encoded === 0) return unchanged;
  const edits = plan.edits(clean);
  const { octets } = letterFields(message);
  const read = await readMessage({
    // At most: three characters for an octet, and soft line ends.
    octets: octets.length + 4 * entity.octets + JOIN_LIMIT,
    slices: async function* () {
      yield octets;
      yield* edited(entity, edits);
    },
  });
  return read.ok ? { message: read.value, eightBit: !clean } : unchanged;
}

class Plan {
  readonly #entity: Source;
  /** Leaves that are to be encoded, and their headers. */
  readonly #leaves: Edit[] = [];
  /** Headers around leaves that say 8bit, and need not if every leaf is encoded. */
  readonly #around: Edit[] = [];
  #parts = 0;

  constructor(entity: Source) {
    this.#entity = entity;
  }

  get encoded(): number {
    return this.#leaves.length / 2;
  }

  edits(clean: boolean): readonly Edit[] {
    return [...this.#leaves, ...(clean ? this.#around : [])].sort((a, b) => a.from - b.from);
  }

  /** False: there are too many parts, or they are nested too deep. */
  async look({ from, to }: PartRange, depth: number, message = false): Promise<boolean> {
    this.#parts += 1;
    if (depth > MAX_DEPTH || this.#parts > MAX_PARTS) return false;
    const head = await this.#headOf(from, to);
    // Programs disagree about where a content without the end of its header begins.
    if (head === undefined) return true;
    const fields = contentFields(head);
    const body = { from: from + head.length, to };
    if (fields.type === 'multipart/signed' || fields.type === 'multipart/encrypted') return true;
    const identity = ['7bit', '8bit', 'binary'].includes(fields.encoding);
    if (!identity) return true;
    const around = { from, to: body.from, header: labelled(head, '7bit', message) };
    if (fields.type.startsWith('multipart/') && fields.boundary !== '') {
      if (fields.encoding !== '7bit') this.#around.push(around);
      for (const range of await this.#partsOf(body, fields.boundary))
        if (!(await this.look(range, depth + 1))) return false;
      return true;
    }
    if (fields.type === 'message/rfc822' || fields.type === 'message/global') {
      if (fields.encoding !== '7bit') this.#around.push(around);
      return await this.look(body, depth + 1, true);
    }
    if (!(await this.#hasEightBit(body))) return true;
    const encode: Wanted = fields.type.startsWith('text/') ? 'quoted-printable' : 'base64';
    this.#leaves.push({ from, to: body.from, header: labelled(head, encode, message) }, { ...body, encode });
    return true;
  }

  /** Whether no octet above 127 is left outside what is encoded. */
  async isClean(): Promise<boolean> {
    let at = 0;
    for (const { from, to, ...edit } of this.edits(true)) {
      if (!('encode' in edit)) continue;
      if (await this.#hasEightBit({ from: at, to: from })) return false;
      at = to;
    }
    return !(await this.#hasEightBit({ from: at, to: this.#entity.octets }));
  }

  async #headOf(from: number, to: number): Promise<Buffer | undefined> {
    let head: Buffer = Buffer.alloc(0);
    for await (const slice of part(this.#entity, from, to)) {
      head = joinSmall([head, slice.subarray(0, MAX_HEAD - head.length)]);
      const end = headerEnd(head);
      if (end >= 0) return readHeader(head.subarray(0, end)).ok ? head.subarray(0, end) : undefined;
      if (head.length >= MAX_HEAD) return undefined;
    }
    return undefined;
  }

  /** The parts; none if the multipart has no end, since nobody knows what its last part is. */
  async #partsOf({ from, to }: PartRange, boundary: string): Promise<readonly PartRange[]> {
    const parts = new Parts(boundary, 0, MAX_PARTS + 1);
    for await (const slice of part(this.#entity, from, to)) parts.take(asBuffer(slice));
    parts.end();
    if (parts.count === undefined) return [];
    return parts.ranges.slice(0, parts.count).map((range) => ({ from: from + range.from, to: from + range.to }));
  }

  async #hasEightBit({ from, to }: PartRange): Promise<boolean> {
    for await (const slice of paced(part(this.#entity, from, to))) if (slice.some((octet) => octet > 127)) return true;
    return false;
  }
}

/**
 * A header, its empty line included, with another transfer encoding. 7 bits need no field.
 * `message`: where nothing counts without MIME-Version.
 */
function labelled(head: Buffer, encoding: TransferEncoding, message: boolean): Buffer {
  const read = readHeader(head);
  const fields = read.ok ? read.value.fields : [];
  const kept = fields.filter(({ name }) => name !== 'content-transfer-encoding');
  const version = message && !fields.some(({ name }) => name === 'mime-version') ? 'MIME-Version: 1.0\r\n' : '';
  return joinSmall([
    ...kept.map(({ start, end }) => head.subarray(start, end)),
    Buffer.from(`${version}${encoding === '7bit' ? '' : `Content-Transfer-Encoding: ${encoding}\r\n`}\r\n`),
  ]);
}

async function* edited(entity: Source, edits: readonly Edit[]): AsyncGenerator<Uint8Array, void, void> {
  const cursor = new Cursor(entity);
  try {
    for (const edit of edits) {
      yield* cursor.upTo(edit.from);
      const range = cursor.upTo(edit.to);
      if ('encode' in edit) yield* edit.encode === 'base64' ? base64Lines(range) : quotedPrintable(range);
      else {
        yield edit.header;
        for await (const _ of range);
      }
    }
    yield* cursor.upTo(Infinity);
  } finally {
    await cursor.close();
  }
}

/** Gives a source piece by piece, up to one offset after another. */
class Cursor {
  readonly #slices: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(source: Source) {
    this.#slices = source.slices()[Symbol.asyncIterator]();
  }

  async *upTo(offset: number): AsyncGenerator<Uint8Array, void, void> {
    while (this.#at < offset) {
      if (this.#rest.length === 0) {
        const next = await this.#slices.next();
        if (next.done === true) return;
        this.#rest = next.value;
      }
      const piece = this.#rest.subarray(0, offset - this.#at);
      this.#rest = this.#rest.subarray(piece.length);
      this.#at += piece.length;
      yield piece;
    }
  }

  async close(): Promise<void> {
    await this.#slices.return?.();
  }
}
