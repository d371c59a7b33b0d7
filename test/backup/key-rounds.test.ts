/**
 * What the running gateway does with copies of the key folder by itself: through the schedules that
 * it starts, with a clock that the test moves.
 */
import assert from 'node:assert/strict';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Backups } from '../../src/backup/backups.ts';
import { copyKeys, keptAside } from '../../src/backup/key-copies.ts';
import { keyFingerprint } from '../../src/crypto/keys/key-fingerprint.ts';
import { KeyFolder } from '../../src/crypto/keys/key-folder.ts';
import { days, minutes } from '../../src/domain/units.ts';
import { startBackups } from '../../src/gateway/backup.ts';
import { ContentDamaged } from '../../src/store/store.ts';
import { addAccount, deliver, openStoreAt, readAll } from '../support/store.ts';
import { testBackups } from './support.ts';

async function running(t: TestContext, { copyTo = true } = {}) {
  const made = await testBackups(t);
  const { parts, at, options, clock } = made;
  const { keyFolder, masterKey } = options;
  const places = { keyFolder, to: at('keys-copy'), fingerprint: keyFingerprint(masterKey) };
  const { folder: _, ...without } = parts;
  const backups = new Backups({ ...without, ...(copyTo ? { keyCopy: () => Promise.resolve(places) } : {}) });
  const schedule = startBackups(backups, clock);
  t.after(() => schedule.stop());
  return {
    ...{
      ...made,
      backups,
      places,
      keys: new KeyFolder(keyFolder, masterKey),
      copy: join(places.to, places.fingerprint),
    },
    aside: keptAside(keyFolder),
    pass: async (time: number): Promise<void> => {
      for (let left = time; left > 0; left -= minutes(1)) {
        clock.advance(minutes(1));
        await schedule.settled();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

test('two minutes after the start the key folder is copied, and a new day key a minute after it was made', async (t) => {
  const { pass, places, copy, keys, backups, clock } = await running(t);
  mkdirSync(places.to);
  await pass(minutes(1));
  assert.deepEqual(readdirSync(places.to), []);
  await pass(minutes(1));
  assert.ok(existsSync(join(copy, 'store')));
  keys.make('2031-01-01', randomBytes);
  await pass(minutes(1));
  assert.ok(existsSync(join(copy, '2031-01-01.key')));
  assert.equal(backups.keys.copied, clock.now());
  keys.erase('2031-01-01');
  await pass(minutes(1));
  assert.deepEqual(
    readdirSync(copy).filter((name) => name.startsWith('2031')),
    ['2031-01-01.erased'],
  );
});

test('a place that is missing is told once by each failure, tried at least each ten minutes, and made good when it is back', async (t) => {
  const { pass, places, copy, backups, told, log, store } = await running(t);
  await pass(minutes(60));
  const failures = log.events.filter(({ event }) => event === 'backup.failed');
  assert.equal(failures.length, 7, 'after 2, 7, 17, 27, 37, 47 and 57 minutes');
  assert.ok(told.every(({ step, why }) => step === 'keys' && why.includes('is missing; mount or make it')));
  assert.equal(told.length, failures.length, 'the desk sends one a day');
  assert.deepEqual(backups.failures.read(), [{ labels: { step: 'keys' }, value: 7 }]);
  assert.equal(backups.keys.copied, undefined);
  assert.equal(existsSync(places.to), false, 'a mount point is never made');
  mkdirSync(places.to);
  await pass(minutes(10));
  assert.ok(existsSync(join(copy, 'store')));
  assert.notEqual(backups.keys.copied, undefined);
  const rows = (await store.audit.read({ limit: 100 })).map(({ event, outcome }) => `${event} ${outcome}`);
  assert.ok(rows.includes('backup.failed failure') && rows.includes('backup.keys-copied success'));
});

test(
  'a place that takes no writing is a failure that names it, and what lay there stays',
  { skip: process.getuid?.() === 0 ? 'root may write everywhere' : false },
  async (t) => {
    const { pass, places, told } = await running(t);
    mkdirSync(places.to);
    chmodSync(places.to, 0o500);
    t.after(() => chmodSync(places.to, 0o700));
    await pass(minutes(2));
    assert.match(
      told[0]?.why ?? '',
      /Cannot copy the key folder to ".*keys-copy": .*permission denied.*; put it right/i,
    );
    assert.deepEqual(readdirSync(places.to), []);
  },
);

test('a file where the folder should be is a failure that names it', async (t) => {
  const { pass, places, told } = await running(t);
  writeFileSync(places.to, '');
  await pass(minutes(2));
  assert.match(told[0]?.why ?? '', /Cannot copy the key folder to ".*keys-copy": .*; put it right/);
});

test('an erased day stays closed also with what a rotation kept aside, and other days open', async (t) => {
  const { pass, keys, aside, places, store, clock, options, at, log, backups, ...opened } = await running(t, {
    copyTo: false,
  });
  const anna = await addAccount(store, 'anna');
  const gone = await deliver(store, Buffer.from('of the first day\r\n'), 'anna@group.test');
  clock.advance(days(3));
  const kept = await deliver(store, Buffer.from('of another day\r\n'), 'anna@group.test');
  mkdirSync(aside);
  await copyKeys({ ...places, to: aside });
  const { path } = await backups.take({ folder: at('backups'), actor: { name: 'test' } });
  const lock = await store.lockMaildrop(anna, { session: 's', network: 'n' });
  assert.ok(lock !== 'in-use');
  const listing = await store.listMaildrop(lock);
  await store.commitMaildrop(lock, [listing.uidOf(0)], [], []);
  clock.advance(days(15));
  await store.sweep();
  assert.ok(keys.isErased('2026-11-25'));

  // A thief has an old backup, the folder that was kept, and the master key of then.
  const stolen = async (name: string) => {
    mkdirSync(at(name));
    cpSync(join(path, 'sluis.db'), join(at(name), 'sluis.db'));
    const keyFolder = at(`${name}-keys`);
    cpSync(join(aside, places.fingerprint), keyFolder, { recursive: true });
    const opened = await openStoreAt({ ...options, dataFolder: at(name), keyFolder });
    const read = async ({ id }: { id: typeof gone.id }): Promise<string> => {
      const content = await opened.deliveries.openMessage(id);
      assert.ok(content);
      return String(await readAll(content));
    };
    return { read, close: () => opened.close() };
  };
  const before = await stolen('before');
  assert.equal(await before.read(gone), 'of the first day\r\n', 'without the round that day would be open');
  await before.close();

  await pass(minutes(2));
  const after = await stolen('after');
  await assert.rejects(after.read(gone), ContentDamaged);
  assert.equal(await after.read(kept), 'of another day\r\n');
  await after.close();
  assert.deepEqual(
    readdirSync(join(aside, places.fingerprint)).filter((name) => name.startsWith('2026-11-25')),
    ['2026-11-25.erased'],
  );
  const rows = (await store.audit.read({ limit: 1000 })).filter(({ event }) => event === 'backup.kept-keys-destroyed');
  assert.deepEqual(
    rows.map(({ facts }) => facts?.keys),
    [1],
  );
  assert.ok(log.names.includes('backup.kept-keys-destroyed'));
  await pass(minutes(5));
  assert.equal(log.names.filter((name) => name === 'backup.kept-keys-destroyed').length, 1, 'once');
  await opened.close();
});

test('what is kept aside of another store is left alone; a folder that cannot be read is told, and the copy elsewhere goes on', async (t) => {
  const { pass, keys, aside, places, copy, told } = await running(t);
  mkdirSync(places.to);
  keys.make('2031-01-01', randomBytes);
  mkdirSync(aside);
  await copyKeys({ ...places, to: aside });
  const other = join(aside, 'b'.repeat(20));
  cpSync(join(aside, places.fingerprint), other, { recursive: true });
  writeFileSync(join(other, 'store'), 'another\n');
  keys.erase('2031-01-01');
  await pass(minutes(2));
  assert.equal(existsSync(join(aside, places.fingerprint, '2031-01-01.key')), false);
  assert.ok(existsSync(join(other, '2031-01-01.key')));

  rmSync(aside, { recursive: true });
  writeFileSync(aside, 'a file where a folder was');
  keys.make('2031-01-02', randomBytes);
  await pass(minutes(1));
  assert.match(told[0]?.why ?? '', /Cannot destroy day keys in ".*\.before-rotation" .* can still be read with it/);
  assert.ok(existsSync(join(copy, '2031-01-02.key')));
});
