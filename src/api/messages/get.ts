/** `GET /messages/{messageId}`: what became of a message, as far as its sender may see it. */
import { z } from '../../config/zod.ts';
import { defined } from '../../domain/defined.ts';
import { type SentState, sentStatus } from '../../delivery/sent-status.ts';
import { iso } from '../../domain/units.ts';
import { messageId } from '../core/fields.ts';
import { notFound } from '../core/problem.ts';
import { route } from '../core/route.ts';
import type { ApiServices } from '../core/services.ts';

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
} as const satisfies Readonly<Record<SentState, string>>;

const recipientStatus = z
  .object({
    address: z.string(),
    state: z.enum(Object.keys(STATES) as [SentState, ...SentState[]]).meta({
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
    const found = await sentStatus(store, params.messageId, caller);
    if (found === undefined) throw notFound();
    const { id, messageIdField, sender, receivedAt, octets, sha256 } = found.message;
    return {
      status: 200,
      json: {
        id,
        messageId: messageIdField,
        sender,
        acceptedAt: iso(receivedAt),
        octets,
        sha256,
        recipients: found.recipients.map(({ at, ...one }) => ({ ...one, ...defined({ at: iso(at) }) })),
      },
    };
  },
});
