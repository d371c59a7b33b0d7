/**
 * Digests of signed content: over the octets as they are, and over their canonical form, where a
 * bare LF counts as CRLF.
 *
 * A clear-signed text is signed in canonical form (RFC 8551 section 3.1.1), and systems on the way
 * may have stored it with bare LF. Both digests are made in one pass. As long as there is no bare
 * LF the two are the same and only one is computed: looking for one costs a third of the hashing.
 */
import { type Hash as Hasher, createHash } from 'node:crypto';
import type { Hash } from '../certificates/signature.ts';

/**
 * Where a LF without CR before it stands, from `from` on; -1: nowhere. `before`: the octet before
 * the slice.
 */
function bareLf(slice: Buffer, from: number, before: number): number {
  for (let at = slice.indexOf(0x0a, from); at >= 0; at = slice.indexOf(0x0a, at + 1))
    if ((at === 0 ? before : slice[at - 1]) !== 0x0d) return at;
  return -1;
}

/** The slice with a CR before each bare LF, of which the first stands at `first`. */
function withCr(slice: Buffer, first: number, before: number): Buffer {
  const made = Buffer.allocUnsafe(2 * slice.length);
  let to = slice.copy(made, 0, 0, first);
  for (let at = first; at < slice.length; at++) {
    const octet = slice[at] ?? 0;
    if (octet === 0x0a && (at === 0 ? before : slice[at - 1]) !== 0x0d) made[to++] = 0x0d;
    made[to++] = octet;
  }
  return made.subarray(0, to);
}

export interface Digests {
  /** By hash, over the octets as they are. */
  readonly exact: ReadonlyMap<Hash, Buffer>;
  /** As `exact`, over the canonical form; undefined if that is the same, or was not asked for. */
  readonly canonical?: ReadonlyMap<Hash, Buffer>;
}

export class ContentDigests {
  private readonly exact: readonly (readonly [Hash, Hasher])[];
  private canonical: readonly (readonly [Hash, Hasher])[] | undefined;
  private readonly both: boolean;
  private last = 0;

  /**
   * `form`: whether the canonical form is wanted as well; for clear-signed content only, since
   * binary content has none.
   */
  constructor(hashes: Iterable<Hash>, form: 'exact' | 'exact-and-canonical') {
    this.exact = [...new Set(hashes)].map((hash) => [hash, createHash(hash)] as const);
    this.both = form === 'exact-and-canonical';
  }

  update(slice: Buffer): void {
    if (this.both) this.updateCanonical(slice);
    for (const [, hasher] of this.exact) hasher.update(slice);
    this.last = slice[slice.length - 1] ?? this.last;
  }

  private updateCanonical(slice: Buffer): void {
    const at = bareLf(slice, 0, this.last);
    if (at < 0 && !this.canonical) return;
    this.canonical ??= this.exact.map(([hash, hasher]) => [hash, hasher.copy()] as const);
    // Made canonical first and hashed in one call: two calls for each line end would cost 700 ms
    // for each MB of them.
    const canonical = at < 0 ? slice : withCr(slice, at, this.last);
    for (const [, hasher] of this.canonical) hasher.update(canonical);
  }

  /** Ends it; once. */
  finish(): Digests {
    const digest = (from: readonly (readonly [Hash, Hasher])[]): ReadonlyMap<Hash, Buffer> =>
      new Map(from.map(([hash, hasher]) => [hash, hasher.digest()]));
    const exact = digest(this.exact);
    return this.canonical ? { exact, canonical: digest(this.canonical) } : { exact };
  }
}
