/**
 * Content of many lines, from either side, up to the dot that ends it (RFC 5321 section 4.1.1.4,
 * RFC 1939 section 3).
 */
import type { Peer } from './peer.ts';

const END = Buffer.from('\r\n.\r\n', 'latin1');
/** Octets of END that belong to the content. */
const LINE_END = 2;

/**
 * Hands the content to `take` in pieces as they come, with its last line end and without the dot:
 * what may be the beginning of the end is kept until more has come. `whole`: the dot was read, and
 * what came behind it is given back. `stopped`: `take` wanted no more. `ended`: whoever sent it has
 * gone.
 */
export async function toDot(
  from: Pick<Peer, 'octets' | 'giveBack'>,
  take: (piece: Buffer) => Promise<boolean>,
): Promise<'whole' | 'stopped' | 'ended'> {
  // Content of no line at all is a dot: a line end before it makes it like any other, and is handed
  // to nobody.
  let kept: Buffer = Buffer.from('\r\n', 'latin1');
  let begun = false;
  for (;;) {
    const octets = await from.octets();
    if (octets === undefined) return 'ended';
    const all = Buffer.concat([kept, octets]);
    const end = all.indexOf(END);
    const upTo = end < 0 ? Math.max(0, all.length - END.length) : end + LINE_END;
    if (end >= 0) from.giveBack(all.subarray(end + END.length));
    if (!begun && upTo < LINE_END) kept = all;
    else {
      kept = all.subarray(upTo);
      const piece = all.subarray(begun ? 0 : LINE_END, upTo);
      begun = true;
      if (!(await take(piece))) return 'stopped';
    }
    if (end >= 0) return 'whole';
  }
}
