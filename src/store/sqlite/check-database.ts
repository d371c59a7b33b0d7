/**
 * Checks whether this database may be served. Every problem is reported before anything is changed.
 */
import { closeSync, existsSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { escrowOf, sharesThatMake } from '../../crypto/keys/escrow-record.ts';
import { fingerprintOfCheck } from '../../crypto/keys/key-fingerprint.ts';
import { ROTATION_FOLDER } from '../../crypto/keys/sealed-places.ts';
import type { KeyFolder } from '../../crypto/keys/key-folder.ts';
import { replaceFile } from '../../platform/lasting-files.ts';
import { StoreRefused } from '../store.ts';
import type { Db } from './database.ts';

/**
 * Up to this size a start always reads the whole file: 0.1 s where it is in memory, 1 s from a disk
 * of 256 MB a second.
 */
const ALWAYS_CHECKED = 256 * 1024 * 1024;
/** File in the data folder while the database is known to be damaged. */
const DAMAGE_MARK = 'damaged';
/**
 * Tables that grow with all mail that ever came, with what searches seek in. The others decide who
 * logs in, whose an address is and what lies in a mailbox.
 */
const GROWING: ReadonlySet<string> = new Set([
  ...['audit', 'audit_of_account', 'audit_of_message', 'chunk', 'content', 'delivery', 'hidden_entry', 'imported'],
  ...['interchange', 'message', 'message_of_field', 'notice', 'usage_month'],
]);
const HEADER = 'SQLite format 3\0';

/** Looks at the file before SQLite does: SQLite takes an empty file for a new database. */
export function checkFile(path: string): void {
  if (!existsSync(path))
    throw new StoreRefused(
      `The database "${path}" is missing; restore it from a backup, or run "sluis init" for a new gateway`,
    );
  const { size } = statSync(path);
  if (size === 0)
    throw new StoreRefused(
      `The database "${path}" is empty (0 bytes), which no gateway leaves behind; restore it from a backup`,
    );
  const header = Buffer.alloc(HEADER.length);
  const file = openSync(path, 'r');
  try {
    readSync(file, header, 0, header.length, 0);
  } finally {
    closeSync(file);
  }
  if (header.toString('latin1') !== HEADER)
    throw new StoreRefused(
      `The file "${path}" is not a SQLite database or is damaged at its start; restore it from a backup`,
    );
}

export const factOf = (db: Db, name: string): unknown =>
  db.prepare<[string], { value: unknown }>('SELECT value FROM fact WHERE name = ?').get(name)?.value;

export const setFact = (db: Db, name: string, value: unknown): void => {
  db.prepare(
    'INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  ).run(name, value);
};

/**
 * What is wrong with the pages of the database, or of one table and its indexes; undefined if
 * nothing is.
 */
export function damageIn(db: Db, table?: string): string | undefined {
  const [first] = db.pragma(`quick_check(${table === undefined ? '1' : `"${table}"`})`) as { quick_check: string }[];
  if (first?.quick_check === 'ok') return undefined;
  // The message in one line, without the name that SQLite gives the file.
  return first?.quick_check.replace(/^\*\*\*.*\*\*\*\n/, '').replaceAll('\n', '; ') ?? 'no answer';
}

const refuseDamaged = (path: string, damage: string): never => {
  throw new StoreRefused(`The database "${path}" is damaged (${damage}); keep the file, restore the last backup`);
};

/**
 * Reads the pages that must be whole before anybody is served: all of a small file, and where
 * `always` or a damage was found before. Of a large one after a stop that was none, the tables that
 * decide where mail goes; `later` then: all of it is to be read beside the work.
 */
export function checkPages(
  db: Db,
  path: string,
  { always = false, most = ALWAYS_CHECKED }: { readonly always?: boolean; readonly most?: number | undefined } = {},
): 'whole' | 'later' | 'not due' {
  const mark = damageMarkOf(path);
  const known = existsSync(mark);
  if (always || known || statSync(path).size <= most) {
    const damage = damageIn(db);
    if (damage !== undefined) refuseDamaged(path, damage);
    if (known) rmSync(mark);
    return 'whole';
  }
  if (factOf(db, 'clean') === 1 && factOf(db, UNCHECKED) !== 1) return 'not due';
  for (const table of tablesOf(db)) {
    const damage = GROWING.has(table) ? undefined : damageIn(db, table);
    if (damage !== undefined) refuseDamaged(path, damage);
  }
  return 'later';
}

/** Name of a fact; 1: not every page was read since the last unclean stop. */
export const UNCHECKED = 'unchecked';

const tablesOf = (db: Db): readonly string[] =>
  db
    .prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    .pluck()
    .all();

const damageMarkOf = (path: string): string => join(dirname(path), DAMAGE_MARK);

/** Makes the next start read every page before it serves, whatever the database says of itself. */
export function markDamaged(path: string, why: string): void {
  replaceFile(damageMarkOf(path), `${why}\n`, 0o600);
}

/** Checks that master key and key folder are those of this store, and whole. */
export function checkKeys(db: Db, keys: KeyFolder, keyFolder: string): readonly string[] {
  const check = factOf(db, 'key_check');
  if (!(check instanceof Uint8Array) || !keys.checks(check)) {
    refuseHalfRotated(keyFolder);
    const needed = check instanceof Uint8Array ? fingerprintOfCheck(check) : 'unknown';
    throw new StoreRefused(
      `The sealing key is not the one that this store was made with: its fingerprint is ${fingerprintOfCheck(keys.check)}, and ${needed} is needed; ${sharesThatMake(needed, escrowOf(needed, [keyFolder]))}; put that master key in its place, and with it the key folder that it seals (${needed}/ in keys.copy-to or keys.before-rotation)`,
    );
  }
  const { storeId } = keys;
  if (storeId === undefined)
    throw new StoreRefused(
      `The key folder "${keyFolder}" has no keys, but the store has; restore the key folder from its own backup (without it the content cannot be read)`,
    );
  if (storeId !== factOf(db, 'store_id'))
    throw new StoreRefused(
      `The key folder "${keyFolder}" belongs to another store; check both folders in the configuration`,
    );
  const days = db
    .prepare<[], { day: string }>('SELECT day FROM day_key WHERE erased_at IS NULL ORDER BY day')
    .all()
    .map((row) => row.day);
  try {
    for (const day of days) if (!keys.isErased(day)) keys.checkDay(day);
  } catch (error) {
    refuseHalfRotated(keyFolder);
    throw error;
  }
  return days;
}

/** Refuses what a rotation of the master key (rotate.ts) leaves after a crash past its commit. */
function refuseHalfRotated(keyFolder: string): void {
  if (existsSync(join(keyFolder, ROTATION_FOLDER)))
    throw new StoreRefused(
      'A new master key was being made, and that was interrupted; run "sluis key rotate" once more, which brings it to its end',
    );
}
