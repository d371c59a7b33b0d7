/** `GET /messages/{messageId}`: what became of a message, as far as its sender may see it. */
import { z } from '../../config/zod.ts';
import { defined } from '../../domain/defined.ts';
import type { Account, Organisation } from '../../domain/registry.ts';
import { settingOf } from '../../domain/settings.ts';
import { type Instant, iso } from '../../domain/units.ts';
import { codesOf } from '../../delivery/notice-rules.ts';
import type { AuditRow } from '../../store/audit.ts';
import type { MessageRecord, Whereabouts } from '../../store/deliveries.ts';
import { messageId } from '../core/fields.ts';
import { notFound } from '../core/problem.ts';
import { route } from '../core/route.ts';
import type { ApiServices } from '../core/services.ts';

/** Rows of the trail that are looked through for times. */
const MOST_ROWS = 1000;

const STATES = {
  delivered: 'It stands in the mailbox.',
  collected: 'The recipient has collected it.',
  waiting: 'It waits to be given to the mail server of the recipient.',
  relayed: 'The mail server of the recipient has taken it.',
  held: 'It waits for an operator.',
  failed: 'It could not be delivered; a notice went to the sender.',
  withdrawn: 'An operator has taken it back.',
  expired: 'It was not collected in its time and was removed.',
  'no-longer-kept': 'It is no longer known where it stands.',
} as const;
type State = keyof typeof STATES;

const recipientStatus = z
  .object({
    address: z.string(),
    state: z.enum(Object.keys(STATES) as [State, ...State[]]).meta({
      description: Object.entries(STATES)
        .map(([state, about]) => `${state}: ${about}`)
        .join(' '),
    }),
    at: z.iso.datetime().optional().meta({ description: 'Since when it is so, where that is known.' }),
    code: z
      .string()
      .optional()
      .meta({ description: 'What the mail server of the recipient answered last: its codes alone.' }),
  })
  .meta({ id: 'RecipientStatus' });

const messageStatus = z
  .object({
    id: z.string(),
    messageId: z.string().meta({ description: 'Of the header, without angle brackets.' }),
    sender: z.string().meta({ description: 'Empty for reports and automatic replies.' }),
    acceptedAt: z.iso.datetime(),
    octets: z.int().meta({ description: 'With what the gateway added to the header.' }),
    sha256: z.string().meta({ description: 'Of these octets; the trace has it too.' }),
    recipients: z.array(recipientStatus),
  })
  .meta({ id: 'MessageStatus' });

export const getMessage = route({
  id: 'getMessage',
  method: 'GET',
  path: '/messages/{messageId}',
  tag: 'messages',
  summary: 'Show what became of a message that you sent',
  description:
    'The receipts of a message are in it: `collected`, and when. An account whose setting collected-receipts is `never` sees `delivered` instead.',
  access: { kind: 'account', scope: 'send' },
  params: { messageId },
  answers: { 200: { about: 'The message and its recipients', json: messageStatus }, 404: 'You sent no such message' },
  run: async ({ params, caller }, { store }: ApiServices) => {
    const found = await store.deliveries.findMessage(params.messageId);
    // What protection made of a message for some of its recipients is not the sender's.
    if (found === undefined || found.copyOf !== undefined || found.submitter !== caller.account.id) throw notFound();
    const places = await store.deliveries.whereabouts(found);
    const rows = await store.audit.read({ message: found.id, limit: MOST_ROWS });
    const { id, messageIdField, sender, receivedAt, octets, sha256 } = found;
    return {
      status: 200,
      json: {
        id,
        messageId: messageIdField,
        sender,
        acceptedAt: iso(receivedAt),
        octets,
        sha256,
        recipients: places.map((where) => statusOf(found, where, rows, caller)),
      },
    };
  },
});

function statusOf(
  { recipients, receivedAt }: MessageRecord,
  where: Whereabouts,
  rows: readonly AuditRow[],
  sender: { readonly account: Account; readonly organisation: Organisation },
): z.output<typeof recipientStatus> {
  // Whom the sender wrote to: a substitute is told of in the answer to the submission.
  const address = recipients.find((r) => r.address === where.recipient)?.substituteFor ?? where.recipient;
  const state = stateOf(where, sender);
  const at = state === 'delivered' ? receivedAt : sinceOf(where, rows);
  const reply = where.delivery?.lastReply;
  const code = where.kind === 'partner' && reply !== undefined ? codesOf(reply) : '';
  return { address, state, ...defined({ at: iso(at) }), ...(code === '' ? {} : { code }) };
}

function stateOf(
  where: Whereabouts,
  { account, organisation }: { readonly account: Account; readonly organisation: Organisation },
): State {
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
