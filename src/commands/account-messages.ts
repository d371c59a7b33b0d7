/**
 * `sluis account messages`: the last messages that an account sent and got, for the helpdesk. It
 * never shows a subject or content.
 */
import { z } from '../config/zod.ts';
import { accountOf } from '../admin/accounts.ts';
import { messageView, viewMessage } from '../admin/delivery-views.ts';
import { Names } from '../admin/names.ts';
import { readableSize, readableTime, table } from '../cli/output.ts';
import { login } from './core/kinds.ts';
import { count } from './core/kind.ts';
import { arg, opt } from './core/params.ts';
import { reads } from './core/row.ts';
import { shownRecipients } from './trace/text.ts';

const MOST = 100;
const SHOWN = 20;

const gotView = messageView.extend({
  state: z.enum(['waiting', 'collected', 'deleted', 'withdrawn', 'expired']).meta({
    description: 'What became of it in this mailbox: "collected" is there still, "deleted" was fetched and removed.',
  }),
});
type Got = z.infer<typeof gotView>;

const STATES: Readonly<Record<Got['state'], string>> = {
  waiting: 'waits',
  collected: 'collected',
  deleted: 'deleted by the addressee',
  withdrawn: 'withdrawn',
  expired: 'not collected in its time',
};

export const messages = reads({
  api: { method: 'GET', path: '/accounts/{accountId}/messages', id: 'listAccountMessages' },
  about: 'the latest messages that an account sent and got, to trace one of them',
  in: {
    login: arg(login, 'the account'),
    limit: opt(count('number', { min: 1, max: MOST }), `most of each, newest first; default: ${SHOWN}`, SHOWN),
  },
  out: z.object({
    sent: z
      .array(messageView)
      .readonly()
      .meta({ description: 'Newest first, as far as the latest 2000 rows of the trail about the account tell.' }),
    got: z.array(gotView).readonly().meta({ description: 'Into its mailbox, newest first.' }),
  }),
  right: 'support',
  examples: ['huisarts'],
  run: async ({ store }, { login: name, limit }) => {
    const { account } = await accountOf(store.registry, name);
    const names = new Names(store.registry);
    const [sent, got] = await Promise.all([
      store.deliveries.submittedBy(account.id, limit),
      store.deliveries.latestIn(account.id, limit),
    ]);
    const views: Got[] = [];
    for (const { message, state } of got) {
      // A protected copy has an id of its own; the sender knows the id of the message that it was
      // made from.
      const known = { ...message, id: message.copyOf ?? message.id };
      views.push({ ...viewMessage(known, await names.account(message.submitter)), state });
    }
    return { sent: sent.map((one) => viewMessage(one, account.login)), got: views };
  },
  say: ({ sent, got }) =>
    [
      ...(sent.length === 0
        ? ['It sent nothing, as far as the trail goes.']
        : [
            'Sent:',
            table(
              ['MESSAGE', 'RECEIVED', 'RECIPIENTS', 'SIZE'],
              sent.map((one) => [one.id, readableTime(one.received), shownRecipients(one), readableSize(one.octets)]),
            ),
          ]),
      '',
      ...(got.length === 0
        ? ['Nothing came into its mailbox that is still known.']
        : [
            'Got:',
            table(
              ['MESSAGE', 'RECEIVED', 'SENDER', 'SIZE', 'STATE'],
              got.map((one) => [
                one.id,
                readableTime(one.received),
                one.sender,
                readableSize(one.octets),
                STATES[one.state],
              ]),
            ),
          ]),
    ].join('\n'),
});
