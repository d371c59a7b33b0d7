/**
 * Deleted mail that is past its time, or beyond what its mailbox may hold.
 *
 * Each mailbox has a time before which nothing in it is due (`mailbox.sweep_at`), and an index by
 * that time: a step of a sweep asks the mailboxes that are due, however many others have deleted
 * mail (docs/decisions/1523). The times follow from how long mail is kept; once that has changed,
 * for an organisation or for all, a sweep looks into every mailbox with deleted mail, in steps as
 * well.
 */
import type { Settings } from '../../domain/settings/setting.ts';
import { days } from '../../domain/units.ts';
import { type Row, flag, int, long, orNull, text } from '../sql/columns.ts';
import { locked, rowsOf, words } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { release } from './contents.ts';
import { factOf, setFact } from './facts.ts';
import { deletedAllowed } from './services.ts';

/** Most entries that one step drops: a few milliseconds of the writer's time. */
const ROWS = 200;
/** Mailboxes that one step looks into. */
const MAILBOXES = 500;
/**
 * Name of a counter that the database itself raises when the settings of an organisation change.
 */
const RULES = 'kept_rules';
/** The rules by which all mailboxes were looked into, and how far: an account, or `end`. */
const WALKED = 'kept_walked';

/**
 * A further setting that decides how long deleted mail is kept must also be named in the triggers
 * of migration 0046.
 */
const ITS = { account: int, hiddenOctets: int, settings: orNull(text), organisation: orNull(text) };
const COLUMNS =
  words(`m.account, m.hidden_octets, CASE WHEN a.settings LIKE '%"quota"%' THEN a.settings END AS settings,
  CASE WHEN o.settings LIKE '%"quota"%' OR o.settings LIKE '%"keep-deleted"%' THEN o.settings END AS organisation`);
const TABLES = words('mailbox m JOIN account a ON a.id = m.account JOIN organisation o ON o.id = a.organisation');

/**
 * On PostgreSQL mailboxes that are looked into are locked, in the order of their accounts as
 * everywhere: their octets decide what is dropped, and another connection may be cutting one of
 * them down.
 */
const LOCKED = words('', 'FOR UPDATE OF m');
const DUE_FIRST = words('m', 'm.account IN (SELECT d.account FROM mailbox d WHERE d');
const DUE_LOCKED = words('', ') ORDER BY m.account FOR UPDATE OF m');

/**
 * A mailbox that is looked into: what it deleted before `since` is past its time, and of its
 * deleted octets some may be too many.
 */
interface Looked {
  readonly account: number;
  readonly since: number;
  readonly octets: number;
  readonly allowed: number;
}

const DUE = { account: int, since: int };
export const ENTRY = { account: int, hiddenAt: int, uid: int, message: long, octets: int };
export type Entry = Row<typeof ENTRY>;

/**
 * What a step notes of a mailbox. `octets`: dropped. `at`: look again at this moment; null: when
 * its oldest deleted entry is `kept` milliseconds old.
 */
const SCHEDULED = { account: int, octets: int, at: orNull(int), kept: int };

/**
 * One step of the sweep at the moment `at`. `kept`: how long deleted mail stays, in milliseconds,
 * if its organisation sets no time. True while there is more to do.
 */
export function* sweepDeleted(at: number, kept: number): Change<boolean> {
  const rules = `${(yield* factOf(RULES)) ?? 0}/${kept}`;
  const [walked, place] = (yield* factOf(WALKED))?.split(':') ?? [];
  if (walked !== rules) return yield* walk(at, kept, rules, 0);
  if (place !== 'end') return yield* walk(at, kept, rules, Number(place));
  const due = yield* sql.all(ITS)`
    SELECT ${COLUMNS} FROM ${TABLES} WHERE ${DUE_FIRST}.sweep_at <= ${at} ORDER BY sweep_at LIMIT ${MAILBOXES} ${DUE_LOCKED}`;
  const all = yield* lookInto(
    due.map((its) => lookedAt(its, at, kept)),
    at,
  );
  return !all || due.length === MAILBOXES;
}

/**
 * Looks into every mailbox with deleted mail, in the order of accounts. The step notes in its own
 * transaction how far it came, so that one that is rolled back is done again.
 */
function* walk(at: number, kept: number, rules: string, after: number): Change<boolean> {
  const next = yield* sql.all({ ...ITS, deleted: flag })`
    SELECT ${COLUMNS}, EXISTS (SELECT 1 FROM hidden_entry h WHERE h.account = m.account) AS deleted
      FROM ${TABLES} WHERE m.account > ${after} ORDER BY m.account LIMIT ${MAILBOXES} ${LOCKED}`;
  const looked = next.filter(({ deleted }) => deleted).map((its) => lookedAt(its, at, kept));
  const all = yield* lookInto(looked, at);
  const place = next.length < MAILBOXES ? 'end' : next.at(-1)?.account;
  yield* setFact(WALKED, `${rules}:${all ? place : after}`);
  return true;
}

