import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FolderTurn } from '../../src/backup/folder-turn.ts';
import { seconds } from '../../src/domain/units.ts';
import { FakeClock } from '../support/clock.ts';
import { until } from '../support/until.ts';

function scene(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-turn-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, '.at-work');
  const age = (): void => utimesSync(file, new Date(Date.now() - 120_000), new Date(Date.now() - 120_000));
  return { folder, file, age, clock: new FakeClock() };
}

test('one works in a folder at a time, and says every ten seconds that it does', async (t) => {
  const { folder, file, age, clock } = scene(t);
  const first = await FolderTurn.take(folder, clock);
  assert.ok(first !== undefined);
  assert.equal(await FolderTurn.take(folder, clock), undefined);
  age();
  clock.advance(seconds(11));
  await until('it was touched', () => statSync(file).mtimeMs > Date.now() - 60_000);
  assert.equal(await FolderTurn.take(folder, clock), undefined);
  await first.end();
  assert.equal(existsSync(file), false);
  assert.equal(clock.waiting, 0);
});

test('one that hung for a minute is followed by another, whose turn it leaves alone when it goes on', async (t) => {
  const { folder, file, age, clock } = scene(t);
  const hung = await FolderTurn.take(folder, new FakeClock());
  age();
  const next = await FolderTurn.take(folder, clock);
  assert.ok(hung !== undefined && next !== undefined);
  const mark = readFileSync(file, 'utf8');
  await hung.end();
  assert.equal(readFileSync(file, 'utf8'), mark);
  await next.end();
  assert.equal(existsSync(file), false);
});
