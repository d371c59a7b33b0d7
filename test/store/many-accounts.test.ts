/**
 * Accounts of a list: what is done to them at once is what is done to one after the other, in as
 * many statements however many they are.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import type Database from 'better-sqlite3';
import type { State } from '../../src/domain/registry.ts';
import { instant } from '../../src/domain/units.ts';
import type { NamedEnding } from '../../src/store/changes/endings.ts';
import type { ChangeContext } from '../../src/store/changes/change-context.ts';
import { CHANGES } from '../../src/store/changes/table.ts';
import type { NewAccount } from '../../src/store/registry.ts';
import type { Change } from '../../src/store/sql/sql.ts';
import { type Counted, countingRunner } from '../support/counted.ts';
import { type Seeded, seeded } from '../support/seeded.ts';
import { type Cleanup, address } from '../support/store.ts';
import { registryError } from './contract.ts';

const actor = { name: 'operator', reason: 'contract ended' };
const NOW = 1000;
const LATER = instant(2000);

type Db = Database.Database;
type Run = ReturnType<typeof countingRunner>['run'];
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const login = (n: number): string => `a${n}`;
/** Account `n` has addresses 2n and 2n + 1. */
const key = (n: number): string => `k${n}@group.test`;

const newAccount = (n: number): NewAccount => ({
  login: login(n),
  organisation: 'practice',
  kind: 'mail',
  addresses: [address(key(2 * n)), address(key(2 * n + 1))],
  password: { name: 'first', hash: 'h', scram: 's' },
});

/** A practice of `n` accounts; their numbers are told. */
function practice(t: Cleanup, n: number): { readonly db: Db; readonly run: Run; readonly ids: readonly number[] } {
  const { db, run } = countingRunner(t);
  const organisation = { name: 'practice', title: 'P', language: 'nl', settings: { scram: true } } as const;
  run((context) => CHANGES.organisations.addOrganisation(context, organisation, actor));
  const ids = upTo(n).map((i) => run((context) => CHANGES.accounts.addAccount(context, newAccount(i), actor)).value);
  db.exec(`INSERT INTO authority (id, role, fingerprint, not_after, current, der, created_at)
    VALUES (1, 'issuing', 'f', 9e9, 1, x'00', 0)`);
  return { db, run, ids };
}

let made = 0;
const hex = (): string => (made += 1).toString(16).padStart(64, '0');

/** All that can hang on an account. */
function hangOn(db: Db, account: number): void {
  const [fingerprint, serial] = [hex(), made.toString(16)];
  db.prepare(
    `INSERT INTO certificate (fingerprint, issuer, serial, authority, account, use, subject, emails, not_before, not_after, der, created_at)
     VALUES (?, 'CN=I', ?, 1, ?, 'mail', 'CN=x', '[]', 0, 9000, x'00', 0)`,
  ).run(fingerprint, serial, account);
  const register = db.prepare(
    `INSERT INTO client_certificate (account, name, key, fingerprint, about, not_before, not_after, created_at)
     VALUES (?, ?, ?, ?, 'x', 0, 9000, 0)`,
  );
  // Ours, and another authority's.
  for (const print of [fingerprint, hex()]) register.run(account, print.slice(-8), `fp:${print}`, print);
  db.prepare(
    `INSERT INTO pgp_key (fingerprint, account, algorithm, user_ids, emails, made_at, encrypts_until, signs_until, packets, added_at)
     VALUES (?, ?, 'x', '[]', '["x@group.test"]', 0, 9000, 9000, x'00', 0)`,
  ).run(fingerprint.slice(0, 40) + serial, account);
  db.prepare(
    `INSERT INTO enrolment (id, hash, account, use, password, expires_at, tries_left, created_at)
     VALUES (?, x'00', ?, 'password', 'p', 9000, 3, 0)`,
  ).run(`code${serial}`, account);
}

function delegate(db: Db, owner: string, account: number): void {
  db.prepare('INSERT OR IGNORE INTO delegation (key, account) VALUES (?, ?)').run(owner, account);
}

