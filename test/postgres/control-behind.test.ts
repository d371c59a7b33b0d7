/**
 * A control of histories.test.ts, in a file of its own so that the two run beside each other: the
 * standby that is behind is promoted. That it is found shows that the judge would find it in the
 * program.
 */
// @beside
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { more, startHistories } from '../support/history-scene.ts';
import { judged } from '../support/verdict.ts';

test('control: the standby that is behind takes over, and what was acknowledged is found lost', async (t) => {
  const { cluster, crew } = await startHistories(t);
  crew.start();
  await more(crew, 30);
  await cluster.cut('noord', 'derde');
  await more(crew, 60);
  await cluster.kill('noord-1');
  await cluster.heal('noord', 'derde');
  await cluster.promote('derde-1');
  // What the other one has beyond it would keep every commit from being acknowledged.
  await cluster.stop('zuid-1');
  await cluster.rejoin('zuid-1');
  await more(crew, 10);
  assert.ok(judged(t, await crew.stop()).lost.length > 0);
});
