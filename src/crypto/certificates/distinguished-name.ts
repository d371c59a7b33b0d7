/**
 * Distinguished names: who a certificate is about and who issued it.
 *
 * Names are compared by meaning, not by octets (RFC 5280 section 7.1): string type, letter case,
 * runs of spaces and the order inside a multi-valued RDN do not count. Comparing octets fails in
 * the field: authorities re-encode their own name when they renew.
 */
import { type Result, fail, ok } from '../../domain/result.ts';
import type { Element } from './ber.ts';
import { oidValue, textValue } from './ber-values.ts';
import { type Encoded, Tag, ia5, oid, printable, sequence, sequenceOf, setOf, utf8 } from './der.ts';
import { Oid } from './oids.ts';

export interface Attribute {
  /** Dotted object identifier. */
  readonly type: string;
  /** Text, or `#` and the encoding in hexadecimal where the value is of no string type. */
  readonly value: string;
}
/** One step of a name; nearly always a single attribute. */
export type Rdn = readonly Attribute[];
/** From the most general step (the country) to the most specific one, as encoded. */
export type Name = readonly Rdn[];

const MAX_RDNS = 32;
const MAX_ATTRIBUTES = 8;
const MAX_VALUE = 1024;

const SHORT: Readonly<Record<string, string>> = {
  CN: Oid.commonName,
  SN: Oid.surname,
  serialNumber: Oid.serialNumber,
  C: Oid.country,
  L: Oid.locality,
  ST: Oid.state,
  street: Oid.street,
  O: Oid.organisation,
  OU: Oid.organisationalUnit,
  title: Oid.title,
  GN: Oid.givenName,
  organizationIdentifier: Oid.organisationIdentifier,
  DC: Oid.domainComponent,
  UID: Oid.userId,
  emailAddress: Oid.emailAddress,
};
const shortOf = new Map(Object.entries(SHORT).map(([short, dotted]) => [dotted, short]));
const oidOf = new Map(Object.entries(SHORT).map(([short, dotted]) => [short.toLowerCase(), dotted]));

function readAttribute(element: Element): Attribute {
  const inside = element.as(Tag.sequence, 'attribute of a name').children();
  const type = oidValue(inside.next('attribute type'), 'attribute type');
  const content = inside.next('attribute value');
  inside.finish('attribute of a name');
  const value = textValue(content, 'attribute value') ?? `#${content.raw.toString('hex')}`;
  if (value.length > MAX_VALUE) throw content.error('limit', `a value of a name has more than ${MAX_VALUE} characters`);
  return { type, value };
}

/** Reads a Name (RFC 5280 section 4.1.2.4). Throws `BerError`. */
export function readName(element: Element): Name {
  const rdns: Rdn[] = [];
  for (const set of element.as(Tag.sequence, 'name').children()) {
    const rdn = [...set.as(Tag.set, 'step of a name').children()].map(readAttribute);
    if (rdn.length === 0) throw set.error('malformed', 'a step of a name is empty');
    if (rdn.length > MAX_ATTRIBUTES || rdns.length >= MAX_RDNS) throw set.error('limit', 'a name has too many parts');
    rdns.push(rdn);
  }
  return rdns;
}

function encodeValue({ type, value }: Attribute): Encoded {
  if (type === Oid.country || type === Oid.serialNumber) return printable(value);
  return type === Oid.emailAddress || type === Oid.domainComponent ? ia5(value) : utf8(value);
}

/** Text becomes UTF8String, or what RFC 5280 appendix A.1 demands for the attribute. */
export const encodeName = (name: Name): Encoded =>
  sequenceOf(name.map((rdn) => setOf(rdn.map((attribute) => sequence(oid(attribute.type), encodeValue(attribute))))));

/**
 * RFC 4518: invisible characters (soft hyphen, joiners, direction marks) count for nothing, all
 * white space is one space.
 */
export const foldValue = (text: string): string =>
  text
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .toLowerCase()
    .normalize('NFKC')
    .replace(/\s+/g, ' ')
    .trim();

const rdnKey = (rdn: Rdn): string => JSON.stringify(rdn.map(({ type, value }) => `${type}=${foldValue(value)}`).sort());

/**
 * A name never changes once it was read; folding one costs 5 microseconds, and a path compares
 * many.
 */
const keys = new WeakMap<Name, string>();

/** Two names are the same exactly when their keys are: order of the steps counts. For chains. */
export function nameKey(name: Name): string {
  const known = keys.get(name) ?? name.map(rdnKey).join(',');
  keys.set(name, known);
  return known;
}

/**
 * As `nameKey`, but the order of the steps does not count: for names that a person typed, who
 * writes them most specific first.
 */
export const looseNameKey = (name: Name): string => name.map(rdnKey).sort().join(',');

export const sameName = (a: Name, b: Name): boolean => nameKey(a) === nameKey(b);

