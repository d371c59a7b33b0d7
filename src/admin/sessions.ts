/** The sessions that are open in the running gateway: shown, and ended. */
import { defined } from '../domain/defined.ts';
import type { AccountId } from '../domain/ids.ts';
import type { OpenSession, SessionFacts } from '../platform/connections.ts';
import { NetworkSet } from '../platform/network.ts';
import { accountOf } from './accounts.ts';
import { type AdminContext, AdminError, runningGateway } from './context.ts';
import { type Input, flag, login, optionalText, page } from './input.ts';
import { change, listing } from './operation.ts';

const MAX_IDS = 1000;

export interface SessionView {
  readonly id: string;
  readonly protocol: string;
  readonly listener: string;
  readonly address: string;
  readonly account?: string;
  readonly state: string;
  readonly tls?: string;
  readonly cipher?: string;
  /** What the client calls itself. */
  readonly client?: string;
  /** ISO 8601. */
  readonly since: string;
  /** Octets on the line. */
  readonly read: number;
  readonly written: number;
}

interface Wanted {
  readonly logins: ReadonlySet<string> | undefined;
  readonly network: NetworkSet | undefined;
}

function wantedOf(input: Input): Wanted {
  const network = optionalText(input, 'network', 64);
  return {
    logins: input.account === undefined ? undefined : new Set([login(input, 'account')]),
    network: network === undefined ? undefined : networkSet(network),
  };
}

/** Also used where the trail is searched for a network. */
export function networkSet(text: string): NetworkSet {
  try {
    return new NetworkSet([text]);
  } catch (error) {
    throw new AdminError('invalid', `Cannot look for that network: ${error instanceof Error ? error.message : ''}`);
  }
}

/** Looked at before any facts are asked for: of 10,000 sessions one account has a few. */
const couldMeet = ({ account }: OpenSession, { logins }: Wanted): boolean =>
  logins === undefined || (account !== undefined && logins.has(account.login));

const meets = ({ address }: SessionFacts, { network }: Wanted): boolean =>
  network === undefined || network.has(address);

/** By id, so that a listing can be turned over. */
function found(
  { gateway }: AdminContext,
  action: string,
  wanted: Wanted,
): readonly (readonly [SessionFacts, OpenSession])[] {
  return runningGateway(gateway, action)
    .sessions()
    .filter((session) => couldMeet(session, wanted))
    .map((session) => [session.facts(), session] as const)
    .filter(([facts]) => meets(facts, wanted))
    .sort(([a], [b]) => (a.id < b.id ? -1 : 1));
}

const viewOf = ({ clock }: AdminContext, { age, account, octets, ...facts }: SessionFacts): SessionView => ({
  ...facts,
  ...defined({ account: account?.login }),
  since: new Date(clock.now() - age).toISOString(),
  ...octets,
});

/** What is open of these accounts. */
export const openSessions = (context: AdminContext, logins: readonly string[]): readonly SessionView[] =>
  context.gateway === undefined
    ? []
    : found(context, 'look', { logins: new Set(logins), network: undefined }).map(([facts]) => viewOf(context, facts));

/** Ends what is open of these accounts. Tells what it was. */
export function cutSessions(context: AdminContext, logins: readonly string[]): readonly SessionView[] {
  if (context.gateway === undefined) return [];
  return found(context, 'end sessions', { logins: new Set(logins), network: undefined }).map(([facts, session]) => {
    session.kill();
    return viewOf(context, facts);
  });
}

/** Ends what logged in as this account, which may have another log-in name by now. Tells how many. */
export function cutSessionsOf({ gateway }: AdminContext, account: AccountId): number {
  const its = gateway?.sessions().filter((session) => session.facts().account?.id === account) ?? [];
  for (const session of its) session.kill();
  return its.length;
}

function idsOf(input: Input): readonly string[] {
  const { ids = [] } = input;
  if (!Array.isArray(ids) || ids.length > MAX_IDS || !ids.every((id) => typeof id === 'string' && id.length <= 64))
    throw new AdminError(
      'invalid',
      `Cannot use those ids: expected at most ${MAX_IDS} as "sluis session list" shows them`,
    );
  return ids as string[];
}

export interface KilledView {
  readonly sessions: readonly SessionView[];
  /** Ids that no open session has. */
  readonly unknown: readonly string[];
  /** False where it was only asked what would be. */
  readonly applied: boolean;
}

/** A name that was mistyped must not read as "nobody is connected". An account that has just moved may still have sessions of its old name. */
async function knownOrOpen({ store }: AdminContext, { logins }: Wanted, open: readonly unknown[]): Promise<void> {
  if (open.length > 0 || logins === undefined) return;
  for (const login of logins) await accountOf(store.registry, login);
}

function notOpen(ids: readonly string[]): AdminError {
  const [first = ''] = ids;
  const what =
    ids.length === 1 ? `session "${first}": it is` : `any of ${ids.length} sessions, such as "${first}": they are`;
  return new AdminError('unknown', `Cannot end ${what} not open; "sluis session list" shows those that are`);
}

export const sessionOperations = {
  'session.list': listing(
    (input) => ({ ...page(input), wanted: wantedOf(input) }),
    async (context, { limit, after = '', wanted }): Promise<readonly SessionView[]> => {
      const all = found(context, 'list sessions', wanted);
      await knownOrOpen(context, wanted, all);
      return all
        .filter(([{ id }]) => id > after)
        .slice(0, limit)
        .map(([facts]) => viewOf(context, facts));
    },
  ),
  'session.kill': change(
    (input) => ({ ids: idsOf(input), wanted: wantedOf(input), dryRun: flag(input, 'dry-run') }),
    async (context, { ids, wanted, dryRun }): Promise<KilledView> => {
      if (ids.length === 0 && wanted.logins === undefined && wanted.network === undefined)
        throw new AdminError('invalid', 'Cannot end sessions: name their ids, an account or a network');
      const all = found(context, 'end sessions', wanted).filter(([{ id }]) => ids.length === 0 || ids.includes(id));
      if (!dryRun) for (const [, session] of all) session.kill();
      await knownOrOpen(context, wanted, all);
      if (ids.length > 0 && all.length === 0) throw notOpen(ids);
      return {
        sessions: all.map(([facts]) => viewOf(context, facts)),
        unknown: ids.filter((id) => !all.some(([facts]) => facts.id === id)),
        applied: !dryRun,
      };
    },
  ),
};
