/**
 * What is held has an age limit: its sender is told in the transaction that ends it, once; the
 * trail, the log and a count tell as well.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { heldTooLong } from '../../src/notices/held-too-long.ts';
import { createNoticeWriter } from '../../src/notices/notice.ts';
import { days, instant } from '../../src/domain/units.ts';
import { acceptanceOf, address, sealBody } from '../support/store.ts';
import { filed } from '../support/filed.ts';
import { CONTENT, type Region, openRegion } from '../support/region.ts';

const SENDER = 'huisarts@brug.test';
const KEEP = days(30);
const actor = { name: 'test' };

interface Opened extends Region {
  readonly counts: { held: number };
  round(stopped?: () => boolean): Promise<number>;
  /** Accepts one message whose copies for these are held from the mailbox. */
  hold(...to: string[]): Promise<void>;
}

async function open(t: TestContext): Promise<Opened> {
  const region = await openRegion(t);
  const { store, clock, log, noticeWriter } = region;
  const counts = { held: 0 };
  const notices = createNoticeWriter(noticeWriter, store);
  const parts = { deliveries: store.deliveries, notices, clock, log, keep: KEEP, counts };
  const submitter = (await store.registry.findAccount(SENDER))!.account.id;
  return {
    ...region,
    counts,
    round: (stopped) => heldTooLong(parts, stopped),
    hold: async (...to) => {
      const body = await sealBody(store, Buffer.from(CONTENT));
      const found = await acceptanceOf(store, body, to, { submitter });
      const outcome = await store.accept({
        ...found,
        receivedAt: clock.now(),
        sender: address(SENDER),
        recipients: found.recipients.map((r) => ({ ...r, held: true })),
      });
      assert.equal(outcome.kind, 'filed');
    },
  };
}
const states = async ({ store }: Region): Promise<string[]> =>
  (await store.deliveries.list({ limit: 1000, states: ['held', 'failed', 'filed'] })).map(({ state }) => state);

test('a copy that nobody decided about ends after its time, and its sender is told, once', async (t) => {
  const region = await open(t);
  const { store, clock, log, counts } = region;
  const from = clock.now();
  await region.hold('lab@lab.test');
  clock.setWall(from + days(29));
  await region.hold('balie@lab.test');
  assert.equal(await region.round(), 0, 'within its time');
  assert.deepEqual(await states(region), ['held', 'held']);
  clock.setWall(from + KEEP + 1);
  assert.equal(await region.round(() => true), 0, 'stopped before the first');
  assert.equal(await region.round(), 1);
  assert.equal(await region.round(), 0);
  assert.deepEqual(await states(region), ['failed', 'held'], 'the younger one waits on');
  assert.equal(counts.held, 1);
  const letters = await filed(store, SENDER);
  assert.equal(letters.length, 1);
  assert.match(letters[0]!, /Action: failed\r\nStatus: 5\.4\.7/);
  assert.match(letters[0]!, /vastgehouden tot de helpdesk/);
  assert.match(letters[0]!, /Held for 30 days without a decision/);
  assert.doesNotMatch(letters[0]!, /De helpdesk schreef/);
  assert.equal((await filed(store, 'lab@lab.test')).length, 0, 'it never came into the mailbox');
  assert.deepEqual(
    log.names.filter((name) => name.startsWith('held.')),
    ['held.ended'],
  );
  const rows = await store.audit.read({ fromSeq: 1, limit: 1000 });
  const failed = rows.filter(({ event }) => event === 'delivery.failed');
  assert.deepEqual(
    failed.map(({ facts }) => facts?.['held-days']),
    [30],
  );
});

test('what was released in time is left alone; one that cannot be ended is told of and the others are done', async (t) => {
  const region = await open(t);
  const { store, clock, log } = region;
  for (const to of ['lab@lab.test', 'balie@lab.test', 'edi@brug.test']) await region.hold(to);
  const [first, second] = await store.deliveries.list({ limit: 10, states: ['held'] });
  assert.equal(await store.deliveries.change([first!.id], 'release', actor), 1);
  clock.setWall(instant(clock.now() + KEEP + 1));
  const claimOne = store.deliveries.claimOne.bind(store.deliveries);
  t.mock.method(store.deliveries, 'claimOne', (...args: Parameters<typeof claimOne>) =>
    args[0] === second!.id ? Promise.reject(new Error('no space')) : claimOne(...args),
  );
  assert.equal(await region.round(), 1);
  assert.deepEqual(await states(region), ['filed', 'held', 'failed']);
  assert.ok(log.names.includes('held.failed'));
  assert.equal((await filed(store, SENDER)).length, 1);
});

test('more than a page of them ends in one round', async (t) => {
  const region = await open(t);
  for (let n = 0; n < 105; n += 1) await region.hold('lab@lab.test');
  region.clock.setWall(instant(region.clock.now() + KEEP + 1));
  assert.equal(await region.round(), 105);
  assert.equal(region.counts.held, 105);
});
