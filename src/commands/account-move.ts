/**
 * `sluis account move`: moves accounts to another organisation, with their login, their addresses
 * and the mail since a given day. Older mail stays. Each account is moved on its own, and one that
 * has moved already is left alone: after an interruption, the same command is given again.
 */
import { accountOf } from '../admin/accounts.ts';
import type { AdminContext } from '../admin/context.ts';
import { AdminError } from '../admin/error.ts';
import type { Call } from '../admin/call.ts';
import { formerLogin } from '../domain/account-move.ts';
import { defined } from '../domain/defined.ts';
import { type Instant, days as lengthOf, instant, iso } from '../domain/units.ts';
import type { AccountMove, AccountReferences } from '../store/account-moves.ts';
import { RegistryError } from '../store/registry.ts';
import { accountColumn } from './core/accounts.ts';
import { recordsOf } from './core/csv.ts';
import { type AccountMovesView, type MoveView, movesText, movesView } from './account-move-text.ts';
import { login, organisation } from './core/kinds.ts';
import { days, since } from './core/moments.ts';
import { publishing } from './core/publishing.ts';
import { arg, flag, maybe, old, opt } from './core/params.ts';
import { changes } from './core/row.ts';

/** Most accounts of one file: the answer says for each what was done. */
const MAX_MOVES = 5000;
const MAX_GRACE = 366;
const GRACE = 30;

interface Wanted {
  readonly login: string;
  readonly organisation: string;
  readonly move: AccountMove;
}

const shareView = ({ since: from, endsAt }: AccountMove, references: AccountReferences) => {
  const { naming, from: whose, addresses, passwords, certificates, pgpKeys } = references;
  const { delegations, substitutes, codes, identities, exemptions } = references;
  return {
    from: whose,
    since: iso(from),
    closes: iso(endsAt),
    addresses,
    passwords,
    certificates,
    pgpKeys,
    delegations,
    substitutes,
    codes,
    identities,
    ...(exemptions > 0 && { exemptions }),
    revoked: naming.map(({ use, serial, registration, subject, fingerprint, own }) => ({
      use,
      name: serial ?? registration ?? '',
      subject,
      fingerprint,
      own,
    })),
  };
};

/** The move that was done before; undefined if the account has not moved yet. */
async function alreadyThere(
  { store }: AdminContext,
  { login: name, organisation: to }: Wanted,
): Promise<MoveView | undefined> {
  const there = (await accountOf(store.registry, name)).organisation === to;
  return there ? { login: name, organisation: to, already: true } : undefined;
}

async function planOf(context: AdminContext, wanted: Wanted): Promise<MoveView> {
  const already = await alreadyThere(context, wanted);
  if (already !== undefined) return already;
  const { move, login: name, organisation: to } = wanted;
  const { moved, left, ...references } = await context.store.accountMoves.plan(move);
  const former = formerLogin(name, context.clock.now(), 1);
  return { login: name, organisation: to, former, ...shareView(move, references), moved: { ...moved, held: 0 }, left };
}

/** A plan for every account. Throws if something is wrong, with all that is wrong. */
async function plansOf(context: AdminContext, all: readonly Wanted[], progress: Call['progress']): Promise<MoveView[]> {
  const plans: MoveView[] = [];
  const problems: (AdminError | RegistryError)[] = [];
  for (const [done, wanted] of all.entries()) {
    if (all.length > 1) progress(done, all.length);
    try {
      plans.push(await planOf(context, wanted));
    } catch (error) {
      if (!(error instanceof AdminError || error instanceof RegistryError)) throw error;
      problems.push(error);
    }
  }
  const [first] = problems;
  if (first === undefined) return plans;
  if (all.length === 1) throw new AdminError(first.kind, `Cannot move: ${first.message}`);
  const lines = problems.map(({ message }) => `  ${message}`).join('\n');
  throw new AdminError('invalid', `Cannot move, nothing was changed:\n${lines}`);
}

