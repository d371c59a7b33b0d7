/**
 * The daily round: who is warned of a mailbox that nobody empties, who is told, what ends, and that
 * nothing is said twice.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MAX_MESSAGES } from '../../src/notices/not-collected.ts';
import { MAX_NAMED, type Round, uncollectedRound } from '../../src/notices/uncollected.ts';
import { days, hours, instant } from '../../src/domain/units.ts';
import type { AccountId } from '../../src/domain/ids.ts';
import type { MessageRecord } from '../../src/store/deliveries.ts';
import { filed } from '../support/filed.ts';
import { type Region, matchesGolden, openRegion } from '../support/region.ts';
import { address } from '../support/store.ts';

const actor = { name: 'test' };
const HUISARTS = 'huisarts@brug.test';
const LAB = 'lab@lab.test';
const BALIE = 'balie@lab.test';
const POSTMASTER = 'postmaster';

interface Opened extends Region {
  round(): Promise<Round>;
  /** Lets time pass to this moment, UTC. */
  at(moment: string): void;
  set(login: string, settings: Record<string, string | number>): Promise<void>;
  /** Fetches all to the end. */
  fetch(login: string, then?: 'delete'): Promise<void>;
}

/** It is Wednesday 25 November 2026, 13:00 in Amsterdam. */
async function open(t: TestContext): Promise<Opened> {
  const region = await openRegion(t);
  const { store, clock, log, noticeWriter } = region;
  // What the rounds themselves say waits there, and nobody fetches it here.
  for (const login of [BALIE, POSTMASTER])
    await store.registry.changeSettings({ scope: 'account', login }, { rhythm: 0 }, actor);
  return {
    ...region,
    round: () => uncollectedRound({ noticeWriter, store, clock, log }),
    at: (moment) => clock.setWall(Date.parse(moment)),
    set: (login, settings) => store.registry.changeSettings({ scope: 'account', login }, settings, actor),
    fetch: async (login, then) => {
      const account = (await store.registry.findAccount(login))!.account.id;
      const lock = await store.lockMaildrop(account, { session: 's', network: 'n' });
      assert(lock !== 'in-use');
      const listing = await store.listMaildrop(lock);
      const uids = Array.from({ length: listing.count }, (_, i) => listing.uidOf(i));
      await store.commitMaildrop(lock, then === 'delete' ? uids : [], uids, []);
    },
  };
}
const nothing: Round = { mailboxes: 0, away: 0, warned: 0, told: 0, expired: 0 };
const counted = ({ mailboxes, away, warned, told, expired }: Round): Round => ({
  ...{ mailboxes, away, warned, told, expired },
});
const states = async ({ store }: Region, message: MessageRecord): Promise<string[]> =>
  (await store.deliveries.whereabouts(message)).map((where) => (where.kind === 'mailbox' ? where.state : 'partner'));

test('after two working days the contact is warned and the operator has a digest; again after a week', async (t) => {
  const region = await open(t);
  await region.send({ to: [LAB] });
  region.at('2026-11-27T11:59:00Z');
  assert.deepEqual(counted(await region.round()), nothing);
  region.at('2026-11-27T12:01:00Z');
  assert.deepEqual(counted(await region.round()), { ...nothing, mailboxes: 1, warned: 1 });
  assert.deepEqual(counted(await region.round()), { ...nothing, mailboxes: 1 }, 'a repeated round files nothing twice');
  matchesGolden('rhythm.eml', (await filed(region.store, BALIE))[0]!);
  matchesGolden('digest.eml', (await filed(region.store, POSTMASTER))[0]!);
  assert.equal((await filed(region.store, LAB)).length, 1, 'nothing in front of the results');
  await region.set(LAB, { 'tell-sender-after': 0 });
  for (const day of ['2026-11-28', '2026-11-30', '2026-12-01']) {
    region.at(`${day}T12:01:00Z`);
    assert.equal((await region.round()).warned, 0);
  }
  region.at('2026-12-02T12:01:00Z');
  assert.equal((await region.round()).warned, 1);
  assert.equal((await filed(region.store, POSTMASTER)).length, 5, 'a digest for each day');
});

