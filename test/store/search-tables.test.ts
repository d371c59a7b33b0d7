/** Searches of the trail and of messages miss nothing, wherever the marks of their tables stand. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { type AccountId, type MessageId, messageNumber } from '../../src/domain/ids.ts';
import { days, instant, octets } from '../../src/domain/units.ts';
import { READS } from '../../src/store/reads/table.ts';
import type { AuditRow } from '../../src/store/audit.ts';
import { type Db, openWriting } from '../../src/store/sqlite/database.ts';
import { SqliteRunner } from '../../src/store/sqlite/runner.ts';
import { SearchTables } from '../../src/store/sqlite/search-tables.ts';
import type { Store } from '../../src/store/port/store.ts';
import { type TestStore, acceptanceOf, addAccount, openTestStore, sealBody } from '../support/store.ts';

const STEP = 5;
const FIELDS = [
  'one@group.test',
  'two@group.test',
  `${'long'.repeat(20)}@group.test`,
  `${'long'.repeat(20)}@other.test`,
];
const TO = ['anna@group.test', 'bert@group.test'] as const;

interface World extends TestStore {
  readonly accounts: readonly [AccountId, AccountId];
}

async function world(t: TestContext): Promise<World> {
  const s = await openTestStore(t, { testing: { searchStep: STEP } });
  const accounts = [await addAccount(s.store, 'anna'), await addAccount(s.store, 'bert')] as const;
  return { ...s, accounts };
}

async function file({ store, accounts }: World, n: number, to: string = TO[n % 2] ?? ''): Promise<MessageId> {
  const body = await sealBody(store, randomBytes(50));
  const rows = Array.from({ length: 1 + (n % 3) }, (_, i) => ({
    event: 'message.accepted',
    outcome: 'success' as const,
    ...(i === 2 ? {} : { account: accounts[(n + i) % 2]! }),
  }));
  const more = { messageIdField: FIELDS[n % FIELDS.length]!, audit: rows };
  assert.equal((await store.accept(await acceptanceOf(store, body, [to], more))).kind, 'filed');
  return body.id;
}

const seqs = (rows: readonly AuditRow[]): number[] => rows.map(({ seq }) => seq);

/** Each search against a walk through everything. */
async function assertNothingMissed(store: Store, accounts: readonly AccountId[], ids: readonly MessageId[]) {
  const all = await store.audit.read({ limit: 1000 });
  const last = all.at(-1)?.seq ?? 0;
  for (const account of accounts)
    for (let fromSeq = last; fromSeq > 0; fromSeq -= 4)
      for (const limit of [1, 3, 1000]) {
        const wanted = all.filter((row) => row.account === account && row.seq >= fromSeq).slice(0, limit);
        assert.deepEqual(seqs(await store.audit.read({ account, fromSeq, limit })), seqs(wanted));
      }
  for (const message of ids)
    assert.deepEqual(
      seqs(await store.audit.read({ message, limit: 1000 })),
      seqs(all.filter((row) => row.message === message)),
    );
  const query = { since: instant(0) };
  const messages = await store.deliveries.findMessages({ ...query, limit: 1000 });
  assert.equal(messages.length, ids.length);
  for (const messageIdField of FIELDS) {
    const wanted = messages.filter((one) => one.messageIdField === messageIdField).map(({ id }) => id);
    for (const limit of [1, 2, 1000]) {
      const found = await store.deliveries.findMessages({ ...query, messageIdField, limit });
      assert.deepEqual(
        found.map(({ id }) => id),
        wanted.slice(0, limit),
      );
    }
    const [newest] = wanted;
    if (newest === undefined) continue;
    const older = await store.deliveries.findMessages({ ...query, messageIdField, before: newest, limit: 1000 });
    assert.deepEqual(
      older.map(({ id }) => id),
      wanted.slice(1),
    );
  }
}

/** Looks into the database beside the store. */
function beside<T>(s: TestStore, look: (db: Db) => T, folder = s.options.dataFolder): T {
  const db = openWriting(join(folder, 'sluis.db'), 'FULL');
  try {
    return look(db);
  } finally {
    db.close();
  }
}

const bigintOf = (db: Db, sql: string): bigint => db.prepare<[], bigint>(sql).pluck().safeIntegers().get() ?? -1n;
const numberOf = (db: Db, sql: string): number => Number(bigintOf(db, sql));
const aboveOf = (db: Db): number[] => [
  numberOf(db, "SELECT count(*) FROM audit WHERE seq > (SELECT value FROM fact WHERE name = 'searched_seq')"),
  numberOf(db, "SELECT count(*) FROM message WHERE id > (SELECT value FROM fact WHERE name = 'searched_id')"),
];

test('a search finds every row: below the mark, at it, above it, after each commit and after a restart', async (t) => {
  const s = await world(t);
  const ids: MessageId[] = [];
  const seen = new Set<string>();
  for (let n = 0; n < 14; n += 1) {
    ids.push(await file(s, n));
    seen.add(String(beside(s, aboveOf)));
    await assertNothingMissed(s.store, s.accounts, ids);
  }
  assert(seen.size > 3, `the marks stood in ${seen.size} ways`);
  const { store } = await s.reopen();
  await assertNothingMissed(store, s.accounts, ids);
});

