/**
 * Day keys and the master key at two sites, on whole gateways: keys are there two weeks ahead, what
 * one made alone the other fetches before it serves, what is erased is closed at both, and a new
 * master key opens the mail of before.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { readMasterKey } from '../../src/config/master-key.ts';
import { KeyFolder } from '../../src/crypto/keys/key-folder.ts';
import { greets } from '../support/instance.ts';
import { PATIENCE, day, daysAhead, foldersOf, keyFiles, send, subjects } from '../support/sites-keys.ts';
import { type Gateway, type Site, type TwoSites, startTwoSites } from '../support/two-sites.ts';
import { until } from '../support/until.ts';

/**
 * A day's key that the gateway at a site made while it was alone, in a folder in which nobody has
 * one.
 */
async function makeAlone(both: TwoSites, site: Site, which: string): Promise<void> {
  const folders = foldersOf(both);
  for (const folder of Object.values(folders)) rmSync(join(folder, `${which}.key`));
  const masterKey = await readMasterKey(loadConfig(both.gateways[site].instance.config));
  new KeyFolder(folders[site], masterKey).makeMarked(which, randomBytes);
}

const both = async (t: TestContext): Promise<TwoSites> => await startTwoSites(t, ['anna']);

test('keys are on both sites 14 days ahead, and what is erased of a day is closed at both, though the one that erased it was lost', async (t) => {
  const sites = await both(t);
  const { gateways, serve } = sites;
  const folders = foldersOf(sites);
  await until('the second one has what the first has, who began with an empty folder', () => {
    const [one, two] = [keyFiles(folders.noord), keyFiles(folders.zuid)];
    return one.length === 14 && one.join() === two.join();
  });
  assert.deepEqual(
    keyFiles(folders.noord),
    Array.from({ length: 14 }, (_, n) => `${day(n)}.key`),
  );
  await send(gateways.noord, 'stays');
  const erased = await send(gateways.noord, 'erased');
  assert.deepEqual(await subjects(gateways.zuid), ['stays', 'erased']);

  // A clock that is a day ahead finds tomorrow's key, and the other one reads what was sealed with
  // it.
  await gateways.zuid.served.stop();
  await serve('zuid', daysAhead(1));
  await send(gateways.zuid, 'tomorrow');
  assert.deepEqual(await subjects(gateways.noord), ['stays', 'erased', 'tomorrow']);

  await gateways.zuid.served.stop();
  await serve('zuid');
  // What is erased of a day is noted on both at once, so that it is closed where the one that
  // erased it is lost.
  gateways.noord.instance.sluis('message', 'erase', erased, '--yes', '--reason', 'test');
  const noted = (folder: string): boolean => existsSync(join(folder, `${day(0)}.erasing`));
  await until('the other one has the note', () => noted(folders.zuid), PATIENCE);
  await gateways.noord.served.kill();
  await gateways.zuid.served.stop();
  await serve('zuid', daysAhead(3));
  const closed = (folder: string): boolean => existsSync(join(folder, `${day(0)}.kept`)) && !noted(folder);
  await until('the day is closed', () => closed(folders.zuid), PATIENCE);
  assert.equal(existsSync(join(folders.zuid, `${day(0)}.key`)), false);
  await serve('noord', daysAhead(3));
  await until('and on the other', () => closed(folders.noord), PATIENCE);
  assert.deepEqual(await subjects(gateways.noord), ['stays', 'tomorrow']);
});

test('a key that one made alone is fetched by the other, which was away, before anything is served', async (t) => {
  const sites = await both(t);
  const { gateways, serve } = sites;
  const folders = foldersOf(sites);
  await send(gateways.noord, 'before');
  await gateways.zuid.served.stop();
  await gateways.noord.served.stop();
  await makeAlone(sites, 'noord', day(2));
  await serve('noord', daysAhead(2));
  await send(gateways.noord, 'alone');
  await gateways.noord.served.stop();
  let log = '';
  const back = serve('zuid', { ...daysAhead(2), hear: (text) => (log += text) });
  await until('it asks for the key', () => log.includes('cluster.keys-missing'), PATIENCE);
  assert.equal(await greets(gateways.zuid.instance.ports.pop3), false, 'nothing is served without it');
  await serve('noord', daysAhead(2));
  await back;
  assert.deepEqual(await subjects(gateways.zuid), ['before', 'alone']);
  // What one made as its own, with a mark in its name, is the only one of that day for the other.
  const daysOf = (folder: string): readonly string[] => keyFiles(folder).map((name) => name.slice(0, 10));
  assert.deepEqual(daysOf(folders.zuid), daysOf(folders.noord));
});

test('a new master key: all gateways are stopped, one makes it, the other follows, and what was sealed before opens', async (t) => {
  const sites = await both(t);
  const { gateways, serve } = sites;
  const { noord, zuid } = gateways;
  const secret = join(noord.instance.folder, 'secret');
  writeFileSync(secret, 'open sesame\n');
  const partner = ['--organisation', 'ledger', '--host', 'localhost', '--login', 'us', '--password-file', secret];
  noord.instance.sluis('partner', 'add', 'hospital', ...partner);
  await send(noord, 'before');
  const rotate = ({ instance }: Gateway): string => instance.sluis('key', 'rotate', '--yes', '--reason', 'test');
  await noord.served.stop();
  assert.throws(() => rotate(noord), /gateway "gw-zuid" of this store runs.*stop all gateways/);
  await zuid.served.stop();
  const told = rotate(noord);
  assert.match(
    told,
    /New master key [0-9a-f]+; \d+ keys and secrets .*\n.*\n.*Every other gateway of this store: .*master\.key there/s,
  );
  await serve('noord');
  await assert.rejects(serve('zuid'), /FILE\.new and run "sluis key rotate" here too/);
  const key = loadConfig(zuid.instance.config).keys['master-key-file'] ?? '';
  cpSync(join(noord.instance.folder, 'master.key'), `${key}.new`);
  assert.match(
    rotate(zuid),
    /The store has the new master key [0-9a-f]+ already; \d+ keys .*\nIt is in .*\nNow: start this gateway/,
  );
  await serve('zuid');
  assert.deepEqual(await subjects(zuid), ['before']);
  await send(zuid, 'after');
  assert.deepEqual(await subjects(noord), ['before', 'after']);
  assert.match(noord.instance.sluis('audit', 'verify'), /the chain holds/);
});
