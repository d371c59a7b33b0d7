/**
 * Receipts: a sender that asked for it is told when its message was fetched to its end and that was
 * confirmed by QUIT, or seen twice.
 *
 * A report with `Action: delivered` and fields of our own, so that a program can read it; the words
 * say fetched, not read. One for each message and mailbox, whatever is restored or fetched again:
 * its key is in `Acceptance.once`.
 */
import { recipientsIn } from '../domain/recipients.ts';
import { defined } from '../domain/defined.ts';
import type { Clock, Log } from '../domain/effects.ts';
import type { AccountId, MessageId } from '../domain/ids.ts';
import type { MessagePart, MessageParts } from '../domain/message-part.ts';
import { type Attachment, type Collection, collectedLetters } from '../letters/receipt.ts';
import { formatDate } from '../mime/date.ts';
import type { DsnRecipient } from '../mime/dsn.ts';
import type { MessageRecord } from '../store/deliveries.ts';
import type { Deliveries } from '../store/port/mail.ts';
import type { Registry } from '../store/port/registry.ts';
import type { PreparedNotice } from '../store/acceptance.ts';
import type { Store } from '../store/port/store.ts';
import { contrlFor, contrlKey, wantsContrl } from './contrl.ts';
import type { NoticeWriter } from './notice-writer.ts';
import { type OriginalReader, aboutOf, idForSender, readOriginal } from './original.ts';

export interface ReceiptParts {
  readonly noticeWriter: NoticeWriter;
  readonly deliveries: Pick<Deliveries, 'findMessage' | 'usedKeys'> & OriginalReader;
  readonly registry: Pick<Registry, 'findAccountById' | 'findOrganisation' | 'findRecipient'>;
  /** Parts of a message as it was submitted. */
  readonly messageParts: Store['messageParts'];
  readonly clock: Clock;
  readonly log: Log;
}

/** What one session collected, and how. */
export interface CollectedBy {
  readonly account: AccountId;
  readonly messages: readonly MessageId[];
  readonly tls: string;
  readonly by: 'quit' | 'twice' | 'hung-up';
}

/** Most receipts of one session; further messages are noted in the log and stand in the trace. */
export const MAX_RECEIPTS = 1000;

/**
 * The receipts that are owed for messages which the account's owner has collected. Never rejects:
 * where they cannot be written, nobody is kept from fetching, and the trace still tells what was
 * fetched.
 */
export async function receiptsFor(parts: ReceiptParts, collected: CollectedBy): Promise<readonly PreparedNotice[]> {
  const { account, messages } = collected;
  const ids = [...new Set(messages)];
  if (ids.length > MAX_RECEIPTS)
    parts.log.warn('receipt.cut', { account, collected: ids.length, receipts: MAX_RECEIPTS });
  const prepared: PreparedNotice[] = [];
  try {
    await prepare(parts, collected, ids.slice(0, MAX_RECEIPTS), prepared);
    return prepared;
  } catch (error) {
    for (const notice of prepared) await notice.discard();
    parts.log.error('receipt.failed', { account, collected: ids.length, why: String(error) });
    return [];
  }
}

async function prepare(
  parts: ReceiptParts,
  collected: CollectedBy,
  ids: readonly MessageId[],
  prepared: PreparedNotice[],
): Promise<void> {
  const { account } = collected;
  // A client that leaves its mail on the server may fetch it every day. What is here for an
  // acknowledgement alone has no receipt.
  const used = new Set(await parts.deliveries.usedKeys(ids.map((id) => keyOf(id, account))));
  const answered = new Set(await parts.deliveries.usedKeys(ids.map((id) => contrlKey({ id }))));
  const left = ids.filter((id) => !used.has(keyOf(id, account)) || !answered.has(contrlKey({ id })));
  const organisation = left.length === 0 ? '' : await titleOf(parts, account);
  const how = { organisation, at: parts.clock.now(), tls: collected.tls, by: collected.by };
  for (const id of left) {
    const message = await parts.deliveries.findMessage(id);
    if (message === undefined) continue;
    const receipt = used.has(keyOf(id, account))
      ? undefined
      : await receiptFor(parts, account, message, { ...how, once: keyOf(id, account) });
    if (receipt !== undefined) prepared.push(receipt);
    const mine = recipientsIn(message.recipients, account);
    const contrl = wantsContrl(mine) ? await contrlFor(parts, message, 'received') : undefined;
    if (contrl !== undefined) prepared.push(contrl);
  }
}

/**
 * Of the receipt for a message in a mailbox; `again`: of the n-th time that it is said once more.
 */
