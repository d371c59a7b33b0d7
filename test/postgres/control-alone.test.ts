/**
 * A control of histories.test.ts, in a file of its own so that the two run beside each other:
 * commits wait for nobody. That it is found shows that the judge would find it in the program.
 */
// @beside
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { more, startHistories } from '../support/history-scene.ts';
import { judged } from '../support/verdict.ts';

test('control: commits that wait for nobody, acknowledged all the same, are found lost', async (t) => {
  const { cluster, crew } = await startHistories(t, { synchronous: false, mistake: 'unguarded' });
  crew.start();
  await more(crew, 30);
  await cluster.isolate('noord');
  await more(crew, 40);
  await cluster.kill('noord-1');
  await cluster.reconnect('noord');
  await cluster.failOver();
  await more(crew, 10);
  assert.ok(judged(t, await crew.stop()).lost.length > 0);
});
