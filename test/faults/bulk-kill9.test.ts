/**
 * kill -9 of the gateway, and of the command, in the middle of a bulk change and of an import of
 * accounts.
 *
 * A bulk change leaves whole batches, and the same command goes on from there; an import leaves all
 * of its file or nothing. Both leave a trail of exactly what happened. The controls do the same
 * work one call at a time, as a loop over the command would: it is cut anywhere.
 */
// @release: several transactions, each whole by itself: `kill9` and `store-power` try that a transaction is, at every merge.
// @beside
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import Database from 'better-sqlite3';
import { type AdminClient, connectControl } from '../../src/admin/client.ts';
import { controlSocketOf, loadConfig } from '../../src/config/load.ts';
import { hashPassword } from '../../src/crypto/passwords/password.ts';
import { sluis, start } from '../support/command-line.ts';
import { Instance, type Served } from '../support/instance.ts';
import { until } from '../support/until.ts';

const ACCOUNTS = 2500;
/** Of src/admin/set-many.ts. */
const BATCH = 250;
const logins = Array.from({ length: ACCOUNTS }, (_, n) => `a${n}`);
let instance: Instance;
let served: Served;
let hash: string;

before(async () => {
  instance = await Instance.create();
  hash = await hashPassword('Secret-bulk-pw');
  instance.sluis('organisation', 'add', 'clinic', '--title', 'Clinic');
  instance.sluis('account', 'import', accountsFile('first', logins));
  served = await instance.serve();
});
after(async () => {
  assert.equal(await served.stop(), 0);
  instance.sluis('audit', 'verify');
  instance.remove();
});
beforeEach(async () => {
  if (served.over) served = await instance.serve();
});

function file(name: string, lines: readonly string[]): string {
  const path = join(instance.folder, `${name}.csv`);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}
const accountsFile = (name: string, names: readonly string[], secret = hash): string =>
  file(name, [
    `login,address,organisation,${secret === hash ? 'password_hash' : 'password'}`,
    ...names.map((login) => `${login},${login}@clinic.test ${login}@second.test,clinic,"${secret}"`),
  ]);

function counts<K extends string>(statements: Readonly<Record<K, string>>): Record<K, number> {
  const db = new Database(join(instance.data, 'sluis.db'), { readonly: true });
  try {
    // One transaction: rows that are committed between two counts would look like half of
    // something.
    return db.transaction(() =>
      Object.fromEntries(
        Object.entries<string>(statements).map(([name, sql]) => [name, Number(db.prepare(sql).pluck().get())]),
      ),
    )() as Record<K, number>;
  } finally {
    db.close();
  }
}

/** Accounts with this quota, the rows that tell so, and the accounts that these are about. */
const having = (megabytes: number) =>
  counts({
    accounts: `SELECT count(*) FROM account WHERE settings ->> 'quota' = ${megabytes * 1024 ** 2}`,
    rows: `SELECT count(*) FROM audit WHERE event = 'registry.settings' AND facts ->> 'quota' = ${megabytes * 1024 ** 2}`,
    told: `SELECT count(DISTINCT account) FROM audit WHERE event = 'registry.settings' AND facts ->> 'quota' = ${megabytes * 1024 ** 2}`,
  });
const changed = (megabytes: number): number =>
  counts({ accounts: `SELECT count(*) FROM account WHERE settings ->> 'quota' = ${megabytes * 1024 ** 2}` }).accounts;
const exactly = (n: number) => ({ accounts: n, rows: n, told: n });

/** Whatever begins with the prefix: all that an import makes of an account. */
const imported = (prefix: string) =>
  counts({
    accounts: `SELECT count(*) FROM account WHERE login GLOB '${prefix}*'`,
    mailboxes: `SELECT count(*) FROM mailbox m JOIN account a ON a.id = m.account WHERE a.login GLOB '${prefix}*'`,
    addresses: `SELECT count(*) / 2.0 FROM address WHERE key GLOB '${prefix}*'`,
    passwords: `SELECT count(*) FROM password p JOIN account a ON a.id = p.account WHERE a.login GLOB '${prefix}*'`,
    rows: `SELECT count(*) FROM audit WHERE event = 'registry.account-added' AND personal ->> 'login' GLOB '${prefix}*'`,
  });
const whole = (n: number) => ({ accounts: n, mailboxes: n, addresses: n, passwords: n, rows: n });

async function control(use: (client: AdminClient) => Promise<void>): Promise<void> {
  const client = await connectControl(controlSocketOf(loadConfig(instance.config)), { name: 'test' });
  assert(client !== undefined);
  await use(client).catch(() => undefined);
  await client.close();
}

/** Calls that the gateway has ended, well or not. */
const ended = (operation: string): number =>
  served.log.split(new RegExp(`"event":"admin\\.(?:refused|done)","operation":"${operation}"`)).length - 1;

const settingsFile = (megabytes: number): string =>
  file(`set-${megabytes}`, ['account,quota', ...logins.map((login) => `${login},${megabytes}MiB`)]);

