/**
 * Reads the envelopes of HL7 version 2 as they stream by: MSH, and BHS, BTS, FHS, FTS around them.
 *
 * HL7 2.5 chapter 2, sections 2.10 and 2.15. Segments end with CR; mail makes that CRLF or LF, and
 * all three are accepted. Without a batch, all messages of one part are one interchange.
 */
import { isAscii } from 'node:buffer';
import type { EdiParty } from '../domain/interchange.ts';
import { Draft, type EdiReader, type OnInterchange, fieldText } from './draft.ts';

/** Most octets of a header segment that are looked at. */
const MAX_SEGMENT = 2048;
const CR = 13;
const LF = 10;
/** First octet of an MLLP frame: some programs store a message with its frame. */
const MLLP = 0x0b;
const TAGS = new Set(['MSH', 'BHS', 'BTS', 'FHS', 'FTS']);

/** A line that does not begin with M, B, F or the octet of MLLP is not a header. */
const mayBeHeader = (first: number | undefined): boolean =>
  first === 77 || first === 66 || first === 70 || first === MLLP;

export class Hl7Reader implements EdiReader {
  readonly #found: OnInterchange;
  readonly #part: string;
  readonly #carry = Buffer.allocUnsafe(MAX_SEGMENT);
  #carried = 0;
  #draft: Draft | undefined;
  /** Parties of the first header, as written. */
  #parties = '';
  /**
   * Kind of the line that is being read. Headers and totals are the envelope; all other lines count
   * for the digest.
   */
  #kind: 'unknown' | 'header' | 'message' = 'unknown';
  /** BHS or FHS was read: there are totals. */
  #batch = false;
  #batchOpen = false;
  #fileOpen = false;
  #messages = 0;
  #batches = 0;

  constructor(part: string, found: OnInterchange) {
    this.#part = part;
    this.#found = found;
  }

  write(data: Buffer): void {
    let cr = data.indexOf(CR);
    let lf = data.indexOf(LF);
    let at = 0;
    let mark = -1; // octets of messages from here on are not counted yet
    while (at < data.length) {
      if (cr >= 0 && cr < at) cr = data.indexOf(CR, at);
      if (lf >= 0 && lf < at) lf = data.indexOf(LF, at);
      const end = cr < 0 ? lf : lf < 0 ? cr : Math.min(cr, lf);
      // Nearly all lines belong to a message and lie whole in the slice: they are counted there.
      if (this.#carried === 0 && end >= 0 && !mayBeHeader(data[at])) {
        if (mark < 0) mark = at;
        at = end + 1;
        continue;
      }
      const before = this.#carried;
      this.#take(data, at, end < 0 ? data.length : end);
      const known = this.#kind === 'unknown';
      if (known) this.#kind = this.#kindOf(end >= 0);
      if (this.#kind !== 'message' && mark >= 0) {
        this.#count(data, mark, at);
        mark = -1;
      } else if (this.#kind === 'message') {
        if (known) this.#count(this.#carry, 0, before);
        if (mark < 0) mark = at;
      }
      if (end < 0) break;
      this.#line();
      at = end + 1;
    }
    if (mark >= 0) this.#count(data, mark, data.length);
  }

