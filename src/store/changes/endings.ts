/**
 * Ends of accounts and addresses. With a time of grace an end is one mark on the row that was
 * named: what hangs on it is read through that mark and nothing else is written, so that taking it
 * back finds everything as it was (decision 1303). What is final is written down, at once or by the
 * daily round.
 */
import type { Address } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import type { State } from '../../domain/registry.ts';
import { days } from '../../domain/units.ts';
import { type Ending, RegistryError } from '../registry.ts';
import { type Actor, THE_GATEWAY } from '../actor.ts';
import { as, int, orNull, text, time } from '../sql/columns.ts';
import { among, locked, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { dropImportsBefore } from './account-imports.ts';
import { dropTombstones } from './directory.ts';
import { removeEndedKeys } from './ended-keys.ts';
import { voidCodes } from './enrolments.ts';
import { ROWS, closeAll, closeEach } from './ends.ts';
import type { ChangeContext, TrailRow } from './change-context.ts';
import { endDueOrganisation } from './organisations.ts';
import {
  accountIn,
  accountsNamed,
  addressNamed,
  addressesNamed,
  keyOf,
  mustBeOpen,
  mustTakeMail,
  successorIn,
  successorNamed,
} from './registered.ts';

/** Parts of an import that wait longer than this belong to one that was cut short. */
const IMPORTED_WITHIN = days(1);

export interface NamedEnding extends Ending {
  readonly login: string;
}

export class EndingChanges {
  /**
   * Ends an address: it takes no mail from now on. Until `endsAt`, `setAddressState` to `active`
   * takes that back.
   */
  *endAddress(context: ChangeContext, address: Address, { endsAt, successor }: Ending, actor: Actor): Change<void> {
    const { at } = context;
    const row = yield* addressNamed(at, address);
    if (row.over && successor === undefined) mustTakeMail(row);
    if (successor !== undefined && (yield* successorNamed(at, successor, `address "${address}"`)).key === row.key)
      throw new RegistryError('invalid', `The address "${address}" cannot take its own mail; name another successor`);
    const personal = { address: row.address, ...defined({ successor }) };
    const named = successor ?? null;
    // An address that ended for good can only be given a successor.
    if (endsAt === undefined || endsAt <= at || row.over) {
      yield* sql.run`UPDATE address SET state = 'ended', successor = ${named} WHERE key = ${row.key}`;
      const from = row.finalAt === null ? row.state : 'ending';
      yield* context.record('registry.address-state', row.account, actor, personal, { from, to: 'ended' });
    } else {
      yield* sql.run`UPDATE address SET final_at = ${endsAt}, successor = ${named} WHERE key = ${row.key}`;
      const facts = { from: row.state, to: 'ending', ends: new Date(endsAt).toISOString() };
      yield* context.record('registry.address-state', row.account, actor, personal, facts);
    }
    yield* context.touch(row.account);
  }

  /**
   * Writes down what has ended by the clock, and finishes ends that were cut short: at most 200
   * accounts and 200 addresses. Resolves to how many. First accounts and addresses that end by
   * themselves, then one organisation after the other, then keys of what has ended.
   */
  *endDue(context: ChangeContext): Change<number> {
    yield* dropImportsBefore(context.at - IMPORTED_WITHIN);
    yield* dropTombstones(context.at);
    const own = (yield* endDueAccounts(context)) + (yield* endDueAddresses(context));
    if (own > 0) return own;
    const organisation = yield* endDueOrganisation(context);
    return organisation > 0 ? organisation : yield* removeEndedKeys(context, ROWS, THE_GATEWAY);
  }
}

const ENDS = { account: int, endsAt: time, successor: orNull(text) };

/** Ends a list, all or none. An account that ends earlier in the list cannot be a successor. */
export function* endEach(context: ChangeContext, endings: readonly NamedEnding[], actor: Actor): Change<void> {
  const { at } = context;
  const accounts = yield* accountsNamed(
    at,
    endings.map(({ login }) => login),
  );
  const addresses = yield* addressesNamed(
    at,
    endings.flatMap(({ successor }) => (successor === undefined ? [] : [keyOf(successor)])),
  );
  const ending = new Set<number>();
  const closed = new Set<number>();
  const ends = endings.map(({ login, endsAt, successor }) => {
    const { id, state } = accountIn(accounts, login);
    mustBeOpen({ state: closed.has(id) ? 'ended' : state }, login);
    ending.add(id);
    if (successor !== undefined) successorIn(addresses, successor, `account "${login}"`, ending);
    const isFinal = endsAt === undefined || endsAt <= at;
    if (isFinal) closed.add(id);
    const facts = { from: state, ...(successor === undefined ? {} : { successor: true }) };
    const row: TrailRow = {
      event: isFinal ? 'registry.account-state' : 'registry.account-ending',
      account: id,
      personal: { login, ...defined({ successor }) },
      facts: isFinal ? { ...facts, to: 'ended' } : { ...facts, ends: new Date(endsAt).toISOString() },
    };
    return { account: id, successor: successor ?? null, row, endsAt: isFinal ? undefined : endsAt };
  });
  yield* endLater(
    context,
    ends.flatMap(({ endsAt, ...end }) => (endsAt === undefined ? [] : [{ ...end, endsAt }])),
  );
  const cut = yield* closeAll(
    context,
    ends.filter(({ endsAt }) => endsAt === undefined),
  );
  for (const { account, row, endsAt } of ends)
    yield* context.recordAll([...((endsAt === undefined ? cut.get(account) : undefined) ?? []), row], actor);
}

function* endLater(
  context: ChangeContext,
  ends: readonly {
    readonly account: number;
    readonly endsAt: Ending['endsAt'] & number;
    readonly successor: string | null;
  }[],
): Change<void> {
  if (ends.length === 0) return;
  // Of several ends of one account the last counts.
  const rows = [...new Map(ends.map((end) => [end.account, end])).values()];
  yield* sql.run`
    UPDATE account SET ends_at = given.ends_at, successor = given.successor FROM ${rowsOf(ENDS, rows)}
     WHERE account.id = given.account`;
  const accounts = rows.map(({ account }) => account);
  yield* context.touchAll(accounts);
  // Open one-time codes are void: whoever holds a letter must not get in; a new code is made in a
  // minute.
  yield* voidCodes(context, accounts);
}

const DUE_ACCOUNT = { id: int, login: text, state: as<State>(text), successor: orNull(text) };
const DUE_ADDRESS = { key: text, address: text, account: int, state: as<State>(text) };

function* endDueAccounts(context: ChangeContext): Change<number> {
  const accounts = yield* sql.all(DUE_ACCOUNT)`
    SELECT id, login, state, successor FROM account
     WHERE ends_at <= ${context.at} AND ends_at IS NOT NULL AND state <> 'ended' ORDER BY ends_at LIMIT ${ROWS} ${locked}`;
  yield* closeEach(context, accounts, THE_GATEWAY);
  return accounts.length;
}

function* endDueAddresses(context: ChangeContext): Change<number> {
  const { at } = context;
  const most = ROWS / 2;
  const moved = yield* sql.all(DUE_ADDRESS)`
    SELECT key, address, account, state FROM address
     WHERE ends_at <= ${at} AND ends_at IS NOT NULL AND state <> 'ended' ORDER BY ends_at LIMIT ${most} ${locked}`;
  const ended = yield* sql.all(DUE_ADDRESS)`
    SELECT key, address, account, state FROM address
     WHERE final_at <= ${at} AND final_at IS NOT NULL AND state <> 'ended' ORDER BY final_at LIMIT ${most} ${locked}`;
  const addresses = [...moved, ...ended];
  if (addresses.length === 0) return 0;
  const keys = addresses.map(({ key }) => key);
  yield* sql.run`UPDATE address SET state = 'ended' WHERE key ${among(text, keys)}`;
  yield* context.touchAll([...new Set(addresses.map(({ account }) => account))]);
  for (const { address, account, state } of addresses)
    yield* context.record('registry.address-state', account, THE_GATEWAY, { address }, { from: state, to: 'ended' });
  return addresses.length;
}
