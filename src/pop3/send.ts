/**
 * Sends a message for RETR and TOP: status line, stuffed octets, final dot.
 *
 * At most one piece is held and one waits in the socket, whatever the size. A small message leaves
 * as one buffer with its status line and dot: one write, one TLS record. The last piece is held
 * back until the store has verified the whole message.
 */
import { type Content, damaged } from '../pickup/maildrop.ts';
import { PIECE } from './limits.ts';
import { slabs } from './slabs.ts';
import { DotStuffer } from './stuffing.ts';
import type { TopCutter } from './top.ts';
import type { Wire } from './wire.ts';

const FINAL_DOT = Buffer.from('.\r\n');
const LINE_END = Buffer.from('\r\n');

export type Sent =
  /** `rest`: the end of the answer, which the caller still has to write. */
  | { readonly kind: 'complete'; readonly rest: Buffer }
  /**
   * The answer cannot be completed. `begun`: part of it has gone out, so the connection must be
   * dropped without the final dot.
   */
  | { readonly kind: 'broken'; readonly begun: boolean; readonly error: unknown };

/**
 * `progress` is called for every piece that the peer has taken. Rejects with ConnectionGone only.
 */
export async function sendContent(
  wire: Wire,
  content: Content,
  status: string,
  progress: () => void,
  cutter?: TopCutter,
): Promise<Sent> {
  const stuffer = new DotStuffer();
  let held: Buffer[] = [Buffer.from(status, 'latin1')];
  let size = status.length;
  let seen = 0;
  let begun = false;
  /** Slices that are whole in what was sent or in what is held. */
  let through: Uint8Array[] = [];
  const release = (): void => {
    for (const slice of through) content.release?.(slice);
    through = [];
  };
  try {
    for await (const slice of content.slices()) {
      seen += slice.length;
      for (let from = 0; from < slice.length && cutter?.done !== true; from += PIECE) {
        const piece = Buffer.from(slice.buffer, slice.byteOffset + from, Math.min(PIECE, slice.length - from));
        const stuffed = stuffer.stuff(cutter === undefined ? piece : piece.subarray(0, cutter.take(piece)));
        if (size + stuffed.length > PIECE) {
          begun = true;
          await wire.send(joined(held));
          progress();
          release();
          held = [];
          size = 0;
        }
        held.push(stuffed);
        size += stuffed.length;
      }
      through.push(slice);
      if (cutter?.done === true) break;
    }
    if (cutter === undefined && seen !== content.octets)
      throw damaged(`message ${content.id} has ${seen} octets; expected ${content.octets}`);
  } catch (error) {
    if (wire.gone) throw error;
    return { kind: 'broken', begun, error };
  }
  // Stored content ends with CRLF; a final dot glued to anything else would be read as content.
  if (!stuffer.atLineStart) held.push(LINE_END);
  const rest = joined([...held, FINAL_DOT]);
  release();
  return { kind: 'complete', rest };
}

/**
 * One whole piece is sent uncopied, since its write is awaited to its end. Anything else is copied,
 * so that its slices are free.
 */
function joined(held: readonly Buffer[]): Buffer {
  const [first] = held;
  if (held.length === 1 && first !== undefined && first.length >= PIECE) return first;
  const all = slabs.take(held.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of held) at += piece.copy(all, at);
  return all;
}
