/**
 * Claims on mailboxes, on the real store: who gets which message, what an acknowledgement removes,
 * and what POP3 hears meanwhile.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { AccountId, MessageId } from '../../src/domain/ids.ts';
import { type Milliseconds, days, instant, minutes, seconds } from '../../src/domain/units.ts';
import { Claim } from '../../src/pickup/claim.ts';
import type { SessionDid } from '../../src/pickup/client-networks.ts';
import { KnownClaims, REMEMBERED, REMEMBERED_IN_ALL } from '../../src/pickup/known-claims.ts';
import type { Collected } from '../../src/pickup/receipts.ts';
import { MOST_CLAIMS, SharedMaildrops, type Visitor } from '../../src/pickup/shared.ts';
import type { AuditRow } from '../../src/store/audit.ts';
import { between } from '../support/chance.ts';
import { FakeClock } from '../support/clock.ts';
import {
  type TestStore,
  acceptanceOf,
  addAccount,
  deliver,
  openTestStore,
  readAll,
  sealBody,
} from '../support/store.ts';

const visitor: Visitor = { protocol: 'https', address: '192.0.2.7', network: '192.0.2.7', tls: 'TLSv1.3' };
const pop3 = { session: 'p1', network: '192.0.2.7' };
const MINUTE = minutes(1);

interface Scene extends TestStore {
  readonly account: AccountId;
  readonly shared: SharedMaildrops;
  readonly ids: readonly MessageId[];
  readonly receipts: Collected[];
  readonly did: SessionDid[];
}

async function scene(t: TestContext, messages: number, most?: number): Promise<Scene> {
  const s = await openTestStore(t);
  const account = await addAccount(s.store, 'anna');
  const ids: MessageId[] = [];
  for (let n = 1; n <= messages; n += 1) ids.push((await deliver(s.store, Buffer.alloc(n), 'anna@group.test')).id);
  const receipts: Collected[] = [];
  const did: SessionDid[] = [];
  const shared = new SharedMaildrops({
    store: s.store,
    receipts: {
      receiptsFor: (collected) => {
        receipts.push(collected);
        return Promise.resolve([]);
      },
    },
    clientNetworks: { note: (_account, _network, what) => void did.push(what) },
    clock: s.clock,
    random: randomBytes,
    log: s.log,
    ...(most === undefined ? {} : { most }),
  });
  t.after(() => shared.close());
  return { ...s, account, shared, ids, receipts, did };
}

let requests = 0;

async function claimed(
  { shared, account }: Scene,
  most: number,
  lasts: Milliseconds = MINUTE,
): Promise<{ readonly claim: Claim; readonly ids: readonly MessageId[] }> {
  requests += 1;
  const done = await shared.claim(account, visitor, { most, lasts, key: `k${requests}` });
  assert(typeof done !== 'string', `expected a claim, but there was none`);
  return { claim: done, ids: [...done.items.keys()] };
}

/** As a worker does: to the end. */
async function fetched({ shared, account }: Scene, id: MessageId): Promise<Buffer> {
  const found = await shared.claimed(account, id);
  assert(found !== undefined, 'expected the message to be claimed');
  const octets = await readAll(await found.open());
  assert.equal(found.sent(), true);
  return octets;
}

/** Until what the clock started has been written. */
async function settled({ store, account }: Scene): Promise<void> {
  await new Promise(setImmediate);
  await store.alive();
  await store.audit.read({ account, limit: 1 });
}

const left = async ({ store, account }: Scene): Promise<number> =>
  (await store.deliveries.mailboxState(account))?.messages ?? -1;

async function rows({ store, account }: Scene): Promise<readonly AuditRow[]> {
  const all = await store.audit.read({ account, limit: 1000 });
  return all.filter(({ event }) => /^(message\.(collected|deleted)|maildrop\.)/.test(event));
}

const told = (all: readonly AuditRow[]): string[] =>
  all.map(({ event, message, facts }) => `${event} ${message ?? ''} ${JSON.stringify(facts)}`);