const escapeValue = (value: string): string =>
  value
    .replace(/[,+"\\<>;=]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ')
    .replace(/\p{C}/gu, '\\ufffd');

/** For people and logs: most specific step first (RFC 4514), control characters never shown raw. */
export const formatName = (name: Name): string =>
  [...name]
    .reverse()
    .map((rdn) => rdn.map(({ type, value }) => `${shortOf.get(type) ?? type}=${escapeValue(value)}`).join('+'))
    .join(', ');

/** First value of an attribute; for the common name and the like. */
export const attributeOf = (name: Name, type: string): string | undefined =>
  name.flat().find((attribute) => attribute.type === type)?.value;

/** Octets of UTF-8, each as a backslash and two digits (RFC 4514 section 3). */
const HEX_RUN = /(?:\\[0-9a-f]{2})+/iy;
const DOTTED = /^(?:[01]\.[1-3]?\d|2\.\d{1,9})(?:\.\d{1,9}){0,20}$/;

interface Typed {
  readonly key: string;
  readonly value: string;
  /** Separator behind the value. */
  readonly separator: ',' | '+' | '';
}

/**
 * Cuts a typed name at its unescaped commas and pluses, one pass (a regular expression for this was
 * quadratic); undefined if it cannot be one.
 */
function cut(text: string): readonly Typed[] | undefined {
  const parts: Typed[] = [];
  let key: string | undefined;
  let value = '';
  let solid = 0; // up to here white space was escaped, and stays
  const finish = (separator: Typed['separator']): boolean => {
    if (key === undefined) return false;
    parts.push({ key, value: value.slice(0, solid) + value.slice(solid).trimEnd(), separator });
    [key, value, solid] = [undefined, '', 0];
    return true;
  };
  for (let at = 0; at < text.length; at++) {
    const c = text.charAt(at);
    if (key === undefined && c === '=') [key, value] = [value.trim(), ''];
    else if (c === '\\') {
      if (at + 1 >= text.length) return undefined;
      HEX_RUN.lastIndex = at;
      const run = HEX_RUN.exec(text)?.[0];
      value += run === undefined ? text.charAt(at + 1) : Buffer.from(run.replaceAll('\\', ''), 'hex').toString('utf8');
      at += (run?.length ?? 2) - 1;
      solid = value.length;
    } else if (c === ',' || c === '+') {
      if (!finish(c)) return undefined;
    } else if ('"<>;'.includes(c)) return undefined;
    else if (value !== '' || c.trim() !== '') value += c;
  }
  return finish('') ? parts : undefined;
}

/**
 * Parses `CN=Praktijk De Brug, O=Zorggroep, C=NL` (most specific first, RFC 4514 with short names
 * or dotted identifiers).
 */
export function parseName(text: string): Result<Name, string> {
  if (text.length > 4096) return fail('the name is longer than 4096 characters');
  const parts = cut(text);
  if (!parts)
    return fail(`cannot read the name "${text.slice(0, 60)}"; expected a text like CN=Name, O=Organisation, C=NL`);
  const rdns: Attribute[][] = [[]];
  for (const { key, value, separator } of parts) {
    const type = oidOf.get(key.toLowerCase()) ?? (DOTTED.test(key) ? key : undefined);
    if (type === undefined)
      return fail(`"${key}" is not a known attribute; expected one of ${Object.keys(SHORT).join(', ')}`);
    const problem = attributeProblem(type, value);
    if (problem !== undefined) return fail(`${key} ${problem}`);
    rdns.at(-1)?.push({ type, value });
    if (separator === ',') rdns.push([]);
  }
  if (rdns.length > MAX_RDNS || rdns.some((rdn) => rdn.length > MAX_ATTRIBUTES))
    return fail('the name has too many parts');
  return ok(rdns.reverse());
}

/**
 * What keeps a text from being the value of an attribute (upper bounds of RFC 5280 appendix A.1);
 * undefined if nothing does.
 */
export function attributeProblem(type: string, value: string): string | undefined {
  if (value.trim() === '') return 'is empty';
  if (/\p{Cc}|\p{Cs}/u.test(value)) return 'has a control character';
  const limit = type === Oid.emailAddress ? 255 : type === Oid.street || type === Oid.locality ? 128 : 64;
  if (Array.from(value).length > limit) return `has more than ${limit} characters`;
  if (type === Oid.country && !/^[A-Z]{2}$/.test(value)) return 'is not a country code of two capital letters';
  if (type === Oid.serialNumber && !/^[A-Za-z0-9 '()+,./:=?-]*$/.test(value))
    return 'has a character that is not printable';
  const ascii = type === Oid.emailAddress || type === Oid.domainComponent;
  return ascii && !/^[\x20-\x7e]*$/.test(value) ? 'has a character outside ASCII' : undefined;
}

/**
 * A name for a subject of ours: the given parts in the usual order, country first. Throws
 * `RangeError` on a value that does not fit.
 */
export function makeName(parts: {
  readonly commonName: string;
  readonly organisation?: string;
  readonly unit?: string;
  readonly locality?: string;
  readonly country?: string;
  readonly serialNumber?: string;
}): Name {
  const wanted: readonly (readonly [string, string | undefined])[] = [
    [Oid.country, parts.country],
    [Oid.locality, parts.locality],
    [Oid.organisation, parts.organisation],
    [Oid.organisationalUnit, parts.unit],
    [Oid.commonName, parts.commonName],
    [Oid.serialNumber, parts.serialNumber],
  ];
  return wanted.flatMap(([type, value]) => {
    if (value === undefined) return [];
    const problem = attributeProblem(type, value);
    if (problem !== undefined) throw new RangeError(`Cannot make a name: ${shortOf.get(type) ?? type} ${problem}`);
    return [[{ type, value }]];
  });
}
