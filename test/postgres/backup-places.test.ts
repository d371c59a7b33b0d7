/**
 * Backups at the third place: taken from its standby by gateways at both sites, while the primary
 * changes, a gateway dies in the middle of one, and another goes on.
 */
// @release: base backups at three places; backup/ tries the rounds.
// @beside
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type TestContext, after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { loadConfig } from '../../src/config/load.ts';
import { readMasterKey } from '../../src/config/master-key.ts';
import type { Manifest } from '../../src/backup/manifest.ts';
import type { Instant } from '../../src/domain/units.ts';
import { openEngine } from '../../src/gateway/store.ts';
import { systemClock } from '../../src/platform/clock.ts';
import {
  type BaseBackups,
  DEBIAN,
  baseBackups,
  databaseNow,
  failure,
  withoutPrograms,
} from '../support/base-backups.ts';
import { childOf, isRunning } from '../support/children.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { effort } from '../support/effort.ts';
import { ROLE_PASSWORD, type SharedStore, makeStore } from '../support/gateways.ts';
import { MemoryLog } from '../support/log.ts';
import type { PostgresServer } from '../support/postgres-server.ts';
import { addAccount, deliver } from '../support/store.ts';
import { until } from '../support/until.ts';

process.env.SLUIS_PGBIN = DEBIAN;
const skip = withoutPrograms();
const MAIN = fileURLToPath(new URL('../../scripts/sluis.mjs', import.meta.url));
const ACTOR = { name: 'test' };

const closers: (() => Promise<void> | void)[] = [];
const whole = { after: (close: () => Promise<void> | void): void => void closers.push(close) };
let cluster: Cluster;
let store: SharedStore;
let folder: string;

before(async () => {
  if (skip !== false) return;
  cluster = await startCluster(whole);
  store = await makeStore(whole, cluster);
  await cluster.server(cluster.primary).ask(`CREATE ROLE sluis_backup LOGIN REPLICATION PASSWORD '${ROLE_PASSWORD}'`);
  folder = mkdtempSync(join(tmpdir(), 'sluis-third-'));
  whole.after(() => rmSync(folder, { recursive: true, force: true }));
});
after(async () => {
  for (const close of closers.toReversed()) await close();
});

/** What all gateways have in common of their configuration. */
const configuration = (place: string, backups: string): string =>
  `[backup]\nfolder = "${backups}"\nserver = "${cluster.hostsFrom(place)[2]}"\npassword-file = "database.password"\n`;

interface Node extends BaseBackups {
  readonly deliver: (text: string) => Promise<void>;
}

/** Again where a server does not answer in time, as on a busy machine: nothing was done then. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let turn = 1; ; turn += 1)
    try {
      return await work();
    } catch (error) {
      if (
        turn === 10 ||
        !/No connection to PostgreSQL within|no answer within|cannot be seen at present|Nothing may be acknowledged/.test(
          String(error),
        )
      )
        throw error;
      // What cannot be seen at present is refused at once.
      await pause(500);
    }
}

/** A gateway's store and backups in this process. */
async function nodeAt(
  t: TestContext,
  { node, place, backups }: Record<'node' | 'place' | 'backups', string>,
): Promise<Node> {
  const instance = await store.gateway({ node, place, configuration: configuration(place, backups) });
  const config = loadConfig(instance.config);
  const log = new MemoryLog();
  const opened = await patiently(() => openEngine(config, { clock: systemClock, log }));
  t.after(() => opened.store.close());
  const backed = { store: opened.store, log, keyFolder: config.keys.folder, masterKey: await readMasterKey(config) };
  const its = baseBackups(t, { ...backed, database: store.database }, { folder: backups });
  await patiently(async () => {
    if ((await opened.store.registry.findLogin('anna')) === undefined) await addAccount(opened.store, 'anna');
  });
  return {
    ...its,
    deliver: async (text) => {
      await until('it acknowledges', () => opened.readiness?.against('submit').length === 0, 20_000, 10);
      await patiently(() => deliver(opened.store, Buffer.from(text), 'anna@group.test'));
    },
  };
}

/** Between what is committed before and after. */
async function momentAt(server: PostgresServer): Promise<Instant> {
  const moment = await databaseNow(server);
  await until('a moment has passed', async () => (await databaseNow(server)) > moment + 1, 1000, 1);
  return moment;
}

const backupsIn = (place: string): readonly string[] => readdirSync(place).filter((name) => /^\d{4}-/.test(name));

