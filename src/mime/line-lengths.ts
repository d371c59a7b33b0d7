/**
 * Finds lines of more than 998 octets (RFC 5321 section 4.5.3.1.6: 1000 with CRLF) in content that
 * streams by.
 *
 * It looks only for the last line end within the next 998 octets, so that a thousand octets of
 * usual lines cost one native search.
 */
export const MAX_LINE = 998;

const LF = 10;
const CR = 13;

export class LineLengths {
  /** Lines that are too long. */
  long = 0;
  /**
   * Octets of the longest line, its end not counted; exact if it is above the limit, 0 otherwise.
   */
  longest = 0;
  /** Octets of the line that is being read. */
  #length = 0;
  #endsWithCr = false;

  /** Takes canonical octets (CRLF line ends). */
  add(slice: Buffer): void {
    let at = 0;
    while (at < slice.length) {
      // The line end may stand right behind the 998th octet.
      const within = Math.max(0, MAX_LINE + 2 - this.#length);
      const end = slice.subarray(at, at + within).lastIndexOf(LF);
      if (end >= 0) {
        this.#length = 0;
        at += end + 1;
        continue;
      }
      const next = slice.indexOf(LF, at + Math.min(within, slice.length - at));
      if (next < 0) {
        this.#length += slice.length - at;
        break;
      }
      const crlf = next > 0 ? slice[next - 1] === CR : this.#endsWithCr;
      this.#ended(this.#length + next - at - (crlf ? 1 : 0));
      this.#length = 0;
      at = next + 1;
    }
    if (slice.length > 0) this.#endsWithCr = slice.at(-1) === CR;
  }

  /** Called when the content is whole; a last line without an end counts as well. */
  end(): void {
    this.#ended(this.#length);
    this.#length = 0;
  }

  #ended(octets: number): void {
    if (octets <= MAX_LINE) return;
    this.long += 1;
    this.longest = Math.max(this.longest, octets);
  }
}
