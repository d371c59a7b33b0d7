/**
 * Filters of a search: reads them, evaluates them with three truth values, and finds in them what
 * the store can search by.
 *
 * RFC 4511 section 4.5.1.7: a term with an unknown attribute, an order, or a matching rule of its
 * own is Undefined, not an error, since mail programs ask for attributes of many schemas. Values
 * are compared as the directory's own search does (`foldText`); white space counts as one space. In
 * telephone numbers blanks and hyphens mean nothing (RFC 4517 sections 4.2.29 and 4.2.30).
 */
import type { Element } from '../crypto/certificates/ber.ts';
import { context } from '../crypto/certificates/der.ts';
import { foldText, telephoneText } from '../domain/directory.ts';
import { type Attributes, isAsserted, isClass, isSearched, nameOf } from './attributes.ts';
import { MOST_DEPTH, MOST_TERMS } from './limits.ts';

export type Filter =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Filter[] }
  | { readonly kind: 'not'; readonly of: Filter }
  | { readonly kind: 'present'; readonly name: string }
  | { readonly kind: 'equal'; readonly name: string; readonly value: string }
  | Substrings
  | { readonly kind: 'undefined' };

interface Substrings {
  readonly kind: 'substrings';
  readonly name: string;
  readonly initial: string;
  readonly any: readonly string[];
  readonly final: string;
}

const UNDEFINED: Filter = { kind: 'undefined' };

/** Reads a filter. Throws `BerError`. */
export function readFilter(element: Element): Filter {
  let terms = 0;
  const read = (one: Element, depth: number): Filter => {
    if (depth > MOST_DEPTH) throw one.error('limit', `the filter is nested deeper than ${MOST_DEPTH} levels`);
    terms += 1;
    if (terms > MOST_TERMS) throw one.error('limit', `the filter has more than ${MOST_TERMS} terms`);
    switch (one.tag) {
      case context(0):
      case context(1):
        return {
          kind: one.tag === context(0) ? 'and' : 'or',
          of: [...one.children()].map((part) => read(part, depth + 1)),
        };
      case context(2): {
        const parts = one.children();
        const of = read(parts.next('a filter'), depth + 1);
        parts.finish('a filter behind "not"');
        return { kind: 'not', of };
      }
      case context(3):
      case context(8):
        return readEqual(one);
      case context(4):
        return readSubstrings(one);
      case context(7, 'primitive'):
        return { kind: 'present', name: nameOf(one.content.toString('utf8')) };
      case context(5):
      case context(6):
      case context(9):
        return UNDEFINED;
      default:
        throw one.error('malformed', 'the filter has a term that is none');
    }
  };
  return read(element, 1);
}

/** Text in the form in which it is compared: folded, white space as one space. */
export const prepared = (text: string): string => foldText(text).replaceAll(/\s+/g, ' ');

/** A value in the form in which values of the attribute are compared. */
const comparable = (name: string, value: string): string =>
  name === 'telephonenumber' ? telephoneText(value) : prepared(value);

const text = (name: string, element: Element): string => comparable(name, element.content.toString('utf8'));

function readEqual(element: Element): Filter {
  const parts = element.children();
  const name = nameOf(parts.next('an attribute', 0x04).content.toString('utf8'));
  const value = text(name, parts.next('a value', 0x04)).trim();
  return isAsserted(name) ? { kind: 'equal', name, value } : UNDEFINED;
}

function readSubstrings(element: Element): Filter {
  const parts = element.children();
  const name = nameOf(parts.next('an attribute', 0x04).content.toString('utf8'));
  let [initial, final] = ['', ''];
  const any: string[] = [];
  for (const one of parts.next('parts of a value', 0x30).children()) {
    if (any.length >= MOST_TERMS) throw one.error('limit', 'a value has too many parts');
    if (one.tag === context(0, 'primitive')) initial = text(name, one).trimStart();
    else if (one.tag === context(1, 'primitive')) any.push(text(name, one));
    else if (one.tag === context(2, 'primitive')) final = text(name, one).trimEnd();
    else throw one.error('malformed', 'a part of a value is none');
  }
  return isAsserted(name) ? { kind: 'substrings', name, initial, any, final } : UNDEFINED;
}

