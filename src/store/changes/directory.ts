/**
 * What the directory shows is kept as rows of its own, and follows every change of the registry in
 * the change's own transaction: `following` looks at whom the change touched, asks
 * directory-entries.ts what is to be shown of them, and writes what is another now. So what an
 * entry shows, and when that changed, is decided in these two files and nowhere else; a change that
 * shows something new of an address only has to say whom it touches, as it does for every memory of
 * the roads.
 *
 * A change that touches many (an organisation, an import) leaves a mark, and the accounts are
 * looked at afterwards, some in each step (`follow`); whoever asks for the directory has these
 * steps done first. So it is with what changes by the clock: certificates that end, addresses that
 * go.
 */
import { TOMBSTONE_DAYS } from '../../domain/directory.ts';
import { type Instant, days } from '../../domain/units.ts';
import { int, orNull, text, time } from '../sql/columns.ts';
import { among, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext } from './change-context.ts';
import { AGREED, ENTRY, type Entry, entriesOf } from './directory-entries.ts';

/**
 * Accounts that one step looks at, and entries whose time has come: some milliseconds of the
 * writer.
 */
const STEP = 200;
const WRITTEN = { ...ENTRY, version: int, modifiedAt: time, removedAt: orNull(time) };

export class DirectoryChanges {
  /** One step of what is still to be looked at. Answers whether there is more. */
  *follow(context: ChangeContext): Change<boolean> {
    const row = yield* sql.first({ staleAt: orNull(time), walked: int })`
      SELECT stale_at, walked FROM directory WHERE id = 1`;
    if (row === undefined) return false;
    if (row.staleAt === null) return yield* followClock(context.at);
    const accounts = yield* sql.all({ id: int })`
      SELECT id FROM account WHERE id > ${row.walked} ORDER BY id LIMIT ${STEP}`;
    yield* refresh(
      accounts.map(({ id }) => id),
      [],
      { at: context.at, changedAt: row.staleAt },
    );
    const last = accounts.length < STEP ? undefined : accounts.at(-1);
    if (last === undefined) yield* sql.run`UPDATE directory SET stale_at = NULL, walked = 0 WHERE id = 1`;
    else yield* sql.run`UPDATE directory SET walked = ${last.id} WHERE id = 1`;
    return true;
  }
}

/** The change, and behind it what it means for the directory. */
export function* following<T>(context: ChangeContext, change: Change<T>): Change<T> {
  const value = yield* change;
  const { told } = context;
  if (told === undefined) return value;
  const { at } = context;
  if (told.accounts === 'many')
    yield* sql.run`
      INSERT INTO directory (id, version, floor, stale_at, walked) VALUES (1, 0, 0, ${at}, 0)
          ON CONFLICT (id) DO UPDATE SET stale_at = excluded.stale_at, walked = 0`;
  else {
    // What opens an account is not shown.
    const accounts = told.scope === 'password' || told.scope === 'certificate' ? [] : told.accounts;
    if (accounts.length + told.mail.length > 0) yield* refresh(accounts, told.mail, { at, changedAt: at });
  }
  return value;
}

/** Removes tombstones of which no copy is to know any more. */
export function* dropTombstones(now: Instant): Change<void> {
  const rows = yield* sql.all({ version: int })`
    DELETE FROM directory_entry WHERE key IN (
      SELECT key FROM directory_entry WHERE removed_at <= ${now - days(TOMBSTONE_DAYS)} AND removed_at IS NOT NULL
       ORDER BY removed_at LIMIT ${STEP}) RETURNING version`;
  const floor = Math.max(0, ...rows.map(({ version }) => version));
  if (floor > 0) yield* sql.run`UPDATE directory SET floor = ${floor} WHERE id = 1 AND floor < ${floor}`;
}

/** Answers whether any had its time. */
function* followClock(at: Instant): Change<boolean> {
  const due = yield* sql.all({ key: text })`
    SELECT key FROM directory_entry WHERE due_at <= ${at} AND due_at IS NOT NULL ORDER BY due_at LIMIT ${STEP}`;
  if (due.length === 0) return false;
  const keys = due.map(({ key }) => key);
  yield* refresh([], keys, { at, changedAt: at });
  return true;
}

interface Moments {
  /** The moment for which the entry is judged. */
  readonly at: Instant;
  /** When the change happened that the entry shows from now on. */
  readonly changedAt: Instant;
}

/**
 * Of addresses of these accounts, those that have these keys, and those that stand in the directory
 * as one of these accounts'.
 */
