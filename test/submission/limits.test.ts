import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId } from '../../src/domain/ids.ts';
import { hours, minutes } from '../../src/domain/units.ts';
import { HourlyCount } from '../../src/submission/limits.ts';
import { FakeClock } from '../support/clock.ts';
import { toldBetween } from '../support/shared-counts.ts';

const account = 7 as AccountId;

test('a count of this hour is whole, that of the hour before fades with it', () => {
  const clock = new FakeClock();
  const count = new HourlyCount(clock);
  count.add(account, 100);
  assert.equal(count.of(account), 100);
  clock.advance(hours(1));
  assert.equal(count.of(account), 100);
  clock.advance(minutes(30));
  assert.equal(count.of(account), 50);
  count.add(account, 10);
  assert.equal(count.of(account), 60);
  clock.advance(minutes(30));
  assert.equal(count.of(account), 10);
  clock.advance(hours(2));
  assert.equal(count.of(account), 0);
});

test('accounts do not share a count, and the wall clock does not move it', () => {
  const clock = new FakeClock();
  const count = new HourlyCount(clock);
  count.add(account);
  clock.setWall(clock.now() + hours(48));
  assert.equal(count.of(account), 1);
  assert.equal(count.of(8 as AccountId), 0);
});

test('more accounts than it holds cost memory no more: the oldest are forgotten', () => {
  const count = new HourlyCount(new FakeClock());
  for (let id = 1; id <= 100_001; id++) count.add(id as AccountId);
  assert.deepEqual([count.of(1 as AccountId), count.of(2 as AccountId), count.of(100_001 as AccountId)], [0, 1, 1]);
});

test('gateways of one store count an hour together; where none hears the other, each by itself', () => {
  const clock = new FakeClock();
  for (const [deaf, expected] of [
    [false, [30, 30, 30]],
    [true, [5, 10, 15]],
  ] as const) {
    const counts = toldBetween(3, deaf).map((shared) => new HourlyCount(clock, shared.of('messages')));
    for (const [i, count] of counts.entries()) count.add(account, 5 * (i + 1));
    assert.deepEqual(
      counts.map((count) => count.of(account)),
      expected,
    );
  }
});
