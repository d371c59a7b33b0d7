/**
 * `sluis store compact` in front of a gateway that is stopped, and what `check` says beforehand.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Compacted } from '../../src/store/sqlite/compact.ts';
import { commandScene } from '../support/command-scene.ts';
import { sluisHere } from '../support/command-line.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { giveOldShape } from '../support/store.ts';

test('store compact: not beside a running gateway; check names it for an old store, and no more afterwards', async (t) => {
  const scene = await commandScene(t, { accounts: ['anna'] });
  const { gateway, done } = scene;
  const compact = ['store', 'compact', '--config', gateway.config.file];
  await scene.submit(addressOf('anna'), 'kept');
  const running = await sluisHere(compact);
  assert.notEqual(running.code, 0);
  assert.match(running.stderr, /is in use by another process; stop that one/);
  await gateway.stop({ drain: 'none' });
  const warned = async (): Promise<boolean> => (await done('check')).includes('sluis store compact');
  assert.equal(await warned(), false);
  giveOldShape({ dataFolder: gateway.config.data.folder });
  assert.equal(await warned(), true);
  const { before, after, rows } = JSON.parse(await done('store', 'compact', '--json')) as Compacted;
  assert(before > 0 && after > 0 && rows > 10);
  assert.equal(await warned(), false);
  assert.match(
    await done('store', 'compact'),
    /^The database has \d+ MiB, before \d+ MiB\.\nProved before .*: \d+ rows in \d+ tables/,
  );
  const again = await gateway.restart();
  t.after(() => again.stop({ drain: 'none' }));
  const mail = await Pop3Client.open(again.target('pop3'), loginOf('anna'));
  assert.match((await mail.fetch(1)).toString(), /end of kept/);
  await mail.quit();
});