test('a claim takes the oldest that nobody has; no two claims have the same message', async (t) => {
  const s = await scene(t, 5);
  const [a, b] = await Promise.all([claimed(s, 2), claimed(s, 2)]);
  assert.deepEqual([...a.ids, ...b.ids], s.ids.slice(0, 4));
  const c = await claimed(s, 10);
  assert.deepEqual(c.ids, s.ids.slice(4));
  assert.equal(await s.shared.claim(s.account, visitor, { most: 1, lasts: MINUTE, key: 'none' }), 'none');
  const late = await deliver(s.store, Buffer.alloc(9), 'anna@group.test');
  assert.deepEqual((await claimed(s, 10)).ids, [late.id], 'what came while the lease was open is handed out');
});

test('POP3 hears that the mailbox is in use from the first open claim to the last, and a claim the same of POP3', async (t) => {
  const s = await scene(t, 2);
  const lock = await s.store.lockMaildrop(s.account, pop3);
  assert(lock !== 'in-use');
  assert.equal(await s.shared.claim(s.account, visitor, { most: 1, lasts: MINUTE, key: 'x' }), 'in-use');
  await s.store.releaseMaildrop(lock);
  const [a, b] = [await claimed(s, 1), await claimed(s, 1)];
  assert.equal(await s.store.lockMaildrop(s.account, pop3), 'in-use');
  await s.shared.acknowledge(s.account, a.claim.id, 'all', visitor);
  assert.equal(await s.store.lockMaildrop(s.account, pop3), 'in-use');
  await s.shared.release(s.account, b.claim.id);
  const free = await s.store.lockMaildrop(s.account, pop3);
  assert(free !== 'in-use');
  assert.equal(free.messages, 1);
});

test('an acknowledgement removes with the rows of DELE and QUIT: fetched ones collected, others deleted unseen', async (t) => {
  const s = await scene(t, 3);
  const { claim, ids } = await claimed(s, 3);
  assert.deepEqual(await fetched(s, ids[0]!), Buffer.alloc(1));
  const done = await s.shared.acknowledge(s.account, claim.id, ids.slice(0, 2), visitor);
  assert(typeof done !== 'string');
  assert.deepEqual([done.messages, claim.state, await left(s)], [2, 'open', 1]);
  assert.deepEqual(told(await rows(s)), [
    `message.collected ${ids[0]} {"protocol":"https","tls":"TLSv1.3","removed":true}`,
    'maildrop.committed  {"protocol":"https","retrieved":1,"deleted":2}',
    `message.deleted ${ids[1]} {"retrieved":false}`,
  ]);
  assert.deepEqual(s.did, [{ retrieved: 1, deleted: 2 }]);
  assert.deepEqual(
    (await rows(s)).map(({ personal }) => personal?.address),
    ['192.0.2.7', '192.0.2.7', '192.0.2.7'],
  );
  assert.equal(await s.shared.acknowledge(s.account, claim.id, [ids[0]!], visitor), 'not-claimed');
  await s.shared.acknowledge(s.account, claim.id, 'all', visitor);
  assert.deepEqual([claim.state, claim.acknowledged, await left(s)], ['acknowledged', 3, 0]);
  assert.equal(await s.shared.acknowledge(s.account, claim.id, 'all', visitor), 'acknowledged');
});

test('a claim whose time is over lapses: its acknowledgement removes nothing, and others get the messages', async (t) => {
  const s = await scene(t, 2);
  const { claim, ids } = await claimed(s, 2, seconds(30));
  await fetched(s, ids[1]!);
  s.clock.advance(seconds(30));
  await settled(s);
  assert.equal(claim.state, 'lapsed');
  assert.equal(await s.shared.acknowledge(s.account, claim.id, 'all', visitor), 'lapsed');
  assert.equal(await s.shared.renew(s.account, claim.id, MINUTE), 'lapsed');
  assert.equal(await left(s), 2);
  assert.deepEqual(told(await rows(s)), [
    `message.collected ${ids[1]} {"protocol":"https","tls":"TLSv1.3","removed":false}`,
  ]);
  assert.deepEqual((await claimed(s, 2)).ids, ids);
});

test('a claim whose time is over is over also where its timer comes late', async (t) => {
  const s = await scene(t, 1);
  const { claim } = await claimed(s, 1, seconds(30));
  s.clock.setMonotonic(s.clock.monotonic() + seconds(30));
  assert.equal(claim.state, 'open');
  assert.equal(await s.shared.acknowledge(s.account, claim.id, 'all', visitor), 'lapsed');
  assert.equal(await left(s), 1);
});

