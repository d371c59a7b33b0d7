/**
 * What the segments of the envelope of an EDIFACT interchange say, and whether they agree: UNB,
 * UNG, UNH, UNT, UNE, UNZ, UNO and UNP. The reader of edifact.ts finds them in the octets and gives
 * them one by one.
 */
import { Draft, type OnInterchange, fieldText } from './draft.ts';
import type { EdiFault, EdiParty } from '../domain/interchange.ts';
import { LEVEL_A, type ServiceCharacters, elementsOf, serviceSign } from './edifact-segment.ts';
import { Inside, type InsideRoom } from './inside.ts';

/**
 * Longest part of an UNH behind its reference that is remembered; with directory and association
 * code it has some 25 octets.
 */
const MAX_KIND = 128;
/** A reference without separators and release characters. */
const PLAIN = /^[\w ]*$/;
const NO_OCTETS = Buffer.alloc(0);
/** A length in an UNO above this is damage. */
const MAX_OBJECT = 1e9;

const numberOf = (text: string | undefined): number => (/^\s*\d{1,10}\s*$/.test(text ?? '') ? Number(text) : -1);

interface Open {
  readonly reference: string;
  count: number;
}

/**
 * How many octets of a binary object come next, before the next segment; or that the interchange
 * has ended with UNZ.
 */
export type Follows = number | 'next interchange';

export class EdifactEnvelope {
  readonly #found: OnInterchange;
  readonly #part: string;
  /** The interchange that is open. */
  draft: Draft | undefined;
  #characters: ServiceCharacters = LEVEL_A;
  #follows: Follows = 0;
  #objectEnd = false;
  /**
   * The open message: `count` are its segments so far, `packages` the binary objects among them.
   */
  #message: (Open & { packages: number }) | undefined;
  #group: Open | undefined;
  #messages = 0;
  #groups = 0;
  #packages = 0;
  readonly #room: InsideRoom | undefined;
  /**
   * Type of the open message, and below it the version (S009), fit to be shown; both are empty
   * unless messages are listed.
   */
  #type = '';
  #version = '';
  /**
   * The octets behind the reference in the last UNH that was parsed. Empty before the first one.
   */
  readonly #kind = Buffer.allocUnsafe(MAX_KIND);
  #kindLength = 0;

  /** `room`: how many messages and groups may still be listed; absent if none are. */
  constructor(part: string, found: OnInterchange, room?: InsideRoom) {
    this.#part = part;
    this.#found = found;
    this.#room = room;
  }

  /**
   * The message between its UNH and its UNT; the reader adds its segments to `count`. Undefined
   * between messages, and while the end of a binary object is awaited.
   */
  get message(): { count: number } | undefined {
    return this.#objectEnd ? undefined : this.#message;
  }

  /**
   * Takes the segment between two offsets. `long`: the octets are only the beginning of a segment.
   */
  segment(octets: Buffer, from: number, end: number, long: boolean, characters: ServiceCharacters): Follows {
    this.#characters = characters;
    this.#follows = 0;
    this.#count(octets, from, end, long);
    return this.#follows;
  }

