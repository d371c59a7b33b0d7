/** A full disk under the SQLite store: what waits, what goes on, and the reserve. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { MiB, days, octets, seconds } from '../../src/domain/units.ts';
import { openReading } from '../../src/store/sqlite/database.ts';
import { StoreFull } from '../../src/store/store.ts';
import { acceptanceOf, addAccount, deliver, openTestStore, readAll, sealBody } from '../support/store.ts';
import { closedStore, databaseOf, here, reopens } from './sqlite-support.ts';

const tight = { reserve: octets(1024 * 1024), testing: { maxPages: 1200 } };

test('a message that does not fit is refused before it is sent; promises of open uploads count', async (t) => {
  const { store } = await openTestStore(t, tight);
  const free = store.health().free;
  assert.throws(() => store.openBody(octets(free + 1)), StoreFull);
  const part = octets(Math.floor(free / 3));
  const first = store.openBody(part);
  const second = store.openBody(part);
  assert.throws(() => store.openBody(part), StoreFull);
  await first.abort();
  const third = store.openBody(part);
  await second.abort();
  await third.abort();
  assert.equal(store.health().free, free);
});

test('on a full disk new mail waits, reading and deleting go on, and afterwards mail goes on', async (t) => {
  const s = await openTestStore(t, tight);
  const { store } = s;
  const account = await addAccount(store, 'anna');
  const content = randomBytes(20_000);
  for (let i = 0; i < 10; i += 1) await deliver(store, content, 'anna@group.test');
  const ready = await acceptanceOf(store, await sealBody(store, content), ['anna@group.test']);
  const greedy = store.openBody(octets(0));
  await assert.rejects(async () => {
    for (let i = 0; i < 100; i += 1) await greedy.write(randomBytes(256 * 1024));
  }, StoreFull);
  assert(s.log.names.includes('store.full'));
  assert.equal(store.health().failed, false);
  await assert.rejects(store.accept(ready), StoreFull);
  assert.throws(() => store.openBody(octets(0)), StoreFull);
  // What must go on.
  const lock = await store.lockMaildrop(account, here);
  assert(lock !== 'in-use');
  const listing = await store.listMaildrop(lock);
  assert.equal(listing.count, 10);
  assert.deepEqual(await readAll(await store.openEntry(lock, listing.uidOf(4))), content);
  store.audit.note({ event: 'login', outcome: 'success' });
  await store.commitMaildrop(lock, [listing.uidOf(0)], [], [{ event: 'maildrop.closed', outcome: 'success' }]);
  assert.equal((await store.audit.read({ limit: 1000 })).filter((r) => r.event === 'login').length, 1);
  // Space returns.
  await greedy.abort();
  assert.equal((await store.sweep()).uploads, 0);
  // Whoever waits for room looks at health(), as MAIL does, and opens no body before there is some.
  const until = Date.now() + 5000;
  while (store.health().free === 0) {
    assert(Date.now() < until, 'the store stays full');
    await store.audit.read({ limit: 1 });
  }
  await store.openBody(octets(0)).abort();
  assert(s.log.names.includes('store.space-returned'));
  assert.equal((await deliver(store, content, 'anna@group.test')).outcome.kind, 'filed');
  assert.deepEqual(await store.accept(ready), { kind: 'filed' });
  assert.equal((await store.audit.verify()).kind, 'intact');
});

test('the reserve is real octets on the disk, and made again at a start', async (t) => {
  const s = await closedStore(t, 10, { reserve: octets(3_000_000) });
  const path = join(s.options.dataFolder, 'reserve');
  assert(statSync(path).blocks * 512 >= 3_000_000);
  rmSync(path);
  await reopens(s.options);
  assert(statSync(path).blocks * 512 >= 3_000_000);
});

for (const shape of ['new', 'old'] as const)
  test(`room in the file is room for mail on a disk that stays full, as far as half of the reserve does not need it (${shape} file)`, async (t) => {
    let disk = 100 * MiB;
    const s = await openTestStore(t, { reserve: octets(2 * MiB), testing: { freeOctets: () => disk } }, shape);
    const { store, clock } = s;
    const account = await addAccount(store, 'anna');
    for (let i = 0; i < 10; i += 1) await deliver(store, randomBytes(400_000), 'anna@group.test');
    const reserved = (): number => statSync(join(s.options.dataFolder, 'reserve')).size;
    /** A look as MAIL has one, and what it asks the writer for. */
    const look = async (): Promise<number> => {
      clock.advance(seconds(1));
      store.health();
      await store.alive();
      return store.health().free;
    };
    disk = 1.5 * MiB;
    assert.equal(await look(), 0, 'nothing is free in the file');
    assert.equal(reserved(), 2 * MiB);

    const lock = await store.lockMaildrop(account, here);
    assert(lock !== 'in-use');
    const listing = await store.listMaildrop(lock);
    const all = Array.from({ length: 10 }, (_, i) => listing.uidOf(i));
    await store.commitMaildrop(lock, all, [], []);
    clock.setWall(clock.now() + days(15));
    assert.equal((await store.sweep()).messages, 10);
    if (shape === 'old') {
      // Its room goes back to the disk.
      assert.equal(await look(), 0);
      assert.equal(reserved(), 2 * MiB);
      disk = 100 * MiB;
      assert((await look()) > 90 * MiB);
      return;
    }
    await look();
    assert.equal(reserved(), MiB);
    disk = 0.5 * MiB;
    assert.equal(await look(), 0, 'the log has no space');
    disk = 9 * MiB;
    const free = await look();
    // 4 MB less half of the reserve and the margin.
    assert(free > 0.8 * MiB && free < 1.3 * MiB, `${free} octets are free`);
    const taken = [];
    for (let i = 0; i < 20 && (await look()) > 100_000; i += 1)
      taken.push(await deliver(store, randomBytes(100_000), 'anna@group.test'));
    assert(taken.length > 5 && taken.length < 14, `${taken.length} messages of 100 KB were taken`);
    assert(taken.every(({ outcome }) => outcome.kind === 'filed'));
    const [pages, unused] = ['page_count', 'freelist_count'].map((name) => {
      const db = openReading(databaseOf(s.options));
      const found = db.pragma(name, { simple: true }) as number;
      db.close();
      return found;
    });
    assert((unused ?? 0) * 4096 >= MiB, `${unused} of ${pages} pages are free: they stand in for half of the reserve`);
    assert.throws(() => store.openBody(octets(500_000)), StoreFull);

    // Nobody comes and goes between the two.
    disk = 16 * MiB;
    await look();
    assert.equal(reserved(), MiB);
    disk = 18 * MiB;
    assert((await look()) > 10 * MiB);
    assert.equal(reserved(), 2 * MiB);
    const logged = s.log.events.filter(({ event }) => event === 'store.reserve-changed').map(({ fields }) => fields);
    assert.deepEqual(logged, [{ reserve: 'half' }, { reserve: 'whole' }]);
  });
