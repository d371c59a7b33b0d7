/**
 * Gives octets of strangers the form that a stored message has: every line end CRLF, the last line
 * ended (RFC 5321 section 2.3.8). A bare LF is a line end, and so is a CR without LF: both become
 * CRLF.
 *
 * It serves content that came in encrypted: the edge, which judges line ends, could not see it.
 */
import { asBuffer } from '../platform/bytes.ts';

/** The content has a NUL octet, so it cannot be handed out. */
export class NulFound extends Error {
  override readonly name = 'NulFound';
}

const CR = 13;
const LF = 10;

/** What to do with a NUL: content that has one can be read, but not handed out. */
type Nul = 'refuse' | 'keep';

const nulFound = (): NulFound => new NulFound('Cannot hand out the content: it has a NUL octet');

/**
 * True if the slice can pass as it is. `afterCr`: the slice before it ended in CR. A slice that
 * itself ends in CR cannot pass: that CR must wait for what follows.
 */
function isCanonical(octets: Buffer, afterCr: boolean, nul: Nul): boolean {
  let cr = afterCr;
  for (const octet of octets) {
    if (octet === 0 && nul === 'refuse') throw nulFound();
    if (cr !== (octet === LF)) return false;
    cr = octet === CR;
  }
  return !cr;
}

/** Rewrites the slice; a CR at its end is left for the next one. */
function rewritten(octets: Buffer, afterCr: boolean, nul: Nul): { readonly made: Buffer; readonly cr: boolean } {
  const out = Buffer.allocUnsafe(octets.length * 2 + 2);
  let to = 0;
  let cr = afterCr;
  const lineEnd = (): void => {
    out[to++] = CR;
    out[to++] = LF;
  };
  for (const octet of octets) {
    if (octet === 0 && nul === 'refuse') throw nulFound();
    if (cr || octet === LF) lineEnd();
    if (octet !== LF && octet !== CR) out[to++] = octet;
    cr = octet === CR;
  }
  return { made: out.subarray(0, to), cr };
}

/** The canonical form of `source`. Throws NulFound at a NUL, unless `nul` is `keep`. */
export async function* canonicalLines(
  source: AsyncIterable<Uint8Array>,
  nul: Nul = 'refuse',
): AsyncGenerator<Buffer, void, void> {
  let cr = false;
  let last = LF;
  for await (const given of source) {
    const octets = asBuffer(given);
    if (octets.length === 0) continue;
    if (isCanonical(octets, cr, nul)) {
      // The CR that waited belongs in front of the LF that this slice begins with.
      if (cr) yield Buffer.from('\r');
      cr = false;
      last = octets.at(-1) ?? last;
      yield octets;
      continue;
    }
    const written = rewritten(octets, cr, nul);
    cr = written.cr;
    if (written.made.length === 0) continue;
    last = written.made.at(-1) ?? last;
    yield written.made;
  }
  if (cr || last !== LF) yield Buffer.from('\r\n');
}

/** Counts, while octets pass, how many octets their canonical form adds. */
export class LineEnds {
  #added = 0;
  #last = LF;

  /**
   * Octets that `canonicalLines` adds to those that passed, the end of an unfinished last line
   * included.
   */
  get added(): number {
    return this.#added + (this.#last === LF ? 0 : this.#last === CR ? 1 : 2);
  }

  /** True if the last octet is a CR or a LF, or if nothing has passed. */
  get ended(): boolean {
    return this.#last === LF || this.#last === CR;
  }

  take(octets: Uint8Array): void {
    let last = this.#last;
    let added = 0;
    for (const octet of octets) {
      // A LF without a CR before it, or a CR without a LF behind it.
      if ((last === CR) !== (octet === LF)) added += 1;
      last = octet;
    }
    this.#last = last;
    this.#added += added;
  }
}

/**
 * Translates offsets in the canonical form of `source` into offsets in `source` itself. `wanted`:
 * ascending, each at the beginning or end of a line. Nothing behind the last of them is read.
 */
export async function offsetsAsCame(source: AsyncIterable<Uint8Array>, wanted: readonly number[]): Promise<number[]> {
  const found: number[] = [];
  let at = 0;
  let canonical = 0;
  let last = LF;
  for await (const slice of source)
    for (const octet of slice) {
      // The canonical form has a LF behind a CR that stands alone.
      if (last === CR && octet !== LF) canonical += 1;
      while (found.length < wanted.length && (wanted[found.length] ?? 0) <= canonical) found.push(at);
      if (found.length === wanted.length) return found;
      canonical += octet === LF && last !== CR ? 2 : 1;
      at += 1;
      last = octet;
    }
  return wanted.map((_, i) => found[i] ?? at);
}

/**
 * Offset behind the empty line that ends a header, whatever its line ends are; -1 if it has not
 * come yet.
 */
export function anyHeaderEnd(octets: Uint8Array): number {
  let empty = true;
  for (let at = 0; at < octets.length; at += 1) {
    const octet = octets[at];
    if (octet !== CR && octet !== LF) {
      empty = false;
      continue;
    }
    // The next octet may be the LF of this CR.
    if (octet === CR && at + 1 === octets.length) return -1;
    if (octet === CR && octets[at + 1] === LF) at += 1;
    if (empty) return at + 1;
    empty = true;
  }
  return -1;
}
