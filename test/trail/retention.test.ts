/**
 * Who and where leave the trail after their time, or for one person; what happened stays, and the
 * chain holds.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { AccountId } from '../../src/domain/ids.ts';
import { days } from '../../src/domain/units.ts';
import type { Store } from '../../src/store/port/store.ts';
import { erase, nothingByKind } from '../../src/trail/erasure.ts';
import { type AuditKeep, LEAST_KEPT, keepTrail, shortKept } from '../../src/trail/retention.ts';
import { openTestStore } from '../support/store.ts';

const KEEP: AuditKeep = { access: days(1827), change: days(1827), chain: days(1096), technical: days(366) };

function tell(store: Store, n: number, event: string, login: string): void {
  for (let i = 0; i < n; i += 1)
    store.audit.note({ event, outcome: 'success', account: 1 as AccountId, personal: { login, network: '192.0.2.1' } });
}
const named = async (store: Store, event: string): Promise<number> => {
  let n = 0;
  for (let from = 0; ;) {
    const rows = await store.audit.read({ fromSeq: from, limit: 1000 });
    n += rows.filter((row) => row.event === event && row.personal !== undefined).length;
    const last = rows.at(-1);
    if (last === undefined || rows.length < 1000) return n;
    from = last.seq + 1;
  }
};

test('each log loses who and where after its own time, once, with a row that says so', async (t) => {
  const { store, clock, log } = await openTestStore(t);
  // What a new store has told of itself.
  const change = (await store.audit.head()).seq;
  const counts = nothingByKind();
  const keep = (): ReturnType<typeof keepTrail> => keepTrail({ audit: store.audit, clock, log, keep: KEEP, counts });
  tell(store, 600, 'message.accepted', 'anna');
  tell(store, 300, 'login.granted', 'anna');
  tell(store, 2, 'tls.certificates', 'anna');
  await store.audit.head();
  assert.deepEqual(await keep(), nothingByKind());
  clock.advance(days(1095));
  tell(store, 10, 'message.accepted', 'bert');
  assert.deepEqual(await keep(), { ...nothingByKind(), technical: 2 });
  clock.advance(days(2));
  assert.deepEqual(await keep(), { ...nothingByKind(), chain: 600 });
  assert.equal(await named(store, 'message.accepted'), 10);
  assert.equal(await named(store, 'login.granted'), 300);
  // The marks hold: nothing is walked through twice, also after a start.
  assert.deepEqual(await keep(), nothingByKind());
  const { seq } = await store.audit.head();
  assert.equal((await store.audit.marks())['audit.kept.chain']! < seq, true);
  clock.advance(days(731));
  assert.equal((await keep()).access, 300);
  assert.equal(await named(store, 'message.accepted'), 10);
  assert.deepEqual(counts, { access: 300, change, chain: 600, technical: 2 });
  const rows = (await store.audit.read({ fromSeq: seq - 5, limit: 1000 })).filter((r) => r.event === 'audit.retention');
  assert.deepEqual(rows.at(-1)?.facts, { access: 300, change, chain: 0, technical: 0 });
  assert.equal((await store.audit.verify()).kind, 'intact');
  assert.equal(log.events.filter(({ event }) => event === 'audit.retention').length, 3);
});

test('a step ends where it is told to stop, and goes on from there', async (t) => {
  const { store, clock, log } = await openTestStore(t);
  tell(store, 600, 'message.accepted', 'anna');
  await store.audit.head();
  clock.advance(days(1097));
  const counts = nothingByKind();
  let steps = 0;
  // Two logs look once and find nothing that is old enough.
  const stopped = (): boolean => (steps += 1) > 4;
  const parts = { audit: store.audit, clock, log, keep: KEEP, counts };
  await keepTrail(parts, stopped);
  assert(counts.chain < 600, String(counts.chain));
  await keepTrail(parts);
  assert.equal(counts.chain, 600);
});

test('what is erased is not in the files of the database any more', async (t) => {
  const s = await openTestStore(t);
  tell(s.store, 50, 'message.accepted', 'somebody-unforgettable');
  const { seq } = await s.store.audit.head();
  await erase(s.store.audit, { fromSeq: 1, before: (s.clock.now() + 1) as never, chosen: () => true });
  assert.equal((await s.store.audit.read({ fromSeq: seq, limit: 1 }))[0]?.erased, true);
  await s.close();
  const file = readFileSync(join(s.options.dataFolder, 'sluis.db'));
  assert.equal(file.includes('somebody-unforgettable'), false);
});

test('times that are shorter than what is asked for are named in plain words', () => {
  assert.deepEqual(shortKept(KEEP), []);
  assert.deepEqual(shortKept(LEAST_KEPT), []);
  const [access, technical, ...more] = shortKept({ ...KEEP, access: days(365), technical: days(30) });
  assert.match(access ?? '', /audit\.keep-access is 365 days, and 1826 are asked for \(NEN 7513: five years\)/);
  assert.match(technical ?? '', /audit\.keep-technical is 30 days/);
  assert.equal(more.length, 0);
});
