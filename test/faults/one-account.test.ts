/**
 * One account with 28 connections does all it can, and another sends a small message now and then:
 * it waits a few turns, not behind the whole of the first one's work. Then the same without turns,
 * which must be far worse.
 *
 * Waiting is measured in the processor time that the gateway spends between the first octet of a
 * message and its `250`: what it does for others before it comes to this one. The clock would
 * measure the machine. What the clock says is told beside it.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Instance } from '../support/instance.ts';
import { quantile } from './support/attack.ts';
import { CONNECTIONS, LOADS, measure, prepared } from './support/one-account.ts';

const MESSAGES = 12;
/**
 * How many times its own work a message may wait for, where all threads count: on two cores the
 * clock says half of that. Some 4 to 9 are usual, 16 to 40 and more without turns.
 */
const MOST = 20;
let instance: Instance;

before(async () => {
  instance = await prepared();
});
after(() => instance.remove());

const middle = (values: readonly number[]): number => quantile(values, 0.5);

for (const load of LOADS)
  test(`${load.what} over ${CONNECTIONS} connections of one account: another waits for a few turns`, async (t) => {
    const fair = await measure(instance, load, { turns: true, messages: MESSAGES });
    const control = await measure(instance, load, { turns: false, messages: MESSAGES });
    for (const [name, { quiet, beside }] of Object.entries({ 'with turns': fair, without: control }))
      t.diagnostic(
        `${name}: the gateway works ${middle(quiet.work).toFixed(1)} ms alone and ${middle(beside.work).toFixed(1)} ms beside (x ${(middle(beside.work) / middle(quiet.work)).toFixed(1)}); ` +
          `by the clock ${middle(quiet.clock).toFixed(0)} and ${middle(beside.clock).toFixed(0)} ms, ` +
          `longest ${quantile(quiet.clock, 1).toFixed(0)} and ${quantile(beside.clock, 1).toFixed(0)} ms (x ${(quantile(beside.clock, 1) / quantile(quiet.clock, 1)).toFixed(1)}), ${beside.work.length} messages`,
      );
    const work = middle(fair.beside.work);
    assert.ok(
      work < MOST * middle(fair.quiet.work),
      `${work.toFixed(1)} ms of work before a small message is accepted`,
    );
    if (load.control === true)
      assert.ok(middle(control.beside.work) > 1.3 * work, 'without turns it waits no longer: this shows nothing');
  });
