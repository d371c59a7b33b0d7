/**
 * What `sluis takeover back` asks of the gateway: mail leaves a mailbox and goes back to the old
 * server.
 */
import { z } from '../../config/zod.ts';
import { accountOf } from '../../admin/accounts.ts';
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import type { Call } from '../../admin/call.ts';
import { organisationOf } from '../../admin/organisation-of.ts';
import { accountsOf } from '../../admin/organisation-accounts.ts';
import { many } from '../../domain/counted.ts';
import type { AccountId } from '../../domain/ids.ts';
import { iso, milliseconds } from '../../domain/units.ts';
import { isUidl } from '../../domain/uidl.ts';
import { givenBack } from '../../platform/given-back.ts';
import { type Practice, stateOf } from '../../store/takeovers.ts';
import type { AccountSummary } from '../../store/registry.ts';
import type { MaildropLock } from '../../store/maildrop.ts';
import { login, message, organisation } from '../core/kinds.ts';
import { anyText, count } from '../core/kind.ts';
import { arg, flag, opt, rest } from '../core/params.ts';
import { lookPart, part } from '../core/row.ts';

/** UIDLs of one transaction. */
const AT_ONCE = 200;
/** Seconds to wait for a session that reads the mailbox. */
const PATIENCE = 20;
/** Most octets of one piece that a caller takes. */
const PIECE = 48 * 1024;
const TOLD = 10;

/** One approval lets a practice go back. It holds until all of its mailboxes have gone. */
const goingBack = part({
  about: 'let a practice go back to the old server',
  in: {
    organisation: arg(organisation, 'the practice'),
    addressesStay: flag('although mail for its addresses is still filed here'),
  },
  out: z.object({ organisation: z.string() }),
  // Mail leaves the mailbox as it is, readable, so it needs the same second person as evidence
  // does.
  right: 'owner',
  second: 'bundle',
  reason: 'needed',
  trail: ['takeover.going-back'],
  undo: 'rehearse and move it again',
  run: async ({ store }, { organisation: name, addressesStay }, { actor }) => {
    await organisationOf(store.registry, name);
    const practice = await store.takeovers.practice(name);
    const state = practice === undefined ? 'not-begun' : stateOf(practice);
    if (state === 'not-begun' || state === 'rehearsed')
      throw new AdminError(
        'conflict',
        `Cannot take "${name}" back: it has not moved; "sluis takeover status" shows where it stands`,
      );
    const here: string[] = [];
    for await (const { account, addresses } of accountsOf(store, name))
      if (account.kind !== 'partner')
        here.push(...addresses.flatMap(({ address, state: is }) => (is === 'active' ? [address] : [])));
    if (here.length > 0 && !addressesStay)
      throw new AdminError(
        'conflict',
        `Cannot take "${name}" back: mail for ${many(here.length, 'address')} of it is filed here still, and would wait where nobody fetches it; "sluis address move ${here.slice(0, TOLD).join(' ')}${here.length > TOLD ? ' ...' : ''} --to-partner NAME" sends it to the old server, or give --addresses-stay`,
      );
    await store.takeovers.goingBack(name, actor);
    return { organisation: name };
  },
});

/** The account. Throws AdminError if its practice is not going back. */
async function leaving({ store }: AdminContext, name: string): Promise<AccountSummary> {
  const summary = await accountOf(store.registry, name);
  const practice: Practice | undefined = await store.takeovers.practice(summary.organisation);
  if (practice?.goingBackAt === undefined)
    throw new AdminError(
      'conflict',
      `Cannot give mail of "${summary.account.login}" back: "${summary.organisation}" does not go back; begin with "sluis takeover back ${summary.organisation}"`,
    );
  return summary;
}

async function locked({ store, clock }: AdminContext, { account }: AccountSummary): Promise<MaildropLock> {
  for (let tries = 0; ; tries += 1) {
    const lock = await store.lockMaildrop(account.id, { session: 'takeover', network: 'operator' });
    if (lock !== 'in-use') return lock;
    if (tries >= PATIENCE)
      throw new AdminError(
        'conflict',
        `Cannot give mail of "${account.login}" back: a session reads its mailbox and does not end; "sluis session list" shows it; try again`,
      );
    await new Promise<void>((resolve) => clock.after(milliseconds(1000), resolve));
  }
}

/** Counts the messages that must still be given to the old server. */
const toGiveBack = lookPart({
  about: 'how many messages came here that nobody has fetched',
  in: { login: arg(login, 'the account') },
  out: z.object({ unfetched: z.number(), returning: z.number() }),
  right: 'registry',
  run: async ({ store: { registry, takeovers } }, { login: name }) => {
    const { account } = await accountOf(registry, name);
    const [unfetched, returning] = await Promise.all([takeovers.unfetched(account.id), takeovers.returns(account.id)]);
    return { unfetched, returning: returning.length };
  },
});

