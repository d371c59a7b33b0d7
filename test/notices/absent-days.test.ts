import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NEVER_ABSENT, absentDaysOf } from '../../src/notices/absent-days.ts';
import type { Address } from '../../src/domain/address.ts';
import { type Instant, instant } from '../../src/domain/units.ts';
import { dayFrom } from '../../src/domain/working-days.ts';
import { address } from '../support/store.ts';

const at = (text: string): Instant => instant(Date.parse(text));
const now = at('2026-11-25T12:00:00Z');
const [anna, post] = [address('anna@group.test'), address('post@group.test')];
/** 24 to 29 November and 23 to 26 November, in Amsterdam. */
const spans: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  [anna]: [['2026-11-23T23:00:00Z', '2026-11-29T23:00:00Z']],
  [post]: [['2026-11-22T23:00:00Z', '2026-11-26T23:00:00Z']],
};
const awayFor = (...addresses: Address[]): ReturnType<typeof absentDaysOf> =>
  absentDaysOf(
    {
      listAbsences: async ({ address: of }) =>
        (spans[of ?? ''] ?? []).map(([from, until]) => ({
          ...{ address: of!, from: at(from), until: at(until), mode: 'refuse' },
        })),
    },
    addresses,
    now,
  );
const days = [23, 24, 26, 27, 29, 30];
const on = async (...addresses: Address[]): Promise<number[]> => {
  const away = await awayFor(...addresses);
  return days.filter((day) => away.on(dayFrom(2026, 11, day)));
};

test('the days of an absence do not count, first and last included', async () => {
  assert.deepEqual(await on(anna), [24, 26, 27, 29]);
  assert.equal((await awayFor(anna)).until, at('2026-11-29T23:00:00Z'));
});

test('of an account with two addresses, days on which both are away; the first back is the end', async () => {
  assert.deepEqual(await on(anna, post), [24, 26]);
  assert.equal((await awayFor(anna, post)).until, at('2026-11-26T23:00:00Z'));
});

test('an address that was never away is always there, and so is an account with more than sixteen', async () => {
  assert.equal(await awayFor(anna, address('bram@group.test')), NEVER_ABSENT);
  assert.equal(await awayFor(...Array.from({ length: 17 }, () => anna)), NEVER_ABSENT);
  assert.equal(await awayFor(), NEVER_ABSENT);
});
