/**
 * Writes octets as quoted-printable (RFC 2045 section 6.7), wherever the slices are cut. CRLF stays
 * a line end; every other octet that a 7-bit path may change is written as two hexadecimal digits,
 * and so are blanks at the end of a line. Decoded, the octets are the same.
 */
const CR = 13;
const LF = 10;
const TAB = 9;
const SPACE = 32;
const EQUALS = 61;
/** Characters of a line, without its line end. */
const LINE = 76;
const DIGITS = Buffer.from('0123456789ABCDEF', 'latin1');

const isBlank = (octet: number): boolean => octet === SPACE || octet === TAB;
const isPlain = (octet: number): boolean => octet > SPACE && octet < 127 && octet !== EQUALS;

export class QuotedPrintableEncoder {
  #column = 0;
  /** A blank or a CR that waits for what follows. */
  #held: number | undefined;
  #out: Buffer = Buffer.alloc(0);
  #to = 0;

  /** Encodes octets. The result is valid until the next call. */
  push(octets: Uint8Array): Buffer {
    // Three characters for an octet, a soft line end for each 24 octets, and what was held before.
    const room = 4 * octets.length + 16;
    if (this.#out.length < room) this.#out = Buffer.allocUnsafe(room);
    this.#to = 0;
    for (const octet of octets) this.#next(octet);
    return this.#out.subarray(0, this.#to);
  }

  end(): Buffer {
    if (this.#out.length < 16) this.#out = Buffer.allocUnsafe(16);
    this.#to = 0;
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#digits(held);
    return this.#out.subarray(0, this.#to);
  }

  #next(octet: number): void {
    const held = this.#held;
    this.#held = undefined;
    if (held === CR && octet === LF) return this.#lineEnd();
    if (held !== undefined) {
      // A blank before a line end would be lost on the way; before anything else it stands for
      // itself.
      if (isBlank(held) && octet !== CR) this.#plain(held);
      else this.#digits(held);
    }
    if (octet === CR || isBlank(octet)) this.#held = octet;
    else if (isPlain(octet)) this.#plain(octet);
    else this.#digits(octet);
  }

  #lineEnd(): void {
    this.#write(CR, LF);
    this.#column = 0;
  }

  #plain(octet: number): void {
    this.#make(1);
    this.#write(octet);
  }

  #digits(octet: number): void {
    this.#make(3);
    this.#write(EQUALS, DIGITS[octet >> 4] ?? 0, DIGITS[octet & 15] ?? 0);
  }

  /** Makes space for `length` characters and the "=" of a soft line end. */
  #make(length: number): void {
    if (this.#column + length >= LINE) {
      this.#write(EQUALS, CR, LF);
      this.#column = 0;
    }
    this.#column += length;
  }

  #write(...octets: readonly number[]): void {
    for (const octet of octets) this.#out[this.#to++] = octet;
  }
}

/** A stream as quoted-printable. */
export async function* quotedPrintable(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, void> {
  const encoder = new QuotedPrintableEncoder();
  for await (const slice of source) {
    const made = Buffer.from(encoder.push(slice));
    if (made.length > 0) yield made;
  }
  const last = encoder.end();
  if (last.length > 0) yield Buffer.from(last);
}
