/**
 * What goes over the line between two gateways: a length of four octets (big-endian), then so many
 * octets of JSON. Length and depth are looked at before anything is parsed: the other side is known
 * by its certificate, and may be broken all the same.
 */
import { ChannelBroken } from './refusals.ts';

/**
 * Longest frame: the sealed keys of one day, or what is known of 200 days with a key each, take
 * less than half of it.
 */
export const MAX_FRAME = 64 * 1024;
const MAX_DEPTH = 6;
const LENGTH_OCTETS = 4;

/** A frame with this value. Throws RangeError if it is too large. */
export function frameOf(value: unknown): Buffer {
  const text = JSON.stringify(value);
  const length = Buffer.byteLength(text);
  if (length > MAX_FRAME) throw new RangeError(`A frame has ${length} octets; expected at most ${MAX_FRAME}`);
  const frame = Buffer.allocUnsafe(LENGTH_OCTETS + length);
  frame.writeUInt32BE(length);
  frame.write(text, LENGTH_OCTETS);
  return frame;
}

/** Takes octets as they come, cut anywhere, and gives whole values. Holds one frame at most. */
export class FrameReader {
  readonly #length = Buffer.alloc(LENGTH_OCTETS);
  #lengthFilled = 0;
  #body: Buffer | undefined;
  #bodyFilled = 0;

  /** Reads frames. Throws ChannelBroken for one that is too long, too deep or no JSON. */
  *push(octets: Uint8Array): Generator<unknown, void, void> {
    for (let at = 0; at < octets.length;) {
      const rest = octets.subarray(at);
      at += this.#body === undefined ? this.#takeLength(rest) : this.#takeBody(this.#body, rest);
      if (this.#body === undefined || this.#bodyFilled < this.#body.length) continue;
      const text = this.#body.toString('utf8');
      this.#body = undefined;
      this.#lengthFilled = 0;
      yield parsed(text);
    }
  }

  #takeLength(octets: Uint8Array): number {
    const taken = Math.min(LENGTH_OCTETS - this.#lengthFilled, octets.length);
    this.#length.set(octets.subarray(0, taken), this.#lengthFilled);
    this.#lengthFilled += taken;
    if (this.#lengthFilled < LENGTH_OCTETS) return taken;
    const length = this.#length.readUInt32BE();
    if (length < 2 || length > MAX_FRAME)
      throw new ChannelBroken(`a frame of ${length} octets was announced; expected 2 to ${MAX_FRAME}`);
    this.#body = Buffer.allocUnsafe(length);
    this.#bodyFilled = 0;
    return taken;
  }

  #takeBody(body: Buffer, octets: Uint8Array): number {
    const taken = Math.min(body.length - this.#bodyFilled, octets.length);
    body.set(octets.subarray(0, taken), this.#bodyFilled);
    this.#bodyFilled += taken;
    return taken;
  }
}

function parsed(text: string): unknown {
  if (depthOf(text) > MAX_DEPTH) throw new ChannelBroken(`a frame is nested deeper than ${MAX_DEPTH}`);
  try {
    return JSON.parse(text);
  } catch {
    throw new ChannelBroken('a frame is not JSON');
  }
}

/** Counted before parsing, which goes as deep as it is told. */
function depthOf(text: string): number {
  let [depth, deepest, inText] = [0, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (inText) {
      if (char === '\\') at += 1;
      else if (char === '"') inText = false;
    } else if (char === '"') inText = true;
    else if (char === '{' || char === '[') deepest = Math.max(deepest, (depth += 1));
    else if (char === '}' || char === ']') depth -= 1;
  }
  return deepest;
}
