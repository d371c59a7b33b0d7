import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Breaker, type PartnerSign, afterSign, atTime, closedBreaker } from '../../src/push/breaker.ts';
import { milliseconds, minutes, seconds } from '../../src/domain/units.ts';

const middle = (): number => 0.5;

/** One probe after the other, each as soon as it may be; the length of each pause. */
function pauses(sign: PartnerSign, times: number): number[] {
  let breaker: Breaker = closedBreaker;
  let now = milliseconds(0);
  return Array.from({ length: times }, () => {
    breaker = afterSign(breaker, sign, now, middle);
    const pause = breaker.until - now;
    now = breaker.until;
    breaker = atTime(breaker, now);
    assert.equal(breaker.state, 'half-open');
    return pause;
  });
}

test('a partner that is down is tried after 5 s, 15 s, 1 min, 2 min and then every 5 min', () => {
  const last = minutes(5);
  assert.deepEqual(pauses('down', 7), [seconds(5), seconds(15), minutes(1), minutes(2), last, last, last]);
});

test('it opens at once when the partner is down, and stays open until its pause is over', () => {
  const open = afterSign(closedBreaker, 'down', milliseconds(0), middle);
  assert.equal(open.state, 'open');
  assert.equal(atTime(open, milliseconds(4999)).state, 'open');
  assert.equal(atTime(open, milliseconds(5000)).state, 'half-open');
});

test('connections that break off within messages open it only three in a row', () => {
  let breaker = closedBreaker;
  const feel = (sign: PartnerSign): string => (breaker = afterSign(breaker, sign, milliseconds(0), middle)).state;
  assert.deepEqual(
    ['doubtful', 'doubtful', 'works', 'doubtful', 'doubtful'].map((s) => feel(s as PartnerSign)),
    ['closed', 'closed', 'closed', 'closed', 'closed'],
  );
  assert.equal(feel('doubtful'), 'open');
});

test('what was under way when it opened does not lengthen the pause, and a success ends it', () => {
  const open = afterSign(closedBreaker, 'down', milliseconds(0), middle);
  assert.deepEqual(afterSign(open, 'down', milliseconds(1000), middle), open);
  assert.deepEqual(afterSign(open, 'works', milliseconds(1000), middle), closedBreaker);
});