test('a renewal moves the end, to ten minutes after the begin and no further', async (t) => {
  const s = await scene(t, 1);
  const { claim } = await claimed(s, 1);
  for (let gone = 0; gone < 570; gone += 30) {
    s.clock.advance(seconds(30));
    const renewed = await s.shared.renew(s.account, claim.id, minutes(5));
    assert(typeof renewed !== 'string');
    const until = Math.min(seconds(60), seconds(600 - gone - 30));
    assert.equal(renewed.endsAt - s.clock.now(), until);
  }
  s.clock.advance(seconds(30));
  await settled(s);
  assert.equal(await s.shared.renew(s.account, claim.id, MINUTE), 'lapsed');
  assert.notEqual(await s.store.lockMaildrop(s.account, pop3), 'in-use');
});

test('claims of another account are unknown; an account has a bounded number of them', async (t) => {
  const s = await scene(t, MOST_CLAIMS + 1);
  const bert = await addAccount(s.store, 'bert');
  const { claim } = await claimed(s, 1);
  assert.equal(await s.shared.acknowledge(bert, claim.id, 'all', visitor), 'unknown');
  assert.equal(await s.shared.release(bert, claim.id), 'unknown');
  for (let n = 1; n < MOST_CLAIMS; n += 1) await claimed(s, 1);
  assert.equal(await s.shared.claim(s.account, visitor, { most: 1, lasts: MINUTE, key: 'y' }), 'too-many');
  await s.shared.release(s.account, claim.id);
  assert.deepEqual((await claimed(s, 5)).ids, [s.ids[0], s.ids[MOST_CLAIMS]]);
});

test('receipts are owed for what was fetched and acknowledged, and for what was fetched twice without', async (t) => {
  const s = await scene(t, 0);
  const wish = { receipt: true as const };
  const body = await sealBody(s.store, Buffer.alloc(10));
  const one = await acceptanceOf(s.store, body, ['anna@group.test']);
  await s.store.accept({ ...one, recipients: one.recipients.map((r) => ({ ...r, ...wish })) });
  for (const by of ['twice', 'quit'] as const) {
    const { claim } = await claimed(s, 1);
    await fetched(s, body.id);
    if (by === 'quit') await s.shared.acknowledge(s.account, claim.id, 'all', visitor);
    else {
      await s.shared.release(s.account, claim.id);
      const again = await claimed(s, 1);
      await fetched(s, body.id);
      await s.shared.release(s.account, again.claim.id);
    }
  }
  assert.deepEqual(
    s.receipts.map(({ by, messages }) => [by, messages]),
    [
      ['twice', [body.id]],
      ['quit', [body.id]],
    ],
  );
});

test('a move of the account takes the maildrop away: what was claimed lapses, and nothing is removed', async (t) => {
  const s = await scene(t, 1);
  const { claim } = await claimed(s, 1);
  await s.store.registry.addOrganisation({ name: 'south', title: 'South', language: 'nl' }, { name: 'test' });
  const found = await s.shared.claimed(s.account, s.ids[0]!);
  s.clock.advance(1000);
  const move = {
    login: 'anna',
    organisation: 'south',
    since: s.clock.now(),
    endsAt: instant(s.clock.now() + days(30)),
  };
  await s.store.accountMoves.move(move, { name: 'test' });
  assert.equal(found?.sent(), false, 'and the end of what is under way is not shown');
  assert.equal(await s.shared.acknowledge(s.account, claim.id, 'all', visitor), 'lapsed');
  assert.equal(await left(s), 1);
});

test('removing one message needs the maildrop for a moment, and leaves alone what a worker has', async (t) => {
  const s = await scene(t, 2);
  const [first, second] = await s.store.deliveries.mailboxEntries(s.account, { limit: 2 });
  const lock = await s.store.lockMaildrop(s.account, pop3);
  assert(lock !== 'in-use');
  assert.equal(await s.shared.remove(s.account, first!, visitor), 'in-use');
  await s.store.releaseMaildrop(lock);
  await claimed(s, 1);
  assert.equal(await s.shared.remove(s.account, first!, visitor), 'claimed');
  assert.equal(await s.shared.remove(s.account, second!, visitor), 'removed');
  assert.equal(await s.shared.remove(s.account, second!, visitor), 'gone');
  assert.equal(await left(s), 1);
});

