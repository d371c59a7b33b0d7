/**
 * Reads the envelopes of EDIFACT interchanges as they stream by: UNA, UNB, UNG, UNH, UNT, UNE, UNZ, and binary objects between UNO and UNP.
 *
 * ISO 9735:1988 as the field uses it, ISO 9735-1 and ISO 9735-8. Octets, not characters: segments are found by their terminator, whether lines are
 * broken or not, and nothing of what a message says is kept. Real interchanges are sloppy (references that differ, blanks as decimal mark,
 * Latin-1 under UNOA): each deviation is a remark, and reading goes on.
 */
import { isAscii } from 'node:buffer';
import { Draft, type EdiReader, type OnInterchange, fieldText } from './draft.ts';
import {
  LEVEL_A,
  LEVEL_B,
  type ServiceCharacters,
  elementsOf,
  endsInterchange,
  isServiceAt,
  releasesBefore,
  serviceCharacters,
  serviceSign,
  terminatorFrom,
} from './edifact-segment.ts';

/** Of a segment that came in pieces. UNB has at most about 300 octets. */
const MAX_SEGMENT = 1024;
/** Of the octets of an UNH behind its reference; with directory and association code they are some 25. */
const MAX_KIND = 128;
/** A reference that no separator and no release character stands in. */
const PLAIN = /^[\w ]*$/;
const NO_OCTETS = Buffer.alloc(0);
const ADVICE = 9;
const U = 85;
/** UNO longer than this is no length, but damage. */
const MAX_OBJECT = 1e9;

const isLayout = (octet: number | undefined): boolean => octet === 10 || octet === 13 || octet === 32 || octet === 9;
const numberOf = (text: string | undefined): number => (/^\s*\d{1,10}\s*$/.test(text ?? '') ? Number(text) : -1);

interface Open {
  readonly reference: string;
  count: number;
}

export class EdifactReader implements EdiReader {
  readonly #found: OnInterchange;
  readonly #part: string;
  #characters: ServiceCharacters = LEVEL_A;
  /** `start`: UNA or UNB is awaited; `lost`: looking for the next one. */
  #state: 'start' | 'segments' | 'lost' = 'start';
  #advised = false;
  readonly #carry = Buffer.allocUnsafe(MAX_SEGMENT);
  #carried = 0;
  /** Octets of the segment under way that came in earlier slices, also those that were not carried. */
  #earlier = 0;
  /** Release characters that these end in. */
  #releases = 0;
  /** Octets of a binary object that are passed over. */
  #skip = 0;
  #objectEnd = false;
  /** Whether the segment that came in pieces so far is one of the messages, as far as is known. */
  #piece: 'none' | 'unknown' | 'message' | 'end' = 'none';
  #draft: Draft | undefined;
  /** Segments so far, without those of packages. */
  #message: (Open & { packages: number }) | undefined;
  #group: Open | undefined;
  #messages = 0;
  #groups = 0;
  #packages = 0;
  /** Of the last UNH that was taken apart, the octets that follow its reference; none at first. */
  readonly #kind = Buffer.allocUnsafe(MAX_KIND);
  #kindLength = 0;

  constructor(part: string, found: OnInterchange) {
    this.#part = part;
    this.#found = found;
  }