test('what was fetched and left on the server is not overdue', async (t) => {
  const region = await open(t);
  await region.send({ to: [LAB] });
  await region.fetch(LAB);
  region.at('2027-11-25T12:00:00Z');
  assert.deepEqual(counted(await region.round()), nothing);
});

test('weekends, Dutch holidays and the closed days of the practice are no working days', async (t) => {
  const region = await open(t);
  const overdue = async (moment: string): Promise<number> => {
    region.at(moment);
    return (await region.round()).mailboxes;
  };
  region.at('2026-12-24T12:00:00Z');
  await region.set(LAB, { 'tell-sender-after': 0 });
  await region.send({ to: [LAB] });
  // Christmas on Friday, then a weekend: Monday is the first working day, Tuesday the second.
  assert.equal(await overdue('2026-12-28T23:00:00Z'), 0);
  assert.equal(await overdue('2026-12-29T12:01:00Z'), 1);
  await region.set(LAB, { 'closed-days': '2026-12-28..2026-12-30' });
  assert.equal(await overdue('2026-12-31T23:00:00Z'), 0);
  // New Year's Day on Friday.
  assert.equal(await overdue('2027-01-04T12:01:00Z'), 1);
  await region.set(LAB, { rhythm: 0 });
  assert.equal(await overdue('2027-01-20T12:00:00Z'), 0, '0: nothing is expected');
});

test('an absence suspends the rhythm, and the senders read until when', async (t) => {
  const region = await open(t);
  await region.send({ to: [LAB] });
  const now = region.clock.now();
  const absence = { from: instant(now - hours(1)), until: instant(Date.parse('2026-12-06T23:00:00Z')) };
  await region.store.registry.addAbsences([{ address: address(LAB), ...absence, mode: 'refuse' }], actor);
  region.at('2026-12-03T12:00:00Z');
  assert.deepEqual(counted(await region.round()), { ...nothing, told: 1 });
  const [notice = ''] = await filed(region.store, HUISARTS);
  assert.match(notice, /afwezig te zijn tot maandag 7 december\s+2026/);
  assert.deepEqual(await filed(region.store, BALIE), []);
  await region.fetch(HUISARTS);
  // Back on Monday: two working days from then on.
  region.at('2026-12-08T12:00:00Z');
  assert.equal((await region.round()).mailboxes, 0);
  region.at('2026-12-09T12:01:00Z');
  assert.equal((await region.round()).mailboxes, 1);
});

test('after three working days each sender is told once, of a whole day; it is no failure', async (t) => {
  const region = await open(t);
  await region.set(LAB, { rhythm: 0 });
  await region.send({ to: [LAB] });
  region.clock.advance(hours(1));
  const second = await region.send({ to: [LAB, BALIE] });
  await region.send({ to: [LAB], notify: ['NEVER'] });
  await region.send({ to: [LAB], notify: ['FAILURE'] });
  await region.send({ to: [LAB], from: '' });
  await region.send({ to: [LAB], from: 'edi@brug.test' });
  await region.fetch(BALIE);
  // Thursday, Friday, Monday: the whole Wednesday is told of on Tuesday.
  region.at('2026-11-30T22:00:00Z');
  assert.equal((await region.round()).told, 0);
  region.at('2026-12-01T06:00:00Z');
  assert.equal((await region.round()).told, 2);
  assert.equal((await region.round()).told, 0);
  const notices = await filed(region.store, HUISARTS);
  assert.equal(notices.length, 2, 'its own, and that of the system beside it, whose contact it is');
  matchesGolden('not-collected.eml', notices[0]!);
  assert.deepEqual(await filed(region.store, 'edi@brug.test'), []);
  assert.deepEqual(await states(region, second), ['waiting', 'collected']);
  // The message stays, and can be fetched.
  assert.equal((await filed(region.store, LAB)).length, 6);
});

test('a notice names twenty messages and tells how many more there are', async (t) => {
  const region = await open(t);
  await region.set(LAB, { rhythm: 0 });
  for (let i = 0; i < MAX_MESSAGES + 3; i += 1) await region.send({ to: [LAB] });
  region.at('2026-12-01T12:00:00Z');
  assert.equal((await region.round()).told, 1);
  const [notice = ''] = await filed(region.store, HUISARTS);
  assert.match(notice, /^Subject: Nog niet opgehaald: 23 berichten aan lab@lab\.test\r$/m);
  assert.equal(notice.match(/Ons kenmerk: /g)?.length, MAX_MESSAGES);
  assert.match(notice, /En nog 3 andere\./);
});

