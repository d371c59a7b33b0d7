import assert from 'node:assert/strict';
import test from 'node:test';
import {
  MINUTE,
  type ProbeCause,
  type ProbeSpan,
  availabilityOf,
  minuteOf,
  percentText,
} from '../../src/domain/availability.ts';
import { instant } from '../../src/domain/units.ts';

const START = Date.UTC(2026, 10, 1);
const at = (minute: number) => instant(START + minute * MINUTE);
const span = (since: number, until: number, cause?: ProbeCause): ProbeSpan => ({
  site: 'noord',
  since: at(since),
  until: at(until),
  ...(cause === undefined ? {} : { fault: { cause, detail: `at ${since}` } }),
});

test('availabilityOf() counts every minute once, and names each gap', () => {
  const found = availabilityOf(
    [
      span(0, 10),
      span(10, 12, 'submit-refused'),
      span(12, 13, 'submit-refused'),
      span(13, 14, 'fetch-tls'),
      span(14, 20),
      span(23, 25, 'stopped'),
      span(25, 30),
    ],
    instant(at(32) + 1),
  );
  assert.ok(found !== undefined);
  assert.deepEqual(
    found.gaps.map(({ since, minutes, cause, detail }) => [(since - START) / MINUTE, minutes, cause, detail]),
    [
      [10, 3, 'submit-refused', 'at 10'],
      [13, 1, 'fetch-tls', 'at 13'],
      [20, 3, 'unmeasured', ''],
      [23, 2, 'stopped', 'at 23'],
      [30, 2, 'unmeasured', ''],
    ],
  );
  const { minutes, available, planned, unmeasured, ratio } = found;
  assert.deepEqual(
    { minutes, available, planned, unmeasured },
    { minutes: 32, available: 21, planned: 2, unmeasured: 5 },
  );
  assert.equal(ratio, 21 / 32);
});

test('availabilityOf() knows nothing of a site of which nothing was seen', () => {
  assert.equal(availabilityOf([], at(10)), undefined);
});

test('percentText() cuts, so that what fell short is not rounded away', () => {
  assert.equal(percentText(0.99799999), '99.799 %');
  assert.equal(percentText(1), '100.000 %');
  assert.equal(minuteOf(instant(at(3) + 59_999)), at(3));
});
