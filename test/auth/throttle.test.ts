import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Throttle, throttleDefaults } from '../../src/auth/throttle.ts';
import { days, hours, milliseconds, minutes, seconds } from '../../src/domain/units.ts';
import { seeded } from '../support/seeded.ts';

const at = milliseconds;
const OWNER = 'practice@group.example';
const HOME = '192.0.2.1';
const { freePerAccount, freePerNetwork, freePerPair, cap, strangerCap, pairCap } = throttleDefaults;

/** `count` wrong guesses, each another one, at `now`. */
const guess = (throttle: Throttle, login: string, network: string, count: number, now = 0): void => {
  for (let i = 0; i < count; i += 1) throttle.failed(login, network, `${network} ${now} ${i}`, at(now));
};

test('the first guesses are judged at once, then each failure doubles the wait up to the cap', () => {
  const throttle = new Throttle();
  const waits: number[] = [];
  for (let i = 0; i < freePerAccount + 12; i += 1) {
    waits.push(throttle.wait(OWNER, '198.51.100.1', at(0)));
    throttle.failed(OWNER, '198.51.100.1', `guess ${i}`, at(0));
  }
  const doubled = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300].map((s) => s * 1000);
  assert.deepEqual(waits, [...Array<number>(freePerAccount).fill(0), ...doubled]);
});

test('a wait is over when its time has passed, and an hour without failures forgets', () => {
  const throttle = new Throttle();
  guess(throttle, OWNER, HOME, freePerAccount + 2);
  assert.equal(throttle.wait(OWNER, HOME, at(0)), seconds(4));
  assert.equal(throttle.wait(OWNER, HOME, at(3999)), 1);
  assert.equal(throttle.wait(OWNER, HOME, at(4000)), 0);
  throttle.failed(OWNER, HOME, 'next', at(4000));
  assert.equal(throttle.wait(OWNER, HOME, at(4000)), seconds(8));
  guess(throttle, OWNER, HOME, freePerAccount, 4000 + hours(1));
  assert.equal(throttle.wait(OWNER, HOME, at(4000 + hours(1))), seconds(1));
});

test('a network that the account knows is not held up by strangers, in whatever number', () => {
  // Without the one try that each new range has: that alone would let it through.
  const throttle = new Throttle({ ...throttleDefaults, freshTries: 0 });
  throttle.succeeded(OWNER, HOME, at(0));
  for (let n = 0; n < 200; n += 1) guess(throttle, OWNER, `198.51.100.${n}`, 5);
  assert.equal(throttle.wait(OWNER, HOME, at(0)), 0);
  assert.equal(throttle.wait(OWNER, '198.51.100.1', at(0)), cap);
});

test('each range has one judged try at an account under attack, a few an hour over all of them', () => {
  const throttle = new Throttle({ ...throttleDefaults, freshTries: 3 });
  guess(throttle, OWNER, '198.51.100.1', 100);
  const tries = (networks: readonly string[], now: number): number =>
    networks.filter((network) => {
      if (throttle.wait(OWNER, network, at(now)) > 0) return false;
      throttle.failed(OWNER, network, `try ${network} ${now}`, at(now));
      return true;
    }).length;
  assert.equal(tries(['203.0.113.1', '203.0.113.2', '203.0.113.1'], 0), 1, 'one of an IPv4 /24');
  assert.equal(tries(['2001:db8:1:1::/64', '2001:db8:1:2::/64'], 0), 1, 'one of an IPv6 /48');
  const flood = Array.from({ length: 1000 }, (_, i) => `10.${i >> 8}.${i & 255}.1`);
  assert.equal(tries(flood, 0), 1, 'and then none of ten thousand networks');
  assert.equal(throttle.wait('colleague@group.example', '192.0.2.1', at(0)), 0);
  // Under an attack that never ends, too, the next hour has its own.
  for (let now = 0; now < hours(1); now += minutes(5)) guess(throttle, OWNER, '198.51.100.1', 1, now);
  assert.equal(tries(flood, hours(1)), 3);
});

