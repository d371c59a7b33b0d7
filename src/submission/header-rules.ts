/**
 * Judges a header and plans our changes to it: the list in docs/standards.md, nothing else.
 *
 * RFC 6409 section 8 (Date and Message-ID added where missing), RFC 5321 sections 4.4 and 6.3
 * (trace, loops), RFC 8601 section 5 (a verdict that comes in is not ours, whomever it names, and
 * neither is what a last server writes), RFC 3834 section 2 and RFC 6522 (what a null sender is
 * for).
 */
import { type Address, addressKey, parseAddress } from '../domain/address.ts';
import { foreignSender } from '../domain/policy.ts';
import type { Refusal } from '../domain/refusal.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import { visible } from '../domain/visible.ts';
import { readMailboxes } from '../mime/address-list.ts';
import { isVerdict } from '../mime/authentication-results.ts';
import { type ContentFields, contentFields } from '../mime/content-fields.ts';
import { isEncrypted } from '../mime/encrypted.ts';
import { isFinalField } from '../mime/final-fields.ts';
import { type Header, type HeaderField, fieldText, fieldsNamed } from '../mime/header.ts';
import { addressesBeside } from '../mime/shown-addresses.ts';
import { isOwnReceived } from '../mime/received.ts';
import { asksForReceipt } from './receipt-request.ts';
import { refusals } from './refusals.ts';

export const MAX_RECEIVED = 30;

export interface HeaderContext {
  readonly hostname: string;
  readonly nullSender: boolean;
  readonly maySendAs: (address: Address) => Promise<boolean>;
}

export interface HeaderPlan {
  /** The one address in From; the account may send as it. */
  readonly from: Address;
  /** Fields that are left out. */
  readonly removed: readonly HeaderField[];
  readonly needsDate: boolean;
  /** The sender encrypted the message, as far as its header tells. */
  readonly encrypted: boolean;
  /** Fields of the header about the content. */
  readonly content: ContentFields;
  readonly needsMessageId: boolean;
  /** The header has the field `Sluis-Receipt: collected`. */
  readonly receipt: boolean;
  /** Message-ID without angle brackets; empty if the message has none yet. */
  readonly messageId: string;
  /** The header says that it is MIME, or at least what its content is. */
  readonly mime: boolean;
  /** Sent by a program of itself, or to many (RFC 3834 section 2). */
  readonly automatic: boolean;
  /** What the sending program calls itself; empty if it does not say. */
  readonly client: string;
  /** Addresses in Reply-To; the sender is warned if they lie outside the group. */
  readonly replyTo: readonly string[];
}

/** `content`: what it says of the content, where that was read already. */
export async function judgeHeader(
  header: Header,
  context: HeaderContext,
  content = contentFields(header.octets),
): Promise<Result<HeaderPlan, Refusal>> {
  const received = fieldsNamed(header, 'received');
  const own = received.filter((f) => isOwnReceived(fieldText(header, f), context.hostname)).length;
  if (received.length > MAX_RECEIVED || own >= 2) return fail(refusals.mailLoop);
  if (context.nullSender && !isReport(header)) return fail(refusals.nullSender);

  const from = fieldsNamed(header, 'from');
  if (from.length > 1) return fail(refusals.fromTwice);
  const author = await judgeOne(header, 'from', 'header From', context);
  if (!author.ok) return author;
  if (author.value === undefined) return fail(refusals.fromMissing);
  const sender = await judgeOne(header, 'sender', 'header Sender', context);
  if (!sender.ok) return sender;

  const messageId = fieldsNamed(header, 'message-id')[0];
  const replyTo: string[] = [];
  for (const field of fieldsNamed(header, 'reply-to')) {
    const read = readMailboxes(fieldText(header, field));
    const lie = await judgeNames(header, field, 'Reply-To', read.ok ? read.value : [], context);
    // A field that cannot be read passes if it holds one address: there is nothing that it could
    // hide.
    if (!lie.ok) return read.ok ? lie : fail(refusals.malformedField({ name: 'Reply-To', why: read.error }));
    if (read.ok) replyTo.push(...read.value);
  }
  return ok({
    from: author.value,
    removed: header.fields.filter(isRemoved),
    encrypted: isEncrypted(header),
    content,
    needsDate: fieldsNamed(header, 'date').length === 0,
    needsMessageId: messageId === undefined,
    receipt: asksForReceipt(header),
    mime: header.fields.some(({ name }) => name === 'mime-version' || name === 'content-type'),
    automatic: isAutomatic(header),
    client: clientOf(header),
    messageId: messageId === undefined ? '' : plainMessageId(fieldText(header, messageId)),
    replyTo,
  });
}