const giveBack = part({
  about: 'take mail out of a mailbox that goes back to the old server',
  in: { login: arg(login, 'the account') },
  out: z.object({
    imported: z
      .number()
      .meta({ description: 'That the old server has still: they are taken over again with the next wave.' }),
    waiting: z.number().meta({ description: 'That nobody had fetched, and that are to be written there.' }),
  }),
  right: 'owner',
  trail: ['message.returned'],
  undo: 'the next wave brings it again',
  upload: { about: 'UIDLs that the old server has, one a line', needed: true },
  streams: true,
  run: async (context, { login: name }, call) => {
    const summary = await leaving(context, name);
    const lock = await locked(context, summary);
    try {
      return await takeOut(context, summary.account.id, lock, call);
    } finally {
      await context.store.releaseMaildrop(lock);
    }
  },
});

async function takeOut(
  { store: { takeovers } }: AdminContext,
  account: AccountId,
  lock: MaildropLock,
  { upload, actor }: Call,
): Promise<{ readonly imported: number; readonly waiting: number }> {
  let [imported, waiting] = [0, 0];
  let batch: string[] = [];
  const end = async (): Promise<void> => {
    if (batch.length > 0) imported += await takeovers.giveBackImported(account, batch);
    batch = [];
    lock.renew();
  };
  for await (const uidl of linesOf(upload)) if (batch.push(uidl) >= AT_ONCE) await end();
  await end();
  for (let left = -1; left !== 0; waiting += left) {
    left = await takeovers.giveBackWaiting(account, actor);
    lock.renew();
  }
  return { imported, waiting };
}

async function* linesOf(upload: AsyncIterable<string> | undefined): AsyncGenerator<string> {
  let rest = '';
  for await (const piece of upload ?? []) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of [...lines, ...(rest.length > AT_ONCE ? [rest] : [])]) {
      if (line === '') continue;
      if (!isUidl(line)) throw new AdminError('invalid', 'Cannot read a UIDL: expected 1 to 70 visible characters');
      yield line;
    }
  }
  if (rest !== '') yield rest;
}

/** At most 1000 in one answer. */
const returning = lookPart({
  about: 'messages that wait to be written at the old server',
  in: { login: arg(login, 'the account') },
  out: z.array(z.object({ uid: z.number(), message: z.string(), octets: z.number(), received: z.string() })).readonly(),
  right: 'registry',
  run: async ({ store }, { login: name }) => {
    const { account } = await accountOf(store.registry, name);
    const rows = await store.takeovers.returns(account.id);
    return await Promise.all(
      rows.map(async (row) => ({
        ...row,
        received: iso((await store.deliveries.findMessage(row.message))?.receivedAt ?? 0),
      })),
    );
  },
});

const returningContent = lookPart({
  about: 'give out a message that waits to be written at the old server',
  in: { login: arg(login, 'the account'), message: arg(message, 'which') },
  out: z.object({ octets: z.number() }),
  right: 'owner',
  run: async (context, { login: name, message: id }, { send }) => {
    const { account } = await leaving(context, name);
    const { takeovers, deliveries } = context.store;
    const found = (await takeovers.returns(account.id)).find((row) => row.message === id);
    const content = found === undefined ? undefined : await deliveries.openMessage(found.message);
    if (content === undefined || send === undefined)
      throw new AdminError(
        'unknown',
        `Cannot give out message "${id}" of "${name}": it does not wait for the old server`,
      );
    for await (const slice of givenBack(content))
      for (let at = 0; at < slice.length; at += PIECE)
        await send(Buffer.from(slice.subarray(at, at + PIECE)).toString('latin1'));
    return { octets: content.octets };
  },
});

const written = part({
  about: 'note that messages are written at the old server',
  in: { login: arg(login, 'the account'), uid: rest(count('uid', { max: Number.MAX_SAFE_INTEGER }), 'which') },
  out: z.object({ login: z.string() }),
  right: 'owner',
  trail: [],
  undo: 'the next wave brings them again',
  run: async ({ store }, { login: name, uid: uids }) => {
    const { account } = await accountOf(store.registry, name);
    await store.takeovers.written(account.id, uids);
    return { login: account.login };
  },
});

/** At most 1000 in one answer. */
const deletedSince = lookPart({
  about: 'messages of the old server that their owner has deleted here',
  in: {
    login: arg(login, 'the account'),
    after: opt(anyText('uidl', 70), 'behind this one', ''),
  },
  out: z.array(z.string()).readonly(),
  right: 'registry',
  run: async ({ store }, { login: name, after }) => {
    const { account } = await accountOf(store.registry, name);
    return await store.takeovers.deletedSince(account.id, after);
  },
});

const forget = part({
  about: 'forget messages that are deleted at the old server too',
  in: {
    login: arg(login, 'the account'),
    uidl: rest(anyText('uidl', 70), 'which'),
  },
  out: z.object({ login: z.string() }),
  right: 'owner',
  trail: [],
  undo: 'not needed: they are deleted in both places',
  run: async (context, { login: name, uidl: uidls }) => {
    const { account } = await leaving(context, name);
    await context.store.takeovers.forget(account.id, uidls);
    return { login: account.login };
  },
});

/** The operations that `takeover back` calls, by their names in the command table. */
export const giveBackParts = {
  'going-back': goingBack,
  'to-give-back': toGiveBack,
  'give-back': giveBack,
  returning,
  'returning-content': returningContent,
  written,
  forget,
  'deleted-since': deletedSince,
};