test('what is above the marks stays below a step, however much comes at once', async (t) => {
  const s = await world(t);
  await Promise.all(Array.from({ length: 60 }, (_, n) => file(s, n)));
  // Answers come before the steps behind them, and this after them.
  await s.store.sweep();
  for (const n of beside(s, aboveOf)) assert(n < STEP, `${n} rows are above the mark`);
});

test('a message that was begun before the mark and filed after it is found', async (t) => {
  const s = await world(t);
  const large = s.store.openBody(octets(300_000));
  await large.write(randomBytes(300_000));
  for (let n = 0; n < 12; n += 1) await file(s, 4 * n);
  const body = await large.seal();
  const mark = beside(s, (db) => bigintOf(db, "SELECT value FROM fact WHERE name = 'searched_id'"));
  assert(messageNumber(body.id) < mark);
  const acceptance = await acceptanceOf(s.store, body, [TO[0]], { messageIdField: 'late@group.test' });
  assert.equal((await s.store.accept(acceptance)).kind, 'filed');
  const query = { since: instant(0), limit: 10, messageIdField: 'late@group.test' };
  assert.deepEqual(
    (await s.store.deliveries.findMessages(query)).map(({ id }) => id),
    [body.id],
  );
  const again = await s.reopen();
  assert.equal((await again.store.deliveries.findMessages(query)).length, 1);
});

test('whatever a crash leaves of the log, tables and marks agree', async (t) => {
  const s = await world(t);
  const folder = mkdtempSync(join(tmpdir(), 'sluis-crash-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (let n = 0; n < 12; n += 1) {
    await file(s, n);
    // As a kill leaves it: the database and its log, without what a close does.
    for (const name of ['sluis.db', 'sluis.db-wal']) cpSync(join(s.options.dataFolder, name), join(folder, name));
    rmSync(join(folder, 'sluis.db-shm'), { force: true });
    beside(
      s,
      (db) => {
        const runner = new SqliteRunner(db);
        const now = { at: instant(0) };
        const every = runner.run(READS.trail.read(now, { limit: 1000 }));
        for (const account of s.accounts)
          assert.deepEqual(
            seqs(runner.run(READS.trail.read(now, { account, limit: 1000 }))),
            seqs(every.filter((row) => row.account === account)),
          );
        const search = (query: { readonly messageIdField?: string }): string[] =>
          runner
            .run(READS.messages.messagesStep(now, { limit: 1000, since: now.at, ...query }))
            .rows.map(({ id }) => id);
        assert.deepEqual(FIELDS.flatMap((messageIdField) => search({ messageIdField })).sort(), search({}).sort());
        // And the writer goes on from there: nothing stands in a table twice.
        const tables = new SearchTables(db, 2);
        for (let i = 0; i < 30; i += 1) tables.stands(tables.fill());
        assert.deepEqual(aboveOf(db), [0, 0]);
      },
      folder,
    );
  }
});

test('where the disk is full the tables wait, searches find everything, and later they go on', async (t) => {
  const s = await world(t);
  const db = openWriting(join(s.options.dataFolder, 'sluis.db'), 'FULL');
  t.after(() => db.close());
  const tables = new SearchTables(db, STEP);
  const head = 1000;
  assert(tables.isDue(head));
  tables.failed(head);
  assert(!tables.isDue(head + STEP - 1));
  assert(tables.isDue(head + STEP));
  let full = await s.reopen({ reserve: octets(256 * 1024), testing: { searchStep: STEP, maxPages: 800 } });
  for (let n = 0; n < 40; n += 1) await file({ ...full, accounts: s.accounts }, n % 12);
  // No page more than there are: rows of the trail go on into the reserve, new mail does not.
  const pages = beside(full, (other) => numberOf(other, 'PRAGMA page_count'));
  full = await full.reopen({ testing: { searchStep: STEP, maxPages: pages } });
  for (let n = 0; n < 200; n += 1)
    full.store.audit.note({ event: 'login.granted', outcome: 'success', account: s.accounts[n % 2]! });
  const trail = await full.store.audit.read({ limit: 1000 });
  for (const account of s.accounts)
    assert.deepEqual(
      seqs(await full.store.audit.read({ account, limit: 1000 })),
      seqs(trail.filter((row) => row.account === account)),
    );
  const after = await full.reopen({ testing: { searchStep: STEP } });
  await file({ ...after, accounts: s.accounts }, 1);
  await after.store.sweep();
  for (const n of beside(after, aboveOf)) assert(n < STEP, `${n} rows are above the mark`);
});

test('the row of a message takes what stands of it in the table along', async (t) => {
  const s = await world(t);
  for (let n = 0; n < 12; n += 1) await file(s, n, TO[0]);
  const lock = await s.store.lockMaildrop(s.accounts[0], { session: 's', network: 'n' });
  assert(lock !== 'in-use');
  const listing = await s.store.listMaildrop(lock);
  await s.store.commitMaildrop(
    lock,
    Array.from({ length: 12 }, (_, i) => listing.uidOf(i)),
    [],
    [],
    [],
  );
  s.clock.setWall(s.clock.now() + days(15));
  await s.store.sweep();
  s.clock.setWall(s.clock.now() + days(91));
  await s.store.sweep();
  assert.deepEqual(
    beside(s, (db) => ['message', 'message_of_field'].map((table) => numberOf(db, `SELECT count(*) FROM ${table}`))),
    [0, 0],
  );
});
