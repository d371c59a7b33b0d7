/**
 * Reads JSON from outside so that it has only one meaning (RFC 8259, RFC 7493).
 *
 * A member that stands twice is refused: `JSON.parse` takes the last one, but a system in front of
 * us may judge the first, and the sender gets past its judgement (RFC 8259 section 4, RFC 7493
 * section 2.3). Half of a surrogate pair is refused, too: it is not a character, so it cannot be
 * stored or sent on. And JSON is refused that is nested deeper, or has more values, than a request
 * can have: a megabyte of brackets holds the parser for a quarter of a second, and everybody else
 * waits as long.
 */
import { type Result, fail, ok } from '../domain/result.ts';

/**
 * Most levels of nesting; `MAX_VALUES`: most members and elements. A list of the API has at most
 * 1000.
 */
export const MAX_DEPTH = 32;
export const MAX_VALUES = 20_000;
/** Most characters of a name that an error shows; `MOST_PLACE`: of a place. */
const MOST_NAME = 64;
const MOST_PLACE = 300;

export interface JsonFault {
  readonly why: string;
  /** Place of the member that stands twice: a pointer of RFC 6901, as a fragment. */
  readonly at?: string;
}

export function readStrictJson(text: string): Result<unknown, JsonFault> {
  const fault = faultIn(text);
  if (fault !== undefined) return fail(fault);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fail({ why: 'The body is not JSON (RFC 8259)' });
  }
  if (/\\u[dD][89a-fA-F]/.test(text) && !isWellFormed(value))
    return fail({ why: 'A text in the body has half of a surrogate pair' });
  return ok(value);
}

/** A JSON pointer (RFC 6901), as a fragment. */
export const jsonPointer = (path: readonly PropertyKey[]): string =>
  `#${path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')}`.slice(
    0,
    MOST_PLACE,
  );

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** An object or a list that has begun. */
interface Open {
  /** Names of the object so far; undefined in an array. */
  readonly names: Set<string> | undefined;
  /** The name of the member, or the number of the element, that is being read. */
  place: string | number;
  /** The next text is the name of a member. */
  expectsName: boolean;
}

/** The first fault of a text, which need not be JSON. */
function faultIn(text: string): JsonFault | undefined {
  const open: Open[] = [];
  let inner: Open | undefined;
  let values = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = endOfText(text, at);
        if (inner?.expectsName === true) {
          const name = nameIn(text.slice(at, end + 1));
          if (inner.names?.has(name) === true) return twice(open, name);
          inner.names?.add(name);
          inner.place = name;
          inner.expectsName = false;
        }
        at = end;
        break;
      }
      case COMMA:
        values += 1;
        if (typeof inner?.place === 'number') inner.place += 1;
        else if (inner !== undefined) inner.expectsName = true;
        break;
      case OPEN_LIST:
        values += 1;
        open.push((inner = { names: undefined, place: 0, expectsName: false }));
        break;
      case OPEN_OBJECT:
        values += 1;
        open.push((inner = { names: new Set(), place: '', expectsName: true }));
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        open.pop();
        inner = open.at(-1);
        break;
    }
    if (open.length > MAX_DEPTH) return { why: `The body is nested deeper than ${MAX_DEPTH}` };
    if (values > MAX_VALUES) return { why: `The body has more than ${MAX_VALUES} values` };
  }
  return undefined;
}

/**
 * Offset of the quote that ends the text which begins at `from`; the end of everything if none
 * does.
 */
function endOfText(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return end;
  }
  return text.length;
}

/** A name without its escapes: names are compared so (RFC 8259 section 8.3). */
function nameIn(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}

const twice = (open: readonly Open[], name: string): JsonFault => ({
  why: `The member ${JSON.stringify(name.slice(0, MOST_NAME))} is there twice, and two programs may read two things in it; send it once`,
  at: jsonPointer([...open.slice(0, -1).map(({ place }) => place), name]),
});

/** A surrogate without its other half; a pair counts as one character. */
const LONE = /\p{Cs}/u;

/** True if no name and no text has half of a surrogate pair. The depth was bounded before. */
const isWellFormed = (value: unknown): boolean =>
  typeof value === 'string'
    ? !LONE.test(value)
    : typeof value !== 'object' ||
      value === null ||
      Object.entries(value).every(([name, member]) => !LONE.test(name) && isWellFormed(member));
