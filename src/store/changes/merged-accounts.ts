/**
 * Accounts of an organisation become another one's, each with its addresses: in a few statements,
 * however many they are.
 */
import type { Instant } from '../../domain/units.ts';
import type { AccountMerge, AddressMerge } from '../organisation-merge.ts';
import { RegistryError } from '../registry.ts';
import { type Actor } from '../actor.ts';
import { int, orNull, text } from '../sql/columns.ts';
import { among, locked, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { insertRows, moveAll } from './addresses.ts';
import type { ChangeContext, TrailRow } from './change-context.ts';
import { dropVerifiers } from './passwords.ts';
import { addressIn, addressesNamed, keyOf, successorIn } from './registered.ts';
import { dropExemptions, setAll } from './settings.ts';

interface Organisation {
  readonly id: number;
  readonly name: string;
}

export interface Merging {
  readonly from: Organisation;
  readonly into: Organisation;
  readonly accounts: readonly AccountMerge[];
}

interface Going {
  readonly id: number;
  readonly merge: AccountMerge;
  readonly addresses: readonly GoingAddress[];
}

interface GoingAddress extends AddressMerge {
  readonly key: string;
}

interface EndingAddress extends GoingAddress {
  readonly endsAt: Instant;
}

/** Audit rows that are to be written of each address. */
type RowsOf = ReadonlyMap<GoingAddress, readonly TrailRow[]>;

const FORMER = { account: int, untilSeq: int };

/**
 * Merges accounts; returns how many. Those that went over before, or have ended, are passed over.
 */
export function* mergeAll(context: ChangeContext, { from, into, accounts }: Merging, actor: Actor): Change<number> {
  const going = yield* goingOf(context, from, accounts);
  if (going.length === 0) return 0;
  const ids = going.map(({ id }) => id);
  yield* sql.run`UPDATE account SET organisation = ${into.id}, version = version + 1 WHERE id ${among(int, ids)}`;
  context.tell(ids);
  const unexempted = new Map((yield* dropExemptions(context, ids)).map((row) => [row.account, row]));
  // Runs after the move: the settings that hold now decide whether SCRAM verifiers may stay.
  const settings = new Map((yield* setAll(context, settingsOf(going))).map((row) => [row.account, row]));
  yield* dropVerifiers(ids);
  yield* mustBeAll(context, going);
  const addresses = going.flatMap((one) => one.addresses);
  const moved = yield* moveOver(context, addresses);
  const ended = yield* endAddresses(context, addresses);
  const former: { readonly account: number; readonly untilSeq: number }[] = [];
  for (const { id, merge, addresses: its } of going) {
    const personal = { login: merge.login, organisation: into.name, from: from.name };
    const untilSeq = yield* context.record('registry.account-organisation', id, actor, personal);
    former.push({ account: id, untilSeq });
    const own = [unexempted.get(id), settings.get(id)].filter((row) => row !== undefined);
    const rows = its.flatMap((one) => [...(moved.get(one) ?? []), ...(ended.get(one) ?? [])]);
    yield* context.recordAll([...own, ...rows], actor);
  }
  yield* sql.run`
    INSERT INTO former_organisation (organisation, account, until_seq, until_at)
      SELECT CAST(${from.id} AS bigint), given.account, given.until_seq, CAST(${context.at} AS bigint) FROM ${rowsOf(FORMER, former)}`;
  return going.length;
}

/** Addresses that go over, in the order in which they are named, each once. */
function* goingOf(
  { at }: ChangeContext,
  from: Organisation,
  merges: readonly AccountMerge[],
): Change<readonly Going[]> {
  const logins = merges.map(({ login }) => login);
  const rows = yield* sql.all({ id: int, login: text })`
    SELECT id, login FROM account WHERE login ${among(text, logins)} AND organisation = ${from.id}
       AND state <> 'ended' AND (ends_at IS NULL OR ends_at > ${at}) ORDER BY id ${locked}`;
  const ids = new Map(rows.map(({ login, id }) => [login, id]));
  return merges.flatMap((merge) => {
    const id = ids.get(merge.login);
    ids.delete(merge.login);
    const addresses = merge.addresses.map((one) => ({ ...one, key: keyOf(one.address) }));
    return id === undefined ? [] : [{ id, merge, addresses }];
  });
}

const settingsOf = (going: readonly Going[]): Parameters<typeof setAll>[1] =>
  going.flatMap(({ merge: { login, settings } }) =>
    Object.keys(settings).length === 0 ? [] : [{ target: { scope: 'account', login }, changes: settings }],
  );

/** Checks that the plan has all addresses that each account has now. */
function* mustBeAll({ at }: ChangeContext, going: readonly Going[]): Change<void> {
  const ids = going.map(({ id }) => id);
  // Addresses that take mail. One that is ending, or whose account is, goes along unchanged.
  const counts = yield* sql.all({ account: int, n: int })`
    SELECT d.account, count(*) AS n FROM address d JOIN account a ON a.id = d.account
     WHERE d.account ${among(int, ids)} AND d.state <> 'ended' AND (d.ends_at IS NULL OR d.ends_at > ${at})
       AND d.final_at IS NULL AND a.ends_at IS NULL GROUP BY d.account`;
  const countOf = new Map(counts.map(({ account, n }) => [account, n]));
  const keys = going.flatMap(({ addresses }) => addresses.map(({ key }) => key));
  const found = yield* addressesNamed(at, keys);
  for (const { id, merge, addresses } of going) {
    if ((countOf.get(id) ?? 0) !== addresses.length)
      throw new RegistryError(
        'invalid',
        `The addresses of "${merge.login}" were changed meanwhile; give the same command again, it continues`,
      );
    for (const { address } of addresses)
      if (addressIn(found, address).account !== id)
        throw new RegistryError(
          'invalid',
          `The address "${address}" no longer leads to "${merge.login}"; give the same command again, it continues`,
        );
  }
}

/** Leads addresses into the mailboxes that get their mail from now on. */
function* moveOver(context: ChangeContext, addresses: readonly GoingAddress[]): Change<RowsOf> {
  const moving = addresses.flatMap((one) => (one.mailbox === undefined ? [] : [{ one, login: one.mailbox }]));
  const rows = yield* moveAll(
    context,
    moving.map(({ one: { address }, login }) => ({ address, login })),
  );
  return new Map(moving.map(({ one }, i) => [one, [rows[i]].filter((row) => row !== undefined)]));
}

const isEnding = (one: GoingAddress): one is EndingAddress => one.endsAt !== undefined;
const ENDING = { key: text, endsAt: int, successor: orNull(text) };

function* endAddresses(context: ChangeContext, addresses: readonly GoingAddress[]): Change<RowsOf> {
  const ending = addresses.filter(isEnding);
  if (ending.length === 0) return new Map();
  const keys = ending.map(({ key }) => key);
  const owners = yield* sql.all({ key: text, account: int })`
    SELECT key, account FROM address WHERE key ${among(text, keys)}`;
  const ownerOf = new Map(owners.map(({ key, account }) => [key, account]));
  const added = yield* addSuccessors(context, ending, ownerOf);
  yield* mustBeSucceeded(context, ending);
  const rows = ending.map(({ key, endsAt, successor = null }) => ({ key, endsAt, successor }));
  yield* sql.run`
    UPDATE address SET ends_at = given.ends_at, successor = given.successor FROM ${rowsOf(ENDING, rows)} WHERE address.key = given.key`;
  yield* context.touchAll([...new Set(ownerOf.values())]);
  return new Map(
    ending.map((one) => {
      const { key, address, successor, endsAt } = one;
      const account = ownerOf.get(key) ?? null;
      const named = successor === undefined ? {} : { successor };
      const facts = { ends: new Date(endsAt).toISOString() };
      const ends = { event: 'registry.address-ending', account, personal: { address, ...named }, facts };
      const adds = { event: 'registry.address-added', account, personal: { address: successor ?? '' } };
      return [one, added.has(one) ? [adds, ends] : [ends]];
    }),
  );
}

/**
 * Registers names that nobody has: mail to the old name arrives as before. Returns whose they were.
 */
function* addSuccessors(
  context: ChangeContext,
  ending: readonly EndingAddress[],
  ownerOf: ReadonlyMap<string, number>,
): Change<ReadonlySet<GoingAddress>> {
  const there = new Set((yield* addressesNamed(context.at, successorsOf(ending))).keys());
  const added = new Set<GoingAddress>();
  const rows = ending.flatMap((one) => {
    const account = ownerOf.get(one.key);
    if (one.successor === undefined || account === undefined) return [];
    const key = keyOf(one.successor);
    if (there.has(key)) return [];
    there.add(key);
    added.add(one);
    return [{ key, address: one.successor, account }];
  });
  yield* insertRows(context, rows);
  return added;
}

const successorsOf = (ending: readonly EndingAddress[]): readonly string[] =>
  ending.flatMap(({ successor }) => (successor === undefined ? [] : [keyOf(successor)]));

function* mustBeSucceeded({ at }: ChangeContext, ending: readonly EndingAddress[]): Change<void> {
  const found = new Map(yield* addressesNamed(at, successorsOf(ending)));
  for (const { key, address, successor } of ending) {
    if (successor !== undefined) successorIn(found, successor, `address "${address}"`);
    // Such an address takes no more mail when the next one is looked up.
    const own = found.get(key);
    if (own !== undefined) found.set(key, { ...own, takes: false });
  }
}