/**
 * Values as they are compared, by the folded name of their attribute; a value that is not text is
 * left out, but its attribute is present.
 */
export type Compared = ReadonlyMap<string, readonly string[]>;

export const compared = (of: Attributes): Compared =>
  new Map(
    [...of].map(([name, values]) => [
      name,
      values.flatMap((value) => (typeof value === 'string' ? [comparable(name, value).trim()] : [])),
    ]),
  );

/** True if the filter matches; undefined if it is neither true nor false (X.511 section 7.8.1). */
export function matches(filter: Filter, of: Compared): boolean | undefined {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      const settles = filter.kind === 'or';
      let all: boolean | undefined = !settles;
      for (const one of filter.of) {
        const found = matches(one, of);
        if (found === settles) return settles;
        if (found === undefined) all = undefined;
      }
      return all;
    }
    case 'not': {
      const found = matches(filter.of, of);
      return found === undefined ? undefined : !found;
    }
    case 'undefined':
      return undefined;
    case 'present':
      return isAsserted(filter.name) ? of.has(filter.name) : undefined;
    case 'equal':
      return of.get(filter.name)?.includes(filter.value) ?? false;
    case 'substrings':
      return of.get(filter.name)?.some((value) => hasParts(value, filter)) ?? false;
  }
}

/** True if the value has the parts in their order, without an overlap. */
function hasParts(value: string, { initial, any, final }: Substrings): boolean {
  if (!value.startsWith(initial)) return false;
  let at = initial.length;
  for (const part of any) {
    const found = value.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return value.length - final.length >= at && value.endsWith(final);
}

/**
 * Texts that stand in the searched text of every entry that the filter may match. `never`: the
 * filter matches no entry.
 */
export function neededParts(filter: Filter): readonly string[] | 'never' {
  switch (filter.kind) {
    case 'undefined':
      return 'never';
    case 'not':
      return [];
    case 'present':
      return isAsserted(filter.name) ? [] : 'never';
    case 'equal':
      if (isSearched(filter.name)) return wordsOf([filter.value]);
      return isClass(filter.name, filter.value) ? [] : 'never';
    case 'substrings':
      return isSearched(filter.name) ? wordsOf([filter.initial, ...filter.any, filter.final]) : [];
    case 'and': {
      const all = filter.of.map(neededParts);
      return all.includes('never') ? 'never' : [...new Set((all as (readonly string[])[]).flat())];
    }
    case 'or': {
      const ways = filter.of.map(neededParts).filter((way) => way !== 'never');
      if (ways.length === 0) return 'never';
      // A part that is in every alternative is in each entry that matches.
      const common = ways.flat().filter((part) => ways.every((way) => way.some((other) => other.includes(part))));
      return [...new Set(common)];
    }
  }
}

/**
 * cn is put together of title and role. So only words, cut at white space, commas and brackets,
 * stand in one of the two for certain.
 */
const wordsOf = (texts: readonly string[]): readonly string[] => [
  ...new Set(texts.flatMap((one) => one.split(/[\s(),]+/)).filter((word) => word !== '')),
];

/**
 * Folded addresses: an entry matches only if it has one of them. Undefined if the filter names
 * none, or more than `most`.
 */
export function addressesOf(filter: Filter, most: number): readonly string[] | undefined {
  if (filter.kind === 'equal') return filter.name === 'mail' ? [filter.value] : undefined;
  if (filter.kind === 'and')
    return filter.of.map((one) => addressesOf(one, most)).find((addresses) => addresses !== undefined);
  if (filter.kind !== 'or') return undefined;
  const ways = filter.of.filter((one) => neededParts(one) !== 'never').map((one) => addressesOf(one, most));
  if (ways.length === 0 || ways.includes(undefined)) return undefined;
  const all = [...new Set(ways.flatMap((way) => way ?? []))];
  return all.length > most ? undefined : all;
}
