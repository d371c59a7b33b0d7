/** Every combination of NOTIFY with every end of a delivery: RFC 3461 sections 4.1 and 5. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ending, actionOwed, statusOf } from '../../src/notices/notice-rules.ts';
import { causeName } from '../../src/letters/cause.ts';

/**
 * NOTIFY, then what is owed for: relayed to a server without DSN, relayed with it, failed, late.
 */
const TABLE: readonly (readonly [
  notify: string | undefined,
  plain: string,
  dsn: string,
  failed: string,
  late: string,
])[] = [
  [undefined, '-', '-', 'failed', 'delayed'],
  ['NEVER', '-', '-', '-', '-'],
  ['SUCCESS', 'relayed', '-', '-', '-'],
  ['FAILURE', '-', '-', 'failed', '-'],
  ['DELAY', '-', '-', '-', 'delayed'],
  ['SUCCESS,FAILURE', 'relayed', '-', 'failed', '-'],
  ['SUCCESS,DELAY', 'relayed', '-', '-', 'delayed'],
  ['FAILURE,DELAY', '-', '-', 'failed', 'delayed'],
  ['SUCCESS,FAILURE,DELAY', 'relayed', '-', 'failed', 'delayed'],
];

for (const [notify, ...owed] of TABLE)
  test(`NOTIFY=${notify ?? '(absent)'} owes ${owed.join(', ')}, and a null sender nothing`, () => {
    const ends: readonly Omit<Ending, 'sender' | 'notify'>[] = [
      { kind: 'relayed', dsn: false },
      { kind: 'relayed', dsn: true },
      { kind: 'failed', dsn: true },
      { kind: 'retry', dsn: false, delayed: true },
    ];
    const asked = notify === undefined ? {} : { notify: notify.split(',') };
    for (const [i, end] of ends.entries()) {
      assert.equal(actionOwed({ ...end, ...asked, sender: 'a@b.test' }) ?? '-', owed[i], `${end.kind} ${end.dsn}`);
      assert.equal(actionOwed({ ...end, ...asked, sender: '' }), undefined);
    }
    assert.equal(actionOwed({ kind: 'retry', dsn: false, ...asked, sender: 'a@b.test' }), undefined, 'not late yet');
  });

test('the status is what the attempt knows, else what the reply says, else its class alone', () => {
  assert.equal(statusOf('failed', '550 5.1.1 unknown', undefined), '5.1.1');
  assert.equal(statusOf('failed', '550-5.7.1 no', '5.4.7'), '5.4.7');
  assert.equal(statusOf('failed', '550 no such user', undefined), '5.0.0');
  assert.equal(
    statusOf('failed', '451 4.2.2 full', undefined),
    '4.2.2',
    'given up after a condition that seemed to pass',
  );
  assert.equal(statusOf('failed', '250 2.0.0 nonsense', undefined), '5.0.0');
  assert.equal(statusOf('delayed', 'no route', undefined), '4.0.0');
  assert.equal(statusOf('delayed', '554 5.7.1 x', undefined), '4.7.1');
  assert.equal(statusOf('relayed', '250 2.6.0 queued as 5.1.1', undefined), '2.6.0');
  assert.equal(statusOf('relayed', '250 ok 15.1.1 and 5.1.1234', undefined), '2.0.0');
});

test('each status means something to people', () => {
  for (const [status, name] of [
    ['5.1.1', 'unknown'],
    ['5.2.1', 'closed'],
    ['4.2.2', 'full'],
    ['5.3.4', 'size'],
    ['5.4.7', 'unreachable'],
    ['5.6.7', 'letters'],
    ['5.7.5', 'unsafe'],
    ['5.7.1', 'forbidden'],
    ['5.0.0', 'refused'],
    ['4.0.0', 'unreachable'],
  ] as const)
    assert.equal(causeName(status), name, status);
  assert.equal(causeName('5.1.1', 'stopped'), 'stopped');
  assert.equal(causeName('5.4.7', 'held'), 'held');
});
