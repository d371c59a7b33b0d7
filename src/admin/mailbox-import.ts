/** Operations that take over mail of another server: the messages come as the upload (takeover/frames.ts). */
import { type Address, parseAddress } from '../domain/address.ts';
import { settingOf } from '../domain/settings.ts';
import type { AccountSummary } from '../store/registry.ts';
import { IntakeError, type IntakeReport, takeIn } from '../takeover/intake.ts';
import { accountOf } from './accounts.ts';
import { type AdminContext, AdminError } from './context.ts';
import { type Input, address, count, login, optionalText } from './input.ts';
import { change, listing, streamed } from './operation.ts';

const MAX_PAGE = 10_000;

/** What an operator needs to know of the mailbox before and after. */
export interface MailboxUse {
  readonly login: string;
  readonly messages: number;
  readonly octets: number;
  readonly quota: number;
}

async function useOf({ store }: AdminContext, name: string): Promise<MailboxUse> {
  const { account, organisation, messages, used } = await accountOf(store.registry, name);
  const owner = await store.registry.findOrganisation(organisation);
  const quota = settingOf('quota', account.settings, owner?.settings);
  return { login: account.login, messages, octets: used, quota };
}

/** Stands in the trace as the recipient, for a message that does not name an address of the account. */
function recipientOf({ account, addresses }: AccountSummary, given: Address | undefined): Address {
  if (given !== undefined) return given;
  const [own] = addresses.filter(({ state }) => state !== 'ended');
  if (own !== undefined) return own.address;
  const name = parseAddress(account.login);
  if (name.ok) return name.value;
  throw new AdminError(
    'invalid',
    `Cannot import into "${account.login}": it has no address yet, and the trace needs one to tell whose mail this was; give it with --address`,
  );
}

const kinds = { invalid: 'invalid', taken: 'exists', gone: 'ended', full: 'unavailable' } as const;

export interface ImportedMail extends IntakeReport {
  readonly mailbox: MailboxUse;
}

const recipientIn = (input: Input): { readonly recipient?: Address } =>
  optionalText(input, 'address') === undefined ? {} : { recipient: address(input, 'address') };

export const mailboxImportOperations = {
  'mailbox.imported': listing(
    (input) => ({
      login: login(input, 'login'),
      after: optionalText(input, 'after', 70) ?? '',
      limit: count(input, 'limit', { initial: MAX_PAGE, max: MAX_PAGE }),
      ...recipientIn(input),
    }),
    async (context, input): Promise<{ mailbox: MailboxUse; uidls: readonly string[] }> => {
      const summary = await accountOf(context.store.registry, input.login);
      // What the import would refuse is told before the other server is asked for anything.
      openFor(summary);
      recipientOf(summary, input.recipient);
      const uidls = await context.store.imports.uidls(summary.account.id, input);
      return { mailbox: await useOf(context, input.login), uidls };
    },
  ),
  'mailbox.import': streamed(
    change(
      (input) => ({
        login: login(input, 'login'),
        total: count(input, 'total', { initial: 0, max: 10_000_000 }),
        ...recipientIn(input),
      }),
      async (context, input, { actor, progress, upload }): Promise<ImportedMail> => {
        if (upload === undefined) throw new AdminError('invalid', 'Cannot import: no messages came with the request');
        const { store, clock } = context;
        const summary = await accountOf(store.registry, input.login);
        openFor(summary);
        const target = {
          account: summary.account.id,
          addresses: summary.addresses.map((registered) => registered.address),
          otherwise: recipientOf(summary, input.recipient),
          actor,
          progress: (done: number) => progress(done, input.total),
        };
        const report = await takeIn(upload, { store, clock }, target).catch((error: unknown) => {
          if (!(error instanceof IntakeError)) throw error;
          throw new AdminError(kinds[error.kind], error.message, { cause: error });
        });
        return { ...report, mailbox: await useOf(context, input.login) };
      },
    ),
  ),
};

function openFor({ account }: AccountSummary): void {
  if (account.state === 'ended')
    throw new AdminError('ended', `Cannot import into "${account.login}": the account has ended; name another one`);
  if (account.kind === 'partner')
    throw new AdminError(
      'invalid',
      `Cannot import into "${account.login}": it is a partner's, whose mail is pushed to its own server; name an account with a mailbox`,
    );
}
