/** Finds and ends the open sessions of the running gateway. */
import { z } from '../config/zod.ts';
import { defined } from '../domain/defined.ts';
import type { AccountId } from '../domain/ids.ts';
import type { OpenSession, SessionFacts } from '../platform/connections.ts';
import { NetworkSet } from '../platform/network.ts';
import { accountOf } from './accounts.ts';
import type { AdminContext } from './context.ts';
import { AdminError, runningGateway } from './error.ts';

export const sessionView = z.object({
  id: z.string(),
  protocol: z.string(),
  listener: z.string(),
  address: z.string(),
  account: z.string().optional(),
  state: z.string(),
  tls: z.string().optional(),
  cipher: z.string().optional(),
  client: z.string().optional().meta({ description: 'What the client calls itself.' }),
  since: z.string(),
  read: z.number().meta({ description: 'Octets on the line.' }),
  written: z.number(),
});
export type SessionView = Readonly<z.infer<typeof sessionView>>;

/** Which sessions are wanted. An undefined field stands for all accounts, or for all networks. */
export interface Wanted {
  readonly logins: ReadonlySet<string> | undefined;
  readonly network: NetworkSet | undefined;
}

/** Reads a network. It is also used to search the trail for one. */
export function networkSet(text: string): NetworkSet {
  try {
    return new NetworkSet([text]);
  } catch (error) {
    throw new AdminError('invalid', `Cannot look for that network: ${error instanceof Error ? error.message : ''}`);
  }
}

/**
 * A quick first check, before any facts are gathered: of 10,000 sessions an account has only a few.
 */
const couldMeet = ({ account }: OpenSession, { logins }: Wanted): boolean =>
  logins === undefined || (account !== undefined && logins.has(account.login));

const meets = ({ address }: SessionFacts, { network }: Wanted): boolean =>
  network === undefined || network.has(address);

/** Sessions ordered by id, so that a listing can be paged. */
export function foundSessions(
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

export const viewSession = (
  { clock }: AdminContext,
  { age, account, octets, ...facts }: SessionFacts,
): SessionView => ({
  ...facts,
  ...defined({ account: account?.login }),
  since: new Date(clock.now() - age).toISOString(),
  ...octets,
});

/** Open sessions of these accounts. */
export const openSessions = (context: AdminContext, logins: readonly string[]): readonly SessionView[] =>
  context.gateway === undefined
    ? []
    : foundSessions(context, 'look', { logins: new Set(logins), network: undefined }).map(([facts]) =>
        viewSession(context, facts),
      );

/** Ends all open sessions of these accounts, and returns them. */
export function cutSessions(context: AdminContext, logins: readonly string[]): readonly SessionView[] {
  if (context.gateway === undefined) return [];
  return foundSessions(context, 'end sessions', { logins: new Set(logins), network: undefined }).map(
    ([facts, session]) => {
      session.kill();
      return viewSession(context, facts);
    },
  );
}

/**
 * Ends all sessions that logged in as this account, which may have another login name by now.
 * Returns their number.
 */
export function cutSessionsOf({ gateway }: AdminContext, account: AccountId): number {
  const its = gateway?.sessions().filter((session) => session.facts().account?.id === account) ?? [];
  for (const session of its) session.kill();
  return its.length;
}

/**
 * Throws AdminError for a name that does not exist, so that a typing error does not look like
 * "nobody is connected". An account that has just moved may still have sessions with its old name.
 */
export async function knownOrOpen(
  { store }: AdminContext,
  { logins }: Wanted,
  open: readonly unknown[],
): Promise<void> {
  if (open.length > 0 || logins === undefined) return;
  for (const login of logins) await accountOf(store.registry, login);
}
