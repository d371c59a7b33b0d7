/** What runs once a day: soon after a start, then every morning by the clock of Amsterdam. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDaily } from '../../src/notices/daily.ts';
import { days, hours, minutes } from '../../src/domain/units.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryLog } from '../support/log.ts';

function start(at: string, run: () => Promise<void> = () => Promise.resolve(), mine?: () => boolean) {
  const clock = new FakeClock(Date.parse(at));
  const log = new MemoryLog();
  const runs: string[] = [];
  const daily = startDaily({
    ...{ clock, log, name: 'test', ...(mine === undefined ? {} : { mine }) },
    run: async () => {
      runs.push(new Date(clock.now()).toISOString().slice(0, 16));
      await run();
    },
  });
  /** Step by step, so that what was started runs at its own time. */
  const pass = async (time: number): Promise<void> => {
    for (let left = time; left > 0; left -= minutes(2)) {
      clock.advance(Math.min(left, minutes(2)));
      await daily.settled();
    }
  };
  return { clock, log, runs, daily, pass };
}

test('it runs two minutes after a start, then at seven in the morning in Amsterdam, also when the clock is changed', async () => {
  const { runs, pass, daily } = start('2026-10-23T12:00:00Z');
  await pass(days(3));
  await daily.stop();
  assert.deepEqual(runs, ['2026-10-23T12:02', '2026-10-24T05:00', '2026-10-25T06:00', '2026-10-26T06:00']);
});

test('a start before the morning has its run at once and the one of the morning', async () => {
  const { runs, pass, daily } = start('2026-11-25T04:00:00Z');
  await pass(hours(6));
  await daily.stop();
  assert.deepEqual(runs, ['2026-11-25T04:02', '2026-11-25T06:00']);
});

test('a clock that is set forward over a morning costs an hour, not the day', async () => {
  const { clock, runs, pass, daily } = start('2026-11-25T12:00:00Z');
  await pass(hours(1));
  clock.setWall(Date.parse('2026-11-26T09:00:00Z'));
  await pass(hours(1));
  await daily.stop();
  assert.equal(runs.length, 2);
});

test('what another gateway does is run here within a minute or two of its end, and nothing twice', async () => {
  let mine = false;
  const { runs, pass, daily } = start('2026-11-25T12:00:00Z', undefined, () => mine);
  await pass(hours(30));
  assert.deepEqual(runs, []);
  mine = true;
  await pass(minutes(4));
  assert.deepEqual(runs, ['2026-11-26T18:02']);
  await pass(days(1));
  await daily.stop();
  assert.deepEqual(runs, ['2026-11-26T18:02', '2026-11-27T06:00']);
});

test('a run that fails is logged, and the next day tries again', async () => {
  const { log, runs, pass, daily } = start('2026-11-25T12:00:00Z', () => Promise.reject(new Error('no store')));
  await pass(days(1));
  await daily.stop();
  assert.equal(runs.length, 2);
  assert.deepEqual(
    log.events.map(({ event, fields }) => [event, fields.what, fields.why]),
    Array(2).fill(['daily.failed', 'test', 'Error: no store']),
  );
});

test('stop() waits for the run under way and leaves no timer', async () => {
  let end = (): void => undefined;
  const { clock, daily } = start('2026-11-25T12:00:00Z', () => new Promise((resolve) => (end = resolve)));
  clock.advance(minutes(2));
  await new Promise((resolve) => setImmediate(resolve));
  let stopped = false;
  const stop = daily.stop().then(() => (stopped = true));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(stopped, false);
  end();
  await stop;
  assert.equal(clock.waiting, 0);
});
