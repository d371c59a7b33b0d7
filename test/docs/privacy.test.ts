/** docs/data.md tells of everything that the store keeps. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { writeDataKinds } from '../../src/pages/data-kinds.ts';
import { DATA_KINDS } from '../../src/domain/data-kinds.ts';
import { parseSetting } from '../../src/domain/settings.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');

test('every table and every column of the schema has its kind of data, and there is no other', () => {
  const db = new Database(':memory:');
  db.exec(read('test', 'store', 'schema.sql'));
  const tables = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    .pluck()
    .all() as string[];
  const told = Object.fromEntries(Object.entries(DATA_KINDS).map(([name, { columns }]) => [name, [...columns].sort()]));
  const kept = Object.fromEntries(
    tables.map((name) => [
      name,
      (db.prepare(`SELECT name FROM pragma_table_info(?)`).pluck().all(name) as string[]).sort(),
    ]),
  );
  db.close();
  assert.deepEqual(
    told,
    kept,
    'a new column: say in src/domain/data-kinds/ what it is, how long it is kept, what erases it',
  );
  for (const { what, kept: long, erase } of Object.values(DATA_KINDS)) assert(what && long && erase);
});

test('docs/data.md has the table as it is (npm run docs)', () => {
  const page = read('docs', 'data.md');
  assert.equal(page, writeDataKinds(page));
});

test('purpose, legal basis and agreement are words in one line', () => {
  const set = (text: string) => parseSetting('organisation', 'legal-basis', text);
  assert.deepEqual(set(' article 9.2.h '), { ok: true, value: 'article 9.2.h' });
  for (const bad of ['', 'x'.repeat(201), 'two\nlines']) assert.equal(set(bad).ok, false);
  assert.equal(parseSetting('account', 'purpose', 'x').ok, false);
});
