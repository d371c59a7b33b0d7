import assert from 'node:assert/strict';
import test from 'node:test';
import { AdminError } from '../../../src/admin/error.ts';
import { notFound, problem, problemOf, refused } from '../../../src/api/core/problem.ts';
import { LoginEnded, OutcomeUnknown, StoreFull, StoreUnavailable } from '../../../src/store/store.ts';
import { submissionRows, refusals } from '../../../src/submission/refusals.ts';

test('a problem has the members of RFC 9457 and the code of the refusal', () => {
  assert.deepEqual(problem(409, 'in-use', 'The mailbox is in use', 'Wait', { retryAfter: 3 }).json(), {
    type: 'urn:sluis:problem:in-use',
    title: 'The mailbox is in use',
    status: 409,
    detail: 'Wait',
  });
  const gone = refused(refusals.recipientGone);
  assert.equal(gone.status, 422);
  assert.equal(gone.json().code, '5.1.1');
  assert.equal(gone.message, submissionRows.recipientGone.text);
});

test('a refusal that may pass later says when to come again, and one that may not does not', () => {
  for (const [refusal, status] of [
    [refusals.tooManyMessages, 429],
    [refusals.storageFull, 507],
    [refusals.mailboxFull, 503],
    [refusals.accountClosed, 403],
    [refusals.tooLarge({ limit: '1 MB', attachment: 1 }), 413],
    [refusals.fromMissing, 422],
  ] as const) {
    const made = refused(refusal);
    assert.equal(made.status, status, refusal.status);
    assert.equal(made.members.retryAfter !== undefined, status === 429 || status === 503 || status === 507);
  }
});

test('what operations and the store throw becomes a problem, and what nobody expected tells nothing', () => {
  assert.equal(problemOf(new AdminError('unknown', 'Cannot show x: there is none'), 'r1').status, 404);
  assert.equal(problemOf(new AdminError('approval', 'Two must sign', { request: 'q7' }), 'r1').json().request, 'q7');
  const ended = problemOf(new LoginEnded('the password of anna'), 'r1');
  assert.deepEqual([ended.status, ended.kind], [403, 'login-ended']);
  assert.doesNotMatch(JSON.stringify(ended.json()), /anna/);
  for (const error of [
    new StoreFull(),
    new StoreUnavailable('db at 192.0.2.7'),
    new OutcomeUnknown('db at 192.0.2.7'),
  ]) {
    const made = problemOf(error, 'r1');
    assert.deepEqual([made.status, made.members.retryAfter !== undefined], [503, true]);
    assert.doesNotMatch(JSON.stringify(made.json()), /192/);
    // Nothing may be promised of what is not known.
    assert.match(made.message, error instanceof OutcomeUnknown ? /does not know/ : /Nothing was done/);
  }
  for (const error of [new Error('SQLITE_ERROR at secret.ts'), new AdminError('failed', 'secret'), 'text']) {
    const made = problemOf(error, 'r1-7');
    assert.equal(made.status, 500);
    assert.doesNotMatch(JSON.stringify(made.json()), /secret|SQLITE/);
    assert.match(made.message, /r1-7/);
  }
  const own = notFound();
  assert.equal(problemOf(own, 'r1'), own);
});
