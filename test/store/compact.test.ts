/** The database written anew: the same in another form, or the old file as it was. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { addressKey } from '../../src/domain/address.ts';
import { days, octets } from '../../src/domain/units.ts';
import { compactStore } from '../../src/store/sqlite/compact.ts';
import { openReading, openWriting, shapeOf } from '../../src/store/sqlite/database.ts';
import { fileHead } from '../../src/store/sqlite/file-head.ts';
import { StoreRefused } from '../../src/store/store.ts';
import { type TestStore, addAccount, address, deliver, messagesIn, openTestStore, readAll } from '../support/store.ts';

const fileOf = ({ options }: TestStore): string => join(options.dataFolder, 'sluis.db');
const told = (): void => undefined;

/**
 * A closed store in the old form, with mail and room that deleted mail left; and what its one
 * mailbox has.
 */
async function oldStore(t: TestContext): Promise<{ s: TestStore; contents: Map<string, Buffer> }> {
  const s = await openTestStore(t, { reserve: octets(0) }, 'old');
  const account = await addAccount(s.store, 'anna');
  const contents = new Map<string, Buffer>();
  for (let i = 0; i < 6; i += 1) await deliver(s.store, randomBytes(300_000), 'anna@group.test');
  const lock = await s.store.lockMaildrop(account, { session: 's', network: 'n' });
  assert(lock !== 'in-use');
  const listing = await s.store.listMaildrop(lock);
  const uids = Array.from({ length: 6 }, (_, i) => listing.uidOf(i));
  await s.store.commitMaildrop(lock, uids, [], []);
  for (const size of [10, 20_000, 600_000]) {
    const content = randomBytes(size);
    contents.set((await deliver(s.store, content, 'anna@group.test')).id, content);
  }
  s.clock.setWall(s.clock.now() + days(15));
  await s.store.sweep();
  await s.close();
  return { s, contents };
}

async function assertServes(s: TestStore, contents: ReadonlyMap<string, Buffer>): Promise<void> {
  const again = await s.reopen();
  const anna = (await again.store.registry.findRecipient(addressKey(address('anna@group.test'))))?.account.id;
  assert(anna !== undefined);
  assert.deepEqual(await messagesIn(again.store, anna), [...contents.keys()]);
  const lock = await again.store.lockMaildrop(anna, { session: 's', network: 'n' });
  assert(lock !== 'in-use');
  const listing = await again.store.listMaildrop(lock);
  for (const [i, content] of [...contents.values()].entries())
    assert((await readAll(await again.store.openEntry(lock, listing.uidOf(i)))).equals(content));
  await again.store.releaseMaildrop(lock);
  assert.equal((await again.store.audit.verify()).kind, 'intact');
  await again.close();
}

const leftovers = (s: TestStore): string[] =>
  readdirSync(s.options.dataFolder).filter((name) => name.includes('compact'));

test('an old store becomes one of the new form, smaller, with everything in it', async (t) => {
  const { s, contents } = await oldStore(t);
  const before = fileHead(fileOf(s));
  const seen: number[] = [];
  chmodSync(fileOf(s), 0o640);
  // Run by root for the gateway's user.
  const root = process.getuid?.() === 0;
  if (root) chownSync(fileOf(s), 4711, 4712);
  const done = await compactStore({ dataFolder: s.options.dataFolder, told: (n) => seen.push(n) });
  const db = openReading(fileOf(s));
  assert.deepEqual(shapeOf(db), { pageOctets: 4096, shrinks: false });
  assert.equal(db.pragma('journal_mode', { simple: true }), 'wal');
  db.close();
  const { size, mode, uid, gid } = statSync(fileOf(s));
  assert.equal(mode & 0o777, 0o640);
  if (root) assert.deepEqual([uid, gid], [4711, 4712]);
  assert.equal(done.before, before?.octets);
  assert.equal(done.after, size);
  assert(done.rows > 10 && done.tables > 30, JSON.stringify(done));
  assert(seen.length > 0);
  assert.deepEqual(fileHead(fileOf(s)), { pageOctets: 4096, shrinks: false, octets: size, freeOctets: 0 });
  await assertServes(s, contents);
});

