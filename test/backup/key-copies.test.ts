/**
 * The copy of the key folder: each new day key gets there, a destroyed one is destroyed there, and
 * nothing else ever vanishes.
 */
import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Backups } from '../../src/backup/backups.ts';
import { keyLag } from '../../src/backup/key-copies.ts';
import { keyFingerprint } from '../../src/crypto/keys/key-fingerprint.ts';
import { KeyFolder } from '../../src/crypto/keys/key-folder.ts';
import { randomBytes } from 'node:crypto';
import { testBackups } from './support.ts';

async function copying(t: Parameters<typeof testBackups>[0]) {
  const made = await testBackups(t);
  const { parts, at, options } = made;
  const { keyFolder, masterKey } = options;
  const fingerprint = keyFingerprint(masterKey);
  const places = { keyFolder, to: at('keys-copy'), fingerprint };
  mkdirSync(places.to);
  const backups = new Backups({ ...parts, keyCopy: () => Promise.resolve(places) });
  return { ...made, backups, places, copy: join(places.to, fingerprint), keys: new KeyFolder(keyFolder, masterKey) };
}

test('a new day key is copied at the next look, the master key never, and the copy opens', async (t) => {
  const { backups, places, copy, keys, options, log, clock } = await copying(t);
  writeFileSync(join(places.keyFolder, 'master.key'), options.masterKey);
  keys.make('2031-01-01', randomBytes);
  await backups.keys.round();
  keys.make('2031-01-02', randomBytes);
  assert.deepEqual((await keyLag(places)).missing, ['2031-01-02.key']);
  await backups.keys.round();
  await backups.keys.round();
  assert.equal(backups.keys.copied, clock.now());
  assert.equal(log.names.filter((name) => name === 'backup.keys-copied').length, 2, 'nothing to tell the third time');
  assert.equal(existsSync(join(copy, 'master.key')), false);
  assert.equal(new KeyFolder(copy, options.masterKey).storeId, keys.storeId);
  const opened = new KeyFolder(copy, options.masterKey).keyOf('2031-01-02');
  assert.ok(opened.equals(keys.keyOf('2031-01-02')));
  assert.equal(statSync(copy).mode & 0o777, 0o700);
  assert.equal(statSync(join(copy, '2031-01-02.key')).mode & 0o777, 0o600);
});

test('a destroyed day key is destroyed in the copies under every master key of this store, and in no copy of another', async (t) => {
  const { backups, places, copy, keys, at, options } = await copying(t);
  keys.make('2031-01-01', randomBytes);
  const elsewhere = new KeyFolder(at('keys-of-another-node'), options.masterKey);
  elsewhere.adopt('s');
  elsewhere.make('2031-01-01', randomBytes);
  for (const { sealed } of elsewhere.sealedKeysOf('2031-01-01')) keys.shared.take('2031-01-01', sealed);
  await backups.keys.round();
  assert.equal(readdirSync(copy).filter((name) => name.startsWith('2031')).length, 2);
  const [before, other] = [join(places.to, 'a'.repeat(20)), join(places.to, 'b'.repeat(20))];
  for (const folder of [before, other]) {
    mkdirSync(folder);
    for (const name of ['store', '2031-01-01.key']) copyFileSync(join(copy, name), join(folder, name));
  }
  writeFileSync(join(other, 'store'), 'another\n');
  keys.erase('2031-01-01');
  assert.equal((await keyLag(places)).undestroyed.length, 3);
  await backups.keys.round();
  for (const folder of [copy, before])
    assert.deepEqual(
      [`2031-01-01.erased`],
      readdirSync(folder).filter((name) => name.startsWith('2031')),
    );
  assert.ok(existsSync(join(other, '2031-01-01.key')));
});

test('all keys of a day that was closed for the sake of one message go from the copy, once the kept ones are there', async (t) => {
  const { backups, copy, keys, at, options } = await copying(t);
  keys.make('2031-01-01', randomBytes);
  const elsewhere = new KeyFolder(at('keys-of-another-node'), options.masterKey);
  elsewhere.adopt('s');
  elsewhere.make('2031-01-01', randomBytes);
  for (const { sealed } of elsewhere.sealedKeysOf('2031-01-01')) keys.shared.take('2031-01-01', sealed);
  await backups.keys.round();
  keys.keep('2031-01-01', Buffer.alloc(40), randomBytes);
  await backups.keys.round();
  assert.deepEqual(
    readdirSync(copy).filter((name) => name.startsWith('2031')),
    ['2031-01-01.kept'],
  );
});

test('what vanished in the key folder stays in the copy; a damaged key overwrites no good one', async (t) => {
  const { backups, places, copy, keys, told } = await copying(t);
  for (const day of ['2031-01-01', '2031-01-02']) keys.make(day, randomBytes);
  await backups.keys.round();
  const good = readFileSync(join(copy, '2031-01-02.key'));
  rmSync(join(places.keyFolder, '2031-01-01.key'));
  writeFileSync(join(places.keyFolder, '2031-01-02.key'), 'torn');
  keys.make('2031-01-03', randomBytes);
  await assert.rejects(backups.keys.round(), /the day key "2031-01-02\.key" in .* should be the same and differ/);
  assert.ok(existsSync(join(copy, '2031-01-01.key')) && existsSync(join(copy, '2031-01-03.key')));
  assert.deepEqual(readFileSync(join(copy, '2031-01-02.key')), good);
  assert.deepEqual(
    told.map(({ step }) => step),
    ['keys'],
  );
});

test('a place that is missing is a failure that is told, never a folder that is made', async (t) => {
  const { backups, places, log } = await copying(t);
  rmSync(places.to, { recursive: true });
  await assert.rejects(
    backups.keys.round(),
    /Cannot copy the key folder to ".*keys-copy": ".*" is missing; mount or make it/,
  );
  assert.equal(existsSync(places.to), false);
  assert.equal(backups.keys.copied, undefined);
  assert.deepEqual(
    backups.failures.read().map(({ value }) => value),
    [1],
  );
  assert.ok(log.names.includes('backup.failed'));
});
