import assert from 'node:assert/strict';
import test from 'node:test';
import { READY_ROLES } from '../../src/domain/readiness.ts';
import { postgresMetrics, readinessOf } from '../../src/gateway/postgres-health.ts';
import type { Cause, Judgement } from '../../src/store/postgres/judgement.ts';

const PRIMARY = { name: 'noord-1' } as NonNullable<Judgement['primary']>;
const judgementOf = (cause?: Cause): Judgement => ({
  alone: false,
  pairOnly: false,
  warnings: [],
  primary: PRIMARY,
  ...(cause === undefined ? {} : { not: { cause, why: 'why', remedy: 'remedy' } }),
});
const namesFor = (judgement: Judgement): readonly (string | undefined)[] =>
  READY_ROLES.map((role) => readinessOf({ judgement }).against(role)[0]?.name);

test('a gateway whose primary is acknowledged by nobody still hands out what is there; without a primary it does nothing', () => {
  const { primary: _, ...without } = judgementOf('no-primary');
  assert.deepEqual(namesFor(judgementOf()), [undefined, undefined, undefined]);
  assert.deepEqual(namesFor(judgementOf('empty-list')), ['not-acknowledging', 'not-acknowledging', undefined]);
  assert.deepEqual(namesFor(without), ['store-away', 'store-away', 'store-away']);
  assert.deepEqual(namesFor(judgementOf('not-watched')), ['store-away', 'store-away', 'store-away']);
  assert.deepEqual(readinessOf({ judgement: judgementOf('diverged') }).against('submit'), [
    { name: 'not-acknowledging', text: 'why; remedy' },
  ]);
});

test('the lag of a standby that does not follow is infinite, so that every alarm hears of it', async () => {
  const metrics = postgresMetrics({
    judgement: judgementOf('no-standby'),
    servers: () => [
      { name: 'noord-1', site: 'noord', role: 'primary' },
      { name: 'zuid-1', site: 'zuid', role: 'standby', lag: 7 },
      { name: 'derde-1', site: 'derde', role: 'standby', problem: 'it does not follow the primary' },
    ],
  });
  const [acknowledges, alone, lag] = await Promise.all(metrics.map(async (one) => await one.read()));
  assert.deepEqual([acknowledges, alone], [[{ value: 0 }], [{ value: 0 }]]);
  assert.deepEqual(lag, [
    { labels: { server: 'zuid-1', site: 'zuid' }, value: 7 },
    { labels: { server: 'derde-1', site: 'derde' }, value: Number.POSITIVE_INFINITY },
  ]);
});
