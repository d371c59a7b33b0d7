/**
 * kill -9 of the gateway in the middle of a merge: whole parts have gone over, and the same command
 * goes on from there.
 */
// @release: several transactions, each whole by itself: `kill9` and `store-power` try that a transaction is, at every merge.
// @beside
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hashPassword } from '../../src/crypto/passwords/password.ts';
import { MERGED_AT_ONCE } from '../../src/store/organisation-merge.ts';
import { start } from '../support/command-line.ts';
import { Instance, type Served } from '../support/instance.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';

const ACCOUNTS = 1500;
const KILLS = 3;
const PASSWORD = 'Secret-clinic-pw';
const login = (n: number): string => `mail${n}@clinic.test`;
let instance: Instance;
let merge: string[];

before(async () => {
  instance = await Instance.create();
  for (const name of ['clinic', 'hospital']) instance.sluis('organisation', 'add', name);
  instance.sluis('organisation', 'edi', 'add', 'clinic', '8714200000001:14');
  const hash = await hashPassword(PASSWORD);
  const write = (name: string, lines: readonly string[]): string => {
    writeFileSync(join(instance.folder, name), [...lines, ''].join('\n'));
    return join(instance.folder, name);
  };
  const numbers = Array.from({ length: ACCOUNTS }, (_, n) => n);
  const rows = numbers.map((n) => `${login(n)},${login(n)},clinic,"${hash}"`);
  instance.sluis('account', 'import', write('a.csv', ['login,address,organisation,password_hash', ...rows]));
  const successors = write('s.csv', ['old,new', ...numbers.map((n) => `${login(n)},mail${n}@hospital.test`)]);
  merge = [
    'organisation',
    'merge',
    'clinic',
    '--into',
    'hospital',
    '--until',
    '2099-01-01',
    '--successors',
    successors,
  ];
});
after(() => instance.remove());

const count = (sql: string): number => instance.count(sql);
const OF = 'account WHERE organisation = (SELECT id FROM organisation WHERE name =';
const gone = (): number => count(`SELECT count(*) FROM ${OF} 'hospital')`);

test(
  `${KILLS} times killed and repeated, a merge comes to its end, and clients go on meanwhile`,
  { timeout: 240_000 },
  async (t) => {
    let served: Served = await instance.serve();
    const seen: number[] = [];
    for (let round = 0; round < KILLS; round += 1) {
      const enough = gone() + 1;
      const command = start([...merge, '--config', instance.config]);
      await until('some accounts', () => gone() >= enough || command.child.exitCode !== null, 60_000);
      await served.kill();
      await command.end('SIGKILL');
      seen.push(gone());
      assert.equal(seen.at(-1)! % MERGED_AT_ONCE, 0, 'whole parts');
      // Each account with its address and its new one, or with neither.
      assert.equal(count('SELECT count(*) FROM address WHERE ends_at IS NOT NULL'), seen.at(-1));
      assert.equal(count("SELECT count(*) FROM address WHERE key LIKE '%@hospital.test'"), seen.at(-1));
      assert.equal(count('SELECT count(*) FROM former_organisation'), seen.at(-1));
      served = await instance.serve();
      for (const n of [0, ACCOUNTS - 1]) {
        const client = await Pop3Client.open(instance.target('pop3s'), { login: login(n), password: PASSWORD });
        await client.quit();
      }
    }
    t.diagnostic(`gone over after each kill: ${seen.join(', ')}`);
    assert(seen[0]! > 0 && seen[0]! < ACCOUNTS, 'the first kill was in the middle');
    const told = instance.sluis(...merge);
    assert.match(
      told,
      seen.at(-1)! < ACCOUNTS ? /it had been begun before; this is what was left of it/ : /nothing was left/,
    );
    assert.equal(gone(), ACCOUNTS);
    assert.equal(count("SELECT count(*) FROM organisation WHERE name = 'clinic' AND state = 'ended'"), 1);
    assert.equal(
      count(
        `SELECT count(*) FROM edi_identity WHERE organisation = (SELECT id FROM organisation WHERE name = 'hospital')`,
      ),
      1,
    );
    const sender = await SmtpClient.open(instance.target('submissions'), { login: login(7), password: PASSWORD });
    const from = 'mail7@hospital.test';
    await sender.submit(from, [login(9), 'mail9@hospital.test'], Buffer.from(`From: ${from}\r\n\r\nx\r\n`));
    await sender.quit();
    instance.sluis('audit', 'verify');
    assert.equal(await served.stop(), 0);
  },
);
