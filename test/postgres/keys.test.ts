/**
 * Day keys at two sites: whole gateways on PostgreSQL that destroy them together. What takes
 * minutes is in test/long/keys.test.ts.
 */
// @release: a day key at two sites and a third gateway that was away; cluster/ tries the exchange of keys.
// @beside
import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PATIENCE, day, daysAhead, foldersOf, send, subjects } from '../support/sites-keys.ts';
import { startTwoSites } from '../support/two-sites.ts';
import { until } from '../support/until.ts';

test('a day of which nothing is left is destroyed at both sites, proved, and on one that was away before it serves', async (t) => {
  const sites = await startTwoSites(t, ['anna'], { store: 'keep-deleted = "0s"\n' });
  const { gateways, serve } = sites;
  const folders = foldersOf(sites);
  await send(gateways.noord, 'one');
  await gateways.zuid.served.stop();
  await serve('zuid', daysAhead(1));
  await send(gateways.zuid, 'two');
  assert.deepEqual(await subjects(gateways.zuid, { andDelete: true }), ['one', 'two']);
  // A copy of the folder, as a backup of it would have been put back.
  const copy = join(folders.zuid, '..', 'copy');
  cpSync(folders.zuid, copy, { recursive: true });

  for (const site of ['noord', 'zuid'] as const) await gateways[site].served.stop();
  await serve('zuid', daysAhead(2));
  await serve('noord', daysAhead(2));
  const isErased = (folder: string, which: string): boolean =>
    existsSync(join(folder, `${which}.erased`)) && !existsSync(join(folder, `${which}.key`));
  await until(
    'today is destroyed at both',
    () => isErased(folders.noord, day(0)) && isErased(folders.zuid, day(0)),
    PATIENCE,
  );
  const proofs = (folder: string): string => readFileSync(join(folder, `${day(0)}.erased`), 'utf8');
  await until(
    'one has the proof of the other',
    () => (proofs(folders.noord) + proofs(folders.zuid)).includes('gw-'),
    PATIENCE,
  );
  await until('it is in the trail', () =>
    gateways.noord.instance.sluis('audit', 'list', '--json', '--event', 'cluster.day-key-erased').includes(day(0)),
  );

  // Away, and with a folder that has come back: it is destroyed before anything is served.
  await gateways.zuid.served.stop();
  await gateways.noord.served.stop();
  await serve('noord', daysAhead(3));
  await until('tomorrow is destroyed', () => isErased(folders.noord, day(1)), PATIENCE);
  rmSync(folders.zuid, { recursive: true });
  cpSync(copy, folders.zuid, { recursive: true });
  assert.ok(existsSync(join(folders.zuid, `${day(1)}.key`)));
  await serve('zuid', daysAhead(3));
  for (const which of [day(0), day(1)]) assert.ok(isErased(folders.zuid, which), which);
});
