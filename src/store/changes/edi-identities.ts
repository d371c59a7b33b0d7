/** Changes to EDI identities; each with its audit row. They throw RegistryError. */
import { type EdiIdentity, formatIdentity } from '../../domain/edi-identity.ts';
import { MAX_IDENTITIES, type RegisteredIdentity } from '../edi-identities.ts';
import { RegistryError } from '../registry.ts';
import { type Actor } from '../actor.ts';
import { type Row, int, orNull, text, time } from '../sql/columns.ts';
import { among, locked, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext } from './change-context.ts';
import { type Wrong, type WrongEntry, entriesOf, judgeEach, throwFirst } from './judge-each.ts';
import { accountIn, accountsNamed, mustBeOpen } from './registered.ts';

const IDENTITY = { id: text, qualifier: text, organisation: int, account: orNull(int) };
const NEW = { ...IDENTITY, createdAt: time };
const HELD = { ...IDENTITY, name: text, login: orNull(text) };
type Held = Row<typeof HELD>;

interface Holder {
  readonly organisation: number;
  readonly account: number | null;
}

export class EdiChanges {
  /**
   * Registers identities, all or none; those registered there already stay. Refused: an identity
   * that another organisation or account has, also where one of the two has no qualifier. The error
   * names the first.
   */
  *addIdentities(context: ChangeContext, identities: readonly RegisteredIdentity[], actor: Actor): Change<void> {
    const { added, wrong } = yield* judged(context, identities);
    throwFirst(wrong);
    if (added.length === 0) return;
    const rows = added.map(({ row }) => row);
    yield* sql.run`
      INSERT INTO edi_identity (id, qualifier, organisation, account, created_at)
      SELECT id, qualifier, organisation, account, created_at FROM ${rowsOf(NEW, rows)}`;
    for (const { identity, row } of added)
      yield* record(context, 'registry.edi-identity-added', identity, row.account, actor);
    // Every account of the organisation may be called so from now on.
    context.tellMany();
  }

  /** Changes nothing: all that `addIdentities` would refuse. */
  *judgeIdentities(context: ChangeContext, identities: readonly RegisteredIdentity[]): Change<readonly WrongEntry[]> {
    return entriesOf((yield* judged(context, identities)).wrong);
  }

  *removeIdentity(context: ChangeContext, identity: EdiIdentity, actor: Actor): Change<void> {
    const { id, qualifier } = identity;
    const row = (yield* heldOf([id])).get(id)?.find((one) => one.qualifier === qualifier);
    if (row === undefined)
      throw new RegistryError(
        'unknown',
        `"${formatIdentity(identity)}" is registered for nobody; "sluis organisation edi list" shows what is`,
      );
    yield* sql.run`DELETE FROM edi_identity WHERE id = ${id} AND qualifier = ${qualifier}`;
    const { name, account, login } = row;
    const removed = { id, qualifier, organisation: name, ...(login === null ? {} : { login }) };
    yield* record(context, 'registry.edi-identity-removed', removed, account, actor);
    context.tellMany();
  }
}

interface NewIdentity {
  readonly identity: RegisteredIdentity;
  readonly row: Row<typeof NEW>;
}

/** Identities that are to be added, and those that cannot be. */
function* judged(
  context: ChangeContext,
  identities: readonly RegisteredIdentity[],
): Change<{ readonly added: readonly NewIdentity[]; readonly wrong: readonly Wrong[] }> {
  const holderOf = yield* holders(context, identities);
  const held = yield* heldOf(identities.map(({ id }) => id));
  const counts = yield* countsOf(identities.map(({ organisation }) => organisation));
  const added: NewIdentity[] = [];
  const wrong = judgeEach(identities, (identity) => {
    const { id, qualifier, organisation: name, login = null } = identity;
    const holder = holderOf(identity);
    const same = held.get(id) ?? [];
    if (isThere(identity, holder, same)) return;
    const count = counts.get(holder.organisation) ?? 0;
    checkRoom(name, count);
    counts.set(holder.organisation, count + 1);
    held.set(id, [...same, { id, qualifier, ...holder, name, login }]);
    added.push({ identity, row: { id, qualifier, ...holder, createdAt: context.at } });
  });
  return { added, wrong };
}

