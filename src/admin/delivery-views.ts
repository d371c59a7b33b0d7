/** What the queue, a trace and a withdrawal show: the shapes that `--json` prints. Times are ISO 8601, sizes octets. */
import { defined } from '../domain/defined.ts';
import type { AuditRow } from '../store/audit.ts';
import type { Consumer, Delivery, MessageRecord, PartnerQueue, Whereabouts } from '../store/deliveries.ts';
import { type Instant, iso } from '../domain/units.ts';
import type { PartsView } from './part-views.ts';

export interface QueueView {
  readonly partner: string;
  readonly waiting: number;
  readonly held: number;
  /** Acceptance of the oldest one that waits. */
  readonly oldest?: string;
  /** Next attempt. */
  readonly due?: string;
}

export interface DeliveryView {
  readonly id: number;
  readonly message: string;
  readonly partner?: string;
  /** In place of the partner: the account from whose mailbox it is held. */
  readonly account?: string;
  readonly sender: string;
  readonly recipient: string;
  readonly state: string;
  readonly octets: number;
  readonly accepted: string;
  readonly attempts: number;
  /** Next attempt; only while it waits. */
  readonly due?: string;
  /** When the sender was told of the delay. */
  readonly delayed?: string;
  readonly settled?: string;
  readonly lastReply?: string;
}

export interface MessageView {
  readonly id: string;
  readonly messageId: string;
  readonly received: string;
  /** The account that submitted it; the gateway's own notices have none. */
  readonly account?: string;
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly octets: number;
}

/** An attempt that was refused: there is no message. */
export interface RefusedView {
  readonly kind: 'refused';
  /** When; of several that were counted in one row: when it was written, at most a minute after the first. */
  readonly received: string;
  readonly account?: string;
  readonly sender: string;
  /** As they were given. Empty where the sender was refused already. */
  readonly recipients: readonly string[];
  /** `mail`, `recipient` or `content`: what the reply was to. */
  readonly at: string;
  /** Code, status and text that the sender's program got. */
  readonly reply: string;
  readonly count: number;
  readonly network?: string;
}

/** What a search finds, in the order of time. */
export type FoundView = (MessageView & { readonly kind: 'accepted' }) | RefusedView;

export interface CopyView {
  readonly recipient: string;
  /** The account whose mailbox it went into, or the partner. */
  readonly account?: string;
  readonly partner?: string;
  readonly state: string;
  /** What was done to it before it was filed, such as `smime interop aes-256-cbc`; absent: it is as it was submitted. */
  readonly protection?: string;
  /** When it leaves the mailbox if nobody has fetched it by then. */
  readonly expires?: string;
  /** When it was handed out again. Its time in the mailbox counts from then. */
  readonly restored?: string;
  /** The delivery to a partner, or the copy that was held. */
  readonly delivery?: DeliveryView;
}

/** What became of a copy, in words. */
export const copyStates: Readonly<Record<string, string>> = {
  waiting: 'waits',
  held: 'held, waits for a release',
  relayed: 'taken by the partner',
  failed: 'failed, the sender was told',
  withdrawn: 'withdrawn',
  collected: 'collected, still in the mailbox',
  deleted: 'collected and deleted by the addressee',
  expired: 'kept its time in the mailbox and was removed',
  gone: 'no longer kept',
};

export interface EventView {
  readonly at: string;
  readonly event: string;
  readonly outcome: string;
  readonly account?: string;
  /** Facts and personal fields together; the latter are left out once they were erased. */
  readonly facts: Readonly<Record<string, FactView>>;
}

/** Null: a setting that was taken back. */
export type FactView = string | number | boolean | readonly string[] | null;

export const factText = ([name, value]: readonly [string, FactView]): string =>
  `${name}=${value === null ? 'default' : typeof value === 'object' ? value.join(',') : String(value)}`;

export interface TraceView extends MessageView, PartsView {
  readonly sha256: string;
  readonly envelope: MessageRecord['envelope'];
  readonly copies: readonly CopyView[];
  /** What happened, oldest first. */
  readonly events: readonly EventView[];
  /** True when the audit trail has more rows than are shown. */
  readonly more: boolean;
}

export interface ConsumerView {
  readonly network: string;
  readonly first: string;
  readonly last: string;
  readonly sessions: number;
  readonly retrieved: number;
  readonly deleted: number;
}

const shownSender = (sender: string): string => (sender === '' ? '<>' : sender);

export const viewQueue = (queue: PartnerQueue, partner: string): QueueView => ({
  partner,
  waiting: queue.waiting,
  held: queue.held,
  ...defined({ oldest: iso(queue.oldest), due: iso(queue.dueAt) }),
});

/** `goal`: name of the partner, or of the account. */
export const viewDelivery = (delivery: Delivery, goal: string): DeliveryView => ({
  id: delivery.id,
  message: delivery.message.id,
  ...(delivery.partner === undefined ? { account: goal } : { partner: goal }),
  sender: shownSender(delivery.message.sender),
  recipient: delivery.recipient,
  state: delivery.state,
  octets: delivery.message.octets,
  accepted: iso(delivery.message.receivedAt),
  attempts: delivery.attempts,
  ...(delivery.state === 'waiting' ? { due: iso(delivery.dueAt) } : {}),
  ...defined({ delayed: iso(delivery.delayedAt), settled: iso(delivery.settledAt), lastReply: delivery.lastReply }),
});

export const viewMessage = (message: MessageRecord, account: string | undefined): MessageView => ({
  id: message.id,
  messageId: message.messageIdField,
  received: iso(message.receivedAt),
  ...defined({ account }),
  sender: shownSender(message.sender),
  recipients: message.recipients.map((r) => r.address),
  octets: message.octets,
});

/** `name`: of the account or partner that `where` leads to. */
export const viewCopy = (where: Whereabouts, name: string, expires?: Instant): CopyView =>
  where.kind === 'mailbox'
    ? {
        recipient: where.recipient,
        account: name,
        state: where.state,
        ...defined({ expires: iso(expires) }),
        ...(where.restored === undefined || where.since === undefined ? {} : { restored: iso(where.since) }),
        ...defined({ delivery: where.delivery && viewDelivery(where.delivery, name) }),
      }
    : {
        recipient: where.recipient,
        partner: name,
        state: where.delivery.state,
        delivery: viewDelivery(where.delivery, name),
      };

export const viewEvent = (row: AuditRow, account: string | undefined): EventView => ({
  at: iso(row.at),
  event: row.event,
  outcome: row.outcome,
  ...defined({ account }),
  facts: { ...row.facts, ...row.personal },
});

export const viewConsumer = (consumer: Consumer): ConsumerView => ({
  network: consumer.network,
  first: iso(consumer.firstAt),
  last: iso(consumer.lastAt),
  sessions: consumer.sessions,
  retrieved: consumer.retrieved,
  deleted: consumer.deleted,
});
