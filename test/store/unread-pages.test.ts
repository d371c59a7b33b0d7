/**
 * After a stop that was none: what is read before anybody is served, what beside the work, and what
 * damage does.
 */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, openSync, writeFileSync, writeSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { StoreFailed } from '../../src/store/store.ts';
import { setFact } from '../../src/store/sqlite/check-database.ts';
import { openWriting } from '../../src/store/sqlite/database.ts';
import type { OpenOptions } from '../../src/store/sqlite/options.ts';
import { DATABASE_FILE } from '../../src/store/sqlite/writer-files.ts';
import { type TestStore, addAccount, deliver, openTestStore } from '../support/store.ts';
import { until } from '../support/until.ts';

/** Every file counts as a large one. */
const LARGE = { testing: { checkedAtStart: 0 } };

const pathOf = ({ dataFolder }: OpenOptions): string => join(dataFolder, DATABASE_FILE);

/** A store with a little mail that was closed; the next start takes it for one that was killed. */
async function killed(t: TestContext): Promise<TestStore> {
  const s = await openTestStore(t);
  await addAccount(s.store, 'anna');
  for (let n = 0; n < 20; n += 1) await deliver(s.store, Buffer.alloc(3000, n), 'anna@group.test');
  await s.close();
  const db = openWriting(pathOf(s.options), 'FULL');
  setFact(db, 'clean', 0);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  return s;
}

/** The page where the tree of the table begins has an octet that no page of a table begins with. */
function damage({ options }: TestStore, table: string): void {
  const db = openWriting(pathOf(options), 'FULL');
  const page = db.prepare<[string], number>('SELECT rootpage FROM sqlite_schema WHERE name = ?').pluck().get(table)!;
  const size = db.pragma('page_size', { simple: true }) as number;
  db.close();
  const file = openSync(pathOf(options), 'r+');
  writeSync(file, Buffer.from([0x7f]), 0, 1, (page - 1) * size);
  closeSync(file);
}

const told = ({ log }: TestStore): string[] =>
  log.events
    .map(({ event }) => event)
    .filter((event) => /^store\.(checking|checked|not-checked|damaged|failed)$/.test(event));

/** Of a program that takes the place of the one that reads. */
function program(s: TestStore, text: string): { testing: { checkedAtStart: number; pageCheck: string } } {
  const path = join(s.options.dataFolder, 'program.mjs');
  writeFileSync(path, text);
  return { testing: { ...LARGE.testing, pageCheck: pathToFileURL(path).href } };
}

test('a large file is read beside the work after a kill, and not after a stop', async (t) => {
  const s = await killed(t);
  const now = await s.reopen(LARGE);
  assert.equal(now.store.health().unread, true);
  assert.equal((await deliver(now.store, Buffer.alloc(100), 'anna@group.test')).outcome.kind, 'filed');
  await until('the pages were read', () => !now.store.health().unread);
  assert.deepEqual(told(s), ['store.checking', 'store.checked']);
  const next = await now.reopen(LARGE);
  assert.equal(next.store.health().unread, false);
  assert.deepEqual(told(s), ['store.checking', 'store.checked']);
});

test('a small file is read before anybody is served', async (t) => {
  const s = await killed(t);
  const now = await s.reopen();
  assert.equal(now.store.health().unread, false);
  assert.deepEqual(told(s), []);
  await now.close();
  damage(s, 'message_of_field');
  await assert.rejects(s.reopen(), /is damaged .*restore the last backup/);
});

test('a stop does not wait for it, and the next start begins again, although that one was a stop', async (t) => {
  const s = await killed(t);
  const now = await s.reopen(program(s, 'setInterval(() => {}, 1000)'));
  await now.close();
  const next = await s.reopen(LARGE);
  assert.equal(next.store.health().unread, true);
  await until('the pages were read', () => !next.store.health().unread);
  assert.deepEqual(told(s), ['store.checking', 'store.checking', 'store.checked']);
});

test('where it cannot be read to its end the pages stay unread', async (t) => {
  const s = await killed(t);
  const now = await s.reopen(program(s, 'console.log("no memory"); process.exitCode = 1'));
  await until('the pages were read', () => told(s).length === 2);
  assert.deepEqual(told(s), ['store.checking', 'store.not-checked']);
  assert.equal(s.log.events.at(-1)?.fields.why, 'no memory');
  assert.equal(now.store.health().unread, true);
});

test('damage in what mail only adds to ends the store once it is found, and no later start serves it', async (t) => {
  const s = await killed(t);
  copyFileSync(pathOf(s.options), `${pathOf(s.options)}.whole`);
  damage(s, 'message_of_field');
  const now = await s.reopen(LARGE);
  const failed = await new Promise<StoreFailed>((resolve) => now.store.onFailed(resolve));
  assert.match(failed.message, /^The database is damaged \(.*\); keep the file, restore the last backup$/);
  assert.deepEqual(told(s), ['store.checking', 'store.damaged', 'store.failed']);
  await now.close();
  for (let n = 0; n < 2; n += 1) await assert.rejects(s.reopen(LARGE), /is damaged .*restore the last backup/);
  copyFileSync(`${pathOf(s.options)}.whole`, pathOf(s.options));
  await (await s.reopen(LARGE)).close();
  assert.equal(existsSync(join(s.options.dataFolder, 'damaged')), false);
});

test('damage in what decides where mail goes is found before anybody is served', async (t) => {
  for (const table of ['account', 'address', 'entry', 'mailbox', 'organisation', 'sqlite_autoindex_account_1']) {
    const s = await killed(t);
    damage(s, table);
    await assert.rejects(s.reopen(LARGE), /damaged/, table);
    assert.deepEqual(told(s), [], table);
  }
});