/** Finds the holder that each is for; throws if nobody could have it. */
function* holders(
  { at }: ChangeContext,
  identities: readonly RegisteredIdentity[],
): Change<(identity: RegisteredIdentity) => Holder> {
  const names = identities.map(({ organisation }) => organisation);
  const rows = yield* sql.all({ id: int, name: text, becameName: orNull(text) })`
    SELECT o.id, o.name, (SELECT i.name FROM organisation i WHERE i.id = o.merged_into) AS became_name
      FROM organisation o WHERE o.name ${among(text, names)} ORDER BY o.id ${locked}`;
  const organisations = new Map(rows.map((row) => [row.name, row]));
  const accounts = yield* accountsNamed(
    at,
    identities.flatMap(({ login }) => login ?? []),
  );
  return ({ organisation: name, login }) => {
    const organisation = organisations.get(name);
    if (organisation === undefined)
      throw new RegistryError(
        'unknown',
        `There is no organisation "${name}"; "sluis organisation list" shows those there are`,
      );
    if (organisation.becameName !== null)
      throw new RegistryError(
        'ended',
        `The organisation "${name}" has become part of "${organisation.becameName}"; register it there`,
      );
    if (login === undefined) return { organisation: organisation.id, account: null };
    const account = accountIn(accounts, login);
    mustBeOpen(account, login);
    if (account.organisation !== organisation.id)
      throw new RegistryError('invalid', `The account "${login}" does not belong to organisation "${name}"`);
    return { organisation: organisation.id, account: account.id };
  };
}

/** Registered identities with these ids, whatever the qualifier. */
function* heldOf(ids: readonly string[]): Change<Map<string, readonly Held[]>> {
  const rows = yield* sql.all(HELD)`
    SELECT i.id, i.qualifier, i.organisation, i.account, o.name, a.login FROM edi_identity i
      JOIN organisation o ON o.id = i.organisation LEFT JOIN account a ON a.id = i.account WHERE i.id ${among(text, ids)}
     ORDER BY i.id, i.qualifier`;
  const held = new Map<string, Held[]>();
  for (const row of rows) {
    const same = held.get(row.id);
    if (same === undefined) held.set(row.id, [row]);
    else same.push(row);
  }
  return held;
}

/** Number of identities of each organisation, by its id. */
function* countsOf(names: readonly string[]): Change<Map<number, number>> {
  const rows = yield* sql.all({ organisation: int, n: int })`
    SELECT i.organisation, count(*) AS n FROM edi_identity i JOIN organisation o ON o.id = i.organisation
     WHERE o.name ${among(text, names)} GROUP BY i.organisation`;
  return new Map(rows.map(({ organisation, n }) => [organisation, n]));
}

/**
 * True if exactly this identity is registered for the same holder. `same`: what is registered with
 * this id.
 */
function isThere({ qualifier }: EdiIdentity, holder: Holder, same: readonly Held[]): boolean {
  const other = same.find(
    (row) =>
      (row.qualifier === qualifier || row.qualifier === '' || qualifier === '') &&
      (row.organisation !== holder.organisation || (row.qualifier === qualifier && row.account !== holder.account)),
  );
  if (other !== undefined)
    throw new RegistryError(
      'exists',
      `"${formatIdentity(other)}" is registered for ${other.login === null ? `organisation "${other.name}"` : `account "${other.login}"`} already, and an identity has one holder: remove it there first`,
    );
  return same.some((row) => row.qualifier === qualifier);
}

function checkRoom(name: string, n: number): void {
  if (n >= MAX_IDENTITIES)
    throw new RegistryError(
      'invalid',
      `The organisation "${name}" has ${n} EDI identities, the most that one may have`,
    );
}

function* record(
  context: ChangeContext,
  event: string,
  identity: RegisteredIdentity,
  account: number | null,
  actor: Actor,
): Change<void> {
  const { organisation, login } = identity;
  const personal = { organisation, ...(login === undefined ? {} : { login }) };
  yield* context.record(event, account, actor, personal, { identity: formatIdentity(identity) });
}
