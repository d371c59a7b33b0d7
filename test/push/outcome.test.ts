/** What each answer of a partner means for the delivery and for the partner's breaker. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Answer, LostAt, LostWhy, Step } from '../../src/push/courier.ts';
import { endingOf } from '../../src/push/outcome.ts';
import { defaultWaits } from '../../src/push/retry.ts';
import { days, hours, instant, minutes } from '../../src/domain/units.ts';
import type { Claim } from '../../src/store/deliveries.ts';

const receivedAt = instant(Date.UTC(2026, 10, 25, 12));
const schedule = { waits: defaultWaits, expire: days(5), delayNotice: hours(4) };
const middle = (): number => 0.5;
const claim = { message: { receivedAt }, attempts: 1 } as unknown as Claim;

const ending = (answer: Answer, age: number = minutes(1), more: Partial<Claim> = {}) =>
  endingOf({ ...claim, ...more }, answer, schedule, instant(receivedAt + age), middle);

const taken: Answer = {
  kind: 'taken',
  reply: '250 2.0.0 queued',
  session: { dsn: true, tlsVersion: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
};
const refused = (step: Step, code: number): Answer => ({ kind: 'refused', step, code, reply: `${code} no` });
const lost = (why: LostWhy, at: LostAt): Answer => ({ kind: 'lost', why, text: why, at });

test('2yz after the final dot is relayed, and tells whether the partner answers for NOTIFY', () => {
  const { outcome, told, sign } = ending(taken);
  assert.deepEqual(outcome, { kind: 'relayed', reply: '250 2.0.0 queued' });
  assert.equal(told.dsn, true);
  assert.equal(told.theirs, true);
  assert.equal(sign, 'works');
});

describe('refusals', () => {
  for (const step of ['mail', 'rcpt', 'data', 'message'] as const) {
    test(`5yz at ${step} fails the delivery and is no trouble of the partner`, () => {
      const { outcome, sign } = ending(refused(step, 550));
      assert.deepEqual([outcome.kind, sign], ['failed', 'works']);
    });
    test(`4yz at ${step} is tried again, by the schedule of the delivery`, () => {
      const { outcome, sign } = ending(refused(step, 451));
      assert.deepEqual([outcome.kind, sign], ['retry', 'works']);
      assert.equal(outcome.kind === 'retry' && outcome.at, receivedAt + minutes(2));
    });
  }
  for (const step of ['greeting', 'ehlo', 'starttls', 'login'] as const)
    for (const code of [421, 454, 535, 554])
      test(`${code} at ${step} is the partner's trouble: the delivery keeps its place`, () => {
        const { outcome, sign } = ending(refused(step, code));
        assert.deepEqual([outcome.kind, sign], ['retry', 'down']);
        assert.equal(outcome.kind === 'retry' && outcome.at, receivedAt);
      });
  test('a partner that wants a login at MAIL fails no message', () => {
    assert.deepEqual([ending(refused('mail', 530)).outcome.kind, ending(refused('mail', 530)).sign], ['retry', 'down']);
  });
  test('503 says something of the session, not of the message', () => {
    assert.equal(ending(refused('data', 503)).outcome.kind, 'retry');
  });
  test('421 in the middle of a message is tried again and makes the partner doubtful', () => {
    const { outcome, sign } = ending(refused('rcpt', 421));
    assert.deepEqual([outcome.kind, sign], ['retry', 'doubtful']);
  });
});

describe('what the partner lacks', () => {
  for (const [lacks, status] of [
    ['8BITMIME', '5.6.3'],
    ['SMTPUTF8', '5.6.7'],
    ['REQUIRETLS', '5.7.30'],
    ['SIZE', '5.3.4'],
  ] as const)
    test(`${lacks} fails the delivery with ${status}`, () => {
      const { outcome, told } = ending({ kind: 'unable', lacks, text: 'words' });
      assert.deepEqual([outcome.kind, told.status], ['failed', status]);
    });
});

describe('no answer is temporary, whatever it was', () => {
  for (const why of ['unreachable', 'closed', 'timeout', 'tls', 'certificate', 'garbage'] as const)
    for (const [at, sign] of [
      ['session', 'down'],
      ['message', 'doubtful'],
      ['in-doubt', 'doubtful'],
    ] as const)
      test(`${why}, ${at}`, () => {
        const got = ending(lost(why, at));
        assert.deepEqual([got.outcome.kind, got.sign, got.told.theirs], ['retry', sign, undefined]);
      });
  test('a stop of ours says nothing about the partner', () => {
    const { outcome, sign } = ending(lost('stopped', 'in-doubt'));
    assert.deepEqual([outcome.kind, sign], ['retry', undefined]);
  });
});

describe('age', () => {
  test('at 4 h the sender is to be told, once, and until when it will be tried', () => {
    const first = ending(lost('unreachable', 'session'), hours(4));
    assert.equal(first.outcome.kind === 'retry' && first.outcome.delayed, true);
    assert.equal(first.told.until, receivedAt + days(5));
    const again = ending(lost('unreachable', 'session'), hours(5), { delayedAt: instant(receivedAt + hours(4)) });
    assert.equal(again.outcome.kind === 'retry' && again.outcome.delayed, undefined);
    assert.equal(ending(lost('unreachable', 'session'), hours(4) - 1).told.until, undefined);
  });
  test('after 5 days what would be tried again fails with 5.4.7', () => {
    for (const answer of [refused('rcpt', 451), lost('unreachable', 'session'), lost('timeout', 'in-doubt')]) {
      const { outcome, told } = ending(answer, days(5));
      assert.deepEqual([outcome.kind, told.status], ['failed', '5.4.7']);
    }
  });
  test('after 5 days the last attempt may still succeed', () => {
    assert.equal(ending(taken, days(6)).outcome.kind, 'relayed');
  });
});
