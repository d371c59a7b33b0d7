/**
 * Counts of like events: one report each, and no more reports than the limit however many keys
 * come.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAILURE_ROWS, LoginNotes } from '../../src/auth/login-notes.ts';
import { minutes } from '../../src/domain/units.ts';
import { WindowNotes } from '../../src/ca/enrol/window-notes.ts';
import { OTHERS, Tally } from '../../src/platform/tally.ts';
import type { AuditEvent } from '../../src/store/audit.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryLog } from '../support/log.ts';

test('keys above the limit are counted with others of their kind, and have a row of their own in the next window', () => {
  const clock = new FakeClock();
  const reports: [string, number][] = [];
  const tally = new Tally<string>(
    ...([clock, minutes(1), 2] as const),
    (subject, count) => void reports.push([subject, count]),
    (subject) => ({ kind: subject.slice(0, 1), subject: `other ${subject.slice(0, 1)}` }),
  );
  assert.deepEqual(
    ['a1', 'a2', 'a3', 'a4', 'b1', 'a1', 'a3'].map((key) => tally.add(key, key)),
    [true, true, false, false, false, false, false],
  );
  assert.deepEqual(reports, []);
  clock.advance(minutes(1));
  assert.deepEqual(reports.splice(0), [
    ['a1', 2],
    ['a2', 1],
    ['other a', 3],
    ['other b', 1],
  ]);
  assert.equal(tally.add('a3', 'a3'), true);
  tally.flush();
  assert.deepEqual(reports, [['a3', 1]]);
});

test('without others a full window ends early', () => {
  const reports: string[] = [];
  const tally = new Tally<string>(new FakeClock(), minutes(1), 2, (subject) => void reports.push(subject));
  for (const key of ['a', 'b', 'a', 'c']) tally.add(key, key);
  assert.deepEqual(reports, ['a', 'b']);
  tally.flush();
});

/** 65,536 of them are one IPv6 /48. */
const networkNumber = (n: number): string => `2001:db8:1:${n.toString(16)}::/64`;
const FLOOD = 3 * FAILURE_ROWS;

test('failures from however many networks write no more rows a minute than the cap and one of others for each reason', () => {
  const clock = new FakeClock();
  const trail: AuditEvent[] = [];
  const log = new MemoryLog();
  const audit = { note: (event: AuditEvent): void => void trail.push(event) };
  const logins = new LoginNotes(clock, log, audit);
  const codes = new WindowNotes(clock, log, audit);
  for (let n = 0; n < FLOOD; n += 1) {
    const [network, session] = [networkNumber(n), `s${n}`];
    const peer = { session, protocol: 'pop3', address: network, network } as const;
    logins.failed(`u${n}@x.example`, undefined, peer, n % 2 === 0 ? 'unknown' : 'throttled');
    logins.certificateRefused({ reason: 'no-issuer', text: 'not known' }, peer);
    codes.failed({ session, listener: 'codes', network, address: network }, 'password', `u${n}@x.example`, 'wrong');
  }
  assert.equal(trail.length, 0);
  assert.equal(log.events.filter(({ level }) => level === 'warn').length, FAILURE_ROWS);
  clock.advance(minutes(1));
  const others = trail.filter(({ personal }) => personal?.network === OTHERS);
  assert.deepEqual([trail.length, others.length], [3 * FAILURE_ROWS + 4, 4]);
  assert.deepEqual(
    others.map(({ event, facts, personal }) => [event, facts?.reason, facts?.count, personal?.login]),
    [
      ['login.refused', 'unknown', FAILURE_ROWS, OTHERS],
      ['login.busy', 'throttled', FAILURE_ROWS, OTHERS],
      ['login.refused', 'no-issuer', 2 * FAILURE_ROWS, OTHERS],
      ['enrolment.refused', 'wrong', 2 * FAILURE_ROWS, OTHERS],
    ],
  );
  const total = (event: string): number =>
    trail.reduce((sum, row) => sum + (row.event === event ? (row.facts?.count as number) : 0), 0);
  assert.deepEqual(
    [total('login.refused'), total('login.busy'), total('enrolment.refused')],
    [1.5 * FLOOD, FLOOD / 2, FLOOD],
  );
});
