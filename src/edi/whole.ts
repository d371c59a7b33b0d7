/**
 * Checks whether a leaf holds interchanges and nothing else, octet for octet: it is text from the
 * first octet to the last, and each segment belongs to an interchange.
 *
 * The readers in this folder skip what stands around an interchange and only note deviations, since
 * mail must go on. This check decides what a scan for malware may leave out, so it accepts only
 * what is plainly right. It refuses binary objects (UNO), text before, between and behind
 * interchanges, octets that no text has, and lines of HL7 that are not segments.
 *
 * ISO 9735 and HL7 2.5 chapter 2, as for the readers.
 */
import type { EdiReader } from './draft.ts';
import { LEVEL_A, LEVEL_B, type ServiceCharacters, serviceCharacters } from './edifact-segment.ts';

const CR = 13;
const LF = 10;
const UNA_OCTETS = 6;

const isLayout = (octet: number): boolean => octet === CR || octet === LF || octet === 32 || octet === 9;
const isTagOctet = (octet: number): boolean => (octet >= 65 && octet <= 90) || (octet >= 48 && octet <= 57);
/**
 * Control characters that text does not have; octets above ASCII are text in some character set.
 */
const isBinary = (octet: number): boolean => (octet < 32 && !isLayout(octet)) || octet === 127;

abstract class Strict implements EdiReader {
  protected broken = false;
  #whole = false;

  write(data: Buffer): void {
    for (let at = 0; at < data.length && !this.broken; at += 1) this.octet(data[at] ?? 0);
  }

  end(): void {
    this.#whole = !this.broken && this.ended();
  }

  get whole(): boolean {
    return this.#whole;
  }

  protected abstract octet(octet: number): void;
  protected abstract ended(): boolean;
}

export class WholeEdifact extends Strict {
  #characters: ServiceCharacters = LEVEL_A;
  #advised = false;
  #state: 'between' | 'tag' | 'advice' | 'separator' | 'segment' = 'between';
  #tag = '';
  readonly #advice: number[] = [];
  #released = false;
  #open = false;
  #interchanges = 0;

  protected octet(octet: number): void {
    switch (this.#state) {
      case 'between':
        if (isLayout(octet)) return;
        this.#tag = '';
        this.#state = 'tag';
        this.#inTag(octet);
        return;
      case 'tag':
        this.#inTag(octet);
        return;
      case 'advice':
        if (this.#advice.push(octet) < UNA_OCTETS) return;
        this.#characters = serviceCharacters(Buffer.from(this.#advice.splice(0)));
        this.#advised = true;
        this.#state = 'between';
        return;
      case 'separator':
        this.#behindTag(octet);
        return;
      case 'segment':
        this.#inSegment(octet);
    }
  }

  #inTag(octet: number): void {
    if (!isTagOctet(octet)) {
      this.broken = true;
      return;
    }
    this.#tag += String.fromCharCode(octet);
    if (this.#tag.length < 3) return;
    if (this.#tag === 'UNA') {
      // UNA may stand once, in front of an interchange.
      this.broken = this.#open || this.#advised;
      this.#state = 'advice';
    } else {
      // A binary object is not text, and UNB and UNZ stand where an interchange begins and ends.
      this.broken = this.#tag === 'UNO' || (this.#tag === 'UNB') === this.#open;
      this.#state = 'separator';
    }
  }

  #behindTag(octet: number): void {
    if (this.#tag === 'UNB') {
      if (!this.#advised && octet === LEVEL_B.element) this.#characters = LEVEL_B;
      this.#open = true;
    }
    const { element, component, terminator } = this.#characters;
    this.#state = 'segment';
    if (octet === terminator) this.#terminated();
    else this.broken = octet !== element && octet !== component;
  }

  #inSegment(octet: number): void {
    const { release, terminator, element, component } = this.#characters;
    if (this.#released) this.#released = false;
    else if (octet === release) this.#released = true;
    else if (octet === terminator) {
      this.#terminated();
      return;
    }
    // The service characters of level B are controls.
    this.broken = isBinary(octet) && octet !== element && octet !== component;
  }

  #terminated(): void {
    this.#state = 'between';
    if (this.#tag !== 'UNZ') return;
    this.#open = false;
    this.#advised = false;
    this.#characters = LEVEL_A;
    this.#interchanges += 1;
  }

  protected ended(): boolean {
    return this.#state === 'between' && !this.#open && this.#interchanges > 0;
  }
}

const HEADERS: ReadonlySet<string> = new Set(['MSH', 'BHS', 'FHS']);

export class WholeHl7 extends Strict {
  #separator = -1;
  #tag = '';
  #inLine = false;
  #lines = 0;

  protected octet(octet: number): void {
    if (octet === CR || octet === LF) {
      this.broken = this.#tag !== '';
      this.#inLine = false;
      return;
    }
    if (this.#inLine) {
      this.broken = isBinary(octet);
      return;
    }
    if (this.#tag.length < 3) {
      this.broken = !isTagOctet(octet);
      this.#tag += String.fromCharCode(octet);
      return;
    }
    // The first line sets the separator.
    if (this.#lines === 0) {
      this.broken = !HEADERS.has(this.#tag) || isBinary(octet) || isTagOctet(octet);
      this.#separator = octet;
    } else this.broken = octet !== this.#separator;
    this.#lines += 1;
    this.#tag = '';
    this.#inLine = true;
  }

  protected ended(): boolean {
    return this.#lines > 0 && this.#tag === '';
  }
}
