/** What is sealed in the SQLite store: damage, keys, and what goes with them. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import Database from 'better-sqlite3';
import { messageNumber } from '../../src/domain/ids.ts';
import { days, hours, octets } from '../../src/domain/units.ts';
import { factsOf } from '../../src/store/sqlite/copy-facts.ts';
import { proveCopy } from '../../src/store/sqlite/copy-proof.ts';
import { openReading } from '../../src/store/sqlite/database.ts';
import { ContentDamaged } from '../../src/store/store.ts';
import { addAccount, deliver, openTestStore, readAll } from '../support/store.ts';
import { changeDatabase, closedStore, databaseOf, here } from './sqlite-support.ts';

test('no octet of a message and no key stands in the data folder', async (t) => {
  const s = await openTestStore(t);
  await addAccount(s.store, 'anna');
  const text = 'PATIENT-RESULT-1234567890';
  await deliver(s.store, Buffer.from(`Subject: x\r\n\r\n${text}\r\n`), 'anna@group.test');
  await deliver(s.store, Buffer.from(`${text}\r\n`.repeat(20_000)), 'anna@group.test');
  await s.close();
  for (const name of readdirSync(s.options.dataFolder)) {
    const content = readFileSync(join(s.options.dataFolder, name));
    assert.equal(content.includes(text), false, name);
    assert.equal(content.includes(Buffer.from(s.options.masterKey)), false, name);
  }
});

for (const size of [1000, 100_000, 900_000])
  test(`a flipped bit in a stored body of ${size} octets is found before its octets leave`, async (t) => {
    const closed = await closedStore(t, size);
    changeDatabase(closed.options, (db) => {
      const [table, column, where] =
        size > 65_536
          ? (['chunk', 'sealed', `n = ${size > 262_144 ? 2 : 0}`] as const)
          : (['content', 'body', '1'] as const);
      const row = db.prepare(`SELECT rowid AS id, ${column} AS octets FROM ${table} WHERE ${where}`).get() as {
        id: bigint;
        octets: Buffer;
      };
      row.octets[500]! ^= 4;
      db.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${where}`).run(row.octets);
    });
    const s = await closed.reopen();
    const account = (await s.store.registry.findLogin('anna'))!.account.id;
    const lock = await s.store.lockMaildrop(account, here);
    assert(lock !== 'in-use');
    const uid = (await s.store.listMaildrop(lock)).uidOf(0);
    let seen = 0;
    await assert.rejects(async () => {
      for await (const slice of (await s.store.openEntry(lock, uid)).slices()) seen += slice.length;
    }, ContentDamaged);
    assert.equal(seen, size > 262_144 ? 2 * 262_144 : 0);
    assert(s.log.names.includes('store.content-damaged'));
  });

test('chunks that were swapped, cut off or moved to another message do not verify', async (t) => {
  const changes: [string, (db: Database.Database) => void][] = [
    ['swapped', (db) => db.exec('UPDATE chunk SET n = n + 100 WHERE n < 2; UPDATE chunk SET n = 101 - n WHERE n > 99')],
    ['cut off', (db) => db.exec('DELETE FROM chunk WHERE n = 3; UPDATE content SET chunks = 3')],
    ['a last chunk that is one no more', (db) => db.exec('UPDATE content SET chunks = chunks - 1')],
    ['a data key of another message', (db) => db.exec('UPDATE content SET data_key = zeroblob(60)')],
  ];
  for (const [what, change] of changes) {
    const closed = await closedStore(t, 900_000);
    changeDatabase(closed.options, change);
    const s = await closed.reopen();
    const lock = await s.store.lockMaildrop((await s.store.registry.findLogin('anna'))!.account.id, here);
    assert(lock !== 'in-use');
    const entry = await s.store.openEntry(lock, (await s.store.listMaildrop(lock)).uidOf(0));
    await assert.rejects(readAll(entry), ContentDamaged, what);
    await s.close();
  }
});

for (const size of [1000, 900_000])
  for (const by of [-1, 1])
    test(`an entry of ${size} octets whose row says ${by} is never cut or filled up to that`, async (t) => {
      const closed = await closedStore(t, size);
      // Read ahead with it: its octets follow in memory.
      const filling = await closed.reopen();
      await deliver(filling.store, randomBytes(1000), 'anna@group.test');
      await filling.close();
      changeDatabase(closed.options, (db) =>
        db.prepare('UPDATE entry SET octets = octets + ? WHERE uid = (SELECT min(uid) FROM entry)').run(by),
      );
      const s = await closed.reopen();
      const lock = await s.store.lockMaildrop((await s.store.registry.findLogin('anna'))!.account.id, here);
      assert(lock !== 'in-use');
      const listing = await s.store.listMaildrop(lock);
      await assert.rejects(async () => readAll(await s.store.openEntry(lock, listing.uidOf(0))), ContentDamaged);
      assert.equal(
        (await readAll(await s.store.openEntry(lock, listing.uidOf(1)))).length,
        1000,
        'the next one is whole',
      );
    });

for (const size of [1000, 900_000])
  test(`a hash that is not of the content of ${size} octets: the proof of a copy finds it, the addressee gets the mail`, async (t) => {
    const closed = await closedStore(t, size);
    const { options } = closed;
    const proof = (): string => {
      const db = openReading(databaseOf(options));
      const expected = factsOf(db);
      db.close();
      const { keyFolder, masterKey } = options;
      const job = {
        kind: 'prove',
        path: databaseOf(options),
        keyFolder,
        masterKey,
        expected,
        anchors: [],
        publicKeys: [],
        sample: 0,
      } as const;
      return proveCopy(job, () => undefined)
        .steps.map(({ found, passed }) => (passed ? '' : found))
        .join('');
    };
    assert.equal(proof(), '', 'the control');
    changeDatabase(options, (db) => db.exec('UPDATE message SET sha256 = zeroblob(32)'));
    assert.match(proof(), /content of message \d+ is damaged: the hash of the whole does not match/);
    const s = await closed.reopen();
    const lock = await s.store.lockMaildrop((await s.store.registry.findLogin('anna'))!.account.id, here);
    assert(lock !== 'in-use');
    const entry = await s.store.openEntry(lock, (await s.store.listMaildrop(lock)).uidOf(0));
    assert.equal((await readAll(entry)).length, size);
  });

test('a day whose messages are gone loses its key, and the store opens without it', async (t) => {
  let s = await openTestStore(t);
  const account = await addAccount(s.store, 'anna');
  await deliver(s.store, randomBytes(1000), 'anna@group.test');
  const lock = await s.store.lockMaildrop(account, here);
  assert(lock !== 'in-use');
  await s.store.commitMaildrop(lock, [(await s.store.listMaildrop(lock)).uidOf(0)], [], []);
  const keys = (): string[] => readdirSync(s.options.keyFolder).sort();
  assert.deepEqual(keys(), ['2026-11-25.key', 'store']);
  s.clock.setWall(s.clock.now() + days(10));
  await s.store.sweep();
  assert.deepEqual(keys(), ['2026-11-25.key', 'store'], 'hidden content may be asked for again');
  s.clock.setWall(s.clock.now() + days(10));
  await deliver(s.store, randomBytes(1000), 'anna@group.test');
  await s.store.sweep();
  await s.store.sweep();
  assert.deepEqual(keys(), ['2026-11-25.erased', '2026-12-15.key', 'store']);
  s = await s.reopen();
  assert.equal((await deliver(s.store, randomBytes(1000), 'anna@group.test')).outcome.kind, 'filed');
});

test('mail that was fetched and left on many days keeps no other day', async (t) => {
  const s = await openTestStore(t);
  const account = await addAccount(s.store, 'anna');
  for (let day = 0; day < 45; day += 1) {
    await deliver(s.store, randomBytes(10), 'anna@group.test');
    s.clock.setWall(s.clock.now() + days(1));
  }
  await deliver(s.store, randomBytes(10), 'anna@group.test');
  const lock = await s.store.lockMaildrop(account, here);
  assert(lock !== 'in-use');
  await s.store.commitMaildrop(lock, [(await s.store.listMaildrop(lock)).uidOf(45)], [], []);
  s.clock.setWall(s.clock.now() + days(16));
  await s.store.sweep();
  const names = readdirSync(s.options.keyFolder);
  assert.deepEqual(
    names.filter((name) => name.endsWith('.erased')),
    ['2027-01-09.erased'],
  );
  // The control: the days of what was left there stay.
  assert.equal(names.filter((name) => name.endsWith('.key')).length, 45);
});

/** What a crash left of an upload of that day: its chunks are small here, for there are many. */
function leaveUpload(db: Database.Database, id: bigint, chunks: number): void {
  db.prepare('INSERT INTO upload (message, started_at) VALUES (?, 0)').run(id);
  const chunk = db.prepare("INSERT INTO chunk (message, n, sealed, tag) VALUES (?, ?, x'00', x'00')");
  db.transaction(() => {
    for (let n = 0; n < chunks; n += 1) chunk.run(id, n);
  })();
}

