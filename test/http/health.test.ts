/** What keeps new sessions away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instant, octets } from '../../src/domain/units.ts';
import { type HealthFacts, reasonsAgainst } from '../../src/http/health.ts';

const now = instant(Date.UTC(2026, 10, 26));
const DAY = 86_400_000;
const well: HealthFacts = {
  draining: false,
  store: { failed: false, free: octets(1) },
  certificates: [{ listener: 'pop3s', from: instant(now - DAY), until: instant(now + 1) }],
  now,
};
const names = (facts: Partial<HealthFacts>): string[] => reasonsAgainst({ ...well, ...facts }).map(({ name }) => name);

test('a gateway that is well is ready', () => {
  assert.deepEqual(names({}), []);
});

test('each reason has its name, and all are told at once', () => {
  const bad = (from: number, until: number) => [{ listener: 'pop3s', from: instant(from), until: instant(until) }];
  assert.deepEqual(names({ draining: true }), ['draining']);
  assert.deepEqual(names({ store: { failed: true, free: octets(0) } }), ['store-failed']);
  assert.deepEqual(names({ store: { failed: false, free: octets(0) } }), ['disk-full']);
  assert.deepEqual(names({ certificates: bad(now - DAY, now) }), ['certificate']);
  assert.deepEqual(names({ certificates: bad(now + 1, now + DAY) }), ['certificate']);
  const all = reasonsAgainst({
    draining: true,
    store: { failed: false, free: octets(0) },
    certificates: [
      ...bad(now - DAY, now),
      { listener: 'submission', from: instant(now + DAY), until: instant(now + 2 * DAY) },
    ],
    now,
  });
  assert.deepEqual(
    all.map(({ text }) => text),
    [
      'the gateway is stopping and takes no new sessions',
      'only the reserve is left; free space on the disk',
      'that of listener "pop3s" ended on 2026-11-26',
      'that of listener "submission" is not valid before 2026-11-27',
    ],
  );
});
