import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { days, instant } from '../../src/domain/units.ts';
import type { AcceptWork } from '../../src/store/changes/accept-work.ts';
import { firstIdAt } from '../../src/store/message-ids.ts';
import { openReading } from '../../src/store/sqlite/database.ts';
import { SentRequests } from '../../src/store/sqlite/sent-requests.ts';
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

test('beyond what memory holds the oldest requests are forgotten, and a start remembers the latest', () => {
  const db = new Database(':memory:');
  db.exec(readFileSync(new URL('./schema.sql', import.meta.url), 'utf8'));
  const key = (n: number): Buffer => Buffer.alloc(16, n);
  const now = Date.UTC(2026, 10, 28);
  const first = firstIdAt(instant(now));
  const keep = (requests: SentRequests, n: number): unknown => {
    const request = { hashes: `${key(n).toString('latin1')}${key(n).toString('latin1')}`, answer: '' };
    return requests.keep({ id: first + BigInt(n), receivedAt: now, request } as unknown as AcceptWork);
  };
  const requests = new SentRequests(db, now, 2);
  for (const n of [1, 2, 3]) assert.equal(keep(requests, n), undefined);
  const known = (of: SentRequests): boolean[] => [1, 2, 3].map((n) => of.find(key(n), now) !== undefined);
  assert.deepEqual(known(requests), [false, true, true]);
  assert.deepEqual(known(new SentRequests(db, now, 2)), [false, true, true]);
  assert.deepEqual(known(new SentRequests(db, now + days(2), 2)), [false, false, false]);
  db.close();
});