test('a network without failures waits for an attacked account no longer than the stranger cap', () => {
  const throttle = new Throttle({ ...throttleDefaults, freshTries: 0 });
  guess(throttle, OWNER, '198.51.100.1', 100);
  assert.equal(throttle.wait(OWNER, '203.0.113.9', at(0)), strangerCap);
  assert.equal(throttle.wait(OWNER, '203.0.113.9', at(strangerCap)), 0);
  assert.equal(throttle.wait(OWNER, '198.51.100.1', at(strangerCap)), cap - strangerCap);
});

test('a network that guesses at many accounts is held up, its neighbours are not', () => {
  const throttle = new Throttle();
  for (let i = 0; i < freePerNetwork + 5; i += 1) throttle.failed(`${i}@group.example`, HOME, `g${i}`, at(0));
  assert.equal(throttle.wait('fresh@group.example', HOME, at(0)), seconds(32));
  assert.equal(throttle.wait('fresh@group.example', '192.0.2.2', at(0)), 0);
});

test('an attacker with an account of his own cannot clear his network by logging in', () => {
  const throttle = new Throttle();
  for (let i = 0; i < freePerNetwork + 5; i += 1) throttle.failed(`${i}@group.example`, HOME, `g${i}`, at(0));
  // One failure more than others have, however often he logs in.
  for (let n = 0; n < 100; n += 1) throttle.succeeded('attacker@group.example', HOME, at(0));
  assert.equal(throttle.wait('fresh@group.example', HOME, at(0)), seconds(16));
});

/**
 * Logs in or fails as each practice of a hosted system would, once a minute; the waits of those
 * with the right password.
 */
function hosted(throttle: Throttle, practices: number, old: number, minute: number): number[] {
  const waits: number[] = [];
  for (let n = 0; n < practices; n += 1) {
    const now = at(minute * 60_000 + n * 20);
    const wait = throttle.wait(`${n}@group.example`, HOME, now);
    // Spread over all of them, as they are after a restart.
    const isOld = n % Math.floor(practices / old) === 0;
    if (!isOld) waits.push(wait);
    if (wait > 0) continue;
    if (isOld) throttle.failed(`${n}@group.example`, HOME, `old password of ${n}`, now);
    else throttle.succeeded(`${n}@group.example`, HOME, now);
  }
  return waits;
}

test('of 2,000 practices behind one address, those with an old password hold up no other, first logins included', () => {
  for (const old of [1, 10, 100]) {
    const throttle = new Throttle();
    for (let minute = 0; minute < 240; minute += 1) {
      assert.deepEqual(new Set(hosted(throttle, 2000, old, minute)), new Set([0]), `${old} old, minute ${minute}`);
      assert.equal(throttle.wait(`new ${minute}@group.example`, HOME, at(minute * 60_000 + 50_000)), 0);
    }
  }
});

test('each account that logs in from a network allows it one failure more, up to a limit', () => {
  const throttle = new Throttle();
  const failing = (from: number, to: number): void => {
    for (let i = from; i < to; i += 1) throttle.failed(`${i}@group.example`, HOME, `g${i}`, at(0));
  };
  for (let n = 0; n < 3; n += 1) throttle.succeeded('one@group.example', HOME, at(0));
  throttle.succeeded('two@group.example', HOME, at(0));
  failing(0, freePerNetwork + 2);
  assert.equal(throttle.wait('fresh@group.example', HOME, at(0)), seconds(1));
  for (let n = 0; n < 10_000; n += 1) throttle.succeeded(`${n}@many.example`, HOME, at(0));
  failing(freePerNetwork + 2, freePerNetwork + 1999);
  assert.equal(throttle.wait('fresh@group.example', HOME, at(0)), 0);
  failing(freePerNetwork + 1999, freePerNetwork + 2000);
  assert.equal(throttle.wait('fresh@group.example', HOME, at(0)), seconds(1));
});