test('a sweep goes on while there is more, however much was left over', async (t) => {
  const s = await closedStore(t);
  changeDatabase(s.options, (db) => leaveUpload(db, 5n, 2500));
  const again = await s.reopen();
  assert.equal((await again.store.sweep()).uploads, 1);
  await again.close();
  changeDatabase(s.options, (db) => assert.equal(db.prepare('SELECT count(*) FROM chunk').pluck().get(), 0));
});

test('a mailbox that deletes more than it may gives the octets back without waiting for the hourly sweep', async (t) => {
  const { store } = await openTestStore(t);
  const account = await addAccount(store, 'anna', { quota: 1024 * 1024 });
  const used = store.health().used;
  for (let i = 0; i < 12; i += 1) {
    await deliver(store, randomBytes(900_000), 'anna@group.test');
    const lock = await store.lockMaildrop(account, here);
    assert(lock !== 'in-use');
    await store.commitMaildrop(lock, [(await store.listMaildrop(lock)).uidOf(0)], [], []);
  }
  for (let turn = 0; turn < 100 && store.counts.swept.messages < 11; turn += 1) await store.alive();
  assert.equal(store.counts.swept.messages, 11);
  assert(store.health().used < used + 1_500_000, `${store.health().used} octets are used, before ${used}`);
});