test('retention ends with a last notice, in the transaction that takes the message out of the mailbox', async (t) => {
  const region = await open(t);
  await region.set(LAB, { rhythm: 0, 'tell-sender-after': 0, 'keep-uncollected': 30 });
  const message = await region.send({ to: [LAB], envelope: { ret: 'FULL', envid: 'QQ314159' } });
  region.at('2026-12-25T11:00:00Z');
  assert.equal((await region.round()).expired, 0);
  region.at('2026-12-25T13:00:00Z');
  assert.equal((await region.round()).expired, 1);
  assert.equal((await region.round()).expired, 0);
  const notices = await filed(region.store, HUISARTS);
  assert.equal(notices.length, 1);
  matchesGolden('expired.eml', notices[0]!);
  assert.deepEqual(await states(region, message), ['expired']);
  const rows = await region.store.audit.read({ message: message.id, limit: 100 });
  assert.deepEqual(rows.map(({ event, facts }) => [event, facts?.days ?? facts?.notice]).slice(-2), [
    ['message.expired', 30],
    ['notice.filed', 'expired'],
  ]);
  const account = (await region.store.registry.findAccount(LAB))!.account.id;
  assert.equal(await region.store.restoreEntries(account, { message: message.id }, actor), 1);
});

test('no notice contradicts another: who was told "delivered" reads a letter at the end, and no failure', async (t) => {
  const region = await open(t);
  await region.set(LAB, { 'tell-sender-after': 0 });
  await region.send({ to: [LAB], notify: ['SUCCESS', 'FAILURE'] });
  await region.send({ to: [LAB], notify: ['SUCCESS'] });
  await region.send({ to: [LAB], notify: ['NEVER'] });
  await region.send({ to: [LAB], notify: ['DELAY'] });
  region.clock.advance(days(91));
  assert.equal((await region.round()).expired, 4);
  const notices = await filed(region.store, HUISARTS);
  assert.equal(notices.length, 2);
  for (const notice of notices) {
    assert.match(notice, /^Subject: Nooit opgehaald: /m);
    assert.match(notice, /^Content-Type: text\/plain/m);
    assert.doesNotMatch(notice, /delivery-status/);
  }
});

test('what was handed out again is not told of a second time, and ends when its time has passed since then', async (t) => {
  const region = await open(t);
  for (const login of [LAB, HUISARTS])
    await region.set(login, { rhythm: 0, ...(login === HUISARTS ? { 'keep-uncollected': 3650 } : {}) });
  const account = (await region.store.registry.findAccount(LAB))!.account.id;
  const ended = await region.send({ to: [LAB] });
  region.clock.advance(days(91));
  assert.deepEqual(counted(await region.round()), { ...nothing, told: 1, expired: 1 });
  const message = await region.send({ to: [LAB] });
  await region.fetch(LAB, 'delete');
  region.clock.advance(days(10));
  for (const { id } of [ended, message])
    assert.equal(await region.store.restoreEntries(account, { message: id }, actor), 1);
  assert.deepEqual(counted(await region.round()), nothing);
  assert.deepEqual(await states(region, ended), ['waiting']);
  const before = (await filed(region.store, HUISARTS)).length;
  // Letters of the gateway end by their own time.
  const both = async (): Promise<readonly unknown[]> => [
    ...(await states(region, ended)),
    ...(await states(region, message)),
  ];
  region.clock.advance(days(89));
  await region.round();
  assert.deepEqual(await both(), ['waiting', 'waiting']);
  region.clock.advance(days(2));
  await region.round();
  assert.deepEqual(await both(), ['expired', 'expired']);
  assert.equal((await filed(region.store, HUISARTS)).length, before, 'its sender was told before');
});

