/**
 * `sluis init --postgres` on real servers: what an administrator runs beforehand, what the two
 * roles may, and that the gateway's role serves.
 */
// @release: each wrong database that `init` may meet; contract-* make a right one for every store.
// @beside
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { KeyFolder } from '../../src/crypto/keys/key-folder.ts';
import { checkServers } from '../../src/gateway/postgres-check.ts';
import { openEngine } from '../../src/gateway/store.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { testCertificates } from '../support/certificates.ts';
import { sluisHere } from '../support/command-line.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { freePort } from '../support/instance.ts';
import { MemoryLog } from '../support/log.ts';
import { ClusterAuthority } from '../support/nodes.ts';
import { ROLE_PASSWORD, administrate } from '../support/postgres-roles.ts';
import { openAt } from '../support/postgres-server.ts';
import type { Cleanup } from '../support/store.ts';
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

  // It waits for a while: beside the others.
  const waiting = init('none', [`127.0.0.1:${await freePort()}`]);
  await administrate(cluster.server(cluster.primary), printed.stdout);
  const made = await init('one', cluster.hostsFrom('noord'));
  const nobody = await waiting;
  assert.match(nobody.stderr, /no server of PostgreSQL is the primary|nothing listens there/);
  assert.notEqual(nobody.code, 0);
  assert(
    !existsSync(join(folder, 'none', 'sluis.toml')),
    'nothing is written before the database is known to be there',
  );

  assert.equal(made.code, 0, made.stderr);
  const config = loadConfig(join(folder, 'one', 'sluis.toml'));
  assert.match(readFileSync(config.file, 'utf8'), /^engine = "postgres"$/m);

  const { not, warnings } = await checkServers(config, systemClock);
  assert.deepEqual([not, warnings.filter((one) => !one.includes('checksums'))], [undefined, []]);

  const opened = await openEngine(config, { clock: systemClock, log: new MemoryLog() });
  const { store, readiness } = opened;
  await store.registry.addOrganisation({ name: 'group', title: 'Group', language: 'nl' }, { name: 'test' });
  assert.equal((await store.registry.findOrganisation('group'))?.title, 'Group');
  assert.ok(readiness !== undefined);
  assert.deepEqual(readiness.against('submit'), []);
  opened.started?.();
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
  const join2 = await joinsOrSaysWhy(t, folder, cluster);
  await store.close();
  const other = await join2({}, 'four');
  assert.match(
    other.stdout,
    /^Stopped at present: gw1\. Where this machine replaces one of them, start again with its name/m,
  );
  const same = await join2({ '--node': 'gw1' }, 'five');
  assert.match(same.stdout, /^It takes the place of the gateway of this name, which has stopped/m);
  assert.doesNotMatch(same.stdout, /Stopped at present/);

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

  const again = await init('three', cluster.hostsFrom('noord'));
  assert.match(again.stderr, /There is a store in this database already/);
});

/**
 * One more gateway of the store in `folder`/one, whose gateway gw1 runs: whatever keeps it from
 * joining is said before anything is written.
 */
async function joinsOrSaysWhy(
  t: Cleanup,
  folder: string,
  cluster: Cluster,
): Promise<(more: Readonly<Record<string, string>>, into: string) => ReturnType<typeof sluisHere>> {
  const put = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const [ours, others] = [new ClusterAuthority(t), new ClusterAuthority(t)];
  const { certificate, key } = ours.issue('gw2.zuid.test');
  const peer = `localhost:${await freePort()}`;
  const given = {
    ...{ '--node': 'gw2', '--site': 'zuid', '--peer': peer, '--cluster-listen': `127.0.0.1:${await freePort()}` },
    ...{ '--master-key-file': join(folder, 'one', 'master.key'), '--password-file': join(folder, 'password') },
    '--cluster-ca': put('cluster-ca.pem', ours.ca),
    '--cluster-certificate': put('cluster.pem', certificate),
    '--cluster-key': put('cluster.key', key),
  };
  const join2 = async (more: Readonly<Record<string, string>> = {}, into = 'two') =>
    await sluisHere([
      ...['init', '--config', join(folder, into, 'sluis.toml'), '--hostname', 'localhost', '--postgres', '--join'],
      ...['--ca', join(folder, 'db-ca.pem'), ...cluster.hostsFrom('zuid').flatMap((host) => ['--host', host])],
      ...Object.entries({ ...given, ...more }).flatMap(([name, value]) => (value === '' ? [] : [name, value])),
    ]);
  const foreign = join(folder, 'foreign');
  new KeyFolder(foreign, randomBytes(32)).adopt('f'.repeat(32));
  const refusals: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [
      { '--master-key-file': put('other.key', `${randomBytes(32).toString('hex')}\n`) },
      /its fingerprint is [0-9a-f]+, and [0-9a-f]+ is needed; carry the master key of a gateway of this store over/,
    ],
    [
      { '--keys': foreign },
      /key folder ".*foreign" belongs to another store \(ffffffffffff, .*name an empty folder with --keys/,
    ],
    [{ '--node': 'gw1' }, /"gw1" runs already \(site "noord"\); give this one a name of its own with --node/],
    [{ '--cluster-ca': put('other-ca.pem', others.ca) }, /is not of the authority in cluster.ca; give the authority/],
    [
      { '--cluster-certificate': put('ended.pem', ours.issue('gw2.zuid.test', -1).certificate) },
      /does not belong to its key|ended on 2024-02-01/,
    ],
    [{ '--cluster-key': put('no.key', 'no key') }, /cluster.key.*it holds something else; correct the path/],
    [{ '--peer': '' }, /give --cluster-listen, --peer, .*over which it fetches the keys of days/],
    [{ '--master-key-file': '' }, /give its master key with --master-key-file FILE/],
  ];
  for (const [more, why] of refusals) {
    const { code, stderr } = await join2(more);
    assert.match(stderr, why);
    assert.notEqual(code, 0);
    for (const made of ['sluis.toml', 'keys']) assert.equal(existsSync(join(folder, 'two', made)), false, stderr);
  }
  const joined = await join2();
  assert.equal(joined.code, 0, joined.stderr);
  assert.match(joined.stdout, /First enter this gateway in cluster.peers of localhost and start that one again/);
  assert.match(joined.stdout, /localhost did not answer now, .*nothing listens there; is the gateway running/);
  rmSync(join(folder, 'two', 'sluis.toml'));
  assert.equal((await join2()).code, 0, 'a join that was cut short behind its key folder starts again');
  return join2;
}

test('options of PostgreSQL without --postgres are refused', async () => {
  const { code, stderr } = await sluisHere(['init', '--host', 'db1.example.nl:5432', '--hostname', 'mail.example.nl']);
  assert.match(stderr, /give --postgres with them/);
  assert.equal(code, 2);
});