/** Consent of `substitute`, and an absence that rests on it. */
function standIn(db: Db, owner: string, substitute: string): void {
  db.prepare('INSERT OR IGNORE INTO substitute_consent (substitute, key, given_at) VALUES (?, ?, 0)').run(
    substitute,
    owner,
  );
  db.prepare(
    `INSERT OR IGNORE INTO absence (key, from_at, until_at, mode, substitute) VALUES (?, ?, 3000, 'substitute', ?)`,
  ).run(owner, randomInt(500, 1500), substitute);
}

/**
 * Everything that a change of accounts may leave, but counters of versions and the numbers of rows.
 */
function stateOf(db: Db, since: number): unknown {
  const tables: Readonly<Record<string, string>> = {
    audit: `event, outcome, account, facts, personal FROM audit WHERE seq > ${since} ORDER BY seq`,
    account: 'id, state, ends_at, successor FROM account ORDER BY id',
    address: 'key, state, ends_at, final_at, successor FROM address ORDER BY key',
    password: 'account, name, scram FROM password ORDER BY 1, 2',
    certificate: 'fingerprint, revoked_at, reason FROM certificate ORDER BY 1',
    client_certificate: 'account, name, key, revoked_at FROM client_certificate ORDER BY 1, 2, 3, 4',
    pgp_key: 'fingerprint, revoked_at, reason FROM pgp_key ORDER BY 1',
    enrolment: 'id, tries_left FROM enrolment ORDER BY 1',
    delegation: 'key, account FROM delegation ORDER BY 1, 2',
    substitute_consent: 'substitute, key FROM substitute_consent ORDER BY 1, 2',
    absence: 'key, from_at, until_at FROM absence ORDER BY 1, 2',
  };
  return Object.fromEntries(Object.entries(tables).map(([name, of]) => [name, db.prepare(`SELECT ${of}`).all()]));
}

/**
 * What the changes leave, one after the other, and what the first of them was refused with; all of
 * it is rolled back.
 */
function tried(db: Db, run: Run, changes: readonly ((context: ChangeContext) => Change<unknown>)[]): unknown {
  const since = db.prepare('SELECT max(seq) FROM audit').pluck().get() as number;
  db.exec('SAVEPOINT tried');
  try {
    for (const change of changes) run(change, NOW);
    return stateOf(db, since);
  } catch (error) {
    return String(error);
  } finally {
    db.exec('ROLLBACK TO tried; RELEASE tried');
  }
}

test('a list of accounts ends, changes and is contained as one account after the other', (t) => {
  const seed = randomInt(2 ** 31);
  t.diagnostic(`seed ${seed}`);
  const random = seeded(seed);
  const { db, run, ids } = practice(t, 6);
  let refused = 0;
  for (let round = 0; round < 60; round += 1) {
    db.exec('SAVEPOINT round');
    tie(db, ids, random);
    const logins = upTo(1 + random.below(6)).map(() => {
      const one = login(random.below(6));
      return random.below(4) === 0 ? one.toUpperCase() : one;
    });
    const endings = logins.map((one) => endingOf(one, random));
    const state = random.pick(['active', 'suspended'] as const);
    const lists: readonly [
      (context: ChangeContext) => Change<unknown>,
      ((context: ChangeContext) => Change<unknown>)[],
    ][] = [
      [
        (context) => manyAccounts.end(context, endings, actor),
        endings.map((ending) => (context) => manyAccounts.end(context, [ending], actor)),
      ],
      [
        (context) => manyAccounts.setStates(context, logins, state, actor),
        logins.map((one) => (context) => manyAccounts.setStates(context, [one], state, actor)),
      ],
      [
        (context) => manyAccounts.contain(context, logins, actor),
        logins.map((one) => (context) => manyAccounts.contain(context, [one], actor)),
      ],
    ];
    for (const [many, one] of lists) {
      const together = tried(db, run, [many]);
      assert.deepEqual(together, tried(db, run, one), `round ${round}`);
      if (typeof together === 'string') refused += 1;
    }
    db.exec('ROLLBACK TO round; RELEASE round');
  }
  assert.ok(refused < 120, `${refused} of 180 were refused`);
});

