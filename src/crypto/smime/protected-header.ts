/**
 * Fields of the letter that travel below a signature or inside an encryption: a whole message (RFC
 * 8551 section 3.1), or a copy of the header on the content (RFC 9788). What is protected is
 * compared with what stands outside, since mail programs show the one or the other.
 */
import { type Address, addressKey, parseAddress } from '../../domain/address.ts';
import { readMailboxes } from '../../mime/address-list.ts';
import { decodeEncodedWords } from '../../mime/encoded-word.ts';
import { type Header, type HeaderField, fieldText, fieldsNamed } from '../../mime/header.ts';
import { readFieldValue } from '../../mime/parameters.ts';
import { addressesBeside } from '../../mime/shown-addresses.ts';
import { type Message, messageInside } from './message.ts';

/**
 * One address in From, or nobody: a signature of one of several authors proves nothing of the
 * others.
 */
export function fromOf(header: Header): Address | undefined {
  const fields = fieldsNamed(header, 'from');
  const [field] = fields;
  if (field === undefined || fields.length !== 1) return undefined;
  const mailboxes = readMailboxes(fieldText(header, field));
  const [only] = mailboxes.ok && mailboxes.value.length === 1 ? mailboxes.value : [];
  const address = only === undefined ? undefined : parseAddress(only);
  return address?.ok === true ? address.value : undefined;
}

/**
 * Fields that must say the same inside and outside an encryption: who wrote it, to whom, when,
 * which message it is.
 */
const BOUND = ['from', 'sender', 'to', 'cc', 'date', 'message-id'] as const;
/** Below a mere signature nothing is hidden, so these must be the same as well. */
const SHOWN = [...BOUND, 'subject', 'reply-to', 'in-reply-to', 'references'] as const;
type Compared = (typeof SHOWN)[number];

/** What the gateway itself adds outside where it is missing (RFC 6409 section 8). */
const ADDED: ReadonlySet<string> = new Set(['date', 'message-id']);
const ADDRESSES: ReadonlySet<string> = new Set(['from', 'sender', 'to', 'cc', 'reply-to']);

export const hasField = (header: Header, name: string): boolean => header.fields.some((field) => field.name === name);

/**
 * How the letter's header travels. `whole`: in a message that is the content. `copy`: on the
 * content.
 */
export type Carried = 'whole' | 'copy' | undefined;

/** How the header travels, given `inside`: the header of the content itself. */
export function carriedBy(inside: Header): Carried {
  const field = inside.fields.find(({ name }) => name === 'content-type');
  if (field === undefined) return undefined;
  const { word, parameters } = readFieldValue(fieldText(inside, field));
  if (word === 'message/rfc822' || word === 'message/global') return 'whole';
  return parameters.has('protected-headers') || parameters.has('hp') ? 'copy' : undefined;
}

/** The header of the content alone, where that of the letter stands in front of it. */
export const contentHeader = ({ header, outside = 0 }: Message): Header => ({
  octets: header.octets,
  fields: header.fields.slice(outside),
});

/** The header of the letter alone. */
export const letterHeader = ({ header, outside }: Message): Header =>
  outside === undefined ? header : { octets: header.octets, fields: header.fields.slice(0, outside) };

/**
 * Names of the fields that say something else outside than inside. `hidden`: below an encryption,
 * where the subject outside may be another one. A copy need not hold every field; a whole message
 * is compared in all of them.
 */
export function differing(outer: Header, inner: Header, carried: 'whole' | 'copy', hidden: boolean): string[] {
  const names: readonly Compared[] = hidden ? BOUND : SHOWN;
  const differ = names.filter((name) => {
    const optional = carried === 'copy' || ADDED.has(name);
    if (optional && !hasField(inner, name)) return false;
    return meaningOf(outer, name) !== meaningOf(inner, name);
  });
  return [...new Set([...differ, ...lyingNames(inner)])];
}

/**
 * Fields inside whose display name shows another address than they hold. Submission refuses such
 * names, but encrypted content was not judged there; a reader takes it for another sender, and so
 * do we.
 */
const lyingNames = (header: Header): string[] =>
  ['from', 'sender', 'reply-to'].filter((name) =>
    fieldsNamed(header, name).some((field) => {
      const mailboxes = readMailboxes(fieldText(header, field));
      const beside = addressesBeside(fieldText(header, field), mailboxes.ok ? mailboxes.value : []);
      return !beside.ok || beside.value.length > 0;
    }),
  );

/** Addresses are compared by meaning, everything else by its words. */
const meaningOf = (header: Header, name: Compared): string =>
  fieldsNamed(header, name)
    .map((field) => (ADDRESSES.has(name) ? addressesIn(fieldText(header, field)) : wordsIn(header, field, name)))
    .join('\n');

function wordsIn({ octets }: Header, { value, end }: HeaderField, name: Compared): string {
  const words = decodeEncodedWords(octets.toString('latin1', value, end))
    .replace(/\s+/g, ' ')
    .trim();
  return name === 'subject' ? words : words.toLowerCase();
}

function addressesIn(text: string): string {
  const mailboxes = readMailboxes(text);
  if (!mailboxes.ok) return text.trim();
  return mailboxes.value
    .map((mailbox) => {
      const address = parseAddress(mailbox);
      return address.ok ? addressKey(address.value) : mailbox;
    })
    .sort()
    .join(' ');
}

/**
 * Names of fields that differ in a content that is only signed and stays as it is. Undefined: it
 * protects no header.
 */
export async function differingBelow(content: Message): Promise<readonly string[] | undefined> {
  const inside = contentHeader(content);
  const carried = carriedBy(inside);
  if (carried === undefined) return undefined;
  const letter = letterHeader(content);
  if (carried === 'copy') return differing(letter, inside, carried, false);
  const inner = await messageInside(content);
  // Some program may read what we cannot, so nothing outside is known to be what was signed.
  return inner.ok ? differing(letter, inner.value.header, carried, false) : SHOWN;
}