test('room that deleted mail left is given back', async (t) => {
  const { s, contents } = await oldStore(t);
  const { dataFolder } = s.options;
  await compactStore({ dataFolder, told });
  const db = openWriting(fileOf(s), 'FULL');
  db.exec('CREATE TABLE room (a); INSERT INTO room VALUES (zeroblob(3000000)); DROP TABLE room');
  db.close();
  const head = fileHead(fileOf(s));
  assert(head !== undefined && head.freeOctets > 2_900_000);
  const { before, after } = await compactStore({ dataFolder, told });
  assert(after < before - 2_900_000, `${after} octets, before ${before}`);
  await assertServes(s, contents);
});

for (const at of ['log', 'copy', 'compare', 'rename', 'sync'] as const)
  test(`ended before the step "${at}" it leaves a store that serves, and the next run does it`, async (t) => {
    const { s, contents } = await oldStore(t);
    const { dataFolder } = s.options;
    const step = (what: string): void => {
      if (what === at) throw new Error('ended here');
    };
    await assert.rejects(compactStore({ dataFolder, told, step }), /ended here/);
    assert.deepEqual(leftovers(s), []);
    assert.equal(fileHead(fileOf(s))?.pageOctets, at === 'sync' ? 4096 : 8192);
    await assertServes(s, contents);
    // As a kill leaves it: half of a new file.
    writeFileSync(`${fileOf(s)}.compact`, randomBytes(5000));
    writeFileSync(`${fileOf(s)}.compact-wal`, randomBytes(5000));
    await compactStore({ dataFolder, told });
    assert.deepEqual(leftovers(s), []);
    await assertServes(s, contents);
  });

test('a new file that differs does not take the place of the old one', async (t) => {
  const { s, contents } = await oldStore(t);
  const { dataFolder } = s.options;
  const changes = {
    'table day_key has 0 rows in the new file and 1 in the old': 'DELETE FROM day_key',
    'tells other facts': 'DELETE FROM entry WHERE uid = (SELECT max(uid) FROM entry)',
    'other tables or indexes': 'DROP INDEX notice_at',
    'the audit trail of the new file is another': "UPDATE audit SET outcome = 'failure' WHERE seq = 2",
    'not the form of a new one': 'PRAGMA journal_mode = DELETE',
  };
  for (const [why, sql] of Object.entries(changes)) {
    const before = readFileSync(fileOf(s));
    const step = (what: string): void => {
      if (what !== 'compare') return;
      const db = openWriting(`${fileOf(s)}.compact`, 'FULL');
      db.pragma('foreign_keys = OFF');
      db.exec(sql);
      db.close();
    };
    await assert.rejects(compactStore({ dataFolder, told, step }), (error: unknown) => {
      assert(error instanceof StoreRefused, String(error));
      assert.match(error.message, new RegExp(`^Cannot compact the store: .*${why}.*; nothing was changed$`));
      return true;
    });
    assert(readFileSync(fileOf(s)).equals(before), why);
    assert.deepEqual(leftovers(s), []);
  }
  await assertServes(s, contents);
});

test('it asks for room first, and for a gateway that is stopped', async (t) => {
  const { s, contents } = await oldStore(t);
  const { dataFolder } = s.options;
  const before = readFileSync(fileOf(s));
  await assert.rejects(
    compactStore({ dataFolder, told, freeOctets: () => 64 * 1024 * 1024 }),
    /the new file needs \d+ MiB in ".*" beside the old one, and 64 MiB are free; free some space there, nothing was changed/,
  );
  assert(readFileSync(fileOf(s)).equals(before));
  const again = await s.reopen();
  await assert.rejects(compactStore({ dataFolder, told }), /is in use by another process; stop that one/);
  await again.close();
  const reader = openReading(fileOf(s));
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM fact').get();
  await assert.rejects(compactStore({ dataFolder, told }), /another program has ".*" open; close it/);
  reader.close();
  assert(!existsSync(`${fileOf(s)}.compact`));
  await assertServes(s, contents);
});
