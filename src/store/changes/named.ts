/** Accounts as a command names them, many with one statement. */
import { type State, foldLogin } from '../../domain/registry.ts';
import { RegistryError } from '../registry.ts';
import { type Row, as, flag, int, text } from '../sql/columns.ts';
import { among, locked } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { Ground } from './ground.ts';

const ACCOUNT = { id: int, login: text, organisation: int, state: as<State>(text), ending: flag, moved: flag };

/**
 * `state`: as it holds, ended once the end of it, or of its organisation, has come. `ending`: it can be resumed. `moved`: somebody took over its
 * log-in and addresses.
 */
export type NamedAccount = Row<typeof ACCOUNT>;

/** Finds those that were asked for; throws RegistryError `unknown` for one that there is not. */
export function* accountsNamed({ at }: Ground, logins: readonly string[]): Change<(login: string) => NamedAccount> {
  const folded = logins.map((login) => foldLogin(login) ?? '');
  const rows = yield* sql.all(ACCOUNT)`
    SELECT a.id, a.login, a.organisation, CASE WHEN a.ends_at <= ${at} OR o.ends_at <= ${at} THEN 'ended' ELSE a.state END AS state,
       a.ends_at IS NOT NULL AS ending, a.moved_to IS NOT NULL AS moved
      FROM account a JOIN organisation o ON o.id = a.organisation WHERE a.login ${among(text, folded)} ${locked}`;
  const found = new Map(rows.map((row) => [row.login, row]));
  return (login) => {
    const account = found.get(foldLogin(login) ?? '');
    if (account !== undefined) return account;
    throw new RegistryError('unknown', `There is no account "${login}"; "sluis account list" shows those there are`);
  };
}

/** The one of that name. */
export function* accountNamed(ground: Ground, login: string): Change<NamedAccount> {
  return (yield* accountsNamed(ground, [login]))(login);
}

/** Throws where it has ended. */
export function checkOpen({ state }: NamedAccount, login: string): void {
  if (state === 'ended')
    throw new RegistryError('ended', `The account "${login}" has ended, which cannot be undone; add a new account`);
}
