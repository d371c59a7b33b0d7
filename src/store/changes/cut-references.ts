/**
 * Ends everything that ties accounts to an organisation that they leave, or to others when they
 * end: in a few statements, however many accounts.
 */
import { groupedBy } from '../../domain/grouped-by.ts';
import type { TiedOrganisation } from '../organisation-references.ts';
import { NOWHERE, delegations, issued, naming, substitutes } from '../reads/references.ts';
import type { Actor } from '../actor.ts';
import { int, text } from '../sql/columns.ts';
import { among, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { takeBackConsents } from './absences.ts';
import type { ChangeContext, TrailRow } from './change-context.ts';
import { revokeKeysOf } from './pgp-keys.ts';
import { keyOf } from './registered.ts';
import { revokeAll } from './revocations.ts';

/** An audit row that is still to be written, and the account whose end or leaving it belongs to. */
interface CutRow {
  readonly of: number;
  readonly row: TrailRow;
}

/**
 * One account goes from an organisation to another: certificates that name the one it leaves are
 * revoked, rights to send and consents that would cross the border are taken back; each with its
 * row in the trail. Must run while the account still has its login name and addresses, since the
 * rows name them. The caller touches the account itself.
 */
export function* cutBorder(
  context: ChangeContext,
  {
    id,
    login,
    from,
    into,
  }: {
    readonly id: number;
    readonly login: string;
    readonly from: TiedOrganisation;
    readonly into: TiedOrganisation;
  },
  actor: Actor,
): Change<void> {
  yield* revokeNaming(context, { id, login, from, into }, actor);
  for (const cut of [cutDelegations, cutSubstitutes]) {
    const rows = yield* cut(context, [id], into.id);
    yield* context.recordAll(
      rows.map(({ row }) => row),
      actor,
    );
  }
}

/** RFC 5280 section 5.3.1: the subject's name has changed, without a cause to suspect the key. */
function* revokeNaming(
  context: ChangeContext,
  { id, login, ...between }: Parameters<typeof cutBorder>[1],
  actor: Actor,
): Change<void> {
  const references = yield* naming(id, { ...between, at: context.at });
  const prints = references
    .filter(({ registration }) => registration === undefined)
    .map(({ fingerprint }) => fingerprint);
  yield* context.recordAll(yield* revokeAll(context, prints, 'affiliationChanged'), actor);
  const names = references.flatMap(({ registration }) => registration ?? []);
  if (names.length === 0) return;
  const revoked = yield* sql.all({ name: text, fingerprint: text, about: text })`
    UPDATE client_certificate SET revoked_at = ${context.at}
     WHERE account = ${id} AND name ${among(text, names)} AND revoked_at IS NULL RETURNING name, fingerprint, about`;
  const byName = new Map(revoked.map(({ name, ...about }) => [name, about]));
  for (const certificate of names)
    yield* context.record('registry.certificate-revoked', id, actor, {
      login,
      certificate,
      ...byName.get(certificate),
    });
}

/**
 * Ends every reference of accounts that end. Returns the audit rows to be written, by account; a
 * tie between two of them is with the one that comes first. Memories are forgotten of those who may
 * no longer send as the addresses.
 */
export function* cutEnding(
  context: ChangeContext,
  accounts: readonly number[],
): Change<ReadonlyMap<number, readonly TrailRow[]>> {
  const certificates = yield* issued(accounts, context.at);
  const prints = certificates.map(({ fingerprint }) => fingerprint);
  // RFC 5280 section 5.3.1: not needed any more, without a cause to suspect the key.
  const revoked = yield* revokeAll(context, prints, 'cessationOfOperation');
  const cut = [
    ...ofAccounts(revoked),
    ...(yield* cutDelegations(context, accounts, NOWHERE)),
    ...(yield* cutSubstitutes(context, accounts, NOWHERE)),
  ];
  // A right between two addresses of one account is of no use to anybody.
  yield* sql.run`
    DELETE FROM substitute_consent WHERE (substitute, key) IN (
      SELECT s.substitute, s.key FROM address d JOIN substitute_consent s ON s.key = d.key
        JOIN address t ON t.key = s.substitute WHERE d.account ${among(int, accounts)} AND t.account = d.account)`;
  const keys = ofAccounts(yield* revokeKeysOf(context, accounts));
  const byAccount = groupedBy([...cut, ...keys], ({ of }) => of);
  return new Map([...byAccount].map(([account, rows]) => [account, rows.map(({ row }) => row)]));
}

const ofAccounts = (rows: readonly (TrailRow & { readonly account: number })[]): readonly CutRow[] =>
  rows.map((row) => ({ of: row.account, row }));

const DELEGATED = { key: text, account: int };

/** Takes back every right to send that would cross the border of `into`. */
function* cutDelegations(context: ChangeContext, accounts: readonly number[], into: number): Change<readonly CutRow[]> {
  const found = yield* delegations(accounts, into);
  if (found.length === 0) return [];
  yield* sql.run`
    DELETE FROM delegation WHERE (key, account) IN (SELECT key, account FROM ${rowsOf(DELEGATED, found)})`;
  context.tell(found.map(({ account }) => account));
  return sided(
    accounts,
    found.map(({ owner, account, key, login, address }) => ({
      sides: [owner, account],
      key,
      rows: [{ event: 'registry.delegation', account, personal: { login, address }, facts: { allowed: false } }],
    })),
  );
}

/**
 * Takes back the consents by which somebody's mail would cross the border of `into`; the absences
 * that rest on them end too.
 */
function* cutSubstitutes(context: ChangeContext, accounts: readonly number[], into: number): Change<readonly CutRow[]> {
  const found = yield* substitutes(accounts, into);
  const rows = yield* takeBackConsents(context, found);
  return sided(
    accounts,
    found.map(({ owner, substituteAccount, address }, i) => ({
      sides: [owner, substituteAccount],
      key: keyOf(address),
      rows: rows[i] ?? [],
    })),
  );
}

interface CrossingReference {
  /** Owner of the address, and the account that may do something for it. */
  readonly sides: readonly [number, number];
  readonly key: string;
  readonly rows: readonly TrailRow[];
}

/**
 * Gives each tie to the one of its two accounts that comes first: ties of its own addresses, then
 * those of others; each by address.
 */
function sided(accounts: readonly number[], references: readonly CrossingReference[]): readonly CutRow[] {
  const places = new Map(accounts.map((account, place) => [account, place]));
  const placeOf = (account: number): number => places.get(account) ?? accounts.length;
  const firstOf = ([one, other]: CrossingReference['sides']): number => (placeOf(other) < placeOf(one) ? other : one);
  const ofSide = (side: 0 | 1): CutRow[] =>
    references
      .filter(({ sides }) => sides[side] === firstOf(sides))
      .toSorted((one, other) => (one.key < other.key ? -1 : Number(one.key > other.key)))
      .flatMap(({ sides, rows }) => rows.map((row) => ({ of: sides[side], row })));
  return [...ofSide(0), ...ofSide(1)];
}
