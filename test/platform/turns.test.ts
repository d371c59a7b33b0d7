import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Round, Turns } from '../../src/platform/turns.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a turn is over when its time is used up, and the next one begins anew', async () => {
  let now = 0;
  const turns = new Turns(5, () => now);
  assert.equal(turns.over(), false);
  now = 4.9;
  assert.equal(turns.over(), false);
  now = 5;
  assert.equal(turns.over(), true);
  await turn();
  assert.equal(turns.over(), false, 'the time that passed before a turn is not counted in it');
});

test('an account that is alone has all of a turn; beside another it has its share, and who comes first goes on at once', async () => {
  let now = 0;
  const turns = new Turns(5, () => now);
  /** Pieces of 0.5 ms until the turn is over for the account. */
  const pieces = (key: string): number => {
    let done = 0;
    for (; !turns.over(key); done += 1) now += 0.5;
    return done;
  };
  assert.equal(pieces('greedy'), 10, 'alone: the whole turn');
  assert.equal(turns.over('modest'), false, 'the turn is used up, but the other had nothing of it');
  now += 0.5;
  await turn();
  assert.equal(pieces('greedy'), 2, 'beside the other: its share');
  assert.equal(pieces('modest'), 2);
  assert.equal(turns.over('third'), false);
  await turn();
  now += 99;
  assert.equal(pieces('greedy'), 2, 'the others are remembered');
  await turn();
  now += 101;
  assert.equal(pieces('greedy'), 10, 'and forgotten');
  await turn();
});

test('accounts that come first do not make a turn longer than twice its limit', async () => {
  let now = 0;
  const turns = new Turns(5, () => now);
  let accounts = 0;
  for (; !turns.over(accounts); accounts += 1) now += 0.5;
  assert.equal(accounts, 20);
  assert.equal(turns.over(), true);
  await turn();
});

test('who waits goes on in a later turn, one in each, in the order of their coming', async () => {
  const turns = new Turns();
  const order: string[] = [];
  for (const name of ['a', 'b', 'c']) turns.next(() => order.push(name));
  assert.equal(order.join(), '');
  await turn();
  assert.equal(order.join(), 'a');
  await turn();
  await turn();
  assert.equal(order.join(), 'a,b,c');
  turns.next(() => order.push('d'));
  await turn();
  assert.equal(order.join(), 'a,b,c,d');
});

test('chains of settled promises, many side by side, leave a timer its turn', async () => {
  const turns = new Turns(5);
  let longest = 0;
  let last = performance.now();
  let ticks = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    ticks += 1;
  }, 1);
  const chain = async (): Promise<void> => {
    for (let i = 0; i < 20; i += 1) {
      await Promise.resolve();
      if (turns.over()) await new Promise<void>((resolve) => turns.next(resolve));
      const until = performance.now() + 0.05;
      while (performance.now() < until);
    }
  };
  // A fifth of a second of work that, without the turns, is one hold.
  await Promise.all(Array.from({ length: 200 }, chain));
  clearInterval(timer);
  assert.ok(ticks >= 10, `a timer of 1 ms ran ${ticks} times in 200 ms of work; it was held ${longest.toFixed(0)} ms`);
});

test('pieces of many large messages take a turn each, in the order in which they asked', async () => {
  const line = new Turns();
  const order: string[] = [];
  let turn = 0;
  const count = setInterval(() => undefined, 1000);
  const message = async (name: string): Promise<void> => {
    for (let piece = 0; piece < 3; piece += 1) {
      await line.rest();
      order.push(`${name}${piece} ${turn}`);
    }
  };
  let over = false;
  const turning = (): void => {
    turn += 1;
    if (!over) setImmediate(turning);
  };
  setImmediate(turning);
  await Promise.all([message('a'), message('b'), message('c')]);
  over = true;
  clearInterval(count);
  assert.deepEqual(
    order.map((each) => each.split(' ')[0]),
    ['a0', 'b0', 'c0', 'a1', 'b1', 'c1', 'a2', 'b2', 'c2'],
  );
  assert.equal(new Set(order.map((each) => each.split(' ')[1])).size, 9, 'no two in one turn');
});

test('who is many is gone through in as many turns as it takes, and who has left meanwhile is passed over', async () => {
  let now = 0;
  const turns = new Turns(5, () => now);
  const all = new Set(Array.from({ length: 20 }, (_none, i) => i));
  const done: number[] = [];
  let ended = 0;
  turns.each(
    all,
    (one) => {
      done.push(one);
      now += 1;
    },
    () => (ended = done.length),
  );
  assert.equal(done.length, 6, 'the first ones at once, and no more than a turn has time for after the first');
  all.delete(7);
  all.add(20);
  for (let turnsNeeded = 0; ended === 0; turnsNeeded += 1) {
    const before: number = done.length;
    assert.ok(turnsNeeded < 10, 'it does not end');
    await turn();
    assert.ok(done.length - before <= 6, `${done.length - before} in a turn`);
  }
  assert.deepEqual(
    done,
    [...all].filter((one) => one !== 20),
  );
});

test('what is to be done soon is done at once, or in a later turn when this one is used up', async () => {
  let now = 0;
  const turns = new Turns(5, () => now);
  const order: string[] = [];
  turns.soon(() => order.push('at once'));
  now = 5;
  turns.soon(() => order.push('later'));
  assert.deepEqual(order, ['at once']);
  await turn();
  assert.deepEqual(order, ['at once', 'later']);
});

test('a round that comes due while one is under way is made up for, once', async () => {
  let now = 0;
  const looked: string[] = [];
  let label = 'first';
  const round = new Round(
    new Set([1, 2, 3]),
    (one) => {
      looked.push(`${label} ${one}`);
      now += 6;
    },
    new Turns(5, () => now),
  );
  round.begin();
  label = 'later';
  round.begin();
  round.begin();
  for (let n = 0; n < 8; n += 1) await turn();
  assert.deepEqual(looked, ['first 1', 'first 2', 'later 3', 'later 1', 'later 2', 'later 3']);
});
