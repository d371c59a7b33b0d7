/** Day keys in their folder. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { KeyFolder, KeyFolderRefused, dayOf } from '../../src/crypto/key-folder.ts';
import { instant } from '../../src/domain/units.ts';

const folderOf = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-keys-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'keys');
};

test('a day key is made once, kept wrapped, and found again', (t) => {
  const folder = folderOf(t);
  const master = randomBytes(32);
  const keys = new KeyFolder(folder, master);
  keys.adopt('store-1');
  const made = keys.make('2026-11-25', randomBytes);
  assert.deepEqual(new KeyFolder(folder, master).keyOf('2026-11-25').export(), made.export());
  assert.deepEqual(new KeyFolder(folder, master).make('2026-11-25', randomBytes).export(), made.export());
  assert.equal(new KeyFolder(folder, master).storeId, 'store-1');
  assert.deepEqual(readdirSync(folder).sort(), ['2026-11-25.key', 'store']);
  const file = join(folder, '2026-11-25.key');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(readFileSync(file).includes(made.export()), false);
});

test('a folder belongs to the store that adopted it first', (t) => {
  const keys = new KeyFolder(folderOf(t), randomBytes(32));
  assert.equal(keys.storeId, undefined);
  keys.adopt('first');
  keys.adopt('second');
  assert.equal(keys.storeId, 'first');
});

test('a missing key, a wrong master key and an erased day each say what is wrong', (t) => {
  const folder = folderOf(t);
  const keys = new KeyFolder(folder, randomBytes(32));
  keys.adopt('s');
  keys.make('2026-11-25', randomBytes);
  assert.throws(() => keys.keyOf('2026-11-24'), /2026-11-24.key" is missing.*restore the key folder/);
  assert.throws(() => new KeyFolder(folder, randomBytes(32)).keyOf('2026-11-25'), /does not open with the sealing key/);
  assert.throws(() => new KeyFolder(folder, randomBytes(31)), KeyFolderRefused);
  keys.erase('2026-11-25');
  assert.throws(() => keys.keyOf('2026-11-25'), /was destroyed/);
  assert.throws(() => keys.make('2026-11-25', randomBytes), /cannot be made again/);
  assert.deepEqual(readdirSync(folder).sort(), ['2026-11-25.erased', 'store']);
});

test('a fingerprint is the same with the same master key, and another with any other', (t) => {
  const folder = folderOf(t);
  const master = Buffer.alloc(32, 7);
  const of = (key: Uint8Array): string => {
    const fingerprint = new KeyFolder(folder, key).fingerprint();
    fingerprint.update(Buffer.from('the octets of a message\r\n'));
    return fingerprint.digest().toString('hex');
  };
  assert.equal(of(master), of(master));
  assert.notEqual(of(randomBytes(32)), of(master));
});

test('the key check tells the right master key from any other', (t) => {
  const folder = folderOf(t);
  const master = randomBytes(32);
  const { check } = new KeyFolder(folder, master);
  assert.equal(new KeyFolder(folder, master).checks(check), true);
  assert.equal(new KeyFolder(folder, randomBytes(32)).checks(check), false);
  assert.equal(new KeyFolder(folder, master).checks(check.subarray(1)), false);
});

test('a day is a day in UTC', () => {
  assert.equal(dayOf(instant(Date.UTC(2026, 10, 25, 23, 59, 59, 999))), '2026-11-25');
  assert.equal(dayOf(instant(Date.UTC(2026, 10, 26))), '2026-11-26');
});
