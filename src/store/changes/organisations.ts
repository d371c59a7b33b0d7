/**
 * Changes to organisations, which count for all of their accounts. Each leaves its row in the
 * trail. They throw RegistryError.
 */
import { type State, isOrganisationName } from '../../domain/registry.ts';
import type { OrganisationId } from '../../domain/ids.ts';
import { type Ending, type NewOrganisation, type OrganisationDetails, RegistryError } from '../registry.ts';
import { type Actor, THE_GATEWAY } from '../actor.ts';
import { as, int, orNull, text } from '../sql/columns.ts';
import { locked } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { ROWS, closeEach } from './ends.ts';
import type { ChangeContext } from './change-context.ts';
import { type FoundOrganisation, organisationNamed, successorNamed } from './registered.ts';
import { endWebhooksOfOrganisation } from './webhooks.ts';

const FIELDS = [
  'title',
  'contact',
  'telephone',
  'post',
  'agb',
  'ura',
] as const satisfies readonly (keyof OrganisationDetails)[];
const DETAILS = {
  title: orNull(text),
  contact: orNull(text),
  telephone: orNull(text),
  post: orNull(text),
  agb: orNull(text),
  ura: orNull(text),
};

/** Adds an organisation. Throws RegistryError for a name that is not allowed, or that exists. */
export function* insertOrganisation(
  context: ChangeContext,
  organisation: NewOrganisation,
  actor: Actor,
): Change<OrganisationId> {
  const { name, title, language, contact = null, telephone = null, post, agb = '', ura = '' } = organisation;
  if (!isOrganisationName(name))
    throw new RegistryError(
      'invalid',
      `"${name}" is not a name for an organisation; expected up to 64 of a-z, 0-9 and "-"`,
    );
  if ((yield* sql.first({ id: int })`SELECT id FROM organisation WHERE name = ${name} ${locked}`) !== undefined)
    throw new RegistryError('exists', `There is an organisation "${name}" already; choose another name`);
  const { id } = yield* sql.one({ id: as<OrganisationId>(int) })`
    INSERT INTO organisation (name, title, contact, telephone, post, language, agb, ura, settings, created_at)
    VALUES (${name}, ${title}, ${contact}, ${telephone}, ${post?.join('\n') ?? null}, ${language}, ${textOf(agb)}, ${textOf(ura)},
            ${JSON.stringify(organisation.settings ?? {})}, ${context.at}) RETURNING id`;
  yield* context.record('registry.organisation-added', null, actor, { organisation: name });
  return id;
}

export class OrganisationChanges {
  *addOrganisation(context: ChangeContext, organisation: NewOrganisation, actor: Actor): Change<OrganisationId> {
    return yield* insertOrganisation(context, organisation, actor);
  }

  /**
   * Changes what people see and are written to; the trail names the fields, not their earlier
   * values.
   */
  *changeOrganisation(context: ChangeContext, name: string, changes: OrganisationDetails, actor: Actor): Change<void> {
    const row = yield* organisationNamed(name);
    if (isOver(row, context))
      throw new RegistryError('ended', `The organisation "${name}" has ended; it can no longer be changed`);
    const is = yield* sql.one(
      DETAILS,
    )`SELECT title, contact, telephone, post, agb, ura FROM organisation WHERE id = ${row.id}`;
    const [title = null, contact = null, telephone = null, post = null, agb = null, ura = null] = FIELDS.map((field) =>
      changes[field] === undefined ? is[field] : textOf(changes[field]),
    );
    yield* sql.run`
      UPDATE organisation SET title = ${title}, contact = ${contact}, telephone = ${telephone}, post = ${post},
             agb = ${agb}, ura = ${ura}
       WHERE id = ${row.id}`;
    context.tellMany();
    const fields = FIELDS.filter((field) => changes[field] !== undefined).join(' ');
    yield* context.record('registry.organisation-changed', null, actor, { organisation: name }, { fields });
  }

  /**
   * Sets the state of an organisation, which counts for all of its accounts: while it is suspended,
   * logins and mail are refused and waiting mail stays. Each account keeps its own state. `active`
   * takes back an end that is not final, and the earlier state counts again.
   */
  *setOrganisationState(
    context: ChangeContext,
    name: string,
    state: Exclude<State, 'ended'>,
    actor: Actor,
  ): Change<void> {
    const row = yield* organisationNamed(name);
    if (isOver(row, context))
      throw new RegistryError(
        'ended',
        `The organisation "${name}" has ended, which cannot be undone; add another organisation`,
      );
    mustNotMerge(row);
    // A suspension goes first, by itself, as with an account.
    const isResumed = state === 'active' && row.state === 'active' && row.endsAt !== null;
    if (isResumed) yield* sql.run`UPDATE organisation SET ends_at = NULL, successor = NULL WHERE id = ${row.id}`;
    else yield* sql.run`UPDATE organisation SET state = ${state} WHERE id = ${row.id}`;
    yield* changed(context, name, isResumed ? 'ending' : row.state, state, actor);
  }
}

