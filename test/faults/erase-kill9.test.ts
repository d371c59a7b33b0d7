/**
 * kill -9 of the gateway in the middle of an erasure: the same command goes on, and nothing of the
 * organisation is left half.
 */
// @release: several transactions, each whole by itself: `kill9` and `store-power` try that a transaction is, at every merge.
// @beside
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hashPassword } from '../../src/crypto/passwords/password.ts';
import { start } from '../support/command-line.ts';
import { Instance, type Served } from '../support/instance.ts';
import { until } from '../support/until.ts';

const ACCOUNTS = 1000;
const KILLS = 3;
let instance: Instance;
const logins = Array.from({ length: ACCOUNTS }, (_, n) => `mail${n}@clinic.test`);

before(async () => {
  instance = await Instance.create();
  instance.sluis('organisation', 'add', 'clinic', '--title', 'Kliniek Zuid');
  const hash = await hashPassword('Secret-clinic-pw');
  const write = (name: string, lines: readonly string[]): string => {
    writeFileSync(join(instance.folder, name), [...lines, ''].join('\n'));
    return join(instance.folder, name);
  };
  const rows = logins.map((login) => `${login},${login},clinic,"${hash}"`);
  instance.sluis('account', 'import', write('a.csv', ['login,address,organisation,password_hash', ...rows]));
  instance.sluis('account', 'contain', '--from', write('c.csv', ['account', ...logins]), '--reason', 'contract ended');
});
after(() => instance.remove());

const count = (sql: string): number => instance.count(sql);
const ended = (): number => count("SELECT count(*) FROM account WHERE state = 'ended'");
const named = (): number => count("SELECT count(*) FROM account WHERE login LIKE '%@clinic.test'");

test(`${KILLS} times killed and repeated, an erasure comes to its end`, { timeout: 120_000 }, async (t) => {
  const erase = (file: string): string[] => [
    ...['organisation', 'erase', 'clinic', '--statement', join(instance.folder, file)],
    ...['--yes', '--reason', 'contract ended'],
  ];
  let served: Served = await instance.serve();
  const seen: number[] = [];
  for (let round = 0; round < KILLS; round += 1) {
    const enough = ended() + 1;
    const command = start([...erase(`cut-${round}.eml`), '--config', instance.config]);
    await until('some accounts', () => ended() >= enough || command.child.exitCode !== null, 30_000);
    await served.kill();
    await command.end('SIGKILL');
    served = await instance.serve();
    seen.push(ended());
  }
  t.diagnostic(`ended after each kill: ${seen.join(', ')}`);
  assert.ok(seen[0]! > 0 && seen[0]! < ACCOUNTS, 'the first kill was in the middle');
  instance.sluis(...erase('gone.eml'));
  assert.equal(named(), 0);
  assert.equal(ended(), ACCOUNTS);
  assert.equal(count("SELECT count(*) FROM organisation WHERE title = 'Kliniek Zuid'"), 0);
  assert.match(readFileSync(join(instance.folder, 'gone.eml'), 'latin1'), /Subject: Statement of deletion of clinic/);
  instance.sluis('audit', 'verify');
  assert.equal(await served.stop(), 0);
});
