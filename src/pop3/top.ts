/**
 * Cuts a message for TOP: header, blank line and the first lines of the body (RFC 1939 section 7).
 * Pure, over pieces cut anywhere.
 */
const LF = 0x0a;

export class TopCutter {
  #lines: number;
  #inHeader = true;
  /** Octets of the unfinished line so far; 1 with a final LF is a bare CRLF. */
  #length = 0;

  /** `lines`: how many of the body. */
  constructor(lines: number) {
    this.#lines = lines;
  }

  /**
   * How many octets of `piece` belong to the answer. Fewer than all: the answer is complete, stop
   * reading.
   */
  take(piece: Buffer): number {
    let from = 0;
    for (;;) {
      if (!this.#inHeader && this.#lines === 0) return from;
      const end = piece.indexOf(LF, from);
      if (end < 0) {
        this.#length += piece.length - from;
        return piece.length;
      }
      const length = this.#length + end - from;
      this.#length = 0;
      from = end + 1;
      if (!this.#inHeader) this.#lines -= 1;
      else if (length <= 1) this.#inHeader = false;
    }
  }

  /** True once nothing more belongs to the answer. */
  get done(): boolean {
    return !this.#inHeader && this.#lines === 0;
  }
}