test('what is acknowledged while another worker looks is not handed out again, though the look saw it', async (t) => {
  const s = await scene(t, 3);
  const { claim: free } = await claimed(s, 1);
  const { claim } = await claimed(s, 1);
  // Now a look begins before the message that is acknowledged.
  await s.shared.release(s.account, free.id);
  const { deliveries } = s.store;
  const look = deliveries.mailboxEntries.bind(deliveries);
  t.mock.method(deliveries, 'mailboxEntries', async (...asked: Parameters<typeof look>) => {
    const seen = await look(...asked);
    await s.shared.acknowledge(s.account, claim.id, 'all', visitor);
    return seen;
  });
  assert.deepEqual((await claimed(s, 3)).ids, [s.ids[0], s.ids[2]]);
});

test('many workers: each message is acknowledged once, none is lost, none is with two at once', async (t) => {
  const s = await scene(t, 60);
  const has = new Map<MessageId, string>();
  const done: MessageId[] = [];
  const worker = async (): Promise<void> => {
    for (let turn = 0; turn < 200 && done.length < 60; turn += 1) {
      requests += 1;
      const got = await s.shared.claim(s.account, visitor, {
        most: between(1, 7),
        lasts: seconds(20),
        key: `${requests}`,
      });
      if (typeof got === 'string') {
        await new Promise(setImmediate);
        continue;
      }
      const claim = got;
      const ids = [...claim.items.keys()];
      for (const id of ids) {
        assert.equal(has.get(id), undefined, 'nobody else has it');
        has.set(id, claim.id);
      }
      const leave = (ids: Iterable<MessageId>): void => {
        for (const id of ids) if (has.get(id) === claim.id) has.delete(id);
      };
      const what = between(0, 4);
      if (what === 0) {
        leave(ids);
        await s.shared.release(s.account, claim.id);
      } else if (what === 1) {
        // Dies: others get them when the time is over.
        leave(ids);
        s.clock.advance(seconds(20));
        for (const [id, by] of has) if (s.shared.find(s.account, by)?.state !== 'open') has.delete(id);
      } else {
        const acknowledged = await s.shared.acknowledge(s.account, claim.id, 'all', visitor);
        leave(ids);
        if (typeof acknowledged !== 'string') done.push(...ids);
      }
    }
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  assert.deepEqual(done.toSorted(), s.ids.toSorted());
  assert.equal(await left(s), 0);
});

test('all accounts together have a bounded number of claims', async (t) => {
  const s = await scene(t, 3, 2);
  const { claim } = await claimed(s, 1);
  await claimed(s, 1);
  assert.equal(await s.shared.claim(s.account, visitor, { most: 1, lasts: MINUTE, key: 'z' }), 'too-many');
  await s.shared.acknowledge(s.account, claim.id, 'all', visitor);
  await claimed(s, 1);
});

test('claims that have ended are remembered for a while, of each account and in all; open ones always', () => {
  const known = new KnownClaims<string>();
  const clock = new FakeClock();
  const add = (account: number, id: string, state?: 'released'): void => {
    const claim = new Claim(id, clock, MINUTE);
    if (state !== undefined) claim.end(state);
    known.add(account as AccountId, { claim, visitor: '', key: `key of ${id}` });
  };
  const one = 1 as AccountId;
  add(1, 'open');
  for (let n = 0; n < REMEMBERED; n += 1) add(1, `c${n}`, 'released');
  assert.deepEqual(
    [known.size, known.get(one, 'c0'), known.get(one, 'open')?.claim.id],
    [REMEMBERED, undefined, 'open'],
  );
  assert.equal(known.byKey(one, 'key of c1')?.claim.id, 'c1');
  assert.equal(known.byKey(2 as AccountId, 'key of c1'), undefined);
  for (let account = 2; known.size < REMEMBERED_IN_ALL; account += 1)
    for (let n = 0; n < REMEMBERED && known.size < REMEMBERED_IN_ALL; n += 1) add(account, `c${n}`, 'released');
  add(9999, 'last', 'released');
  assert.equal(known.size, REMEMBERED_IN_ALL);
  assert.deepEqual([known.get(one, 'c1'), known.get(one, 'open')?.claim.id], [undefined, 'open']);
});
