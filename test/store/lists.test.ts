/**
 * Changes that take lists: they ask as many statements for many as for two, for each statement is a
 * trip where the database is another machine.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { AccountId } from '../../src/domain/ids.ts';
import { instant } from '../../src/domain/units.ts';
import type { NewEnrolment } from '../../src/store/certificates.ts';
import { takeBackConsents } from '../../src/store/changes/absences.ts';
import type { ChangeContext } from '../../src/store/changes/change-context.ts';
import { CHANGES, MAIL_CHANGES } from '../../src/store/changes/table.ts';
import type { Change } from '../../src/store/sql/sql.ts';
import { type Counted, countingRunner } from '../support/counted.ts';
import { address } from '../support/store.ts';

const MANY = 40;
const actor = { name: 'test' };

/** A practice with two accounts, and MANY addresses of the first. */
function practice(t: TestContext) {
  const { db, run } = countingRunner(t);
  db.exec(`INSERT INTO organisation (id, name, title, language, created_at) VALUES (1, 'practice', 'Practice', 'nl', 0);
    INSERT INTO account (id, login, organisation, kind, state, created_at)
      VALUES (1, 'one', 1, 'mail', 'active', 0), (2, 'two', 1, 'mail', 'active', 0)`);
  const add = db.prepare(
    `INSERT INTO address (key, address, account, state, created_at) VALUES (@key, @key, 1, 'active', 0)`,
  );
  for (let n = 0; n < MANY; n += 1) add.run({ key: `a${n}@group.test` });
  return (change: (context: ChangeContext) => Change<unknown>): Pick<Counted, 'statements' | 'rows'> => {
    const { statements, rows } = run(change);
    return { statements, rows };
  };
}

test('addresses move in as many statements, however many they are', (t) => {
  const run = practice(t);
  const move = (from: number, to: number) =>
    run((context) =>
      CHANGES.addresses.moveAddresses(
        context,
        Array.from({ length: to - from }, (_, n) => ({ address: address(`a${from + n}@group.test`), login: 'two' })),
        actor,
      ),
    );
  const two = move(0, 2);
  const many = move(2, MANY);
  assert.deepEqual([two.rows, many.rows], [2, MANY - 2]);
  assert.equal(many.statements, two.statements);
});

const upTo = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, n) => from + n);

test('absences, identities and counts of quirks are written in as many statements, however many they are', (t) => {
  const run = practice(t);
  const absent = (from: number, to: number) =>
    run((context) =>
      CHANGES.absences.addAbsences(
        context,
        upTo(from, to).map((n) => ({
          address: address(`a${n}@group.test`),
          from: instant(5),
          until: instant(9),
          mode: 'refuse',
        })),
        actor,
      ),
    );
  const called = (from: number, to: number) =>
    run((context) =>
      CHANGES.edi.addIdentities(
        context,
        upTo(from, to).map((n) => ({ id: `${n}`, qualifier: '', organisation: 'practice', login: 'one' })),
        actor,
      ),
    );
  const counted = (from: number, to: number) =>
    run((context) =>
      MAIL_CHANGES.quirks.note(
        context,
        upTo(from, to).map((day) => ({
          account: 1 as AccountId,
          quirk: 'helo',
          day,
          tolerated: 1,
          refused: 0,
          lastAt: instant(day),
          client: null,
        })),
      ),
    );
  for (const [of, rows] of [
    [absent, 1],
    [called, 1],
    [counted, 0],
  ] as const) {
    const two = of(0, 2);
    const many = of(2, MANY);
    assert.deepEqual([two.rows, many.rows], [2 * rows, (MANY - 2) * rows]);
    assert.equal(many.statements, two.statements);
  }
});

test('consents are taken back, with the absences that rest on them, in as many statements, however many they are', (t) => {
  const { db, run } = countingRunner(t);
  db.exec(
    `INSERT INTO organisation (id, name, title, language, created_at) VALUES (1, 'practice', 'Practice', 'nl', 0)`,
  );
  const account = db.prepare(
    `INSERT INTO account (id, login, organisation, kind, state, created_at) VALUES (?, ?, 1, 'mail', 'active', 0)`,
  );
  const called = db.prepare(
    `INSERT INTO address (key, address, account, state, created_at) VALUES (@key, @key, @id, 'active', 0)`,
  );
  for (let n = 0; n <= MANY; n += 1) {
    account.run(n + 1, `a${n}`);
    called.run({ key: `a${n}@group.test`, id: n + 1 });
  }
  const pair = (n: number) => ({ substitute: address(`a${MANY}@group.test`), address: address(`a${n}@group.test`) });
  for (let n = 0; n < MANY; n += 1) {
    const { substitute, address: of } = pair(n);
    run((context) => CHANGES.absences.setConsent(context, substitute, of, true, actor));
  }
  run((context) =>
    CHANGES.absences.addAbsences(
      context,
      upTo(0, MANY).map((n) => ({
        ...pair(n),
        from: instant(2e12),
        until: instant(3e12),
        mode: 'substitute' as const,
      })),
      actor,
    ),
  );
  const rowsLeft = () =>
    db.prepare('SELECT (SELECT count(*) FROM substitute_consent) + (SELECT count(*) FROM absence)').pluck().get();
  assert.equal(rowsLeft(), 2 * MANY);
  const takeBack = (from: number, to: number): Pick<Counted, 'statements' | 'rows'> => {
    const { statements, rows } = run((context) => takeBackConsents(context, upTo(from, to).map(pair)));
    return { statements, rows };
  };
  assert.deepEqual(takeBack(2, MANY), takeBack(0, 2));
  assert.equal(rowsLeft(), 0);
});

