/** Reads of organisations. */
import { defined } from '../../domain/defined.ts';
import type { OrganisationId } from '../../domain/ids.ts';
import type { Language, Organisation, State } from '../../domain/registry.ts';
import type { Settings } from '../../domain/settings/setting.ts';
import type { Instant } from '../../domain/units.ts';
import type { OrganisationQuery } from '../registry.ts';
import { type Column, type Row, as, int, optional, text, time } from '../sql/columns.ts';
import { words } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';
import { containing, limitOf } from './page.ts';

/** What is set at an organisation, an account or an address itself: nothing at most of them. */
export const SETTINGS: Column<Settings> = {
  type: 'text',
  read: (raw) => (raw === '{}' ? {} : (JSON.parse(raw as string) as Settings)),
};
const LINES: Column<readonly string[]> = { type: 'text', read: (raw) => (raw as string).split('\n') };

export const ORGANISATION = {
  organisationId: as<OrganisationId>(int),
  name: text,
  title: text,
  contact: optional(text),
  telephone: optional(text),
  post: optional(LINES),
  language: as<Language>(text),
  agb: optional(text),
  ura: optional(text),
  organisationState: as<State>(text),
  organisationEnds: optional(time),
  organisationSettings: SETTINGS,
  mergedInto: optional(as<OrganisationId>(int)),
  mergedAt: optional(time),
  mergedName: optional(text),
};
/** Columns of the table `o`. */
export const ORGANISATION_COLUMNS = words(`
  o.id AS organisation_id, o.name, o.title, o.contact, o.telephone, o.post, o.language, o.agb, o.ura, o.state AS organisation_state,
  o.ends_at AS organisation_ends, o.settings AS organisation_settings, o.merged_into, o.merged_at,
  (SELECT i.name FROM organisation i WHERE i.id = o.merged_into) AS merged_name`);

/** A telephone number without what people write between its digits. */
const DIGITS = words(
  [' ', '-', '(', ')', '.', '/'].reduce((sum, one) => `replace(${sum}, '${one}', '')`, 'o.telephone'),
);

export class OrganisationReads {
  /** Organisations in the order of names. */
  *listOrganisations({ at }: Now, query: OrganisationQuery): Change<readonly Organisation[]> {
    const { after = '', like, telephone } = query;
    const rows =
      like === undefined && telephone === undefined
        ? yield* sql.all(ORGANISATION)`
            SELECT ${ORGANISATION_COLUMNS} FROM organisation o WHERE o.name > ${after} ORDER BY o.name LIMIT ${limitOf(query)}`
        : yield* sql.all(ORGANISATION)`
            SELECT ${ORGANISATION_COLUMNS} FROM organisation o WHERE o.name > ${after}
               AND (lower(o.name) LIKE ${containing(like?.toLowerCase())} ESCAPE '!' OR lower(o.title) LIKE ${containing(like?.toLowerCase())} ESCAPE '!')
               AND coalesce(${DIGITS}, '') LIKE ${containing(telephone)} ESCAPE '!'
             ORDER BY o.name LIMIT ${limitOf(query)}`;
    return rows.map((row) => organisationAt(organisationOf(row), at));
  }

  *findOrganisationById({ at }: Now, id: OrganisationId): Change<Organisation | undefined> {
    const row = yield* sql.first(ORGANISATION)`
      SELECT ${ORGANISATION_COLUMNS} FROM organisation o WHERE o.id = ${id}`;
    return row === undefined ? undefined : organisationAt(organisationOf(row), at);
  }

  *findOrganisation({ at }: Now, name: string): Change<Organisation | undefined> {
    const row = yield* sql.first(ORGANISATION)`
      SELECT ${ORGANISATION_COLUMNS} FROM organisation o WHERE o.name = ${name}`;
    return row === undefined ? undefined : organisationAt(organisationOf(row), at);
  }
}

/** The organisation as it stands in its row: whoever keeps it has to look at the clock again. */
export function organisationOf(row: Row<typeof ORGANISATION>): Organisation {
  const { organisationState: state, organisationEnds: endsAt, mergedInto: id, mergedAt, mergedName } = row;
  return {
    id: row.organisationId,
    name: row.name,
    title: row.title,
    ...defined({ contact: row.contact, telephone: row.telephone, post: row.post }),
    language: row.language,
    ...defined({ agb: row.agb, ura: row.ura }),
    ...(state === 'active' ? {} : { state }),
    ...(endsAt === undefined || state === 'ended' ? {} : { endsAt }),
    ...(id === undefined || mergedAt === undefined || mergedName === undefined
      ? {}
      : { mergedInto: { id, name: mergedName, at: mergedAt } }),
    settings: row.organisationSettings,
  };
}

/** An organisation ends by the clock, not by a change. */
const organisationAt = (of: Organisation, now: Instant): Organisation =>
  of.endsAt === undefined || of.endsAt > now ? of : { ...of, state: 'ended' };
