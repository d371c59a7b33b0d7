/**
 * How content travels through this folder: as slices, in and out, so that a message of any size
 * needs a few hundred KB of memory.
 *
 * Whoever yields a slice gives it away and does not change it afterwards; whoever takes one may
 * keep it.
 */
import { JOIN_LIMIT, asBuffer, joinSmall } from '../../platform/bytes.ts';
import { turns } from '../../platform/turns.ts';
import { KiB } from '../../domain/units.ts';

/** Content in order, in slices of any size; also a plain array of slices. */
export type Slices = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
/**
 * Takes the next slice. Awaited before the next one is made, so that a slow disk slows the work
 * down and nothing piles up.
 */
export type Sink = (slice: Uint8Array) => void | Promise<void>;

/**
 * Octets hashed or encrypted in one go: about 0.5 ms of processor time. Then everything else in the
 * process gets a turn.
 */
export const SLICE_OCTETS = 256 * KiB;
/**
 * Pieces up to this size are joined before they go on: a call into OpenSSL costs as much as copying
 * some KB.
 */
const SMALL = 2 * KiB;

/**
 * The same octets in slices of at most `SLICE_OCTETS`, giving the event loop a turn after each so
 * many. Needed even where the source waits for a disk: what is buffered resolves in microtasks,
 * which keep the loop from turning. All messages of the process wait in one line, since the pieces
 * of ten of them in one turn hold it as long as one of ten times the size.
 */
export async function* paced(source: Slices): AsyncGenerator<Buffer, void, void> {
  let left = SLICE_OCTETS;
  for await (const given of source) {
    for (let at = 0; at < given.length;) {
      const end = Math.min(given.length, at + SLICE_OCTETS);
      if (left < end - at) {
        await turns.rest();
        left = SLICE_OCTETS;
      }
      left -= end - at;
      yield asBuffer(given).subarray(at, end);
      at = end;
    }
  }
}

/** The beginning of a source. `rest` continues it; `ended`: there is nothing more. */
export interface Gathered {
  readonly slices: readonly Buffer[];
  readonly octets: number;
  readonly ended: boolean;
  readonly rest: AsyncGenerator<Buffer, void, void>;
}

/**
 * Takes slices until there are more than `limit` octets: what ends before can be written with its
 * length in front (DER).
 */
export async function gather(source: Slices, limit: number): Promise<Gathered> {
  const rest = paced(source);
  const slices: Buffer[] = [];
  let octets = 0;
  for (;;) {
    const next = await rest.next();
    if (next.done === true) return { slices, octets, ended: true, rest };
    slices.push(next.value);
    octets += next.value.length;
    if (octets > limit) return { slices, octets, ended: false, rest };
  }
}

/** Joins runs of small pieces; large ones pass uncopied. */
export function coalesced(pieces: readonly Buffer[]): readonly Buffer[] {
  const made: Buffer[] = [];
  let run: Buffer[] = [];
  let length = 0;
  const flush = (): void => {
    if (length > 0) made.push(joinSmall(run));
    run = [];
    length = 0;
  };
  for (const piece of pieces) {
    if (piece.length > SMALL || length + piece.length > JOIN_LIMIT) flush();
    if (piece.length > SMALL) made.push(piece);
    else {
      run.push(piece);
      length += piece.length;
    }
  }
  flush();
  return made;
}
