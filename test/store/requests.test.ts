import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { days } from '../../src/domain/units.ts';
import { openReading } from '../../src/store/sqlite/database.ts';
import { DATABASE_FILE } from '../../src/store/sqlite/writer-files.ts';
import { acceptanceOf, addAccount, openTestStore, sealBody } from '../support/store.ts';
import { requestContract } from './request-contract.ts';

requestContract('SQLite', (t) => openTestStore(t, { testing: { changesTwice: true } }));

test('a sweep removes the requests of days before, all of them', async (t) => {
  const { store, clock, options } = await openTestStore(t);
  await addAccount(store, 'anna');
  const db = openReading(join(options.dataFolder, DATABASE_FILE));
  t.after(() => void db.close());
  const rows = (): unknown => db.prepare('SELECT count(*) FROM sent_request').pluck().get();
  const send = async (): Promise<void> => {
    const body = await sealBody(store, randomBytes(10));
    const request = { key: randomBytes(16), digest: randomBytes(16), answer: '' };
    await store.accept(await acceptanceOf(store, body, ['anna@group.test'], { request, receivedAt: clock.now() }));
  };
  await Promise.all(Array.from({ length: 450 }, send));
  assert.equal(rows(), 450);
  clock.advance(days(2));
  await send();
  await store.sweep();
  assert.equal(rows(), 1);
});
