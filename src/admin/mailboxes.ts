/** Operations on what a mailbox holds: handing out again, and who fetches. */
import { restoredLetters } from '../letters/mailbox.ts';
import { settingOf } from '../domain/settings.ts';
import { days, instant } from '../domain/units.ts';
import { AdminError } from './context.ts';
import { accountOf } from './accounts.ts';
import { type ConsumerView, viewConsumer } from './delivery-views.ts';
import { login, optionalBeginning, optionalText, text } from './input.ts';
import { change, listing } from './operation.ts';
import { fileNotice } from './notice.ts';
import { messageOf } from './trace.ts';

export const mailboxOperations = {
  'mailbox.restore': change(
    (input) => {
      const since = optionalBeginning(input, 'since');
      const message = optionalText(input, 'message', 998);
      if ((since === undefined) === (message === undefined))
        throw new AdminError('invalid', 'Cannot restore: expected either a moment (since) or a message');
      return { login: login(input, 'login'), since, message, reason: text(input, 'reason') };
    },
    async (context, input, { actor }): Promise<{ login: string; messages: number; until: string }> => {
      const { store } = context;
      const { account, organisation: of } = await accountOf(store.registry, input.login);
      const organisation = await store.registry.findOrganisation(of);
      const at = context.clock.now();
      const until = instant(at + days(settingOf('keep-uncollected', account.settings, organisation?.settings)));
      const what =
        input.message === undefined
          ? { since: input.since ?? context.clock.now() }
          : { message: (await messageOf(context, input.message)).id };
      const by = { ...actor, reason: input.reason };
      const messages = await store.restoreEntries(account.id, what, by);
      if (messages === 0 && input.message !== undefined)
        throw new AdminError(
          'unknown',
          `Cannot restore message "${input.message}" for "${account.login}": the mailbox did not delete it, or its content is no longer kept`,
        );
      if (messages > 0)
        await fileNotice(
          store,
          await context.desk.letter(await context.desk.places.ofAccount(account.id), {
            kind: 'restored',
            letters: restoredLetters({ login: account.login, messages, reason: input.reason, at, until }),
          }),
        );
      return { login: account.login, messages, until: new Date(until).toISOString() };
    },
  ),
  'mailbox.consumers': listing(
    (input) => login(input, 'login'),
    async ({ store, gateway }, name): Promise<ConsumerView[]> => {
      const { account } = await accountOf(store.registry, name);
      // Sessions are counted in memory for some minutes: without them a mailbox that is polled would look as if nobody had opened it.
      await gateway?.writeConsumers(account.id);
      return (await store.deliveries.consumers(account.id)).map(viewConsumer);
    },
  ),
};
