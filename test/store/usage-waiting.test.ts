/**
 * Figures of acceptances wait in memory, and are exact all the same: whoever reads them, whatever
 * is undone, and whenever the store ends.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import type { AccountId } from '../../src/domain/ids.ts';
import { days, hours, instant, octets } from '../../src/domain/units.ts';
import { StoreFull } from '../../src/store/store.ts';
import type { Acceptance } from '../../src/store/acceptance.ts';
import type { Store } from '../../src/store/port/store.ts';
import { type TestStore, acceptanceOf, addAccount, sealBody, openTestStore } from '../support/store.ts';
import { recount } from '../support/usage-recount.ts';
import { NOVEMBER, usageOf } from './usage-contract.ts';

const actor = { name: 'test' };
const TO = ['anna@group.test'];

async function send(store: Store, more: Partial<Acceptance> = {}, size = 100): Promise<string> {
  const body = await sealBody(store, randomBytes(size));
  return (await store.accept(await acceptanceOf(store, body, TO, more))).kind;
}

const fileOf = ({ options }: TestStore): string => join(options.dataFolder, 'sluis.db');

/** What stands in the file: messages sent and received. */
function written(s: TestStore): readonly [number, number] {
  const db = new Database(fileOf(s), { readonly: true });
  try {
    return db
      .prepare<[], [number, number]>('SELECT coalesce(sum(sent), 0), coalesce(sum(received), 0) FROM usage_month')
      .raw(true)
      .get()!;
  } finally {
    db.close();
  }
}

async function assertExact(s: TestStore, sent: number): Promise<void> {
  const { kept, found } = recount(fileOf(s));
  assert.deepEqual(kept, found);
  const rows = await usageOf(s.store, 'practice', NOVEMBER);
  assert.equal(rows[0]?.sent, sent);
}

/** Of the first of its day the day is written at once, and all that waits with it. */
async function opened(t: Parameters<typeof openTestStore>[0], changes = {}): Promise<TestStore & { anna: AccountId }> {
  const s = await openTestStore(t, changes);
  const anna = await addAccount(s.store, 'anna');
  await send(s.store);
  return { ...s, anna };
}

test('figures of acceptances wait, and are written for whoever reads them, and at the end', async (t) => {
  const s = await opened(t);
  await send(s.store);
  await send(s.store);
  assert.deepEqual(written(s), [1, 1]);
  assert.equal((await usageOf(s.store, 'practice', NOVEMBER))[0]?.sent, 3);
  assert.deepEqual(written(s), [3, 3]);
  await send(s.store);
  await s.store.usage.months();
  assert.deepEqual(written(s), [4, 4]);
  await send(s.store);
  assert.deepEqual(written(s), [4, 4]);
  await s.close();
  assert.deepEqual(written(s), [5, 5]);
  await assertExact(await s.reopen(), 5);
});

test('they are written with the next commit once their time is over', async (t) => {
  const s = await opened(t, { testing: { countEvery: 0 } });
  await send(s.store);
  assert.deepEqual(written(s), [2, 2]);
});

test('an end at any point: what was not written is counted again, once', async (t) => {
  const s = await opened(t);
  for (let sent = 2; sent < 6; sent += 1) {
    await send(s.store);
    const { kept, found } = recount(fileOf(s));
    assert.deepEqual(kept, found);
    assert.equal(kept[`2026-11 ${s.anna}`]?.sent, sent);
    if (sent % 2 === 0) await s.store.usage.months();
  }
});

test('control: figures whose mark is of another moment are found', async (t) => {
  const s = await opened(t);
  await send(s.store);
  const marked = (value: string) => (db: Database.Database) =>
    db.exec(`UPDATE fact SET value = ${value} WHERE name = 'usage_seq'`);
  for (const value of ['0', '(SELECT max(seq) FROM audit)']) {
    const { kept, found } = recount(fileOf(s), marked(value));
    assert.notDeepEqual(kept, found);
  }
});

