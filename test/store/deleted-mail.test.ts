/**
 * Deleted mail goes when it is due, and a sweep asks the mailboxes that have something due, not
 * those that have something.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { AccountId } from '../../src/domain/ids.ts';
import { type Instant, days, hours, instant } from '../../src/domain/units.ts';
import { sweepDeleted } from '../../src/store/changes/deleted-mail.ts';
import { type Db, openReading, openWriting } from '../../src/store/sqlite/database.ts';
import { createSqliteStore } from '../../src/store/sqlite/open.ts';
import { SqliteRunner } from '../../src/store/sqlite/runner.ts';
import { WriterWorker } from '../../src/store/sqlite/writer-work.ts';
import { DATABASE_FILE } from '../../src/store/sqlite/writer-files.ts';
import { seeded } from '../support/seeded.ts';
import { addAccount, deliver, openTestStore, testOptions } from '../support/store.ts';

const actor = { name: 'test' };
const KEPT = days(14);
/** Of every message here. */
const OCTETS = 1000;

interface Bench {
  readonly db: Db;
  readonly at: Instant;
  /** A mailbox with one deleted message, `ago` before now. */
  readonly mailbox: (id: number, ago: number, organisation?: number) => void;
  readonly left: () => number[];
}

async function bench(t: TestContext): Promise<Bench> {
  const options = testOptions(t);
  await createSqliteStore(options);
  const db = openWriting(join(options.dataFolder, DATABASE_FILE), 'FULL');
  t.after(() => db.close());
  const at = options.clock.now();
  for (const id of [10, 11])
    db.prepare("INSERT INTO organisation (id, name, title, language, created_at) VALUES (?, ?, 'x', 'nl', 0)").run(
      id,
      `o${id}`,
    );
  const account = db.prepare(
    "INSERT INTO account (id, login, organisation, kind, state, created_at) VALUES (?, ?, ?, 'mail', 'active', 0)",
  );
  const content = db.prepare("INSERT INTO content (message, data_key, chunks, refs) VALUES (?, x'00', 0, 1)");
  const mailbox = db.prepare('INSERT INTO mailbox (account, hidden_octets, sweep_at) VALUES (?, ?, ?)');
  const hidden = db.prepare(
    'INSERT INTO hidden_entry (account, hidden_at, uid, message, octets, retrieved) VALUES (?, ?, 1, ?, ?, 2)',
  );
  return {
    ...{ db, at },
    mailbox: (id, ago, organisation = 10) => {
      account.run(id, `a${id}`, organisation);
      content.run(id);
      mailbox.run(id, OCTETS, at - ago);
      hidden.run(id, at - ago, id, OCTETS);
    },
    left: () => db.prepare<[], number>('SELECT account FROM hidden_entry ORDER BY account').pluck().all(),
  };
}

/** Steps until nothing is left, and how many statements they ran. */
function sweep(
  t: TestContext,
  { db, at }: Pick<Bench, 'db' | 'at'>,
  runner: SqliteRunner,
  kept: number = KEPT,
): number {
  const proto = Object.getPrototypeOf(db.prepare('SELECT 1')) as Record<'run' | 'get' | 'all', () => unknown>;
  const methods = (['run', 'get', 'all'] as const).map((name) => t.mock.method(proto, name));
  while (runner.run(sweepDeleted(at, kept)));
  const count = methods.reduce((sum, method) => sum + method.mock.callCount(), 0);
  for (const method of methods) method.mock.restore();
  return count;
}

test('what a sweep does for five mailboxes is the same beside five hundred that have nothing due', async (t) => {
  const found = await bench(t);
  const { db, at, mailbox, left } = found;
  const runner = new SqliteRunner(db);
  sweep(t, found, runner);
  const five = (from: number): void => [0, 1, 2, 3, 4].forEach((n) => mailbox(from + n, days(15)));
  five(100);
  const alone = sweep(t, found, runner);
  for (let n = 0; n < 500; n += 1) mailbox(1000 + n, days(1));
  // Each is looked at once, and then no more before it is due.
  sweep(t, found, runner);
  five(200);
  assert.equal(sweep(t, found, runner), alone);
  assert.equal(left().length, 500);
  const later = instant(at + days(13));
  assert.equal(sweep(t, { db, at: later }, runner), sweep(t, { db, at: later }, runner), 'a millisecond too early');
  assert.equal(left().length, 500);
  sweep(t, { db, at: instant(later + 1) }, runner);
  assert.deepEqual(left(), []);
  assert.equal(db.prepare('SELECT count(*) FROM mailbox WHERE sweep_at IS NOT NULL').pluck().get(), 0);
});

