/**
 * Reads the value of Content-Type and Content-Disposition: a first word and its parameters.
 *
 * RFC 2045 section 5.1, RFC 2183 section 2, RFC 2231 sections 3 and 4 (continuations and character
 * sets). Lenient, since old programs quote badly; bounded, since a stranger wrote it. A value that
 * another program may read differently is read all the same, and gets a `doubt`: for signed
 * content, that decides whether everybody sees what was signed.
 */
import { decodeCharset, decodeEncodedWords } from './encoded-word.ts';

const MAX_PARAMETERS = 64;
const MAX_SECTIONS = 64;

export interface FieldValue {
  /** In lower case, for example `text/plain` or `attachment`; empty if it cannot be read. */
  readonly word: string;
  /** By name in lower case; of two with one name the first counts. */
  readonly parameters: ReadonlyMap<string, string>;
  /**
   * Why another program may read the value differently; undefined for nearly all. Holds no text of
   * the message.
   */
  readonly doubt?: string;
}

/** Parameters that decide what is a part, what is signed, and what is shown. */
const DECIDING: ReadonlySet<string> = new Set([
  ...['boundary', 'charset', 'type', 'start', 'format', 'delsp', 'access-type', 'report-type', 'method'],
  ...['protocol', 'micalg', 'smime-type', 'hp', 'protected-headers'],
]);
const FILE_NAMES: ReadonlySet<string> = new Set(['name', 'filename']);
/** `key`: with the mark of RFC 2231, if it has one. */
const isFileName = (key: string): boolean => FILE_NAMES.has(key.split('*', 1)[0] ?? '');
/** RFC 2045 section 5.1. */
const TOKEN = /^[\w!#$%&'*+.^`{|}~-]+$/;
/**
 * Values that programs agree on without quotes. These are more than tokens: all that has no blank,
 * bracket, quote or backslash.
 */
const UNQUOTED = /^[^\s"()<>\\\x7f-\uffff]*$/;
const QUOTED = /^[\t\x20-\x7e]*$/;
/**
 * What a program that decodes encoded words could take for one (RFC 2047 section 2). `=?` alone is
 * none, and may stand in a boundary (RFC 2046 section 5.1.1).
 */
const ENCODED_WORD = /=\?[^?]*\?[bq]\?/i;

/** `text`: the unfolded value, one character an octet (latin1). */
export function readFieldValue(text: string): FieldValue {
  const scanner = new Scanner(text);
  const word = scanner.until(';').trim().toLowerCase();
  const raw = new Map<string, string>();
  const doubts: (string | undefined)[] = [];
  scanner.skip();
  while (!scanner.done && raw.size < MAX_PARAMETERS) {
    const given = scanner.until('=;');
    const name = given.trim().toLowerCase();
    const has = scanner.take('=');
    const value = has ? scanner.value(isFileName(name)) : '';
    doubts.push(!has || !TOKEN.test(given) ? 'a parameter cannot be read' : doubtOf(name, scanner.wrote, raw));
    if (name !== '' && !raw.has(name)) raw.set(name, value);
    scanner.skip();
  }
  if (!scanner.done) doubts.push(`it has over ${MAX_PARAMETERS} parameters`);
  if (scanner.comments) doubts.push('a comment is in it');
  const parameters = combined(raw);
  if (raw.size > 1) doubts.push(namesDiffer(raw, parameters));
  const doubt = doubts.find((each) => each !== undefined);
  return { word, parameters, ...(doubt === undefined ? {} : { doubt }) };
}

/** How a value was written: with or without quotes, and its text as it stands. */
interface Wrote {
  readonly quoted: boolean;
  readonly text: string;
}

/**
 * Why a parameter may be read differently; undefined if it may not. `key`: its name, with the mark
 * of RFC 2231 if it has one. `before`: the parameters that stand before it.
 */
function doubtOf(key: string, { quoted, text }: Wrote, before: ReadonlyMap<string, string>): string | undefined {
  const star = key.indexOf('*');
  const name = star < 0 ? key : key.slice(0, star);
  const decides = DECIDING.has(name);
  const said = decides || FILE_NAMES.has(name) ? `the parameter ${name}` : 'a parameter';
  if (before.has(key)) return `${said} stands twice`;
  // A program that does not know RFC 2231 sees a parameter of another name. If a plain one stands
  // beside it, either may count.
  if (decides && star >= 0) return `${said} is written as RFC 2231 has it, which few programs read`;
  // A program that does not know quoted pairs finds the end of the value elsewhere, and other
  // parameters behind it.
  if (quoted ? text.includes('\\"') : text.includes('"')) return `${said} has a quote in it`;
  if (!decides) return undefined;
  if (quoted && (text.includes('\\') || !QUOTED.test(text))) return `${said} has a quoted pair or octets outside ASCII`;
  if (!quoted && !UNQUOTED.test(text)) return `${said} is not quoted and must be`;
  return ENCODED_WORD.test(text) ? `${said} has an encoded word` : undefined;
}

/**
 * The doubt if a file name has another ending when it is read another way: the ending decides which
 * program opens the file.
 */
function namesDiffer(raw: ReadonlyMap<string, string>, parameters: ReadonlyMap<string, string>): string | undefined {
  for (const name of FILE_NAMES) {
    const plain = raw.get(name);
    const shown = parameters.get(name);
    if (plain !== undefined && shown !== undefined && endingOf(decodeEncodedWords(plain)) !== endingOf(shown))
      return `the parameter ${name} names two kinds of file`;
  }
  return undefined;
}

/** `.pdf` of `report.pdf`; empty if there is none. */
export const endingOf = (name: string): string => /\.[^.\s]{1,20}\s*$/.exec(name)?.[0].trim().toLowerCase() ?? '';

/** Reads a field's value from left to right; comments are left out (RFC 5322 section 3.2.2). */
class Scanner {
  readonly #text: string;
  #at = 0;
  /** A comment was passed over. */
  comments = false;
  /** The value that was read last, as it stands, without its quotes. */
  wrote: Wrote = { quoted: false, text: '' };

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Moves behind spaces and semicolons. */
  skip(): void {
    while (!this.done && ' \t;'.includes(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  /** Reads up to one of `ends`, without comments. */
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

  /** `path`: it may be a path of Windows. */
  value(path: boolean): string {
    while (!this.done && ' \t'.includes(this.#text[this.#at] ?? '')) this.#at += 1;
    if (!this.take('"')) {
      // QUIRK: file names with blanks and brackets but without quotes are common: everything up to
      // the semicolon counts.
      const end = this.#text.indexOf(';', this.#at);
      const from = this.#at;
      this.#at = end < 0 ? this.#text.length : end;
      const text = this.#text.slice(from, this.#at).trim();
      this.wrote = { quoted: false, text };
      return text;
    }
    const from = this.#at;
    let read = '';
    while (!this.done && !this.take('"')) {
      // QUIRK: Windows paths in quotes ("C:\uit\lab.edi") are written without doubling the
      // backslash. So in a file name a backslash is dropped only before a quote or a backslash.
      if (this.#text[this.#at] === '\\' && (!path || '"\\'.includes(this.#text[this.#at + 1] ?? ' '))) this.#at += 1;
      read += this.#text[this.#at] ?? '';
      this.#at += 1;
    }
    this.wrote = { quoted: true, text: this.#text.slice(from, this.#at - 1) };
    return read;
  }

  #comment(): void {
    this.comments = true;
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

/**
 * Joins the sections of RFC 2231 (`name*0*=`, `name*1=`) and decodes their character sets. RFC 2047
 * words in a plain value are decoded, too.
 */
function combined(raw: ReadonlyMap<string, string>): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [key, value] of raw) {
    const [name = '', section] = key.split('*', 2);
    if (section === undefined) {
      // An extended value counts more, wherever it stands (RFC 6266 section 4.3 has the same rule).
      if (!raw.has(`${name}*`) && !raw.has(`${name}*0`) && !raw.has(`${name}*0*`))
        // Delimiters have the octets of the boundary as they stand.
        parameters.set(name, name === 'boundary' ? value : decodeEncodedWords(value));
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
