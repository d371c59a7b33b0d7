/** Changes to addresses and to who may send as them. */
import { type Address, type AddressKey, addressKey, domainOf } from '../../domain/address.ts';
import type { State } from '../../domain/registry.ts';
import { type AddressMove, MAX_MOVES, RegistryError } from '../registry.ts';
import { type Actor } from '../actor.ts';
import { type Row, as, int, orNull, text, time } from '../sql/columns.ts';
import { among, locked, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext, TrailRow } from './change-context.ts';
import {
  type FoundAccount,
  type FoundAddress,
  accountIn,
  accountNamed,
  accountsNamed,
  addressIn,
  addressNamed,
  addressesNamed,
  keyOf,
  mustBeOpen,
  mustTakeMail,
} from './registered.ts';

export class AddressChanges {
  *addAddress(context: ChangeContext, login: string, address: Address, actor: Actor): Change<void> {
    const account = yield* accountNamed(context.at, login);
    mustBeOpen(account, login);
    yield* insertAddresses(context, account.id, [address]);
    yield* context.touch(account.id);
    yield* context.record('registry.address-added', account.id, actor, { address });
  }

  *setAddressState(context: ChangeContext, address: Address, state: State, actor: Actor): Change<void> {
    const row = yield* addressNamed(context.at, address);
    const { key, account } = row;
    if (state === 'active' && row.finalAt !== null) return yield* takeBack(context, row, actor);
    mustTakeMail(row);
    yield* sql.run`UPDATE address SET state = ${state} WHERE key = ${key}`;
    yield* context.touch(account);
    const facts = { from: row.state, to: state };
    yield* context.record('registry.address-state', account, actor, { address: row.address }, facts);
  }

  /**
   * Moves addresses, all or none; resolves to how many led elsewhere before. From this commit on
   * their mail goes to the new account, also that of a transaction whose RCPT came before. Mail
   * that is queued for a partner stays queued. Between accounts of different organisations
   * addresses move only from or to a partner.
   */
  *moveAddresses(context: ChangeContext, moves: readonly AddressMove[], actor: Actor): Change<number> {
    if (moves.length > MAX_MOVES)
      throw new RegistryError(
        'invalid',
        `${moves.length} addresses are to move at once; expected at most ${MAX_MOVES}`,
      );
    const rows = (yield* moveAll(context, moves)).filter((row) => row !== undefined);
    yield* context.recordAll(rows, actor);
    return rows.length;
  }

  /** Lets the account send as an address of another one, or takes that back. */
  *setDelegation(
    context: ChangeContext,
    address: Address,
    login: string,
    allowed: boolean,
    actor: Actor,
  ): Change<void> {
    const row = yield* addressNamed(context.at, address);
    const account = yield* accountNamed(context.at, login);
    if (row.account === account.id)
      throw new RegistryError('invalid', `The address "${address}" is the account's own; nothing to delegate`);
    if (allowed) {
      mustBeOpen(account, login);
      yield* sql.run`INSERT INTO delegation (key, account) VALUES (${row.key}, ${account.id}) ON CONFLICT DO NOTHING`;
    } else if ((yield* sql.run`DELETE FROM delegation WHERE key = ${row.key} AND account = ${account.id}`) === 0)
      throw new RegistryError('unknown', `The account "${login}" may not send as "${address}"; nothing to take back`);
    yield* context.touch(account.id);
    context.tell([row.account]);
    yield* context.record('registry.delegation', account.id, actor, { login, address: row.address }, { allowed });
  }
}

/**
 * Takes the end of an address back; if it was suspended as well, the suspension is lifted first.
 */
function* takeBack(context: ChangeContext, { key, address, account }: FoundAddress, actor: Actor): Change<void> {
  const wasSuspended =
    (yield* sql.run`UPDATE address SET state = 'active' WHERE key = ${key} AND state = 'suspended'`) > 0;
  if (!wasSuspended) yield* sql.run`UPDATE address SET final_at = NULL, successor = NULL WHERE key = ${key}`;
  yield* context.touch(account);
  const facts = wasSuspended ? { from: 'suspended', to: 'ending' } : { from: 'ending', to: 'active' };
  yield* context.record('registry.address-state', account, actor, { address }, facts);
}

/**
 * Where an address leads, while its moves are judged in order; undefined: only its domain leads
 * somewhere, to a partner.
 */
type AccountOfAddress = Pick<FoundAddress, 'account' | 'login' | 'kind' | 'organisation'> | undefined;

interface Moved {
  readonly address: Address;
  readonly from: AccountOfAddress;
  readonly to: FoundAccount;
}

/**
 * Moves addresses, in the same number of statements for any length. Returns the audit row to be
 * written of each; undefined: the address led there already.
 */
