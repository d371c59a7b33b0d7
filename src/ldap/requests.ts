/**
 * LDAP requests as values (RFC 4511 section 4). Pure: reads one message, and judges only its form.
 */
import { BerError, type Cursor, type Element, parse } from '../crypto/certificates/ber.ts';
import { booleanValue, smallInteger } from '../crypto/certificates/ber-values.ts';
import { Tag, context } from '../crypto/certificates/der.ts';
import { defined } from '../domain/defined.ts';
import { type Filter, readFilter } from './filter.ts';
import { MOST_OCTETS } from './limits.ts';

export interface Control {
  readonly oid: string;
  readonly critical: boolean;
  readonly value?: Buffer;
}

export type BindProof =
  | { readonly kind: 'simple'; readonly password: string }
  | { readonly kind: 'sasl'; readonly mechanism: string; readonly credentials: Buffer }
  | { readonly kind: 'unknown' };

export interface SearchRequest {
  readonly kind: 'search';
  readonly base: string;
  readonly scope: 'base' | 'one' | 'sub';
  /** Most entries that the client wants; 0: it sets no limit. */
  readonly sizeLimit: number;
  /** Most seconds that the client allows; 0: it sets no limit. */
  readonly timeLimit: number;
  readonly typesOnly: boolean;
  readonly filter: Filter;
  /** Attributes as asked; empty: all. */
  readonly attributes: readonly string[];
}

export type Operation =
  | { readonly kind: 'bind'; readonly version: number; readonly name: string; readonly proof: BindProof }
  | { readonly kind: 'unbind' }
  | SearchRequest
  | { readonly kind: 'abandon'; readonly target: number }
  | { readonly kind: 'extended'; readonly oid: string }
  /** A request that changes or compares; `answer`: the tag of its response. */
  | { readonly kind: 'refused'; readonly answer: number }
  /** `why`: why it cannot be read. `limit`: it asks for more than is accepted. */
  | { readonly kind: 'malformed'; readonly answer: number; readonly limit: boolean; readonly why: string };

export interface Request {
  readonly id: number;
  readonly operation: Operation;
  readonly controls: readonly Control[];
}

/** Tags of responses. */
export const RESPONSE = { bind: 0x61, searchEntry: 0x64, searchDone: 0x65, extended: 0x78 } as const;

const LIMITS = { encoding: 'ber', maxOctets: MOST_OCTETS, maxDepth: 64, maxElements: 4000 } as const;
const MOST_ATTRIBUTES = 100;
const MOST_CONTROLS = 10;

/**
 * Throws `BerError` if not even the number of the message can be read, or if the operation is not
 * one that a client sends.
 */
export function readRequest(octets: Buffer): Request {
  const parts = parse(octets, LIMITS).as(Tag.sequence, 'a message').children();
  const id = smallInteger(parts.next('the number of a message'), 'the number of a message');
  const element = parts.next('an operation');
  const read = READERS[element.tag];
  if (id === 0 || read === undefined) throw element.error('malformed', 'this is not a request');
  const answer = ANSWERS[element.tag] ?? RESPONSE.extended;
  try {
    const operation = read(element);
    return { id, operation, controls: readControls(parts) };
  } catch (error) {
    if (!(error instanceof BerError)) throw error;
    return {
      id,
      operation: { kind: 'malformed', answer, limit: error.kind === 'limit', why: error.message },
      controls: [],
    };
  }
}

const MODIFY = 0x66;
const ADD = 0x68;
const DELETE = 0x4a;
const RENAME = 0x6c;
const COMPARE = 0x6e;

const ANSWERS: Readonly<Record<number, number>> = {
  0x60: RESPONSE.bind,
  0x63: RESPONSE.searchDone,
  0x77: RESPONSE.extended,
  [MODIFY]: 0x67,
  [ADD]: 0x69,
  [DELETE]: 0x6b,
  [RENAME]: 0x6d,
  [COMPARE]: 0x6f,
};

const refused = ({ tag }: Element): Operation => ({ kind: 'refused', answer: ANSWERS[tag] ?? RESPONSE.extended });

