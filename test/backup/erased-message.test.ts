/**
 * One message that was erased stays closed in a backup of before, wherever the keys come from; the
 * other messages of its day open.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyKeys, keyLag } from '../../src/backup/key-copies.ts';
import { restoreBackup } from '../../src/backup/restore.ts';
import { keyFingerprint } from '../../src/crypto/keys/key-fingerprint.ts';
import type { MessageId } from '../../src/domain/ids.ts';
import { days } from '../../src/domain/units.ts';
import { rotateMasterKey } from '../../src/store/sqlite/rotate.ts';
import { ContentDamaged } from '../../src/store/store.ts';
import type { Store } from '../../src/store/port/store.ts';
import {
  type Cleanup,
  type StoreOptions,
  addAccount,
  deliver,
  messagesIn,
  openStoreAt,
  readAll,
} from '../support/store.ts';
import { collect } from '../store/erasure-contract.ts';
import { type TestBackups, testBackups } from './support.ts';

const actor = { name: 'officer', reason: 'test' };
const DAY = '2026-11-25';

/**
 * A backup of a day with three messages that were fetched and left, the second of them large; and a
 * copy of the keys.
 */
async function scene(t: Cleanup) {
  const opened = await testBackups(t);
  const { store, options, at } = opened;
  const anna = await addAccount(store, 'anna');
  const texts = ['one\r\n', `${'two '.repeat(100_000)}\r\n`, 'three\r\n'];
  const ids: MessageId[] = [];
  for (const text of texts) ids.push((await deliver(store, Buffer.from(text), 'anna@group.test')).id);
  await collect(store, anna);
  const places = { keyFolder: options.keyFolder, to: at('copies'), fingerprint: keyFingerprint(options.masterKey) };
  mkdirSync(places.to);
  await copyKeys(places);
  const backup = await opened.backups.take({ actor: { name: 'test' } });
  return { opened, anna, texts, ids, places, backup };
}

/**
 * The bare database of the backup, with keys from `keyFolder`, as a thief or an operator would open
 * it.
 */
async function opened(
  t: Cleanup,
  { at, options }: TestBackups,
  backup: { readonly path: string },
  name: string,
  keyFolder: string,
  changes: Partial<StoreOptions> = {},
): Promise<Store> {
  mkdirSync(at(name));
  cpSync(join(backup.path, 'sluis.db'), join(at(name), 'sluis.db'));
  cpSync(keyFolder, at(`${name}-keys`), { recursive: true });
  const store = await openStoreAt({ ...options, dataFolder: at(name), keyFolder: at(`${name}-keys`), ...changes });
  t.after(() => store.close());
  return store;
}

const read = async (store: Store, id: MessageId): Promise<string> =>
  String(await readAll((await store.deliveries.openMessage(id))!));

for (const erased of [0, 1])
  test(`message ${erased + 1} of a day is closed in an old backup, the others open`, async (t) => {
    const { opened: s, texts, ids, places, backup } = await scene(t);
    const { store, clock, options } = s;
    assert.equal(await store.deliveries.erase(ids[erased]!, actor), 'erased');
    // The control: until its day is closed the old backup opens it.
    assert.equal(await read(await opened(t, s, backup, 'before', options.keyFolder), ids[erased]!), texts[erased]);
    clock.advance(days(2));
    await store.sweep();
    assert.ok(s.log.names.includes('store.messages-erased'));
    assert.deepEqual(
      ['key', 'kept', 'erasing'].map((kind) => existsSync(join(options.keyFolder, `${DAY}.${kind}`))),
      [false, true, false],
    );
    await copyKeys(places);
    const copy = join(places.to, places.fingerprint);
    assert.equal(existsSync(join(copy, `${DAY}.key`)), false, 'the copy of the key folder closes it too');
    assert.deepEqual(await keyLag(places), { missing: [], damaged: [], undestroyed: [] });
    for (const [name, keys] of [
      ['keys', options.keyFolder],
      ['copy', copy],
    ] as const) {
      const old = await opened(t, s, backup, name, keys);
      for (const [i, text] of texts.entries())
        if (i === erased) await assert.rejects(read(old, ids[i]!), ContentDamaged);
        else assert.equal(await read(old, ids[i]!), text);
    }
  });

for (const waiting of [true, false])
  test(`a restore from an older backup takes the erased message out of its mailbox, ${waiting ? 'before' : 'after'} its day was closed`, async (t) => {
    const { opened: s, anna, texts, ids, backup } = await scene(t);
    const { store, clock, options, parts, at } = s;
    assert.equal(await store.deliveries.erase(ids[1]!, actor), 'erased');
    if (!waiting) {
      clock.advance(days(2));
      await store.sweep();
    }
    await s.close();
    const restored = await restoreBackup(
      await parts.restore(),
      backup.path,
      at('restored'),
      { anchors: [], sample: 0, queue: 'hold', actor },
      { step: () => undefined, octets: () => undefined },
    );
    assert.equal(restored.passed, true);
    assert.equal(restored.settled?.erasedMessages, 1);
    const again = await openStoreAt({ ...options, dataFolder: at('restored') });
    t.after(() => again.close());
    assert.deepEqual(await messagesIn(again, anna), [ids[0], ids[2]]);
    const lock = await again.lockMaildrop(anna, { session: 's', network: 'n' });
    assert.ok(lock !== 'in-use');
    assert.equal(lock.octets, texts[0]!.length + texts[2]!.length);
    for (const i of [0, 2]) assert.equal(await read(again, ids[i]!), texts[i]);
  });

test('a new master key seals the kept keys anew', async (t) => {
  const { opened: s, texts, ids } = await scene(t);
  const { store, clock, options, at } = s;
  assert.equal(await store.deliveries.erase(ids[1]!, actor), 'erased');
  clock.advance(days(2));
  await store.sweep();
  await s.close();
  const to = randomBytes(32);
  writeFileSync(at('new.key'), `${to.toString('hex')}\n`);
  await rotateMasterKey({ ...options, newKeyFile: at('new.key'), actor });
  await assert.rejects(openStoreAt(options), /is not the one that this store was made with/);
  const again = await openStoreAt({ ...options, masterKey: to });
  t.after(() => again.close());
  for (const i of [0, 2]) assert.equal(await read(again, ids[i]!), texts[i]);
});

test('a day that is empty in the end is closed as any other, its kept keys too', async (t) => {
  const { opened: s, anna, ids, places } = await scene(t);
  const { store, clock, options } = s;
  assert.equal(await store.deliveries.erase(ids[1]!, actor), 'erased');
  clock.advance(days(2));
  await store.sweep();
  await copyKeys(places);
  await collect(store, anna, true);
  clock.advance(days(20));
  await store.sweep();
  await copyKeys(places);
  for (const folder of [options.keyFolder, join(places.to, places.fingerprint)])
    assert.deepEqual(
      ['key', 'kept', 'erased'].map((kind) => existsSync(join(folder, `${DAY}.${kind}`))),
      [false, false, true],
    );
});