test('the day of the last use stands with the account at once', async (t) => {
  const s = await opened(t);
  const lastUsed = async () => (await s.store.registry.findAccount('anna'))?.lastUsed;
  const first = await lastUsed();
  s.clock.advance(days(1));
  await send(s.store, { receivedAt: s.clock.now() });
  assert.equal(await lastUsed(), (first ?? 0) + 1);
});

test('a change that is refused leaves the figures that were written before it', async (t) => {
  const s = await opened(t);
  await send(s.store);
  await assert.rejects(addAccount(s.store, 'anna'));
  assert.deepEqual(written(s), [2, 2]);
  await assertExact(s, 2);
});

test('a message that breaks a constraint is not counted, and what waits is not lost with it', async (t) => {
  const s = await opened(t);
  await send(s.store);
  await assert.rejects(send(s.store, { audit: [{ event: null as never, outcome: 'success' }] }));
  await send(s.store);
  await assertExact(s, 3);
});

test('a full disk undoes a commit, and what waits is counted again', async (t) => {
  const s = await opened(t, { reserve: octets(1024 * 1024), testing: { maxPages: 1200 } });
  await send(s.store);
  const greedy = s.store.openBody(octets(0));
  await assert.rejects(async () => {
    for (let i = 0; i < 100; i += 1) await greedy.write(randomBytes(256 * 1024));
  }, StoreFull);
  assert.deepEqual(written(s), [1, 1]);
  await assertExact(s, 2);
});

test('what the rows would tell otherwise, or not at all, is written with its message, and counted once', async (t) => {
  const s = await opened(t);
  const event = { event: 'message.accepted', outcome: 'success' } as const;
  const told: readonly (readonly [Partial<Acceptance>, boolean])[] = [
    [{ audit: [event] }, true],
    [{ audit: [{ ...event, facts: { submitted: 77 } }], submittedOctets: octets(77) }, true],
    [{ submittedOctets: octets(77), audit: [event] }, false],
    [{ audit: [event, event] }, false],
    [{ audit: [] }, false],
  ];
  for (const [i, [more, waits]] of told.entries()) {
    await s.store.usage.months();
    const [before] = written(s);
    await send(s.store, more);
    assert.equal(written(s)[0], waits ? before : before + 1, JSON.stringify(more));
    assert.equal(recount(fileOf(s)).kept[`2026-11 ${s.anna}`]?.sent, 2 + i);
  }
  assert.equal((await usageOf(s.store, 'practice', NOVEMBER))[0]?.sent, 1 + told.length);
});

test('a row about a message that is told of once more does not count it again', async (t) => {
  const s = await opened(t);
  const body = await sealBody(s.store, randomBytes(100));
  await s.store.accept(await acceptanceOf(s.store, body, TO, { audit: [] }));
  s.store.audit.note({ event: 'message.accepted', outcome: 'success', message: body.id });
  await s.store.audit.head();
  assert.equal(recount(fileOf(s)).kept[`2026-11 ${s.anna}`]?.sent, 2);
});

test('a message goes where its addressee has moved to, and so do its figures', async (t) => {
  const s = await opened(t);
  const { store, clock } = s;
  await store.registry.addOrganisation({ name: 'later', title: 'Later', language: 'nl' }, actor);
  const bram = await addAccount(store, 'bram');
  const message = await acceptanceOf(store, await sealBody(store, randomBytes(100)), TO, { submitter: bram });
  const [since, endsAt] = [instant(clock.now() - hours(1)), instant(clock.now() + days(30))];
  const { account } = await store.accountMoves.move({ login: 'anna', organisation: 'later', since, endsAt }, actor);
  await send(store, { submitter: bram });
  assert.equal((await store.accept(message)).kind, 'filed');
  const { kept } = recount(fileOf(s));
  assert.deepEqual(
    [s.anna, account].map((of) => kept[`2026-11 ${of}`]?.received),
    [1, 2],
  );
  assert.equal((await usageOf(store, 'later', NOVEMBER))[0]?.received, 2);
});
