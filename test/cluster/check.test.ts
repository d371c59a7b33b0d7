/**
 * What `sluis check` says of the channel between gateways, and which sections of it mean nothing.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { channelWarnings, keysAhead } from '../../src/cluster/check.ts';
import { storeProblems } from '../../src/config/store.ts';
import type { Config } from '../../src/config/schema.ts';
import { KeyFolder } from '../../src/crypto/keys/key-folder.ts';
import { days, instant } from '../../src/domain/units.ts';
import { ClusterAuthority } from '../support/nodes.ts';

test('few day keys ahead, a certificate that ends, a wrong key and a wrong authority are told, and nothing where all is well', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-check-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const keys = new KeyFolder(join(folder, 'keys'), randomBytes(32));
  keys.adopt('s');
  const now = instant(Date.now());
  const dayOf = (n: number): string => new Date(now + days(n)).toISOString().slice(0, 10);
  const [authority, other] = [new ClusterAuthority(t), new ClusterAuthority(t)];
  const material = authority.issue('gw1.noord.test', 100);
  const said = (its = material): string => channelWarnings(its, join(folder, 'keys'), now).join('\n');
  assert.equal(keysAhead(join(folder, 'keys'), now), 0);
  for (let n = 0; n < 6; n += 1) keys.make(dayOf(n), randomBytes);
  assert.match(said(), /has day keys for the next 6 days, and 14 are expected/);
  keys.make(dayOf(7), randomBytes);
  assert.equal(keysAhead(join(folder, 'keys'), now), 6, 'a gap ends the count');
  keys.make(dayOf(6), randomBytes);
  assert.equal(said(), '');
  assert.match(said(authority.issue('gw1.noord.test', 10)), /ends in \d+ days: put a new one in its place/);
  assert.match(said(authority.issue('gw1.noord.test', -1)), /ended on 2024-02-01/);
  assert.match(said({ ...material, key: authority.issue('gw2.zuid.test').key }), /does not belong to its key/);
  assert.match(said({ ...material, ca: other.ca }), /is not of the authority in cluster.ca/);
});

test('half of a channel is refused by name, and all of it where one machine alone serves', () => {
  const postgres = {
    engine: 'postgres',
    hosts: [{ host: 'db1', port: 5432 }],
    ca: '/ca.pem',
    'password-file': '/password',
  } as unknown as Config['store'];
  const cluster: Config['cluster'] = { node: 'gw1', site: 'noord', peers: [] };
  const listen = { host: '10.0.0.1', port: 7443 };
  const problems = (store: Config['store'], its: Config['cluster']): readonly string[] =>
    storeProblems({ store, cluster: its }).map(({ path }) => path);
  assert.deepEqual(problems(postgres, cluster), []);
  assert.deepEqual(problems(postgres, { ...cluster, listen }), ['cluster.ca', 'cluster.certificate', 'cluster.key']);
  assert.deepEqual(problems(postgres, { ...cluster, peers: [{ host: 'gw2', port: 1 }] }), [
    'cluster.listen',
    'cluster.ca',
    'cluster.certificate',
    'cluster.key',
  ]);
  const whole = { ...cluster, listen, ca: '/a', certificate: '/b', key: '/c' };
  assert.deepEqual(problems(postgres, whole), []);
  const sqlite = { engine: 'sqlite', hosts: [] } as unknown as Config['store'];
  assert.deepEqual(problems(sqlite, { peers: [] }), []);
  assert.deepEqual(problems(sqlite, whole), [
    'cluster.node',
    'cluster.site',
    'cluster.listen',
    'cluster.ca',
    'cluster.certificate',
    'cluster.key',
  ]);
});
