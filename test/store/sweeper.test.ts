/** What one step of a sweep does, on a database of its own. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { type Instant, days, instant } from '../../src/domain/units.ts';
import { ChangeContext } from '../../src/store/changes/change-context.ts';
import type { Swept } from '../../src/store/changes/sweeps.ts';
import { firstIdAt } from '../../src/store/message-ids.ts';
import { MAIL_CHANGES } from '../../src/store/changes/table.ts';
import { type Db, openWriting } from '../../src/store/sqlite/database.ts';
import { createSqliteStore } from '../../src/store/sqlite/open.ts';
import { SqliteRunner } from '../../src/store/sqlite/runner.ts';
import { testOptions } from '../support/store.ts';

/** The steps of one sweep, each from the day at which the one before ended. */
function sweeping(db: Db, at: Instant, below: bigint): () => Swept {
  const runner = new SqliteRunner(db);
  const keptFor = { hidden: days(14), traces: days(90), networks: at, usage: at };
  let day = '';
  return () => {
    const step = { keptFor, open: [], below, day };
    const swept = runner.run(MAIL_CHANGES.sweeps.step(new ChangeContext(at, Buffer.alloc(32)), step));
    ({ day } = swept);
    return swept;
  };
}

test('a sweep ends, however many mailboxes and days it looks at in steps', async (t) => {
  const options = testOptions(t);
  await createSqliteStore(options);
  const db = openWriting(join(options.dataFolder, 'sluis.db'), 'FULL');
  t.after(() => db.close());
  const at = options.clock.now();
  const today = firstIdAt(at);
  db.exec('BEGIN');
  // 1,300 mailboxes; what is due in the first of them fills a step. And 60 days that are not empty.
  const content = db.prepare("INSERT INTO content (message, data_key, chunks, refs) VALUES (?, x'00', 1, 1)");
  for (let n = 0; n < 1300; n += 1) {
    const entries = n === 0 ? 200 : 1;
    db.prepare(
      "INSERT INTO account (id, login, organisation, kind, state, created_at) VALUES (?, ?, 1, 'mail', 'active', 0)",
    ).run(100 + n, `a${n}`);
    db.prepare('INSERT INTO mailbox (account, hidden_octets) VALUES (?, ?)').run(100 + n, entries);
    for (let uid = 1; uid <= entries; uid += 1) {
      const message = today + BigInt(1000 * n + uid);
      content.run(message);
      db.prepare(
        'INSERT INTO hidden_entry (account, hidden_at, uid, message, octets, retrieved) VALUES (?, ?, ?, ?, 1, 2)',
      ).run(100 + n, at - days(n === 0 ? 15 : 1), uid, message);
    }
  }
  for (let n = 2; n < 62; n += 1) {
    const day = instant(at - days(n));
    db.prepare('INSERT INTO day_key (day) VALUES (?)').run(new Date(day).toISOString().slice(0, 10));
    content.run(firstIdAt(day));
  }
  db.exec('COMMIT');
  const step = sweeping(db, at, today + 10_000_000n);
  let steps = 1;
  while (step().more && steps < 50) steps += 1;
  assert(steps < 20, `${steps} steps`);
  assert.equal(db.prepare('SELECT count(*) FROM hidden_entry').pluck().get(), 1299);
});

test('a day that is empty ends while uploads that were left over are still being removed', async (t) => {
  const options = testOptions(t);
  await createSqliteStore(options);
  const db = openWriting(join(options.dataFolder, 'sluis.db'), 'FULL');
  t.after(() => db.close());
  const at = options.clock.now();
  const today = firstIdAt(at);
  db.prepare("INSERT INTO day_key (day) VALUES ('2026-10-01'), ('2026-10-02')").run();
  db.prepare('INSERT INTO upload (message, started_at) VALUES (?, 0)').run(today);
  const chunk = db.prepare("INSERT INTO chunk (message, n, sealed, tag) VALUES (?, ?, x'00', x'00')");
  for (let n = 0; n < 100; n += 1) chunk.run(today, n);
  // The second day has a message yet.
  db.prepare("INSERT INTO content (message, data_key, chunks, refs) VALUES (?, x'00', 1, 1)").run(
    firstIdAt(instant(Date.UTC(2026, 9, 2, 12))),
  );
  const swept = sweeping(db, at, today + 1000n)();
  assert.deepEqual([swept.days, swept.more], [['2026-10-01'], true]);
});

test('days behind those that one step looks at are looked at by the next one, and then the first again', async (t) => {
  const options = testOptions(t);
  await createSqliteStore(options);
  const db = openWriting(join(options.dataFolder, 'sluis.db'), 'FULL');
  t.after(() => db.close());
  const at = options.clock.now();
  // 50 days, of which all but the last have a message.
  for (let n = 0; n < 50; n += 1) {
    const day = instant(at - days(60 - n));
    db.prepare('INSERT INTO day_key (day) VALUES (?)').run(new Date(day).toISOString().slice(0, 10));
    if (n < 49)
      db.prepare("INSERT INTO content (message, data_key, chunks, refs) VALUES (?, x'00', 1, 1)").run(firstIdAt(day));
  }
  const step = sweeping(db, at, firstIdAt(at));
  const last = new Date(at - days(11)).toISOString().slice(0, 10);
  const found: (readonly string[])[] = [];
  for (let n = 0; n < 10; n += 1) {
    const { days: empty, more } = step();
    found.push(empty);
    if (!more) break;
  }
  assert.deepEqual(found.at(-1), [last]);
  assert.deepEqual(found.flat().includes(last) && new Set(found.flat()).size, 1);
  assert.ok(found.length < 10, `${found.length} steps`);
});
