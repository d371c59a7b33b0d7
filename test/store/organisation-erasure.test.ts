/**
 * A step that erases an organisation: how much it takes, in how many statements, and what the sums
 * are behind it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type Database from 'better-sqlite3';
import { CHANGES } from '../../src/store/changes/table.ts';
import { USAGE_COUNTS } from '../../src/store/usage.ts';
import { columnOf } from '../../src/store/sql/parts.ts';
import { countingRunner } from '../support/counted.ts';
import type { Cleanup } from '../support/store.ts';

const actor = { name: 'test' };
/** As many as two steps take, and one. */
const ACCOUNTS = 401;

/**
 * An organisation of ACCOUNTS accounts that have ended, and another one with account 1000, whose
 * mail and names stay.
 */
function ended(t: Cleanup) {
  const { db, run } = countingRunner(t);
  db.exec(`INSERT INTO organisation (id, name, title, language, contact, created_at)
      VALUES (1, 'gone', 'Gone', 'nl', 'Anna', 0), (2, 'stays', 'Stays', 'nl', 'Bert', 0);
    INSERT INTO account (id, login, organisation, kind, state, created_at)
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ACCOUNTS})
      SELECT i, 'a' || i, 1, 'mail', 'ended', 0 FROM n UNION ALL VALUES (1000, 'stays', 2, 'mail', 'active', 0);
    INSERT INTO mailbox (account, hidden_octets) SELECT id, 70 FROM account;
    INSERT INTO address (key, address, account, state, created_at) SELECT login || '@group.test', login || '@group.test', id, state, 0 FROM account;
    INSERT INTO password (account, name, hash, created_at) SELECT id, 'first', 'h', 0 FROM account;
    INSERT INTO delegation (key, account) SELECT 'stays@group.test', id FROM account WHERE id < 1000;
    INSERT INTO content (message, data_key, chunks, refs) VALUES (1, x'00', 0, ${ACCOUNTS + 3}), (2, x'00', 0, 5);
    INSERT INTO hidden_entry (account, hidden_at, uid, message, octets, retrieved) SELECT id, 5, 1, 1, 40, 0 FROM account;
    INSERT INTO hidden_entry (account, hidden_at, uid, message, octets, retrieved)
      VALUES (1, 5, 2, 1, 20, 0), (1, 6, 3, 2, 10, 0), (1000, 6, 3, 2, 30, 0)`);
  return { db, step: () => run((context) => CHANGES.organisationErasure.eraseOrganisation(context, 'gone', actor)) };
}

const all = (db: Database.Database, sql: string): unknown[] => db.prepare(sql).raw(true).all();

test('an organisation is erased in bounded steps, each in as many statements however much it erases', (t) => {
  const { db, step } = ended(t);
  const steps = [step(), step(), step(), step(), step(), step()].map(({ statements, rows, value }) => [
    ...[statements, rows, value],
  ]);
  // 200 rows of deleted mail, passwords, rights, and accounts a step; the last step finds nothing,
  // and tells the trail.
  assert.deepEqual(steps, [
    [29, 0, 800],
    [29, 0, 800],
    [29, 0, 6],
    [28, 1, 0],
    [28, 0, 0],
    [28, 0, 0],
  ]);
  assert.deepEqual(all(db, 'SELECT account, hidden_at, uid FROM hidden_entry'), [
    [1000, 5, 1],
    [1000, 6, 3],
  ]);
  // Each copy gave back its reference, and its octets.
  assert.deepEqual(all(db, 'SELECT message, refs FROM content'), [
    [1, 2],
    [2, 4],
  ]);
  assert.deepEqual(all(db, 'SELECT account, hidden_octets FROM mailbox WHERE account IN (1, 2, 1000)'), [
    [1, 0],
    [2, 30],
    [1000, 70],
  ]);
  assert.deepEqual(all(db, 'SELECT count(*) FROM password'), [[1]]);
  assert.deepEqual(all(db, 'SELECT count(*) FROM delegation'), [[0]]);
  assert.deepEqual(all(db, `SELECT id FROM account WHERE login <> 'erased-' || id`), [[1000]]);
  assert.deepEqual(all(db, 'SELECT title, contact FROM organisation WHERE id IN (1, 2)'), [
    ['erased', null],
    ['Stays', 'Bert'],
  ]);
});

test('figures of accounts that left are summed up month by month, a bounded number a step, and no figure is lost', (t) => {
  const { db, step } = ended(t);
  const columns = USAGE_COUNTS.map(columnOf);
  const add = db.prepare(`INSERT INTO usage_month (month, organisation, account, ${columns.join()}, login_days, days)
    VALUES (?, ?, ?, ${columns.map(() => '?').join()}, 3, 7)`);
  const counts = (first: number): readonly number[] => columns.map((_, i) => first + i);
  // Account 1000 belongs to another organisation by now; accounts behind it are not there at all
  // any more.
  const left = [1000, ...Array.from({ length: 149 }, (_, n) => 2000 + n)];
  for (const month of [600, 602]) for (const account of left) add.run(month, 1, account, counts(1));
  add.run(602, 1, 0, counts(5));
  add.run(601, 1, 3, counts(9));
  add.run(602, 2, 1000, counts(11));
  while (step().value > 0);
  const figures = all(
    db,
    'SELECT month, organisation, account, sent, logins_refused, login_days, days FROM usage_month ORDER BY month, organisation',
  );
  const last = columns.length - 1;
  assert.deepEqual(figures, [
    [600, 1, 0, 150, 150 * (1 + last), 0, 0],
    [601, 1, 3, 9, 9 + last, 3, 7],
    [602, 1, 0, 155, 150 * (1 + last) + 5 + last, 3, 7],
    [602, 2, 1000, 11, 11 + last, 3, 7],
  ]);
});

test('an organisation with an account that has not ended, or with mail, is left as it is', (t) => {
  const { db, step } = ended(t);
  db.exec('UPDATE mailbox SET messages = 1 WHERE account = 7');
  assert.throws(step, /There is mail in a mailbox of "gone", so nothing was erased/);
  db.exec("UPDATE account SET state = 'suspended' WHERE id = 9");
  assert.throws(step, /The account "a9" of "gone" has not ended, so nothing was erased/);
  assert.deepEqual(all(db, 'SELECT count(*) FROM password'), [[ACCOUNTS + 1]]);
});