async function moveOne(context: AdminContext, wanted: Wanted, { actor, progress }: Call): Promise<MoveView> {
  const already = await alreadyThere(context, wanted);
  if (already !== undefined) return already;
  const { move, login: name, organisation: to } = wanted;
  const done = await context.store.accountMoves.move(move, actor, (messages) => progress(messages, 0));
  const { moved, left, former, account: _, ...references } = done;
  // This read comes after the commit. A login that was under way at the commit has opened its
  // session by now, or finds another account.
  await context.store.registry.findAccount(former.login);
  const { cutSessionsOf } = await import('../admin/sessions.ts');
  const sessions = cutSessionsOf(context, former.account);
  return { login: name, organisation: to, former: former.login, ...shareView(move, references), moved, left, sessions };
}

async function moveAll(context: AdminContext, all: readonly Wanted[], call: Call): Promise<AccountMovesView> {
  // Checks all accounts before the first one moves.
  await plansOf(context, all, () => undefined);
  const accounts: MoveView[] = [];
  // Progress counts messages if one account moves, and accounts if many do.
  const isOne = all.length === 1;
  for (const wanted of all) {
    accounts.push(await moveOne(context, wanted, isOne ? call : { ...call, progress: () => undefined }));
    if (!isOne) call.progress(accounts.length, all.length);
  }
  const isListed = accounts.some(({ revoked = [] }) => revoked.some(({ own }) => own));
  const problem = isListed ? await publishing(context) : undefined;
  return { applied: true, accounts, ...defined({ problem }) };
}

const where = { organisation: arg(organisation, 'where it goes') };
const columns = { ...accountColumn, ...where, since: old(arg(since, 'mail received since then goes along'), 'from') };

export const move = changes({
  api: {
    method: 'POST',
    path: '/accounts/{accountId}/moves',
    without: ['upload'],
    ids: { 'accounts.accountId': 'login' },
  },
  about: 'an account goes to another organisation, with its addresses and the mail since a day',
  in: {
    login: maybe(login, 'the account'),
    organisation: opt(organisation, 'where it goes'),
    since: opt(since, 'mail received since then goes along: a day such as 2026-11-01, or a moment; not ahead'),
    grace: opt(days(MAX_GRACE), `how long the old organisation can collect what stays; default: ${GRACE}d`, GRACE),
    dryRun: flag('say what would change, and change nothing'),
  },
  upload: {
    about: 'many: CSV with the header "account,organisation,since"',
    was: { name: 'from-file', beside: 'since' },
  },
  out: movesView,
  right: 'registry',
  second: 'address-move',
  isLook: ({ dryRun }) => dryRun,
  trail: ['registry.account-moved'],
  undo: 'account move, back to where it was; what stayed there stays',
  examples: [
    'huisarts --organisation umc --since 14d --dry-run',
    'huisarts --organisation umc --since yesterday --reason "the practice joins the hospital"',
    '--from moves.csv --dry-run',
  ],
  progress: {
    phase: 'Moving',
    unit: 'accounts',
    unitOf: (input) => (input.login === undefined ? undefined : 'messages'),
  },
  run: async (context, { login: name, organisation: to, since: from, grace, dryRun }, call) => {
    const now = (): Instant => context.clock.now();
    const endsAt = instant(now() + lengthOf(grace));
    const isNamed = name !== undefined || to !== undefined || from !== undefined;
    if (call.upload !== undefined && isNamed)
      throw new AdminError(
        'invalid',
        'Cannot move with --from FILE and an account, --organisation or --since: the file names them; leave one out',
      );
    const file = { action: 'move', columns, most: MAX_MOVES, now, once: 'account' } as const;
    const named =
      name === undefined || to === undefined || from === undefined
        ? undefined
        : [{ account: name, organisation: to, since: from }];
    if (call.upload === undefined && named === undefined)
      throw new AdminError(
        'invalid',
        'Cannot move: expected LOGIN --organisation NAME --since DATE, or a file with --from',
      );
    const all = (named ?? (await recordsOf(call.upload, file))).map((one): Wanted => {
      const move = { login: one.account, organisation: one.organisation, since: one.since, endsAt };
      return { login: one.account, organisation: one.organisation, move };
    });
    if (dryRun) return { applied: false, accounts: await plansOf(context, all, call.progress) };
    return await moveAll(context, all, call);
  },
  say: movesText,
});
