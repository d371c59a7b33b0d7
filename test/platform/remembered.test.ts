/** Values that are looked up once in a while, however often they are asked for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seconds } from '../../src/domain/units.ts';
import { remembered } from '../../src/platform/remembered.ts';
import { FakeClock } from '../support/clock.ts';

test('a look-up is shared by all who wait for it, and by all who come while its value is fresh', async () => {
  const clock = new FakeClock();
  let looks = 0;
  const ask = remembered(clock, seconds(10), () => Promise.resolve(++looks));
  assert.deepEqual(await Promise.all([ask(), ask(), ask()]), [1, 1, 1]);
  clock.advance(9_999);
  assert.equal(await ask(), 1);
  clock.advance(1);
  assert.deepEqual(await Promise.all([ask(), ask()]), [2, 2]);
});

test('a look-up that takes longer than its value stays fresh is not begun a second time meanwhile', async () => {
  const clock = new FakeClock();
  let looks = 0;
  let end: (n: number) => void = () => undefined;
  const ask = remembered(clock, seconds(1), () => {
    looks += 1;
    return new Promise<number>((resolve) => (end = resolve));
  });
  const first = ask();
  clock.advance(5_000);
  const second = ask();
  end(7);
  assert.deepEqual([await first, await second, looks], [7, 7, 1]);
  assert.equal(await ask(), 7);
});

test('a failure is told to whoever waits and is not remembered', async () => {
  let fails = true;
  const ask = remembered(new FakeClock(), seconds(10), () =>
    fails ? Promise.reject(new Error('no')) : Promise.resolve('yes'),
  );
  await assert.rejects(Promise.all([ask(), ask()]), /no/);
  fails = false;
  assert.equal(await ask(), 'yes');
});
