import assert from 'node:assert/strict';
import test from 'node:test';
import type { Address } from '../../src/domain/address.ts';
import { MINUTE, type ProbeFault, type ProbeSpan, minuteOf } from '../../src/domain/availability.ts';
import { instant } from '../../src/domain/units.ts';
import { Probe, type ProbeParts } from '../../src/probe/probe.ts';
import type { Visited } from '../../src/probe/visit.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryLog } from '../support/log.ts';

const VISITOR = { address: 'probe@mail.test' as Address, password: 'secret' };
const REFUSED: ProbeFault = { cause: 'submit-refused', detail: '451 4.3.0 Try again' };

interface Scene {
  readonly clock: FakeClock;
  readonly log: MemoryLog;
  readonly probe: Probe;
  readonly noted: ProbeSpan[];
  readonly stops: number[];
  /** Lets a minute pass, with its round. */
  minute(): Promise<void>;
}

function scene(more: Partial<ProbeParts> = {}): Scene {
  const clock = new FakeClock();
  const log = new MemoryLog();
  const noted: ProbeSpan[] = [];
  const stops: number[] = [];
  const probe = new Probe({
    doors: [{ site: 'noord', host: 'mail-noord.test' }],
    visit: () => Promise.resolve(undefined),
    visitor: () => Promise.resolve(VISITOR),
    mine: () => true,
    planned: () => undefined,
    note: (spans) => {
      noted.push(...spans);
      return Promise.resolve();
    },
    stopping: () => {
      stops.push(clock.now());
      return Promise.resolve();
    },
    clock,
    log,
    ...more,
  });
  const minute = async (): Promise<void> => {
    clock.advance(MINUTE);
    await probe.settled();
  };
  return { clock, log, probe, noted, stops, minute };
}

const shape = (spans: readonly ProbeSpan[], from: number) =>
  spans.map(({ site, since, until, fault }) => [site, (since - from) / MINUTE, (until - from) / MINUTE, fault?.cause]);

test('each minute has one visit of each front door, one after the other', async () => {
  let [open, most] = [0, 0];
  const seen: string[] = [];
  const s = scene({
    doors: [
      { site: 'noord', host: 'a.test' },
      { site: 'zuid', host: 'b.test' },
    ],
    visit: async ({ site }, visitor) => {
      assert.equal(visitor, VISITOR);
      most = Math.max(most, (open += 1));
      await Promise.resolve();
      open -= 1;
      seen.push(site);
      return site === 'zuid' && seen.length > 2 ? REFUSED : undefined;
    },
  });
  const from = minuteOf(s.clock.now());
  await s.minute();
  await s.minute();
  assert.deepEqual(seen, ['noord', 'zuid', 'noord', 'zuid']);
  assert.equal(most, 1);
  assert.deepEqual(shape(s.noted, from), [
    ['noord', 0, 1, undefined],
    ['zuid', 0, 1, undefined],
    ['noord', 1, 2, undefined],
    ['zuid', 1, 2, 'submit-refused'],
  ]);
  const [noord, zuid] = s.probe.states;
  assert.deepEqual([noord?.failures, zuid?.failures, zuid?.fault], [0, 1, REFUSED]);
  assert.deepEqual(
    s.log.events.filter(({ event }) => event === 'probe.failed').map(({ fields }) => fields.why),
    [REFUSED.detail],
  );
  await s.probe.stop();
  assert.equal(s.clock.waiting, 0);
});

test('a visit that never ends is left behind at its deadline, and the next minute has its own', async () => {
  const signals: AbortSignal[] = [];
  const s = scene({
    visit: (_door, _visitor, signal) => {
      signals.push(signal);
      return new Promise<Visited>(() => undefined);
    },
  });
  for (let n = 1; n <= 3; n += 1) {
    s.clock.advance(6000);
    await new Promise(setImmediate);
    assert.equal(signals.length, n);
    s.clock.advance(MINUTE - 6000);
    await s.probe.settled();
  }
  assert.ok(signals.every(({ aborted, reason }) => aborted && reason === 'too-long'));
  assert.deepEqual([...new Set(s.noted.map(({ fault }) => fault?.cause))], ['submit-lost']);
  assert.equal(s.probe.states[0]?.failures, 3);
});

test('what cannot be written waits as spans and is written later, each minute once', async () => {
  let isDown = true;
  let fault: ProbeFault | undefined;
  const noted: ProbeSpan[] = [];
  const s = scene({
    visit: () => Promise.resolve(fault),
    note: (spans) => {
      if (isDown) return Promise.reject(new Error('no primary'));
      noted.push(...spans);
      return Promise.resolve();
    },
  });
  const from = minuteOf(s.clock.now());
  await s.minute();
  fault = REFUSED;
  for (let n = 0; n < 5; n += 1) await s.minute();
  [fault, isDown] = [undefined, false];
  await s.minute();
  await s.minute();
  assert.deepEqual(shape(noted, from), [
    ['noord', 0, 1, undefined],
    ['noord', 1, 6, 'submit-refused'],
    ['noord', 6, 7, undefined],
    ['noord', 7, 8, undefined],
  ]);
});

test('what waits is bounded: the oldest goes, as if nobody had measured', async () => {
  let n = 0;
  let last: readonly ProbeSpan[] = [];
  const s = scene({
    visit: () => Promise.resolve((n += 1) % 2 === 0 ? REFUSED : undefined),
    note: (spans) => {
      last = spans;
      return Promise.reject(new Error('no primary'));
    },
  });
  for (let round = 0; round < 230; round += 1) await s.minute();
  assert.equal(last.length, 200);
});

test('nobody visits without an account, and the reason is what stands', async () => {
  const missing: ProbeFault = { cause: 'account', detail: 'there is no account' };
  let visits = 0;
  const s = scene({
    visitor: () => Promise.resolve(missing),
    visit: () => {
      visits += 1;
      return Promise.resolve(undefined);
    },
  });
  await s.minute();
  assert.equal(visits, 0);
  assert.deepEqual(s.noted[0]?.fault, missing);
});

test('while another gateway measures, this one does not; where nobody can say who, it does', async () => {
  let mine: () => Promise<boolean> = () => Promise.resolve(false);
  const s = scene({ mine: () => mine() });
  await s.minute();
  assert.equal(s.noted.length, 0);
  mine = () => Promise.reject(new Error('no primary'));
  await s.minute();
  assert.equal(s.noted.length, 1);
  mine = () => Promise.resolve(false);
  await s.minute();
  await s.probe.stop();
  assert.deepEqual(s.stops, [], 'another one continues: nothing stops');
});

test('a stop cuts the visit under way, of which nothing is known then, and is noted as planned', async () => {
  const s = scene({
    visit: (_door, _visitor, signal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve('stopped'), { once: true })),
  });
  s.clock.advance(MINUTE);
  await new Promise(setImmediate);
  await s.probe.stop();
  assert.equal(s.noted.length, 0);
  assert.deepEqual(s.stops, [instant(s.clock.now())]);
});

test('what fails while the gateway is drained is a planned stop, and what goes well is none', async () => {
  const seen: Visited[] = [undefined, REFUSED];
  const s = scene({ visit: () => Promise.resolve(seen.shift()), planned: () => 'drained since noon' });
  await s.minute();
  await s.minute();
  assert.deepEqual(
    s.noted.map((one) => one.fault),
    [undefined, { cause: 'stopped', detail: 'drained since noon' }],
  );
});

test('where no site is named nothing is done', async () => {
  const s = scene({ doors: [] });
  assert.equal(s.clock.waiting, 0);
  await s.probe.stop();
  assert.deepEqual(s.stops, []);
});