  #count(octets: Buffer, from: number, end: number, long: boolean): void {
    const sign = serviceSign(octets, from, end);
    if (this.#objectEnd) {
      this.#objectEnd = false;
      if (sign !== 'P') this.draft?.remark('object-length');
    }
    if (this.#message !== undefined) this.#message.count += 1;
    if (sign !== '') {
      if (long && sign !== 'B') this.draft?.remark('segment-long');
      const known = this.#service(sign, octets, from, end);
      if (long && sign === 'B') this.draft?.remark('segment-long');
      if (known) return;
    }
    if (this.#message === undefined) this.draft?.remark('segment-outside');
  }

  /**
   * Handles one segment of the envelope. `sign`: the letter behind `UN` in its tag. False: the
   * segment does not belong to the envelope.
   */
  #service(sign: string, octets: Buffer, from: number, end: number): boolean {
    if (end > from + 3 && octets[from + 3] !== this.#characters.element) return false;
    const elements = (): string[][] => elementsOf(octets, from, end, this.#characters);
    switch (sign) {
      case 'B':
        this.close(true);
        this.#unb(elements());
        return true;
      case 'G':
        this.#endGroup(undefined);
        this.#ung(elements());
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
    const draft = (this.draft = new Draft(this.#room === undefined ? undefined : new Inside(this.#room)));
    this.#kindLength = 0;
    const [, syntax, sender, recipient, prepared, reference, , application, , acknowledge, , test] = elements;
    if (!/^[A-Z]{3}[A-Z0-9]$/.test(syntax?.[0] ?? '') || recipient === undefined) draft.remark('unb-unreadable');
    draft.fields = {
      syntax: fieldText(syntax?.join(':')),
      sender: partyOf(sender),
      recipient: partyOf(recipient),
      reference: fieldText(reference?.[0]),
      preparedAt: fieldText(prepared?.join(':')),
      application: fieldText(application?.[0]),
      acknowledge: acknowledge?.[0]?.trim() === '1',
      test: test?.[0]?.trim() === '1',
    };
  }

  #ung(elements: string[][]): void {
    this.#groups += 1;
    this.#group = { reference: simple(elements, 5), count: 0 };
    this.draft?.inside?.openGroup(fieldText(elements[5]?.[0]), partyOf(elements[2]), partyOf(elements[3]));
  }

  /**
   * The octets of a UNH from the separator behind its reference on. Empty if the reference is not
   * plain, or if letters are separators.
   */
  #kindAt(octets: Buffer, from: number, end: number): Buffer {
    const { element, release, component } = this.#characters;
    const at = octets.indexOf(element, from + 4);
    const separators = String.fromCharCode(element, component, Math.max(0, release));
    if (at < 0 || at >= end || /[\w ]/.test(separators)) return NO_OCTETS;
    return PLAIN.test(octets.toString('latin1', from + 4, at)) ? octets.subarray(at, end) : NO_OCTETS;
  }

  /**
   * True if a UNH was taken as one of the same kind as the last. Most messages of an interchange
   * are of one kind, which is parsed once: of the others only the reference is read.
   */
  #likeLast(octets: Buffer, from: number, end: number): boolean {
    const length = this.#kindLength;
    if (length === 0) return false;
    const at = end - length;
    if (at < from + 4) return false;
    // Some 25 octets: a call of a native comparison costs several times as much.
    for (let n = 0; n < length; n += 1) if (this.#kind[n] !== octets[at + n]) return false;
    const reference = octets.toString('latin1', from + 4, at);
    if (!PLAIN.test(reference)) return false;
    this.#endMessage(undefined);
    this.draft?.again();
    this.#begun(reference.trim());
    return true;
  }

  #unh(elements: string[][], kind: Buffer): void {
    this.#endMessage(undefined);
    const [type = '', ...version] = elements[2] ?? [];
    const joined = version.join(':');
    const stated = joined.endsWith(':') ? joined.replace(/:+$/, '') : joined;
    this.draft?.message(type, stated);
    if (this.#room !== undefined) {
      this.#type = fieldText(type);
      this.#version = fieldText(stated);
    }
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
    if (this.#message === undefined) this.draft?.remark('segment-outside');
    this.#endMessage(elements);
  }

  /** `elements` of the UNT; undefined if another message or the end has come without UNT. */
  #endMessage(elements: string[][] | undefined): void {
    const message = this.#message;
    this.#message = undefined;
    if (message === undefined) return;
    const fault = this.#messageFault(message, elements);
    if (this.#room !== undefined)
      this.draft?.inside?.message(fieldText(message.reference), this.#type, this.#version, fault);
  }

  #messageFault(message: Open & { packages: number }, elements: string[][] | undefined): EdiFault | undefined {
    if (elements === undefined) {
      this.draft?.remark('unt-missing');
      return 'end-missing';
    }
    // Some programs count UNO and UNP inside a message, others do not.
    const stated = numberOf(elements[1]?.[0]);
    const counted = stated === message.count || stated === message.count - 2 * message.packages;
    if (!counted) this.draft?.remark('unt-count');
    const named = simple(elements, 2) === message.reference;
    if (!named) this.draft?.remark('unt-reference');
    return !named ? 'reference' : counted ? undefined : 'count';
  }

  #endGroup(elements: string[][] | undefined): void {
    this.#endMessage(undefined);
    const group = this.#group;
    this.#group = undefined;
    if (group === undefined) {
      if (elements !== undefined) this.draft?.remark('segment-outside');
      return;
    }
    const fault = this.#groupFault(group, elements);
    this.draft?.inside?.closeGroup(fault);
  }

  #groupFault(group: Open, elements: string[][] | undefined): EdiFault | undefined {
    if (elements === undefined) {
      this.draft?.remark('une-missing');
      return 'end-missing';
    }
    const counted = numberOf(elements[1]?.[0]) === group.count;
    if (!counted) this.draft?.remark('une-count');
    const named = simple(elements, 2) === group.reference;
    if (!named) this.draft?.remark('une-reference');
    return !named ? 'reference' : counted ? undefined : 'count';
  }

  /** ISO 9735-8: the object follows at once, as many octets as S022 says in 0810. */
  #uno(elements: string[][]): void {
    this.#packages += 1;
    const length = numberOf(elements[4]?.[0]);
    if (length < 0 || length > MAX_OBJECT) return this.draft?.remark('object-length');
    this.#follows = length;
    this.#objectEnd = true;
  }

  #unz(elements: string[][]): void {
    this.#endMessage(undefined);
    this.#endGroup(undefined);
    const draft = this.draft;
    const stated = numberOf(elements[1]?.[0]);
    const counts = this.#groups > 0 ? [this.#groups] : [this.#messages, this.#messages + this.#packages];
    if (!counts.includes(stated)) draft?.remark('unz-count');
    if (draft !== undefined && fieldText(simple(elements, 2)) !== draft.fields.reference) draft.remark('unz-reference');
    this.close(false);
    this.#follows = 'next interchange';
  }

  /** `early`: the interchange ends without UNZ. */
  close(early: boolean): void {
    if (early) this.#endGroup(undefined);
    const draft = this.draft;
    this.draft = undefined;
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

const partyOf = (element: readonly string[] | undefined): EdiParty => ({
  id: fieldText(element?.[0]),
  qualifier: fieldText(element?.[1]),
});
