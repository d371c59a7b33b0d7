/** Is this database one that may be served? Everything that is wrong is said before anything is changed. */
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { escrowOf, sharesThatMake } from '../../crypto/escrow-record.ts';
import { fingerprintOfCheck } from '../../crypto/key-fingerprint.ts';
import { ROTATION_FOLDER } from '../../crypto/sealed-places.ts';
import type { KeyFolder } from '../../crypto/key-folder.ts';
import { StoreRefused } from '../store.ts';
import type { Db } from './database.ts';

/** Below this size a start always reads the whole file (about 1 s for 1 GB); above only after an unclean stop. */
const ALWAYS_CHECKED = 256 * 1024 * 1024;
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
      `The file "${path}" is no SQLite database or is damaged at its start; restore it from a backup`,
    );
}

export const factOf = (db: Db, name: string): unknown =>
  db.prepare<[string], { value: unknown }>('SELECT value FROM fact WHERE name = ?').get(name)?.value;

export const setFact = (db: Db, name: string, value: unknown): void => {
  db.prepare(
    'INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  ).run(name, value);
};

/** Reads all pages where that is due, or `always`. */
export function checkPages(db: Db, path: string, always = false): void {
  if (!always && factOf(db, 'clean') === 1 && statSync(path).size > ALWAYS_CHECKED) return;
  const [first] = db.pragma('quick_check(1)') as { quick_check: string }[];
  if (first?.quick_check !== 'ok')
    throw new StoreRefused(
      `The database "${path}" is damaged (${first?.quick_check ?? 'no answer'}); keep the file, restore the last backup`,
    );
}

/** The master key and the key folder must be those of this store, whole. */
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

/** What a rotation of the master key (rotate.ts) leaves where a crash came after its commit. */
function refuseHalfRotated(keyFolder: string): void {
  if (existsSync(join(keyFolder, ROTATION_FOLDER)))
    throw new StoreRefused(
      'A new master key was being made, and that was interrupted; run "sluis key rotate" once more, which brings it to its end',
    );
}
