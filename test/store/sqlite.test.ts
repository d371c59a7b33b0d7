/**
 * What only the SQLite store promises: its durability, and its bounds. The contract of every store:
 * sqlite-contract.test.ts.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { days, octets } from '../../src/domain/units.ts';
import { openReading, openWriting } from '../../src/store/sqlite/database.ts';
import { StoreFailed, StoreFull } from '../../src/store/store.ts';
import { acceptanceOf, addAccount, deliver, openTestStore, sealBody } from '../support/store.ts';
import { changeDatabase, closedStore, databaseOf, here, reopens } from './sqlite-support.ts';

// --- durability

test('synchronous is FULL after a write, in WAL mode, on pages of 4096 octets', async (t) => {
  const { options } = await closedStore(t);
  const writing = openWriting(databaseOf(options), 'FULL');
  writing.exec("INSERT INTO fact (name, value) VALUES ('probe', 1)");
  const of = (pragma: string): unknown => writing.pragma(pragma, { simple: true });
  // 2 is FULL. Without the explicit pragma it reads 2 before this write and 1 after it.
  assert.deepEqual(
    [of('synchronous'), of('journal_mode'), of('page_size'), of('auto_vacuum'), of('wal_autocheckpoint')],
    [2, 'wal', 4096, 0, 0],
  );
  const reading = openReading(databaseOf(options));
  reading.prepare('SELECT * FROM fact').all();
  assert.equal(reading.pragma('synchronous', { simple: true }), 2);
  assert.throws(() => reading.exec("DELETE FROM fact WHERE name = 'probe'"));
  reading.close();
  writing.close();
});

for (const shape of ['new', 'old'] as const)
  test(`octets used and free are those of the file, and what is deleted is room again (${shape} file)`, async (t) => {
    const maxPages = 2000;
    const { store, options, clock } = await openTestStore(t, { testing: { maxPages } }, shape);
    const account = await addAccount(store, 'anna');
    const pageOctets = shape === 'new' ? 4096 : 8192;
    const pragmas = (): { pages: number; free: number } => {
      const db = openReading(databaseOf(options));
      const of = (name: string): number => db.pragma(name, { simple: true }) as number;
      const found = { pages: of('page_count'), free: of('freelist_count') };
      assert.deepEqual([of('page_size'), of('auto_vacuum')], [pageOctets, shape === 'new' ? 0 : 2]);
      db.close();
      return found;
    };
    for (let i = 0; i < 10; i += 1) await deliver(store, randomBytes(400_000), 'anna@group.test');
    const full = pragmas();
    assert.equal(store.health().used, (full.pages - full.free) * pageOctets);
    const lock = await store.lockMaildrop(account, here);
    assert(lock !== 'in-use');
    const listing = await store.listMaildrop(lock);
    const all = Array.from({ length: 10 }, (_, i) => listing.uidOf(i));
    await store.commitMaildrop(lock, all, [], []);
    const { free } = store.health();
    clock.setWall(clock.now() + days(15));
    assert.equal((await store.sweep()).messages, 10);
    // An old file gives pages back in steps while nobody asks for anything: looked at from outside
    // until it has.
    const end = Date.now() + 5000;
    while (shape === 'old' && pragmas().pages >= full.pages / 2 && Date.now() < end)
      await new Promise((resolve) => setImmediate(resolve));
    await store.alive();
    const after = pragmas();
    assert(store.health().free > free + 3_900_000, `${store.health().free} octets are free, before ${free}`);
    // What is free stays in a new file, and the file becomes smaller in an old one.
    if (shape === 'new') assert.equal(after.pages, full.pages);
    else assert(after.pages < full.pages - 200, `${after.pages} pages of ${full.pages}`);
  });

test('after a failed sync everything that waits and everything later is refused, and nothing of it is there', async (t) => {
  let s = await openTestStore(t);
  const account = await addAccount(s.store, 'anna');
  // The first commit of the next start is a delivery that succeeds, the second fails.
  s = await s.reopen({ testing: { failCommit: 2 } });
  const failures: Error[] = [];
  s.store.onFailed((error) => failures.push(error));
  assert.equal((await deliver(s.store, Buffer.from('first'), 'anna@group.test')).outcome.kind, 'filed');
  const bodies = await Promise.all(Array.from({ length: 20 }, () => sealBody(s.store, randomBytes(100))));
  const open = s.store.openBody(octets(0));
  const acceptances = await Promise.all(bodies.map((body) => acceptanceOf(s.store, body, ['anna@group.test'])));
  const outcomes = await Promise.allSettled(acceptances.map((a) => s.store.accept(a)));
  for (const outcome of outcomes) {
    assert.equal(outcome.status, 'rejected');
    assert(outcome.reason instanceof StoreFailed);
  }
  assert.equal(failures.length, 1);
  assert.equal(s.store.health().failed, true);
  assert(s.log.names.includes('store.failed'));
  assert.throws(() => s.store.openBody(octets(1)), StoreFailed);
  await assert.rejects(open.write(randomBytes(600_000)), StoreFailed);
  await assert.rejects(addAccount(s.store, 'late'), StoreFailed);
  s = await s.reopen({ testing: {} });
  const lock = await s.store.lockMaildrop(account, here);
  assert(lock !== 'in-use');
  assert.equal(lock.messages, 1);
  assert.equal((await s.store.audit.verify()).kind, 'intact');
});

// --- bounds

test('a body longer than the limit of the store is refused', async (t) => {
  const { store } = await openTestStore(t, { maxBody: octets(1000) });
  const writer = store.openBody(octets(0));
  await writer.write(randomBytes(1000));
  await assert.rejects(writer.write(randomBytes(1)), StoreFull);
});

test('fifty stalled readings of large messages hold one slice each', async (t) => {
  const { store } = await openTestStore(t);
  const account = await addAccount(store, 'anna');
  await deliver(store, randomBytes(20 * 1024 * 1024), 'anna@group.test');
  const lock = await store.lockMaildrop(account, here);
  assert(lock !== 'in-use');
  const uid = (await store.listMaildrop(lock)).uidOf(0);
  const readings = await Promise.all(
    Array.from({ length: 50 }, async () => (await store.openEntry(lock, uid)).slices()[Symbol.asyncIterator]()),
  );
  const before = process.memoryUsage().arrayBuffers;
  for (const reading of readings) await reading.next();
  assert(process.memoryUsage().arrayBuffers - before < 30 * 1024 * 1024);
  for (const reading of readings) await reading.return?.();
});

test('a start after an orderly stop is clean, one after a crash is not', async (t) => {
  const s = await openTestStore(t);
  const opened = (): unknown[] => s.log.events.filter((e) => e.event === 'store.opened').map((e) => e.fields.unclean);
  const again = await s.reopen();
  assert.deepEqual(opened(), [false, false]);
  await again.close();
  changeDatabase(s.options, (db) => db.exec("UPDATE fact SET value = 0 WHERE name = 'clean'"));
  await reopens(s.options);
  assert.deepEqual(opened(), [false, false, true]);
});

test('a changed or missing audit row is found', async (t) => {
  for (const [change, why] of [
    [`UPDATE audit SET facts = '{"x":1}' WHERE seq = 3`, /hash does not match/],
    ['DELETE FROM audit WHERE seq = 3', /missing/],
    [`UPDATE audit SET personal = '{"actor":"somebody else"}' WHERE seq = 3`, /personal fields are not those/],
  ] as const) {
    const closed = await closedStore(t);
    changeDatabase(closed.options, (db) => db.exec(change));
    const s = await closed.reopen();
    const report = await s.store.audit.verify();
    assert(report.kind === 'broken');
    assert.equal(report.seq, 3);
    assert.match(report.why, why);
    await s.close();
  }
});