const hex = (n: number): string => n.toString(16).padStart(64, '0');
const list = <T>(from: number, to: number, make: (n: number) => T): T[] =>
  Array.from({ length: to - from }, (_, n) => make(from + n));

test('certificates are added with their addresses, and revoked, in as many statements, however many they are', (t) => {
  const run = practice(t);
  const add = (n: number, emails: readonly string[]) =>
    run((context) =>
      CHANGES.certificates.addCertificate(
        context,
        n % 2 === 0 ? 'one' : 'two',
        {
          ...{
            fingerprint: hex(n),
            serial: n.toString(16),
            issuer: 'CN=Issuing',
            use: 'mail',
            subject: `CN=${n}`,
            emails,
          },
          ...{ notBefore: instant(0), notAfter: instant(9), der: randomBytes(9) },
        },
        'imported',
        actor,
      ),
    );
  const ofTwo = add(0, ['x@group.test', 'y@group.test']);
  const ofMany = add(
    1,
    list(0, MANY, (n) => `z${n}@group.test`),
  );
  assert.deepEqual(ofMany, ofTwo);
  for (let n = 2; n < MANY; n += 1) add(n, []);
  const revoke = (from: number, to: number) =>
    run((context) => CHANGES.certificates.revokeCertificates(context, list(from, to, hex), 'superseded', actor));
  const two = revoke(0, 2);
  const many = revoke(2, MANY);
  assert.deepEqual([two.rows, many.rows], [2, MANY - 2]);
  assert.equal(many.statements, two.statements);
});

test('codes are made in as many statements, however many they are', (t) => {
  const run = practice(t);
  const code = (n: number): NewEnrolment => {
    const any = {
      id: `code${n}`,
      hash: randomBytes(32),
      login: n % 4 < 2 ? 'one' : 'two',
      expiresAt: instant(9),
      tries: 3,
    };
    return n % 2 === 0
      ? { ...any, use: 'login', notAfter: instant(9), replaces: hex(n) }
      : { ...any, use: 'password', password: `p${n}`, others: false, by: 'letter' };
  };
  const make = (from: number, to: number) =>
    run((context) => CHANGES.enrolments.addEnrolments(context, list(from, to, code), actor));
  const two = make(0, 2);
  const many = make(2, MANY);
  assert.deepEqual([two.rows, many.rows], [2, MANY - 2]);
  assert.equal(many.statements, two.statements);
});

test('settings of many addresses change in as many statements, however many they are', (t) => {
  const run = practice(t);
  const set = (from: number, to: number) =>
    run((context) =>
      CHANGES.settings.changeManySettings(
        context,
        upTo(from, to).map((n) => ({
          target: { scope: 'address', address: address(`a${n}@group.test`) } as const,
          changes: { quota: n },
        })),
        actor,
      ),
    );
  const two = set(0, 2);
  const many = set(2, MANY);
  assert.deepEqual([two.rows, many.rows], [2, MANY - 2]);
  assert.equal(many.statements, two.statements);
});

test('a step of a sweep asks as many statements, however much there is to drop', (t) => {
  const { db, run } = countingRunner(t);
  const at = 100 * 86_400_000;
  db.exec(`INSERT INTO organisation (id, name, title, language, created_at) VALUES (1, 'practice', 'Practice', 'nl', 0);
    INSERT INTO fact (name, value) VALUES ('kept_walked', '0/1000:end')`);
  let id = 0;
  const fill = (n: number): void => {
    for (let i = 0; i < n; i += 1) {
      id += 1;
      db.exec(`INSERT INTO account (id, login, organisation, kind, state, created_at) VALUES (${id}, 'a${id}', 1, 'mail', 'active', 0);
        INSERT INTO mailbox (account, hidden_octets, sweep_at) VALUES (${id}, 5, 0);
        INSERT INTO hidden_entry (account, hidden_at, uid, message, octets, retrieved) VALUES (${id}, 0, 1, ${id}, 5, 2);
        INSERT INTO content (message, data_key, chunks, refs) VALUES (${id}, x'00', 0, 1);
        INSERT INTO day_key (day) VALUES ('${new Date(id * 86_400_000).toISOString().slice(0, 10)}')`);
      for (const [message, goneAt] of [
        [id, null],
        [2000 + id, 1],
      ] as const)
        db.prepare(
          `INSERT INTO message (id, received_at, submitter, sender, message_id_field, envelope, octets, sha256, gone_at)
             VALUES (?, 0, 0, '', '', '', 5, x'00', ?)`,
        ).run(message, goneAt);
    }
  };
  const keptFor = { hidden: 1000, traces: 1000, networks: 1000, usage: 1000 };
  const sweep = (n: number) => {
    fill(n);
    const step = { keptFor, open: [], below: 10_000n, day: '' };
    return run((context) => MAIL_CHANGES.sweeps.step(context, step), at);
  };
  // Of the fact below which no id is made again, the first step makes one.
  sweep(1);
  const two = sweep(2);
  const many = sweep(MANY - 5);
  for (const [n, { value }] of [
    [2, two],
    [MANY - 5, many],
  ] as const) {
    assert.deepEqual([value.messages, value.traces], [n, n]);
    assert.equal(value.days.length, n === 2 ? 3 : MANY - 2);
  }
  assert.equal(db.prepare('SELECT count(*) FROM hidden_entry').pluck().get(), 0);
  assert.equal(many.statements, two.statements);
});
