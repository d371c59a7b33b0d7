/**
 * Reads the JSON of a message as it comes, and takes the content of its attachments out on the way:
 * it is decoded slice by slice and never stands in memory as a whole. What is left (names,
 * addresses, text) is small and parsed as one.
 *
 * Members may come in any order, so the attachments of a program that sorts them come before the
 * addressees. In what is left, a number stands in place of each content. RFC 8259; in the content
 * also `\/` (PHP), `\u002B` (.NET) and line ends (`\r\n`) are read.
 */
import { Base64Decoder } from '../../mime/base64-decoder.ts';

/** Most octets of the JSON without the contents. */
export const MAX_REST = 2 * 1024 * 1024;
/** A key longer than this is not `content`. */
const LONGEST_KEY = 64;
const MOST_DEPTH = 16;
const QUOTE = 34;
const BACKSLASH = 92;
const CONTENT = /^"content"$/;

export class JsonUnreadable extends Error {
  override readonly name = 'JsonUnreadable';
  /** True if the JSON without the contents is longer than its limit. */
  readonly tooLarge: boolean;
  constructor(message: string, options: ErrorOptions & { readonly tooLarge?: true } = {}) {
    super(message, options);
    this.tooLarge = options.tooLarge === true;
  }
}

/** Where the content of one attachment goes. */
export interface ContentSink {
  write(octets: Buffer): Promise<void>;
  /** Called when the content is whole. */
  end(): Promise<void>;
}

interface Within {
  readonly kind: 'object' | 'array';
  /** Name of the member that is being read, as written. */
  key: string;
  /** True for an object in the list of attachments. */
  readonly place: boolean;
}

/** Reads the JSON of one request. Throws JsonUnreadable; what a sink rejects with goes through. */
export class AttachmentReader {
  readonly #open: (place: number) => ContentSink;
  /** Doubles: slices may be of one octet each. */
  #rest = Buffer.allocUnsafe(4096);
  #restOctets = 0;
  readonly #within: Within[] = [];
  /** The kind of string that is being read. */
  #string: 'none' | 'key' | 'value' | 'content' = 'none';
  #expectsKey = false;
  #escaped = false;
  #key = '';
  #count = 0;
  #sink: ContentSink | undefined;
  #decoder = new Base64Decoder();
  /** An escape in content that is not whole yet. */
  #escape = '';

  constructor(open: (place: number) => ContentSink) {
    this.#open = open;
  }

  async write(slice: Buffer): Promise<void> {
    let at = 0;
    while (at < slice.length) at = this.#string === 'content' ? await this.#content(slice, at) : this.#plain(slice, at);
  }

