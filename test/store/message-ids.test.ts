import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import Database from 'better-sqlite3';
import { messageIdOf, messageNumber, parseMessageId } from '../../src/domain/ids.ts';
import { days, hours, instant } from '../../src/domain/units.ts';
import { IDS_PER_MILLISECOND, MAX_NODE, MessageIds, firstIdAt, idTime } from '../../src/store/message-ids.ts';
import { seeded } from '../support/seeded.ts';
import { addAccount, deliver, messagesIn, openTestStore } from '../support/store.ts';

const NOW = instant(Date.UTC(2026, 10, 25, 12));
const nodeOf = (id: bigint): number => Number((id >> 13n) & 255n);
const sequenceOf = (id: bigint): number => Number(id & 8191n);
/** As ids were made before nodes had bits in them. */
const oldId = (at: number, counter: number): bigint => (BigInt(at) << 21n) + BigInt(counter);

test('an id holds its millisecond, the node that made it and a count', () => {
  const ids = new MessageIds(0n, 37);
  const [first, second] = [ids.next(NOW), ids.next(NOW)];
  assert.deepEqual([idTime(first), nodeOf(first), sequenceOf(first)], [NOW, 37, 0]);
  assert.deepEqual([idTime(second), nodeOf(second), sequenceOf(second)], [NOW, 37, 1]);
  assert.equal(new MessageIds(0n).next(NOW), firstIdAt(NOW), 'node 0 by default');
  assert.equal(parseMessageId(messageIdOf(first)), messageIdOf(first));
  assert.equal(messageNumber(messageIdOf(first)), first);
  assert(new MessageIds(0n, MAX_NODE).next(instant(Date.UTC(2109, 0))) < 2n ** 63n);
});

test('ids rise within a millisecond, when the clock goes back, and above what the store has written down', () => {
  const ids = new MessageIds(0n);
  const first = ids.next(NOW);
  assert.equal(ids.next(NOW), first + 1n);
  assert.equal(ids.next(instant(NOW - hours(1))), first + 2n);
  assert.equal(idTime(ids.next(instant(NOW + 1))), NOW + 1);
  assert.equal(new MessageIds(first + 50n).next(NOW), first + 51n);
});

test('what does not fit into a millisecond goes into the next, and never into the bits of another node', () => {
  for (const node of [0, 1, 254, MAX_NODE]) {
    const ids = new MessageIds(0n, node);
    const made = Array.from({ length: 3 * IDS_PER_MILLISECOND + 1 }, () => ids.next(NOW));
    assert.equal(IDS_PER_MILLISECOND, 8192);
    made.forEach((id, i) =>
      assert.deepEqual(
        [idTime(id), nodeOf(id), sequenceOf(id)],
        [NOW + Math.floor(i / IDS_PER_MILLISECOND), node, i % IDS_PER_MILLISECOND],
      ),
    );
    // The clock comes to a millisecond that is used up.
    assert.equal(ids.next(instant(NOW + 2)), made.at(-1)! + 1n);
    assert.deepEqual([idTime(ids.next(instant(NOW + 4))), nodeOf(ids.next(instant(NOW + 4)))], [NOW + 4, node]);
  }
});

test('256 nodes that are busy in the same milliseconds make no id twice', () => {
  const made = new Set<bigint>();
  for (let node = 0; node <= MAX_NODE; node += 1) {
    const ids = new MessageIds(oldId(NOW, 12_345), node);
    for (let i = 0; i < 20; i += 1) made.add(ids.next(instant(NOW + (i % 3))));
  }
  // Three that overflow beside each other.
  for (const node of [7, 8, 9]) {
    const ids = new MessageIds(0n, node);
    for (let i = 0; i < 2 * IDS_PER_MILLISECOND + 10; i += 1) made.add(ids.next(instant(NOW + 100)));
  }
  assert.equal(made.size, 256 * 20 + 3 * (2 * IDS_PER_MILLISECOND + 10));
});

test('a node starts above what was filed, at most a millisecond ahead, also where its count looks like another node', () => {
  const seed = Date.now() % 1_000_000;
  const random = seeded(seed);
  const counters = [0, 1, 8190, 8191, 8192, 9000, 16_383, 16_384, 2 ** 21 - 1];
  for (let i = 0; i < 5000; i += 1) {
    const node = random.pick([0, 0, 1, 2, 128, MAX_NODE, random.below(MAX_NODE + 1)]);
    const highest = oldId(NOW, random.pick([...counters, random.below(2 ** 21)]));
    // The clock may have gone back, or stand still, since that one was made.
    const now = instant(NOW - random.pick([0, 0, 1, hours(1)]));
    const ids = new MessageIds(highest, node);
    let last = highest;
    for (let n = 0; n < 3; n += 1) {
      const id = ids.next(now);
      const what = `seed ${seed}: node ${node} above ${highest}`;
      assert(id > last, what);
      assert.equal(nodeOf(id), node, what);
      assert(idTime(id) - NOW <= 1, what);
      last = id;
    }
  }
});

test('ids from before nodes keep their time, their day and their place among those of all nodes', () => {
  // As they were printed by a gateway that had counted to 3 and to 9,001 in that millisecond.
  for (const [text, counter] of [
    ['38gjjev000003', 3],
    ['38gjjev0008s9', 9001],
  ] as const) {
    const id = messageNumber(parseMessageId(text)!);
    assert.deepEqual([id, idTime(id), messageIdOf(id)], [oldId(NOW, counter), NOW, text]);
  }
  const day = instant(Date.UTC(2026, 10, 25));
  const [from, to] = [firstIdAt(day), firstIdAt(instant(day + days(1)))];
  for (const at of [day, NOW, day + days(1) - 1])
    for (const id of [
      ...[0, 8191, 8192, 2 ** 21 - 1].map((counter) => oldId(at, counter)),
      ...[0, 1, MAX_NODE].map((node) => new MessageIds(0n, node).next(instant(at))),
    ]) {
      assert.equal(idTime(id), at);
      assert(id >= from && id < to);
    }
  assert(oldId(day - 1, 2 ** 21 - 1) < from);
  assert(new MessageIds(0n, 0).next(instant(day + days(1))) >= to);
});

test('a node has a number from 0 to 255', () => {
  for (const node of [-1, 256, 1.5, Number.NaN])
    assert.throws(() => new MessageIds(0n, node), {
      name: 'RangeError',
      message: /expected a whole number from 0 to 255/,
    });
});

test('a store goes on above an id that looks like another node, and one clock that was set back', async (t) => {
  let s = await openTestStore(t);
  const anna = await addAccount(s.store, 'anna');
  const before = await deliver(s.store, Buffer.from('before\r\n'), 'anna@group.test');
  await s.close();
  const floor = oldId(idTime(messageNumber(before.id)) + hours(2), 9000);
  const db = new Database(join(s.options.dataFolder, 'sluis.db'));
  db.prepare("INSERT INTO fact (name, value) VALUES ('last_id', ?)").run(floor);
  db.close();
  s = await s.reopen();
  const after = await deliver(s.store, Buffer.from('after\r\n'), 'anna@group.test');
  const id = messageNumber(after.id);
  assert(id > floor && nodeOf(id) === 0 && nodeOf(floor) === 1);
  assert.deepEqual(await messagesIn(s.store, anna), [before.id, after.id]);
  const found = await s.store.deliveries.findMessages({ limit: 10, since: instant(0) });
  assert.deepEqual(
    found.map((message) => message.id),
    [after.id, before.id],
  );
});