test('what was handed out again counts from that day for as long as it waits, however many years that are', async (t) => {
  const region = await open(t);
  const { store, clock } = region;
  await region.set(LAB, { 'keep-uncollected': 3650, 'tell-sender-after': 5, rhythm: 5 });
  // What the rounds say to them waits for ever here.
  await region.set(HUISARTS, { rhythm: 0, 'keep-uncollected': 3650, 'tell-sender-after': 0 });
  const account = (await store.registry.findAccount(LAB))!.account.id;
  const message = await region.send({ to: [LAB] });
  clock.advance(days(10));
  await region.fetch(LAB, 'delete');
  assert.equal(await store.restoreEntries(account, { message: message.id }, actor), 1);
  const restored = clock.now();
  const [where] = await store.deliveries.whereabouts(message);
  assert(where?.kind === 'mailbox');
  assert.deepEqual([where.state, where.since, where.restored], ['waiting', restored, true]);
  clock.advance(days(2));
  assert.equal((await region.round()).mailboxes, 0, 'its rhythm counts from then, too');
  clock.advance(days(8));
  assert.deepEqual(counted(await region.round()), { ...nothing, mailboxes: 1, warned: 1 });
  // What the store remembers of notices ends after 400 days.
  clock.advance(days(500));
  await store.sweep();
  assert.deepEqual([(await region.round()).told, await states(region, message)], [0, ['waiting']]);
  clock.setWall(restored + days(3650) - hours(1));
  await region.round();
  assert.deepEqual(await states(region, message), ['waiting']);
  clock.advance(hours(2));
  await region.round();
  assert.deepEqual(await states(region, message), ['expired']);
  assert.deepEqual(await filed(store, HUISARTS), [], 'its sender is told nothing');
});

test('what is collected in the last moment stays and is not told of', async (t) => {
  const region = await open(t);
  await region.set(LAB, { 'tell-sender-after': 0 });
  const message = await region.send({ to: [LAB] });
  region.clock.advance(days(91));
  const expire = region.store.deliveries.expire.bind(region.store.deliveries);
  region.store.deliveries.expire = async (...given) => {
    await region.fetch(LAB);
    return await expire(...given);
  };
  assert.equal((await region.round()).expired, 0);
  assert.deepEqual(await states(region, message), ['collected']);
  assert.deepEqual(await filed(region.store, HUISARTS), []);
});

test('a mailbox that fails is logged, and the others are done', async (t) => {
  const region = await open(t);
  await region.send({ to: [LAB] });
  await region.send({ to: [HUISARTS] });
  const lab = (await region.store.registry.findAccount(LAB))!.account.id;
  const find = region.store.registry.findAccountById.bind(region.store.registry);
  Object.assign(region.store.registry, {
    findAccountById: async (id: AccountId) => {
      if (id === lab) throw new Error('unreadable');
      return await find(id);
    },
  });
  region.at('2026-11-28T12:00:00Z');
  assert.equal((await region.round()).mailboxes, 1);
  assert.ok(region.log.names.includes('uncollected.failed'));
});

test('a digest names a hundred mailboxes, and the log the others', async (t) => {
  const region = await open(t);
  const logins = Array.from({ length: MAX_NAMED + 2 }, (_, n) => `p${`${n}`.padStart(3, '0')}@lab.test`);
  await region.store.registry.importAccounts(
    logins.map((login) => ({ login, organisation: 'lab', kind: 'edi', addresses: [address(login)] })),
    actor,
  );
  await region.send({ to: logins });
  region.at('2026-11-28T12:00:00Z');
  const round = await region.round();
  assert.deepEqual([round.mailboxes, round.warned], [102, 102]);
  const [digest = ''] = await filed(region.store, POSTMASTER);
  assert.match(digest, /^Subject: 102 mailboxes not fetched/m);
  assert.match(digest, /En nog 2 andere; zie het logboek \("mailbox\.overdue"\)/);
  assert.equal(region.log.names.filter((name) => name === 'mailbox.overdue').length, 102);
});

test('a round that is stopped leaves the rest to the next one', async (t) => {
  const region = await open(t);
  const { noticeWriter, store, clock, log } = region;
  await region.send({ to: [LAB] });
  await region.send({ to: [HUISARTS] });
  region.at('2026-12-03T12:00:00Z');
  // After the first mailbox's warning: its senders are left, and the other mailbox.
  const round = await uncollectedRound({ noticeWriter, store, clock, log }, () =>
    log.names.includes('mailbox.overdue'),
  );
  assert.deepEqual([round.mailboxes, round.told], [1, 0]);
  const rest = await region.round();
  assert.deepEqual([rest.mailboxes, rest.told], [2, 2]);
});
