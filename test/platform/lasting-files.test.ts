import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { replaceFile, writeOnce, writeSynced } from '../../src/platform/lasting-files.ts';
import { isInside } from '../../src/platform/paths.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluis-lasting-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('replaceFile() makes folder and file, replaces what is there, and leaves no draft', () => {
  const path = join(folder, 'below', 'list.pem');
  replaceFile(path, 'old, and longer', 0o640);
  replaceFile(path, 'new', 0o640);
  assert.equal(readFileSync(path, 'utf8'), 'new');
  assert.equal(statSync(path).mode & 0o777, 0o640);
  assert.deepEqual(readdirSync(join(folder, 'below')), ['list.pem']);
});

test('writeOnce() keeps the file that is there already, and leaves no draft', () => {
  const here = join(folder, 'once');
  replaceFile(join(here, 'other'), '', 0o600);
  writeOnce(here, 'day.key', Buffer.from('first'));
  writeOnce(here, 'day.key', Buffer.from('second'));
  assert.equal(readFileSync(join(here, 'day.key'), 'utf8'), 'first');
  assert.equal(statSync(join(here, 'day.key')).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(here).sort(), ['day.key', 'other']);
});

test('writeSynced() with "wx" refuses a file that is there', () => {
  const path = join(folder, 'new');
  writeSynced(path, 'one', 0o600, 'wx');
  assert.throws(() => writeSynced(path, 'two', 0o600, 'wx'), { code: 'EEXIST' });
  assert.equal(readFileSync(path, 'utf8'), 'one');
});

test('isInside() goes by whole names', () => {
  for (const [path, folder, inside] of [
    ['/data', '/data', true],
    ['/data/keys', '/data', true],
    ['/data/..keys', '/data', true],
    ['/data-keys', '/data', false],
    ['/', '/data', false],
    ['/keys', '/data', false],
  ] as const)
    assert.equal(isInside(path, folder), inside, path);
});