/** These stand apart, since ending an organisation takes one step after the other. */
export class OrganisationEnds {
  /**
   * With a time of grace one row is written. Otherwise the first step ends the organisation itself,
   * and with it everything; each further step ends some of its accounts. Returns how many.
   */
  *step(context: ChangeContext, name: string, { endsAt, successor }: Ending, actor: Actor): Change<number> {
    const { at } = context;
    const row = yield* organisationNamed(name);
    mustNotMerge(row);
    // Runs first, so that none of its own accounts is named as a successor.
    yield* sql.run`
      UPDATE organisation SET successor = ${successor ?? null}, ends_at = coalesce(ends_at, ${at}) WHERE id = ${row.id}`;
    if (successor !== undefined) yield* successorNamed(at, successor, `organisation "${name}"`);
    if (endsAt === undefined || endsAt <= at || isOver(row, context)) return yield* close(context, row, actor);
    yield* sql.run`UPDATE organisation SET ends_at = ${endsAt} WHERE id = ${row.id}`;
    context.tellMany();
    const about = { organisation: name, ...(successor === undefined ? {} : { successor }) };
    const facts = { from: row.state, to: 'ending', ends: new Date(endsAt).toISOString() };
    yield* context.record('registry.organisation-state', null, actor, about, facts);
    return 0;
  }
}

/**
 * One step for an organisation whose time is over, or whose end was cut short. Returns how many
 * accounts ended, and the organisation itself.
 */
export function* endDueOrganisation(context: ChangeContext): Change<number> {
  const due = yield* sql.first({ name: text })`
    SELECT name FROM organisation o WHERE (o.ends_at <= ${context.at} AND o.state <> 'ended') OR (o.state = 'ended' AND o.merged_into IS NULL
       AND EXISTS (SELECT 1 FROM account a WHERE a.organisation = o.id AND a.state <> 'ended')) LIMIT 1`;
  if (due === undefined) return 0;
  const row = yield* organisationNamed(due.name);
  return (yield* close(context, row, THE_GATEWAY)) + (row.state === 'ended' ? 0 : 1);
}

const OPEN = { id: int, login: text, state: as<State>(text), successor: orNull(text) };

function* close(context: ChangeContext, { id, name, state, endsAt }: FoundOrganisation, actor: Actor): Change<number> {
  yield* sql.run`UPDATE organisation SET state = 'ended' WHERE id = ${id}`;
  const accounts = yield* sql.all(OPEN)`
    SELECT a.id, a.login, a.state, CASE WHEN a.ends_at IS NULL THEN o.successor ELSE a.successor END AS successor
      FROM account a JOIN organisation o ON o.id = a.organisation
     WHERE o.id = ${id} AND a.state <> 'ended' ORDER BY a.id LIMIT ${ROWS} ${locked}`;
  yield* closeEach(context, accounts, actor);
  if (state !== 'ended') yield* endWebhooksOfOrganisation(context, id, 'organisation-ended', actor);
  if (state !== 'ended') yield* changed(context, name, endsAt === null ? state : 'ending', 'ended', actor);
  else if (accounts.length > 0) context.tellMany();
  return accounts.length;
}

function* changed(
  context: ChangeContext,
  organisation: string,
  from: State | 'ending',
  to: State,
  actor: Actor,
): Change<void> {
  context.tellMany();
  yield* context.record('registry.organisation-state', null, actor, { organisation }, { from, to });
}

const isOver = ({ state, endsAt }: FoundOrganisation, { at }: ChangeContext): boolean =>
  state === 'ended' || (endsAt !== null && endsAt <= at);

/** An organisation that is half merged into another one may not be changed. */
function mustNotMerge({ name, state, became }: FoundOrganisation): void {
  if (became !== null && state !== 'ended')
    throw new RegistryError(
      'invalid',
      `The organisation "${name}" is on its way into "${became}"; "sluis organisation merge ${name} --into ${became}" ends that first`,
    );
}

/** An empty text removes the field. */
const textOf = (value: string | readonly string[]): string | null =>
  (typeof value === 'string' ? value : value.join('\n')) || null;
