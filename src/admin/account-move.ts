/**
 * The operations `account.move` and `account.move-plan`: accounts go to another organisation with their log-in, addresses and the mail since a
 * day; what was before stays. Each account is moved by itself, and one that is there already is left alone: cut short, it is asked again.
 */
import { tryToPublish } from '../ca/revocation-lists.ts';
import { formerLogin } from '../domain/account-move.ts';
import { defined } from '../domain/defined.ts';
import { foldLogin } from '../domain/registry.ts';
import { days, instant } from '../domain/units.ts';
import type { AccountMove, AccountMoved, AccountTies } from '../store/account-moves.ts';
import { RegistryError } from '../store/registry.ts';
import { accountOf } from './accounts.ts';
import { type AdminContext, AdminError, type Call } from './context.ts';
import { type Input, beginning, count, login, organisationName } from './input.ts';
import { change, listing, withSecond } from './operation.ts';
import { cutSessionsOf } from './sessions.ts';

/** Accounts of one call. */
export const MAX_ACCOUNT_MOVES = 100;
const MAX_GRACE = 366;
const GRACE = 30;

export interface RevokedView {
  readonly use: string;
  /** Serial number, or the name under which it was registered for log-in. */
  readonly name: string;
  readonly subject: string;
  readonly fingerprint: string;
  /** By the gateway's own authority: its revocation list names it. Others have to be told to its issuer. */
  readonly own: boolean;
}

export interface AccountMoveView {
  readonly login: string;
  readonly organisation: string;
  /** It belongs there; nothing was done. */
  readonly already?: true;
  readonly from?: string;
  /** ISO 8601: what was received since goes along. */
  readonly since?: string;
  /** Where the old organisation finds what was before, and until when. */
  readonly former?: string;
  readonly closes?: string;
  readonly addresses?: AccountTies['addresses'];
  readonly passwords?: number;
  readonly certificates?: number;
  readonly pgpKeys?: number;
  readonly revoked?: readonly RevokedView[];
  readonly delegations?: AccountTies['delegations'];
  readonly substitutes?: AccountTies['substitutes'];
  readonly codes?: number;
  readonly identities?: readonly string[];
  readonly moved?: AccountMoved['moved'];
  readonly left?: AccountMoved['left'];
  /** Open sessions that ended. */
  readonly sessions?: number;
}

export interface AccountMovesView {
  /** False for a plan. */
  readonly applied: boolean;
  readonly accounts: readonly AccountMoveView[];
  /** The revocation list could not be written: why. */
  readonly problem?: string;
}

interface Wanted extends Pick<AccountMove, 'login' | 'organisation' | 'since'> {
  readonly graceDays: number;
}

function wantedIn(input: Input): readonly Wanted[] {
  const { moves } = input;
  const graceDays = count(input, 'grace-days', { initial: GRACE, max: MAX_GRACE });
  if (!Array.isArray(moves) || moves.length < 1 || moves.length > MAX_ACCOUNT_MOVES)
    throw new AdminError('invalid', `Cannot move: expected 1 to ${MAX_ACCOUNT_MOVES} accounts in one call`);
  const wanted = moves.map((item: unknown): Wanted => {
    const move = (typeof item === 'object' && item !== null ? item : {}) as Input;
    const organisation = organisationName(move, 'organisation');
    return { login: login(move, 'login'), organisation, since: beginning(move, 'from'), graceDays };
  });
  const seen = new Set<string>();
  for (const { login: name } of wanted) {
    if (seen.has(name)) throw new AdminError('invalid', `Cannot move "${name}" twice in one call; name it once`);
    seen.add(name);
  }
  return wanted;
}

const moveOf = ({ clock }: AdminContext, { graceDays, ...wanted }: Wanted): AccountMove => ({
  ...wanted,
  endsAt: instant(clock.now() + days(graceDays)),
});

