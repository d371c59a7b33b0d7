/**
 * Receipts: a sender that asked for it is told when its message was fetched to its end and that was confirmed by QUIT, or seen twice.
 *
 * A report with `Action: delivered` and fields of our own, so that a program can read it; the words say fetched, not read. One for each
 * message and mailbox, whatever is restored or fetched again: its key is in `Acceptance.once`.
 */
import type { Log } from '../domain/effects.ts';
import type { AccountId, MessageId } from '../domain/ids.ts';
import type { Instant } from '../domain/units.ts';
import { formatDate } from '../mime/date.ts';
import type { DsnRecipient } from '../mime/dsn.ts';
import type { Deliveries, MessageRecord } from '../store/deliveries.ts';
import type { Registry } from '../store/registry.ts';
import type { PreparedNotice } from '../store/store.ts';
import type { Desk } from './desk.ts';
import { readOriginal } from './original.ts';
import { type Attachment, type Collection, collectedLetters } from './receipt-letters.ts';

export interface ReceiptParts {
  readonly desk: Desk;
  readonly deliveries: Pick<Deliveries, 'findMessage' | 'openMessage'>;
  readonly registry: Pick<Registry, 'findAccountById' | 'findOrganisation'>;
  readonly log: Log;
  /** The files in a message with the hashes of their decoded octets, as they were taken when it was submitted. */
  readonly attachments: (message: MessageId) => Promise<readonly Attachment[]>;
}

/** How a session collected. */
export interface CollectedBy {
  readonly at: Instant;
  readonly tls: string;
  readonly by: 'quit' | 'twice';
}

/** Most receipts of one session: what is more is told of in the log and stands in the trace. */
export const MAX_RECEIPTS = 1000;

/** The receipts that are owed for messages which the account's owner has collected; those that cannot be told stay out. */
export async function receiptsFor(
  parts: ReceiptParts,
  account: AccountId,
  collected: readonly MessageId[],
  how: CollectedBy,
): Promise<readonly PreparedNotice[]> {
  if (collected.length > MAX_RECEIPTS)
    parts.log.warn('receipt.cut', { account, collected: collected.length, receipts: MAX_RECEIPTS });
  const prepared: PreparedNotice[] = [];
  try {
    const organisation = await titleOf(parts, account);
    for (const id of new Set(collected.slice(0, MAX_RECEIPTS))) {
      const message = await parts.deliveries.findMessage(id);
      const receipt = message === undefined ? undefined : await receiptFor(parts, account, message, organisation, how);
      if (receipt !== undefined) prepared.push(receipt);
    }
    return prepared;
  } catch (error) {
    for (const notice of prepared) await notice.discard();
    throw error;
  }
}

async function titleOf({ registry }: ReceiptParts, account: AccountId): Promise<string> {
  const summary = await registry.findAccountById(account);
  const organisation = summary === undefined ? undefined : await registry.findOrganisation(summary.organisation);
  return organisation?.title ?? '';
}

async function receiptFor(
  { desk, deliveries, attachments }: ReceiptParts,
  account: AccountId,
  message: MessageRecord,
  organisation: string,
  how: CollectedBy,
): Promise<PreparedNotice | undefined> {
  const { sender, id } = message;
  const recipients = message.recipients.filter((r) => r.mailbox === account && r.receipt === true);
  if (sender === '' || recipients.length === 0) return undefined;
  const original = await readOriginal(deliveries, id);
  const collection: Collection = {
    ...how,
    message: {
      at: message.receivedAt,
      messageId: message.messageIdField,
      id,
      ...(original === undefined ? {} : { subject: original.subject }),
    },
    recipients: recipients.map((r) => r.address),
    organisation,
    sha256: message.sha256,
    attachments: await attachments(id),
  };
  return await desk.report(await desk.places.ofSender(sender, message.submitter), {
    kind: 'collected',
    once: `collected:${id}:${account}`,
    about: message,
    message,
    letters: collectedLetters(collection),
    recipients: recipients.map((r) => ({
      recipient: r.address,
      ...originalOf(r),
      action: 'delivered',
      status: '2.0.0',
      extensions: extensionsOf(collection),
    })),
    ...(original === undefined ? {} : { original: { header: original.header } }),
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
  ['X-Sluis-Confirmed', c.by],
  ['X-Sluis-TLS', c.tls],
  ['X-Sluis-SHA256', c.sha256],
  ...c.attachments.map(({ name, sha256 }) => ['X-Sluis-Attachment-SHA256', `${sha256} ${name}`.trim()] as const),
];
