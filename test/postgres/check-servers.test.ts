/** What `sluis check` says of real servers. */
// @beside
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { checkServers } from '../../src/gateway/postgres-check.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { freePort } from '../support/instance.ts';
import type { Cleanup } from '../support/store.ts';

const closers: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const close of closers.toReversed()) await close();
});
let started: Promise<Cluster> | undefined;
/** Of all tests here; each leaves it as it was. */
const shared = (): Promise<Cluster> => (started ??= startCluster({ after: (close) => void closers.push(close) }));

function configFor(t: Cleanup, hosts: readonly string[], more = ''): Config {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-check-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'password'), 'any\n', { mode: 0o600 });
  return parseConfig(
    `hostname = "mail.test"
[keys]
master-key-file = "master.key"
[tls]
key = "key.pem"
certificate = "certificate.pem"
[store]
engine = "postgres"
hosts = ${JSON.stringify(hosts)}
database = "postgres"
user = "postgres"
password-file = "password"
[cluster]
node = "gw1"
site = "noord"
[[listener]]
name = "submission"
protocol = "smtp"
port = 587
tls = "starttls"
${more}`,
    join(folder, 'sluis.toml'),
    { files: false },
  );
}

test('each server is asked for its role and version, and what is not as it should be is said with its remedy', async (t) => {
  const cluster = await shared();
  const dead = `127.0.0.1:${await freePort()}`;
  const config = configFor(t, [...cluster.hostsFrom('noord'), dead]);
  const well = await checkServers(config, systemClock);
  assert.equal(well.not, undefined);
  assert.deepEqual(
    well.servers.map(({ name, site, role }) => [name, site, role]),
    [
      ['noord-1', 'noord', 'primary'],
      ['zuid-1', 'zuid', 'standby'],
      ['derde-1', 'derde', 'standby'],
      [undefined, undefined, undefined],
    ],
  );
  assert.match(well.servers[0]?.version ?? '', /^\d+\.\d+$/);
  const said = well.warnings.join('\n');
  assert.match(said, new RegExp(`PostgreSQL at ${dead}: nothing listens there; start it`));
  assert.match(said, /"postgres" may more than it needs/);
  assert.match(said, /the gateway runs as "postgres"/);
  assert.match(said, /there is no store in the database/);
  assert.doesNotMatch(said, /names one server only/);

  const primary = cluster.server('noord-1');
  await primary.set({ synchronous_standby_names: 'ANY 1 ("zuid-1")' });
  const pair = await checkServers(config, systemClock);
  assert.equal(pair.not, undefined);
  assert.match(
    pair.warnings.join('\n'),
    /names one server only: after the loss of either place the other accepts no mail/,
  );

  for (const [names, why] of [
    ['', /is empty: nobody else holds what it commits; set it to ANY 1/],
    ['*', /takes any name/],
    ['ANY 1 ("noord-2", "zuid-1")', /has noord-2, which is at the same place/],
  ] as const) {
    await primary.set({ synchronous_standby_names: names });
    assert.match((await checkServers(config, systemClock)).not ?? '', why);
  }
  await primary.set({ synchronous_standby_names: 'ANY 1 ("zuid-1", "derde-1")', full_page_writes: 'off' });
  assert.match((await checkServers(config, systemClock)).not ?? '', /full_page_writes off/);
  await primary.set({ full_page_writes: 'on' });
});

test('where no server answers it is said of each, and that there is no primary', async (t) => {
  const hosts = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const found = await checkServers(configFor(t, hosts), systemClock);
  assert.match(found.not ?? '', /no server of PostgreSQL is the primary/);
  assert.deepEqual(
    found.servers.map(({ server, problem }) => [server, problem?.startsWith('nothing listens there')]),
    hosts.map((host) => [host, true]),
  );
});

test('the slots of the servers are looked at, and the role that takes backups', async (t) => {
  const cluster = await shared();
  const backups = mkdtempSync(join(tmpdir(), 'sluis-check-backups-'));
  t.after(() => rmSync(backups, { recursive: true }));
  const hosts = cluster.hostsFrom('noord');
  const third = hosts[2]!;
  // The server of the backups need not be one of those that the gateway goes to.
  const section = `[backup]\nfolder = "${backups}"\nserver = "${third}"\npassword-file = "password"\n`;
  const config = configFor(t, hosts.slice(0, 2), section);
  const said = async (): Promise<string> => (await checkServers(config, systemClock)).warnings.join('\n');
  const [primary, derde] = [cluster.server('noord-1'), cluster.server('derde-1')];
  const slot = 'SELECT pg_create_physical_replication_slot($1, true)';
  const drop = 'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots';
  t.after(() => Promise.all([primary, derde].map((server) => server.ask(drop))).then(() => undefined));

  const first = await said();
  assert.match(first, /no backup can be taken: the role "sluis_backup" \(backup\.user\) is not there/);
  assert.match(first, new RegExp(`PostgreSQL at ${third} keeps the log for its slots without end`));
  assert.doesNotMatch(first, /there is no slot|for nobody|nobody has received/);
  await primary.ask('CREATE ROLE sluis_backup LOGIN');
  await cluster.untilLevel();
  assert.match(await said(), /the role "sluis_backup" \(backup\.user\) may not replicate/);
  await primary.ask('ALTER ROLE sluis_backup REPLICATION');
  await cluster.untilLevel();

  // A log was begun, and somebody has dropped the slot; another one was left where backups came
  // from before.
  mkdirSync(join(backups, 'log'));
  await primary.ask(slot, ['sluis_backup']);
  const second = await said();
  assert.doesNotMatch(second, /no backup can be taken/);
  assert.match(second, new RegExp(`there is no slot sluis_backup on PostgreSQL at ${third}`));
  assert.match(second, new RegExp(`the slot sluis_backup of PostgreSQL at ${hosts[0]} keeps .* for nobody`));
  await primary.ask(drop);
  await derde.ask(slot, ['sluis_backup']);
  await derde.set({ max_slot_wal_keep_size: '32MB' });
  assert.doesNotMatch(await said(), /slot/);
  for (let n = 0; n < 4; n += 1)
    await primary.ask("SELECT pg_switch_wal() FROM pg_logical_emit_message(true, 't', 'x')");
  await cluster.untilLevel();
  assert.match(
    await said(),
    new RegExp(`the slot sluis_backup of PostgreSQL at ${third} keeps \\d+ MiB of the log, of 32 MiB at most`),
  );
  await derde.set({ max_slot_wal_keep_size: '-1' });
});