test('a shorter time for one organisation or for all, a smaller quota and another organisation count at once', async (t) => {
  const found = await bench(t);
  const { db, mailbox, left } = found;
  const runner = new SqliteRunner(db);
  for (const id of [100, 101, 102, 103]) mailbox(id, days(5), id === 103 ? 11 : 10);
  sweep(t, found, runner);
  assert.deepEqual(left(), [100, 101, 102, 103]);
  db.prepare('UPDATE account SET settings = ? WHERE id = 100').run(JSON.stringify({ quota: OCTETS - 1 }));
  sweep(t, found, runner);
  assert.deepEqual(left(), [101, 102, 103]);
  db.prepare('UPDATE organisation SET settings = ? WHERE id = 11').run(JSON.stringify({ 'keep-deleted': 4 }));
  sweep(t, found, runner);
  assert.deepEqual(left(), [101, 102]);
  db.prepare('UPDATE account SET organisation = 11 WHERE id = 102').run();
  sweep(t, found, runner);
  assert.deepEqual(left(), [101]);
  // Of the configuration, at a start.
  sweep(t, found, new SqliteRunner(db), days(6));
  assert.deepEqual(left(), [101]);
  sweep(t, found, new SqliteRunner(db), days(4));
  assert.deepEqual(left(), []);
});

test('a mailbox with more to drop than one step may is looked into again at once', async (t) => {
  const found = await bench(t);
  const { db, at, mailbox, left } = found;
  mailbox(100, days(1));
  const runner = new SqliteRunner(db);
  sweep(t, found, runner);
  const most = 450;
  for (let uid = 2; uid <= most; uid += 1) {
    db.prepare("INSERT INTO content (message, data_key, chunks, refs) VALUES (?, x'00', 0, 1)").run(1000 + uid);
    db.prepare(
      'INSERT INTO hidden_entry (account, hidden_at, uid, message, octets, retrieved) VALUES (100, ?, ?, ?, ?, 2)',
    ).run(at - days(1), uid, 1000 + uid, OCTETS);
  }
  db.prepare('UPDATE mailbox SET hidden_octets = ? WHERE account = 100').run(most * OCTETS);
  db.prepare('UPDATE account SET settings = ? WHERE id = 100').run(JSON.stringify({ quota: 2 * OCTETS }));
  sweep(t, found, runner);
  assert.equal(left().length, 2);
});

test('a step that was undone is done again, wherever a look into all mailboxes had come', async (t) => {
  const found = await bench(t);
  const { db, at, mailbox, left } = found;
  for (let n = 0; n < 900; n += 1) mailbox(1000 + n, n % 3 === 0 ? days(15) : days(1));
  db.exec('UPDATE mailbox SET sweep_at = NULL');
  const runner = new SqliteRunner(db);
  for (let undone = true, more = true; more || undone; undone = !undone) {
    db.exec('BEGIN');
    const step = runner.run(sweepDeleted(at, KEPT));
    db.exec(undone ? 'ROLLBACK' : 'COMMIT');
    if (!undone) more = step;
  }
  assert.equal(left().length, 600);
  assert.equal(db.prepare('SELECT count(*) FROM mailbox WHERE sweep_at IS NOT NULL').pluck().get(), 600);
});

test('a crash before the mailbox was cut down to its quota leaves that to the next sweep', async (t) => {
  const found = await bench(t);
  const { db, at, mailbox, left } = found;
  mailbox(100, days(1));
  const runner = new SqliteRunner(db);
  sweep(t, found, runner);
  db.prepare('UPDATE account SET settings = ? WHERE id = 100').run(JSON.stringify({ quota: 1.5 * OCTETS }));
  sweep(t, found, runner);
  db.prepare("INSERT INTO content (message, data_key, chunks, refs) VALUES (7, x'00', 0, 1)").run();
  db.prepare('UPDATE mailbox SET messages = 1, octets = ? WHERE account = 100').run(OCTETS);
  db.prepare("INSERT INTO entry (account, uid, message, octets, uidl) VALUES (100, 2, 7, ?, x'00')").run(OCTETS);
  const answer = new WriterWorker(db, at).apply({
    ...{ object: 'maildrops', method: 'commit', at },
    args: [100, [2], [2], [], { notices: [] }],
  });
  assert(answer.kind === 'done');
  assert.deepEqual([answer.effects?.crowded, left()], [[100], [100, 100]]);
  sweep(t, found, new SqliteRunner(db));
  assert.deepEqual(db.prepare('SELECT message FROM hidden_entry').pluck().all(), [7]);
});

