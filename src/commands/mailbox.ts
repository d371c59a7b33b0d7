/** `sluis mailbox`: what is in the mailbox of an account, and who fetches it. */
import { z } from '../config/zod.ts';
import { accountOf } from '../admin/accounts.ts';
import { AdminError } from '../admin/error.ts';
import { viewConsumer } from '../admin/delivery-views.ts';
import { fileNotice } from '../admin/notice.ts';
import { messageOf } from '../admin/trace.ts';
import { readableDay, readableTime, table } from '../cli/output.ts';
import { many } from '../domain/counted.ts';
import { settingOf } from '../domain/settings.ts';
import { days, instant } from '../domain/units.ts';
import { restoredLetters } from '../letters/mailbox.ts';
import { login, message } from './core/kinds.ts';
import { since } from './core/moments.ts';
import { arg, opt } from './core/params.ts';
import { changes, reads } from './core/row.ts';
import { subject } from './core/subject.ts';
import { exportFile, exportRow } from './mailbox/export.ts';
import { importHere } from './mailbox/import.ts';
import { importRow, imported } from './mailbox/intake.ts';
import { aside, stuck } from './mailbox/stuck.ts';

const one = { login: arg(login, 'the account') };

const restore = changes({
  api: { method: 'POST', path: '/accounts/{accountId}/mailbox-restorations', ids: { accountId: 'login' } },
  about: 'hand out again what was deleted over POP3; it comes back as new messages, and the owner is told',
  in: {
    ...one,
    since: opt(since, 'deleted since then, such as 2026-11-25, 2h or 2026-11-25T08:00:00+01:00'),
    message: opt(message, 'this message: its id or its Message-ID'),
  },
  check: (input) =>
    (input.since === undefined) === (input.message === undefined)
      ? 'Cannot restore: expected either a moment (since) or a message'
      : undefined,
  out: z.object({ login: z.string(), messages: z.number(), until: z.string() }),
  right: 'support',
  // The owner of the mailbox reads the reason.
  reason: 'needed',
  trail: ['maildrop.restored'],
  undo: 'the owner deletes them again',
  examples: ['huisarts --since 2h --reason "deleted by mistake"'],
  run: async (context, input, { actor }) => {
    const { store } = context;
    const { account, organisation: of } = await accountOf(store.registry, input.login);
    const organisation = await store.registry.findOrganisation(of);
    const at = context.clock.now();
    const until = instant(at + days(settingOf('keep-uncollected', account.settings, organisation?.settings)));
    const what =
      input.message === undefined
        ? { since: input.since ?? at }
        : { message: (await messageOf(context, input.message)).id };
    const messages = await store.restoreEntries(account.id, what, actor);
    if (messages === 0 && input.message !== undefined)
      throw new AdminError(
        'unknown',
        `Cannot restore message "${input.message}" for "${account.login}": the mailbox did not delete it, or its content is no longer kept`,
      );
    if (messages > 0)
      await fileNotice(
        store,
        await context.noticeWriter.letter(await context.noticeWriter.places.ofAccount(account.id), {
          kind: 'restored',
          letters: restoredLetters({ login: account.login, messages, reason: actor.reason ?? '', at, until }),
        }),
      );
    return { login: account.login, messages, until: new Date(until).toISOString() };
  },
  say: (done) =>
    `${many(done.messages, 'message')} of ${done.login} can be fetched again${done.messages === 0 ? '' : `, until ${readableDay(done.until)}`}.`,
});

const consumer = z.object({
  network: z.string(),
  first: z.string(),
  last: z.string(),
  sessions: z.number(),
  retrieved: z.number(),
  deleted: z.number(),
});

const consumers = reads({
  api: { method: 'GET', path: '/accounts/{accountId}/mailbox-consumers' },
  about: 'the networks a mailbox is fetched from, and what they do',
  in: one,
  out: z.array(consumer),
  right: 'support',
  examples: ['huisarts'],
  run: async ({ store, gateway }, input) => {
    const { account } = await accountOf(store.registry, input.login);
    // Sessions are counted in memory for some minutes. Without those counts, a mailbox that is
    // polled would look as if nobody had opened it.
    await gateway?.writeClientNetworks(account.id);
    return (await store.deliveries.consumers(account.id)).map(viewConsumer);
  },
  say: (all) =>
    all.length === 0
      ? 'Nobody has opened this mailbox yet.'
      : table(
          ['NETWORK', 'FIRST', 'LAST', 'SESSIONS', 'FETCHED', 'DELETED'],
          all.map((c) => [c.network, readableTime(c.first), readableTime(c.last), c.sessions, c.retrieved, c.deleted]),
        ),
});

export const mailboxes = subject(
  'mailbox',
  'what an account has in its mailbox, and who fetches it',
  { restore, import: importHere, export: exportFile, consumers, stuck, 'set-aside': aside },
  { parts: { export: exportRow, import: importRow, imported } },
);
