/** Parts of changes: set the states of a list of accounts at once, all or none. */
import type { State } from '../../domain/registry.ts';
import { RegistryError } from '../registry.ts';
import { type Actor } from '../actor.ts';
import { int } from '../sql/columns.ts';
import { among } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { dropAppPasswords } from './app-passwords.ts';
import { voidCodes } from './enrolments.ts';
import type { ChangeContext, TrailRow } from './change-context.ts';
import { dropPasswords } from './passwords.ts';
import { type FoundAccount, accountIn, accountsNamed, mustBeOpen } from './registered.ts';
import { revokeRegistrations } from './registrations.ts';

/** Sets a state; returns how many accounts were not in it. The others are left alone. */
export function* setStates(
  context: ChangeContext,
  logins: readonly string[],
  state: Exclude<State, 'ended'>,
  actor: Actor,
): Change<number> {
  const found = new Map(yield* accountsNamed(context.at, logins));
  const rows: (TrailRow & { readonly account: number })[] = [];
  for (const login of logins) {
    const account = accountIn(found, login);
    mustBeOpen(account, login);
    const now = stateBehind(account, state, login);
    if (now === undefined) continue;
    const from = account.state === state ? 'ending' : account.state;
    rows.push({
      event: 'registry.account-state',
      account: account.id,
      personal: { login },
      facts: { from, to: state },
    });
    // An account may be named twice.
    found.set(account.login, now);
  }
  const touched = new Set(rows.map(({ account }) => account));
  if (touched.size === 0) return 0;
  const changed = [...found.values()].filter(({ id }) => touched.has(id));
  const resumed = changed.filter(({ ending }) => !ending).map(({ id }) => id);
  yield* sql.run`UPDATE account SET state = ${state} WHERE id ${among(int, [...touched])}`;
  if (state === 'active')
    yield* sql.run`
      UPDATE account SET ends_at = NULL, successor = NULL WHERE ends_at IS NOT NULL AND id ${among(int, resumed)}`;
  yield* context.touchAll([...touched]);
  yield* context.recordAll(rows, actor);
  return rows.length;
}

/**
 * The state that a change leads to; undefined: no change. A suspension is lifted first, by itself:
 * an account that is contained while it ends is resumed to collect its mail, and ends all the same.
 */
function stateBehind(account: FoundAccount, state: Exclude<State, 'ended'>, login: string): FoundAccount | undefined {
  if (account.state !== state) return { ...account, state };
  if (state !== 'active' || !account.ending) return undefined;
  if (account.moved)
    throw new RegistryError(
      'ended',
      `The account "${login}" is what is left of one that went to another organisation with its addresses; that cannot be taken back`,
    );
  return { ...account, ending: false };
}

/**
 * Takes away everything that the holder logged in with until now, which stays away when the account
 * is resumed. Returns how many accounts had anything left to take, or were not suspended: a run
 * that was cut short is given again, and what it had done leaves no second row.
 */
export function* contain(context: ChangeContext, logins: readonly string[], actor: Actor): Change<number> {
  const found = yield* accountsNamed(context.at, logins);
  const named = new Map<number, { readonly account: FoundAccount; readonly login: string }>();
  for (const login of logins) {
    const account = accountIn(found, login);
    mustBeOpen(account, login);
    if (!named.has(account.id)) named.set(account.id, { account, login });
  }
  const ids = [...named.keys()];
  const passwords = countOf(yield* dropPasswords(ids));
  const appPasswords = countOf(yield* dropAppPasswords(ids));
  const certificates = countOf(yield* revokeRegistrations(context, ids));
  const codes = countOf(yield* voidCodes(context, ids));
  const rows = [...named.values()].flatMap(({ account: { id, state }, login }) => {
    const taken = {
      passwords: passwords(id),
      appPasswords: appPasswords(id),
      certificates: certificates(id),
      codes: codes(id),
    };
    if (state === 'suspended' && Object.values(taken).every((n) => n === 0)) return [];
    const facts = { from: state, to: 'suspended', ...taken };
    return [{ event: 'registry.account-contained', account: id, personal: { login }, facts }];
  });
  if (rows.length === 0) return 0;
  const contained = rows.map(({ account }) => account);
  yield* sql.run`UPDATE account SET state = 'suspended' WHERE id ${among(int, contained)}`;
  // An intruder may have added a webhook, or sent one elsewhere: the owner resumes those that he
  // knows.
  yield* sql.run`
    UPDATE webhook SET state = 'paused', why = 'contained', due_at = NULL WHERE account ${among(int, contained)} AND state <> 'paused'`;
  yield* context.touchAll(contained);
  yield* context.recordAll(rows, actor);
  return rows.length;
}

/** Counts by account, from a list that names an account once for each thing it had. */
function countOf(whose: readonly number[]): (account: number) => number {
  const counts = new Map<number, number>();
  for (const account of whose) counts.set(account, (counts.get(account) ?? 0) + 1);
  return (account) => counts.get(account) ?? 0;
}
