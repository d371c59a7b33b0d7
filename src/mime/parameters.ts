/**
 * Reads the value of Content-Type and Content-Disposition: a first word and its parameters.
 *
 * RFC 2045 section 5.1, RFC 2183 section 2, RFC 2231 sections 3 and 4 (continuations and character sets). Lenient, since old programs quote
 * badly; bounded, since a stranger wrote it.
 */
import { decodeCharset, decodeEncodedWords } from './encoded-word.ts';

const MAX_PARAMETERS = 64;
const MAX_SECTIONS = 64;

export interface FieldValue {
  /** In lower case, for example `text/plain` or `attachment`; empty where it cannot be read. */
  readonly word: string;
  /** By name in lower case; of two with one name the first counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** `text`: the unfolded value, one character an octet (latin1). */
export function readFieldValue(text: string): FieldValue {
  const scanner = new Scanner(text);
  const word = scanner.until(';').trim().toLowerCase();
  const raw = new Map<string, string>();
  while (!scanner.done && raw.size < MAX_PARAMETERS) {
    scanner.skip();
    const name = scanner.until('=;').trim().toLowerCase();
    const value = scanner.take('=') ? scanner.value() : '';
    if (name !== '' && !raw.has(name)) raw.set(name, value);
    scanner.skip();
  }
  return { word, parameters: combined(raw) };
}

/** Steps over a value; comments count as blanks (RFC 5322 section 3.2.2). */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Behind blanks and semicolons. */
  skip(): void {
    while (!this.done && ' \t;'.includes(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  /** Up to one of `ends`, comments left out. */
  until(ends: string): string {
    let read = '';
    while (!this.done) {
      const character = this.#text[this.#at] ?? '';
      if (ends.includes(character)) break;
      if (character === '(') this.#comment();
      else {
        read += character;
        this.#at += 1;
      }
    }
    return read;
  }

  value(): string {
    while (!this.done && ' \t'.includes(this.#text[this.#at] ?? '')) this.#at += 1;
    if (!this.take('"')) {
      // QUIRK: file names with blanks and brackets but without quotes are common: everything up to the semicolon counts.
      const end = this.#text.indexOf(';', this.#at);
      const from = this.#at;
      this.#at = end < 0 ? this.#text.length : end;
      return this.#text.slice(from, this.#at).trim();
    }
    let read = '';
    while (!this.done && !this.take('"')) {
      // QUIRK: Windows paths in quotes ("C:\uit\lab.edi") are written without doubling; only what must be quoted is un-quoted.
      if (this.#text[this.#at] === '\\' && '"\\'.includes(this.#text[this.#at + 1] ?? ' ')) this.#at += 1;
      read += this.#text[this.#at] ?? '';
      this.#at += 1;
    }
    return read;
  }

  #comment(): void {
    let depth = 0;
    for (; !this.done; this.#at += 1) {
      const character = this.#text[this.#at];
      if (character === '\\') this.#at += 1;
      else if (character === '(') depth += 1;
      else if (character === ')' && --depth === 0) {
        this.#at += 1;
        return;
      }
    }
  }
}

/** Joins the sections of RFC 2231 (`name*0*=`, `name*1=`) and undoes character sets; RFC 2047 words in a plain value, too. */
function combined(raw: ReadonlyMap<string, string>): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [key, value] of raw) {
    const [name = '', section] = key.split('*', 2);
    if (section === undefined) {
      // An extended value is the better one (RFC 6266 section 4.3 has the same rule), wherever it stands.
      if (!raw.has(`${name}*`) && !raw.has(`${name}*0`) && !raw.has(`${name}*0*`))
        parameters.set(name, decodeEncodedWords(value));
    } else if (section === '') parameters.set(name, extended(value));
    else if (section === '0') parameters.set(name, sections(raw, name));
  }
  return parameters;
}

function sections(raw: ReadonlyMap<string, string>, name: string): string {
  let charset = '';
  let octets = '';
  for (let n = 0; n < MAX_SECTIONS; n += 1) {
    const plain = raw.get(`${name}*${n}`);
    let encoded = raw.get(`${name}*${n}*`);
    if (plain === undefined && encoded === undefined) break;
    if (n === 0 && encoded !== undefined) {
      const parts = splitCharset(encoded);
      charset = parts.charset;
      encoded = parts.text;
    }
    octets += encoded === undefined ? (plain ?? '') : percentDecoded(encoded);
  }
  return decodeCharset(Buffer.from(octets, 'latin1'), charset);
}

function extended(value: string): string {
  const { charset, text } = splitCharset(value);
  return decodeCharset(Buffer.from(percentDecoded(text), 'latin1'), charset);
}

function splitCharset(value: string): { readonly charset: string; readonly text: string } {
  const match = /^([\w.:+-]{0,40})'[^']{0,40}'/.exec(value);
  return match === null
    ? { charset: '', text: value }
    : { charset: match[1] ?? '', text: value.slice(match[0].length) };
}

const percentDecoded = (text: string): string =>
  text.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
