/** The copy that is kept before the form of the database changes, and the way back to it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { openStore, startUpgradeCopies } from '../../src/gateway/store.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { openWriting } from '../../src/store/sqlite/database.ts';
import { knownMigrations } from '../../src/store/sqlite/migrate.ts';
import { copyBeforeUpgrade, upgradeCopyOf } from '../../src/store/sqlite/upgrade-copy.ts';
import { DATABASE_FILE } from '../../src/store/sqlite/writer-files.ts';
import { StoreRefused } from '../../src/store/store.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryLog } from '../support/log.ts';
import { releasedStore } from '../support/released.ts';

const VERSION = '0.1.0';
/** Newest migration of 0.1.0. */
const FORM = 24;
const logged = (log: MemoryLog, event: string) =>
  log.events.filter((each) => each.event === event).map(({ fields }) => fields);
const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
const newest = (): number => knownMigrations().at(-1)?.version ?? 0;
const formOf = (path: string): unknown => {
  const db = openWriting(path, 'FULL');
  try {
    return db.pragma('user_version', { simple: true });
  } finally {
    db.close();
  }
};

function someDatabase(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-upgrade-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, DATABASE_FILE), 'a database');
  return folder;
}

test('an upgrade keeps the database as it was, and going back is putting it in place again', async (t) => {
  const { config, expected } = await releasedStore(t, VERSION);
  const effects = { clock: new FakeClock(Date.parse(expected.made) + 60_000), log: new MemoryLog() };
  const { folder } = config.data;
  const [database, copy] = [join(folder, DATABASE_FILE), upgradeCopyOf(folder, FORM)];
  const before = sha256(database);
  assert(newest() > FORM, 'this version has a newer form than 0.1.0');

  await (await openStore(config, effects)).close();
  assert.equal(formOf(database), newest());
  assert.equal(sha256(copy), before);
  assert.equal(statSync(copy).mode & 0o777, 0o600);
  const { octets, ...told } = logged(effects.log, 'store.upgrading')[0] ?? {};
  assert.deepEqual(told, { from: FORM, to: newest(), copy });
  assert.equal(octets, statSync(copy).size);

  // A second start has nothing to upgrade, and leaves the copy alone.
  const made = statSync(copy).mtimeMs;
  await (await openStore(config, effects)).close();
  assert.equal(logged(effects.log, 'store.upgrading').length, 1);
  assert.equal(statSync(copy).mtimeMs, made);

  // Back: what the older program finds is what it left. Forward again makes the copy again.
  rmSync(database);
  cpSync(copy, database);
  assert.equal(formOf(database), FORM);
  await (await openStore(config, effects)).close();
  assert.equal(formOf(database), newest());
  assert.equal(formOf(copy), FORM);
});

test('an upgrade without a copy is one that the operator asked for', async (t) => {
  const { config } = await releasedStore(t, VERSION, '[store]\ncopy-before-upgrade = "no"\n');
  const effects = { clock: systemClock, log: new MemoryLog() };
  await (await openStore(config, effects)).close();
  assert.equal(existsSync(upgradeCopyOf(config.data.folder, FORM)), false);
  assert.equal(logged(effects.log, 'store.upgrading')[0]?.copy, 'none');
});

test('without room for the copy nothing is upgraded, and the text says how much is needed', (t) => {
  const folder = someDatabase(t);
  assert.throws(
    () => copyBeforeUpgrade(folder, FORM, () => 1024 * 1024),
    (error) =>
      error instanceof StoreRefused && /needs 65 MiB in ".*before-upgrade", and 1 MiB are free/.test(error.message),
  );
  assert.deepEqual(readdirSync(folder), [DATABASE_FILE]);
});

test('a copy that cannot be written is a refusal, and leaves no draft', (t) => {
  const folder = someDatabase(t);
  // A file where the folder should be: no disk has to be filled for this.
  writeFileSync(join(folder, 'before-upgrade'), '');
  assert.throws(() => copyBeforeUpgrade(folder, FORM), /EEXIST|ENOTDIR/);
  rmSync(join(folder, 'before-upgrade'));
  renameSync(join(folder, DATABASE_FILE), join(folder, 'away'));
  assert.throws(() => copyBeforeUpgrade(folder, FORM), /ENOENT/);
});

test('copies of before an upgrade are removed when their time is over', async (t) => {
  const { config } = await releasedStore(t, VERSION);
  await (await openStore(config, { clock: systemClock, log: new MemoryLog() })).close();
  const copy = upgradeCopyOf(config.data.folder, FORM);
  const day = 86_400_000;
  for (const [days, there] of [
    [29, true],
    [31, false],
  ] as const) {
    const clock = new FakeClock(Date.now() + days * day);
    const log = new MemoryLog();
    const daily = startUpgradeCopies(config, { clock, log });
    clock.advance(3 * 60_000);
    await daily.settled();
    await daily.stop();
    assert.equal(existsSync(copy), there, `after ${days} days`);
    assert.equal(logged(log, 'store.upgrade-copy-removed').length, there ? 0 : 1);
  }
});