function* refresh(accounts: readonly number[], mail: readonly string[], moments: Moments): Change<void> {
  const ofAccounts =
    accounts.length === 0
      ? []
      : yield* sql.all({ key: text })`
          SELECT d.key FROM account a JOIN organisation o ON o.id = a.organisation JOIN address d ON d.account = a.id
           WHERE a.id ${among(int, accounts)} AND ${AGREED}
           UNION SELECT key FROM directory_entry WHERE account ${among(int, accounts)}`;
  const keys = [...new Set([...ofAccounts.map(({ key }) => key), ...mail])].sort();
  if (keys.length === 0) return;
  const wanted = yield* entriesOf(keys, moments.at);
  const there = yield* sql.all({ ...ENTRY, removedAt: orNull(time) })`
    SELECT key, address, account, organisation, name, title, kind, role, agb, telephone, edi, certificate, ends_at, due_at, search,
           removed_at
      FROM directory_entry WHERE key ${among(text, keys)} ORDER BY key`;
  yield* write(wanted, there, moments);
}

/** What others see of an entry: where one of these is another, the entry has changed. */
const SHOWN = [
  ...(['address', 'account', 'organisation', 'name', 'title', 'kind', 'role', 'agb', 'telephone', 'edi'] as const),
  ...(['certificate', 'endsAt'] as const),
];
type There = Entry & { readonly removedAt: Instant | null };

function* write(wanted: ReadonlyMap<string, Entry>, there: readonly There[], moments: Moments): Change<void> {
  const before = new Map(there.map((entry) => [entry.key, entry]));
  const changed = [...wanted.values()].filter((entry) => !isSame(entry, before.get(entry.key)));
  const gone = there.filter(({ key, removedAt }) => removedAt === null && !wanted.has(key));
  const later = [...wanted.values()].filter((entry) => {
    const known = before.get(entry.key);
    return isSame(entry, known) && known?.dueAt !== entry.dueAt;
  });
  if (later.length > 0)
    yield* sql.run`
      UPDATE directory_entry SET due_at = given.due_at FROM ${rowsOf(ENTRY, later)}
       WHERE directory_entry.key = given.key`;
  const rows = [
    ...changed.map((entry) => ({ ...entry, removedAt: null })),
    ...gone.map((entry) => ({ ...entry, ...NOTHING, removedAt: moments.changedAt })),
  ];
  if (rows.length === 0) return;
  // Never below the time: after a restore of yesterday's database no number is given out a second
  // time.
  const { version: last } = yield* sql.one({ version: int })`
    INSERT INTO directory (id, version, floor, stale_at, walked) VALUES (1, ${moments.at + rows.length}, 0, NULL, 0)
        ON CONFLICT (id) DO UPDATE SET
           version = CASE WHEN directory.version < ${moments.at} THEN excluded.version ELSE directory.version + ${rows.length} END
        RETURNING version`;
  const first = last - rows.length + 1;
  const written = rows.map((row, i) => ({ ...row, version: first + i, modifiedAt: moments.changedAt }));
  yield* sql.run`
    INSERT INTO directory_entry (key, address, account, organisation, name, title, kind, role, agb, telephone, edi, certificate, ends_at, due_at,
                                 search, version, modified_at, removed_at)
      SELECT given.key, given.address, given.account, given.organisation, given.name, given.title, given.kind, given.role, given.agb, given.telephone,
             given.edi, given.certificate, given.ends_at, given.due_at, given.search, given.version, given.modified_at, given.removed_at
        FROM ${rowsOf(WRITTEN, written)} WHERE true
      ON CONFLICT (key) DO UPDATE SET address = excluded.address, account = excluded.account, organisation = excluded.organisation,
             name = excluded.name, title = excluded.title, kind = excluded.kind, role = excluded.role, agb = excluded.agb,
             telephone = excluded.telephone, edi = excluded.edi, certificate = excluded.certificate, ends_at = excluded.ends_at, due_at = excluded.due_at,
             search = excluded.search, version = excluded.version, modified_at = excluded.modified_at, removed_at = excluded.removed_at`;
}

/** Of what has left the directory its address stays, and nothing else. */
const NOTHING = {
  name: '',
  title: '',
  kind: '',
  role: null,
  agb: null,
  telephone: null,
  edi: '',
  certificate: null,
  endsAt: null,
  dueAt: null,
  search: '',
};

const isSame = (entry: Entry, known: There | undefined): boolean =>
  known?.removedAt === null && SHOWN.every((name) => entry[name] === known[name]);
