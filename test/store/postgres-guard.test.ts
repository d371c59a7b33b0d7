/**
 * Whether a commit may be acknowledged: the rules as a table, and what the guard sees of a real
 * server.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Instant, type Milliseconds, instant, milliseconds, seconds } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { Guard, type GuardOptions } from '../../src/store/postgres/guard.ts';
import {
  type Cause,
  type Facts,
  type ServerSeen,
  type StandbySeen,
  confirmedTo,
  judge,
  siteBy,
} from '../../src/store/postgres/judgement.ts';
import { readStandbyList } from '../../src/store/postgres/standby-list.ts';
import { FakeClock } from '../support/clock.ts';
import { ACCESS, addressOf, startLone } from '../support/lone-postgres.ts';
import { MemoryLog } from '../support/log.ts';
import type { PostgresServer } from '../support/postgres-server.ts';
import type { Cleanup } from '../support/store.ts';
import { until } from '../support/until.ts';

test('The list of standbys is read as the server reads it', () => {
  const cases: [string, ReturnType<typeof readStandbyList>][] = [
    ['', undefined],
    ['  ', undefined],
    ['ANY 1 (zuid-1, derde-1)', { needed: 1, names: ['zuid-1', 'derde-1'] }],
    ['any 2 ("Zuid-1","derde-1")', { needed: 2, names: ['zuid-1', 'derde-1'] }],
    ['FIRST 1 (a)', { needed: 1, names: ['a'] }],
    ['2 (a,b,a)', { needed: 2, names: ['a', 'b'] }],
    ['a, b', { needed: 1, names: ['a', 'b'] }],
    ['"say ""a"""', { needed: 1, names: ['say "a"'] }],
    ['*', { needed: 1, names: ['*'] }],
    ['ANY 1 (*)', { needed: 1, names: ['*'] }],
    // What Patroni 4.0.7 writes at bootstrap, and the server refuses.
    ['ANY None (*)', undefined],
  ];
  for (const [text, expected] of cases) assert.deepEqual(readStandbyList(text), expected, text);
});

const NOW = instant(Date.UTC(2026, 10, 28, 12));
const standby = (name: string, more: Partial<StandbySeen> = {}): StandbySeen => ({
  name,
  state: 'streaming',
  syncState: 'quorum',
  flushed: 1000n,
  ...more,
});
const primary = (more: Partial<ServerSeen> = {}): ServerSeen => ({
  server: { host: 'n', port: 5432 },
  name: 'noord-1',
  inRecovery: false,
  timeline: 3,
  flushed: 1000n,
  synchronousNames: 'ANY 1 (zuid-1, derde-1)',
  fsync: true,
  fullPageWrites: true,
  standbys: [standby('zuid-1'), standby('derde-1')],
  ...more,
});
const second = (more: Partial<ServerSeen> = {}): ServerSeen =>
  primary({ server: { host: 'z', port: 5432 }, name: 'zuid-1', inRecovery: true, timeline: 0, standbys: [], ...more });
const facts = (more: Partial<Facts> = {}): Facts => ({
  seen: [primary(), second()],
  unseen: [],
  diverged: new Set(),
  unconfirmed: milliseconds(0),
  justListed: false,
  aloneUntil: undefined,
  now: NOW,
  siteOf: siteBy({}),
  ...more,
});
const of = (more: Partial<ServerSeen>): Partial<Facts> => ({ seen: [primary(more), second()] });
const until1 = (by: number): Instant => instant(NOW + by);

const RULES: readonly [name: string, Partial<Facts>, Cause | undefined, RegExp?][] = [
  ['two standbys at other places', {}, undefined],
  ['one of two is there', of({ standbys: [standby('derde-1')] }), undefined],
  ['the list is empty', of({ synchronousNames: '' }), 'empty-list', /of noord-1 is empty/],
  ['any name will do', of({ synchronousNames: '*' }), 'any-name'],
  ['any name in a list', of({ synchronousNames: 'ANY 1 (zuid-1, *)' }), 'any-name'],
  ['one at the same place', of({ synchronousNames: 'ANY 1 (zuid-1, Noord-2)' }), 'same-site', /has noord-2/],
  [
    'the same place by the configuration',
    { siteOf: siteBy({ 'Zuid-1': 'Noord' }) },
    'same-site',
    /zuid-1, which is at the same place \(noord\)/,
  ],
  [
    'other places by the configuration',
    { ...of({ name: 'a', synchronousNames: 'b' }), siteOf: siteBy({ a: 'x', b: 'x' }) },
    'same-site',
  ],
  ['a primary without a name', of({ name: '' }), 'no-name', /cluster_name/],
  ['fsync is off', of({ fsync: false }), 'no-fsync', /fsync off/],
  ['full_page_writes is off', of({ fullPageWrites: false }), 'no-fsync', /full_page_writes off/],
  ['nobody follows', of({ standbys: [] }), 'no-standby', /none of them follows/],
  ['those that follow are not in the list', of({ standbys: [standby('noord-2')] }), 'no-standby'],
  ['it still catches up', of({ standbys: [standby('zuid-1', { state: 'catchup' })] }), 'no-standby'],
  [
    'two are needed, one is there',
    of({ synchronousNames: 'ANY 2 (zuid-1, derde-1)', standbys: [standby('zuid-1')] }),
    'no-standby',
    /only 1/,
  ],
  [
    'two are needed, one is there twice',
    of({ synchronousNames: 'ANY 2 (zuid-1, derde-1)', standbys: [standby('zuid-1'), standby('zuid-1')] }),
    'no-standby',
  ],
  ['they confirm nothing any more', { unconfirmed: milliseconds(3001) }, 'silent-standby', /for 3 s/],
  ['they are slow', { unconfirmed: milliseconds(3000) }, undefined],
  [
    'the role may not look',
    of({ standbys: [standby('zuid-1', { state: undefined, flushed: undefined })] }),
    'no-rights',
    /pg_read_all_stats/,
  ],
  [
    'one is above the primary',
    of({ standbys: [standby('zuid-1', { flushed: 1001n }), standby('derde-1')] }),
    'diverged',
    /zuid-1 has a log of its own/,
  ],
  [
    'one that does not count is above',
    of({ standbys: [standby('zuid-1'), standby('x-1', { flushed: 1001n, syncState: 'async' })] }),
    'diverged',
  ],
  ['one lay above a while ago', { diverged: new Set(['zuid-1']) }, 'diverged', /stop zuid-1 now/],
  [
    'no primary',
    { seen: [second()], unseen: ['n:5432: nothing listens there (start it)'] },
    'no-primary',
    /nothing listens there .*; zuid-1 is a standby/,
  ],
  [
    'two on one timeline',
    { seen: [primary(), second({ inRecovery: false, timeline: 3 })] },
    'two-primaries',
    /same timeline 3/,
  ],
  ['the list was empty a moment ago', { justListed: true }, 'empty-list', /until a moment ago/],
  ['alone, as allowed', { ...of({ synchronousNames: '' }), aloneUntil: until1(1) }, undefined],
  ['alone, no longer allowed', { ...of({ synchronousNames: '' }), aloneUntil: until1(0) }, 'empty-list'],
  [
    'alone does not pardon a list that takes any',
    { ...of({ synchronousNames: '*' }), aloneUntil: until1(1) },
    'any-name',
  ],
  [
    'alone does not pardon one that diverged',
    { ...of({ synchronousNames: '', standbys: [standby('zuid-1', { flushed: 2000n })] }), aloneUntil: until1(1) },
    'diverged',
  ],
];

for (const [name, given, cause, why] of RULES)
  test(`Judgement: ${name}: ${cause ?? 'may acknowledge'}`, () => {
    const { not } = judge(facts(given));
    assert.equal(not?.cause, cause, not?.why);
    if (why !== undefined) assert.match(`${not?.why}; ${not?.remedy}`, why);
    if (not !== undefined) assert.ok(not.remedy.length > 10);
  });

test('Of two primaries the higher timeline is judged, and the other is told of', () => {
  const old = primary({ synchronousNames: '', timeline: 3 });
  const promoted = second({
    inRecovery: false,
    timeline: 4,
    synchronousNames: 'ANY 1 (derde-1)',
    standbys: [standby('derde-1')],
  });
  for (const seen of [
    [old, promoted],
    [promoted, old],
  ]) {
    const judged = judge(facts({ seen }));
    assert.equal(judged.primary?.name, 'zuid-1');
    assert.equal(judged.not, undefined);
    assert.match(
      judged.warnings[0]!.why,
      /noord-1 at n:5432 calls itself primary too, on timeline 3; zuid-1 is it, on 4/,
    );
    assert.equal(judged.pairOnly, true);
  }
});

test('What carries on alone is said, as is a pair', () => {
  const alone = judge(facts({ ...of({ synchronousNames: '' }), aloneUntil: until1(1) }));
  assert.deepEqual([alone.alone, alone.pairOnly], [true, false]);
  const pair = judge(facts(of({ synchronousNames: 'zuid-1' })));
  assert.deepEqual([pair.alone, pair.pairOnly, pair.not], [false, true, undefined]);
  // While the list is in force nothing is alone.
  assert.equal(judge(facts({ aloneUntil: until1(1) })).alone, false);
});

test('A standby that went away is told of while mail goes on without it', () => {
  const { not, warnings } = judge(facts(of({ standbys: [standby('zuid-1')] })));
  assert.equal(not, undefined);
  assert.deepEqual(
    warnings.map(({ cause, why }) => [cause, why.split(':')[0]]),
    [['standby-away', 'derde-1 does not follow noord-1']],
  );
  assert.deepEqual(judge(facts({})).warnings, []);
  // With none left that is the reason itself.
  assert.deepEqual(judge(facts(of({ standbys: [] }))).warnings, []);
});

test('What enough standbys have is the end of the last of them', () => {
  const seen = [standby('a', { flushed: 5n }), standby('b', { flushed: 9n }), standby('c', { flushed: 7n })];
  const to = (needed: number): bigint | undefined => confirmedTo(seen, { needed, names: ['a', 'b', 'c'] });
  assert.deepEqual([to(1), to(2), to(3), to(4)], [9n, 7n, 5n, undefined]);
});

let server: PostgresServer;
const closers: (() => Promise<void> | void)[] = [];
before(async () => {
  server = await startLone({ after: (close) => closers.push(close) }, { cluster_name: 'noord-1' });
});
after(async () => {
  for (const close of closers.toReversed()) await close();
});

async function guardOf(t: Cleanup, more: Partial<GuardOptions> = {}): Promise<{ guard: Guard; log: MemoryLog }> {
  const log = new MemoryLog();
  const guard = new Guard({
    ...{ servers: [addressOf(server)], access: ACCESS, name: 'sluis/gw1', clock: systemClock, log },
    ...{ connectWithin: seconds(10), every: milliseconds(20) },
    ...more,
  });
  t.after(() => guard.close());
  assert.equal(guard.judgement.not?.cause, 'not-watched');
  await guard.start();
  return { guard, log };
}
const cause = (guard: Guard): Cause | undefined => guard.judgement.not?.cause;

test('The guard sees what is changed on the server, and tells who listens', async (t) => {
  const { guard, log } = await guardOf(t);
  // The server of this test has fsync off.
  assert.equal(cause(guard), 'no-fsync');
  assert.match(guard.mayAcknowledge()!.why, /noord-1 has fsync off/);
  const told: (string | undefined)[] = [];
  guard.onChange(({ not }) => told.push(not?.cause));
  await server.stop();
  await until('it is gone', () => cause(guard) === 'no-primary');
  assert.equal(guard.servers()[0]!.role, 'unknown');
  assert.match(guard.servers()[0]!.problem!, /./);
  await server.start();
  await until('it is seen again', () => cause(guard) === 'no-fsync');
  assert.deepEqual(told, ['no-primary', 'no-fsync']);
  const [view] = guard.servers();
  assert.deepEqual([view!.name, view!.site, view!.role], ['noord-1', 'noord', 'primary']);
  assert.equal(log.names.filter((name) => name === 'store.unacknowledged').length, 3);
});

test('An empty list refuses, alone accepts it loudly, and a list that nobody follows refuses again', async (t) => {
  const own = await startLone(t, { fsync: 'on', cluster_name: 'noord-1' });
  const allowed: { until?: Instant } = {};
  const { guard, log } = await guardOf(t, { servers: [addressOf(own)], aloneUntil: () => allowed.until });
  assert.equal(cause(guard), 'empty-list');
  allowed.until = instant(systemClock.now() + seconds(600));
  await guard.lookAgain();
  assert.equal(guard.mayAcknowledge(), undefined);
  assert.ok(log.names.includes('store.alone'));
  // What was committed on another server may not be acknowledged.
  assert.match(guard.mayAcknowledge({ host: 'elsewhere', port: 1 })!.why, /no longer the primary/);
  await own.set({ synchronous_standby_names: 'ANY 1 ("zuid-1", "derde-1")' });
  // A commit may not wait yet, however the list reads.
  allowed.until = instant(0);
  assert.match((await guard.lookAgain())!.why, /until a moment ago/);
  await until('the list counts', () => (guard.mayAcknowledge()?.why ?? '').includes('none of them follows it'));
  await own.set({ synchronous_standby_names: '*' });
  assert.match((await guard.lookAgain())!.why, /takes any name/);
});

test('A server that says its own name is called so, whatever the cluster is called', async (t) => {
  // As Patroni sets it: its scope at all of them.
  const own = await startLone(t, { cluster_name: 'sluis', 'sluis.name': 'zuid-1' });
  const { guard } = await guardOf(t, { servers: [addressOf(own)] });
  const [view] = guard.servers();
  assert.deepEqual([view!.name, view!.site], ['zuid-1', 'zuid']);
});

test('While nothing may be acknowledged the guard looks ten times a second, else twice', async (t) => {
  const own = await startLone(t, { fsync: 'on', cluster_name: 'noord-1' });
  const clock = new FakeClock();
  let alone = instant(0);
  const { guard } = await guardOf(t, {
    ...{ servers: [addressOf(own)], aloneUntil: () => alone, clock, every: milliseconds(500) },
  });
  const waits = async (): Promise<void> => await until('it waits for its next look', () => clock.waiting === 1);
  assert.equal(cause(guard), 'empty-list');
  await waits();
  alone = instant(clock.now() + seconds(600));
  clock.advance(100);
  assert.equal(clock.waiting, 0, 'it looks');
  await waits();
  assert.equal(cause(guard), undefined);
  clock.advance(490);
  assert.equal(clock.waiting, 1, 'it does not yet');
  clock.advance(10);
  assert.equal(clock.waiting, 0);
  await waits();
});

test('What is too old at the end of a start is asked again, a few times and not for ever', async (t) => {
  // A machine that does much else: each time that somebody looks at the clock 2.5 s have passed.
  const busy = (times: number): GuardOptions['clock'] => {
    let [left, ahead] = [times, 0];
    const monotonic = (): Milliseconds => {
      if (left > 0) [left, ahead] = [left - 1, ahead + 2500];
      return milliseconds(systemClock.monotonic() + ahead);
    };
    return { now: () => systemClock.now(), after: (delay, run) => systemClock.after(delay, run), monotonic };
  };
  const { guard } = await guardOf(t, { clock: busy(8), every: seconds(60) });
  assert.equal(cause(guard), 'no-fsync', 'it was heard after all');
  const { guard: never } = await guardOf(t, { clock: busy(1000), every: seconds(60) });
  assert.equal(cause(never), 'no-primary');
});

test('A server that hangs is not taken for one that was just seen', async (t) => {
  const own = await startLone(t, { fsync: 'on', cluster_name: 'noord-1' });
  const alone = instant(systemClock.now() + seconds(600));
  const { guard } = await guardOf(t, {
    servers: [addressOf(own)],
    aloneUntil: () => alone,
    // No look of it comes to an end by itself.
    connectWithin: seconds(60),
  });
  assert.equal(guard.mayAcknowledge(), undefined);
  own.hang();
  try {
    await until('it is too long ago', () => guard.mayAcknowledge() !== undefined);
  } finally {
    own.resume();
  }
  await until('it is seen again', () => guard.mayAcknowledge() === undefined);
});