test(
  'a gateway dies in the middle of a base backup: nothing of it counts, and another one begins anew',
  { skip },
  async (t) => {
    const backups = join(folder, 'killed');
    mkdirSync(backups);
    const other = await nodeAt(t, { node: 'gw2', place: 'noord', backups });
    const gateway = await store.gateway({ node: 'gw1', place: 'zuid', configuration: configuration('zuid', backups) });
    const served = await patiently(() => gateway.serve());
    const took = spawn(process.execPath, [MAIN, 'backup', 'take', '--config', gateway.config], { stdio: 'ignore' });
    const ended = new Promise((resolve) => took.once('close', resolve));
    const octets = (): number => {
      const [partial = ''] = backupsIn(backups);
      return statSync(join(backups, partial, 'base', 'base.tar'), { throwIfNoEntry: false })?.size ?? 0;
    };
    await until('it is in its middle', () => octets() > 0, 20_000, 1);
    await cluster.cut('zuid', 'derde');
    const program = childOf(served.pid, 'pg_basebackup');
    assert.ok(program !== undefined, 'it was over before the line was cut');
    await served.kill();
    assert.notEqual(await ended, 0);
    await cluster.heal('zuid', 'derde');

    assert.deepEqual(await other.backups.list(), []);
    assert.equal((await other.backups.state()).newest, undefined);
    await assert.rejects(other.backups.take({ actor: ACTOR }), /a backup is being taken; try again when it has ended/);
    await until('what it had started has ended', () => !isRunning(program), 20_000, 10);
    assert.match(backupsIn(backups).join(), /^\S+\.partial$/);
    // As if a minute had passed since it said last that it is at work.
    const [long] = [new Date(Date.now() - 120_000)];
    utimesSync(join(backups, '.at-work'), long, long);
    const { path } = await patiently(() => other.backups.take({ actor: ACTOR }));
    assert.deepEqual(
      backupsIn(backups).map((name) => join(backups, name)),
      [path],
    );
    assert.equal((await other.backups.check(path)).whole, true);
  },
);

/** In `npm run test:long` once more, where the server that gives the log becomes primary itself. */
const PROMOTIONS = effort(1, 2);

test(
  'base backup and log from the standby at the third place, over a promotion: the store comes back as it was before and after it',
  { skip },
  async (t) => {
    const backups = join(folder, 'promoted');
    mkdirSync(backups);
    const node = await nodeAt(t, { node: 'gw3', place: 'zuid', backups });
    const primary = (): PostgresServer => cluster.server(cluster.primary);
    const nextFile = (): Promise<unknown> =>
      primary().ask("SELECT pg_switch_wal() FROM pg_logical_emit_message(true, 't', 'x')");
    // The last checkpoint of the standby lies files of the log behind.
    for (let n = 0; n < 2; n += 1) await nextFile();
    await node.deliver('one');
    const { path } = await patiently(() => node.backups.take({ actor: ACTOR }));
    const manifest = JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')) as Manifest;
    assert.equal(manifest.store.postgres?.server, cluster.hostsFrom('zuid')[2]);
    const slots = (name: string): Promise<readonly object[]> =>
      cluster.server(name).ask('SELECT slot_name FROM pg_replication_slots WHERE NOT temporary');
    assert.deepEqual([await slots('noord-1'), await slots('derde-1')], [[], [{ slot_name: 'sluis_backup' }]]);
    await patiently(() => node.backups.round());
    assert.equal((await node.backups.list()).length, 1, 'the log follows the backup, and no other one is due');

    const moments: { readonly at: Instant; readonly messages: number }[] = [];
    let messages = 1;
    for (let turn = 0; turn < PROMOTIONS; turn += 1) {
      await node.deliver('before');
      moments.push({ at: await momentAt(primary()), messages: (messages += 1) });
      await node.deliver('before, too');
      await patiently(() => node.backups.log.round());
      const old = cluster.primary;
      if (turn === 0) {
        await cluster.kill(old);
        await cluster.failOver();
      } else await cluster.switchOver(old === 'derde-1' ? 'zuid-1' : 'derde-1');
      t.diagnostic(`${cluster.primary} was promoted`);
      await node.deliver('after');
      moments.push({ at: await momentAt(primary()), messages: (messages += 2) });
      // What the old timeline had begun lies in a file of the new one alone then.
      await nextFile();
      await node.deliver('after, too');
      messages += 1;
      await until(
        'the log continues',
        () =>
          node.backups.log.round().then(
            () => true,
            () => false,
          ),
        20_000,
        100,
      );
      if (turn === 0 && PROMOTIONS > 1) await cluster.rejoin(old);
    }
    assert.deepEqual([readdirSync(backups).filter((name) => name.startsWith('log')), node.told], [['log'], []]);
    for (const [n, moment] of [...moments, { messages, at: undefined }].entries()) {
      const done = await node.restore(
        path,
        node.at(`restored-${n}`),
        moment.at === undefined ? {} : { until: moment.at },
      );
      assert.ok(done.passed, failure(done));
      assert.equal(done.proof?.opened, moment.messages, `moment ${n}`);
      rmSync(node.at(`restored-${n}`), { recursive: true });
    }
  },
);
