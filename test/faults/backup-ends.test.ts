/**
 * Backups that come to no good end: killed in the middle, on a disk that fills. Whatever happens a
 * backup is whole or none, and mail goes on.
 */
// @release: kills and fills under a backup of 50 MB; cli/backup tries what one that broke off leaves behind.
// @beside
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BackupView, TakenView } from '../../src/backup/views.ts';
import { sluis } from '../support/command-line.ts';
import { addressOf, loginOf } from '../support/instance.ts';
import { Ledger } from '../support/ledger.ts';
import { mayMount, present } from '../support/require.ts';
import { SmtpClient, acceptedId } from '../support/smtp-client.ts';
import { json, open } from './support/backups.ts';
import { submitting, until } from './support/traffic.ts';

test('kill -9 in the middle of a backup leaves no false one; the next sweeps what is left and is whole', async (t) => {
  const instance = await open(t);
  let served = await instance.serve();
  const ledger = new Ledger(addressOf('sender'));
  const traffic = submitting(instance, ledger, {
    ...{ sender: 'sender', recipients: ['anna'], connections: 4, size: () => 250_000 },
  });
  await until('a database of some size', () => ledger.acknowledged >= 200, 60_000);
  const folder = join(instance.folder, 'backups');
  const good = await json<TakenView>(instance, 'backup', folder);
  const running = sluis(['backup', folder, '--config', instance.config]);
  const partial = (): boolean =>
    readdirSync(folder).some((name) => name.endsWith('.partial') && existsSync(join(folder, name, 'sluis.db')));
  await until('a backup under way', partial);
  await served.kill();
  await traffic.ended;
  assert.notEqual((await running).code, 0);
  assert.equal(partial(), true, 'the kill came in the middle');
  const listed = async (): Promise<string[]> =>
    (await json<BackupView[]>(instance, 'backup', 'list', folder)).map(({ backup }) => backup);
  assert.deepEqual(await listed(), [good.backup]);

  served = await instance.serve();
  const next = await json<TakenView>(instance, 'backup', folder);
  assert.equal(partial(), false);
  assert.deepEqual(await listed(), [good.backup, next.backup]);
  assert.equal(await served.stop(), 0);
  for (const { path } of [good, next])
    assert.equal((await sluis(['backup', 'check', path, '--config', instance.config])).code, 0);
});

const mount = realpathSync(mkdtempSync(join(tmpdir(), 'sluis-backup-full-')));
const skip = present('the right to mount a small tmpfs', mayMount(mount), 'run the suite as root');

test('a disk that fills under a backup fails the backup and nothing else', { skip }, async (t) => {
  const instance = await open(t);
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=220m', 'tmpfs', mount]).status, 0);
  t.after(() => {
    spawnSync('umount', [mount]);
    rmSync(mount, { recursive: true, force: true });
  });
  const served = await instance.serve();
  const ledger = new Ledger(addressOf('sender'));
  const filling = submitting(instance, ledger, {
    ...{ sender: 'sender', recipients: ['anna'], connections: 4, size: () => 250_000 },
  });
  await until('a database of some size', () => ledger.acknowledged >= 250, 60_000);
  filling.stop();
  await filling.ended;
  const folder = join(mount, 'backups');
  mkdirSync(folder);
  const running = sluis(['backup', folder, '--config', instance.config]);
  await until('a copy under way', () => readdirSync(folder).some((name) => existsSync(join(folder, name, 'sluis.db'))));
  const hog = openSync(join(mount, 'hog'), 'w');
  const octets = Buffer.alloc(4_000_000);
  try {
    for (;;) writeSync(hog, octets);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  }
  closeSync(hog);
  const ran = await running;
  assert.equal(ran.code, 7, ran.stdout + ran.stderr);
  assert.match(
    ran.stderr,
    /the disk is full; free some space there.*Nothing was left there, and the gateway continues/,
  );
  assert.deepEqual(readdirSync(folder), []);
  assert.match(served.log, /backup\.failed/);

  const sender = await SmtpClient.open(instance.target('submission'), loginOf('sender'));
  const message = ledger.compose(20_000);
  ledger.acknowledge(message, acceptedId(await sender.submit(addressOf('sender'), [addressOf('anna')], message.wire)));
  await sender.quit();
  const refused = await sluis(['backup', folder, '--config', instance.config]);
  assert.equal(refused.code, 7);
  assert.match(refused.stderr, /\d+ MiB are free there, and \d+ are needed for a database of \d+; free some space/);
  rmSync(join(mount, 'hog'));
  await json<TakenView>(instance, 'backup', folder);
  assert.equal(await served.stop(), 0);
});
