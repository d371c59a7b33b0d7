/**
 * Puts a decrypted content behind the letter's own header. The content has a header of its own: its Content-* fields describe it, and where it says
 * so (`protected-headers`, `hp`: RFC 9788) it carries a copy of the letter's, of which the subject takes the place of the one outside.
 *
 * The other copies are compared, not taken: what the gateway judged, From above all, is the header outside.
 */
import { contentFields } from '../../mime/content-fields.ts';
import { type Header, fieldText, headerEnd, readHeader } from '../../mime/header.ts';
import { readFieldValue } from '../../mime/parameters.ts';
import { joinSmall } from '../../platform/bytes.ts';
import { type Message, fieldOctets, outerFields, sourceOf } from '../smime/message.ts';
import { differing } from '../smime/open.ts';
import { PgpFailure } from './failure.ts';

const MAX_HEADER = 256 * 1024;
const MIME_VERSION = Buffer.from('MIME-Version: 1.0\r\n');
const CRLF = Buffer.from('\r\n');
const LF = 10;

export class InnerHeader {
  readonly #outer: Message;
  readonly #write: (slice: Uint8Array) => void | Promise<void>;
  #head: Buffer | undefined = Buffer.alloc(0);
  #last = 0;
  differs: readonly string[] = [];

  constructor(outer: Message, write: (slice: Uint8Array) => void | Promise<void>) {
    this.#outer = outer;
    this.#write = write;
  }

  async write(slice: Uint8Array): Promise<void> {
    this.#last = slice.at(-1) ?? this.#last;
    if (this.#head === undefined) return await this.#write(slice);
    // The first octets may come in a small slice and the next in one that is as large as a header may be.
    const taken = Math.min(slice.length, MAX_HEADER - this.#head.length);
    this.#head = joinSmall([this.#head, slice.subarray(0, taken)]);
    const end = headerEnd(this.#head);
    if (end < 0 && taken < slice.length) throw new PgpFailure('malformed', 'What was inside has no end of its header');
    if (end < 0) return;
    await this.#begin(this.#head, end);
    if (taken < slice.length) await this.#write(slice.subarray(taken));
  }

  async end(): Promise<void> {
    // All header, no body.
    if (this.#head !== undefined) await this.#begin(joinSmall([this.#head, CRLF]), this.#head.length + CRLF.length);
    // A content that was encrypted elsewhere may lack the last line end; what is filed ends in one.
    if (this.#last !== LF) await this.#write(CRLF);
  }

  async #begin(head: Buffer, end: number): Promise<void> {
    this.#head = undefined;
    const inner = readHeader(head.subarray(0, end));
    if (!inner.ok) throw new PgpFailure('malformed', `Cannot read the header of what was inside: ${inner.error}`);
    const carried = carriesHeader(inner.value);
    const message: Message = { header: inner.value, source: sourceOf(head), bodyAt: end };
    if (carried) this.differs = differing(this.#outer, message).filter((name) => has(inner.value, name));
    const subject = carried && has(inner.value, 'subject');
    await this.#write(
      joinSmall([
        subject
          ? fieldOctets(this.#outer.header, ({ name }) => isOuter(name) && name !== 'subject')
          : outerFields(this.#outer.header),
        fieldOctets(inner.value, ({ name }) => subject && name === 'subject'),
        MIME_VERSION,
        fieldOctets(inner.value, ({ name }) => name.startsWith('content-')),
        CRLF,
      ]),
    );
    if (end < head.length) await this.#write(head.subarray(end));
  }
}

const isOuter = (name: string): boolean => !name.startsWith('content-') && name !== 'mime-version';
const has = (header: Header, name: string): boolean => header.fields.some((field) => field.name === name);

/** The mark of a content that carries the letter's header. */
function carriesHeader(header: Header): boolean {
  const field = header.fields.find(({ name }) => name === 'content-type');
  if (field === undefined || contentFields(header.octets).type === '') return false;
  const { parameters } = readFieldValue(fieldText(header, field));
  return parameters.has('protected-headers') || parameters.has('hp');
}
