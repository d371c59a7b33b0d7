/**
 * Statements that are written once: what they may hold, how they are run on SQLite, and what is
 * refused.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import Database from 'better-sqlite3';
import { bytes, flag, int, json, long, optional, orNull, text } from '../../src/store/sql/columns.ts';
import { among, cte, indexedBy, locked, rowsOf, someOf } from '../../src/store/sql/parts.ts';
import { type Change, MOST_OF_PLACE, sql, textOf, usedPlans } from '../../src/store/sql/sql.ts';
import { SqliteRunner } from '../../src/store/sqlite/runner.ts';

const SCHEMA = `CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, over INTEGER NOT NULL, last_octets BLOB) STRICT;
  CREATE INDEX thing_over ON thing (over)`;

function open() {
  const db = new Database(':memory:');
  db.exec(SCHEMA);
  const prepared: string[] = [];
  const prepare = db.prepare.bind(db);
  db.prepare = (source: string) => {
    prepared.push(source);
    return prepare(source);
  };
  const runner = new SqliteRunner(db);
  return { db, prepared, run: <T>(change: () => Change<T>): T => runner.run(change()) };
}

const THING = { id: long, name: text, over: flag, lastOctets: bytes };

test('rows go in as a list and come back with the types that are declared', () => {
  const { run, prepared } = open();
  const rows = [
    { id: 2n ** 53n + 1n, name: '"\\\n\u00e9', over: true, lastOctets: Buffer.from([0, 255]) },
    { id: 1n, name: 'b', over: false, lastOctets: Buffer.from([]) },
  ];
  const add = (given: readonly (typeof rows)[number][]) =>
    run(function* () {
      return yield* sql.run`
        INSERT INTO thing (id, name, over, last_octets)
        SELECT id, name, over, last_octets FROM ${rowsOf(THING, given)} WHERE true ON CONFLICT DO NOTHING`;
    });
  assert.equal(add(rows), 2);
  assert.equal(add(rows.slice(0, 1)), 0);
  assert.equal(prepared.length, 1, 'one statement, however many rows');
  const all = run(function* () {
    return yield* sql.all(
      THING,
    )`SELECT id, name, over, last_octets FROM thing WHERE id ${among(long, [1n, 2n ** 53n + 1n, 7n])} ORDER BY id`;
  });
  assert.deepEqual(all, rows.toReversed());
});

test('what is null is null or left out, as declared; JSON is read; a row that there must be is missed', () => {
  const { run } = open();
  const found = run(function* () {
    return yield* sql.one({
      a: orNull(int),
      b: optional(text),
      c: json<{ d: number }>(),
    })`SELECT NULL AS a, NULL AS b, '{"d":1}' AS c`;
  });
  assert.deepEqual(found, { a: null, c: { d: 1 } });
  assert.equal(
    run(() => sql.first({ id: int })`SELECT id FROM thing`),
    undefined,
  );
  assert.throws(
    () => run(() => sql.one({ id: int })`SELECT id FROM thing`),
    /There is no row, .*\(in: SELECT id FROM thing\)/,
  );
});

test('an error of the engine ends the change where it stands, and says in which statement, without its values', () => {
  const { run, db } = open();
  const seen: string[] = [];
  const insert = () => sql.run`INSERT INTO thing (id, name, over) VALUES (${1}, ${'secret'}, ${false})`;
  function* change(): Change<void> {
    yield* insert();
    try {
      yield* insert();
    } finally {
      seen.push('finally');
    }
  }
  assert.throws(
    () => run(change),
    /UNIQUE constraint failed: thing.id \(in: INSERT INTO thing [^)]*\) VALUES \(\?, \?, \?\)\)/,
  );
  assert.deepEqual(seen, []);
  assert.equal(db.prepare('SELECT count(*) FROM thing').pluck().get(), 1);
});

test('refused: another text at the same place, columns that are not the declared ones, undefined, a row of the trail in a read', () => {
  const { run } = open();
  const ask = (given: unknown) => run(() => sql.all({ id: int })`SELECT id FROM thing WHERE name ${given as string}`);
  ask(among(text, ['a']));
  assert.throws(() => ask('= 1'), /The text of a statement may not change/);
  assert.throws(
    () => run(() => sql.all({ name: text, id: int })`SELECT id, name FROM thing`),
    /columns of a statement are id, name; declared are name, id/,
  );
  assert.throws(
    () => run(() => sql.all({ lastOctets: bytes })`SELECT last_octets AS lastOctets FROM thing`),
    /declared are last_octets/,
  );
  assert.throws(() => run(() => sql.run`DELETE FROM thing WHERE name = ${undefined as never}`), /is undefined/);
  const trail = {
    at: 0,
    event: 'x',
    outcome: 'success',
    message: null,
    account: null,
    facts: '',
    personal: null,
    salt: null,
  } as const;
  assert.throws(
    () =>
      run(function* () {
        yield { audit: trail };
      }),
    /A read leaves no row in the trail/,
  );
});

test('a place in the source is prepared once for a connection, in loops and in closures', () => {
  const { run, prepared } = open();
  const [before] = [usedPlans().length];
  const make = () => (n: number) => sql.one({ n: int })`SELECT ${n} AS n`;
  const sum = run(function* () {
    let total = 0;
    for (let n = 0; n < 5; n += 1) total += (yield* make()(n)).n;
    return total;
  });
  assert.deepEqual([sum, prepared.length, usedPlans().length - before], [10, 1, 1]);
});

test('a statement whose parts vary has a plan for each kind of them, and only so many', () => {
  const { run } = open();
  const [before] = [usedPlans().length];
  const named = (names: readonly string[]) =>
    run(function* () {
      const parts = names.map((name, n) => cte(name)`SELECT ${n} AS n`);
      return (yield* sql.one({ n: int })`WITH ${someOf(', ', parts)} SELECT ${names.length} AS n`).n;
    });
  assert.deepEqual([named(['a']), named(['a', 'b']), named(['b']), named(['a'])], [1, 2, 1, 1]);
  const texts = usedPlans()
    .slice(before)
    .map((plan) => textOf(plan, { engine: 'postgres', lock: '' }));
  assert.deepEqual(texts, [
    'WITH a AS (SELECT $1 AS n) SELECT $2 AS n',
    'WITH a AS (SELECT $1 AS n), b AS (SELECT $2 AS n) SELECT $3 AS n',
    'WITH b AS (SELECT $1 AS n) SELECT $2 AS n',
  ]);
  for (let n = texts.length; n < MOST_OF_PLACE; n += 1) named([`c${n}`]);
  assert.throws(() => named(['one_too_many']), /too many texts/);
  assert.equal(named(['a', 'b']), 2, 'those that there are go on');
});

test('a plan keeps no value of its first run', async () => {
  const { run } = open();
  let octets: WeakRef<Buffer> | undefined;
  const select = (content: Buffer) => {
    octets = new WeakRef(content);
    run(function* () {
      yield* sql.one({ n: int })`WITH ${someOf(', ', [cte('a')`SELECT length(${content}) AS n`])} SELECT n FROM a`;
    });
  };
  select(Buffer.alloc(1024 * 1024));
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // A WeakRef holds what it names until the turn ends.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  assert(octets?.deref() === undefined, 'the first value is kept');
});

test('a text has the marks and words of its engine', () => {
  const { run } = open();
  run(
    () =>
      sql.all({
        id: int,
      })`SELECT id FROM thing ${indexedBy('thing_over')} WHERE name ${among(text, ['a'])} AND over = ${true} ${locked}`,
  );
  const plan = usedPlans().at(-1)!;
  const textFor = (engine: 'sqlite' | 'postgres', lock: '' | 'FOR UPDATE') => textOf(plan, { engine, lock });
  assert.equal(
    textFor('sqlite', ''),
    'SELECT id FROM thing INDEXED BY thing_over WHERE name IN (SELECT value FROM json_each(?)) AND over = ? ',
  );
  assert.equal(
    textFor('postgres', 'FOR UPDATE'),
    'SELECT id FROM thing  WHERE name = ANY ($1::text[]) AND over = $2 FOR UPDATE',
  );
});
