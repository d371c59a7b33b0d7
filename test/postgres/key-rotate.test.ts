/**
 * A new master key at two sites: what was sealed before opens at both, mail and keys that sign,
 * and the two gateways speak with each other again.
 */
// @release: whole gateways on PostgreSQL that stop and start; cli/key-rotate and faults/rotate-kill9 try the steps.
// @beside
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { PATIENCE, foldersOf, send, subjects } from '../support/sites-keys.ts';
import { SITES, type Site, startTwoSites } from '../support/two-sites.ts';
import { until } from '../support/until.ts';

const ROTATE = ['key', 'rotate', '--reason', 'a custodian has left', '--yes', '--json'];

test('after a new master key both sites open mail of before, sign with the authority of before, and exchange keys', async (t) => {
  const both = await startTwoSites(t, ['anna']);
  const { gateways, serve } = both;
  const folders = foldersOf(both);
  const at = (site: Site, ...words: readonly string[]): string => gateways[site].instance.sluis(...words);
  const fingerprint = (site: Site): string =>
    (JSON.parse(at(site, 'key', 'status', '--json')) as { fingerprint: string }).fingerprint;

  await send(gateways.noord, 'before');
  at('noord', 'ca', 'init', '--name', 'Test');
  const authorities = (folder: string): readonly string[] =>
    existsSync(join(folder, 'ca')) ? readdirSync(join(folder, 'ca')) : [];
  // That of the root stays where it was made.
  await until('the issuing key has come to the other site', () => authorities(folders.zuid).length === 1, PATIENCE);
  assert.equal(authorities(folders.noord).length, 2);
  const old = fingerprint('zuid');
  for (const site of SITES) await gateways[site].served.stop();

  const made = JSON.parse(at('noord', ...ROTATE)) as { to: string };
  assert.notEqual(made.to, old);
  const master = (site: Site): string => loadConfig(gateways[site].instance.config).keys['master-key-file'] ?? '';
  copyFileSync(master('noord'), `${master('zuid')}.new`);
  const followed = JSON.parse(at('zuid', ...ROTATE)) as { to: string; followed: boolean };
  assert.deepEqual([followed.to, followed.followed], [made.to, true]);

  for (const site of SITES) await serve(site);
  for (const site of SITES) assert.deepEqual(await subjects(gateways[site]), ['before'], site);
  await send(gateways.zuid, 'after');
  assert.deepEqual(await subjects(gateways.noord), ['before', 'after']);
  const words = ['--use', 'login', '--key-kind', 'p256', '--json'];
  for (const site of SITES) {
    const [out, password] = [join(gateways[site].instance.folder, 'a.p12'), join(gateways[site].instance.folder, 'a')];
    at(site, 'cert', 'issue', '--account', 'anna', ...words, '--out', out, '--password-out', password);
    assert.ok(existsSync(out), site);
  }
  const states = (): readonly string[] => {
    const { sites } = JSON.parse(at('zuid', 'status', '--all', '--json')) as {
      sites: { channel: { peers: readonly { state: string }[] } };
    };
    return sites.channel.peers.map(({ state }) => state);
  };
  await until('they speak with each other again', () => states().join() === 'heard', PATIENCE, 500);
});
