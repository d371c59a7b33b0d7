/**
 * Migrations of both engines as they stand in `test/golden/migrations.txt`: one that stood there in
 * any commit of `main` may be in somebody's database, and is never changed, renumbered or removed.
 * A new one has a number above all others of its engine. `WRITE_GOLDEN=1` adds it.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Migration, checkApplied } from '../../src/store/core/migrations.ts';
import * as postgres from '../../src/store/postgres/migrate.ts';
import * as sqlite from '../../src/store/sqlite/migrate.ts';

const FILE = join(import.meta.dirname, '..', '..', 'test', 'golden', 'migrations.txt');
const ENGINES: Readonly<Record<string, readonly Migration[]>> = {
  sqlite: sqlite.knownMigrations(),
  postgres: postgres.knownMigrations(),
};

const lines = Object.entries(ENGINES).flatMap(([engine, all]) =>
  all.map(({ name, sha256 }) => `${engine} ${name} ${sha256}`),
);
const kept = (): readonly string[] => readFileSync(FILE, 'utf8').trimEnd().split('\n');
const numberOf = (line: string): number => Number(/^\w+ (\d{4})/.exec(line)?.[1]);

test('no migration that may be in a database was changed, and the next has the highest number of its engine', () => {
  const before = kept();
  for (const line of before)
    assert.ok(
      lines.includes(line),
      `"${line}" was changed or has gone: leave it as it was, and write another one behind it`,
    );
  for (const line of lines.filter((one) => !before.includes(one))) {
    const [engine = ''] = line.split(' ');
    const highest = Math.max(...before.filter((one) => one.startsWith(`${engine} `)).map(numberOf));
    assert.ok(
      numberOf(line) > highest,
      `"${line}" would be passed over: the next number of ${engine} is ${highest + 1}`,
    );
  }
  if (process.env.WRITE_GOLDEN === '1') writeFileSync(FILE, `${lines.join('\n')}\n`);
  assert.deepEqual(kept(), lines, 'a new one: run this test once with WRITE_GOLDEN=1');
});

test('what a database has is compared by number and content, whatever numbers were left out', () => {
  const all = [1, 10, 11].map((version) => ({ version, name: `${version}`, sql: '', sha256: `sha-${version}` }));
  const applied = (...versions: readonly number[]) => all.filter(({ version }) => versions.includes(version));
  checkApplied(10, applied(1, 10), all);
  assert.throws(() => checkApplied(11, applied(1, 11), all), /Migration 10 .* was passed over/);
  const other = [{ ...all[0]!, sha256: 'other' }];
  assert.throws(() => checkApplied(1, other, all), /Migration 1 .* was applied in another form/);
});