/**
 * Judges a field that may hold one mailbox, which the account may send as; the field may be absent.
 */
async function judgeOne(
  header: Header,
  name: 'from' | 'sender',
  what: 'header From' | 'header Sender',
  context: HeaderContext,
): Promise<Result<Address | undefined, Refusal>> {
  const fields = fieldsNamed(header, name);
  const [field] = fields;
  if (field === undefined) return ok(undefined);
  const title = name === 'from' ? 'From' : 'Sender';
  const malformed = (why: string): Result<undefined, Refusal> => fail(refusals.malformedField({ name: title, why }));
  if (fields.length > 1) return malformed('the field stands more than once');
  if (field.spaced) return malformed('there is a space before its colon');
  const mailboxes = readMailboxes(fieldText(header, field));
  if (!mailboxes.ok) return malformed(mailboxes.error);
  const [first, second] = mailboxes.value;
  if (first === undefined || second !== undefined) return malformed(`it holds ${mailboxes.value.length} addresses`);
  const address = parseAddress(first);
  if (!address.ok) return malformed(address.error);
  if (!(await context.maySendAs(address.value))) return fail(foreignSender(what));
  const names = await judgeNames(header, field, title, [first], context);
  return names.ok ? ok(address.value) : names;
}

/**
 * A name that a reader sees beside an address of `mailboxes` must not be the address of somebody
 * else.
 */
async function judgeNames(
  header: Header,
  field: HeaderField,
  name: string,
  mailboxes: readonly string[],
  context: HeaderContext,
): Promise<Result<undefined, Refusal>> {
  const beside = addressesBeside(fieldText(header, field), mailboxes);
  if (!beside.ok) return fail(refusals.malformedField({ name, why: beside.error }));
  for (const shown of beside.value) {
    const address = parseAddress(shown);
    if (!address.ok || !(await context.maySendAs(address.value))) return fail(refusals.nameLies({ name }));
  }
  return ok(undefined);
}

const isAutoSubmitted = (header: Header): boolean =>
  fieldsNamed(header, 'auto-submitted').some((f) => !/^no\b/i.test(fieldText(header, f)));

const isAutomatic = (header: Header): boolean =>
  isAutoSubmitted(header) ||
  fieldsNamed(header, 'list-id').length > 0 ||
  fieldsNamed(header, 'precedence').some((f) => /^(?:bulk|junk|list)\b/i.test(fieldText(header, f)));

function isReport(header: Header): boolean {
  const automatic = isAutoSubmitted(header);
  return (
    automatic || fieldsNamed(header, 'content-type').some((f) => /^multipart\/report\b/i.test(fieldText(header, f)))
  );
}

const isRemoved = ({ name }: HeaderField): boolean =>
  name === 'bcc' || name === 'resent-bcc' || isVerdict(name) || isFinalField(name);

const MAX_CLIENT = 80;

function clientOf(header: Header): string {
  const field = header.fields.find(({ name }) => name === 'x-mailer' || name === 'user-agent');
  return field === undefined ? '' : visible(fieldText(header, field), MAX_CLIENT);
}

const plainMessageId = (value: string): string => /<([^<>]{1,512})>/.exec(value)?.[1] ?? value.slice(0, 512);

/** The key of a Reply-To address, undefined when it is no address of any group. */
export const keyOf = (text: string): ReturnType<typeof addressKey> | undefined => {
  const address = parseAddress(text);
  return address.ok ? addressKey(address.value) : undefined;
};