/** Something of everything, between all of them. */
function tie(db: Db, ids: readonly number[], random: Seeded): void {
  const someKey = (): string => key(random.below(2 * ids.length));
  for (const id of ids) for (let n = random.below(3); n > 0; n -= 1) hangOn(db, id);
  const owner = (of: string): number =>
    db.prepare('SELECT account FROM address WHERE key = ?').pluck().get(of) as number;
  for (let n = 0; n < 12; n += 1) {
    const [one, other] = [someKey(), someKey()];
    if (owner(one) !== owner(other)) delegate(db, one, owner(other));
    if (one !== other) standIn(db, one, other);
  }
  for (const id of ids) {
    const state = random.pick<State>(['active', 'active', 'active', 'suspended']);
    const endsAt = random.below(4) === 0 ? LATER : null;
    db.prepare('UPDATE account SET state = ?, ends_at = ? WHERE id = ?').run(state, endsAt, id);
  }
  db.prepare('UPDATE address SET final_at = 2000, successor = ? WHERE key = ?').run('old@group.test', someKey());
}

function endingOf(one: string, random: Seeded): NamedEnding {
  const successor = random.below(4) === 0 ? { successor: address(key(random.below(12))) } : {};
  return { login: one, ...(random.below(3) === 0 ? { endsAt: LATER } : {}), ...successor };
}

const { manyAccounts } = CHANGES;
const LISTS: readonly [
  name: string,
  rows: number,
  of: (context: ChangeContext, logins: readonly string[]) => Change<unknown>,
][] = [
  // Of each a certificate, a right to send, an OpenPGP key, and its own.
  [
    'end',
    4,
    (context, logins) =>
      manyAccounts.end(
        context,
        logins.map((one) => ({ login: one, successor: LAST })),
        actor,
      ),
  ],
  ['are contained', 1, (context, logins) => manyAccounts.contain(context, logins, actor)],
  ['are suspended', 1, (context, logins) => manyAccounts.setStates(context, logins, 'suspended', actor)],
];
const LAST = address(key(99));

for (const [name, rows, change] of LISTS)
  test(`accounts ${name} in as many statements, however many they are`, (t) => {
    const { db, run, ids } = practice(t, 50);
    for (const [i, id] of ids.entries()) {
      hangOn(db, id);
      if (i < 49) delegate(db, key(2 * i), ids[49] ?? 0);
    }
    const these = (from: number, to: number): Counted =>
      run(
        (context) =>
          change(
            context,
            upTo(to - from).map((i) => login(from + i)),
          ),
        NOW,
      );
    const [two, many] = [these(0, 2), these(2, 42)];
    assert.deepEqual([two.rows, many.rows], [2 * rows, 40 * rows]);
    assert.equal(many.statements, two.statements);
  });

test('nothing that stands for an account goes on when it has ended', (t) => {
  const { db, run, ids } = practice(t, 3);
  const server = { host: 'mx.test', port: 25, tls: 'starttls', connections: 1 } as const;
  const lab = { name: 'lab', organisation: 'practice', login: 'mta', server };
  run((context) => CHANGES.partners.addPartner(context, lab, actor));
  run((context) => CHANGES.partners.setPartnerDomain(context, 'lab', 'lab.test', 'add', actor));
  const all = (of: string): unknown[] => db.prepare(of).pluck().all();
  const standing = (): unknown => ({
    certificates: all('SELECT account FROM certificate WHERE revoked_at IS NULL'),
    registrations: all('SELECT DISTINCT account FROM client_certificate WHERE revoked_at IS NULL'),
    keys: all('SELECT account FROM pgp_key WHERE revoked_at IS NULL'),
    codes: all('SELECT account FROM enrolment WHERE tries_left > 0'),
    verifiers: all('SELECT account FROM password WHERE scram IS NOT NULL'),
    addresses: all(`SELECT key FROM address WHERE state <> 'ended'`),
    partners: all(`SELECT name FROM partner WHERE state <> 'ended'`),
    domains: all('SELECT domain FROM partner_domain'),
  });
  for (const id of ids) hangOn(db, id);
  const [a, b, c] = ids;
  const of = (accounts: readonly unknown[], addresses: readonly string[], names: readonly string[]): unknown => ({
    certificates: accounts,
    registrations: accounts,
    keys: accounts,
    codes: accounts,
    verifiers: accounts,
    addresses,
    partners: names,
    domains: names.map((name) => `${name}.test`),
  });
  assert.deepEqual(standing(), of([a, b, c], upTo(6).map(key), ['lab']));
  const ends = ['a0', 'a2', 'mta'].map((one) => ({ login: one }));
  run((context) => manyAccounts.end(context, ends, actor), NOW);
  assert.deepEqual(standing(), of([b], [key(2), key(3)], []));
});