/**
 * Drops the deleted mail of one account that is beyond its quota, at most `ROWS` entries. True if
 * there may be more.
 */
export function* trimDeleted(account: number, at: number): Change<boolean> {
  const its = yield* sql.first(ITS)`SELECT ${COLUMNS} FROM ${TABLES} WHERE m.account = ${account}`;
  if (its === undefined) return false;
  const entries = yield* tooMany(lookedAt(its, at, at), ROWS);
  if (entries.length === 0) return false;
  yield* dropEntries(entries);
  const octets = entries.reduce((sum, entry) => sum + entry.octets, 0);
  yield* sql.run`UPDATE mailbox SET hidden_octets = hidden_octets - ${octets} WHERE account = ${account}`;
  return entries.length === ROWS;
}

function lookedAt(its: Row<typeof ITS>, at: number, kept: number): Looked {
  const { account, hiddenOctets: octets, organisation } = its;
  const own = organisation === null ? undefined : (JSON.parse(organisation) as Settings)['keep-deleted'];
  const since = at - (typeof own === 'number' ? days(own) : kept);
  return { account, since, octets, allowed: deletedAllowed(its) };
}

/**
 * Drops at most `ROWS` entries and writes down when to look again. False: some mailboxes may not
 * have been reached.
 */
function* lookInto(mailboxes: readonly Looked[], at: number): Change<boolean> {
  if (mailboxes.length === 0) return true;
  const full = mailboxes.filter(({ octets, allowed }) => octets > allowed);
  const entries: Entry[] = [];
  const looked: Looked[] = [];
  // Nearly no mailbox is full. In each that is, the entries beyond the quota have to be counted.
  for (const one of full) {
    if (entries.length === ROWS) break;
    entries.push(...(yield* tooMany(one, ROWS - entries.length)));
    looked.push(one);
  }
  const others = mailboxes.filter((one) => !full.includes(one));
  if (entries.length < ROWS) entries.push(...(yield* pastTheirTime(others, ROWS - entries.length)));
  const all = entries.length < ROWS;
  const dropped = octetsOf(entries);
  looked.push(...others.filter(({ account }) => all || dropped.has(account)));
  yield* dropEntries(entries);
  const scheduled = looked.map(({ account, since, octets, allowed }) => {
    const its = dropped.get(account) ?? 0;
    // The first moment at which the oldest that is left is past its time; at once where it has too
    // many yet.
    return { account, octets: its, at: !all && octets - its > allowed ? at : null, kept: at - since + 1 };
  });
  yield* sql.run`
    UPDATE mailbox SET hidden_octets = mailbox.hidden_octets - given.octets,
           sweep_at = coalesce(given.at, (SELECT min(h.hidden_at) FROM hidden_entry h WHERE h.account = mailbox.account) + given.kept)
      FROM ${rowsOf(SCHEDULED, scheduled)} WHERE mailbox.account = given.account`;
  return all;
}

/** Octets of the entries, added up for each account. */
export function octetsOf(entries: readonly Entry[]): ReadonlyMap<number, number> {
  const sums = new Map<number, number>();
  for (const { account, octets } of entries) sums.set(account, (sums.get(account) ?? 0) + octets);
  return sums;
}

/**
 * At most `most` entries of a mailbox that have to go, oldest first: those past their time, and
 * those beyond its quota.
 */
function* tooMany({ account, since, octets, allowed }: Looked, most: number): Change<readonly Entry[]> {
  const before = octets > allowed ? Number.MAX_SAFE_INTEGER : since;
  const oldest = yield* sql.all(ENTRY)`
    SELECT account, hidden_at, uid, message, octets FROM hidden_entry
     WHERE account = ${account} AND hidden_at < ${before} ORDER BY hidden_at, uid LIMIT ${most} ${locked}`;
  let left = octets;
  const stays = oldest.findIndex((entry) => {
    if (entry.hiddenAt >= since && left <= allowed) return true;
    left -= entry.octets;
    return false;
  });
  return stays === -1 ? oldest : oldest.slice(0, stays);
}

/** At most `most` entries that are past their time, in no order: all of them go. */
function* pastTheirTime(mailboxes: readonly Looked[], most: number): Change<readonly Entry[]> {
  return yield* sql.all(ENTRY)`
    SELECT h.account, h.hidden_at, h.uid, h.message, h.octets
      FROM ${rowsOf(DUE, mailboxes)} CROSS JOIN hidden_entry h
     WHERE h.account = given.account AND h.hidden_at < given.since LIMIT ${most}`;
}

/**
 * Removes entries for good, so that nobody can hand them out again. The caller corrects the counts
 * of their mailboxes.
 */
export function* dropEntries(entries: readonly Entry[]): Change<void> {
  if (entries.length === 0) return;
  yield* sql.run`
    DELETE FROM hidden_entry WHERE (account, hidden_at, uid) IN
      (SELECT given.account, given.hidden_at, given.uid FROM ${rowsOf(ENTRY, entries)})`;
  yield* release(entries.map(({ message }) => message));
}