for (const [whom, megabytes] of [
  ['gateway', 100],
  ['command', 200],
] as const)
  test(`a bulk change whose ${whom} is killed leaves whole batches, and goes on`, { timeout: 240_000 }, async (t) => {
    const args = ['account', 'set', '--from', settingsFile(megabytes), '--reason', 'test', '--config', instance.config];
    const seen: number[] = [];
    for (const more of [0, BATCH]) {
      const command = start(args);
      const [calls, enough] = [ended('account.set'), changed(megabytes) + more];
      await until('some batches', () => changed(megabytes) > enough || command.child.exitCode !== null, 30_000);
      // Stopped, so that the command is killed before the gateway is through.
      served.signal(whom === 'gateway' ? 'SIGKILL' : 'SIGSTOP');
      await command.end('SIGKILL');
      if (whom === 'gateway') {
        await served.exit;
        served = await instance.serve();
      } else {
        served.signal('SIGCONT');
        // The batch under way is ended, and no other begun.
        await until('the gateway stops', () => ended('account.set') > calls, 20_000);
      }
      const now = having(megabytes);
      assert.deepEqual(now, exactly(now.accounts));
      assert.equal(now.accounts % BATCH, 0, 'each batch is all or nothing');
      seen.push(now.accounts);
    }
    t.diagnostic(`changed after each kill: ${seen.join(', ')}`);
    assert.ok(seen[0]! < ACCOUNTS, 'the first kill came too late to prove anything');
    const done = await sluis([...args, '--json']);
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(JSON.parse(done.stdout), {
      ...{ targets: ACCOUNTS - seen.at(-1)!, changes: ACCOUNTS - seen.at(-1)!, already: seen.at(-1)!, applied: true },
      warnings: [],
    });
    assert.deepEqual(having(megabytes), exactly(ACCOUNTS), 'nothing twice');
  });

test(
  'control: one call for each account is cut inside a batch, and leaves a part of a file',
  { timeout: 240_000 },
  async () => {
    await control(async (client) => {
      for (const [n, login] of logins.slice(0, 7).entries()) {
        await client.call('account.set', { name: login, settings: ['quota=300MiB'] });
        await client.call('account.add', { login: `loop-${n}`, organisation: 'clinic' });
      }
      await served.kill();
    });
    assert.notEqual(changed(300) % BATCH, 0);
    assert.equal(imported('loop-').accounts, 7);
  },
);

/**
 * When the gateway is killed, from what it tells of its progress; `writing`: its transaction has
 * begun to reach the log file.
 */
const moments = {
  checking: ({ told }: Told) => told.length === 1,
  handing: ({ told, total }: Told) =>
    total > 0 && told.at(-1) === 0 && told.filter((done) => done === total).length === 2,
} as const;
interface Told {
  readonly told: readonly number[];
  readonly total: number;
}

test('an import whose gateway is killed leaves the whole file or nothing', { timeout: 240_000 }, async (t) => {
  const N = 1200;
  const seen: string[] = [];
  for (const [moment, reached] of [...Object.entries(moments), ['writing', undefined] as const]) {
    const prefix = `${moment}-`;
    const names = Array.from({ length: N }, (_, n) => `${prefix}${n}`);
    const path = accountsFile(moment, names);
    const log = join(instance.data, 'sluis.db-wal');
    const before = statSync(log).size;
    const told: number[] = [];
    const call = control(async (client) => {
      await client.call(
        'account.import',
        {},
        {
          upload: readFileSync(path, 'utf8'),
          progress: (done, total) => {
            told.push(done);
            if (reached?.({ told, total }) === true) served.signal('SIGKILL');
          },
        },
      );
    });
    if (reached === undefined) {
      await until('the transaction writes', () => statSync(log).size > before + 100_000, 30_000);
      await served.kill();
    }
    await call;
    assert.equal(await served.exit, 'SIGKILL');
    served = await instance.serve();
    const now = imported(prefix);
    assert.deepEqual(now, whole(now.accounts === 0 ? 0 : N), `killed while ${moment}`);
    seen.push(`${moment} ${now.accounts}`);
    const again = await sluis(['account', 'import', path, '--config', instance.config]);
    if (now.accounts === 0) assert.equal(again.code, 0, again.stderr);
    else assert.match(again.stderr, /nothing was changed:\n {2}line 2, login: an account ".*" exists already/);
    assert.deepEqual(imported(prefix), whole(N), 'nothing doubled');
  }
  t.diagnostic(`imported after each kill: ${seen.join(', ')}`);
  assert.ok(seen.includes('checking 0') && seen.includes('handing 0'), 'the kills came too late to prove anything');
});

test('an import whose command is killed changes nothing, and can be given again', { timeout: 240_000 }, async () => {
  const N = 80;
  const names = Array.from({ length: N }, (_, n) => `typed-${n}`);
  const args = ['account', 'import', accountsFile('typed', names, 'Secret-typed-pw'), '--config', instance.config];
  const [before, calls] = [cpuOf(served.pid), ended('account.import')];
  const command = start(args);
  // Reading and checking take a tenth of it, all the hashes ten times as much.
  await until('it hashes', () => cpuOf(served.pid) > before + 20 || command.child.exitCode !== null, 30_000);
  await command.end('SIGKILL');
  await until('the gateway notices', () => ended('account.import') > calls, 30_000);
  assert.deepEqual(imported('typed-'), whole(0));
  assert.equal((await sluis(args)).code, 0);
  assert.deepEqual(imported('typed-'), whole(N));
});

/** Hundredths of a second. */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
