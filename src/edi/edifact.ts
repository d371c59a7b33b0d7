/**
 * Reads the envelopes of EDIFACT interchanges as they stream by: UNA, UNB, UNG, UNH, UNT, UNE, UNZ,
 * and binary objects between UNO and UNP.
 *
 * ISO 9735:1988 as the field uses it, ISO 9735-1 and ISO 9735-8. Octets, not characters: segments
 * are found by their terminator, whether lines are broken or not, and nothing of what a message
 * says is kept. Real interchanges are sloppy (references that differ, blanks as decimal mark,
 * Latin-1 under UNOA): each deviation is a remark, and reading goes on.
 */
import { isAscii } from 'node:buffer';
import { OctetFinder } from '../platform/octet-finder.ts';
import type { EdiReader, OnInterchange } from './draft.ts';
import { EdifactEnvelope } from './edifact-envelope.ts';
import {
  LEVEL_A,
  LEVEL_B,
  type ServiceCharacters,
  endsInterchange,
  isServiceAt,
  releasesBefore,
  serviceCharacters,
  terminatorFrom,
} from './edifact-segment.ts';
import type { InsideRoom } from './inside.ts';

/** Most octets of a segment that came in pieces. UNB has about 300 at most. */
const MAX_SEGMENT = 1024;
const ADVICE = 9;
const U = 85;

const isLayout = (octet: number | undefined): boolean => octet === 10 || octet === 13 || octet === 32 || octet === 9;

export class EdifactReader implements EdiReader {
  readonly #envelope: EdifactEnvelope;
  #characters: ServiceCharacters = LEVEL_A;
  /** `start`: UNA or UNB is awaited; `lost`: looking for the next one. */
  #state: 'start' | 'segments' | 'lost' = 'start';
  #advised = false;
  #finder: OctetFinder | undefined;
  readonly #carry = Buffer.allocUnsafe(MAX_SEGMENT);
  #carried = 0;
  /**
   * Octets of the unfinished segment that came in earlier slices, also those that were not carried
   * over.
   */
  #earlier = 0;
  /** How many release characters stand at the end of these octets. */
  #releases = 0;
  /** Octets of a binary object that are still to be skipped. */
  #skip = 0;
  /**
   * What is known of a segment that comes in pieces: it belongs to a message, or ends the
   * interchange.
   */
  #piece: 'none' | 'unknown' | 'message' | 'end' = 'none';

  /** `room`: also lists the messages and groups, one by one. */
  constructor(part: string, found: OnInterchange, room?: InsideRoom) {
    this.#envelope = new EdifactEnvelope(part, found, room);
  }

