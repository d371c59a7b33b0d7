/** Guesses at several gateways of one store are counted together. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedThrottle } from '../../src/auth/shared-throttle.ts';
import { type Throttle, type ThrottleLimits, throttleDefaults } from '../../src/auth/throttle.ts';
import { hours, milliseconds, minutes, seconds } from '../../src/domain/units.ts';
import { FakeClock } from '../support/clock.ts';
import { toldBetween } from '../support/shared-counts.ts';

const OWNER = 'practice@group.example';
const HOME = '192.0.2.1';
const STRANGER = '198.51.100.1';
const { freePerAccount, freePerPair, freeRecalls, cap } = throttleDefaults;

interface Sites {
  readonly clock: FakeClock;
  readonly noord: Throttle;
  readonly zuid: Throttle;
}

function sites({ deaf = false, limits = throttleDefaults }: { deaf?: boolean; limits?: ThrottleLimits } = {}): Sites {
  const clock = new FakeClock();
  const [noord, zuid] = toldBetween(2, deaf).map((shared) => sharedThrottle(limits, clock, shared.of('logins')));
  assert(noord !== undefined && zuid !== undefined);
  return { clock, noord, zuid };
}

let guesses = 0;
/** Guesses that were judged within an hour, at whichever gateway has no wait first. */
function judgedInAnHour({ clock, noord, zuid }: Sites, login: string, network: string): number {
  let judged = 0;
  for (const end = clock.monotonic() + hours(1); clock.monotonic() < end; clock.advance(seconds(1)))
    for (const throttle of [noord, zuid])
      while (throttle.wait(login, network, clock.monotonic()) === 0) {
        throttle.failed(login, network, `guess ${(guesses += 1)}`, clock.monotonic());
        judged += 1;
      }
  return judged;
}

test('whoever guesses at one gateway waits at the other as long', () => {
  const { clock, noord, zuid } = sites();
  const now = clock.monotonic();
  for (let n = 0; n < freePerAccount + 12; n += 1) {
    assert.equal(zuid.wait(OWNER, STRANGER, now), noord.wait(OWNER, STRANGER, now), `after ${n} guesses`);
    (n % 2 === 0 ? noord : zuid).failed(OWNER, STRANGER, `guess ${n}`, now);
  }
  assert.equal(zuid.wait(OWNER, STRANGER, now), cap);
});

test('two gateways judge no more guesses than one; where none hears the other, twice as many at most', () => {
  const clock = new FakeClock();
  const alone = sharedThrottle(throttleDefaults, clock);
  const one = judgedInAnHour({ clock, noord: alone, zuid: alone }, OWNER, STRANGER);
  const together = judgedInAnHour(sites(), OWNER, STRANGER);
  const deaf = judgedInAnHour(sites({ deaf: true }), OWNER, STRANGER);
  assert.equal(together, one);
  assert(deaf > 1.5 * one && deaf <= 2 * one, `${deaf} of ${one}`);
});

test('an owner who logged in at one gateway is let in at both, whatever strangers do at either', () => {
  const { clock, noord, zuid } = sites();
  const now = clock.monotonic();
  noord.succeeded(OWNER, HOME, now);
  for (let n = 0; n < 400; n += 1)
    for (const throttle of [noord, zuid]) throttle.failed(OWNER, `203.0.${n}.1`, `guess ${n}`, now);
  assert.deepEqual(
    [noord, zuid].map((throttle) => throttle.wait(OWNER, HOME, now)),
    [0, 0],
  );
  assert(zuid.wait(OWNER, '203.0.7.1', now) > 0);
});

test('a new network of the owner is judged once at once, at whichever gateway; a range that has tried has tried at both', () => {
  const { clock, noord, zuid } = sites();
  const now = clock.monotonic();
  for (let n = 0; n < 50; n += 1) noord.failed(OWNER, STRANGER, `guess ${n}`, now);
  assert.equal(zuid.wait(OWNER, '203.0.113.9', now), 0);
  zuid.failed(OWNER, '203.0.113.9', 'wrong', now);
  assert(noord.wait(OWNER, '203.0.113.10', now) > 0);
});

test('an owner pays for his own slips at both, and a success at one forgives them at both', () => {
  const { clock, noord, zuid } = sites();
  const now = clock.monotonic();
  noord.succeeded(OWNER, HOME, now);
  for (let n = 0; n < freePerPair + 5; n += 1) zuid.failed(OWNER, HOME, `slip ${n}`, now);
  assert.equal(noord.wait(OWNER, HOME, now), zuid.wait(OWNER, HOME, now));
  assert(noord.wait(OWNER, HOME, now) > 0);
  clock.advance(minutes(2));
  noord.succeeded(OWNER, HOME, clock.monotonic());
  zuid.failed(OWNER, HOME, 'one more', clock.monotonic());
  assert.equal(zuid.wait(OWNER, HOME, clock.monotonic()), 0);
});

test('an account that a network knows is slowed down there at the other gateway when it would be where nobody knows it', () => {
  const { clock, noord, zuid } = sites();
  const now = clock.monotonic();
  for (const throttle of [noord, zuid]) throttle.succeeded(OWNER, HOME, now);
  noord.failed(OWNER, HOME, 'slip', now, 'never');
  assert.equal(zuid.wait(OWNER, STRANGER, now), 0);
  for (let n = 0; n < freePerAccount; n += 1) noord.failed(OWNER, HOME, `slip ${n}`, now, seconds(1));
  assert.equal(zuid.wait(OWNER, '198.51.100.1', milliseconds(now)), 0, 'a range that has not tried');
  zuid.failed(OWNER, '198.51.100.1', 'try', now);
  assert.equal(zuid.wait(OWNER, '198.51.100.1', now), noord.wait(OWNER, '198.51.100.1', now));
});

test('questions in vain to the memory of right passwords are one number, but for a twentieth each', () => {
  const { clock, noord, zuid } = sites();
  const now = clock.monotonic();
  let asked = 0;
  while ([noord, zuid].every((throttle) => throttle.mayRecall(OWNER, HOME, now))) {
    for (const throttle of [noord, zuid]) throttle.recalledInVain(OWNER, HOME, now);
    asked += 2;
  }
  assert(asked >= freeRecalls && asked <= freeRecalls * 1.1, `${asked}`);
});
