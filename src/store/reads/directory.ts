/**
 * Reads of the directory (domain/directory.ts), by version: an entry that changes while somebody
 * turns pages is on the last one again.
 */
import type { Address } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import type {
  DirectoryEntry,
  DirectoryQuery,
  DirectoryRecord,
  DirectoryState,
  DirectoryStep,
  DirectoryStepFound,
} from '../../domain/directory.ts';
import { DIRECTORY_STEP, foldText, isRemoved } from '../../domain/directory.ts';
import type { OrganisationId } from '../../domain/ids.ts';
import type { CustomerKind } from '../../domain/registry.ts';
import { type Row, as, bytes, flag, int, optional, orNull, text, time } from '../sql/columns.ts';
import { words } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';

const RECORD = {
  address: as<Address>(text),
  organisation: as<OrganisationId>(int),
  name: text,
  title: text,
  kind: as<CustomerKind>(text),
  role: optional(text),
  agb: optional(text),
  telephone: optional(text),
  edi: text,
  der: optional(bytes),
  endsAt: optional(time),
  version: int,
  modifiedAt: time,
  removedAt: optional(time),
};
const RECORDS =
  words(`SELECT e.address, e.organisation, e.name, e.title, e.kind, e.role, e.agb, e.telephone, e.edi, c.der, e.ends_at, e.version,
  e.modified_at, e.removed_at FROM directory_entry e LEFT JOIN certificate c ON c.fingerprint = e.certificate`);

/** Most entries of one page. */
const MOST = 1000;

export class DirectoryReads {
  *directoryState({ at }: Now): Change<DirectoryState> {
    const row = yield* sql.first({ version: int, floor: int, stale: flag })`
      SELECT version, floor, stale_at IS NOT NULL
          OR EXISTS (SELECT 1 FROM directory_entry WHERE due_at <= ${at} AND due_at IS NOT NULL) AS stale
        FROM directory WHERE id = 1`;
    return row ?? { version: 0, floor: 0, stale: false };
  }

  /** Entries in the order of versions. */
  *directoryEntries(_now: Now, query: DirectoryQuery): Change<readonly DirectoryRecord[]> {
    const { after, removed, kind = '', text: wanted = '' } = query;
    const limit = Math.min(MOST, Math.max(1, Math.trunc(query.limit)));
    const rows = yield* sql.all(RECORD)`
      ${RECORDS} WHERE e.version > ${after} AND (e.removed_at IS NULL OR ${removed})
        AND (CAST(${kind} AS text) = '' OR e.kind = ${kind}) AND e.search LIKE ${containing(wanted)} ESCAPE '!'
       ORDER BY e.version LIMIT ${limit}`;
    return rows.map(recordOf);
  }

  /**
   * Entries by version: one step looks at `DIRECTORY_STEP` at most, whatever is asked and however
   * few fit.
   */
  *directoryStep(_now: Now, { after, limit: most, parts }: DirectoryStep): Change<DirectoryStepFound> {
    const limit = Math.min(MOST, Math.max(1, Math.trunc(most)));
    const { through, looked } = yield* sql.one({ through: orNull(int), looked: int })`
      SELECT max(version) AS through, count(*) AS looked
        FROM (SELECT version FROM directory_entry WHERE version > ${after} ORDER BY version LIMIT ${DIRECTORY_STEP}) AS w`;
    if (through === null) return { entries: [], through: after, done: true };
    const [first = '', second = '', third = ''] = parts;
    const rows = yield* sql.all(RECORD)`
      ${RECORDS} WHERE e.version > ${after} AND e.version <= ${through} AND e.removed_at IS NULL
        AND e.search LIKE ${containing(first)} ESCAPE '!' AND e.search LIKE ${containing(second)} ESCAPE '!'
        AND e.search LIKE ${containing(third)} ESCAPE '!'
       ORDER BY e.version LIMIT ${limit}`;
    const entries = rows.map(recordOf).filter((record): record is DirectoryEntry => !isRemoved(record));
    const last = rows.length === limit ? entries.at(-1) : undefined;
    return last === undefined
      ? { entries, through, done: looked < DIRECTORY_STEP }
      : { entries, through: last.version, done: false };
  }

  /** An entry by its address, folded. */
  *directoryEntry(_now: Now, key: string): Change<DirectoryRecord | undefined> {
    const row = yield* sql.first(RECORD)`${RECORDS} WHERE e.key = ${key}`;
    return row === undefined ? undefined : recordOf(row);
  }
}

const containing = (wanted: string): string => `%${foldText(wanted).replaceAll(/[!%_]/g, '!$&')}%`;

function recordOf(row: Row<typeof RECORD>): DirectoryRecord {
  const {
    address,
    organisation: id,
    name,
    title,
    kind,
    role,
    agb,
    telephone,
    edi,
    der,
    endsAt,
    version,
    modifiedAt,
    removedAt,
  } = row;
  if (removedAt !== undefined) return { address, version, modifiedAt, removedAt };
  return {
    address,
    organisation: { id, name, title },
    kind,
    ...defined({ role, agb, telephone, certificate: der, endsAt }),
    edi: edi === '' ? [] : edi.split(' '),
    version,
    modifiedAt,
  };
}
