/**
 * A day that was erased stays closed in a backup of before: the backup opens, that day does not,
 * the others do.
 */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { restoreBackup } from '../../src/backup/restore.ts';
import { days } from '../../src/domain/units.ts';
import { ContentDamaged } from '../../src/store/store.ts';
import { addAccount, deliver, messagesIn, openStoreAt, readAll } from '../support/store.ts';
import { testBackups } from './support.ts';

test('an erased day stays closed in an old backup, and leaves no entry that a client would stumble over', async (t) => {
  const opened = await testBackups(t);
  const { backups, parts, store, clock, options, at } = opened;
  const anna = await addAccount(store, 'anna');
  const large = Buffer.alloc(400_000, 'erased\r\n');
  const gone = [
    await deliver(store, Buffer.from('of the first day\r\n'), 'anna@group.test'),
    await deliver(store, large, 'anna@group.test'),
  ];
  clock.advance(days(3));
  const kept = await deliver(store, Buffer.from('of another day\r\n'), 'anna@group.test');
  const lock = await store.lockMaildrop(anna, { session: 's', network: 'n' });
  assert.ok(lock !== 'in-use');
  const listing = await store.listMaildrop(lock);
  const uidl = listing.uidlOf(2);
  const backup = await backups.take({ actor: { name: 'test' } });

  // Her program fetches and deletes the two; their time to be handed out again passes, and the
  // sweep erases their day.
  await store.commitMaildrop(lock, [listing.uidOf(0), listing.uidOf(1)], [], []);
  clock.advance(days(15));
  await store.sweep();
  assert.equal(existsSync(join(options.keyFolder, '2026-11-25.erased')), true);
  await opened.close();

  // The bare file, copied by hand: it opens, and that day is refused.
  const bare = at('bare');
  mkdirSync(bare);
  cpSync(join(backup.path, 'sluis.db'), join(bare, 'sluis.db'));
  const byHand = await openStoreAt({ ...options, dataFolder: bare });
  t.after(() => byHand.close());
  for (const { id } of gone) {
    const read = byHand.deliveries.openMessage(id).then((content) => readAll(content!));
    await assert.rejects(read, ContentDamaged);
  }
  assert.equal(String(await readAll((await byHand.deliveries.openMessage(kept.id))!)), 'of another day\r\n');
  await byHand.close();

  const restored = await restoreBackup(
    await parts.restore(),
    backup.path,
    at('restored'),
    { anchors: [], sample: 0, queue: 'hold', actor: { name: 'test', reason: 'test' } },
    { step: () => undefined, octets: () => undefined },
  );
  assert.equal(restored.passed, true);
  assert.deepEqual([restored.proof?.opened, restored.proof?.erased], [1, 2]);
  assert.deepEqual([restored.settled?.erasedDays, restored.settled?.erasedMessages], [1, 2]);
  const again = await openStoreAt({ ...options, dataFolder: at('restored') });
  t.after(() => again.close());
  assert.deepEqual(await messagesIn(again, anna), [kept.id]);
  const drop = await again.lockMaildrop(anna, { session: 's', network: 'n' });
  assert.ok(drop !== 'in-use');
  assert.equal(drop.messages, 1);
  assert.equal(drop.octets, 'of another day\r\n'.length);
  assert.equal((await again.listMaildrop(drop)).uidlOf(0), uidl);
  assert.equal(await again.deliveries.openMessage(gone[0]!.id), undefined);
  assert.notEqual(await again.deliveries.findMessage(gone[0]!.id), undefined, 'the trace still tells of it');
  assert.equal((await again.audit.verify()).kind, 'intact');
  // Whatever an older process held, the restored store is a later one; and mail goes on.
  assert.equal((await deliver(again, Buffer.from('new\r\n'), 'anna@group.test')).outcome.kind, 'filed');
});
