/** What `sluis check` says of real servers. */
// @beside
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { checkServers } from '../../src/gateway/postgres-check.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { startCluster } from '../support/cluster.ts';
import { freePort } from '../support/instance.ts';
import type { Cleanup } from '../support/store.ts';

function configFor(t: Cleanup, hosts: readonly string[], user = 'postgres'): Config {
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
user = "${user}"
password-file = "password"
[cluster]
node = "gw1"
site = "noord"
[[listener]]
name = "submission"
protocol = "smtp"
port = 587
tls = "starttls"
`,
    join(folder, 'sluis.toml'),
    { files: false },
  );
}

test('each server is asked for its role and version, and what is not as it should be is said with its remedy', async (t) => {
  const cluster = await startCluster(t);
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
    /names one server only: after the loss of either place the other takes no mail/,
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
