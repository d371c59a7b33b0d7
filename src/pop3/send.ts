/**
 * Sends a message for RETR and TOP: status line, stuffed octets, final dot.
 *
 * At most one piece is held and one waits in the socket, whatever the size. A small message leaves as one buffer with its status line and
 * dot: one write, one TLS record. The last piece is held back until the store has verified the whole message.
 */
import { type Content, damaged } from '../pickup/maildrop.ts';
import { joinSmall } from '../platform/bytes.ts';

import { DotStuffer } from './stuffing.ts';
import type { TopCutter } from './top.ts';
import type { Wire } from './wire.ts';

/** Octets handed to the socket in one go. 64 KiB keeps a stalled session near 400 KB and lets a slow line show progress. */
export const PIECE = 64 * 1024;
const FINAL_DOT = Buffer.from('.\r\n');
const LINE_END = Buffer.from('\r\n');

export type Sent =
  /** `rest` ends the answer and is still to be written. */
  | { readonly kind: 'complete'; readonly rest: Buffer }
  /** The answer cannot be completed. `begun`: part of it has gone out, so the line must be dropped without the final dot. */
  | { readonly kind: 'broken'; readonly begun: boolean; readonly error: unknown };

/** `progress` is called for every piece that the peer has taken. Rejects with ConnectionGone only. */
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
          held = [];
          size = 0;
        }
        held.push(stuffed);
        size += stuffed.length;
      }
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
  return { kind: 'complete', rest: joined([...held, FINAL_DOT]) };
}

/** One piece goes as it is, uncopied. */
const joined = (held: readonly Buffer[]): Buffer =>
  held.length === 1 && held[0] !== undefined ? held[0] : joinSmall(held);
