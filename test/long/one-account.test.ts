/**
 * By the clock, and so for a machine that does nothing else: beside one account that does all it can over 28 connections the slowest of another's small
 * messages (p99) takes at most five times as long as the slowest without. The middle of three series: a p99 of 200 messages is the third slowest of them.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { quantile } from '../faults/support/attack.ts';
import { LOADS, measure, prepared } from '../faults/support/one-account.ts';
import type { Instance } from '../support/instance.ts';

const MESSAGES = 200;
const SERIES = 3;
const MOST = 5;
let instance: Instance;

before(async () => {
  instance = await prepared();
});
after(() => instance.remove());

for (const load of LOADS)
  test(`${load.what}: p99 of another account stays within ${MOST} times its quiet value`, async (t) => {
    const ratios: number[] = [];
    for (let series = 0; series < SERIES; series += 1) {
      const { quiet, beside } = await measure(instance, load, { turns: true, messages: MESSAGES });
      const [alone, with28] = [quantile(quiet.clock, 0.99), quantile(beside.clock, 0.99)];
      t.diagnostic(
        `p50 ${quantile(quiet.clock, 0.5).toFixed(1)} and ${quantile(beside.clock, 0.5).toFixed(1)} ms, ` +
          `p99 ${alone.toFixed(1)} and ${with28.toFixed(1)} ms (x ${(with28 / alone).toFixed(1)}), ${beside.clock.length} messages`,
      );
      assert.ok(beside.clock.length > MESSAGES / 2, 'too few messages for a p99');
      ratios.push(with28 / alone);
    }
    const middle = quantile(ratios, 0.5);
    assert.ok(
      middle <= MOST,
      `p99 is ${middle.toFixed(1)} times the quiet one: ${ratios.map((r) => r.toFixed(1)).join(', ')}`,
    );
  });