test('guessing from a network that the account knows is held up too', () => {
  const throttle = new Throttle();
  throttle.succeeded(OWNER, HOME, at(0));
  guess(throttle, OWNER, HOME, freePerPair + 20);
  assert.equal(throttle.wait(OWNER, HOME, at(0)), pairCap);
  throttle.succeeded(OWNER, HOME, at(pairCap));
  assert.equal(throttle.wait(OWNER, HOME, at(pairCap)), 0);
});

test('a mail program that polls with an old password each minute counts once', () => {
  const throttle = new Throttle();
  for (let i = 0; i < 500; i += 1) throttle.failed(OWNER, HOME, 'old password', at(i * 60_000));
  assert.equal(throttle.wait(OWNER, HOME, at(500 * 60_000)), 0);
  assert.equal(throttle.wait('colleague@group.example', HOME, at(500 * 60_000)), 0);
});

test('the same guess in quick succession counts each time: a loop is held up', () => {
  const throttle = new Throttle();
  for (let i = 0; i < 30; i += 1) throttle.failed(OWNER, HOME, 'old password', at(i * 100));
  assert.equal(throttle.wait(OWNER, HOME, at(3000)), cap - 100);
});

test('trust ends when a network was not used for its time', () => {
  const throttle = new Throttle({ ...throttleDefaults, freshTries: 0 });
  throttle.succeeded(OWNER, HOME, at(0));
  assert.equal(throttle.knows(HOME, at(days(30) - 1)), true);
  assert.equal(throttle.knows(HOME, at(days(30))), false);
  guess(throttle, OWNER, '198.51.100.1', 100, days(30));
  assert.equal(throttle.wait(OWNER, HOME, at(days(30))), strangerCap);
});

test('every map is bounded, and a flood of failures does not push out who is trusted', () => {
  const throttle = new Throttle({ ...throttleDefaults, entries: 10 });
  throttle.succeeded(OWNER, HOME, at(0));
  for (let i = 0; i < 1000; i += 1) throttle.failed(`${i}@x.example`, `198.51.${i >> 8}.${i & 255}`, 'g', at(0));
  for (let i = 0; i < 1000; i += 1) throttle.recalledInVain(`${i}@x.example`, HOME, at(0));
  assert.ok(throttle.size <= 61, String(throttle.size));
  for (let i = 0; i < 1000; i += 1) guess(throttle, OWNER, `10.${i >> 8}.${i & 255}.1`, 1);
  assert.ok(throttle.size <= 71, String(throttle.size));
  guess(throttle, OWNER, '198.51.100.1', 100);
  assert.equal(throttle.wait(OWNER, HOME, at(0)), 0);
});

test('seeded histories: the wait is never negative, never above the cap, and the owner at home never waits for others', () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const random = seeded(seed);
    const throttle = new Throttle({ ...throttleDefaults, entries: 50 });
    let now = 0;
    let judgedOfOwner = 0;
    for (let step = 0; step < 400; step += 1) {
      now += Math.floor(random.next() ** 4 * minutes(2));
      throttle.succeeded(OWNER, HOME, at(now));
      const network = `198.51.100.${Math.floor(random.next() * 30)}`;
      const login = random.next() < 0.7 ? OWNER : `${Math.floor(random.next() * 100)}@x.example`;
      const wait = throttle.wait(login, network, at(now));
      assert.ok(wait >= 0 && wait <= cap, `seed ${seed}: ${wait}`);
      if (wait === 0) {
        throttle.failed(login, network, `${step}`, at(now));
        if (login === OWNER) judgedOfOwner += 1;
      }
      assert.equal(throttle.wait(OWNER, HOME, at(now)), 0, `seed ${seed}`);
    }
    // Strangers together: the free ones, one a stranger cap at most, and those of the first
    // doublings.
    assert.ok(
      judgedOfOwner <= freePerAccount + 11 + (now / strangerCap) * 1,
      `seed ${seed}: ${judgedOfOwner} in ${now} ms`,
    );
  }
});
