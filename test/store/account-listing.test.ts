/**
 * A listing of accounts: what belongs to each is asked for all of a page at once, and each account
 * shows its own alone.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type Database from 'better-sqlite3';
import { READS } from '../../src/store/reads/table.ts';
import { countingRunner } from '../support/counted.ts';

const MANY = 40;
const numbers = Array.from({ length: MANY }, (_, n) => n);

/**
 * MANY accounts of a hospital, each with a mailbox, and two of whatever a listing shows of an
 * account.
 */
function addWards(db: Database.Database): void {
  db.exec(
    `INSERT INTO organisation (id, name, title, language, created_at) VALUES (1, 'hospital', 'Hospital', 'nl', 0)`,
  );
  for (const n of numbers) {
    const id = 100 + n;
    db.exec(`
      INSERT INTO account (id, login, organisation, kind, state, created_at) VALUES (${id}, 'ward${id}', 1, 'mail', 'active', 0);
      INSERT INTO mailbox (account, octets, messages) VALUES (${id}, ${n}, 1)`);
    for (const name of ['x', 'y'])
      db.exec(`
        INSERT INTO address (key, address, account, state, created_at)
          VALUES ('${name}${id}@hospital.test', '${name}${id}@hospital.test', ${id}, 'active', 0);
        INSERT INTO password (account, name, hash, scram, created_at)
          VALUES (${id}, '${name}', 'h', ${name === 'x' ? "'s'" : 'NULL'}, 0);
        INSERT INTO client_certificate (account, name, key, fingerprint, about, not_before, not_after, created_at)
          VALUES (${id}, '${name}', '${name}${id}', 'f', '', 0, 9, 0);
        INSERT INTO enrolment (id, hash, account, use, expires_at, tries_left, created_at)
          VALUES ('${name}${id}', x'00', ${id}, 'login', ${name === 'x' ? 1 : 2}, 3, 0)`);
  }
  for (const n of numbers)
    db.exec(`INSERT INTO delegation (key, account) VALUES ('x${100 + n}@hospital.test', ${100 + ((n + 1) % MANY)})`);
}

test('a page of accounts, with all that belongs to each, is read in as many statements, however many they are', (t) => {
  const { db, run } = countingRunner(t);
  addWards(db);
  const page = (limit: number) => run((now) => READS.accounts.listAccounts(now, { limit, organisation: 'hospital' }));
  const two = page(2);
  const many = page(1000);
  assert.deepEqual([two.value.length, many.value.length], [2, MANY]);
  assert.equal(many.statements, two.statements);
  for (const summary of many.value)
    assert.deepEqual(run((now) => READS.accounts.findAccount(now, summary.account.login)).value, summary);
  const { addresses, passwords, certificates, codes, sendsAs, used, messages } = many.value[7]!;
  assert.deepEqual(
    addresses.map(({ address }) => address),
    ['x107@hospital.test', 'y107@hospital.test'],
  );
  assert.deepEqual(
    passwords.map(({ name, scram }) => [name, scram]),
    [
      ['x', true],
      ['y', false],
    ],
  );
  assert.deepEqual([certificates.map(({ name }) => name), sendsAs], [['x', 'y'], ['x106@hospital.test']]);
  // One of the two codes is too old at the moment of the reading.
  assert.deepEqual([codes.map(({ id }) => id), used, messages], [['y107'], 7, 1]);
});