  /** Takes octets of messages for the digest. */
  #count(data: Buffer, from: number, to: number): void {
    const draft = this.#draft;
    if (draft === undefined) return;
    draft.digest.update(data, from, to);
    draft.eightBit ||= !isAscii(data.subarray(from, to));
  }

  end(): void {
    this.#line();
    if (this.#batchOpen || this.#fileOpen) this.#draft?.remark('batch-end');
    this.#close();
  }

  /** Kind of the line that is being read. `whole`: it has ended. */
  #kindOf(whole: boolean): 'unknown' | 'header' | 'message' {
    const from = this.#carry[0] === MLLP ? 1 : 0;
    if (this.#carried - from < 3) return whole ? 'message' : 'unknown';
    return TAGS.has(this.#carry.toString('latin1', from, from + 3)) ? 'header' : 'message';
  }

  #take(data: Buffer, from: number, to: number): void {
    const kept = Math.min(to - from, MAX_SEGMENT - this.#carried);
    data.copy(this.#carry, this.#carried, from, from + kept);
    this.#carried += kept;
  }

  #line(): void {
    const length = this.#carried;
    const header = this.#kind === 'header';
    this.#carried = 0;
    this.#kind = 'unknown';
    if (!header) return;
    const from = this.#carry[0] === MLLP ? 1 : 0;
    if (length - from < 4) return;
    const text = this.#carry.toString('latin1', from, length);
    const before = this.#draft;
    this.#envelope(text.slice(0, 3), text.split(text.charAt(3)));
    const draft = this.#draft ?? before;
    if (draft !== undefined) draft.eightBit ||= !isAscii(this.#carry.subarray(from, length));
  }

  #envelope(tag: string, fields: readonly string[]): void {
    switch (tag) {
      case 'FHS':
        this.#header(fields);
        this.#fileOpen = true;
        break;
      case 'BHS':
        this.#header(fields);
        this.#batchOpen = true;
        this.#batches += 1;
        break;
      case 'MSH':
        this.#msh(fields);
        break;
      case 'BTS':
        this.#total(fields[1], this.#messages, 'bts-count');
        this.#batchOpen = false;
        this.#messages = 0;
        if (!this.#fileOpen) this.#close();
        break;
      default:
        this.#total(fields[1], this.#batches, 'fts-count');
        this.#fileOpen = false;
        this.#close();
    }
  }

  /** The count is optional; if it is given, it must be right. */
  #total(stated: string | undefined, count: number, kind: 'bts-count' | 'fts-count'): void {
    const text = stated?.trim() ?? '';
    if (text !== '' && Number(text) !== count) this.#draft?.remark(kind);
  }

  /**
   * FHS and BHS have their fields in the same places: 3 to 6 the parties, 7 the time, 11 the
   * control id.
   */
  #header(fields: readonly string[]): void {
    if (this.#draft !== undefined && !this.#fileOpen) {
      if (this.#batchOpen) this.#draft.remark('batch-end');
      this.#close();
    }
    this.#batch = true;
    const draft = (this.#draft ??= new Draft());
    if (draft.fields.reference === '')
      draft.fields = { ...draft.fields, ...partiesOf(fields), reference: fieldText(fields[10]) };
  }

  /** MSH-1 is the separator itself, so that MSH-n is field n - 1. */
  #msh(fields: readonly string[]): void {
    const written = fields.slice(2, 6).join('\r');
    let draft = this.#draft;
    if (draft === undefined) {
      draft = this.#draft = new Draft();
      draft.fields = { ...draft.fields, ...partiesOf(fields), reference: fieldText(fields[9]) };
      this.#parties = written;
    } else if (!this.#batch && written !== this.#parties && !sameParties(draft.fields, partiesOf(fields)))
      draft.remark('parties-differ');
    const processing = fields[10]?.trim().charAt(0) ?? '';
    const test = processing !== '' && processing !== 'P';
    const acknowledge = fields.slice(14, 16).some((ask) => /^(?:AL|SU|ER)$/.test(ask.trim()));
    if ((test && !draft.fields.test) || (acknowledge && !draft.fields.acknowledge))
      draft.fields = {
        ...draft.fields,
        test: draft.fields.test || test,
        acknowledge: draft.fields.acknowledge || acknowledge,
      };
    this.#messages += 1;
    draft.message(fields[8], fields[11]);
  }

  #close(): void {
    const draft = this.#draft;
    this.#draft = undefined;
    this.#batchOpen = false;
    this.#fileOpen = false;
    this.#messages = 0;
    this.#batches = 0;
    if (draft !== undefined) this.#found(draft.finish(this.#part, 'hl7', this.#batch));
    this.#batch = false;
  }
}

interface Parties {
  readonly sender: EdiParty;
  readonly recipient: EdiParty;
  readonly preparedAt: string;
}

const partiesOf = (fields: readonly string[]): Parties => ({
  sender: { id: fieldText(fields[3]), qualifier: fieldText(fields[2]) },
  recipient: { id: fieldText(fields[5]), qualifier: fieldText(fields[4]) },
  preparedAt: fieldText(fields[6]),
});

const sameParties = (one: Pick<Parties, 'sender' | 'recipient'>, two: Parties): boolean =>
  one.sender.id === two.sender.id &&
  one.sender.qualifier === two.sender.qualifier &&
  one.recipient.id === two.recipient.id &&
  one.recipient.qualifier === two.recipient.qualifier;