export function* moveAll(
  context: ChangeContext,
  moves: readonly AddressMove[],
): Change<readonly (TrailRow | undefined)[]> {
  if (moves.length === 0) return [];
  const keys = moves.map(({ address }) => addressKey(address));
  const accounts = yield* accountsNamed(
    context.at,
    moves.map(({ login }) => login),
  );
  const addresses = yield* addressesNamed(context.at, keys);
  const unknown = keys.filter((key) => !addresses.has(key));
  const domains = yield* partnerDomains(unknown);
  const places = new Map<string, AccountOfAddress>(addresses);
  const moved: Moved[] = [];
  const rows: (TrailRow | undefined)[] = [];
  for (const { address, login } of moves) {
    const to = accountIn(accounts, login);
    mustBeOpen(to, login);
    const key = addressKey(address);
    const from = places.get(key);
    // If a partner has the whole domain, the address is one of the partner's, though nobody
    // registered it.
    if (from === undefined && !domains.has(domainOf(key as AddressKey & Address))) addressIn(addresses, address);
    if (from?.account === to.id) {
      rows.push(undefined);
      continue;
    }
    const row = addresses.get(key);
    if (row !== undefined) mustTakeMail(row);
    if (from !== undefined) mayGo(address, from, to, login);
    places.set(key, { account: to.id, login: to.login, kind: to.kind, organisation: to.organisation });
    moved.push({ address, from, to });
    const personal = { address, to: to.login, ...(from === undefined ? {} : { from: from.login }) };
    rows.push({ event: 'registry.address-moved', account: to.id, personal });
  }
  yield* writeMoves(context, moved);
  return rows;
}

function mayGo(address: Address, from: NonNullable<AccountOfAddress>, to: FoundAccount, login: string): void {
  if (from.kind === 'partner' || to.kind === 'partner' || from.organisation === to.organisation) return;
  throw new RegistryError(
    'invalid',
    `The address "${address}" belongs to "${from.login}" of another organisation than "${login}": mail for one would reach the other; end it, and add another address`,
  );
}

function* writeMoves(context: ChangeContext, moved: readonly Moved[]): Change<void> {
  const rows = moved.map(({ address, from, to }) => ({ key: addressKey(address), address, account: to.id, from }));
  yield* insertRows(
    context,
    rows.filter(({ from }) => from === undefined),
  );
  // Of several moves of one address the last counts.
  const now = [...new Map(rows.map(({ key, account }) => [key, { key, account }])).values()];
  yield* sql.run`
    UPDATE address SET account = given.account FROM ${rowsOf(PLACE, now)} WHERE address.key = given.key`;
  yield* sql.run`
    DELETE FROM delegation WHERE (key, account) IN (SELECT key, account FROM ${rowsOf(PLACE, now)})`;
  const touched = rows.flatMap(({ from, account }) => (from === undefined ? [account] : [from.account, account]));
  yield* context.touchAll([...new Set(touched)]);
}

const PLACE = { key: text, account: int };

/** The domains of these keys that lead to a partner. */
function* partnerDomains(keys: readonly AddressKey[]): Change<ReadonlySet<string>> {
  const domains = keys.map((key) => domainOf(key as AddressKey & Address));
  const rows = yield* sql.all({ domain: text })`
    SELECT domain FROM partner_domain WHERE domain ${among(text, domains)} ${locked}`;
  return new Set(rows.map(({ domain }) => domain));
}

/** New addresses of an account. Each is nobody's, and never was anybody's. */
export function* insertAddresses(context: ChangeContext, account: number, addresses: readonly string[]): Change<void> {
  const free = yield* freeAddresses(addresses);
  for (const address of addresses) free.take(address);
  yield* insertRows(context, rowsFor(account, addresses));
}

export const rowsFor = (account: number, addresses: readonly string[]): readonly Row<typeof NEW_ADDRESS>[] =>
  addresses.map((address) => ({ key: keyOf(address), address, account }));

/**
 * Addresses that are to be given to an account. `take`: takes one of them, once; throws
 * RegistryError if it belonged to somebody.
 */
interface FreeAddresses {
  readonly take: (address: string) => void;
}

export function* freeAddresses(addresses: readonly string[]): Change<FreeAddresses> {
  const there = yield* sql.all(TAKEN)`
    SELECT key, state, final_at FROM address WHERE key ${among(text, addresses.map(keyOf))} ${locked}`;
  const taken = new Map(there.map((row) => [row.key, row]));
  const take = (address: string): void => {
    const key = keyOf(address);
    const row = taken.get(key);
    if (row !== undefined) throw takenError(address, row);
    taken.set(key, { key, state: 'active', finalAt: null });
  };
  return { take };
}
const TAKEN = { key: text, state: as<State>(text), finalAt: orNull(time) };

function takenError(
  address: string,
  { state, finalAt }: { readonly state: State; readonly finalAt: number | null },
): RegistryError {
  if (state === 'ended')
    return new RegistryError(
      'ended',
      `The address "${address}" has ended and is never given to anybody again, so that mail for its old owner reaches no one else; choose another address`,
    );
  return new RegistryError(
    'exists',
    finalAt === null
      ? `The address "${address}" is registered already; choose another address`
      : `The address "${address}" is ending and keeps its owner, so that it can be resumed; choose another address`,
  );
}

const NEW_ADDRESS = { key: text, address: text, account: int };

export function* insertRows({ at }: ChangeContext, rows: readonly Row<typeof NEW_ADDRESS>[]): Change<void> {
  if (rows.length === 0) return;
  yield* sql.run`
    INSERT INTO address (key, address, account, state, created_at)
    SELECT given.key, given.address, given.account, 'active', CAST(${at} AS bigint) FROM ${rowsOf(NEW_ADDRESS, rows)}`;
}
