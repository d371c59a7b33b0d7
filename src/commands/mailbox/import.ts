/**
 * `sluis mailbox import`: takes over mail from another server together with its UIDLs, so that mail
 * programs download nothing twice.
 */
import { z } from '../../config/zod.ts';
import { address, login } from '../core/kinds.ts';
import { choice } from '../core/kind.ts';
import { flag, maybe, opt } from '../core/params.ts';
import { changesHere } from '../core/row.ts';
import { SOURCE, takeoversOf } from './import-source.ts';
import { type All, type Taken, allText, takeAll, takeOver, takenText, told } from './take-over.ts';

export const importHere = changesHere({
  about: 'take over mail of another server with its UIDLs, so that clients download nothing twice',
  in: {
    login: maybe(login, 'the account'),
    ...SOURCE,
    delete: flag('delete at the POP3 server what is safe here'),
    countAs: opt(
      choice('what', ['fetched', 'waiting']),
      'whether messages count as fetched, or as waiting and overdue one day; otherwise a maildir tells, and those of a server count as fetched',
    ),
    address: opt(address, 'recipient for the trace, if a message does not name an address of the account'),
    dryRun: flag('look at the other server and at the mailbox, and change nothing'),
  },
  check: ({ delete: deletes, pop3 }) =>
    deletes && pop3 === undefined
      ? 'Cannot use --delete without --pop3: a maildir is only read; remove it yourself when all is done'
      : undefined,
  out: z.custom<Taken | All>(),
  right: 'registry',
  trail: ['message.imported'],
  undo: 'the owner deletes them',
  examples: ['huisarts --maildir Maildir --dry-run', '--from mailboxes.csv --reason "takeover of the old server"'],
  run: async (here, input) => {
    const takeovers = await takeoversOf(here.terminal, input.login, input);
    const [only] = takeovers;
    if (input.from !== undefined || only === undefined) return await takeAll(here, takeovers, input);
    return await takeOver(here, only, input).catch(told);
  },
  say: (done) => (isOne(done) ? takenText(done) : allText(done)),
  fails: (done) => (isOne(done) && (done.imported?.refusedMessages ?? 0) > 0 ? { code: 'conflict' } : undefined),
});

const isOne = (done: Taken | All): done is Taken => !Array.isArray(done);