test('the database file stays small under uploads that are broken off, and grows with mail that is kept', async (t) => {
  const s = await openTestStore(t);
  await addAccount(s.store, 'anna');
  const path = databaseOf(s.options);
  const octetsOf = (): number => statSync(path).size + statSync(`${path}-wal`).size;
  const content = randomBytes(3_000_000);
  const before = octetsOf();
  for (let i = 0; i < 20; i += 1) {
    const writer = s.store.openBody(octets(0));
    await writer.write(content);
    await writer.abort();
  }
  // The log begins again at 32 MB.
  assert(octetsOf() < before + 45_000_000, `${octetsOf()} octets on the disk, before ${before}`);
  for (let i = 0; i < 20; i += 1) await deliver(s.store, content, 'anna@group.test');
  await s.close();
  assert(statSync(path).size > before + 55_000_000);
});

test('ids rise over a restart even when the newest message was swept and the clock is set back', async (t) => {
  let s = await openTestStore(t);
  const account = await addAccount(s.store, 'anna');
  const { id } = await deliver(s.store, randomBytes(10), 'anna@group.test');
  const lock = await s.store.lockMaildrop(account, here);
  assert(lock !== 'in-use');
  await s.store.commitMaildrop(lock, [(await s.store.listMaildrop(lock)).uidOf(0)], [], []);
  s.clock.setWall(s.clock.now() + days(20));
  assert.equal((await s.store.sweep()).messages, 1);
  s.clock.setWall(s.clock.now() - days(20) - hours(1));
  s = await s.reopen();
  const next = await deliver(s.store, randomBytes(10), 'anna@group.test');
  assert(messageNumber(next.id) > messageNumber(id));
});
