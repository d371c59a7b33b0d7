/** Which old days can still be read, what keeps them, and until when. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { keptDays } from '../../src/admin/kept-days.ts';
import type { AccountId } from '../../src/domain/ids.ts';
import { days, instant } from '../../src/domain/units.ts';
import type { Holding } from '../../src/store/deliveries.ts';
import { firstIdAt } from '../../src/store/message-ids.ts';
import { holdingsBehind } from '../../src/store/reads/holdings.ts';
import { openWriting } from '../../src/store/sqlite/database.ts';
import { SqliteRunner } from '../../src/store/sqlite/runner.ts';
import { addPartner } from '../store/partner-contract.ts';
import { collect } from '../store/erasure-contract.ts';
import { addAccount, createStoreAt, deliver, openTestStore, testOptions } from '../support/store.ts';

test('each old day says what keeps it, in whose mailboxes and until when; yesterday and today are not old', async (t) => {
  const { store, clock } = await openTestStore(t);
  const anna = await addAccount(store, 'anna');
  const bert = await addAccount(store, 'bert', { 'keep-uncollected': 30 });
  await addPartner(store);
  await store.registry.setPartnerDomain('hospital', 'hospital.test', 'add', { name: 'test' });
  const first = clock.now();
  for (let i = 0; i < 3; i += 1) await deliver(store, Buffer.from('x'), 'anna@group.test');
  await collect(store, anna);
  await deliver(store, Buffer.from('x'), 'bert@group.test');
  clock.advance(days(1));
  await deliver(store, Buffer.from('x'), 'bert@group.test');
  clock.advance(days(1));
  const third = clock.now();
  await deliver(store, Buffer.from('x'), 'bert@group.test');
  await collect(store, bert, true);
  clock.advance(days(1));
  await deliver(store, Buffer.from('x'), 'er@hospital.test');
  clock.advance(days(1));
  await deliver(store, Buffer.from('x'), 'anna@group.test');
  clock.advance(days(1));
  await deliver(store, Buffer.from('x'), 'anna@group.test');

  const nothing = { left: 0, uncollected: 0, deleted: 0, queue: 0 };
  const goes = (at: number): string => new Date(at + days(14)).toISOString();
  assert.deepEqual(await keptDays(store, clock.now()), [
    { ...nothing, day: '2026-11-25', left: 3, deleted: 1, mailboxes: ['anna', 'bert'], mailboxCount: 2 },
    { ...nothing, day: '2026-11-26', deleted: 1, mailboxes: ['bert'], mailboxCount: 1, until: goes(third) },
    { ...nothing, day: '2026-11-27', deleted: 1, mailboxes: ['bert'], mailboxCount: 1, until: goes(third) },
    { ...nothing, day: '2026-11-28', queue: 1, mailboxes: [], mailboxCount: 0 },
  ]);
  // What she left goes: then the day ends as the others do, and when it was said.
  await collect(store, anna, true);
  const [day] = await keptDays(store, clock.now());
  assert.deepEqual([day?.left, day?.until], [0, goes(clock.now())]);
  clock.setWall(instant(Date.parse(goes(clock.now())) + 1));
  await store.sweep();
  assert.equal(
    (await keptDays(store, clock.now())).some((each) => each.day === '2026-11-25'),
    false,
  );
  assert(first < third);
});

test('what nobody fetched keeps its day until it ends and can no longer be handed out again', async (t) => {
  const { store, clock } = await openTestStore(t);
  await addAccount(store, 'bert', { 'keep-uncollected': 30 });
  const at = clock.now();
  await deliver(store, Buffer.from('x'), 'bert@group.test');
  clock.advance(days(3));
  const [day] = await keptDays(store, clock.now());
  assert.deepEqual(
    [day?.uncollected, day?.until?.slice(0, 16)],
    [1, new Date(at + days(44)).toISOString().slice(0, 16)],
  );
});

test('what was handed out again keeps its day until its own time is over', async (t) => {
  const { store, clock } = await openTestStore(t);
  const bert = await addAccount(store, 'bert', { 'keep-uncollected': 30 });
  await deliver(store, Buffer.from('x'), 'bert@group.test');
  await collect(store, bert, true);
  clock.advance(days(9));
  const at = clock.now();
  assert.equal(await store.restoreEntries(bert, { since: instant(0) }, { name: 'test' }), 1);
  const [day] = await keptDays(store, clock.now());
  assert.deepEqual([day?.uncollected, day?.until], [1, new Date(at + days(44)).toISOString()]);
});

test('steps of any size find every entry once', async (t) => {
  const options = testOptions(t);
  await createStoreAt(options);
  const db = openWriting(join(options.dataFolder, 'sluis.db'), 'FULL');
  t.after(() => db.close());
  const id = (day: number): bigint => firstIdAt(instant(Date.UTC(2026, 9, day)));
  const entry = db.prepare(
    "INSERT INTO entry (account, uid, message, octets, uidl, retrieved) VALUES (?, ?, ?, 1, x'00', ?)",
  );
  const hidden = db.prepare(
    'INSERT INTO hidden_entry (account, hidden_at, uid, message, octets, retrieved) VALUES (?, ?, ?, ?, 1, 2)',
  );
  for (const account of [2, 3])
    for (let uid = 1; uid <= 7; uid += 1) {
      entry.run(account, uid, id(uid % 3 === 0 ? 2 : 1), uid % 2 === 0 ? 2 : 0);
      hidden.run(account, 1000 + uid, uid + 100, id(1));
    }
  const allOf = (most: number): readonly string[] => {
    const runner = new SqliteRunner(db);
    const sums = new Map<string, number>();
    let after: readonly number[] | undefined;
    do {
      const step: { rows: readonly Holding[]; next?: readonly number[] } = runner.run(holdingsBehind(after, most));
      for (const { account, day, what, messages } of step.rows) {
        const key = `${account satisfies AccountId} ${day} ${what}`;
        sums.set(key, (sums.get(key) ?? 0) + messages);
      }
      after = step.next;
    } while (after !== undefined);
    return [...sums].map(([key, n]) => `${key}: ${n}`).sort();
  };
  const whole = allOf(1000);
  assert.deepEqual(
    whole.filter((line) => line.startsWith('2 ')),
    [
      '2 2026-10-01 deleted: 7',
      '2 2026-10-01 left: 2',
      '2 2026-10-01 uncollected: 3',
      '2 2026-10-02 left: 1',
      '2 2026-10-02 uncollected: 1',
    ],
  );
  for (const most of [1, 2, 3, 7, 14]) assert.deepEqual(allOf(most), whole);
});
