/**
 * ASCII armour (RFC 9580 section 6.2) of messages and signatures. Written without a checksum:
 * programs need none, and none is to be relied upon (section 6.1). Read as a stream: lines in,
 * packets out.
 */
import { Base64Decoder } from '../../mime/base64-decoder.ts';
import { base64Lines } from '../../mime/base64-encoder.ts';
import { asBuffer, joinSmall } from '../../platform/bytes.ts';
import { turns } from '../../platform/turns.ts';
import { PgpFailure } from './failure.ts';

type Slices = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
export type Armoured = 'MESSAGE' | 'SIGNATURE' | 'PUBLIC KEY BLOCK' | 'PRIVATE KEY BLOCK';

const text = (value: string): Buffer => Buffer.from(value, 'latin1');

export async function* armoured(kind: Armoured, packets: Slices): AsyncGenerator<Uint8Array, void, void> {
  yield text(`-----BEGIN PGP ${kind}-----\r\n\r\n`);
  yield* base64Lines(packets);
  yield text(`-----END PGP ${kind}-----\r\n`);
}

const LF = 10;
const DASH = 45;
const EQUALS = 61;
/** Octets that are looked at in one go. */
const PIECE = 64 * 1024;
/** Pieces that are looked at in one turn of the event loop. */
const PIECES = 2;
/** Longest line of armour that is looked at: 76 is usual. */
const MAX_LINE = 4096;

/**
 * Takes what stands between the lines of armour; throws PgpFailure if there is none, or no end of
 * it.
 */
export async function* unarmoured(kind: Armoured, source: Slices): AsyncGenerator<Buffer, void, void> {
  const lines = new ArmourLines(kind);
  for await (const slice of source) {
    const octets = asBuffer(slice);
    for (let at = 0; at < octets.length; at += PIECE) {
      if (at > 0 && at % (PIECE * PIECES) === 0) await turns.rest();
      const packets = lines.push(octets.subarray(at, at + PIECE));
      if (packets.length > 0) yield packets;
      if (lines.ended) return;
    }
  }
  throw new PgpFailure('malformed', `There is no whole block "BEGIN PGP ${kind}" in the part`);
}

class ArmourLines {
  readonly #begin: string;
  readonly #end: string;
  readonly #decoder = new Base64Decoder();
  #state: 'before' | 'headers' | 'body' | 'ended' = 'before';
  #held: Buffer = Buffer.alloc(0);
  #checksum = false;

  constructor(kind: Armoured) {
    this.#begin = `-----BEGIN PGP ${kind}-----`;
    this.#end = `-----END PGP ${kind}-----`;
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  push(slice: Buffer): Buffer {
    const all = this.#held.length === 0 ? slice : joinSmall([this.#held, slice]);
    const packets: Buffer[] = [];
    let at = 0;
    for (let lf = all.indexOf(LF, at); lf >= 0 && !this.ended; lf = all.indexOf(LF, at)) {
      // A run of body lines is decoded in one go: nothing but the first octet tells a line of
      // base64 from one that is not.
      const body = this.#state === 'body' ? this.#bodyEnd(all, at) : at;
      if (body > at) packets.push(Buffer.from(this.#decoder.push(all.subarray(at, body))));
      else this.#line(all.toString('latin1', at, lf).trimEnd());
      at = body > at ? body : lf + 1;
    }
    this.#held = Buffer.from(all.subarray(at));
    if (this.#held.length > MAX_LINE)
      throw new PgpFailure('malformed', `A line of the armour is longer than ${MAX_LINE} octets`);
    return joinSmall(packets);
  }

  /** End of the last whole line, from `at` on, that is base64. */
  #bodyEnd(octets: Buffer, at: number): number {
    if (octets[at] === EQUALS || octets[at] === DASH) return at;
    const dash = octets.indexOf(DASH, at);
    const equals = octets.indexOf('\n=', at, 'latin1');
    const stop = Math.min(dash < 0 ? octets.length : dash, equals < 0 ? octets.length : equals + 1);
    const end = octets.lastIndexOf(LF, stop - 1);
    return end < at ? at : end + 1;
  }

  #line(line: string): void {
    if (this.#state === 'before') {
      if (line === this.#begin) this.#state = 'headers';
    } else if (this.#state === 'headers') {
      if (line === '') this.#state = 'body';
    } else if (line === this.#end) this.#state = 'ended';
    // What is left in the body is the checksum, which proves nothing. Only one is allowed:
    // alternating lines of both kinds would cost 200 ms for each MB.
    else if (this.#checksum || !line.startsWith('='))
      throw new PgpFailure('malformed', 'The armour has a line that is not base64');
    else this.#checksum = true;
  }
}
