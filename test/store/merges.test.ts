/** Organisations of which one becomes part of another, on SQLite. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import Database from 'better-sqlite3';
import { MERGED_TABLES } from '../../src/store/changes/organisation-merges.ts';
import { openTestStore } from '../support/store.ts';
import { mergeContract } from './merge-contract.ts';

mergeContract('SQLite', (t) => openTestStore(t, { testing: { changesTwice: true } }));

test('a merge says what becomes of every table that names an organisation', () => {
  const db = new Database(':memory:');
  db.exec(readFileSync(new URL('./schema.sql', import.meta.url), 'utf8'));
  const naming = db
    .prepare(
      `SELECT DISTINCT t.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' AND c.name LIKE '%organisation%'
       UNION SELECT t.name FROM sqlite_schema t, pragma_foreign_key_list(t.name) k WHERE t.type = 'table' AND k."table" = 'organisation'
       ORDER BY 1`,
    )
    .pluck()
    .all();
  db.close();
  assert.deepEqual(
    naming,
    Object.keys(MERGED_TABLES).sort(),
    'a table that names an organisation: say in src/store/changes/organisation-merges.ts what a merge does with it, and let it do so',
  );
});
