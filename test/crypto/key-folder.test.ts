/** Day keys in their folder. */
import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { packKeys } from '../../src/crypto/keys/kept-keys.ts';
import { KeyFolder } from '../../src/crypto/keys/key-folder.ts';
import { KeyFolderRefused } from '../../src/crypto/keys/key-folder-refused.ts';
import { dayOf } from '../../src/domain/utc-day.ts';
import { belongsInCopy, resealFile, sealedFiles } from '../../src/crypto/keys/sealed-places.ts';
import { SealBroken, dataKeyPurpose, wrapKey } from '../../src/crypto/keys/sealing.ts';
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

test('a day may have keys of several nodes: each opens what was sealed with it, in either folder', (t) => {
  const master = randomBytes(32);
  const day = '2026-11-25';
  const [one, two] = [new KeyFolder(folderOf(t), master), new KeyFolder(folderOf(t), master)];
  one.adopt('s');
  two.adopt('s');
  const sealed = [one, two].map((keys, n) => {
    const key = Buffer.alloc(32, n + 1);
    const wrapped = wrapKey(keys.make(day, randomBytes), key, dataKeyPurpose(7n), randomBytes);
    return { key, wrapped };
  });
  const exchange = (from: KeyFolder, to: KeyFolder): readonly boolean[] =>
    from.sealedKeysOf(day).map((its) => to.shared.take(day, its.sealed).isNew);
  assert.deepEqual(exchange(one, two), [true]);
  // What it has learnt of already it does not take again, under whichever name.
  assert.deepEqual([...exchange(two, one)].sort(), [false, true]);
  const marks = (keys: KeyFolder): readonly string[] => keys.sealedKeysOf(day).map(({ mark }) => mark);
  assert.deepEqual([...marks(one)].sort(), [...marks(two)].sort());
  for (const keys of [one, two])
    for (const { key, wrapped } of sealed) assert.deepEqual(keys.dataKeyOf(day, 7n, wrapped).export(), key);
  assert.throws(() => one.dataKeyOf(day, 8n, sealed[0]!.wrapped), SealBroken);
});

test('of two keys that were made at once all nodes seal with the same, unless one of them has begun with its own', (t) => {
  const master = randomBytes(32);
  const day = '2026-11-26';
  const folders = [folderOf(t), folderOf(t)];
  const [one, two] = folders.map((folder) => new KeyFolder(folder, master)) as [KeyFolder, KeyFolder];
  one.adopt('s');
  two.adopt('s');
  const begun = one.make(day, randomBytes).export();
  two.make(day, randomBytes);
  for (const { sealed } of two.sealedKeysOf(day)) one.shared.take(day, sealed);
  for (const { sealed } of one.sealedKeysOf(day)) two.shared.take(day, sealed);
  assert.deepEqual(one.sealingKeyOf(day).export(), begun);
  const [first, second] = folders.map((folder) => new KeyFolder(folder, master).sealingKeyOf(day).export());
  assert.deepEqual(first, second);
});

test('a key that is made alone has a name of its own, and is found as any other', (t) => {
  const master = randomBytes(32);
  const folder = folderOf(t);
  const keys = new KeyFolder(folder, master);
  keys.adopt('s');
  const made = keys.makeMarked('2026-11-25', randomBytes);
  const [{ mark } = { mark: '' }] = keys.sealedKeysOf('2026-11-25');
  assert.deepEqual(readdirSync(folder).sort(), [`2026-11-25.${mark}.key`, 'store']);
  const again = new KeyFolder(folder, master);
  assert.deepEqual(again.keyOf('2026-11-25').export(), made.export());
  assert.deepEqual(again.make('2026-11-25', randomBytes).export(), made.export());
  assert.deepEqual(again.shared.inventory('', 10), { days: [{ day: '2026-11-25', state: 'live', marks: [mark] }] });
});

test('an erased or closed day has none of its keys any more, and takes none', (t) => {
  const master = randomBytes(32);
  const folder = folderOf(t);
  const keys = new KeyFolder(folder, master);
  keys.adopt('s');
  const other = new KeyFolder(folderOf(t), master);
  other.adopt('s');
  for (const day of ['2026-11-25', '2026-11-26']) {
    keys.make(day, randomBytes);
    other.make(day, randomBytes);
    for (const { sealed } of other.sealedKeysOf(day)) keys.shared.take(day, sealed);
  }
  keys.erase('2026-11-25');
  keys.keep('2026-11-26', Buffer.alloc(40), randomBytes);
  assert.deepEqual(readdirSync(folder).sort(), ['2026-11-25.erased', '2026-11-26.kept', 'store']);
  assert.deepEqual(
    ['2026-11-25', '2026-11-26', '2026-11-27'].map((day) => keys.stateOf(day)),
    ['erased', 'kept', 'none'],
  );
  for (const day of ['2026-11-25', '2026-11-26'])
    assert.throws(() => keys.shared.take(day, other.sealedKeysOf(day)[0]!.sealed), /cannot be made again/);
  keys.noteErasureProof('2026-11-25', 'gw2 proved it');
  assert.deepEqual(keys.erasureProofs('2026-11-25'), ['gw2 proved it']);
  keys.erase('2026-11-25');
  assert.deepEqual(keys.erasureProofs('2026-11-25'), ['gw2 proved it']);
});

test('a key that was sealed under another master key is not taken', (t) => {
  const [keys, other] = [new KeyFolder(folderOf(t), randomBytes(32)), new KeyFolder(folderOf(t), randomBytes(32))];
  keys.adopt('s');
  other.adopt('s');
  other.make('2026-11-25', randomBytes);
  assert.throws(
    () => keys.shared.take('2026-11-25', other.sealedKeysOf('2026-11-25')[0]!.sealed),
    /all nodes need one master key/,
  );
  assert.equal(keys.stateOf('2026-11-25'), 'none');
});

test('a rotation of the master key seals a marked key anew too, and the copy of the folder has it', (t) => {
  const [from, to] = [randomBytes(32), randomBytes(32)];
  const folder = folderOf(t);
  const keys = new KeyFolder(folder, from);
  keys.adopt('s');
  const made = keys.makeMarked('2026-11-25', randomBytes);
  const names = sealedFiles(folder);
  assert.ok(names.ok);
  const [name = ''] = names.value;
  assert.match(name, /^2026-11-25\.[0-9a-f]{16}\.key$/);
  assert.ok(belongsInCopy(name));
  const again = resealFile({ from, to, random: randomBytes }, folder, name);
  assert.ok(again.ok);
  writeFileSync(join(folder, name), again.value);
  assert.deepEqual(new KeyFolder(folder, to).keyOf('2026-11-25').export(), made.export());
});

test('kept keys that another thread replaced have another mark, also where they were in memory', (t) => {
  const folder = folderOf(t);
  const master = randomBytes(32);
  const [writer, reader] = [new KeyFolder(folder, master), new KeyFolder(folder, master)];
  writer.adopt('store-1');
  writer.make('2026-11-25', randomBytes);
  const kept = (...messages: readonly bigint[]): Buffer =>
    packKeys(messages.map((message) => ({ message, key: createSecretKey(randomBytes(32)) })));
  const marks = (keys: KeyFolder): readonly string[] => keys.shared.inventory('', 10).days.flatMap((day) => day.marks);
  writer.keep('2026-11-25', kept(1n, 2n, 3n), randomBytes);
  const before = marks(reader);
  writer.keep('2026-11-25', kept(1n, 3n), randomBytes);
  assert.notDeepEqual(marks(reader), before);
  assert.deepEqual(marks(reader), marks(writer));
});
