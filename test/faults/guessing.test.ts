/**
 * Guessing on a grand scale, against a whole gateway: the owner notices nothing, the guesser learns
 * nothing, the process stays small.
 *
 * Two attacks, for two defences. Thousands of guesses at one account meet the throttle, which
 * answers nearly all of them unjudged. Guesses at ever other names from ever other networks pass
 * the throttle, as each has some free, and meet the queue: every one is hashed.
 */
import assert from 'node:assert/strict';
import { type TestContext, after, afterEach, before, beforeEach, test } from 'node:test';
import { Instance, type Served, loginOf } from '../support/instance.ts';
import { LoopWatch } from '../support/loop-watch.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { guessPop3, guessSmtp, judgedAndNot, noOutcomes, polling, quantile, sourceOf } from './support/attack.ts';
import { effort, testBeforeRelease } from '../support/effort.ts';

const HOME = '127.0.0.1';
/** Of each of two hundred sources, in each of two waves. */
const GUESSES = effort(20, 50);
const ALL = 2 * 200 * GUESSES;
/** Networks that guess twelve names each, all hashed. */
const NETWORKS = effort(60, 100);
/**
 * KiB above the warm process: 19 MiB for each of two hashes, and what a hundred TLS sessions hold.
 */
const ALLOWED = 96 * 1024;
/**
 * Octets that may be kept of the second half of the guesses: what is remembered of one is bounded,
 * not only small.
 */
const FLAT = 1024 * 1024;
/** Milliseconds. */
const LOOP = 50;
/** For one command of a session that is logged in, whatever others are guessing. */
const SESSION = 300;
const practices = Array.from({ length: 20 }, (_, i) => `practice${i}`);
let instance: Instance;
let loop: LoopWatch;
let served: Served;
let warm = 0;

before(async () => {
  instance = await Instance.create({
    configuration: '[connections]\ndrain = "1s"\nper-network = 64\nper-range = 1000\n[auth]\n[log]\nlevel = "info"\n',
  });
  instance.addAccounts(['anna', ...practices]);
  loop = new LoopWatch(instance, { own: true, kept: true });
});
beforeEach(async () => {
  served = await instance.serve({ ...loop.options, secrets: ['guess-'] });
  // The owner of the attacked account has been here before, as everybody has who polls.
  await logIn('anna');
  await Promise.all(
    Array.from({ length: 40 }, (_, n) =>
      guessPop3(instance, sourceOf(2000 + n), [{ login: `w${n}`, password: 'x' }], noOutcomes()),
    ),
  );
  warm = served.memory().now;
  served.resetPeak();
});
afterEach(async () => {
  if (!served.over) await served.kill();
  served.assertNoSecret();
});
after(() => instance.remove());

async function logIn(name: string, source = HOME): Promise<number> {
  const start = performance.now();
  const client = await Pop3Client.open({ ...instance.target('pop3s'), localAddress: source }, loginOf(name));
  await client.quit();
  return performance.now() - start;
}

