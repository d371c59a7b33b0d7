/**
 * One organisation becomes part of another: first this is recorded, and its EDI identities are
 * carried over; then its accounts go over, one part after the other, each account with its
 * addresses at once (merged-accounts.ts); last it ends. A merge that was cut short is asked for
 * again.
 */
import { type EdiIdentity, formatIdentity } from '../../domain/edi-identity.ts';
import type { State } from '../../domain/registry.ts';
import { MAX_IDENTITIES } from '../edi-identities.ts';
import { type AccountMerge, MERGED_AT_ONCE } from '../organisation-merge.ts';
import { RegistryError } from '../registry.ts';
import { type Actor } from '../actor.ts';
import { type Row, as, flag, int, optional, orNull, text } from '../sql/columns.ts';
import { among, locked, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext } from './change-context.ts';
import { mergeAll } from './merged-accounts.ts';
import { endWebhooksOfOrganisation } from './webhooks.ts';

/**
 * What a merge does with the rows of an organisation, for each table that has such a column. Tables
 * that hang on an account or an address need no word: they go where it goes.
 */
export const MERGED_TABLES: Readonly<Record<string, string>> = {
  account: 'those that have not ended become the other one’s',
  edi_identity: 'carried over in the first step; those of accounts that have ended stay',
  organisation: 'says whose its accounts became',
  usage_month: 'stays: what was counted before is of the former invoice, from then on the other one counts',
  // A merge must not give more rights than were given.
  operator: 'stays: who may work for the one alone finds nothing of the other, until "sluis operator set" says so',
  directory_entry: 'written again behind each change, as the directory shows the account and its organisation then',
  webhook:
    'those of the organisation hear of its own accounts until it ends, and end with it: the other one decides whom it tells. Those of accounts go along',
  takeover:
    'stays: the wave and its letters are of the practice that moved; where each mailbox stands goes along with its account',
  former_organisation: 'stays: whose an account was before does not change',
};

const ORGANISATION = {
  id: int,
  name: text,
  state: as<State>(text),
  ending: flag,
  mergedInto: optional(int),
  // Name of that organisation.
  gone: optional(text),
};
type MergingOrganisation = Row<typeof ORGANISATION>;

export class OrganisationMergeChanges {
  /**
   * It holds from now on that `from` becomes part of `into`; resolves to how many EDI identities
   * were carried over.
   */
  *beginMerge(context: ChangeContext, from: string, into: string, actor: Actor): Change<number> {
    const [one, other] = yield* twoOf(from, into);
    if (one.id === other.id) throw new RegistryError('invalid', `"${from}" cannot become part of itself; name another`);
    if (one.mergedInto === other.id) return 0;
    mustBeOpen(one);
    mustBeOpen(other);
    yield* nobodyComes(one);
    yield* sql.run`UPDATE organisation SET merged_into = ${other.id}, merged_at = ${context.at} WHERE id = ${one.id}`;
    context.tellMany();
    yield* context.record('registry.organisation-merging', null, actor, { organisation: from, into });
    return yield* carryIdentities(context, one, other, actor);
  }

  /**
   * Merges accounts, at most `MERGED_AT_ONCE`, all or none. Resolves to how many went over; those
   * that had are passed over.
   */
  *mergeAccounts(
    context: ChangeContext,
    from: string,
    into: string,
    accounts: readonly AccountMerge[],
    actor: Actor,
  ): Change<number> {
    if (accounts.length > MERGED_AT_ONCE)
      throw new RegistryError(
        'invalid',
        `${accounts.length} accounts are to go over at once; expected at most ${MERGED_AT_ONCE}`,
      );
    const { one, other } = yield* begun(from, into);
    return yield* mergeAll(context, { from: one, into: other, accounts }, actor);
  }

  /** Ends `from`, unless it has accounts left; resolves to the number left. */
  *finishMerge(context: ChangeContext, from: string, into: string, actor: Actor): Change<number> {
    const { one } = yield* begun(from, into);
    const { left } = yield* sql.one({ left: int })`
      SELECT count(*) AS left FROM account
       WHERE organisation = ${one.id} AND state <> 'ended' AND (ends_at IS NULL OR ends_at > ${context.at})`;
    if (left > 0 || one.state === 'ended') return left;
    yield* sql.run`UPDATE organisation SET state = 'ended', merged_at = ${context.at} WHERE id = ${one.id}`;
    context.tellMany();
    yield* endWebhooksOfOrganisation(context, one.id, 'organisation-merged', actor);
    const states = { from: one.state, to: 'ended' };
    yield* context.record('registry.organisation-state', null, actor, { organisation: from, into }, states);
    return 0;
  }
}