test('what has ended by the clock, and an organisation, is written down in as many statements, however much it is', (t) => {
  const { db, run, ids } = practice(t, 50);
  for (const id of ids) hangOn(db, id);
  const due = (from: number, to: number): Counted => {
    db.prepare('UPDATE account SET ends_at = 5 WHERE id BETWEEN ? AND ?').run(ids[from], ids[to - 1]);
    return run((context) => CHANGES.endings.endDue(context), NOW);
  };
  const [two, many] = [due(0, 2), due(2, 42)];
  assert.deepEqual([two.value, many.value], [2, 40]);
  assert.equal(many.statements, two.statements);
  const addresses = (n: number): Counted => {
    db.prepare(
      `UPDATE address SET final_at = 5 WHERE key IN (SELECT key FROM address WHERE state <> 'ended' LIMIT ?)`,
    ).run(n);
    return run((context) => CHANGES.endings.endDue(context), NOW);
  };
  const [few, more] = [addresses(2), addresses(8)];
  assert.deepEqual([few.rows, more.rows], [2, 8]);
  assert.equal(more.statements, few.statements);
  const last = run((context) => CHANGES.organisationEnds.step(context, 'practice', {}, actor), NOW);
  assert.equal(last.value, 8);
});

test('accounts of an import are added in as many statements, however many are in its parts', (t) => {
  const { run } = practice(t, 1);
  const { accountImports } = CHANGES;
  const add = (batch: string, from: number, n: number): Counted => {
    const accounts = upTo(n).map((i) => newAccount(from + i));
    run((context) => accountImports.keep(context, batch, 0, accounts));
    return run((context) => accountImports.apply(context, batch, n, actor));
  };
  const [two, many] = [add('one', 1, 2), add('two', 3, 40)];
  assert.deepEqual([two.rows, many.rows], [2, 40]);
  assert.equal(many.statements, two.statements);
});

test('parts of an import stay apart, add nothing where one is missing, and go with the round that finds them old', (t) => {
  const { db, run } = practice(t, 1);
  const { accountImports } = CHANGES;
  const kept = (): unknown => db.prepare('SELECT batch, first FROM account_import ORDER BY 1, 2').raw().all();
  run((context) => accountImports.keep(context, 'one', 0, [newAccount(1), newAccount(2)]));
  run((context) => accountImports.keep(context, 'one', 2, [newAccount(3)]));
  run((context) => accountImports.keep(context, 'other', 0, [newAccount(4)]));
  db.exec('BEGIN');
  assert.throws(
    () => run((context) => accountImports.apply(context, 'one', 4, actor)),
    registryError('unknown', /of 4 accounts 3 are here/),
  );
  assert.throws(
    () => run((context) => accountImports.keep(context, 'one', 199_999, [newAccount(5), newAccount(6)])),
    registryError('invalid', /more than 200000 accounts/),
  );
  db.exec('ROLLBACK');
  run((context) => accountImports.apply(context, 'one', 3, actor));
  assert.deepEqual(kept(), [['other', 0]]);
  const day = 24 * 3_600_000;
  run((context) => CHANGES.endings.endDue(context), day + 1);
  assert.deepEqual(kept(), [['other', 0]]);
  run((context) => CHANGES.endings.endDue(context), day + 2);
  assert.deepEqual(kept(), []);
});
