/** The SQLite store: the contract of every store, and what only this one promises. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import Database from 'better-sqlite3';
import { messageNumber } from '../../src/domain/ids.ts';
import { MiB, days, hours, octets, seconds } from '../../src/domain/units.ts';
import { factsOf } from '../../src/store/sqlite/copy-facts.ts';
import { proveCopy } from '../../src/store/sqlite/copy-proof.ts';
import { openReading, openWriting, sqliteProblem } from '../../src/store/sqlite/database.ts';
import { type OpenOptions, createSqliteStore, openSqliteStore } from '../../src/store/sqlite/open.ts';
import { ContentDamaged, StoreFailed, StoreFull, StoreRefused } from '../../src/store/store.ts';
import {
  type TestStore,
  acceptanceOf,
  addAccount,
  deliver,
  openTestStore,
  readAll,
  sealBody,
  testOptions,
} from '../support/store.ts';
import { storeContract } from './contract.ts';
import { seeded } from '../support/seeded.ts';

// Each change that is called runs twice, and the first run is rolled back.
storeContract('SQLite', (t) => openTestStore(t, { testing: { changesTwice: true } }));
storeContract('SQLite, made by an older version', (t) => openTestStore(t, { testing: { searchStep: 2 } }, 'old'));

const here = { session: 's1', network: 'n' };
const databaseOf = (options: OpenOptions): string => join(options.dataFolder, 'sluis.db');

/** A closed store that has one message of `size` octets for anna. */
async function closedStore(t: TestContext, size = 1000, changes: Partial<OpenOptions> = {}): Promise<TestStore> {
  const s = await openTestStore(t, changes);
  await addAccount(s.store, 'anna');
  await deliver(s.store, randomBytes(size), 'anna@group.test');
  await s.close();
  return s;
}

function changeDatabase(options: OpenOptions, run: (db: Database.Database) => void): void {
  const db = new Database(databaseOf(options));
  run(db);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
}

const refused = (text: RegExp) => (error: unknown) => {
  assert(error instanceof StoreRefused, String(error));
  assert.match(error.message, text);
  return true;
};

const reopens = async (options: OpenOptions): Promise<void> => {
  const store = await openSqliteStore(options);
  await store.close();
};

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
    // An old file gives pages back in steps while nobody asks for anything: looked at from outside until it has.
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

// --- opening

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
  changeDatabase(options, (db) => db.pragma('user_version = 9999'));
  await assert.rejects(openSqliteStore(options), refused(/version 9999.*newer program/));
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
  // Of another name, so that the store is made here: a copy of the template has the modes that copying gives it.
  const { options } = await closedStore(t, 1000, { hostname: 'made.test' });
  for (const folder of [options.dataFolder, options.keyFolder]) {
    assert.equal(statSync(folder).mode & 0o077, 0, folder);
    for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name);
  }
});

// --- sealing

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
  // The log begins anew at 32 MB.
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

// --- a full disk

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
    assert.equal(await look(), 0, 'the log has no room');
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