  /** The JSON without the contents of attachments: UTF-8 if the whole was. */
  end(): Buffer {
    if (this.#string !== 'none') throw new JsonUnreadable('a text does not end');
    return this.#rest.subarray(0, this.#restOctets);
  }

  /** Number of attachments whose content was taken out so far. */
  get count(): number {
    return this.#count;
  }

  #keep(octets: Buffer): void {
    const length = this.#restOctets + octets.length;
    if (length > MAX_REST)
      throw new JsonUnreadable(`without attachments it is longer than ${MAX_REST} octets`, { tooLarge: true });
    if (length > this.#rest.length) {
      const grown = Buffer.allocUnsafe(Math.min(MAX_REST, Math.max(length, 2 * this.#rest.length)));
      this.#rest.copy(grown, 0, 0, this.#restOctets);
      this.#rest = grown;
    }
    octets.copy(this.#rest, this.#restOctets);
    this.#restOctets = length;
  }

  /** Keeps plain text, and gives the offset of its end: where content begins, or the slice ends. */
  #plain(slice: Buffer, from: number): number {
    for (let at = from; at < slice.length; at += 1) {
      const octet = slice[at] ?? 0;
      if (this.#string !== 'none') {
        this.#inString(octet);
        continue;
      }
      if (octet === QUOTE && this.#begins()) {
        this.#keep(slice.subarray(from, at));
        this.#beginContent();
        return at + 1;
      }
      this.#structure(octet);
    }
    this.#keep(slice.subarray(from));
    return slice.length;
  }

  #inString(octet: number): void {
    if (this.#string === 'key' && this.#key.length <= 6 * LONGEST_KEY) this.#key += String.fromCharCode(octet);
    if (this.#escaped) this.#escaped = false;
    else if (octet === BACKSLASH) this.#escaped = true;
    else if (octet === QUOTE) {
      const within = this.#within.at(-1);
      if (this.#string === 'key' && within !== undefined) within.key = this.#key;
      this.#string = 'none';
    }
  }

  /**
   * Called at a quote outside of a string: true if the text behind it is the content of an
   * attachment.
   */
  #begins(): boolean {
    const within = this.#within.at(-1);
    if (within?.kind === 'object' && this.#expectsKey) {
      this.#string = 'key';
      this.#key = '"';
      this.#expectsKey = false;
      return false;
    }
    if (within?.place === true && CONTENT.test(plainKey(within.key))) return true;
    this.#string = 'value';
    return false;
  }

  #structure(octet: number): void {
    const within = this.#within.at(-1);
    switch (octet) {
      case 123: // {
      case 91: {
        // [
        if (this.#within.length >= MOST_DEPTH) throw new JsonUnreadable(`it is nested deeper than ${MOST_DEPTH}`);
        const outer = this.#within.at(-2);
        const place =
          octet === 123 &&
          this.#within.length === 2 &&
          within?.kind === 'array' &&
          plainKey(outer?.key ?? '') === '"attachments"';
        this.#within.push({ kind: octet === 123 ? 'object' : 'array', key: '', place });
        this.#expectsKey = octet === 123;
        return;
      }
      case 125: // }
      case 93: // ]
        this.#within.pop();
        this.#expectsKey = false;
        return;
      case 44: // ,
        this.#expectsKey = within?.kind === 'object';
        return;
      default:
        return;
    }
  }

  #beginContent(): void {
    this.#string = 'content';
    this.#sink = this.#open(this.#count);
    this.#decoder = new Base64Decoder();
    this.#keep(Buffer.from(`"${this.#count}"`));
    this.#count += 1;
  }

  async #content(slice: Buffer, from: number): Promise<number> {
    if (this.#escape !== '') return this.#goOnEscape(slice, from);
    const quote = slice.indexOf(QUOTE, from);
    const end = quote < 0 ? slice.length : quote;
    const backslash = slice.subarray(from, end).indexOf(BACKSLASH);
    const until = backslash < 0 ? end : from + backslash;
    if (until > from) await this.#decode(slice.subarray(from, until));
    if (backslash >= 0) {
      this.#escape = '\\';
      return until + 1;
    }
    if (quote < 0) return slice.length;
    await this.#endContent();
    return quote + 1;
  }

  async #goOnEscape(slice: Buffer, from: number): Promise<number> {
    this.#escape += String.fromCharCode(slice[from] ?? 0);
    const whole = this.#escape[1] === 'u' ? this.#escape.length === 6 : true;
    if (!whole) return from + 1;
    const text = unescaped(this.#escape);
    this.#escape = '';
    await this.#decode(Buffer.from(text));
    return from + 1;
  }

  async #decode(text: Buffer): Promise<void> {
    const octets = this.#decoder.push(text);
    if (!this.#decoder.exact) throw notBase64();
    // The decoder's memory is used again for the next slice.
    if (octets.length > 0) await this.#sink?.write(Buffer.from(octets));
  }

  async #endContent(): Promise<void> {
    const last = this.#decoder.end();
    if (!this.#decoder.exact || last.length > 0) throw notBase64();
    await this.#sink?.end();
    this.#sink = undefined;
    this.#string = 'none';
  }
}

const notBase64 = (): JsonUnreadable =>
  new JsonUnreadable('the content of an attachment is not base64 with its padding (RFC 4648 section 4)');

function unescaped(escape: string): string {
  try {
    return String(JSON.parse(`"${escape}"`));
  } catch {
    throw new JsonUnreadable('the content of an attachment has a wrong escape');
  }
}

/** A key without its escapes; as it is, if it is not JSON. */
function plainKey(key: string): string {
  if (!key.includes('\\')) return key;
  try {
    return JSON.stringify(JSON.parse(key));
  } catch {
    return key;
  }
}