const READERS: Readonly<Record<number, (element: Element) => Operation>> = {
  0x60: readBind,
  0x42: () => ({ kind: 'unbind' }),
  0x63: readSearch,
  0x50: (element) => ({ kind: 'abandon', target: number(element, 'the number of a message') }),
  0x77: (element) => ({
    kind: 'extended',
    oid: octetsOf(element.children().next('a name', 0x80), 'a name').toString('latin1'),
  }),
  [MODIFY]: refused,
  [ADD]: refused,
  [DELETE]: refused,
  [RENAME]: refused,
  [COMPARE]: refused,
};

/** Strings come whole (RFC 4511 section 5.1). */
function octetsOf(element: Element, what: string): Buffer {
  if (element.constructed) throw element.error('malformed', `${what} comes in parts`);
  return element.content;
}

/**
 * The text of a value. One that is not UTF-8 gets replacement characters, and so equals no value.
 */
export const textOf = (element: Element, what: string): string => octetsOf(element, what).toString('utf8');

function number(element: Element, what: string): number {
  const content = octetsOf(element, what);
  const [first = 0x80] = content;
  if (content.length > 4 || first >= 0x80)
    throw element.error('malformed', `${what} is not a number from 0 to 2147483647`);
  return content.readUIntBE(0, content.length);
}

function readBind(element: Element): Operation {
  const parts = element.children();
  const version = number(parts.next('the version', Tag.integer), 'the version');
  const name = textOf(parts.next('a name', Tag.octetString), 'a name');
  return { kind: 'bind', version, name, proof: proofOf(parts.next('a proof')) };
}

function proofOf(element: Element): BindProof {
  if (element.tag === context(0, 'primitive')) return { kind: 'simple', password: textOf(element, 'a password') };
  if (element.tag !== context(3)) return { kind: 'unknown' };
  const parts = element.children();
  const mechanism = textOf(parts.next('a mechanism', Tag.octetString), 'a mechanism');
  const credentials = parts.optional(Tag.octetString, 'credentials');
  return {
    kind: 'sasl',
    mechanism,
    credentials: credentials === undefined ? Buffer.alloc(0) : octetsOf(credentials, 'credentials'),
  };
}

const SCOPES = ['base', 'one', 'sub'] as const;

function readSearch(element: Element): Operation {
  const parts = element.children();
  const base = textOf(parts.next('a base', Tag.octetString), 'a base');
  const scope = SCOPES[number(parts.next('a scope', Tag.enumerated), 'a scope')];
  if (scope === undefined) throw element.error('unsupported', 'the scope is none of base, one and sub');
  parts.next('what is done with aliases', Tag.enumerated);
  const sizeLimit = number(parts.next('a limit', Tag.integer), 'a limit');
  const timeLimit = number(parts.next('a limit', Tag.integer), 'a limit');
  const typesOnly = booleanValue(parts.next('typesOnly'), 'typesOnly');
  const filter = readFilter(parts.next('a filter'));
  const attributes: string[] = [];
  for (const one of parts.next('attributes', Tag.sequence).children()) {
    if (attributes.length === MOST_ATTRIBUTES)
      throw one.error('limit', `more than ${MOST_ATTRIBUTES} attributes are asked for`);
    attributes.push(textOf(one, 'an attribute'));
  }
  return { kind: 'search', base, scope, sizeLimit, timeLimit, typesOnly, filter, attributes };
}

function readControls(parts: Cursor): readonly Control[] {
  const list = parts.optional(context(0), 'controls');
  const controls: Control[] = [];
  for (const one of list?.children() ?? []) {
    if (controls.length === MOST_CONTROLS) throw one.error('limit', `there are more than ${MOST_CONTROLS} controls`);
    const fields = one.as(Tag.sequence, 'a control').children();
    const oid = textOf(fields.next('a name', Tag.octetString), 'a name');
    const critical = fields.optional(Tag.boolean, 'criticality');
    const value = fields.optional(Tag.octetString, 'a value');
    controls.push({
      oid,
      critical: critical !== undefined && booleanValue(critical, 'criticality'),
      ...defined({ value: value && octetsOf(value, 'a value') }),
    });
  }
  return controls;
}
