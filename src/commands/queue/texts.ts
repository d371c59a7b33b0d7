/** The queue as text for people. */
import type { DeliveryView, QueueView } from '../../admin/delivery-views.ts';
import { facts, readableSize, readableTime, table } from '../../cli/output.ts';

export const COLUMNS = [
  'NUMBER',
  'MESSAGE',
  'PARTNER OR MAILBOX',
  'RECIPIENT',
  'STATE',
  'ATTEMPTS',
  'NEXT ATTEMPT',
  'LAST REPLY',
];
export const cells = (d: DeliveryView) => [
  d.id,
  d.message,
  d.partner ?? `mailbox ${d.account ?? ''}`,
  d.recipient,
  d.state,
  d.attempts,
  readableTime(d.due),
  d.lastReply?.slice(0, 60),
];

export function queueTable(queues: readonly QueueView[]): string {
  if (queues.length === 0) return '';
  return table(
    ['PARTNER', 'WAITING', 'HELD', 'OLDEST', 'NEXT ATTEMPT'],
    queues.map((q) => [q.partner, q.waiting, q.held, readableTime(q.oldest), readableTime(q.due)]),
  );
}

export const deliveryTable = (all: readonly DeliveryView[]): string =>
  all.length === 0 ? '' : table(COLUMNS, all.map(cells));

export const deliveryText = (d: DeliveryView): string =>
  facts([
    ['Delivery', d.id],
    ['Message', d.message],
    ['Partner', d.partner],
    ['Mailbox', d.account],
    ['Sender', d.sender],
    ['Recipient', d.recipient],
    ['State', d.state],
    ['Size', readableSize(d.octets)],
    ['Accepted', readableTime(d.accepted)],
    ['Attempts', d.attempts],
    ['Next attempt', readableTime(d.due)],
    ['Sender told of the delay', readableTime(d.delayed)],
    ['Ended', readableTime(d.settled)],
    ['Last reply', d.lastReply],
  ]);
