/**
 * The hash over a body in DKIM's relaxed form (RFC 6376 section 3.4.4), for a body that comes in
 * slices cut anywhere.
 *
 * White space at the end of a line and empty lines at the end of the body are removed, other white
 * space becomes one space. What may still be removed is held back as a count, so that a body of
 * nothing but line ends costs no memory.
 */
import { createHash } from 'node:crypto';
import { joinSmall } from '../../platform/bytes.ts';

const CR = 13;
const LF = 10;
const SPACE = 32;
const TAB = 9;
const LINE = Buffer.from('\r\n');
const LINES = joinSmall(Array.from({ length: 1024 }, () => LINE));

export class RelaxedBody {
  readonly #hash = createHash('sha256');
  /** A CR of which it is not known yet whether it ends a line. */
  #cr = false;
  #blank = false;
  /** Line ends that count only when something follows. */
  #lines = 0;
  #empty = true;

  update(octets: Uint8Array): void {
    // Space for the octets that come in and for what was held back of the slice before.
    const out = Buffer.allocUnsafe(octets.length + 4);
    let at = 0;
    for (const octet of octets) {
      if (this.#cr) {
        this.#cr = false;
        if (octet === LF) {
          this.#blank = false;
          this.#lines += 1;
          continue;
        }
        at = this.#begin(out, at);
        out[at++] = CR;
      }
      if (octet === CR) this.#cr = true;
      else if (octet === SPACE || octet === TAB) this.#blank = true;
      else {
        at = this.#begin(out, at);
        out[at++] = octet;
      }
    }
    this.#hash.update(out.subarray(0, at));
  }

  /** Writes what was held back, from `at` on in `out`: it counts after all. */
  #begin(out: Buffer, at: number): number {
    this.#empty = false;
    if (this.#lines > 0) {
      this.#hash.update(out.subarray(0, at));
      at = 0;
      for (; this.#lines >= 1024; this.#lines -= 1024) this.#hash.update(LINES);
      this.#hash.update(LINES.subarray(0, this.#lines * 2));
      this.#lines = 0;
    }
    if (!this.#blank) return at;
    this.#blank = false;
    out[at] = SPACE;
    return at + 1;
  }

  /** The hash, base64. */
  digest(): string {
    if (this.#cr) {
      const out = Buffer.alloc(2);
      const at = this.#begin(out, 0);
      out[at] = CR;
      this.#hash.update(out.subarray(0, at + 1));
    }
    if (!this.#empty) this.#hash.update(LINE);
    return this.#hash.digest('base64');
  }
}