/** NOOP by NOOP in one session, twenty a second: how long each takes to be answered. */
function commands(): { stop(): Promise<readonly number[]> } {
  const latencies: number[] = [];
  const state = { over: false };
  const run = async (): Promise<void> => {
    const client = await SmtpClient.open(instance.target('submissions'), loginOf('anna'));
    while (!state.over) {
      const start = performance.now();
      await client.command('NOOP', '250');
      latencies.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await client.quit();
  };
  const running = run();
  running.catch(() => undefined);
  return {
    stop: async () => {
      state.over = true;
      await running;
      return latencies;
    },
  };
}

function judgeMemory(t: TestContext): void {
  const { peak } = served.memory();
  const mebibytes = (kib: number): string => (kib / 1024).toFixed(0);
  t.diagnostic(`resident: ${mebibytes(warm)} MiB warm, ${mebibytes(peak)} MiB at its peak`);
  assert.ok(
    peak - warm <= ALLOWED,
    `resident memory grew by ${mebibytes(peak - warm)} MiB; allowed are ${mebibytes(ALLOWED)}`,
  );
}

test(`${ALL} wrong logins against one account: its owner gets in at every poll, memory and event loop stay`, async (t) => {
  const outcomes = noOutcomes();
  const wave = (round: number) => {
    const guesses = (who: number) =>
      Array.from({ length: GUESSES }, (_, i) => ({ login: 'anna', password: `guess-${round}-${who}-${i}` }));
    return Promise.all([
      ...Array.from({ length: 160 }, (_, n) => guessPop3(instance, sourceOf(n), guesses(n), outcomes)),
      ...Array.from({ length: 40 }, (_, n) => guessSmtp(instance, sourceOf(1000 + n), guesses(1000 + n), outcomes)),
    ]);
  };
  const polls = polling(instance, loginOf('anna'), HOME, 100);
  await loop.report(served);
  const started = performance.now();
  await wave(1);
  const first = await loop.report(served);
  await wave(2);
  const seconds = (performance.now() - started) / 1000;
  const second = await loop.report(served);
  const max = Math.max(first.max, second.max);
  const own = Math.max(first.own ?? Number.NaN, second.own ?? Number.NaN);
  const grown = (second.kept ?? Number.NaN) - (first.kept ?? Number.NaN);
  await polls.stop();
  t.diagnostic(
    `${ALL} guesses in ${seconds.toFixed(1)} s: ${outcomes.refused} judged, ${outcomes.busy} not; ` +
      `owner polled ${polls.latencies.length} times, median ${quantile(polls.latencies, 0.5).toFixed(0)} ms, longest ${quantile(polls.latencies, 1).toFixed(0)} ms; ` +
      `event loop held ${max.toFixed(1)} ms at most, ${own.toFixed(1)} ms of its own`,
  );
  assert.equal(judgedAndNot(outcomes), ALL);
  assert.equal(outcomes.granted, 0);
  assert.ok(outcomes.refused < 100, `the throttle let ${outcomes.refused} guesses be judged`);
  assert.ok(outcomes.refused >= 5, 'the first few are judged: else this test attacks nothing');
  assert.ok(polls.latencies.length >= 5, 'the owner hardly polled: the attack was over too soon');
  assert.ok(own < LOOP, `the event loop was held for ${own.toFixed(1)} ms`);
  judgeMemory(t);
  t.diagnostic(`of the second half ${(grown / 1024).toFixed(0)} KiB were kept`);
  assert.ok(grown <= FLAT, `of the second half ${(grown / 1024).toFixed(0)} KiB were kept`);
});

testBeforeRelease(
  'names and networks that are ever others, so that all is hashed: owners get in, remembered or not',
  async (t) => {
    const outcomes = noOutcomes();
    const polls = polling(instance, loginOf('anna'), HOME, 100);
    await loop.report(served);
    const started = performance.now();
    const attack = Promise.all(
      Array.from({ length: NETWORKS }, (_, n) =>
        guessPop3(
          instance,
          sourceOf(n),
          Array.from({ length: 12 }, (_, i) => ({ login: `name${n}x${i}@ledger.test`, password: `guess-${i}` })),
          outcomes,
        ),
      ),
    );
    const session = commands();
    // Logins that take a hash themselves, from a network that the gateway knows, as long as the
    // attack goes on.
    const fresh: number[] = [];
    const state = { over: false };
    const known = (async () => {
      for (const name of practices) {
        if (state.over) return;
        fresh.push(await logIn(name));
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    })();
    await attack;
    state.over = true;
    const seconds = (performance.now() - started) / 1000;
    const answered = await session.stop();
    await known;
    const { max, own = Number.NaN } = await loop.report(served);
    await polls.stop();
    t.diagnostic(
      `${outcomes.refused} guesses hashed in ${seconds.toFixed(1)} s, ${outcomes.busy} not judged; ` +
        `remembered owner polled ${polls.latencies.length} times, median ${quantile(polls.latencies, 0.5).toFixed(0)} ms, longest ${quantile(polls.latencies, 1).toFixed(0)} ms; ` +
        `a session that was logged in: ${answered.length} commands, median ${quantile(answered, 0.5).toFixed(1)} ms, 99 % within ${quantile(answered, 0.99).toFixed(0)} ms, longest ${quantile(answered, 1).toFixed(0)} ms; ` +
        `${fresh.length} first logins from a known network, median ${quantile(fresh, 0.5).toFixed(0)} ms, longest ${quantile(fresh, 1).toFixed(0)} ms; ` +
        `event loop held ${max.toFixed(1)} ms at most, ${own.toFixed(1)} ms of its own`,
    );
    assert.ok(
      outcomes.refused > 10 * NETWORKS,
      `only ${outcomes.refused} guesses were judged: the queue was not attacked`,
    );
    assert.equal(outcomes.granted, 0);
    assert.ok(fresh.length >= 5);
    assert.ok(answered.length > 50);
    assert.ok(quantile(answered, 0.99) < SESSION, 'a session that was logged in had to wait for guessers');
    assert.ok(own < LOOP, `the event loop was held for ${own.toFixed(1)} ms`);
    judgeMemory(t);
  },
);
