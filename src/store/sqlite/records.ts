/** Rows as the port gives them out. */
import type { Address } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import { type AccountId, type DeliveryId, type MessageId, type PartnerId, messageIdOf } from '../../domain/ids.ts';
import { instant, octets } from '../../domain/units.ts';
import type { Claim, Delivery, MessageRecord } from '../deliveries.ts';
import type { AcceptedRecipient, Acceptance } from '../store.ts';
import type { DeliveryRow, DeliveryRows, MessageRow } from './stored-rows.ts';

export function recordOf(row: MessageRow): MessageRecord {
  const {
    recipients,
    opened = true,
    ...envelope
  } = JSON.parse(row.envelope) as Acceptance['envelope'] & {
    readonly recipients: readonly AcceptedRecipient[];
    // Copies of earlier versions do not say: each of them may have been opened.
    readonly opened?: boolean;
  };
  return {
    id: messageIdOf(row.id),
    ...(row.copyOf === null ? {} : { copyOf: messageIdOf(row.copyOf), opened }),
    receivedAt: instant(row.receivedAt),
    submitter: row.submitter as AccountId,
    sender: row.sender as Address | '',
    messageIdField: row.messageIdField,
    octets: octets(row.octets),
    sha256: Buffer.from(row.sha256).toString('hex'),
    envelope,
    recipients,
  };
}

export function deliveryFrom(row: DeliveryRow, message: MessageRecord): Delivery {
  const { notify, originalRecipient } =
    row.dsn === null ? {} : (JSON.parse(row.dsn) as Pick<Delivery, 'notify' | 'originalRecipient'>);
  return {
    id: row.id as DeliveryId,
    message,
    ...(row.mailbox === null ? { partner: row.partner as PartnerId } : { mailbox: row.mailbox as AccountId }),
    recipient: row.recipient as Address,
    ...defined({ notify, originalRecipient }),
    state: row.state,
    attempts: row.attempts,
    dueAt: instant(row.dueAt),
    ...(row.delayedAt === null ? {} : { delayedAt: instant(row.delayedAt) }),
    ...(row.lastReply === null ? {} : { lastReply: row.lastReply }),
    ...(row.settledAt === null ? {} : { settledAt: instant(row.settledAt) }),
  };
}

/** Deliveries of one message share its record. */
export function deliveriesFrom({ deliveries, messages }: DeliveryRows): Claim[] {
  const records = new Map<MessageId, MessageRecord>();
  for (const row of messages) records.set(messageIdOf(row.id), recordOf(row));
  return deliveries.flatMap((row) => {
    const message = records.get(messageIdOf(row.message));
    return message === undefined ? [] : [{ ...deliveryFrom(row, message), fence: row.fence }];
  });
}