export const keyOf = (message: MessageId, account: AccountId, again = 0): string =>
  `collected:${message}:${account}${again === 0 ? '' : `:again:${again}`}`;

/** Full name of the organisation. */
export async function titleOf({ registry }: Pick<ReceiptParts, 'registry'>, account: AccountId): Promise<string> {
  const summary = await registry.findAccountById(account);
  const organisation = summary === undefined ? undefined : await registry.findOrganisation(summary.organisation);
  return organisation?.title ?? '';
}

/** Recipients in that mailbox whose collection the sender wants to hear of. */
export const askedFor = ({ sender, recipients }: MessageRecord, account: AccountId): MessageRecord['recipients'] =>
  sender === '' ? [] : recipientsIn(recipients, account).filter((r) => r.receipt === true);

export interface How extends Pick<Collection, 'organisation' | 'at' | 'tls' | 'by' | 'again'> {
  readonly once: string;
}

/**
 * Undefined if nobody asked for it, or there is nobody to tell. Rejects with StoreFull or
 * StoreFailed.
 */
export async function receiptFor(
  { noticeWriter, deliveries, messageParts }: Omit<ReceiptParts, 'registry' | 'clock' | 'log'>,
  account: AccountId,
  message: MessageRecord,
  { once, ...how }: How,
): Promise<PreparedNotice | undefined> {
  const { sender, messageIdField } = message;
  const recipients = askedFor(message, account);
  if (sender === '' || recipients.length === 0) return undefined;
  const id = idForSender(message);
  const original = await readOriginal(deliveries, message);
  // What was opened is its addressee's, and so is its hash; what was protected or verified is not
  // what the sender can compare with.
  const submitted = message.copyOf === undefined ? message : await deliveries.findMessage(message.copyOf);
  const parts = await messageParts(id);
  const collection: Collection = {
    ...how,
    message: aboutOf(message, original),
    recipients: recipients.map((r) => r.address),
    ...defined({ sha256: submitted?.sha256 }),
    attachments: parts === undefined ? [] : attachmentsOf(parts),
  };
  return await noticeWriter.report(await noticeWriter.places.ofSender(sender, message.submitter), {
    kind: 'collected',
    once,
    ...defined({ again: how.again }),
    about: { id, messageIdField },
    message: { ...message, id },
    letters: collectedLetters(collection),
    recipients: recipients.map((r) => ({
      recipient: r.address,
      ...originalOf(r),
      action: 'delivered',
      status: '2.0.0',
      extensions: extensionsOf(collection),
    })),
    ...defined({ original: original && { header: original.header } }),
  });
}

/** RFC 3461 section 6.3 (a); for a substitute the absentee is the one whom the sender named. */
export const originalOf = (recipient: MessageRecord['recipients'][number]): Pick<DsnRecipient, 'originalRecipient'> => {
  const { originalRecipient, substituteFor } = recipient;
  if (originalRecipient !== undefined) return { originalRecipient };
  return substituteFor === undefined ? {} : { originalRecipient: `rfc822;${substituteFor}` };
};

const extensionsOf = (c: Collection): NonNullable<DsnRecipient['extensions']> => [
  ['X-Sluis-Collected', formatDate(c.at)],
  ['X-Sluis-Collected-By', c.organisation],
  ...(c.by === undefined ? [] : [['X-Sluis-Confirmed', c.by] as const]),
  ...(c.again === undefined ? [] : [['X-Sluis-Repeated', 'yes'] as const]),
  ['X-Sluis-TLS', c.tls],
  ...(c.sha256 === undefined ? [] : [['X-Sluis-SHA256', c.sha256] as const]),
  // A hash that another program may not find again proves nothing: people read that it is so,
  // programs are not told.
  ...c.attachments
    .filter(({ damaged }) => damaged !== true)
    .map(({ name, sha256 }) => ['X-Sluis-Attachment-SHA256', `${sha256} ${name}`.trim()] as const),
];

const TEXT: ReadonlySet<string> = new Set(['text/plain', 'text/html']);

/**
 * What a receipt calls an attachment: every part with a name, everything that is no text, and text
 * in which EDI was found: old systems send an interchange as the only, nameless part. The hash is
 * of the decoded octets as submitted, before any protection.
 */
export function attachmentsOf({ leaves, interchanges }: MessageParts): Attachment[] {
  const edi = new Set(interchanges.map(({ part }) => part));
  return leaves
    .filter(({ name, type, path }) => name !== '' || !TEXT.has(type) || edi.has(path))
    .map(({ name, sha256, exact }: MessagePart) => ({ name, sha256, ...(exact ? {} : { damaged: true }) }));
}
