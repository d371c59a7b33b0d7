import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Lane, VerifyQueue, queueDefaults } from '../../src/auth/verify-queue.ts';
import { seconds } from '../../src/domain/units.ts';
import { FakeClock } from '../support/clock.ts';

/** Jobs that a test ends by hand, and the order in which they began. */
class Bench {
  readonly clock = new FakeClock();
  readonly queue: VerifyQueue;
  readonly begun: string[] = [];
  readonly answers = new Map<string, string>();
  readonly #ends: (() => void)[] = [];

  constructor(limits: Partial<typeof queueDefaults> = {}) {
    this.queue = new VerifyQueue(this.clock, { ...queueDefaults, ...limits });
  }

  ask(name: string, network: string, lane: Lane = 'stranger', signal?: AbortSignal): void {
    this.queue
      .run({ lane, network, ...(signal === undefined ? {} : { signal }) }, () => {
        this.begun.push(name);
        return new Promise<void>((resolve) => this.#ends.push(resolve));
      })
      .then(
        (served) => this.answers.set(name, served.kind === 'done' ? 'done' : served.why),
        (error: unknown) => this.answers.set(name, String(error)),
      );
  }

  async endOne(): Promise<void> {
    this.#ends.shift()?.();
    await settled();
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('at most two jobs run at once, the others wait', async () => {
  const bench = new Bench();
  for (const name of ['a', 'b', 'c', 'd']) bench.ask(name, name);
  assert.deepEqual(bench.begun, ['a', 'b']);
  assert.equal(bench.queue.waiting, 2);
  await bench.endOne();
  assert.deepEqual(bench.begun, ['a', 'b', 'c']);
  assert.equal(bench.answers.get('a'), 'done');
  assert.equal(bench.queue.running, 2);
});

test('networks take turns: a thousand from one do not delay the one of another', async () => {
  const bench = new Bench({ concurrency: 1 });
  for (let i = 0; i < 1000; i += 1) bench.ask(`flood ${i}`, 'flood');
  bench.ask('practice', '192.0.2.1');
  await bench.endOne();
  await bench.endOne();
  assert.deepEqual(bench.begun, ['flood 0', 'flood 1', 'practice']);
});

test('known networks go first, and every fifth turn is a stranger', async () => {
  const bench = new Bench({ concurrency: 1 });
  bench.ask('first', 'x');
  for (let i = 0; i < 3; i += 1) bench.ask(`stranger ${i}`, `s${i}`);
  for (let i = 0; i < 9; i += 1) bench.ask(`known ${i}`, `k${i}`, 'known');
  for (let i = 0; i < 10; i += 1) await bench.endOne();
  assert.deepEqual(bench.begun.map((name) => name[0]).join(''), 'fkkkkskkkks');
});

test('work for later runs only when nobody waits', async () => {
  const bench = new Bench({ concurrency: 1 });
  bench.ask('first', 'x');
  bench.ask('rehash', 'rehash', 'later');
  bench.ask('login', 'y');
  await bench.endOne();
  await bench.endOne();
  assert.deepEqual(bench.begun, ['first', 'login', 'rehash']);
});

test('who waits longer than the patience is answered busy, and its place is free', async () => {
  const bench = new Bench({ concurrency: 1 });
  bench.ask('a', 'a');
  bench.ask('b', 'b');
  bench.clock.advance(seconds(20) - 1);
  await settled();
  assert.equal(bench.answers.get('b'), undefined);
  bench.clock.advance(1);
  await settled();
  assert.equal(bench.answers.get('b'), 'late');
  assert.equal(bench.queue.waiting, 0);
  await bench.endOne();
  assert.equal(bench.answers.get('a'), 'done', 'a job that runs is not interrupted');
  assert.equal(bench.clock.waiting, 0, 'no timer is left');
});

test('a peer that goes away frees its place at once, and a running one only its answer', async () => {
  const bench = new Bench({ concurrency: 1 });
  const peer = new AbortController();
  bench.ask('a', 'a');
  bench.ask('b', 'b', 'stranger', peer.signal);
  peer.abort();
  await settled();
  assert.equal(bench.answers.get('b'), 'gone');
  assert.equal(bench.queue.waiting, 0);
  bench.ask('late', 'c', 'stranger', peer.signal);
  await settled();
  assert.equal(bench.answers.get('late'), 'gone');
});

test('a full line answers busy at once', async () => {
  const bench = new Bench({ concurrency: 1, length: 2 });
  for (const name of ['a', 'b', 'c', 'd']) bench.ask(name, name);
  await settled();
  assert.equal(bench.answers.get('d'), 'full');
  assert.equal(bench.queue.waiting, 2);
});

test('in a full line a known network takes the place of a stranger, work for later goes before that', async () => {
  const bench = new Bench({ concurrency: 1, length: 3 });
  bench.ask('running', 'r');
  bench.ask('later', 'rehash', 'later');
  bench.ask('stranger 1', 's');
  bench.ask('stranger 2', 's');
  bench.ask('known 1', 'k', 'known');
  bench.ask('known 2', 'k', 'known');
  await settled();
  assert.equal(bench.answers.get('later'), 'full');
  assert.equal(bench.answers.get('stranger 2'), 'full');
  assert.equal(bench.queue.waiting, 3);
  bench.ask('stranger 3', 'other');
  await settled();
  assert.equal(bench.answers.get('stranger 3'), 'full');
});

test('one network takes at most its share of the line', async () => {
  const bench = new Bench({ concurrency: 1, perNetwork: 2 });
  for (const name of ['a', 'b', 'c', 'd']) bench.ask(name, 'same');
  bench.ask('e', 'other');
  await settled();
  assert.deepEqual([...bench.answers], [['d', 'full']]);
  assert.equal(bench.queue.waiting, 3);
});

test('a job that rejects passes its error on and frees its turn', async () => {
  const bench = new Bench({ concurrency: 1 });
  await assert.rejects(
    bench.queue.run({ lane: 'stranger', network: 'a' }, () => Promise.reject(new Error('no thread'))),
    /no thread/,
  );
  await settled();
  assert.equal(bench.queue.running, 0);
  bench.ask('b', 'b');
  assert.deepEqual(bench.begun, ['b']);
});
