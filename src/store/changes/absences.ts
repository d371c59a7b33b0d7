/**
 * Changes to absences and to consents of substitutes; each with its audit row. They throw
 * RegistryError.
 */
import { type AbsenceMode, MAX_ABSENCES, overlaps } from '../../domain/absence.ts';
import type { Address } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import { type Instant, days } from '../../domain/units.ts';
import type { AddressAbsence } from '../absences.ts';
import { RegistryError } from '../registry.ts';
import { type Actor } from '../actor.ts';
import { type Row, as, orNull, text, time } from '../sql/columns.ts';
import { among, locked, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext, TrailRow } from './change-context.ts';
import { type Wrong, type WrongEntry, entriesOf, judgeEach, throwFirst } from './judge-each.ts';
import { type FoundAddress, addressIn, addressNamed, addressesNamed, keyOf } from './registered.ts';

/**
 * How long absences stay after their end, for whoever asks where mail went; after that the audit
 * trail tells.
 */
const KEPT = days(400);

const MODE = as<AbsenceMode>(text);
const ABSENCE = { key: text, fromAt: time, untilAt: time, mode: MODE, substitute: orNull(text) };
const CONSENT = { substitute: text, key: text };
const START = { key: text, fromAt: time };
type Start = Row<typeof START>;

/** An absence that exists; addresses by their keys. */
interface Known {
  readonly key: string;
  readonly from: Instant;
  readonly until: Instant;
  readonly substitute: string | null;
}

export class AbsenceChanges {
  /**
   * Adds absences, all or none. Refused: an address or substitute that is not active, no consent, a
   * substitute that is away itself or an absentee who stands in for somebody in that time, the same
   * mailbox, an overlap with another absence of the address. The error names the first.
   */
  *addAbsences(context: ChangeContext, absences: readonly AddressAbsence[], actor: Actor): Change<void> {
    const { at } = context;
    const { added, wrong, found, owners } = yield* judged(context, absences);
    throwFirst(wrong);
    yield* sql.run`DELETE FROM absence WHERE key ${among(text, owners)} AND until_at < ${at - KEPT}`;
    yield* sql.run`
      INSERT INTO absence (key, from_at, until_at, mode, substitute)
      SELECT key, from_at, until_at, mode, substitute FROM ${rowsOf(ABSENCE, added)}`;
    const accounts = new Set<number>();
    for (const absence of absences) {
      const owner = addressIn(found, absence.address);
      yield* context.recordAll([absenceRow('registry.absence-added', owner, absence)], actor);
      accounts.add(owner.account);
    }
    yield* context.touchAll([...accounts]);
  }

  /** Changes nothing: all that `addAbsences` would refuse. */
  *judgeAbsences(context: ChangeContext, absences: readonly AddressAbsence[]): Change<readonly WrongEntry[]> {
    return entriesOf((yield* judged(context, absences)).wrong);
  }

  /**
   * Ends the absence that begins at `from`: one that is under way ends now, another one is removed.
   */
  *endAbsence(context: ChangeContext, address: Address, from: Instant, actor: Actor): Change<void> {
    const owner = yield* addressNamed(context.at, address);
    const rows = yield* sql.all(ABSENCE)`
      SELECT key, from_at, until_at, mode, substitute FROM absence
       WHERE key = ${owner.key} AND from_at = ${from} AND until_at > ${context.at} ${locked}`;
    if (rows.length === 0)
      throw new RegistryError('unknown', `The address "${address}" has no such absence, now or ahead; nothing to end`);
    yield* stop(context, rows);
    yield* context.recordAll(endedRows(rows, owner), actor);
    yield* context.touch(owner.account);
  }

  /**
   * Takes a consent back. Absences that rest on it end or are removed: the mail goes to its
   * addressee again. Returns how many.
   */
  *setConsent(
    context: ChangeContext,
    substitute: Address,
    address: Address,
    given: boolean,
    actor: Actor,
  ): Change<number> {
    const pair = { substitute, address };
    return given ? yield* giveConsent(context, pair, actor) : yield* takeBackConsent(context, pair, actor);
  }
}

/**
 * Absences that are to be added, and those that cannot be; with the addresses that they name, and
 * the keys of absent ones.
 */
function* judged(
  { at }: ChangeContext,
  absences: readonly AddressAbsence[],
): Change<{
  readonly added: readonly Row<typeof ABSENCE>[];
  readonly wrong: readonly Wrong[];
  readonly found: ReadonlyMap<string, FoundAddress>;
  readonly owners: readonly string[];
}> {
  const found = yield* addressesNamed(at, absences.flatMap(addressesOf).map(keyOf));
  const owners = [...new Set(absences.map(({ address }) => keyOf(address)))];
  const agreed = yield* consentsFor(owners);
  const known = [...(yield* absencesOf([...found.keys()], owners, earliest(at, absences)))];
  const added: Row<typeof ABSENCE>[] = [];
  const wrong = judgeEach(absences, (absence) => {
    const owner = active(found, absence.address, 'The address');
    const substitute = substituteOf(absence, owner, found, agreed, known);
    checkFree(absence, owner.key, known, at);
    const { from, until, mode } = absence;
    known.push({ key: owner.key, from, until, substitute: substitute?.key ?? null });
    added.push({ key: owner.key, fromAt: from, untilAt: until, mode, substitute: substitute?.key ?? null });
  });
  return { added, wrong, found, owners };
}

