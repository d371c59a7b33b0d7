/**
 * Keys of requests over the API: each is begun once, whoever asks, and however the process ends.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { hours, minutes } from '../../src/domain/units.ts';
import { KEYS_FOR, type KeyedRequest, MAX_KEPT_ANSWERS, MAX_KEYS } from '../../src/store/idempotency.ts';
import type { Idempotency } from '../../src/store/port/mail.ts';
import { openWriting } from '../../src/store/sqlite/database.ts';
import {
  type Cleanup,
  type TestStore,
  createStoreAt,
  openStoreAt,
  openTestStore,
  testOptions,
} from '../support/store.ts';

/** Each change runs twice, and the first run is rolled back. */
const open = (t: Cleanup): Promise<TestStore> => openTestStore(t, { testing: { changesTwice: true } });
const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
const asked = (key: string, request = 'POST /a', run = 'run-1', caller = 'account:1'): KeyedRequest => ({
  caller,
  key: hash(key),
  request: hash(request),
  run,
});
const kindOf = async (idempotency: Idempotency, request: KeyedRequest): Promise<string> =>
  (await idempotency.begin(request)).kind;

test('of the same request sent at once only one begins, and all who ask later get its answer, after a restart too', async (t) => {
  const opened = await open(t);
  const { idempotency } = opened.store;
  const kinds = await Promise.all(Array.from({ length: 20 }, () => kindOf(idempotency, asked('k'))));
  assert.deepEqual(kinds.sort(), ['begun', ...Array.from({ length: 19 }, () => 'running')]);
  await idempotency.end('account:1', hash('k'), { answer: '{"status":201}' });
  const { store } = await opened.reopen();
  assert.deepEqual(await store.idempotency.begin(asked('k', 'POST /a', 'run-2')), {
    kind: 'kept',
    answer: '{"status":201}',
  });
  // What was ended stays as it ended.
  await store.idempotency.end('account:1', hash('k'), 'unknown');
  assert.equal(await kindOf(store.idempotency, asked('k')), 'kept');
});

test('a key is its caller’s own, and serves one request', async (t) => {
  const { idempotency } = (await open(t)).store;
  assert.equal(await kindOf(idempotency, asked('k')), 'begun');
  assert.equal(await kindOf(idempotency, asked('k', 'POST /a', 'run-1', 'account:2')), 'begun');
  assert.equal(await kindOf(idempotency, asked('k', 'POST /b')), 'another');
  await idempotency.end('account:1', hash('k'), 'done');
  assert.equal(await kindOf(idempotency, asked('k', 'POST /b')), 'another');
  assert.equal(await kindOf(idempotency, asked('k')), 'done');
});

test('what a process began that is gone is unknown; what did nothing may be sent again, with other words too', async (t) => {
  const opened = await open(t);
  const { idempotency } = opened.store;
  await idempotency.begin(asked('k'));
  await idempotency.begin(asked('failed'));
  await idempotency.end('account:1', hash('failed'), 'unknown');
  await idempotency.begin(asked('refused'));
  await idempotency.forget('account:1', hash('refused'));
  const { store } = await opened.reopen();
  assert.equal(await kindOf(store.idempotency, asked('k', 'POST /a', 'run-2')), 'unknown');
  assert.equal(await kindOf(store.idempotency, asked('failed')), 'unknown');
  assert.equal(await kindOf(store.idempotency, asked('refused', 'POST /b')), 'begun');
});

test('a key is remembered for 24 hours, and swept after that', async (t) => {
  const options = testOptions(t);
  await createStoreAt(options);
  const store = await openStoreAt(options);
  const { idempotency } = store;
  const { clock } = options;
  for (const key of ['a', 'b']) {
    await idempotency.begin(asked(key));
    await idempotency.end('account:1', hash(key), { answer: 'é'.repeat(100) });
  }
  clock.advance(hours(24) - minutes(1));
  await idempotency.begin(asked('c'));
  await store.sweep();
  assert.equal(await kindOf(idempotency, asked('a')), 'kept');
  clock.advance(minutes(1));
  assert.equal(await kindOf(idempotency, asked('a', 'POST /b')), 'begun', 'over, though nothing swept it yet');
  await store.sweep();
  const kept = (): unknown => {
    const db = openWriting(join(options.dataFolder, 'sluis.db'), 'FULL');
    const rows = ['idempotency', 'idempotency_use'].map((table) => db.prepare(`SELECT * FROM ${table}`).all());
    db.close();
    return [rows[0]?.length, rows[1]];
  };
  clock.advance(KEYS_FOR);
  await store.sweep();
  await store.close();
  assert.deepEqual(kept(), [0, []]);
});

test('one caller has so many keys at a time and no more, and so much of answers; others are not in the way', async (t) => {
  const options = testOptions(t);
  await createStoreAt(options);
  const db = openWriting(join(options.dataFolder, 'sluis.db'), 'FULL');
  db.prepare('INSERT INTO idempotency_use (caller, keys, octets) VALUES (?, ?, ?)').run('account:1', MAX_KEYS - 1, 0);
  db.prepare('INSERT INTO idempotency_use (caller, keys, octets) VALUES (?, 1, ?)').run(
    'account:2',
    MAX_KEPT_ANSWERS - 10,
  );
  db.close();
  const store = await openStoreAt(options);
  t.after(() => store.close());
  const { idempotency } = store;
  assert.equal(await kindOf(idempotency, asked('last')), 'begun');
  assert.equal(await kindOf(idempotency, asked('more')), 'full');
  assert.equal(await kindOf(idempotency, asked('last')), 'running');
  await idempotency.forget('account:1', hash('last'));
  assert.equal(await kindOf(idempotency, asked('more')), 'begun');
  const two = (key: string): KeyedRequest => asked(key, 'POST /a', 'run-1', 'account:2');
  for (const [key, answer, kind] of [
    ['large', 'x'.repeat(11), 'done'],
    ['fits', 'x'.repeat(10), 'kept'],
    ['none left', 'x', 'done'],
  ] as const) {
    assert.equal(await kindOf(idempotency, two(key)), 'begun');
    await idempotency.end('account:2', hash(key), { answer });
    assert.equal(await kindOf(idempotency, two(key)), kind, key);
  }
});
