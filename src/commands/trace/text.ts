/** A trace and the result of a search, as text for people. */
import {
  type CopyView,
  type EventView,
  type FoundView,
  type RefusedView,
  type TraceView,
  copyStates,
  factText,
} from '../../admin/delivery-views.ts';
import { facts, readableSize, readableTime, table } from '../../cli/output.ts';
import { partsText } from '../../cli/parts-text.ts';

export const foundText = (found: readonly FoundView[]): string =>
  found.length === 0
    ? 'Nothing was found, accepted or refused.'
    : table(
        ['MESSAGE', 'RECEIVED', 'SENDER', 'SIZE', 'RECIPIENTS', ...(found.some(isRefused) ? ['REPLY'] : [])],
        found.map((f) =>
          isRefused(f)
            ? ['refused', readableTime(f.received), f.sender, undefined, shownRecipients(f), replyText(f)]
            : [f.id, readableTime(f.received), f.sender, readableSize(f.octets), shownRecipients(f)],
        ),
      );

const isRefused = (found: FoundView): found is RefusedView => found.kind === 'refused';
const replyText = ({ reply, count }: RefusedView): string => (count === 1 ? reply : `${reply} (${count} times)`);

export const shownRecipients = ({ recipients }: Pick<FoundView, 'recipients'>): string =>
  recipients.length > 3
    ? `${recipients.slice(0, 3).join(' ')} and ${recipients.length - 3} more`
    : recipients.join(' ');

export const copyText = (copy: CopyView): string =>
  copy.state === 'waiting'
    ? copy.partner === undefined
      ? `in the mailbox${againText(copy)}, not collected yet${copy.expires === undefined ? '' : `, kept until ${readableTime(copy.expires)}`}`
      : `waits, next attempt ${readableTime(copy.delivery?.due) ?? 'soon'}`
    : `${copyStates[copy.state] ?? copy.state}${againText(copy)}`;

const againText = ({ restored }: CopyView): string =>
  restored === undefined ? '' : `, handed out again ${readableTime(restored)}`;

const isProtected = ({ copies }: TraceView): boolean => copies.some(({ protection }) => protection !== undefined);

export const traceText = (t: TraceView): string =>
  [
    facts([
      ['Message', t.id],
      ['Message-ID', t.messageId],
      ['Received', readableTime(t.received)],
      ['Account', t.account],
      ['Sender', t.sender],
      ['Size', readableSize(t.octets)],
      ['SHA-256', t.sha256],
    ]),
    table(
      ['RECIPIENT', 'WHERE', 'STATE', ...(isProtected(t) ? ['PROTECTION'] : [])],
      t.copies.map((c) => [
        c.recipient,
        c.partner === undefined ? c.account : `partner ${c.partner}`,
        copyText(c),
        ...(isProtected(t) ? [c.protection ?? 'none'] : []),
      ]),
    ),
    ...partsText(t),
    table(
      ['TIME', 'EVENT', 'OUTCOME', 'FACTS'],
      t.events.map((e) => [e.at.replace('T', ' '), e.event, e.outcome, factsText(e)]),
    ),
    ...(t.more ? ['There are more events: "sluis trace --json" shows the same first ones; ask the audit trail.'] : []),
  ].join('\n\n');

const factsText = (e: EventView): string =>
  [...(e.account === undefined ? [] : [`account=${e.account}`]), ...Object.entries(e.facts).map(factText)].join(' ');
