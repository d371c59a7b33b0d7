import assert from 'node:assert/strict';
import { test } from 'node:test';
import { milliseconds, seconds } from '../../src/domain/units.ts';
import { Deadline, RateWatch } from '../../src/platform/deadline.ts';

const at = seconds;

test('a deadline passes when its time is over, is moved by set and never passes after clear', () => {
  const deadline = new Deadline();
  assert.equal(deadline.passed(at(1_000_000)), false);
  deadline.set(at(10), seconds(5));
  assert.equal(deadline.passed(milliseconds(14_999)), false);
  assert.equal(deadline.passed(at(15)), true);
  deadline.set(at(15), seconds(5));
  assert.equal(deadline.passed(at(19)), false);
  deadline.clear();
  assert.equal(deadline.passed(at(1_000_000)), false);
});

test('a peer is too slow when one window holds less than the least', () => {
  const watch = new RateWatch(100, seconds(60));
  watch.begin(at(0));
  watch.add(100);
  assert.equal(watch.tooSlow(at(59)), false);
  assert.equal(watch.tooSlow(at(60)), false);
  watch.add(99);
  assert.equal(watch.tooSlow(at(119)), false);
  assert.equal(watch.tooSlow(at(120)), true);
});

test('what came in an earlier window does not help', () => {
  const watch = new RateWatch(100, seconds(60));
  watch.begin(at(0));
  watch.add(1_000_000);
  assert.equal(watch.tooSlow(at(60)), false);
  assert.equal(watch.tooSlow(at(120)), true);
});

test('time that we hold the peer back in does not count', () => {
  const watch = new RateWatch(100, seconds(60));
  watch.begin(at(0));
  watch.hold(true);
  for (let s = 1; s <= 300; s++) assert.equal(watch.tooSlow(at(s)), false);
  watch.hold(false);
  assert.equal(watch.tooSlow(at(359)), false);
  assert.equal(watch.tooSlow(at(360)), true);
});

test('an octet now and then, each held for a moment, is too slow all the same', () => {
  const watch = new RateWatch(100, seconds(60));
  watch.begin(at(0));
  for (let s = 1; s < 60; s++) {
    watch.add(1);
    watch.hold(true);
    watch.hold(false);
    assert.equal(watch.tooSlow(at(s)), false);
  }
  assert.equal(watch.tooSlow(at(60)), true);
});