function* twoOf(from: string, into: string): Change<readonly [MergingOrganisation, MergingOrganisation]> {
  const rows = yield* sql.all(ORGANISATION)`
    SELECT o.id, o.name, o.state, o.ends_at IS NOT NULL AS ending, o.merged_into,
           (SELECT n.name FROM organisation n WHERE n.id = o.merged_into) AS gone
      FROM organisation o WHERE o.name ${among(text, [from, into])} ORDER BY o.id ${locked}`;
  const named = (name: string): MergingOrganisation => {
    const row = rows.find((one) => one.name === name);
    if (row !== undefined) return row;
    throw new RegistryError(
      'unknown',
      `There is no organisation "${name}"; "sluis organisation list" shows those there are`,
    );
  };
  return [named(from), named(into)];
}

function* begun(
  from: string,
  into: string,
): Change<{ readonly one: MergingOrganisation; readonly other: MergingOrganisation }> {
  const [one, other] = yield* twoOf(from, into);
  if (one.mergedInto !== other.id)
    throw new RegistryError('invalid', `"${from}" is not on its way into "${into}"; nothing was changed`);
  if (other.state !== 'active' || other.ending)
    throw new RegistryError(
      'invalid',
      `The organisation "${into}" is ${other.ending ? 'ending' : other.state}; nothing more was changed`,
    );
  return { one, other };
}

function mustBeOpen({ name, state, ending, gone }: MergingOrganisation): void {
  if (gone !== undefined || state === 'ended')
    throw new RegistryError(
      'ended',
      gone === undefined
        ? `The organisation "${name}" has ended, which cannot be undone; name another one`
        : `The organisation "${name}" is part of "${gone}" already, or becomes so; name that one`,
    );
  if (ending)
    throw new RegistryError(
      'ended',
      `The organisation "${name}" is ending; "sluis organisation resume ${name}" takes that back, then merge`,
    );
  if (state === 'suspended')
    throw new RegistryError(
      'invalid',
      `The organisation "${name}" is suspended, and a merge would resume accounts, or suspend them; "sluis organisation resume ${name}" first`,
    );
}

/** Checks that nothing is being merged into the organisation that itself goes. */
function* nobodyComes({ id, name }: MergingOrganisation): Change<void> {
  const coming = yield* sql.first({ name: text })`
    SELECT name FROM organisation WHERE merged_into = ${id} AND state <> 'ended' LIMIT 1 ${locked}`;
  if (coming !== undefined)
    throw new RegistryError(
      'invalid',
      `"${coming.name}" is on its way into "${name}"; "sluis organisation merge ${coming.name} --into ${name}" ends that first`,
    );
}

const IDENTITY = { id: text, qualifier: text, account: orNull(int) };

function* carryIdentities(
  context: ChangeContext,
  from: MergingOrganisation,
  into: MergingOrganisation,
  actor: Actor,
): Change<number> {
  const carried: readonly (EdiIdentity & { readonly account: number | null })[] = yield* sql.all(IDENTITY)`
    SELECT i.id, i.qualifier, i.account FROM edi_identity i
     WHERE i.organisation = ${from.id} AND (i.account IS NULL OR EXISTS (SELECT 1 FROM account a
       WHERE a.id = i.account AND a.state <> 'ended' AND (a.ends_at IS NULL OR a.ends_at > ${context.at})))
     ORDER BY i.id, i.qualifier ${locked}`;
  const { n } = yield* sql.one({ n: int })`SELECT count(*) AS n FROM edi_identity WHERE organisation = ${into.id}`;
  if (n + carried.length > MAX_IDENTITIES)
    throw new RegistryError(
      'invalid',
      `"${into.name}" has ${n} EDI identities and "${from.name}" ${carried.length}; one organisation has at most ${MAX_IDENTITIES}: remove what is not used`,
    );
  yield* sql.run`
    UPDATE edi_identity SET organisation = ${into.id} WHERE (id, qualifier) IN (SELECT id, qualifier FROM ${rowsOf(IDENTITY, carried)})`;
  const personal = { organisation: into.name, from: from.name };
  for (const { account, ...identity } of carried)
    yield* context.record('registry.edi-identity-moved', account, actor, personal, {
      identity: formatIdentity(identity),
    });
  return carried.length;
}
