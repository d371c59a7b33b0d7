/** What a period of the trail comes to, for an auditor. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AuditSummary, report } from '../../src/admin/audit-scan.ts';
import { reportText } from '../../src/commands/audit/report.ts';
import type { AccountId } from '../../src/domain/ids.ts';
import type { Instant } from '../../src/domain/units.ts';
import type { AuditEvent } from '../../src/store/audit.ts';
import { openTestStore } from '../support/store.ts';

const all = { since: 0 as Instant, until: Date.UTC(3000, 0) as Instant };
const nameOf = (id: AccountId): Promise<string> => Promise.resolve(`name ${id}`);

const refused = (more: Partial<AuditEvent>): AuditEvent => ({ event: 'login.refused', outcome: 'failure', ...more });
const by = (event: string, facts: NonNullable<AuditEvent['facts']>, reason = 'ticket 7'): AuditEvent => ({
  ...{ event, outcome: 'success', facts, personal: { actor: 'j.smit', reason } },
});

/** A new store has acts of its own. */
const ours = ({ acts }: AuditSummary): AuditSummary['acts'] => acts.filter(({ actor }) => actor === 'j.smit');

test('failed logins by account and network with their tries, acts by kind, rows by log', async (t) => {
  const { store } = await openTestStore(t);
  const { audit } = store;
  const account = 3 as AccountId;
  audit.note(refused({ account, facts: { count: 4 }, personal: { login: 'anna', network: '192.0.2.7' } }));
  audit.note(refused({ account, facts: { count: 5 }, personal: { login: 'ANNA', network: '192.0.2.7' } }));
  audit.note(refused({ account, personal: { login: 'anna', network: '192.0.2.8' } }));
  audit.note(refused({ facts: { count: 20 }, personal: { login: 'ad\nmin', network: '198.51.100.1' } }));
  audit.note(refused({ facts: { count: 2 } }));
  audit.note(by('operator.changed', { operation: 'account.suspend' }));
  audit.note(by('audit.read', { what: 'list' }));
  audit.note(by('audit.read', { what: 'export' }));
  audit.note(by('evidence.bundle', {}));
  audit.note(by('approval.signed', { operation: 'audit.erase' }));
  const summary = await report(audit, all, nameOf, () => undefined);
  assert.deepEqual(summary.failedLogins, [
    { account: '"ad\\nmin"', network: '198.51.100.1', tries: 20 },
    { account: 'name 3', network: '192.0.2.7', tries: 9 },
    { account: '(erased)', network: '(erased)', tries: 2 },
    { account: 'name 3', network: '192.0.2.8', tries: 1 },
  ]);
  assert.deepEqual(
    ours(summary).map(({ kind, event, what, actor, reason }) => [kind, event, what, actor, reason]),
    [
      ['command', 'operator.changed', 'account.suspend', 'j.smit', 'ticket 7'],
      ['look', 'audit.read', 'list', 'j.smit', 'ticket 7'],
      ['export', 'audit.read', 'export', 'j.smit', 'ticket 7'],
      ['export', 'evidence.bundle', undefined, 'j.smit', 'ticket 7'],
      ['approval', 'approval.signed', 'audit.erase', 'j.smit', 'ticket 7'],
    ],
  );
  assert.deepEqual(
    summary.logs.find(({ log }) => log === 'access'),
    { log: 'access', success: 3, failure: 5 },
  );
  const text = reportText(summary, undefined);
  assert.match(text, /The chain was not checked/);
  for (const head of ['COMMANDS', 'LOOKS AT THE TRAIL', 'GIVEN OUT', 'SECOND PERSON'])
    assert(text.includes(head), head);
});

test('500 acts of each kind are shown: many looks do not hide a command', async (t) => {
  const { store } = await openTestStore(t);
  for (let n = 0; n < 501; n += 1) store.audit.note(by('audit.read', { what: 'list' }));
  store.audit.note(by('operator.changed', { operation: 'account.end' }));
  const { acts, moreActs } = await report(store.audit, all, nameOf, () => undefined);
  assert.equal(acts.filter(({ kind }) => kind === 'look').length, 500);
  assert.equal(acts.filter(({ event }) => event === 'operator.changed').length, 1);
  assert.equal(moreActs, true);
});
