/** `sluis init --postgres` on real servers: what an administrator runs beforehand, what the two roles may, and that the gateway's role serves. */
// @beside
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { checkServers } from '../../src/gateway/postgres-check.ts';
import { openEngine } from '../../src/gateway/store.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { testCertificates } from '../support/certificates.ts';
import { sluisHere } from '../support/command-line.ts';
import { startCluster } from '../support/cluster.ts';
import { freePort } from '../support/instance.ts';
import { MemoryLog } from '../support/log.ts';
import { ROLE_PASSWORD, administrate } from '../support/postgres-roles.ts';
import { openAt } from '../support/postgres-server.ts';
import { until } from '../support/until.ts';

test('init makes the store as its owner; the gateway serves as a role that can make and drop nothing', async (t) => {
  const cluster = await startCluster(t);
  const folder = mkdtempSync(join(tmpdir(), 'sluis-init-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const printed = await sluisHere(['init', '--postgres', '--sql']);
  assert.equal(printed.code, 0, printed.stderr);
  for (const name of ['password', 'owner-password'])
    writeFileSync(join(folder, name), `${ROLE_PASSWORD}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'db-ca.pem'), (await testCertificates()).ca.certificate);
  const init = async (into: string, hosts: readonly string[]) =>
    await sluisHere([
      ...['init', '--config', join(folder, into, 'sluis.toml'), '--hostname', 'localhost', '--dev-certificates'],
      ...['--port-base', '20000', '--postgres', '--node', 'gw1', '--site', 'noord'],
      ...['--password-file', join(folder, 'password'), '--owner-password-file', join(folder, 'owner-password')],
      ...['--ca', join(folder, 'db-ca.pem')],
      ...hosts.flatMap((host) => ['--host', host]),
    ]);

  const nobody = await init('none', [`127.0.0.1:${await freePort()}`]);
  assert.match(nobody.stderr, /no server of PostgreSQL is the primary|nothing listens there/);
  assert.notEqual(nobody.code, 0);
  assert(
    !existsSync(join(folder, 'none', 'sluis.toml')),
    'nothing is written before the database is known to be there',
  );

  await administrate(cluster.server(cluster.primary), printed.stdout);
  const made = await init('one', cluster.hostsFrom('noord'));
  assert.equal(made.code, 0, made.stderr);
  const config = loadConfig(join(folder, 'one', 'sluis.toml'));
  assert.match(readFileSync(config.file, 'utf8'), /^engine = "postgres"$/m);

  const { not, warnings } = await checkServers(config, systemClock);
  assert.deepEqual([not, warnings.filter((one) => !one.includes('checksums'))], [undefined, []]);

  const { store, readiness } = await openEngine(config, { clock: systemClock, log: new MemoryLog() });
  await store.registry.addOrganisation({ name: 'group', title: 'Group', language: 'nl' }, { name: 'test' });
  assert.equal((await store.registry.findOrganisation('group'))?.title, 'Group');
  assert.ok(readiness !== undefined);
  assert.deepEqual(readiness.against('submit'), []);
  const primary = cluster.server(cluster.primary);
  const [before] = await primary.ask("SELECT current_setting('synchronous_standby_names') AS names");
  await primary.set({ synchronous_standby_names: '' });
  await until('nothing is acknowledged', () => readiness.against('submit')[0]?.name === 'not-acknowledging');
  assert.deepEqual(readiness.against('serve'), []);
  await assert.rejects(
    store.registry.addOrganisation({ name: 'other', title: 'Other', language: 'nl' }, { name: 'test' }),
    /is empty: nobody else holds what it commits/,
  );
  await primary.set({ synchronous_standby_names: String(before?.names) });
  await until('it is again', () => readiness.against('submit').length === 0);
  await store.close();

  // What that role may: set by somebody who may be anybody.
  const running = await openAt(primary.port, { database: 'sluis' });
  t.after(() => running.end().catch(() => undefined));
  await running.query('SET SESSION AUTHORIZATION sluis');
  for (const harm of [
    'CREATE TABLE mine (n int)',
    'DROP TABLE organisation',
    'TRUNCATE audit',
    'ALTER TABLE audit ADD COLUMN n int',
    'CREATE ROLE other',
  ])
    await assert.rejects(running.query(harm), /permission denied|must be owner/, harm);

  const again = await init('two', cluster.hostsFrom('noord'));
  assert.match(again.stderr, /There is a store in this database already/);
});

test('options of PostgreSQL without --postgres are refused', async () => {
  const { code, stderr } = await sluisHere(['init', '--host', 'db1.example.nl:5432', '--hostname', 'mail.example.nl']);
  assert.match(stderr, /give --postgres with them/);
  assert.equal(code, 2);
});
