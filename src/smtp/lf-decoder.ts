/**
 * The bytes behind DATA from a client that knows no CRLF: every LF ends a line, and a line of one
 * dot the message.
 *
 * QUIRK lf-only: used only on a listener that is set so, and there only for a session whose DATA
 * itself ended in a bare LF. Anywhere else `<LF>.<LF>` is content: a mail server that passes on
 * what others wrote could else be made to end a message where its writer wanted (SMTP smuggling),
 * and to send what follows as commands.
 */
import { type LineEndCounts, judged } from '../mime/line-ends.ts';
import type { ContentDecoder, Decoded } from './data-decoder.ts';

const CR = 13;
const LF = 10;
const DOT = 46;

export class LfDecoder implements ContentDecoder {
  readonly met: LineEndCounts = { bareCr: 0, bareLf: 0, nul: 0 };
  readonly seemsEnded = false;
  /** What could be the beginning of a line end or of the final dot: at most two octets. */
  #held: Buffer = Buffer.alloc(0);
  /** A line begins with the next octet. */
  #atLine = true;

  push(chunk: Buffer): Decoded {
    const data = Buffer.allocUnsafe(this.#held.length + chunk.length);
    this.#held.copy(data);
    chunk.copy(data, this.#held.length);
    return this.#scan(data);
  }

  #scan(data: Buffer): Decoded {
    let from = 0; // what is kept begins here, before the next cut
    let to = 0; // where the kept octets end after compaction
    const keep = (until: number): void => {
      if (to !== from) data.copyWithin(to, from, until);
      to += until - from;
      from = until;
    };
    let dot = this.#atLine && data[0] === DOT ? 0 : afterLf(data, 0);
    for (; dot >= 0; dot = afterLf(data, dot + 1)) {
      const end = data[dot + 1] === CR ? dot + 2 : dot + 1;
      if (data[end] === LF) {
        keep(dot);
        return { slice: judged(data.subarray(0, to), this.met, true), rest: data.subarray(end + 1) };
      }
      if (end >= data.length) break;
      if (data[dot + 1] === DOT) {
        keep(dot);
        from += 1;
      }
    }
    // A dot that may be the last one, and a CR that may belong to a line end, wait for what
    // follows.
    const until = dot >= 0 ? dot : data.at(-1) === CR ? data.length - 1 : data.length;
    keep(until);
    this.#held = Buffer.from(data.subarray(until));
    if (until > 0) this.#atLine = data[to - 1] === LF;
    return { slice: judged(data.subarray(0, to), this.met, true), rest: undefined };
  }
}

/** Where a dot stands behind an LF, at or after `from`; -1 where none does. */
function afterLf(data: Buffer, from: number): number {
  const at = data.indexOf('\n.', from, 'latin1');
  return at < 0 ? -1 : at + 1;
}
