/**
 * Parts of changes: accounts are made, with their mailboxes, addresses and first passwords, in a
 * few statements however many they are.
 */
import { type AccountKind, foldLogin } from '../../domain/registry.ts';
import { type NewAccount, RegistryError } from '../registry.ts';
import { type Actor } from '../actor.ts';
import { type Row, as, int, text } from '../sql/columns.ts';
import { among, locked, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { freeAddresses, insertRows, rowsFor } from './addresses.ts';
import type { ChangeContext } from './change-context.ts';
import { checkPassword, insertFirstPasswords } from './passwords.ts';
import { type FoundOrganisation, organisationsNamed } from './registered.ts';

const NEW = { login: text, organisation: int, kind: as<AccountKind>(text), settings: text };

/** Adds an account; returns its number. Throws RegistryError. */
export function* insertAccount(context: ChangeContext, account: NewAccount, actor: Actor): Change<number> {
  const [id = 0] = yield* insertAccounts(context, [account], actor);
  return id;
}

/**
 * Adds accounts, all or none; returns their numbers. `refused`: makes the error if one cannot be
 * added, for the first in their order.
 */
export function* insertAccounts(
  context: ChangeContext,
  accounts: readonly NewAccount[],
  actor: Actor,
  refused = (_account: NewAccount, error: RegistryError): RegistryError => error,
): Change<readonly number[]> {
  const check = yield* checkOf(accounts);
  const checked = accounts.map((account) => {
    try {
      return { account, row: check(account) };
    } catch (error) {
      throw error instanceof RegistryError ? refused(account, error) : error;
    }
  });
  const made = yield* sql.all({ id: int, login: text })`
    INSERT INTO account (login, organisation, kind, state, settings, created_at)
    SELECT given.login, given.organisation, given.kind, 'active', given.settings, CAST(${context.at} AS bigint)
      FROM ${rowsOf(
        NEW,
        checked.map(({ row }) => row),
      )} RETURNING id, login`;
  const ids = new Map(made.map(({ id, login }) => [login, id]));
  const added = checked.map(({ account, row }) => ({ ...account, id: ids.get(row.login) ?? 0 }));
  yield* sql.run`
    INSERT INTO mailbox (account) SELECT given.id FROM ${rowsOf({ id: int }, added)}`;
  yield* insertRows(
    context,
    added.flatMap(({ id, addresses }) => rowsFor(id, addresses)),
  );
  yield* insertFirstPasswords(
    context,
    added.flatMap(({ id, password }) => (password === undefined ? [] : { ...password, account: id })),
  );
  for (const [i, { id, organisation, kind, addresses }] of added.entries()) {
    const personal = { login: checked[i]?.row.login ?? '', organisation, addresses: addresses.join(' ') };
    yield* context.record('registry.account-added', id, actor, personal, { kind });
  }
  context.tell(added.map(({ id }) => id));
  return added.map(({ id }) => id);
}

/**
 * Returns a function that gives the row of an account; it throws RegistryError if the account may
 * not be added.
 */
function* checkOf(accounts: readonly NewAccount[]): Change<(account: NewAccount) => Row<typeof NEW>> {
  const there = yield* sql.all({ login: text })`
    SELECT login FROM account WHERE login ${among(
      text,
      accounts.map(({ login }) => foldLogin(login) ?? ''),
    )} ${locked}`;
  const logins = new Set(there.map(({ login }) => login));
  const organisations = yield* organisationsNamed([...new Set(accounts.map(({ organisation }) => organisation))]);
  const free = yield* freeAddresses(accounts.flatMap(({ addresses }) => addresses));
  return (account) => {
    const login = foldLogin(account.login);
    if (login === undefined)
      throw new RegistryError(
        'invalid',
        `"${account.login}" is not a login name; expected up to 254 characters without spaces, : " < > \\`,
      );
    if (logins.has(login))
      throw new RegistryError('exists', `There is an account "${login}" already; choose another login name`);
    logins.add(login);
    const organisation = openOrganisation(organisations.get(account.organisation), account.organisation, login);
    for (const address of account.addresses) free.take(address);
    if (account.password !== undefined) checkPassword(account.password);
    return { login, organisation, kind: account.kind, settings: JSON.stringify(account.settings ?? {}) };
  };
}

function openOrganisation(found: FoundOrganisation | undefined, name: string, login: string): number {
  if (found === undefined)
    throw new RegistryError('unknown', `There is no organisation "${name}" for account "${login}"; add it first`);
  const { id, state, endsAt, became } = found;
  if (became !== null)
    throw new RegistryError(
      'ended',
      `The organisation "${name}" has become part of "${became}"; add account "${login}" there`,
    );
  if (state === 'ended')
    throw new RegistryError(
      'ended',
      `The organisation "${name}" has ended, which cannot be undone; add account "${login}" to another one`,
    );
  if (endsAt !== null)
    throw new RegistryError(
      'ended',
      `The organisation "${name}" is ending; resume it, or add account "${login}" to another one`,
    );
  return id;
}
