/** Refused tokens in the trail: bounded, whatever comes and from wherever. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REFUSAL_ROWS, TokenNotes } from '../../src/admin/token-notes.ts';
import { instant } from '../../src/domain/units.ts';
import type { AuditEvent } from '../../src/store/audit.ts';
import { FakeClock } from '../support/clock.ts';

test('of more networks than a minute has rows for, the rest is one row a reason; what somebody asks for is written at once', () => {
  const rows: AuditEvent[] = [];
  const clock = new FakeClock(instant(0));
  const notes = new TokenNotes({ note: (row) => void rows.push(row) }, clock);
  const networkOf = (i: number): string => `2001:db8:${i.toString(16)}::/64`;
  for (let i = 0; i < REFUSAL_ROWS + 500; i += 1) notes.refused({ why: 'unknown', network: networkOf(i) });
  notes.flushOf((_account, network) => network === networkOf(7));
  assert.deepEqual(
    rows.map(({ personal }) => personal),
    [{ network: networkOf(7) }],
  );
  clock.advance(60_000);
  assert.equal(rows.length, REFUSAL_ROWS + 1);
  const { facts, personal } = rows.at(-1)!;
  assert.deepEqual([facts, personal], [{ why: 'unknown', count: 500 }, { network: '(others)' }]);
  clock.advance(60_000);
  assert.equal(rows.length, REFUSAL_ROWS + 1);
});
