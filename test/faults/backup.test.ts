/**
 * Backups of a gateway that works: taken under full submission, killed in the middle, on a disk that fills. What was acknowledged before a backup
 * began is in it, whatever happens it is whole or none, and mail goes on.
 */
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
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { BackupView, TakenView } from '../../src/backup/views.ts';
import type { Restored } from '../../src/backup/restore.ts';
import { sluis } from '../support/command-line.ts';
import { Instance, addressOf, loginOf } from '../support/instance.ts';
import { Ledger } from '../support/ledger.ts';
import { LoopWatch } from '../support/loop-watch.ts';
import { mayMount, present } from '../support/require.ts';
import { SmtpClient, acceptedId } from '../support/smtp-client.ts';
import { collect, pause, submitting, until } from './support/traffic.ts';

async function open(t: TestContext, under?: string): Promise<Instance> {
  const instance = await Instance.create(under === undefined ? {} : { under });
  t.after(() => instance.remove());
  instance.addAccounts(['sender', 'other', 'anna', 'bram']);
  return instance;
}

const json = async <T>(instance: Instance, ...args: string[]): Promise<T> => {
  const ran = await sluis([...args, '--json', '--config', instance.config]);
  assert.equal(ran.code, 0, ran.stderr);
  return JSON.parse(ran.stdout) as T;
};

test('a backup under full submission restores to every message acknowledged before it, none half, and mail flows meanwhile', async (t) => {
  const instance = await open(t);
  const watch = new LoopWatch(instance, { own: true });
  const served = await instance.serve(watch.options);
  const [before, during] = [new Ledger(addressOf('sender')), new Ledger(addressOf('other'))];
  const large = (): number => 250_000;
  const filling = submitting(instance, before, { sender: 'sender', recipients: ['anna'], connections: 6, size: large });
  await until('a database of some size', () => before.acknowledged >= 350, 60_000);
  const small = (): number => 10_000;
  const going = submitting(instance, during, { sender: 'other', recipients: ['bram'], connections: 6, size: small });
  filling.stop();
  await filling.ended;
  const seen: { readonly at: number; readonly n: number }[] = [];
  const timer = setInterval(() => seen.push({ at: Date.now(), n: during.acknowledged }), 20);
  await pause(2000);
  await watch.report(served);
  const folder = join(instance.folder, 'backups');
  const taken = await json<TakenView>(instance, 'backup', folder);
  const loop = await watch.report(served);
  clearInterval(timer);

  const rate = (from: number, to: number): number => {
    const within = seen.filter(({ at }) => at >= from && at <= to);
    return ((within.at(-1)?.n ?? 0) - (within[0]?.n ?? 0)) / Math.max(0.001, (to - from) / 1000);
  };
  const begun = Date.parse(taken.begun);
  const [alone, beside] = [rate(begun - 1500, begun - 500), rate(begun, begun + taken.seconds * 1000)];
  t.diagnostic(
    `${taken.octets >> 20} MiB in ${taken.seconds} s, log up to ${taken.logOctets >> 20} MiB; ${Math.round(alone)} messages/s before, ${Math.round(beside)} beside it (${(beside / alone).toFixed(2)}); loop's own p99 ${loop.own99} ms, longest ${loop.own} ms`,
  );
  assert.ok(beside > 0.15 * alone, `mail nearly stood still: ${beside} of ${alone} a second`);
  assert.ok((loop.own ?? 0) < 150, `the event loop was held for ${loop.own} ms`);

  await served.kill();
  await going.ended;
  renameSync(instance.data, `${instance.data}.lost`);
  const restored = await json<Restored>(instance, 'restore', taken.path, '--all', '--reason', 'test');
  assert.equal(restored.passed, true);
  const again = await instance.serve();
  await collect(instance, before, ['anna'], { remove: false });
  await collect(instance, during, ['bram'], { remove: false });
  const report = before.report();
  assert.ok(report.acknowledged >= 350);
  assert.deepEqual([report.lost, report.duplicated, report.damaged], [[], [], []]);
  const later = during.report();
  assert.deepEqual([later.duplicated, later.damaged], [[], []]);
  assert.ok(later.lost.length > 0, 'what came after the backup is not in it');
  assert.equal(await again.stop(), 0);
});

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
  assert.match(ran.stderr, /the disk is full; make room there.*Nothing was left there, and the gateway goes on/);
  assert.deepEqual(readdirSync(folder), []);
  assert.match(served.log, /backup\.failed/);

  const sender = await SmtpClient.open(instance.target('submission'), loginOf('sender'));
  const message = ledger.compose(20_000);
  ledger.acknowledge(message, acceptedId(await sender.submit(addressOf('sender'), [addressOf('anna')], message.wire)));
  await sender.quit();
  const refused = await sluis(['backup', folder, '--config', instance.config]);
  assert.equal(refused.code, 7);
  assert.match(refused.stderr, /\d+ MiB are free there, and \d+ are needed for a database of \d+; make room/);
  rmSync(join(mount, 'hog'));
  await json<TakenView>(instance, 'backup', folder);
  assert.equal(await served.stop(), 0);
});
