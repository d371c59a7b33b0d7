/**
 * Gives a message that another server keeps the octets that it served over POP3, which are those
 * that clients have seen: LF gets its CR, a last line its end, and NUL, which Dovecot never sent,
 * becomes 0x80 as there. Every other octet stays, a lone CR too.
 */

const CR = 13;
const LF = 10;
const CRLF = Buffer.from('\r\n');

export class ServedLines {
  /** The octet in front of the next slice. */
  #last = 0;
  #lineEnds = false;
  #nul = false;

  /** LFs were given their CR. */
  get changedLineEnds(): boolean {
    return this.#lineEnds;
  }

  get changedNul(): boolean {
    return this.#nul;
  }

  write(slice: Buffer): Buffer {
    if (slice.length === 0) return slice;
    const before = this.#last;
    const plain = slice.includes(0) ? this.#withoutNul(slice) : slice;
    this.#last = slice.at(-1) ?? before;
    const bare = bareLines(plain, before);
    if (bare === 0) return plain;
    this.#lineEnds = true;
    return withCr(plain, before, bare);
  }

  #withoutNul(slice: Buffer): Buffer {
    this.#nul = true;
    return Buffer.from(slice.map((octet) => (octet === 0 ? 0x80 : octet)));
  }

  /** The octets that are still missing behind the last slice. */
  end(): Buffer {
    return this.#last === LF ? CRLF.subarray(2) : CRLF;
  }
}

/** LFs without a CR in front. `before`: the octet in front of the slice. */
function bareLines(slice: Buffer, before: number): number {
  let n = 0;
  for (let at = slice.indexOf(LF); at >= 0; at = slice.indexOf(LF, at + 1))
    if ((at === 0 ? before : slice[at - 1]) !== CR) n += 1;
  return n;
}

function withCr(slice: Buffer, before: number, bare: number): Buffer {
  const made = Buffer.allocUnsafe(slice.length + bare);
  let to = 0;
  let from = 0;
  for (let at = slice.indexOf(LF); at >= 0; at = slice.indexOf(LF, at + 1)) {
    if ((at === 0 ? before : slice[at - 1]) === CR) continue;
    to += slice.copy(made, to, from, at);
    made[to++] = CR;
    from = at;
  }
  slice.copy(made, to, from);
  return made;
}
