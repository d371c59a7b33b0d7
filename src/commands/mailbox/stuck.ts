/**
 * `sluis mailbox stuck` and `set-aside`: messages at which mail programs break off again and again,
 * and how to take such a message out of the way.
 */
import { z } from '../../config/zod.ts';
import { accountOf } from '../../admin/accounts.ts';
import { AdminError } from '../../admin/error.ts';
import { messageOf } from '../../admin/trace.ts';
import { readableTime, table } from '../../cli/output.ts';
import { entryOf, setAside } from '../../notices/stuck.ts';
import { login, message } from '../core/kinds.ts';
import { arg } from '../core/params.ts';
import { changes, reads } from '../core/row.ts';

const stuckMessage = z.object({
  login: z.string(),
  message: z.string(),
  network: z.string(),
  sessions: z.number().meta({ description: 'That ended at it, one after the other.' }),
  first: z.string(),
  last: z.string(),
});

export const stuck = reads({
  about: 'messages at which the sessions of a mail program end again and again, at this gateway since its start',
  in: {},
  out: z.array(stuckMessage),
  right: 'support',
  examples: [''],
  run: async ({ store, noticeWriter, gateway }) => {
    const found: z.infer<typeof stuckMessage>[] = [];
    for (const { account, network, uid, times, first, last } of gateway?.stuck() ?? []) {
      const [summary, entry] = [
        await store.registry.findAccountById(account),
        await entryOf({ noticeWriter, store }, account, uid),
      ];
      // Somebody has fetched or deleted it meanwhile.
      if (summary === undefined || entry === undefined) continue;
      const { id, copyOf } = entry.message;
      found.push({
        login: summary.account.login,
        message: copyOf ?? id,
        network,
        sessions: times,
        first: new Date(first).toISOString(),
        last: new Date(last).toISOString(),
      });
    }
    return found;
  },
  say: (all) =>
    all.length === 0
      ? 'No mail program is stuck at a message, as far as this gateway has seen.'
      : table(
          ['MAILBOX', 'MESSAGE', 'NETWORK', 'SESSIONS', 'FIRST', 'LAST'],
          all.map((s) => [s.login, s.message, s.network, s.sessions, readableTime(s.first), readableTime(s.last)]),
        ),
});

export const aside = changes({
  about: 'take a message out of a mailbox and hold it, so that what waits behind it is fetched; the owner is told',
  in: { login: arg(login, 'the account'), message: arg(message, 'its id or its Message-ID') },
  out: z.object({ login: z.string(), message: z.string(), delivery: z.number() }),
  right: 'support',
  // The owner of the mailbox reads that it was done, and the queue shows why.
  reason: 'needed',
  trail: ['delivery.held'],
  undo: 'queue release',
  examples: ['huisarts 5d0q3v9kz2m4x --reason "its program crashes at it"'],
  run: async (context, input, { actor }) => {
    const { store, noticeWriter } = context;
    const { account } = await accountOf(store.registry, input.login);
    const its = await messageOf(context, input.message);
    const no = (why: string): never => {
      throw new AdminError('conflict', `Cannot set message "${input.message}" of "${account.login}" aside: ${why}`);
    };
    // If protection made a copy, then that copy is in the mailbox.
    const copies = its.recipients.flatMap((r) => (r.mailbox === account.id ? (r.copy ?? its.id) : []));
    let entry;
    for (const id of new Set([...copies, its.id])) entry ??= await store.deliveries.mailboxEntry(account.id, id);
    if (entry === undefined) return no('it is not in the mailbox; "sluis trace" tells where it is');
    const delivery = await setAside({ store, noticeWriter }, account.id, entry, { actor });
    if (delivery === 'in-use')
      return no('a session reads the mailbox now; try again when that has ended, or end it with "sluis session end"');
    if (delivery === 'gone') return no('it has left the mailbox at this moment');
    return { login: account.login, message: its.id, delivery };
  },
  say: (done) =>
    `Message ${done.message} is held, as delivery ${done.delivery}, and no longer in the mailbox of ${done.login}. "sluis queue release ${done.delivery}" gives it back.`,
});
