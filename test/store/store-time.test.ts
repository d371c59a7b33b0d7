import assert from 'node:assert/strict';
import test from 'node:test';
import { hours, instant } from '../../src/domain/units.ts';
import { StoreTime } from '../../src/store/core/store-time.ts';
import { FakeClock } from '../support/clock.ts';

test('the time of the store follows the wall clock, but never back: it goes on at its own pace', () => {
  const clock = new FakeClock();
  const start = clock.now();
  const time = new StoreTime(clock, instant(0));
  assert.equal(time.now(), start);
  clock.setWall(start - hours(1));
  assert.equal(time.now(), start);
  clock.advance(5000);
  assert.equal(time.now(), start + 5000);
  clock.setWall(start + hours(2));
  assert.equal(time.now(), start + hours(2));
});

test('the time of the store starts no earlier than what it has written down', () => {
  const clock = new FakeClock();
  assert.equal(new StoreTime(clock, instant(clock.now() + 777)).now(), clock.now() + 777);
});