  write(data: Buffer): void {
    let at = 0;
    let mark = 0; // octets from here on are not in the digest yet
    let partial = data.length; // start of a segment that continues in the next slice
    const before = this.#carried;
    let seen = 0; // octets from here on may still hold some outside ASCII
    const look = (): void => {
      if (
        this.#envelope.draft !== undefined &&
        !this.#envelope.draft.eightBit &&
        at > seen &&
        !isAscii(data.subarray(seen, at))
      )
        this.#envelope.draft.eightBit = true;
      seen = at;
    };
    while (at < data.length) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, data.length - at);
        this.#skip -= passed;
        at += passed;
        seen = at;
        continue;
      }
      if (this.#earlier === 0) {
        while (isLayout(data[at])) at += 1;
        if (at === data.length) break;
      }
      if (this.#state === 'lost') at = this.#search(data, at);
      else if (this.#state === 'start') at = this.#start(data, at);
      else {
        const { message } = this.#envelope;
        if (this.#earlier === 0 && message !== undefined) {
          at = this.#pass(data, at, message);
          if (at === data.length) break;
        }
        const end = this.#segmentEnd(data, at);
        const from = at;
        at = end < 0 ? data.length : end + 1;
        if (end < 0) {
          partial = from;
          break;
        }
        const draft = this.#envelope.draft;
        const length = this.#earlier + end - from;
        // The segment where it lies, or put together in the carry; only the beginning of a long
        // one.
        const whole = this.#earlier === 0;
        const octets = whole ? data : this.#carry;
        const begin = whole ? from : 0;
        const until = whole ? Math.min(end, from + MAX_SEGMENT) : this.#join(data, from, end);
        if (endsInterchange(octets, begin, until)) {
          look();
          draft?.digest.update(data, mark, from);
          mark = at;
        } else if (this.#piece === 'unknown') draft?.digest.update(this.#carry, 0, before);
        this.#piece = 'none';
        this.#segment(octets, begin, until, length > MAX_SEGMENT);
        if (this.#envelope.draft !== draft) {
          if (this.#envelope.draft !== undefined)
            this.#envelope.draft.eightBit = !isAscii(octets.subarray(begin, until));
          seen = at;
          mark = at;
        } else if (this.#skip > 0) look();
      }
    }
    look();
    this.#digest(data, mark, partial, before);
  }

  /**
   * Adds the rest of a slice to the digest. A segment in pieces is added once its first three
   * octets show that it does not end the interchange.
   */
  #digest(data: Buffer, mark: number, partial: number, before: number): void {
    const digest = this.#envelope.draft?.digest;
    if (this.#piece === 'none') {
      digest?.update(data, mark, partial);
      if (partial === data.length) return;
    }
    const known = this.#piece === 'none' || this.#piece === 'unknown' ? this.#pieceKind() : this.#piece;
    if (known === 'message') {
      if (this.#piece === 'unknown') digest?.update(this.#carry, 0, before);
      digest?.update(data, partial, data.length);
    }
    this.#piece = known;
  }

  #pieceKind(): 'unknown' | 'message' | 'end' {
    if (this.#carried < 3) return 'unknown';
    return endsInterchange(this.#carry, 0, this.#carried) ? 'end' : 'message';
  }

  end(): void {
    if (this.#state === 'segments' && this.#carried > 0) {
      this.#envelope.draft?.remark('terminator-missing');
      const long = this.#earlier > MAX_SEGMENT;
      this.#segment(this.#carry, 0, this.#carried, long);
    } else if (this.#state === 'segments' && this.#skip > 0) this.#envelope.draft?.remark('object-length');
    this.#envelope.close(true);
  }

  /** Collects `UNA` with its six octets, or `UNB` with the octet behind it. */
  #start(data: Buffer, at: number): number {
    let next = at;
    while (next < data.length && this.#carried < ADVICE) {
      this.#carry[this.#carried++] = data[next] ?? 0;
      next += 1;
      const known = this.#carry.toString('latin1', 0, this.#carried);
      if (!'UNA'.startsWith(known.slice(0, 3)) && !'UNB'.startsWith(known.slice(0, 3))) {
        this.#lose();
        // The octet that does not fit may begin another tag, as in `UNUNB+`.
        return next - 1;
      }
      if (known.startsWith('UNB') && known.length === 4) return this.#begin(next);
    }
    const known = this.#carry.toString('latin1', 0, this.#carried);
    if (known.length === ADVICE && known.startsWith('UNA') && !this.#advised) {
      this.#characters = serviceCharacters(this.#carry.subarray(3, ADVICE));
      this.#advised = true;
      this.#forget();
    } else if (next < data.length || this.#carried === ADVICE || !/^U(?:N(?:[AB].{0,5})?)?$/s.test(known)) this.#lose();
    else this.#earlier = this.#carried;
    return next;
  }

  #begin(next: number): number {
    const separator = this.#carry[3];
    if (!this.#advised) this.#characters = separator === LEVEL_B.element ? LEVEL_B : LEVEL_A;
    if (separator !== this.#characters.element) {
      this.#lose();
      return next;
    }
    this.#state = 'segments';
    this.#earlier = this.#carried;
    this.#releases = 0;
    return next;
  }

  /** Skips text that belongs to no interchange, before or behind one. */
  #lose(): void {
    this.#state = 'lost';
    this.#advised = false;
    this.#forget();
  }

  #search(data: Buffer, at: number): number {
    let found = data.indexOf('UN', at, 'latin1');
    while (found >= 0 && data[found + 2] !== 65 && data[found + 2] !== 66 && found + 2 < data.length)
      found = data.indexOf('UN', found + 2, 'latin1');
    if (found < 0 && data[data.length - 1] === U) found = data.length - 1;
    if (found < 0) return data.length;
    this.#state = 'start';
    this.#forget();
    return found;
  }

  #forget(): void {
    this.#carried = 0;
    this.#earlier = 0;
    this.#releases = 0;
  }

  /**
   * Counts segments of the message that lie whole in the slice, as nearly all do. Gives the offset
   * of the first from `at` on that does not.
   */
  #pass(data: Buffer, at: number, message: { count: number }): number {
    const { release } = this.#characters;
    const terminators = this.#terminatorsIn(data);
    let from = at;
    for (let passed = 0; ; passed += 1) {
      while (from < data.length && isLayout(data[from])) from += 1;
      const end = isServiceAt(data, from) ? -1 : terminatorFrom(terminators, from, release, 0);
      if (end < 0) {
        message.count += passed;
        return from;
      }
      from = end + 1;
    }
  }

  #terminatorsIn(data: Buffer): OctetFinder {
    const { terminator } = this.#characters;
    if (this.#finder?.data !== data || this.#finder.octet !== terminator)
      this.#finder = new OctetFinder(data, terminator);
    return this.#finder;
  }

  /**
   * Offset of the terminator of the segment that continues at `at`. -1 if it has not come; then the
   * octets are carried over.
   */
  #segmentEnd(data: Buffer, at: number): number {
    const { release } = this.#characters;
    const end = terminatorFrom(this.#terminatorsIn(data), at, release, this.#releases);
    if (end >= 0) return end;
    const kept = Math.min(data.length - at, MAX_SEGMENT - this.#carried);
    data.copy(this.#carry, this.#carried, at, at + kept);
    this.#carried += kept;
    this.#releases = releasesBefore(data, at, data.length, release, this.#releases);
    this.#earlier += data.length - at;
    return -1;
  }

  /** Puts the end of a segment behind what is carried; gives how many octets it has there. */
  #join(data: Buffer, from: number, end: number): number {
    const kept = Math.min(end - from, MAX_SEGMENT - this.#carried);
    data.copy(this.#carry, this.#carried, from, from + kept);
    return this.#carried + kept;
  }

  /** Gives the envelope the segment between two offsets; if it is `long`, only its beginning. */
  #segment(octets: Buffer, from: number, end: number, long: boolean): void {
    this.#forget();
    const follows = this.#envelope.segment(octets, from, end, long, this.#characters);
    if (typeof follows === 'number') this.#skip = follows;
    else {
      this.#state = 'start';
      this.#advised = false;
    }
  }
}
