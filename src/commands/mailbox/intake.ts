/**
 * Operations that take over mail from another server. The messages come as the upload
 * (takeover/frames.ts).
 */
import { z } from '../../config/zod.ts';
import { accountOf } from '../../admin/accounts.ts';
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import { type Address, parseAddress } from '../../domain/address.ts';
import { settingOf } from '../../domain/settings.ts';
import type { AccountSummary } from '../../store/registry.ts';
import { takeIn } from '../../takeover/intake.ts';
import { IntakeError } from '../../takeover/intake-batch.ts';
import { address, login } from '../core/kinds.ts';
import { anyText, count } from '../core/kind.ts';
import { arg, opt } from '../core/params.ts';
import { changes, reads } from '../core/row.ts';

export const MAX_PAGE = 10_000;

/** The facts about a mailbox that an operator needs before and after. */
const mailbox = z.object({ login: z.string(), messages: z.number(), octets: z.number(), quota: z.number() });
export type MailboxUse = z.infer<typeof mailbox>;

const imports = z.object({
  messages: z.number(),
  octets: z.number(),
  batches: z.number(),
  fetched: z.number(),
  edi: z.number(),
  lineEnds: z.number().meta({ description: 'Messages that needed CRs; `nul`: had NUL octets.' }),
  nul: z.number(),
  otherSize: z.number().meta({ description: 'Messages of another size than the other server had noted.' }),
  refused: z.array(z.object({ uidl: z.string(), why: z.string() })).readonly(),
  refusedMessages: z.number(),
});
export type Imports = z.infer<typeof imports>;

async function useOf({ store }: AdminContext, name: string): Promise<MailboxUse> {
  const { account, organisation, messages, used } = await accountOf(store.registry, name);
  const owner = await store.registry.findOrganisation(organisation);
  const quota = settingOf('quota', account.settings, owner?.settings);
  return { login: account.login, messages, octets: used, quota };
}

/**
 * The address that the trace shows as the recipient of a message that names no address of the
 * account.
 */
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

const kinds = {
  invalid: 'invalid',
  taken: 'exists',
  gone: 'ended',
  full: 'unavailable',
  unscanned: 'unavailable',
} as const;

const target = {
  login: arg(login, 'the account'),
  address: opt(address, 'recipient for the trace, if a message does not name an address of the account'),
};
const said = { right: 'registry', examples: ['huisarts'] } as const;

/** Lists the messages of another server that the mailbox already has. */
export const imported = reads({
  ...said,
  right: 'read',
  about: 'tell which messages of another server a mailbox has already',
  in: {
    ...target,
    after: opt(anyText('uidl', 70), 'behind this one', ''),
    limit: opt(count('number', { max: MAX_PAGE }), 'most', MAX_PAGE),
  },
  out: z.object({ mailbox, uidls: z.array(z.string()).readonly() }),
  run: async (context, { login: of, address: recipient, after, limit }) => {
    const summary = await accountOf(context.store.registry, of);
    // Whatever would make the import fail is reported before the other server is asked for
    // anything.
    openFor(summary);
    recipientOf(summary, recipient);
    const uidls = await context.store.imports.uidls(summary.account.id, { after, limit });
    return { mailbox: await useOf(context, of), uidls };
  },
  say: ({ uidls }) => uidls.join('\n'),
});

export const importRow = changes({
  ...said,
  about: 'file messages of another server',
  in: { ...target, total: opt(count('number', { max: 10_000_000 }), 'how many come', 0) },
  out: imports.extend({ mailbox }),
  trail: ['message.imported'],
  undo: 'the owner deletes them',
  upload: { about: 'the messages', needed: true },
  streams: true,
  run: async (context, { login: of, address: recipient, total }, { actor, progress, upload }) => {
    if (upload === undefined) throw new AdminError('invalid', 'Cannot import: no messages came with the request');
    const { store, clock, scanImported: scan } = context;
    const summary = await accountOf(store.registry, of);
    openFor(summary);
    const into = {
      account: summary.account.id,
      addresses: summary.addresses.map((registered) => registered.address),
      otherwise: recipientOf(summary, recipient),
      actor,
      progress: (done: number) => progress(done, total),
    };
    const report = await takeIn(upload, { store, clock, scan }, into).catch((error: unknown) => {
      if (!(error instanceof IntakeError)) throw error;
      throw new AdminError(kinds[error.kind], error.message, { cause: error });
    });
    return { ...report, mailbox: await useOf(context, of) };
  },
  say: ({ messages }) => String(messages),
});

function openFor({ account }: AccountSummary): void {
  if (account.state === 'ended')
    throw new AdminError('ended', `Cannot import into "${account.login}": the account has ended; name another one`);
  if (account.kind === 'partner')
    throw new AdminError(
      'invalid',
      `Cannot import into "${account.login}": it is a partner's, whose mail is pushed to its own server; name an account with a mailbox`,
    );
}
