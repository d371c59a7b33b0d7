import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { seconds } from '../../src/domain/units.ts';
import { FileWatch } from '../../src/platform/file-watch.ts';
import { FakeClock } from '../support/clock.ts';

async function watching(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-watch-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const clock = new FakeClock();
  const seen = { changes: 0 };
  const file = join(folder, 'server.pem');
  writeFileSync(join(folder, 'first.pem'), 'first');
  symlinkSync('first.pem', file);
  const watch = new FileWatch({
    files: [file],
    every: seconds(10),
    clock,
    changed: () => void (seen.changes += 1),
  });
  await watch.start();
  return { folder, file, clock, seen, watch };
}

test('a change is told once, when two looks in a row saw the same', async (t) => {
  const { folder, seen, watch } = await watching(t);
  await watch.look();
  assert.equal(seen.changes, 0);
  writeFileSync(join(folder, 'first.pem'), 'first, half');
  await watch.look();
  writeFileSync(join(folder, 'first.pem'), 'first, changed');
  await watch.look();
  assert.equal(seen.changes, 0, 'told while it was being written');
  await watch.look();
  await watch.look();
  assert.equal(seen.changes, 1);
});

test('a link that leads elsewhere, a file renamed over it and a file that goes are changes', async (t) => {
  const { folder, file, seen, watch } = await watching(t);
  const settle = async () => {
    await watch.look();
    await watch.look();
    return seen.changes;
  };
  writeFileSync(join(folder, 'second.pem'), 'first');
  symlinkSync('second.pem', join(folder, 'link'));
  renameSync(join(folder, 'link'), file);
  assert.equal(await settle(), 1);
  writeFileSync(join(folder, 'third.pem'), 'first');
  renameSync(join(folder, 'third.pem'), file);
  assert.equal(await settle(), 2);
  rmSync(file);
  assert.equal(await settle(), 3);
  assert.equal(await settle(), 3);
});

test('it looks by itself until it is stopped', async (t) => {
  const { clock, watch } = await watching(t);
  assert.equal(clock.waiting, 1);
  clock.advance(seconds(10));
  assert.equal(clock.waiting, 0, 'the next look waits for this one');
  for (let turn = 0; clock.waiting === 0 && turn < 10_000; turn += 1) await new Promise((r) => setImmediate(r));
  assert.equal(clock.waiting, 1);
  watch.stop();
  assert.equal(clock.waiting, 0);
});
