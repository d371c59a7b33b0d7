/**
 * Accounts that become another organisation's: in as many statements however many they are, with
 * the rows of the trail account by account.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instant } from '../../src/domain/units.ts';
import type { AccountMerge } from '../../src/store/organisation-merge.ts';
import { CHANGES } from '../../src/store/changes/table.ts';
import { countingRunner } from '../support/counted.ts';
import { type Cleanup, address } from '../support/store.ts';
import { registryError } from './contract.ts';

const actor = { name: 'test' };
const [NOW, LATER] = [1000, instant(5000)];
const MANY = 40;

/**
 * Organisation `a` with MANY accounts of two addresses each is on its way into `b`, which has the
 * account `desk`.
 */
function merging(t: Cleanup) {
  const { db, run } = countingRunner(t);
  db.exec(`INSERT INTO organisation (id, name, title, language, created_at) VALUES (2, 'b', 'B', 'nl', 0);
    INSERT INTO organisation (id, name, title, language, created_at, merged_into) VALUES (1, 'a', 'A', 'nl', 0, 2);
    INSERT INTO account (id, login, organisation, kind, state, created_at)
      WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${MANY - 1})
      SELECT 10 + i, 'u' || i, 1, 'mail', 'active', 0 FROM n UNION ALL VALUES (1, 'desk', 2, 'mail', 'active', 0);
    INSERT INTO mailbox (account) SELECT id FROM account;
    INSERT INTO address (key, address, account, state, created_at)
      SELECT login || '@a.test', login || '@a.test', id, 'active', 0 FROM account
      UNION ALL SELECT login || '@b.test', login || '@b.test', id, 'active', 0 FROM account`);
  const merge = (...accounts: AccountMerge[]) =>
    run((context) => CHANGES.merges.mergeAccounts(context, 'a', 'b', accounts, actor), NOW);
  const all = (text: string): unknown[] => db.prepare(text).raw(true).all();
  return { db, run, merge, all };
}

/**
 * Settings of its own, an address that goes to the desk's mailbox and ends, and one that ends for a
 * new one.
 */
const plan = (n: number): AccountMerge => ({
  login: `u${n}`,
  settings: { quota: 1000 + n },
  addresses: [
    { address: address(`u${n}@a.test`), mailbox: 'desk', endsAt: LATER, successor: address('desk@b.test') },
    { address: address(`u${n}@b.test`), endsAt: LATER, successor: address(`new${n}@b.test`) },
  ],
});
const from = (first: number, end: number): AccountMerge[] =>
  Array.from({ length: end - first }, (_, n) => plan(first + n));

test('accounts go over in as many statements, however many they are, and the trail tells of one after the other', (t) => {
  const { merge, all } = merging(t);
  const two = merge(...from(0, 2));
  const many = merge(...from(2, MANY));
  assert.deepEqual([two.value, many.value], [2, MANY - 2]);
  assert.deepEqual([two.rows, many.rows], [12, 6 * (MANY - 2)]);
  assert.equal(many.statements, two.statements);
  assert.ok(two.statements <= 25, `${two.statements} statements`);
  const rows = all(
    `SELECT event, account, personal ->> '$.login', personal ->> '$.address', personal ->> '$.successor', facts FROM audit ORDER BY seq`,
  );
  assert.deepEqual(rows.slice(0, 12), [
    ['registry.account-organisation', 10, 'u0', null, null, '{}'],
    ['registry.settings', 10, 'u0', null, null, '{"quota":1000}'],
    ['registry.address-moved', 1, null, 'u0@a.test', null, '{}'],
    ['registry.address-ending', 1, null, 'u0@a.test', 'desk@b.test', '{"ends":"1970-01-01T00:00:05.000Z"}'],
    ['registry.address-added', 10, null, 'new0@b.test', null, '{}'],
    ['registry.address-ending', 10, null, 'u0@b.test', 'new0@b.test', '{"ends":"1970-01-01T00:00:05.000Z"}'],
    ['registry.account-organisation', 11, 'u1', null, null, '{}'],
    ['registry.settings', 11, 'u1', null, null, '{"quota":1001}'],
    ['registry.address-moved', 1, null, 'u1@a.test', null, '{}'],
    ['registry.address-ending', 1, null, 'u1@a.test', 'desk@b.test', '{"ends":"1970-01-01T00:00:05.000Z"}'],
    ['registry.address-added', 11, null, 'new1@b.test', null, '{}'],
    ['registry.address-ending', 11, null, 'u1@b.test', 'new1@b.test', '{"ends":"1970-01-01T00:00:05.000Z"}'],
  ]);
  assert.deepEqual(all('SELECT count(*), min(organisation) FROM account WHERE id >= 10'), [[MANY, 2]]);
  // The trail of each is parted at its own row.
  assert.deepEqual(
    all('SELECT organisation, account, until_seq, until_at FROM former_organisation ORDER BY until_seq LIMIT 3'),
    [
      [1, 10, 1, NOW],
      [1, 11, 7, NOW],
      [1, 12, 13, NOW],
    ],
  );
  assert.deepEqual(
    all(`SELECT key, account, ends_at, successor FROM address WHERE key IN ('u3@a.test', 'u3@b.test', 'new3@b.test')`),
    [
      ['new3@b.test', 13, null, null],
      ['u3@a.test', 1, LATER, 'desk@b.test'],
      ['u3@b.test', 13, LATER, 'new3@b.test'],
    ],
  );
  assert.deepEqual(all('SELECT settings FROM account WHERE id = 13'), [['{"quota":1003}']]);
  assert.equal(merge(...from(0, 2)).value, 0);
});

