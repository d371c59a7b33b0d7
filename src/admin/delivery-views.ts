/**
 * The queue, a trace and a withdrawal as they are shown and as `--json` prints them. Times are ISO
 * 8601, sizes are octets.
 */
import { defined } from '../domain/defined.ts';
import type { AuditRow } from '../store/audit.ts';
import type { Consumer, Delivery, MessageRecord, PartnerQueue, Whereabouts } from '../store/deliveries.ts';
import { type Instant, iso } from '../domain/units.ts';
import { partsView } from './part-views.ts';
import { z } from '../config/zod.ts';

const time = z.string();

export const queueView = z.object({
  partner: z.string(),
  waiting: z.number(),
  held: z.number(),
  oldest: time.optional().meta({ description: 'When the oldest one that waits was accepted.' }),
  due: time.optional().meta({ description: 'The next attempt.' }),
});
export type QueueView = z.infer<typeof queueView>;

export const deliveryView = z.object({
  id: z.number(),
  message: z.string(),
  partner: z.string().optional(),
  account: z.string().optional().meta({ description: 'In place of the partner: from whose mailbox it is held.' }),
  sender: z.string(),
  recipient: z.string(),
  state: z.string().meta({ description: 'waiting, held, relayed, filed, failed or withdrawn.' }),
  octets: z.number(),
  accepted: time,
  attempts: z.number(),
  due: time.optional().meta({ description: 'The next attempt; only while it waits.' }),
  delayed: time.optional().meta({ description: 'When the sender was told of the delay.' }),
  settled: time.optional().meta({ description: 'When it ended.' }),
  lastReply: z.string().optional(),
});
export type DeliveryView = z.infer<typeof deliveryView>;

export const messageView = z.object({
  id: z.string(),
  messageId: z.string(),
  received: time,
  account: z.string().optional().meta({
    description: "Which submitted it; the gateway's own notices have none.",
  }),
  sender: z.string(),
  recipients: z.array(z.string()).readonly(),
  octets: z.number(),
});
export type MessageView = z.infer<typeof messageView>;

/** An attempt that was refused, so that there is no message. */
export const refusedView = z.object({
  kind: z.literal('refused'),
  received: time.meta({
    description:
      'When; of several that were counted in one row: when it was written, at most a minute after the first.',
  }),
  account: z.string().optional(),
  sender: z.string(),
  recipients: z.array(z.string()).readonly().meta({
    description: 'As the client gave them; none if the sender was refused.',
  }),
  at: z.string().meta({ description: '`mail`, `recipient` or `content`: what the reply was to.' }),
  reply: z.string().meta({ description: "Code, status and text that the sender's program got." }),
  count: z.number(),
  network: z.string().optional(),
});
export type RefusedView = z.infer<typeof refusedView>;

/** What a search finds, in the order of time. */
export const foundView = z.union([messageView.extend({ kind: z.literal('accepted') }), refusedView]);
export type FoundView = z.infer<typeof foundView>;

export const copyView = z.object({
  recipient: z.string(),
  account: z.string().optional().meta({ description: 'Whose mailbox it went into.' }),
  partner: z.string().optional(),
  state: z.string(),
  protection: z.string().optional().meta({
    description:
      'What was done to it before it was filed, such as `smime interop aes-256-cbc`; absent: it is as it was submitted.',
  }),
  expires: time.optional().meta({ description: 'When it leaves the mailbox if nobody has fetched it by then.' }),
  restored: time.optional().meta({
    description: 'When it was handed out again; its time in the mailbox counts from then.',
  }),
  delivery: deliveryView.optional().meta({ description: 'To a partner, or of the copy that was held.' }),
});
export type CopyView = z.infer<typeof copyView>;

/** What became of a copy, in words. */
export const copyStates: Readonly<Record<string, string>> = {
  waiting: 'waits',
  held: 'held, waits for a release',
  relayed: 'accepted by the partner',
  failed: 'failed, the sender was told',
  withdrawn: 'withdrawn',
  collected: 'collected, still in the mailbox',
  deleted: 'collected and deleted by the addressee',
  expired: 'kept its time in the mailbox and was removed',
  gone: 'no longer kept',
};

const fact = z.union([z.string(), z.number(), z.boolean(), z.array(z.string()).readonly(), z.null()]);
/** A fact of a row. Null stands for a setting that was taken back. */
export type FactView = z.infer<typeof fact>;

export const eventView = z.object({
  at: time,
  event: z.string(),
  outcome: z.string(),
  account: z.string().optional(),
  facts: z.record(z.string(), fact).meta({ description: 'Who and where are missing if they were erased.' }),
});
export type EventView = z.infer<typeof eventView>;

export const factText = ([name, value]: readonly [string, FactView]): string =>
  `${name}=${value === null ? 'default' : typeof value === 'object' ? value.join(',') : String(value)}`;

export const traceView = z.object({
  ...messageView.shape,
  sha256: z.string(),
  envelope: z.object({
    body: z.enum(['7BIT', '8BITMIME']),
    smtpUtf8: z.boolean(),
    ret: z.enum(['FULL', 'HDRS']).optional(),
    envid: z.string().optional(),
    requireTls: z.boolean().optional().meta({ description: 'To be sent only over verified TLS (RFC 8689).' }),
  }),
  copies: z.array(copyView).readonly(),
  events: z.array(eventView).readonly().meta({ description: 'What happened, oldest first.' }),
  more: z.boolean().meta({ description: 'The audit trail has more rows than are shown.' }),
  ...partsView.shape,
});
export type TraceView = z.infer<typeof traceView>;

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

/** `goal`: name of the partner or the account to which the delivery goes. */
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

/** `name`: name of the account or partner to which `where` leads. */
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
