/**
 * OpenPGP packets (RFC 9580 section 4.2) as the library gets them: not too many, and content in
 * parts of a few octets in parts of 64 KB.
 *
 * The library takes 5 to 20 us for a packet, however small, and 70 us for a part of a packet: 4 MB
 * of empty packets held its thread for 38 s (measured). Here only heads are looked at, in one pass.
 */
import { PgpFailure } from './failure.ts';

/** Packets for as many recipients as S/MIME allows, and for what else a message has. */
export const MAX_PACKETS = 2000;
/** 2 to the power of 16: the part that 0xf0 announces. */
const PART = 64 * 1024;
const PART_HEAD = 0xf0;
const LONGEST_HEAD = 6;

export class PacketFrames {
  readonly #most: number;
  readonly #head = Buffer.alloc(LONGEST_HEAD);
  #headLength = 0;
  /** Octets of the packet, or of its part, that are still to come. */
  #left = 0;
  #packets = 0;
  #changed = false;
  /** Parts are collected here; undefined outside a packet in parts. */
  #part: Buffer | undefined;
  #partLength = 0;
  #lastPart = false;
  /** A packet of the old format without a length: everything that follows belongs to it. */
  #toTheEnd = false;

  constructor(most = MAX_PACKETS) {
    this.#most = most;
  }

  /** Packets that have begun. */
  get packets(): number {
    return this.#packets;
  }

  /** True if a packet came in parts, and goes on in other ones. */
  get changed(): boolean {
    return this.#changed;
  }

  /** Takes octets; returns those that are passed on in their place. Throws PgpFailure. */
  push(octets: Uint8Array): Uint8Array[] {
    const out: Uint8Array[] = [];
    for (let at = 0; at < octets.length;) {
      if (this.#toTheEnd) {
        out.push(octets.subarray(at));
        break;
      }
      if (this.#left === 0) {
        this.#head[this.#headLength++] = octets[at++] ?? 0;
        this.#readHead(out);
        continue;
      }
      const taken = Math.min(this.#left, octets.length - at);
      this.#left -= taken;
      if (this.#part === undefined) out.push(octets.subarray(at, at + taken));
      else this.#collect(octets.subarray(at, at + taken), this.#part, out);
      at += taken;
    }
    return out;
  }

  /** Throws PgpFailure if the last packet has no end. */
  end(): void {
    if (this.#left > 0 || this.#headLength > 0 || this.#part !== undefined)
      throw new PgpFailure('malformed', 'The message ends in the middle of a packet');
  }

  /** Looks at the head so far: of a packet, or only the length of a part that follows another. */
  #readHead(out: Uint8Array[]): void {
    const first = this.#part === undefined;
    const tag = this.#head[0] ?? 0;
    if (first && (tag & 0x80) === 0) throw new PgpFailure('malformed', 'A packet begins with something else');
    const found =
      first && (tag & 0x40) === 0
        ? oldLength(tag, this.#head.subarray(1, this.#headLength))
        : newLength(this.#head.subarray(first ? 1 : 0, this.#headLength));
    if (found === undefined) return;
    if (first && ++this.#packets > this.#most)
      throw new PgpFailure('limit', `The message has more than ${this.#most} packets`);
    const head = Buffer.from(this.#head.subarray(0, this.#headLength));
    this.#headLength = 0;
    this.#left = found.length;
    if (found.kind === 'part' && first) {
      out.push(head.subarray(0, 1));
      this.#changed = true;
      this.#part = Buffer.allocUnsafe(PART);
      this.#partLength = 0;
    } else if (first) {
      out.push(head);
      this.#toTheEnd = found.kind === 'to-the-end';
    } else {
      this.#lastPart = found.kind === 'whole';
      if (this.#left === 0 && this.#lastPart) this.#finishParts(out);
    }
  }

  #collect(piece: Uint8Array, part: Buffer, out: Uint8Array[]): void {
    for (let at = 0; at < piece.length;) {
      // Written only when more follows: the last part has a length of its own.
      if (this.#partLength === PART) {
        out.push(Buffer.from([PART_HEAD]), Buffer.from(part));
        this.#partLength = 0;
      }
      const taken = Math.min(PART - this.#partLength, piece.length - at);
      part.set(piece.subarray(at, at + taken), this.#partLength);
      this.#partLength += taken;
      at += taken;
    }
    if (this.#left === 0 && this.#lastPart) this.#finishParts(out);
  }

  #finishParts(out: Uint8Array[]): void {
    const head = Buffer.from([0xff, 0, 0, 0, 0]);
    head.writeUInt32BE(this.#partLength, 1);
    out.push(head, Buffer.from(this.#part?.subarray(0, this.#partLength) ?? []));
    this.#part = undefined;
    this.#lastPart = false;
  }
}

interface Length {
  readonly kind: 'whole' | 'part' | 'to-the-end';
  readonly length: number;
}

/** RFC 9580 section 4.2.1; undefined: more octets are needed. */
function newLength(octets: Buffer): Length | undefined {
  const first = octets[0];
  if (first === undefined) return undefined;
  if (first < 192) return { kind: 'whole', length: first };
  if (first < 224)
    return octets.length < 2 ? undefined : { kind: 'whole', length: ((first - 192) << 8) + (octets[1] ?? 0) + 192 };
  if (first < 255) return { kind: 'part', length: 2 ** (first & 0x1f) };
  return octets.length < 5 ? undefined : { kind: 'whole', length: octets.readUInt32BE(1) };
}

/** Section 4.2.2. */
function oldLength(tag: number, octets: Buffer): Length | undefined {
  const size = [1, 2, 4][tag & 3];
  if (size === undefined) return { kind: 'to-the-end', length: 0 };
  return octets.length < size ? undefined : { kind: 'whole', length: octets.readUIntBE(0, size) };
}