test('an address that ends in the same step succeeds nobody, and one new address may succeed two', (t) => {
  const { merge, all, db } = merging(t);
  const ends = (of: string, successor: string) => ({
    ...{ address: address(of), endsAt: LATER, successor: address(successor) },
  });
  const first = {
    login: 'u0',
    settings: {},
    addresses: [ends('u0@a.test', 'new@b.test'), ends('u0@b.test', 'u1@b.test')],
  };
  const second = (successor: string): AccountMerge => ({
    login: 'u1',
    settings: {},
    addresses: [ends('u1@a.test', successor), { address: address('u1@b.test') }],
  });
  db.exec('SAVEPOINT refused');
  assert.throws(
    () => merge(first, second('u0@b.test')),
    registryError('invalid', /"u0@b.test" cannot succeed address "u1@a.test": it accepts no mail then/),
  );
  db.exec('ROLLBACK TO refused');
  assert.equal(merge(first, second('new@b.test')).value, 2);
  assert.deepEqual(all(`SELECT account FROM address WHERE key = 'new@b.test'`), [[10]]);
  assert.deepEqual(all(`SELECT account FROM audit WHERE event = 'registry.address-added'`), [[10]]);
});

test('an account is moved in as many statements, however many addresses it has', (t) => {
  const statements = [1, MANY].map((n) => {
    const { db, run } = countingRunner(t);
    db.exec(`INSERT INTO organisation (id, name, title, language, created_at) VALUES (1, 'old', 'Old', 'nl', 0), (2, 'new', 'New', 'nl', 0);
      INSERT INTO account (id, login, organisation, kind, state, created_at) VALUES (1, 'anna', 1, 'mail', 'active', 0);
      INSERT INTO mailbox (account) VALUES (1)`);
    for (let i = 0; i < n; i += 1)
      db.exec(
        `INSERT INTO address (key, address, account, state, created_at) VALUES ('a${i}@a.test', 'a${i}@a.test', 1, 'active', 0)`,
      );
    const wanted = { login: 'anna', organisation: 'new', since: instant(0), endsAt: LATER };
    const moved = run((context) => CHANGES.movingAccount.move(context, wanted, actor), NOW);
    assert.deepEqual(moved.value.former, { account: 1, login: 'anna~1970-01-01' });
    assert.deepEqual(db.prepare('SELECT account, count(*) FROM address GROUP BY account').raw(true).all(), [
      [moved.value.account, n],
    ]);
    return moved.statements;
  });
  assert.equal(statements[0], statements[1]);
  assert.ok(statements[0]! <= 40, `${statements[0]}`);
});
