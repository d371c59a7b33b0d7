/** LDAP responses, written (RFC 4511 section 4). Pure. */
import {
  type Encoded,
  Tag,
  context,
  encode,
  integer,
  octetString,
  sequence,
  setOf,
  value,
} from '../crypto/certificates/der.ts';
import { type Attributes, shownName } from './attributes.ts';
import { RESPONSE } from './requests.ts';
import type { LdapResult } from './results.ts';

const octets = (text: string | Uint8Array, tag: number = Tag.octetString): Encoded =>
  value(tag, Buffer.from(text as string));

export interface ResponseControl {
  readonly oid: string;
  readonly value: Encoded;
}

const message = (id: number, operation: Encoded, controls: readonly ResponseControl[] = []): Buffer =>
  encode(
    sequence(
      integer(id),
      operation,
      ...(controls.length === 0
        ? []
        : [value(context(0), ...controls.map((one) => sequence(octets(one.oid), octetString(one.value))))]),
    ),
  );

const resultParts = ({ code, text }: LdapResult, matched: string): readonly Encoded[] => [
  integer(code, Tag.enumerated),
  octets(matched),
  octets(text),
];

/** `answer`: tag of the response. `matched`: the part of the requested name that exists. */
export const response = (
  id: number,
  answer: number,
  given: LdapResult,
  { matched = '', controls = [] }: { readonly matched?: string; readonly controls?: readonly ResponseControl[] } = {},
): Buffer => message(id, value(answer, ...resultParts(given, matched)), controls);

export function entryResponse(id: number, name: string, of: Attributes, typesOnly: boolean): Buffer {
  const list = [...of].map(([attribute, values]) =>
    sequence(octets(shownName(attribute)), setOf(typesOnly ? [] : values.map((one) => octets(one)))),
  );
  return message(id, value(RESPONSE.searchEntry, octets(name), sequence(...list)));
}

/**
 * RFC 4511 section 4.12: `name` is the OID of the response, `content` its value; both are left out
 * if the operation has none.
 */
export const extendedResponse = (id: number, given: LdapResult, name?: string, content?: string): Buffer =>
  message(
    id,
    value(
      RESPONSE.extended,
      ...resultParts(given, ''),
      ...(name === undefined ? [] : [octets(name, context(10, 'primitive'))]),
      ...(content === undefined ? [] : [octets(content, context(11, 'primitive'))]),
    ),
  );

/** Notice of Disconnection (RFC 4511 section 4.4.1): the connection ends after it. */
export const disconnection = (given: LdapResult): Buffer => extendedResponse(0, given, '1.3.6.1.4.1.1466.20036');
