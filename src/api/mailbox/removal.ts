/**
 * `DELETE /mailbox/messages/{messageId}`, and the way back: hands out again a message that was
 * deleted and is still kept.
 */
import { z } from '../../config/zod.ts';
import { messageId } from '../core/fields.ts';
import { notFound, problem } from '../core/problem.ts';
import { route } from '../core/route.ts';
import { ACCESS, type MailboxServices, entryOf, inUse, visitorOf } from './visitor.ts';

export const deleteMailboxMessage = route({
  id: 'deleteMailboxMessage',
  method: 'DELETE',
  path: '/mailbox/messages/{messageId}',
  tag: 'mailbox',
  summary: 'Remove a message from your mailbox',
  description: 'As DELE and QUIT do. The helpdesk or you can hand it out again while the gateway keeps it.',
  access: ACCESS,
  params: { messageId },
  answers: {
    204: { about: 'Removed' },
    404: 'Your mailbox has no such message',
    409: 'A POP3 session has the mailbox open, or a worker has claimed the message; nothing was removed',
  },
  async run({ params, caller, remote, stands }, services: MailboxServices) {
    const entry = await entryOf(services, caller, params.messageId);
    const done = await services.pickup.shared.remove(caller.account.id, entry, visitorOf(remote, stands));
    if (done === 'in-use') throw inUse();
    if (done === 'gone') throw notFound();
    if (done === 'claimed')
      throw problem(
        409,
        'claimed',
        'The message is claimed',
        'A worker has claimed it; acknowledge it with that claim',
        {
          retryAfter: 60,
        },
      );
    return { status: 204 };
  },
});

export const restoreMailboxMessage = route({
  id: 'restoreMailboxMessage',
  method: 'POST',
  path: '/mailbox/messages/{messageId}/restorations',
  tag: 'mailbox',
  summary: 'Hand out again a message that was removed from your mailbox',
  description: 'This works while the gateway keeps its content. It comes back as a new message under the same id.',
  access: ACCESS,
  params: { messageId },
  answers: {
    201: {
      about: 'It is in the mailbox again',
      json: z.object({ messages: z.number().int() }).meta({ id: 'Restoration' }),
    },
    404: 'You removed no such message, or it is no longer kept',
  },
  async run({ params, caller }, { store }: MailboxServices) {
    const actor = { name: caller.account.login, reason: 'by the owner of the mailbox, over the API' };
    const messages = await store.restoreEntries(caller.account.id, { message: params.messageId }, actor);
    if (messages === 0) throw notFound();
    return { status: 201, json: { messages } };
  },
});