  write(data: Buffer): void {
    let at = 0;
    let mark = 0; // octets from here were not looked at for the digest
    let partial = data.length; // where a segment begins that goes on in the next slice
    const before = this.#carried;
    let seen = 0; // octets from here were not looked at for what is outside ASCII
    const look = (): void => {
      if (this.#draft !== undefined && !this.#draft.eightBit && at > seen && !isAscii(data.subarray(seen, at)))
        this.#draft.eightBit = true;
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
        if (this.#earlier === 0 && this.#message !== undefined && !this.#objectEnd) {
          at = this.#pass(data, at, this.#message);
          if (at === data.length) break;
        }
        const end = this.#segmentEnd(data, at);
        const from = at;
        at = end < 0 ? data.length : end + 1;
        if (end < 0) {
          partial = from;
          break;
        }
        const draft = this.#draft;
        const length = this.#earlier + end - from;
        // Where it lies, or put together in the carry; of a long one its beginning.
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
        if (this.#draft !== draft) {
          if (this.#draft !== undefined) this.#draft.eightBit = !isAscii(octets.subarray(begin, until));
          seen = at;
          mark = at;
        } else if (this.#skip > 0) look();
      }
    }
    look();
    this.#digest(data, mark, partial, before);
  }

  /** The rest of a slice. A segment in pieces counts once it is known that it does not end the interchange: by its first three octets. */
  #digest(data: Buffer, mark: number, partial: number, before: number): void {
    const digest = this.#draft?.digest;
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
      this.#draft?.remark('terminator-missing');
      const long = this.#earlier > MAX_SEGMENT;
      this.#segment(this.#carry, 0, this.#carried, long);
    } else if (this.#state === 'segments' && this.#skip > 0) this.#draft?.remark('object-length');
    this.#close(true);
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
        // Another one may begin with the very octet that this one does not go on with, as in `UNUNB+`.
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

  /** What stands here is no interchange: text before or behind one. */
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

  /** Nearly all segments are a message's own and come whole: they are counted where they lie. Gives the offset of the first from `at` on that is not. */
  #pass(data: Buffer, at: number, message: Open): number {
    const { terminator, release } = this.#characters;
    let from = at;
    for (let passed = 0; ; passed += 1) {
      while (from < data.length && isLayout(data[from])) from += 1;
      const end = isServiceAt(data, from) ? -1 : terminatorFrom(data, from, terminator, release, 0);
      if (end < 0) {
        message.count += passed;
        return from;
      }
      from = end + 1;
    }
  }

  /** Offset of the terminator of the segment that goes on at `at`; -1 when it has not come, and then the octets are carried over. */
  #segmentEnd(data: Buffer, at: number): number {
    const { terminator, release } = this.#characters;
    const end = terminatorFrom(data, at, terminator, release, this.#releases);
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

  /** The segment between two offsets; of one that is `long`, its beginning. */
  #segment(octets: Buffer, from: number, end: number, long: boolean): void {
    this.#forget();
    const sign = serviceSign(octets, from, end);
    if (this.#objectEnd) {
      this.#objectEnd = false;
      if (sign !== 'P') this.#draft?.remark('object-length');
    }
    if (this.#message !== undefined) this.#message.count += 1;
    if (sign !== '') {
      if (long && sign !== 'B') this.#draft?.remark('segment-long');
      const known = this.#service(sign, octets, from, end);
      if (long && sign === 'B') this.#draft?.remark('segment-long');
      if (known) return;
    }
    if (this.#message === undefined) this.#draft?.remark('segment-outside');
  }

  /** `sign`: what stands behind `UN` in the tag. False for what is no segment of the envelope. */
  #service(sign: string, octets: Buffer, from: number, end: number): boolean {
    if (end > from + 3 && octets[from + 3] !== this.#characters.element) return false;
    const elements = (): string[][] => elementsOf(octets, from, end, this.#characters);
    switch (sign) {
      case 'B':
        this.#close(true);
        this.#unb(elements());
        return true;
      case 'G':
        this.#endGroup(undefined);
        this.#groups += 1;
        this.#group = { reference: simple(elements(), 5), count: 0 };
        return true;
      case 'H':
        if (!this.#likeLast(octets, from, end)) this.#unh(elements(), this.#kindAt(octets, from, end));
        return true;
      case 'T':
        this.#unt(elements());
        return true;
      case 'E':
        this.#endGroup(elements());
        return true;
      case 'O':
        this.#uno(elements());
        return true;
      case 'P':
        if (this.#message !== undefined) this.#message.packages += 1;
        return true;
      case 'Z':
        this.#unz(elements());
        return true;
      default:
        return false;
    }
  }

  #unb(elements: string[][]): void {
    const draft = (this.#draft = new Draft());
    this.#kindLength = 0;
    const [, syntax, sender, recipient, prepared, reference, , application, , acknowledge, , test] = elements;
    if (!/^[A-Z]{3}[A-Z0-9]$/.test(syntax?.[0] ?? '') || recipient === undefined) draft.remark('unb-unreadable');
    draft.fields = {
      syntax: fieldText(syntax?.join(':')),
      sender: { id: fieldText(sender?.[0]), qualifier: fieldText(sender?.[1]) },
      recipient: { id: fieldText(recipient?.[0]), qualifier: fieldText(recipient?.[1]) },
      reference: fieldText(reference?.[0]),
      preparedAt: fieldText(prepared?.join(':')),
      application: fieldText(application?.[0]),
      acknowledge: acknowledge?.[0]?.trim() === '1',
      test: test?.[0]?.trim() === '1',
    };
  }

  /** Of an UNH: the octets from the separator behind a plain reference on. None where there is no such, or where letters separate. */
  #kindAt(octets: Buffer, from: number, end: number): Buffer {
    const { element, release, component } = this.#characters;
    const at = octets.indexOf(element, from + 4);
    const separators = String.fromCharCode(element, component, Math.max(0, release));
    if (at < 0 || at >= end || /[\w ]/.test(separators)) return NO_OCTETS;
    return PLAIN.test(octets.toString('latin1', from + 4, at)) ? octets.subarray(at, end) : NO_OCTETS;
  }

  /** Most messages of an interchange are of one kind, which is taken apart once: of the others the reference is read. */
  #likeLast(octets: Buffer, from: number, end: number): boolean {
    const length = this.#kindLength;
    if (length === 0) return false;
    const at = end - length;
    if (at < from + 4 || this.#kind.compare(octets, at, end, 0, length) !== 0) return false;
    const reference = octets.toString('latin1', from + 4, at);
    if (!PLAIN.test(reference)) return false;
    this.#endMessage(undefined);
    this.#draft?.again();
    this.#begun(reference.trim());
    return true;
  }

  #unh(elements: string[][], kind: Buffer): void {
    this.#endMessage(undefined);
    const [type = '', ...version] = elements[2] ?? [];
    const stated = version.join(':');
    this.#draft?.message(type, stated.endsWith(':') ? stated.replace(/:+$/, '') : stated);
    this.#kindLength = kind.copy(this.#kind);
    if (this.#kindLength < kind.length) this.#kindLength = 0;
    this.#begun(simple(elements, 1));
  }

  #begun(reference: string): void {
    this.#messages += 1;
    if (this.#group !== undefined) this.#group.count += 1;
    this.#message = { reference, count: 1, packages: 0 };
  }

  #unt(elements: string[][]): void {
    if (this.#message === undefined) this.#draft?.remark('segment-outside');
    this.#endMessage(elements);
  }

  /** Undefined: another message or the end has come without UNT. */
  #endMessage(elements: string[][] | undefined): void {
    const message = this.#message;
    this.#message = undefined;
    if (message === undefined) return;
    if (elements === undefined) return this.#draft?.remark('unt-missing');
    // UNO and UNP inside a message are counted by some and not by others.
    const stated = numberOf(elements[1]?.[0]);
    if (stated !== message.count && stated !== message.count - 2 * message.packages) this.#draft?.remark('unt-count');
    if (simple(elements, 2) !== message.reference) this.#draft?.remark('unt-reference');
  }

  #endGroup(elements: string[][] | undefined): void {
    this.#endMessage(undefined);
    const group = this.#group;
    this.#group = undefined;
    if (group === undefined) {
      if (elements !== undefined) this.#draft?.remark('segment-outside');
      return;
    }
    if (elements === undefined) return this.#draft?.remark('une-missing');
    if (numberOf(elements[1]?.[0]) !== group.count) this.#draft?.remark('une-count');
    if (simple(elements, 2) !== group.reference) this.#draft?.remark('une-reference');
  }

  /** ISO 9735-8: the object follows at once, as many octets as S022 says in 0810. */
  #uno(elements: string[][]): void {
    this.#packages += 1;
    const length = numberOf(elements[4]?.[0]);
    if (length < 0 || length > MAX_OBJECT) return this.#draft?.remark('object-length');
    this.#skip = length;
    this.#objectEnd = true;
  }

  #unz(elements: string[][]): void {
    this.#endMessage(undefined);
    this.#endGroup(undefined);
    const draft = this.#draft;
    const stated = numberOf(elements[1]?.[0]);
    const counts = this.#groups > 0 ? [this.#groups] : [this.#messages, this.#messages + this.#packages];
    if (!counts.includes(stated)) draft?.remark('unz-count');
    if (draft !== undefined && fieldText(simple(elements, 2)) !== draft.fields.reference) draft.remark('unz-reference');
    this.#close(false);
    this.#state = 'start';
    this.#advised = false;
  }

  /** `early`: the interchange ends without UNZ. */
  #close(early: boolean): void {
    if (early) this.#endGroup(undefined);
    const draft = this.#draft;
    this.#draft = undefined;
    this.#message = undefined;
    this.#group = undefined;
    this.#objectEnd = false;
    this.#messages = 0;
    this.#groups = 0;
    this.#packages = 0;
    if (draft === undefined) return;
    if (early) draft.remark('unz-missing');
    if (draft.eightBit && /^UNO[AB]/.test(draft.fields.syntax)) draft.remark('charset');
    this.#found(draft.finish(this.#part, 'edifact', true));
  }
}

const simple = (elements: string[][], index: number): string => (elements[index]?.[0] ?? '').trim();
