/**
 * Decides by the first octets whether a leaf is EDI, never by its type or name: old systems call
 * everything text/plain or octet-stream.
 */
import type { EdiReader, OnInterchange } from './draft.ts';
import { EdifactReader } from './edifact.ts';
import { Hl7Reader } from './hl7.ts';
import type { InsideRoom } from './inside.ts';
import { XmlReader } from './xml.ts';

/** Most blank octets before the first character that are skipped. */
const MAX_BLANKS = 4096;
const BOM = [0xef, 0xbb, 0xbf];
const SIGN = 4;

/** Takes the decoded octets of one leaf and gives the interchanges that it holds. */
export class EdiSniffer implements EdiReader {
  readonly #found: OnInterchange;
  readonly #part: string;
  readonly #sign = Buffer.alloc(SIGN);
  #signed = 0;
  #blanks = 0;
  #reader: EdiReader | undefined;
  #decided = false;
  #full = false;

  readonly #room: InsideRoom | undefined;

  /** `room`: also lists the messages and groups of EDIFACT interchanges, one by one. */
  constructor(part: string, found: OnInterchange, room?: InsideRoom) {
    this.#part = part;
    this.#room = room;
    this.#found = (interchange) => {
      const more = found(interchange);
      if (!more) this.#full = true;
      return more;
    };
  }

  write(data: Buffer): void {
    if (this.#decided) {
      if (!this.#full) this.#reader?.write(data);
      return;
    }
    for (let at = 0; at < data.length; at += 1) {
      const octet = data[at] ?? 0;
      if (this.#signed === 0 && this.#isBlank(octet)) continue;
      this.#sign[this.#signed++] = octet;
      if (this.#signed < SIGN) continue;
      this.#decide(data.subarray(at + 1));
      return;
    }
  }

  end(): void {
    if (!this.#full) this.#reader?.end();
  }

  #isBlank(octet: number): boolean {
    const blank =
      octet === 32 || octet === 9 || octet === 10 || octet === 13 || octet === 0x0b || octet === BOM[this.#blanks];
    if (blank) this.#blanks += 1;
    if (this.#blanks > MAX_BLANKS) this.#decided = true;
    return blank;
  }

  #decide(rest: Buffer): void {
    this.#decided = true;
    this.#reader = readerFor(this.#sign, this.#part, this.#found, this.#room);
    this.#reader?.write(this.#sign);
    if (rest.length > 0) this.#reader?.write(rest);
  }
}

function readerFor(sign: Buffer, part: string, found: OnInterchange, room?: InsideRoom): EdiReader | undefined {
  const tag = sign.toString('latin1', 0, 3);
  const separator = sign[3] ?? 0;
  if (tag === 'UNA' || tag === 'UNB') return new EdifactReader(part, found, room);
  // In HL7 any character but a letter or digit may be the separator; a word that begins like a tag
  // is not a message.
  if ((tag === 'MSH' || tag === 'BHS' || tag === 'FHS') && !/[\w\s]/.test(String.fromCharCode(separator)))
    return new Hl7Reader(part, found);
  return sign[0] === 60 && /[\w!?:]/.test(tag.charAt(1)) ? new XmlReader(part, found) : undefined;
}
