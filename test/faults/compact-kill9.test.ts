/**
 * kill -9 of `sluis store compact` at moments all over its run: the store has all its mail each
 * time, and the next run goes through.
 */
// @release: several transactions, each whole by itself: `kill9` and `store-power` try that a transaction is, at every merge.
// @beside
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { start } from '../support/command-line.ts';
import { Instance, addressOf, loginOf } from '../support/instance.ts';
import { Ledger } from '../support/ledger.ts';
import { SmtpClient, acceptedId } from '../support/smtp-client.ts';
import { collect, pause } from './support/traffic.ts';
import { effort } from '../support/effort.ts';

const MESSAGES = 40;
const ROUNDS = effort(6, 10);
let instance: Instance;
let ledger: Ledger;

before(async () => {
  instance = await Instance.create();
  instance.addAccounts(['sender', 'anna']);
  ledger = new Ledger(addressOf('sender'));
  const served = await instance.serve();
  const client = await SmtpClient.open(instance.target('submission'), loginOf('sender'));
  for (let n = 0; n < MESSAGES; n += 1) {
    const message = ledger.compose(n % 2 === 0 ? 2_000_000 : 2000);
    const reply = await client.submit(addressOf('sender'), [addressOf('anna')], message.wire);
    ledger.acknowledge(message, acceptedId(reply));
  }
  await client.quit();
  assert.equal(await served.stop(), 0);
});
after(() => instance.remove());

test(`${ROUNDS} times killed in the middle, a compaction leaves the store whole`, { timeout: 240_000 }, async (t) => {
  const draft = join(loadConfig(instance.config).data.folder, 'sluis.db.compact');
  const args = ['store', 'compact', '--config', instance.config];
  const began = performance.now();
  instance.sluis(...args.slice(0, 2));
  const whole = performance.now() - began;
  const ended: string[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const command = start(args);
    // A run takes longer in one round than in another: from a third of it on it has begun.
    await pause(whole * (0.3 + (0.7 * round) / ROUNDS));
    const code = await command.end('SIGKILL');
    ended.push(code === 0 ? 'done' : existsSync(draft) ? 'writing or comparing' : 'before or behind');
    const served = await instance.serve();
    assert.equal(await collect(instance, ledger, ['anna'], { remove: false }), MESSAGES);
    assert.equal(await served.stop(), 0);
  }
  t.diagnostic(`ended: ${ended.join(', ')}`);
  assert(ended.includes('writing or comparing'), 'no kill came in the middle');
  instance.sluis(...args.slice(0, 2));
  assert.equal(existsSync(draft), false);
  const served = await instance.serve();
  assert.equal(await collect(instance, ledger, ['anna'], { remove: true }), MESSAGES);
  const { lost, damaged } = ledger.report();
  assert.deepEqual([lost, damaged], [[], []]);
  assert.equal(await served.stop(), 0);
});
