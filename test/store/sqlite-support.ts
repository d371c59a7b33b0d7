/** What the tests of the SQLite store have in common. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import Database from 'better-sqlite3';
import { type OpenOptions, openSqliteStore } from '../../src/store/sqlite/open.ts';
import { StoreRefused } from '../../src/store/store.ts';
import { type TestStore, addAccount, deliver, openTestStore } from '../support/store.ts';

export const here = { session: 's1', network: 'n' };
export const databaseOf = (options: OpenOptions): string => join(options.dataFolder, 'sluis.db');

/** A closed store that has one message of `size` octets for anna. */
export async function closedStore(t: TestContext, size = 1000, changes: Partial<OpenOptions> = {}): Promise<TestStore> {
  const s = await openTestStore(t, changes);
  await addAccount(s.store, 'anna');
  await deliver(s.store, randomBytes(size), 'anna@group.test');
  await s.close();
  return s;
}

export function changeDatabase(options: OpenOptions, run: (db: Database.Database) => void): void {
  const db = new Database(databaseOf(options));
  run(db);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
}

export const refused = (text: RegExp) => (error: unknown) => {
  assert(error instanceof StoreRefused, String(error));
  assert.match(error.message, text);
  return true;
};

export const reopens = async (options: OpenOptions): Promise<void> => {
  const store = await openSqliteStore(options);
  await store.close();
};
