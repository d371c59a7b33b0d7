/**
 * What a soak's verdict rests on: a leak is called one, a saw of garbage or load is not; and the
 * picture shows every series.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plot, tick } from '../../bench/soak/plot.ts';
import { LogEar, type Sample } from '../../bench/soak/samples.ts';
import { judge } from '../../bench/soak/verdict.ts';

/**
 * A quarter of an hour, a sample each 5 s: load and garbage swing, caches fill in the first
 * minutes, nothing leaks.
 */
const steady = (minutes = 15): Sample[] =>
  Array.from({ length: minutes * 12 + 1 }, (_, n) => ({
    at: n * 5,
    resident: 180 + 40 * (1 - Math.exp(-n / 20)) + (n % 7) * 6,
    kept: 30 + (n % 3),
    descriptors: 60 + ((n * 13) % 20),
    threads: 14,
    wal: 10 + ((n * 7) % 50),
    database: 5 * n,
    loopP99: 5,
    loopMax: 20 + (n % 10),
    queue: n % 30,
    accepted: 20,
    collected: 20,
    cpu: 0.3,
    errors: 0,
  }));
const verdicts = (samples: readonly Sample[]): Record<string, string> =>
  Object.fromEntries(judge(samples).map(({ series, verdict }) => [series, verdict]));
const FLAT = { resident: 'flat', kept: 'flat', descriptors: 'flat', threads: 'flat', wal: 'flat' };

test('a gateway whose series swing and come back is flat, however full its caches became at first', () => {
  assert.deepEqual(verdicts(steady()), FLAT);
});

test('a leak of each kind is found, though it hides in the swing of its series', () => {
  // Over the second half: 36 MB resident, 4 MB kept, 9 descriptors, 3 threads, 36 MB of log.
  for (const [series, each] of [
    ['resident', 0.4],
    ['kept', 0.05],
    ['descriptors', 0.1],
    ['threads', 0.033],
    ['wal', 0.4],
  ] as const) {
    const leaking = steady().map((sample, n) => ({
      ...sample,
      [series]: Math.floor((sample[series] + each * n) * 10) / 10,
    }));
    assert.deepEqual(verdicts(leaking), { ...FLAT, [series]: 'grows' }, series);
  }
});

test('a log that was once far too large is called so, and a short run is not judged by its slopes', () => {
  const once = steady().map((sample, n) => (n === 50 ? { ...sample, wal: 500 } : sample));
  assert.equal(verdicts(once).wal, 'too-large');
  assert.deepEqual(new Set(Object.values(verdicts(steady(2)))), new Set(['too-short']));
  assert.deepEqual(new Set(Object.values(verdicts([]))), new Set(['too-short']));
});

test('the log is heard in pieces: errors, warnings by event, and words that are no events', () => {
  const ear = new LogEar();
  for (const piece of [
    '{"level":"info","event":"smtp.login"}\n{"level":"err',
    'or","event":"smtp.failed"}\n{"level":"warn","event":"auth.refused"}\n',
    '(node:1) MaxListenersExceededWarning: leak\n{"level":"warn","event":"auth.refused"}\n',
  ])
    ear.hear(piece);
  assert.equal(ear.errors, 2);
  assert.deepEqual(ear.first, [
    '{"level":"error","event":"smtp.failed"}',
    '(node:1) MaxListenersExceededWarning: leak',
  ]);
  assert.deepEqual([...ear.warnings], [['auth.refused', 2]]);
});

test('the picture has a panel with axes, unit and legend for what was sampled', () => {
  const svg = plot('Fifteen minutes', steady());
  assert.equal([...svg.matchAll(/<polyline /g)].length, 13);
  for (const words of ['Memory (MB)', 'Event-loop delay (ms)', 'open descriptors', '15 min', 'Fifteen minutes'])
    assert.ok(svg.includes(words), words);
  assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
  assert.deepEqual([1, 0.9, 23, 250, 0].map(tick), [0.2, 0.2, 5, 50, tick(0)]);
});