test('whatever people and operators do, a sweep leaves exactly what may still be handed out again', async (t) => {
  const seed = 1523;
  t.diagnostic(`seed ${seed}`);
  const chance = seeded(seed);
  let kept = KEPT;
  let s = await openTestStore(t, { testing: { changesTwice: true } });
  const { options, clock } = s;
  const reading = openReading(join(options.dataFolder, DATABASE_FILE));
  t.after(() => reading.close());
  const names = ['anna', 'bert', 'cora', 'dirk', 'els'];
  const ids = new Map<string, AccountId>();
  for (const name of names) ids.set(name, await addAccount(s.store, name));
  await s.store.registry.addOrganisation({ name: 'other', title: 'Other', language: 'nl' }, actor);
  const began = clock.now();
  const steps: Readonly<Record<string, (name: string) => Promise<unknown>>> = {
    deletes: async (name) => {
      for (let n = chance.below(3); n >= 0; n -= 1)
        await deliver(s.store, chance.octets(200 + chance.below(2000)), `${name}@group.test`);
      const lock = await s.store.lockMaildrop(ids.get(name)!, { session: name, network: '192.0.2.0' });
      assert(lock !== 'in-use');
      const listing = await s.store.listMaildrop(lock);
      const uids = Array.from({ length: listing.count }, (_, i) => listing.uidOf(i));
      await s.store.commitMaildrop(lock, uids, uids, []);
    },
    restores: (name) => s.store.restoreEntries(ids.get(name)!, { since: instant(clock.now() - days(2)) }, actor),
    waits: async () => Promise.resolve(clock.setWall(clock.now() + chance.below(days(6)))),
    moment: async () => Promise.resolve(clock.setWall(clock.now() + chance.below(2))),
    quota: (login) => {
      const quota = chance.pick([2000, 5000, 20_000, null]);
      return s.store.registry.changeSettings({ scope: 'account', login }, { quota }, actor);
    },
    time: () => {
      const changes = { 'keep-deleted': chance.pick([0, 1, 5, 30, null]), quota: chance.pick([4000, null]) };
      const name = chance.pick(['practice', 'other']);
      return s.store.registry.changeSettings({ scope: 'organisation', name }, changes, actor);
    },
    starts: async () => {
      kept = chance.pick([KEPT, days(3), days(0), hours(1)]);
      s = await s.reopen({ retention: { hidden: kept } });
    },
  };
  const rows = (): { account: number; hidden_at: number; uid: number; octets: number }[] =>
    reading
      .prepare<[], { account: number; hidden_at: number; uid: number; octets: number }>(
        'SELECT account, hidden_at, uid, octets FROM hidden_entry ORDER BY account, hidden_at, uid',
      )
      .all();
  const rules = (): Map<number, { settings: string; organisation: string }> =>
    new Map(
      reading
        .prepare<[], { id: number; settings: string; organisation: string }>(
          `SELECT a.id, a.settings, o.settings AS organisation FROM account a JOIN organisation o ON o.id = a.organisation`,
        )
        .all()
        .map((row) => [row.id, row]),
    );
  const MOSTLY = Array.from({ length: 3 }, () => 'deletes');
  let [swept, left] = [0, 0];
  for (let n = 0; n < 200; n += 1) {
    const step = chance.pick([
      ...MOSTLY,
      'restores',
      'waits',
      'moment',
      'quota',
      'time',
      ...(n % 10 === 0 ? ['starts'] : []),
    ]);
    await steps[step]!(chance.pick(names));
    if (chance.below(3) > 0) continue;
    const [before, its] = [rows(), rules()];
    await s.store.sweep();
    const at = clock.now();
    const expected = names.flatMap((name) => {
      const account = ids.get(name)!;
      const mine = before.filter((row) => row.account === account);
      const { settings, organisation } = its.get(account)!;
      const own = JSON.parse(settings) as { quota?: number };
      const all = JSON.parse(organisation) as { quota?: number; 'keep-deleted'?: number };
      const since = at - (all['keep-deleted'] === undefined ? kept : days(all['keep-deleted']));
      const quota = own.quota ?? all.quota ?? Number.POSITIVE_INFINITY;
      let octets = mine.reduce((sum, row) => sum + row.octets, 0);
      return mine.filter((row) => {
        const goes = row.hidden_at < since || octets > quota;
        if (goes) octets -= row.octets;
        return !goes;
      });
    });
    assert.deepEqual(rows(), expected, `after step ${n}, ${step}`);
    swept += before.length - expected.length;
    left += expected.length;
  }
  t.diagnostic(`${swept} swept, ${left} left, in ${Math.round((clock.now() - began) / days(1))} days`);
  assert(swept > 50 && left > 50);
});
