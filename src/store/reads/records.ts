/** Messages and deliveries as the port gives them out, from their rows. */
import type { Address } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import { type AccountId, type DeliveryId, type MessageId, type PartnerId, messageIdOf } from '../../domain/ids.ts';
import { instant, octets } from '../../domain/units.ts';
import type { Claim, Delivery, DeliveryState, MessageRecord } from '../deliveries.ts';
import type { AcceptedRecipient, Acceptance } from '../acceptance.ts';

/** A row of `message`. */
export interface MessageRow {
  readonly id: bigint;
  readonly receivedAt: number;
  readonly submitter: number;
  readonly sender: string;
  readonly messageIdField: string;
  readonly envelope: string;
  readonly octets: number;
  readonly sha256: Uint8Array;
  readonly copyOf: bigint | null;
}

/** A row of `delivery`. */
export interface DeliveryRow {
  readonly id: number;
  readonly message: bigint;
  /** 0: held from `mailbox`. */
  readonly partner: number;
  readonly mailbox: number | null;
  readonly recipient: string;
  readonly dsn: string | null;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly fence: number;
  readonly dueAt: number;
  readonly delayedAt: number | null;
  readonly lastReply: string | null;
  readonly settledAt: number | null;
}

/** Deliveries with their messages, each message once. */
export interface DeliveryRows {
  readonly deliveries: readonly DeliveryRow[];
  readonly messages: readonly MessageRow[];
}

/** Why a maildrop no longer has an entry. */
export type HiddenWhy = 'deleted' | 'withdrawn' | 'expired';

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
