/**
 * A start waits for what passes by itself, for a while, and says so once; what somebody must mend
 * is refused at once.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connectProblem } from '../../src/store/postgres/connect-problem.ts';
import { Patience } from '../../src/store/postgres/patience.ts';
import type { Purpose } from '../../src/store/postgres/pool.ts';
import { milliseconds, seconds } from '../../src/domain/units.ts';
import { StoreUnavailable } from '../../src/store/store.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryLog } from '../support/log.ts';
import { until } from '../support/until.ts';

interface Scene {
  readonly clock: FakeClock;
  readonly log: MemoryLog;
  readonly asked: Purpose[];
  /** What the next one who asks is told; undefined: there is a connection. */
  why: Error | undefined;
  mustBeMended: boolean;
  readonly start: () => Promise<void>;
  readonly end: () => void;
}

const WITHIN = seconds(10);

function scene(_t: TestContext, why: Error | undefined, within = WITHIN): Scene {
  const [clock, log] = [new FakeClock(), new MemoryLog()];
  const asked: Purpose[] = [];
  const its: Scene = {
    ...{ clock, log, asked, why, mustBeMended: false },
    start: () => patience.waitFor(pool, ['changing', 'reading']),
    end: () => patience.end(),
  };
  const pool: Parameters<Patience['waitFor']>[0] = {
    withSession: (purpose) => {
      asked.push(purpose);
      return its.why === undefined ? (Promise.resolve() as Promise<never>) : Promise.reject(its.why);
    },
  };
  const patience = new Patience(clock.monotonic(), { guard: its, clock, log, within });
  return its;
}

/** Lets time pass, as long as it waits. */
async function pass(its: Scene, time: number): Promise<void> {
  for (let gone = 0; gone < time; gone += 100) {
    await until('it waits', () => its.clock.waiting > 0);
    its.clock.advance(100);
  }
}

const AWAY = new StoreUnavailable('no server of PostgreSQL is the primary');

test('servers that are there are waited for by nobody', async (t) => {
  const its = scene(t, undefined);
  await its.start();
  assert.deepEqual([its.asked, its.log.names], [['changing', 'reading'], []]);
});

test('a start goes on as soon as its servers are there, and has said once what it waits for', async (t) => {
  const its = scene(t, AWAY);
  const started = its.start();
  await pass(its, 5000);
  its.why = undefined;
  await pass(its, 100);
  await started;
  assert.deepEqual(
    its.log.events.map(({ level, event, fields }) => [level, event, fields]),
    [['warn', 'store.waiting', { seconds: WITHIN / 1000, why: AWAY.message }]],
  );
});

test('the process does not end meanwhile', async (t) => {
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const its = scene(t, AWAY);
  const before = timers();
  const started = its.start();
  assert.equal(timers(), before + 1, 'the clock of the scene has no timers of the process');
  its.why = undefined;
  await pass(its, 100);
  await started;
  assert.equal(timers(), before);
});

test('a start is refused with the reason when its time is over', async (t) => {
  const its = scene(t, AWAY);
  const ended = its.start().then(
    () => undefined,
    (error: unknown) => error,
  );
  await pass(its, WITHIN);
  assert.equal(await ended, AWAY);
  assert.equal(its.clock.waiting, 0);
});

test('all that a start asks shares one time: what is away again later is waited for until that is over', async (t) => {
  const its = scene(t, AWAY);
  const first = its.start();
  await pass(its, 6000);
  its.why = undefined;
  await pass(its, 100);
  await first;
  its.why = AWAY;
  const second = its.start().then(
    () => undefined,
    (error: unknown) => error,
  );
  await pass(its, 3900);
  assert.equal(await second, AWAY);
  await assert.rejects(its.start(), StoreUnavailable, 'nobody waits any more');
  assert.equal(its.log.names.length, 1);
});

test('behind the start nobody waits, and whoever waited hears why', async (t) => {
  const its = scene(t, AWAY);
  const waiting = its.start();
  await pass(its, 100);
  await until('it waits', () => its.clock.waiting > 0);
  its.end();
  its.clock.advance(100);
  await assert.rejects(waiting, StoreUnavailable);
  await assert.rejects(its.start(), StoreUnavailable);
});

test('what somebody must mend first is waited for by nobody, also when that is seen later', async (t) => {
  const its = scene(t, AWAY);
  const later = its.start();
  await pass(its, 300);
  await until('it waits', () => its.clock.waiting > 0);
  its.mustBeMended = true;
  its.clock.advance(100);
  await assert.rejects(later, StoreUnavailable);
  await assert.rejects(its.start(), StoreUnavailable);
  assert.equal(its.clock.waiting, 0);
});

test('whoever has no patience is refused at once, and says nothing of waiting', async (t) => {
  const its = scene(t, AWAY, milliseconds(0));
  await assert.rejects(its.start(), AWAY);
  assert.deepEqual([its.clock.waiting, its.log.names], [0, []]);
});

test('an error of the program is no reason to wait', async (t) => {
  const its = scene(t, new TypeError('a fault'));
  await assert.rejects(its.start(), TypeError);
  assert.deepEqual(its.log.names, []);
});

test('a wrong password, certificate or database does not pass by itself; a server that is silent, starts or is a standby may', () => {
  const withCode = (code: string): Error => Object.assign(new Error(code), { code });
  const lasts = (code: string): boolean => connectProblem('db:5432', withCode(code)).mustBeMended;
  for (const code of ['28P01', '28000', '3D000', '42501', '08P01', 'CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID'])
    assert.equal(lasts(code), true, code);
  for (const code of ['ECONNREFUSED', 'EAI_AGAIN', '57P03', '57P01', '53300']) assert.equal(lasts(code), false, code);
  assert.equal(connectProblem('db:5432', new Error('no answer within 1000 ms')).mustBeMended, false);
});
