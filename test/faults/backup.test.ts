/**
 * A backup of a gateway that works, taken under full submission: what was acknowledged before it
 * began is in it, whole, and mail goes on meanwhile. backup-ends.test.ts has those that are killed
 * or find no room.
 */
// @release: two backups of a store under load; backup/ and cli/backup try each step, `backup-ends` a full disk.
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Restored } from '../../src/backup/restored.ts';
import type { TakenView } from '../../src/backup/views.ts';
import { addressOf } from '../support/instance.ts';
import { Ledger } from '../support/ledger.ts';
import { LoopWatch } from '../support/loop-watch.ts';
import { json, open } from './support/backups.ts';
import { collect, pause, submitting, until } from './support/traffic.ts';

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
