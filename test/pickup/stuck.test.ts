import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId, EntryUid } from '../../src/domain/ids.ts';
import { days } from '../../src/domain/units.ts';
import type { Acted, WhenStuck } from '../../src/domain/stuck.ts';
import { MAX_STUCK, StuckMessages } from '../../src/pickup/stuck.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryLog } from '../support/log.ts';

const [seven, eight] = [7 as EntryUid, 8 as EntryUid];

interface Ended {
  readonly fetches?: number;
  readonly fetched?: EntryUid[];
  readonly what?: WhenStuck;
  readonly network?: string;
  readonly account?: number;
}

/** `answers`: what acting comes to, one after the other; then `held` for hold, `told` for tell. */
function setUp(answers: (Acted | Error)[] = []) {
  const clock = new FakeClock();
  const log = new MemoryLog();
  const acts: string[] = [];
  const stuck = new StuckMessages({
    clock,
    log,
    act: (one, what) => {
      acts.push(`${what} ${one.uid} at ${one.times}`);
      const answer = answers.shift() ?? (what === 'hold' ? 'held' : 'told');
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  });
  /** A session that ended at `at`; without it, one that got on behind the messages of `fetched`. */
  const session = async (
    at: EntryUid | undefined,
    { fetches = 1, fetched = [] as EntryUid[], what, network = 'home', account = 1 }: Ended = {},
  ): Promise<void> => {
    stuck.ended(
      { account: account as AccountId, network, what: what ?? 'hold', after: 3 },
      { fetches, wasFetched: (uid) => fetched.includes(uid), ...(at === undefined ? {} : { at }) },
    );
    await stuck.close();
  };
  return { clock, log, acts, stuck, session };
}

test('so many sessions in a row that end at one message are enough, and it is done once', async () => {
  const { acts, stuck, session, log } = setUp();
  for (let i = 0; i < 2; i += 1) await session(seven);
  assert.deepEqual(acts, []);
  for (let i = 0; i < 4; i += 1) await session(seven);
  assert.deepEqual(acts, ['hold 7 at 3']);
  assert.deepEqual(stuck.counts, { told: 0, held: 1 });
  assert.deepEqual(stuck.all, [], 'it blocks nothing any more');
  assert.equal(log.events.find(({ event }) => event === 'maildrop.stuck')?.fields.did, 'held');
});

test('a session that got behind the message begins the count anew; one that did not fetch it tells nothing', async () => {
  const { acts, session } = setUp();
  await session(seven);
  await session(seven);
  await session(undefined, { fetched: [seven, eight] });
  await session(seven);
  await session(seven);
  assert.deepEqual(acts, []);
  // A program beside it, from behind the same address, has fetched 7 long since.
  await session(undefined, { fetched: [eight] });
  await session(seven);
  assert.deepEqual(acts, ['hold 7 at 3']);
});

test('another message, another network and another account are counted apart; old sessions are no row', async () => {
  const { acts, session, clock } = setUp();
  for (const uid of [seven, eight, seven, eight, seven]) await session(uid);
  for (const network of ['a', 'b', 'c']) await session(seven, { network });
  for (const account of [2, 3, 4]) await session(seven, { account });
  await session(seven, { account: 9 });
  await session(seven, { account: 9 });
  clock.advance(days(7));
  await session(seven, { account: 9 });
  assert.deepEqual(acts, []);
});

test('told is shown until the program gets behind it, and told again by nobody', async () => {
  const { acts, stuck, session } = setUp();
  for (let i = 0; i < 5; i += 1) await session(seven, { what: 'tell' });
  assert.deepEqual(acts, ['tell 7 at 3']);
  assert.deepEqual(
    stuck.all.map(({ uid, times }) => [uid, times]),
    [[seven, 5]],
  );
  await session(undefined, { fetched: [seven] });
  assert.deepEqual(stuck.all, []);
});

test('what was told is held once the account is set so', async () => {
  const { acts, session } = setUp();
  for (let i = 0; i < 3; i += 1) await session(seven, { what: 'tell' });
  await session(seven, { what: 'hold' });
  await session(seven, { what: 'hold' });
  assert.deepEqual(acts, ['tell 7 at 3', 'hold 7 at 4']);
});

test('a program that fails at whatever comes first has one message taken from it, and then nobody touches its mail', async () => {
  const { acts, session } = setUp();
  for (const uid of [7, 8, 9]) for (let i = 0; i < 4; i += 1) await session(uid as EntryUid);
  assert.deepEqual(acts, ['hold 7 at 3', 'tell 8 at 3', 'tell 9 at 3']);
});

test('a program that got behind others is stuck at the next one by that message', async () => {
  const { acts, session } = setUp();
  for (let i = 0; i < 3; i += 1) await session(seven);
  // It fetches those before it again each time, since it never says QUIT.
  for (let i = 0; i < 3; i += 1) await session(eight, { fetches: 4 });
  assert.deepEqual(acts, ['hold 7 at 3', 'hold 8 at 3']);
  await session(undefined, { fetched: [9 as EntryUid] });
  for (let i = 0; i < 3; i += 1) await session(10 as EntryUid);
  assert.equal(acts.at(-1), 'hold 10 at 3');
});

test('a mailbox that is in use, and a store that fails, are asked again at the next session', async () => {
  const { acts, session, log, stuck } = setUp(['later', new Error('no space'), 'gone']);
  for (let i = 0; i < 6; i += 1) await session(seven);
  assert.deepEqual(acts, ['hold 7 at 3', 'hold 7 at 4', 'hold 7 at 5']);
  assert.deepEqual(stuck.counts, { told: 0, held: 0 });
  assert.ok(log.events.some(({ event }) => event === 'maildrop.stuck-not-told'));
});

test('what is remembered has a limit: the program that was seen longest ago is forgotten', async () => {
  const { acts, session } = setUp();
  for (let round = 0; round < 2; round += 1) await session(seven, { account: 0 });
  for (let account = 1; account <= MAX_STUCK; account += 1) await session(seven, { account });
  await session(seven, { account: 0 });
  assert.deepEqual(acts, [], 'the first one began again');
});

test('a program whose last session ended at a message is watched until it gets behind it', async () => {
  const { session, stuck } = setUp();
  const watched = () => stuck.isWatched(1 as AccountId, 'home');
  await session(eight);
  assert.deepEqual([watched(), stuck.isWatched(1 as AccountId, 'elsewhere')], [true, false]);
  await session(undefined, { fetched: [seven] });
  assert.equal(watched(), true);
  await session(undefined, { fetched: [seven, eight] });
  assert.equal(watched(), false);
});

test('sessions that end while something is being done about the message do not have it done twice', async () => {
  const { acts, stuck } = setUp();
  const fetcher = { account: 1 as AccountId, network: 'home', what: 'hold', after: 3 } as const;
  for (let i = 0; i < 6; i += 1) stuck.ended(fetcher, { fetches: 1, wasFetched: () => false, at: seven });
  await stuck.close();
  assert.deepEqual(acts, ['hold 7 at 3']);
});
