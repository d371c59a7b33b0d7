/**
 * Statements of SQLite's own code: prepared at their first use, kept with the connection, and of
 * one text.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import Database from 'better-sqlite3';
import { int, text } from '../../src/store/sql/columns.ts';
import { among, rowsOf, words } from '../../src/store/sql/parts.ts';
import { sqlOf } from '../../src/store/sqlite/statements.ts';

function open(t: TestContext) {
  const db = new Database(':memory:');
  t.after(() => db.close());
  db.exec('CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT, octets BLOB) STRICT');
  const prepared: string[] = [];
  const prepare = db.prepare.bind(db);
  db.prepare = (source: string) => {
    prepared.push(source);
    return prepare(source);
  };
  return { db, prepared, own: sqlOf(db) };
}

test('a statement is prepared at its first use, and is the same one for all who use the connection', (t) => {
  const { db, own, prepared } = open(t);
  const add = (id: number | bigint, octets: Uint8Array | null): number =>
    sqlOf(db).run`INSERT INTO thing (id, name, octets) VALUES (${id}, ${`n${id}`}, ${octets}) ON CONFLICT DO NOTHING`;
  assert.deepEqual(prepared, []);
  assert.deepEqual([add(1, Buffer.from('a')), add(2n ** 53n + 1n, null), add(1, null)], [1, 1, 0]);
  assert.deepEqual(prepared, ['INSERT INTO thing (id, name, octets) VALUES (?, ?, ?) ON CONFLICT DO NOTHING']);
  const other = open(t);
  assert.notEqual(other.own, own);
  assert.equal(other.own.value<number>`SELECT count(*) FROM thing`, 0);
});

test('rows are objects or arrays, values are those of the only column, integers are numbers or bigints', (t) => {
  const { own } = open(t);
  const rows = [1, 2, 3].map((id) => ({ id, name: `n${id}` }));
  const added = own.run`INSERT INTO thing (id, name) SELECT id, name FROM ${rowsOf({ id: int, name: text }, rows)}`;
  assert.equal(added, 3);
  assert.deepEqual(own.first<unknown>`SELECT id, name FROM thing WHERE id = ${2}`, rows[1]);
  assert.equal(own.first<unknown>`SELECT id, name FROM thing WHERE id = ${9}`, undefined);
  assert.deepEqual(own.all<unknown>`SELECT id, name FROM thing WHERE id ${among(int, [3, 1])} ORDER BY id`, [
    rows[0],
    rows[2],
  ]);
  assert.deepEqual([...own.each<unknown>`SELECT id, name FROM thing ORDER BY id`], rows);
  assert.equal(own.value<string>`SELECT name FROM thing WHERE id = ${3}`, 'n3');
  assert.deepEqual(own.big.values<bigint>`SELECT id FROM thing ORDER BY id`, [1n, 2n, 3n]);
  assert.deepEqual(own.big.first<unknown>`SELECT id FROM thing`, { id: 1n });
  assert.deepEqual(own.raw.first<unknown>`SELECT id, name FROM thing`, [1, 'n1']);
  assert.deepEqual(own.rawBig.all<unknown>`SELECT id, name FROM thing LIMIT 1`, [[1n, 'n1']]);
});

test('the text of a statement may not change', (t) => {
  const { own } = open(t);
  const by = (column: string) => own.values<number>`SELECT id FROM thing ORDER BY ${words(column)}`;
  assert.deepEqual(by('id'), []);
  assert.throws(() => by('name'), /TypeError: The text of a statement may not change/);
  const at = (id: number | ReturnType<typeof words>) => own.value<number>`SELECT id FROM thing WHERE id = ${id}`;
  assert.equal(at(1), undefined);
  assert.throws(() => at(words('id')), RangeError);
});