const shareView = (
  { since, endsAt }: AccountMove,
  {
    naming,
    from,
    addresses,
    passwords,
    certificates,
    pgpKeys,
    delegations,
    substitutes,
    codes,
    identities,
  }: AccountTies,
) => ({
  from,
  since: new Date(since).toISOString(),
  closes: new Date(endsAt).toISOString(),
  addresses,
  passwords,
  certificates,
  pgpKeys,
  delegations,
  substitutes,
  codes,
  identities,
  revoked: naming.map(({ use, serial, registration, subject, fingerprint, own }) => ({
    use,
    name: serial ?? registration ?? '',
    subject,
    fingerprint,
    own,
  })),
});

/** Undefined where it is not there yet. */
async function alreadyThere({ store }: AdminContext, wanted: Wanted): Promise<AccountMoveView | undefined> {
  const { login: name, organisation } = wanted;
  const there = (await accountOf(store.registry, name)).organisation === organisation;
  return there ? { login: name, organisation, already: true } : undefined;
}

async function planOf(context: AdminContext, wanted: Wanted): Promise<AccountMoveView> {
  const already = await alreadyThere(context, wanted);
  if (already !== undefined) return already;
  const move = moveOf(context, wanted);
  const { moved, left, ...ties } = await context.store.accountMoves.plan(move);
  const { login: name, organisation } = wanted;
  const former = formerLogin(foldLogin(name) ?? name, context.clock.now(), 1);
  return { login: name, organisation, former, ...shareView(move, ties), moved: { ...moved, held: 0 }, left };
}

/** Every account, or all that is wrong with them. */
async function plansOf(context: AdminContext, all: readonly Wanted[], { progress }: Call): Promise<AccountMoveView[]> {
  const plans: AccountMoveView[] = [];
  const problems: (AdminError | RegistryError)[] = [];
  for (const [done, wanted] of all.entries()) {
    progress(done, all.length);
    try {
      plans.push(await planOf(context, wanted));
    } catch (error) {
      if (!(error instanceof AdminError || error instanceof RegistryError)) throw error;
      problems.push(error);
    }
  }
  const [first] = problems;
  if (first !== undefined && all.length === 1) throw new AdminError(first.kind, `Cannot move: ${first.message}`);
  if (first !== undefined)
    throw new AdminError(
      'invalid',
      `Cannot move, nothing was changed:\n${problems.map(({ message }) => `  ${message}`).join('\n')}`,
    );
  return plans;
}

async function moveOne(context: AdminContext, wanted: Wanted, { actor, progress }: Call): Promise<AccountMoveView> {
  const already = await alreadyThere(context, wanted);
  if (already !== undefined) return already;
  const move = moveOf(context, wanted);
  const {
    moved,
    left,
    former,
    account: _,
    ...ties
  } = await context.store.accountMoves.move(move, actor, (messages) => progress(messages, 0));
  // Behind a read: a login that was under way when the commit came has its session by now, or finds another account.
  await context.store.registry.findAccount(former.login);
  const sessions = cutSessionsOf(context, former.account);
  const { login: name, organisation } = wanted;
  return { login: name, organisation, former: former.login, ...shareView(move, ties), moved, left, sessions };
}

async function moveAll(context: AdminContext, all: readonly Wanted[], call: Call): Promise<AccountMovesView> {
  // What is wrong with one of them is found before the first has moved.
  await plansOf(context, all, { ...call, progress: () => undefined });
  const accounts: AccountMoveView[] = [];
  for (const wanted of all) {
    const one = all.length === 1 ? call : { ...call, progress: () => undefined };
    accounts.push(await moveOne(context, wanted, one));
    if (all.length > 1) call.progress(accounts.length, all.length);
  }
  const isListed = accounts.some(({ revoked = [] }) => revoked.some(({ own }) => own));
  const problem = isListed ? await tryToPublish(context.ca) : undefined;
  return { applied: true, accounts, ...defined({ problem }) };
}

export const accountMoveOperations = {
  'account.move-plan': listing(wantedIn, async (context, all, call): Promise<AccountMovesView> => ({
    applied: false,
    accounts: await plansOf(context, all, call),
  })),
  'account.move': withSecond('address-move', change(wantedIn, moveAll)),
};
