/**
 * What became of a message, as far as its sender may see it: over the API, and at the pages of
 * accounts.
 */
import type { Address } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import type { MessageId } from '../domain/ids.ts';
import type { Account, Organisation } from '../domain/registry.ts';
import { settingOf } from '../domain/settings.ts';
import type { Instant } from '../domain/units.ts';
import type { AuditRow } from '../store/audit.ts';
import type { MessageRecord, Whereabouts } from '../store/deliveries.ts';
import type { Store } from '../store/port/store.ts';
import { codesOf } from './notice-rules.ts';

/** Rows of the trail that are looked through for times. */
const MOST_ROWS = 1000;

export type SentState =
  ('delivered' | 'collected' | 'waiting' | 'relayed' | 'held' | 'failed' | 'withdrawn' | 'expired') | 'no-longer-kept';

export interface RecipientStatus {
  readonly address: string;
  readonly state: SentState;
  /** Since when it is so, where that is known. */
  readonly at?: Instant;
  /** Codes of the last answer of the recipient's mail server, without its text. */
  readonly code?: string;
}

export interface SentStatus {
  readonly message: MessageRecord;
  readonly recipients: readonly RecipientStatus[];
}

export interface Sender {
  readonly account: Account;
  readonly organisation: Organisation;
}

/**
 * Undefined: it sent no such message. What protection made of one for some of its recipients is not
 * the sender's.
 */
export async function sentStatus(
  { deliveries, audit }: Pick<Store, 'deliveries' | 'audit'>,
  id: MessageId,
  sender: Sender,
): Promise<SentStatus | undefined> {
  const found = await deliveries.findMessage(id);
  if (found === undefined || found.copyOf !== undefined || found.submitter !== sender.account.id) return undefined;
  const places = await deliveries.whereabouts(found);
  const rows = await audit.read({ message: found.id, limit: MOST_ROWS });
  return { message: found, recipients: places.map((where) => statusOf(found, where, rows, sender)) };
}

/** Of a page of them: the states alone. */
export const sentStates = (
  message: MessageRecord,
  places: readonly Whereabouts[],
  sender: Sender,
): readonly Pick<RecipientStatus, 'address' | 'state'>[] =>
  places.map((where) => ({ address: writtenTo(message, where), state: stateOf(where, sender) }));

/** Recipients as the sender wrote them: a substitute was named in the answer to the submission. */
const writtenTo = ({ recipients }: MessageRecord, { recipient }: Whereabouts): Address =>
  recipients.find(({ address }) => address === recipient)?.substituteFor ?? recipient;

function statusOf(
  message: MessageRecord,
  where: Whereabouts,
  rows: readonly AuditRow[],
  sender: Sender,
): RecipientStatus {
  const { receivedAt } = message;
  const address = writtenTo(message, where);
  const state = stateOf(where, sender);
  const at = state === 'delivered' ? receivedAt : sinceOf(where, rows);
  const reply = where.delivery?.lastReply;
  const code = where.kind === 'partner' && reply !== undefined ? codesOf(reply) : '';
  return { address, state, ...defined({ at }), ...(code === '' ? {} : { code }) };
}

function stateOf(where: Whereabouts, { account, organisation }: Sender): SentState {
  if (where.kind === 'partner') {
    const { state } = where.delivery;
    return state === 'filed' ? 'delivered' : state;
  }
  switch (where.state) {
    case 'waiting':
      return 'delivered';
    case 'collected':
    case 'deleted':
      return settingOf('collected-receipts', account.settings, organisation.settings) === 'never'
        ? 'delivered'
        : 'collected';
    case 'gone':
      return 'no-longer-kept';
    case 'held':
    case 'failed':
    case 'withdrawn':
    case 'expired':
      return where.state;
  }
}

function sinceOf(where: Whereabouts, rows: readonly AuditRow[]): Instant | undefined {
  if (where.delivery?.settledAt !== undefined) return where.delivery.settledAt;
  if (where.kind === 'partner') return undefined;
  const event = EVENTS[where.state];
  return event === undefined ? undefined : rows.find((row) => row.event === event && row.account === where.account)?.at;
}

const EVENTS: Readonly<Partial<Record<string, string>>> = {
  collected: 'message.collected',
  deleted: 'message.collected',
  expired: 'message.expired',
};
