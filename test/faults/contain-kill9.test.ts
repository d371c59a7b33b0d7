/**
 * kill -9 of the gateway in the middle of a containment: parts of 200 are whole or untouched, and
 * the same command goes on.
 */
// @release: several transactions, each whole by itself: `kill9` and `store-power` try that a transaction is, at every merge.
// @beside
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hashPassword } from '../../src/crypto/passwords/password.ts';
import { start } from '../support/command-line.ts';
import { Instance, type Served } from '../support/instance.ts';
import { until } from '../support/until.ts';

const ACCOUNTS = 8000;
const PART = 200;
const KILLS = 3;
let instance: Instance;
let list = '';

before(async () => {
  instance = await Instance.create();
  const names = Array.from({ length: ACCOUNTS }, (_, n) => `a${n}`);
  instance.addAccounts(names, { hash: await hashPassword('Secret-many-pw') });
  list = join(instance.folder, 'list.csv');
  writeFileSync(list, `account\n${names.join('\n')}\n`);
});
after(() => instance.remove());

const count = (sql: string): number => instance.count(sql);
const suspended = (): number => count("SELECT count(*) FROM account WHERE state = 'suspended'");
const rows = (): number => count("SELECT count(*) FROM audit WHERE event = 'registry.account-contained'");

test(`${KILLS} times killed and repeated, a containment comes to its end`, { timeout: 180_000 }, async (t) => {
  const contain = ['account', 'contain', '--from', list, '--reason', 'a leaked list'];
  let served: Served = await instance.serve();
  const seen: number[] = [];
  for (let round = 0; round < KILLS; round += 1) {
    const enough = suspended() + PART;
    const command = start([...contain, '--config', instance.config]);
    await until('a part', () => suspended() >= enough || command.child.exitCode !== null, 60_000);
    await served.kill();
    await command.end('SIGKILL');
    const now = suspended();
    seen.push(now);
    assert.equal(now % PART, 0, 'a part is whole or untouched');
    assert.equal(count('SELECT count(*) FROM password'), ACCOUNTS - now, 'passwords went with it');
    assert.equal(rows(), now, 'and its rows');
    served = await instance.serve();
  }
  t.diagnostic(`contained after each kill: ${seen.join(', ')}`);
  assert.ok(seen[0]! >= PART && seen[0]! < ACCOUNTS, 'the first kill was in the middle');
  const done = instance.sluis(...contain);
  assert.match(done, new RegExp(`^${ACCOUNTS} accounts are contained, 0 sessions were ended\\.$`, 'm'));
  assert.match(done, new RegExp(`^${seen.at(-1)} of them had nothing left to take\\.$`, 'm'));
  assert.equal(suspended(), ACCOUNTS);
  assert.equal(rows(), ACCOUNTS);
  instance.sluis('audit', 'verify');
  assert.equal(await served.stop(), 0);
});
