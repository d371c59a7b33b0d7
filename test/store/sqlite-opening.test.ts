/** What the SQLite store refuses to open, and what it leaves in its folders. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { sqliteProblem } from '../../src/store/sqlite/database.ts';
import { createSqliteStore, openSqliteStore } from '../../src/store/sqlite/open.ts';
import { StoreRefused } from '../../src/store/store.ts';
import { openTestStore, testOptions } from '../support/store.ts';
import { changeDatabase, closedStore, databaseOf, refused, reopens } from './sqlite-support.ts';
import { seeded } from '../support/seeded.ts';

test('init refuses where a database is already, and where a key folder lost its database', async (t) => {
  const { options } = await closedStore(t);
  await assert.rejects(createSqliteStore(options), refused(/already; it is kept as it is/));
  rmSync(databaseOf(options));
  await assert.rejects(createSqliteStore(options), refused(/belongs to a store whose database is missing/));
});

test('a store without a database is refused, and says whether it was ever initialised', async (t) => {
  const fresh = testOptions(t);
  await assert.rejects(openSqliteStore(fresh), refused(/data folder .* is missing/));
  const { options } = await closedStore(t);
  rmSync(databaseOf(options));
  await assert.rejects(openSqliteStore(options), refused(/missing, although this gateway was initialised/));
  assert.equal(existsSync(databaseOf(options)), false);
  rmSync(options.keyFolder, { recursive: true });
  await assert.rejects(openSqliteStore(options), refused(/run "sluis init"/));
});

test('an empty database is refused and stays as it is', async (t) => {
  const { options } = await closedStore(t);
  truncateSync(databaseOf(options), 0);
  await assert.rejects(openSqliteStore(options), refused(/empty \(0 bytes\)/));
  assert.equal(statSync(databaseOf(options)).size, 0);
});

for (const [what, at] of [
  ['its start', 0],
  ['its first page', 100],
  ['a page in its middle', 4096 * 12],
] as const)
  test(`a database damaged in ${what} is refused`, async (t) => {
    const { options } = await closedStore(t, 200_000);
    const octetsOf = readFileSync(databaseOf(options));
    seeded(400).octets(400).copy(octetsOf, at);
    writeFileSync(databaseOf(options), octetsOf);
    await assert.rejects(openSqliteStore(options), refused(/damaged/));
    assert.deepEqual(readFileSync(databaseOf(options)), octetsOf);
  });

test('a truncated database is refused', async (t) => {
  const { options } = await closedStore(t, 500_000);
  truncateSync(databaseOf(options), 4096 * 20);
  await assert.rejects(openSqliteStore(options), refused(/damaged/));
});

test('a database of a newer program is refused', async (t) => {
  const { options } = await closedStore(t);
  let newest = 0;
  changeDatabase(options, (db) => {
    newest = db.pragma('user_version', { simple: true }) as number;
  });
  assert.ok(newest > 0);
  // The very next one already.
  for (const version of [newest + 1, 9999]) {
    changeDatabase(options, (db) => db.pragma(`user_version = ${version}`));
    await assert.rejects(openSqliteStore(options), refused(new RegExp(`version ${version}.*newer program`)));
  }
});

test('a database that is not ours is refused', async (t) => {
  const { options } = await closedStore(t);
  rmSync(databaseOf(options));
  changeDatabase(options, (db) => db.exec('CREATE TABLE other (a)'));
  await assert.rejects(openSqliteStore(options), refused(/not one of Sluis/));
});

test('a migration that was applied in another form is refused', async (t) => {
  const { options } = await closedStore(t);
  changeDatabase(options, (db) => db.exec("UPDATE migration SET sha256 = 'other'"));
  await assert.rejects(openSqliteStore(options), refused(/another form/));
});

test('a database in which a migration was passed over is refused', async (t) => {
  const { options } = await closedStore(t);
  // As when two programs that each know another half had opened it.
  changeDatabase(options, (db) => db.exec('DELETE FROM migration WHERE version = 2'));
  await assert.rejects(openSqliteStore(options), refused(/Migration 2 .*passed over/));
});

test('a wrong sealing key is refused, the right one still opens', async (t) => {
  const { options } = await closedStore(t);
  await assert.rejects(
    openSqliteStore({ ...options, masterKey: randomBytes(32) }),
    refused(/not the one that this store was made with/),
  );
  await assert.rejects(openSqliteStore({ ...options, masterKey: randomBytes(16) }), refused(/16 octets; expected 32/));
  await reopens(options);
});

test('an empty key folder beside an existing store is refused, and nothing is made in it', async (t) => {
  const { options } = await closedStore(t);
  rmSync(options.keyFolder, { recursive: true });
  await assert.rejects(openSqliteStore(options), refused(/has no keys, but the store has/));
  assert.equal(existsSync(options.keyFolder), false);
});

test('a key folder of another store is refused', async (t) => {
  const { options } = await closedStore(t);
  const other = testOptions(t);
  await createSqliteStore(other);
  await assert.rejects(
    openSqliteStore({ ...options, keyFolder: other.keyFolder }),
    refused(/belongs to another store/),
  );
});

test('a lost day key is refused by its file name, and never made anew', async (t) => {
  const { options } = await closedStore(t);
  const file = readdirSync(options.keyFolder).find((name) => name.endsWith('.key'));
  assert(file !== undefined);
  rmSync(join(options.keyFolder, file));
  await assert.rejects(openSqliteStore(options), refused(new RegExp(`${file}" is missing`)));
  assert.equal(existsSync(join(options.keyFolder, file)), false);
});

test('a changed day key file is refused', async (t) => {
  const { options } = await closedStore(t);
  const file = readdirSync(options.keyFolder).find((name) => name.endsWith('.key')) ?? '';
  const key = readFileSync(join(options.keyFolder, file));
  key[20]! ^= 1;
  writeFileSync(join(options.keyFolder, file), key);
  await assert.rejects(openSqliteStore(options), refused(/does not open with the sealing key/));
});

test('an SQLite with the log reset bug is refused', () => {
  for (const old of ['3.45.1', '3.51.2', '3.9.0', '2.8.17', 'x'])
    assert.match(sqliteProblem(old) ?? '', /3\.51\.3 or newer/);
  for (const good of ['3.51.3', '3.53.2', '3.52.0', '4.0.0']) assert.equal(sqliteProblem(good), undefined);
});

test('a second open of the same data is refused while the first lasts', async (t) => {
  const s = await openTestStore(t);
  await assert.rejects(openSqliteStore(s.options), refused(/in use by another process/));
  await s.close();
  await reopens(s.options);
});

test('a refused start leaves the folder free', async (t) => {
  const { options } = await closedStore(t);
  await assert.rejects(openSqliteStore({ ...options, masterKey: randomBytes(32) }), StoreRefused);
  await reopens(options);
});

test('files that hold secrets or mail can be read by the owner only', async (t) => {
  // Of another name, so that the store is made here: a copy of the template has the modes that
  // copying gives it.
  const { options } = await closedStore(t, 1000, { hostname: 'made.test' });
  for (const folder of [options.dataFolder, options.keyFolder]) {
    assert.equal(statSync(folder).mode & 0o077, 0, folder);
    for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name);
  }
});
