/** `GET /messages/{messageId}`: shows what became of a message, as far as its sender may see it. */
import { z } from '../../config/zod.ts';
import { defined } from '../../domain/defined.ts';
import { sentStatus } from '../../notices/sent-status.ts';
import { iso } from '../../domain/units.ts';
import { messageId } from '../core/fields.ts';
import { notFound } from '../core/problem.ts';
import { route } from '../core/route.ts';
import type { ApiServices } from '../core/services.ts';
import { sentState } from './states.ts';

const recipientStatus = z
  .object({
    address: z.string(),
    state: sentState,
    at: z.iso.datetime().optional().meta({ description: 'Since when it has this state, if that is known.' }),
    code: z
      .string()
      .optional()
      .meta({ description: 'What the mail server of the recipient answered last: only its codes.' }),
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