interface Pair {
  readonly substitute: string;
  readonly address: string;
}

function* giveConsent(context: ChangeContext, pair: Pair, actor: Actor): Change<0> {
  const found = yield* addressesNamed(context.at, keysOf([pair]));
  const { stands, owner } = pairIn(found, pair);
  active(found, pair.substitute, 'The substitute');
  yield* sql.run`
    INSERT INTO substitute_consent (substitute, key, given_at) VALUES (${stands.key}, ${owner.key}, ${context.at})
        ON CONFLICT DO NOTHING`;
  yield* context.recordAll([consentRow(stands, owner, true)], actor);
  yield* context.touch(owner.account);
  context.tell([stands.account]);
  return 0;
}

/** Takes back consents, which must all exist. Returns how many absences ended with them. */
function* takeBackConsent(context: ChangeContext, pair: Pair, actor: Actor): Change<number> {
  const [rows = []] = yield* takeBackConsents(context, [pair]);
  yield* context.recordAll(rows, actor);
  return rows.length - 1;
}

/**
 * Takes back consents, which must all exist. Returns the audit rows to be written of each: of
 * absences that ended with it, and of itself.
 */
export function* takeBackConsents(
  context: ChangeContext,
  pairs: readonly Pair[],
): Change<readonly (readonly [...TrailRow[], TrailRow])[]> {
  if (pairs.length === 0) return [];
  const found = yield* addressesNamed(context.at, keysOf(pairs));
  const cut = pairs.map((pair) => ({ ...pairIn(found, pair), pair }));
  const keys = cut.map(({ stands, owner }) => ({ substitute: stands.key, key: owner.key }));
  const taken = yield* sql.all(CONSENT)`
    DELETE FROM substitute_consent WHERE (substitute, key) IN (SELECT substitute, key FROM ${rowsOf(CONSENT, keys)})
    RETURNING substitute, key`;
  const given = new Set(taken.map(({ substitute, key }) => `${substitute} ${key}`));
  const absences = yield* sql.all(ABSENCE)`
    SELECT key, from_at, until_at, mode, substitute FROM absence
     WHERE (substitute, key) IN (SELECT substitute, key FROM ${rowsOf(CONSENT, keys)}) AND until_at > ${context.at}
     ORDER BY key, from_at ${locked}`;
  if (absences.length > 0) yield* stop(context, absences);
  yield* context.touchAll([...new Set(cut.map(({ owner }) => owner.account))]);
  context.tell(cut.map(({ stands }) => stands.account));
  return cut.map(({ stands, owner, pair }) => {
    if (!given.has(`${stands.key} ${owner.key}`))
      throw new RegistryError('unknown', `"${pair.substitute}" has not agreed to stand in for "${pair.address}"`);
    const its = absences.filter(({ key, substitute }) => key === owner.key && substitute === stands.key);
    return [...endedRows(its, owner), consentRow(stands, owner, false)];
  });
}

const keysOf = (pairs: readonly Pair[]): readonly string[] =>
  pairs.flatMap(({ substitute, address }) => [keyOf(substitute), keyOf(address)]);

function pairIn(found: ReadonlyMap<string, FoundAddress>, { substitute, address }: Pair) {
  const stands = addressIn(found, substitute);
  const owner = addressIn(found, address);
  if (stands.key === owner.key)
    throw new RegistryError('invalid', `"${address}" cannot stand in for itself; name another address`);
  return { stands, owner };
}

const consentRow = (stands: FoundAddress, owner: FoundAddress, given: boolean): TrailRow => ({
  event: 'registry.substitute-consent',
  account: stands.account,
  personal: { substitute: stands.address, address: owner.address },
  facts: { given },
});

/** Absences under way end now, the others are removed. */
function* stop({ at }: ChangeContext, absences: readonly Start[]): Change<void> {
  yield* sql.run`
    DELETE FROM absence WHERE (key, from_at) IN (SELECT key, from_at FROM ${rowsOf(START, absences)}) AND from_at >= ${at}`;
  yield* sql.run`
    UPDATE absence SET until_at = ${at} WHERE (key, from_at) IN (SELECT key, from_at FROM ${rowsOf(START, absences)})`;
}

