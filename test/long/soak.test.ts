/**
 * A soak of some seconds, so that `npm run soak` cannot rot: every worker works, nothing is lost,
 * doubled, damaged or answered otherwise.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSoak } from '../../bench/soak/run.ts';

/**
 * Time for four looks, five seconds apart and one at the end, and for every worker to come to its
 * turn.
 */
const SECONDS = 20;

/** What must have been done at least once; the others take longer than the test. */
const KINDS = [
  'submission',
  'certificate',
  'large',
  'protected',
  'partner',
  'poll',
  'reader',
  'unknown addressee',
  'wrong password',
  'silent peer',
  'broken fetch',
  'operator',
];

test(`${SECONDS} seconds of everything at once`, async () => {
  const report = await runSoak({ minutes: SECONDS / 60, practices: 30 });
  assert.deepEqual(report.faults, []);
  assert.deepEqual(report.errors, []);
  const { acknowledged, lost, duplicated, damaged } = report.ledger;
  assert.deepEqual({ lost, duplicated, damaged }, { lost: [], duplicated: [], damaged: [] });
  assert.ok(acknowledged > 30, `${acknowledged} messages`);
  for (const kind of KINDS) assert.ok((report.done[kind] ?? 0) > 0, `${kind} was done`);
  assert.ok(report.samples.length >= 4 && report.samples.every(({ kept, descriptors }) => kept > 0 && descriptors > 0));
  assert.equal(report.exit, 0);
  assert.ok(report.passed, report.text.join('\n'));
});
