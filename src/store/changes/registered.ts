/**
 * Accounts and addresses that a change names, as of its moment; and why one that has ended cannot
 * be changed.
 */
import { type Address, addressKey } from '../../domain/address.ts';
import { type AccountKind, type State, foldLogin } from '../../domain/registry.ts';
import type { Instant } from '../../domain/units.ts';
import { RegistryError } from '../registry.ts';
import { type Row, as, flag, int, orNull, text, time } from '../sql/columns.ts';
import { among, locked } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';

const ACCOUNT = {
  id: int,
  login: text,
  kind: as<AccountKind>(text),
  organisation: int,
  // The state that counts: ended once its own end, or its organisation's, has come.
  state: as<State>(text),
  // The account is ending, and can be resumed.
  ending: flag,
  // Another account took over its login and addresses.
  moved: flag,
};
export type FoundAccount = Row<typeof ACCOUNT>;

const ADDRESS = {
  key: text,
  address: as<Address>(text),
  account: int,
  // The address itself is ending: until then it can be resumed.
  finalAt: orNull(time),
  // True: the address has ended for good.
  over: flag,
  // Its account or organisation is ending.
  owned: flag,
  // True: mail for it is accepted now, and nothing is ending.
  takes: flag,
  // The state that counts: ended also while it, its account or its organisation is ending.
  state: as<State>(text),
  // Login of its account.
  login: text,
  kind: as<AccountKind>(text),
  organisation: int,
};
export type FoundAddress = Row<typeof ADDRESS>;

/** `became`: the organisation that it is part of, or becomes part of. */
const ORGANISATION = { id: int, name: text, state: as<State>(text), endsAt: orNull(time), became: orNull(text) };
export type FoundOrganisation = Row<typeof ORGANISATION>;

/** Accounts by login name, folded. Unknown names are left out. */
export function* accountsNamed(at: Instant, logins: readonly string[]): Change<ReadonlyMap<string, FoundAccount>> {
  const folded = logins.map((login) => foldLogin(login) ?? '');
  const rows = yield* sql.all(ACCOUNT)`
    SELECT a.id, a.login, a.kind, a.organisation,
           CASE WHEN a.ends_at <= ${at} OR o.ends_at <= ${at} THEN 'ended' ELSE a.state END AS state,
           a.ends_at IS NOT NULL AS ending, a.moved_to IS NOT NULL AS moved
      FROM account a JOIN organisation o ON o.id = a.organisation WHERE a.login ${among(text, folded)} ORDER BY a.id ${locked}`;
  return new Map(rows.map((row) => [row.login, row]));
}

/** Addresses by key. Unknown keys are left out. */
export function* addressesNamed(at: Instant, keys: readonly string[]): Change<ReadonlyMap<string, FoundAddress>> {
  const rows = yield* sql.all(ADDRESS)`
    SELECT d.key, d.address, d.account,
           CASE WHEN d.state = 'ended' OR d.final_at <= ${at} THEN NULL ELSE d.final_at END AS final_at,
           CASE WHEN d.state = 'ended' OR d.ends_at <= ${at} OR d.final_at <= ${at} THEN true ELSE false END AS over,
           (a.ends_at IS NOT NULL OR o.ends_at IS NOT NULL) AS owned,
           (d.state = 'active' AND d.ends_at IS NULL AND d.final_at IS NULL AND a.state = 'active' AND a.ends_at IS NULL
             AND o.state = 'active' AND o.ends_at IS NULL) AS takes,
           CASE WHEN d.ends_at <= ${at} OR d.final_at IS NOT NULL OR a.ends_at IS NOT NULL OR o.ends_at IS NOT NULL
             THEN 'ended' ELSE d.state END AS state, a.login, a.kind, a.organisation
      FROM address d JOIN account a ON a.id = d.account JOIN organisation o ON o.id = a.organisation
     WHERE d.key ${among(text, keys)} ORDER BY d.key ${locked}`;
  return new Map(rows.map((row) => [row.key, row]));
}

export function* accountNamed(at: Instant, login: string): Change<FoundAccount> {
  return accountIn(yield* accountsNamed(at, [login]), login);
}

export function* addressNamed(at: Instant, address: string): Change<FoundAddress> {
  return addressIn(yield* addressesNamed(at, [keyOf(address)]), address);
}

/** Organisations by name. Unknown names are left out. */
export function* organisationsNamed(names: readonly string[]): Change<ReadonlyMap<string, FoundOrganisation>> {
  const rows = yield* sql.all(ORGANISATION)`
    SELECT o.id, o.name, o.state, o.ends_at, (SELECT i.name FROM organisation i WHERE i.id = o.merged_into) AS became
      FROM organisation o WHERE o.name ${among(text, names)} ORDER BY o.id ${locked}`;
  return new Map(rows.map((row) => [row.name, row]));
}

export function* organisationNamed(name: string): Change<FoundOrganisation> {
  const row = (yield* organisationsNamed([name])).get(name);
  if (row !== undefined) return row;
  throw new RegistryError(
    'unknown',
    `There is no organisation "${name}"; "sluis organisation list" shows those there are`,
  );
}

export const keyOf = (address: string): string => addressKey(address as Address);

export function accountIn(found: ReadonlyMap<string, FoundAccount>, login: string): FoundAccount {
  const account = found.get(foldLogin(login) ?? '');
  if (account === undefined)
    throw new RegistryError('unknown', `There is no account "${login}"; "sluis account list" shows those there are`);
  return account;
}

export function addressIn(found: ReadonlyMap<string, FoundAddress>, address: string): FoundAddress {
  const row = found.get(keyOf(address));
  if (row === undefined)
    throw new RegistryError('unknown', `There is no address "${address}"; "sluis address list" shows those there are`);
  return row;
}

/**
 * Checks a successor, which must take mail now, since senders are sent there. `ending`: accounts
 * whose addresses end together with what is succeeded.
 */
export function successorIn(
  found: ReadonlyMap<string, FoundAddress>,
  successor: string,
  what: string,
  ending?: ReadonlySet<number>,
): FoundAddress {
  const row = addressIn(found, successor);
  if (!row.takes || ending?.has(row.account) === true)
    throw new RegistryError(
      'invalid',
      `"${successor}" cannot succeed ${what}: it accepts no mail then; name an address that is active and of another account`,
    );
  return row;
}

export function* successorNamed(at: Instant, successor: string, what: string): Change<FoundAddress> {
  return successorIn(yield* addressesNamed(at, [keyOf(successor)]), successor, what);
}

/** Throws if the account has ended. */
export function mustBeOpen({ state }: Pick<FoundAccount, 'state'>, login: string): void {
  if (state === 'ended')
    throw new RegistryError('ended', `The account "${login}" has ended, which cannot be undone; add a new account`);
}

/** Throws if the address takes no more mail; the error says what would bring it back. */
export function mustTakeMail({ address, state, finalAt, owned }: Omit<FoundAddress, 'organisation'>): void {
  if (state !== 'ended') return;
  throw new RegistryError(
    'ended',
    finalAt !== null
      ? `The address "${address}" is ending, until ${new Date(finalAt).toISOString()}; "sluis address resume ${address}" brings it back`
      : owned
        ? `The address "${address}" has ended with its account or organisation; while that is ending, "resume" brings it back`
        : `The address "${address}" has ended, which cannot be undone; add another address`,
  );
}