function endedRows(
  absences: readonly { readonly fromAt: Instant; readonly untilAt: Instant; readonly mode: AbsenceMode }[],
  owner: FoundAddress,
): readonly TrailRow[] {
  return absences.map(({ fromAt, untilAt, mode }) =>
    absenceRow('registry.absence-ended', owner, { from: fromAt, until: untilAt, mode }),
  );
}

/**
 * Absences of `keys`, and those in which one of `owners` is the substitute, that end after `after`.
 */
function* absencesOf(keys: readonly string[], owners: readonly string[], after: Instant): Change<readonly Known[]> {
  const own = yield* sql.all(ABSENCE)`
    SELECT key, from_at, until_at, mode, substitute FROM absence WHERE key ${among(text, keys)} AND until_at > ${after} ${locked}`;
  const standing = yield* sql.all(ABSENCE)`
    SELECT key, from_at, until_at, mode, substitute FROM absence
     WHERE substitute ${among(text, owners)} AND until_at > ${after} ${locked}`;
  const known = new Set(keys);
  return [...own, ...standing.filter(({ key }) => !known.has(key))].map(({ fromAt, untilAt, ...row }) => ({
    key: row.key,
    substitute: row.substitute,
    from: fromAt,
    until: untilAt,
  }));
}

/** Consents as `SUBSTITUTE ADDRESS`, by their keys. */
function* consentsFor(owners: readonly string[]): Change<ReadonlySet<string>> {
  const rows = yield* sql.all(CONSENT)`
    SELECT substitute, key FROM substitute_consent WHERE key ${among(text, owners)} ${locked}`;
  return new Set(rows.map(({ substitute, key }) => `${substitute} ${key}`));
}

const addressesOf = ({ address, substitute }: AddressAbsence): readonly Address[] =>
  substitute === undefined ? [address] : [address, substitute];

const earliest = (at: Instant, absences: readonly AddressAbsence[]): Instant =>
  absences.reduce<Instant>((first, { from }) => (from < first ? from : first), at);

function active(found: ReadonlyMap<string, FoundAddress>, address: string, what: string): FoundAddress {
  const row = addressIn(found, address);
  if (row.state !== 'active')
    throw new RegistryError('invalid', `${what} "${address}" is ${row.state}; expected an active one`);
  return row;
}

/** The substitute of an absence, checked: active, somebody else, with consent, and not absent. */
function substituteOf(
  absence: AddressAbsence,
  owner: FoundAddress,
  found: ReadonlyMap<string, FoundAddress>,
  agreed: ReadonlySet<string>,
  known: readonly Known[],
): FoundAddress | undefined {
  const { address, substitute, mode } = absence;
  if (substitute === undefined) {
    if (mode === 'substitute')
      throw new RegistryError('invalid', `The absence of "${address}" names nobody to send the mail to`);
    return undefined;
  }
  const row = active(found, substitute, `The substitute of "${address}",`);
  if (row.key === owner.key || (row.account === owner.account && owner.kind !== 'partner'))
    throw new RegistryError(
      'invalid',
      `"${substitute}" leads to the same mailbox as "${address}"; name a substitute with a mailbox of its own`,
    );
  if (!agreed.has(`${row.key} ${owner.key}`))
    throw new RegistryError(
      'invalid',
      `"${substitute}" has not agreed to stand in for "${address}"; note the consent first: "sluis address consent add ${substitute} --for ${address}"`,
    );
  if (known.some((other) => other.key === row.key && overlaps(other, absence)))
    throw new RegistryError(
      'invalid',
      `The substitute "${substitute}" is away in that time as well; a substitute is one step and never passed on: name somebody who is there`,
    );
  return row;
}

function checkFree(absence: AddressAbsence, key: string, known: readonly Known[], at: Instant): void {
  const { address } = absence;
  const own = known.filter((other) => other.key === key);
  if (own.some((other) => overlaps(other, absence)))
    throw new RegistryError(
      'exists',
      `The address "${address}" has an absence in that time already; "sluis address absence list" shows it: end it first`,
    );
  const other = known.find(({ substitute, ...one }) => substitute === key && overlaps(one, absence));
  if (other !== undefined)
    throw new RegistryError(
      'invalid',
      `"${address}" stands in for "${other.key}" in that time, and a substitute is never passed on; give that absence another substitute first`,
    );
  const ahead = own.filter(({ until }) => until > at).length;
  if (ahead >= MAX_ABSENCES)
    throw new RegistryError(
      'invalid',
      `The address "${address}" has ${ahead} absences ahead, the most that one may have`,
    );
}

function absenceRow(
  event: string,
  owner: FoundAddress,
  { from, until, mode, substitute }: Pick<AddressAbsence, 'from' | 'until' | 'mode' | 'substitute'>,
): TrailRow {
  const personal = { address: owner.address, ...defined({ substitute }) };
  return { event, account: owner.account, personal, facts: { from, until, mode } };
}
