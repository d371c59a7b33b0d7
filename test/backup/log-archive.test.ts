/**
 * The log behind base backups, with a source that is told what to bring; what real servers bring is
 * in test/postgres.
 */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { KnownBackup } from '../../src/backup/folder.ts';
import { logText } from '../../src/backup/restore-log.ts';
import { instant } from '../../src/domain/units.ts';
import { logScene as scene, nameOf } from './log-scene.ts';

test('a gateway that hung while it received leaves what another one has brought on since, and ends no log', async (t) => {
  const { folder, archive, bringing, received, names, manifest } = scene(t);
  const other = archive(bringing(1, 2, 3));
  const hung = archive(async () => {
    await other.round(folder);
    // What no backup needs goes: the one that hung would miss it.
    await other.tidy(folder, [{ manifest: manifest(nameOf(3)) } as unknown as KnownBackup]);
    return received(2);
  });
  await archive(bringing(1, 2)).round(folder);
  const index = await hung.round(folder);
  assert.deepEqual([index.at, names()], [3, ['log']]);
});

test('of a log that has not come as far as a backup which was just taken the newest file stays, and the log follows that backup', async (t) => {
  const { folder, archive, bringing, manifest, publicKey } = scene(t);
  const log = archive(bringing(1, 2));
  await log.round(folder);
  const taken = { manifest: manifest(nameOf(7)) } as unknown as KnownBackup;
  await log.tidy(folder, [taken]);
  assert.deepEqual(readdirSync(join(folder, 'log')).sort(), [`${nameOf(2)}.partial`, 'index.json']);
  const keys = [publicKey];
  assert.equal(await log.follows(taken, folder, keys), true);
  assert.equal(await log.follows({ manifest: manifest(nameOf(1)) } as unknown as KnownBackup, folder, keys), false);
});

test('a log whose first file is a later one than was asked for is received again, and not ended', async (t) => {
  const { folder, archive, bringing, received, names, write } = scene(t);
  const early = archive(() => {
    write(`${nameOf(6)}.partial`);
    return Promise.resolve(received(5));
  });
  await assert.rejects(early.round(folder), /Cannot bring the log .* up to date: the log ends before what was to be/);
  assert.deepEqual(names(), ['log']);
  assert.equal((await archive(bringing(6)).round(folder)).files.length, 1);
});

test('a backup goes on with the file in which it is whole, also where that was received on the next timeline alone', async (t) => {
  const { folder, archive, bringing, received, write, bring } = scene(t);
  await archive(bringing(4, 5)).round(folder);
  assert.deepEqual(
    (await bring(nameOf(5)))?.files.map(({ name }) => name),
    [nameOf(5)],
  );
  await archive(() => {
    write('00000002.history');
    write(nameOf(5, 2));
    write(`${nameOf(6, 2)}.partial`);
    return Promise.resolve(received(6));
  }).round(folder);
  const wanted = ['00000002.history', nameOf(5, 2), nameOf(6, 2)];
  assert.deepEqual(
    (await bring(nameOf(5)))?.files.map(({ name }) => name),
    wanted,
  );
  assert.equal(await bring(nameOf(5, 3)), undefined, 'a later timeline does not lead to an earlier one');
  assert.equal(await bring(nameOf(3)), undefined);
});

test('of a log that ends before the octet in which a backup is whole nothing is brought, and no moment is promised from it', async (t) => {
  const { folder, archive, bringing, bring } = scene(t);
  await archive(bringing(4, 5)).round(folder);
  const names = async (octets: number): Promise<readonly string[] | undefined> =>
    (await bring(nameOf(5), octets))?.files.map(({ name }) => name);
  assert.deepEqual([await names(100), await names(101)], [[nameOf(5)], []]);
  assert.match(logText((await bring(nameOf(5), 101))!), /has not come to the end of this backup yet/);
  await assert.rejects(bring(nameOf(5), 101, instant(5)), /has not come to the end of it yet; wait for its next round/);
  await archive(bringing(5, 6)).round(folder);
  assert.deepEqual(await names(101), [nameOf(5), nameOf(6)]);
});

test('a log whose servers left the timeline of a backup before its end is refused before anything is copied', async (t) => {
  const { folder, archive, received, write, bring } = scene(t);
  await archive(() => {
    write(nameOf(5));
    write(nameOf(5, 2));
    write(`${nameOf(6, 2)}.partial`);
    // 5 * 1024 + 300 octets.
    writeFileSync(join(folder, 'log', '00000002.history'), '1\t0/152C\tno recovery target specified\n');
    return Promise.resolve(received(6));
  }).round(folder);
  const files = await bring(nameOf(5), 300);
  assert.equal(files?.files.length, 4);
  await assert.rejects(bring(nameOf(5), 301), {
    message:
      /left timeline 1 at 0\/152C, before the backup ends.*take a later backup, or have this one without its log/,
  });
  assert.ok((await bring(nameOf(5, 2), 301)) !== undefined, 'a backup of the new timeline continues');
});
