/**
 * The store's statements on PostgreSQL: all of them are prepared, and some changes and reads run.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import Database from 'better-sqlite3';
import { chainHash, laneStart } from '../../src/crypto/trail/audit-chain.ts';
import type { AuditItem, ChainRow } from '../../src/domain/audit-row.ts';
import type { Verdict } from '../../src/domain/second-person.ts';
import type { DirectoryRecord } from '../../src/domain/directory.ts';
import { addressKey } from '../../src/domain/address.ts';
import type { AccountId, DeliveryId, PartnerId } from '../../src/domain/ids.ts';
import { type Instant, days, hours, instant, minutes, seconds } from '../../src/domain/units.ts';
import type { Effects } from '../../src/store/changes/changed.ts';
import { following } from '../../src/store/changes/directory.ts';
import { ChangeContext } from '../../src/store/changes/change-context.ts';
import { addToMailbox, mailboxOf } from '../../src/store/changes/services.ts';
import { CHANGES, MAIL_CHANGES } from '../../src/store/changes/table.ts';
import { READS } from '../../src/store/reads/table.ts';
import { RegistryError } from '../../src/store/registry.ts';
import { NO_END } from '../../src/store/pgp-keys.ts';
import { QUIRK_DAYS } from '../../src/store/quirks.ts';
import type { DeliveryRows } from '../../src/store/reads/records.ts';
import { absencesAhead } from '../../src/store/reads/absences.ts';
import { bytes, int, orNull, text } from '../../src/store/sql/columns.ts';
import { type Dialect, SQLITE } from '../../src/store/sql/parts.ts';
import { type Change, checkColumns, sql, textOf } from '../../src/store/sql/sql.ts';
import { knownMigrations, migrate } from '../../src/store/sqlite/migrate.ts';
import { SqliteRunner } from '../../src/store/sqlite/runner.ts';
import { type PostgresClient, PostgresRunner, makeTables, startPostgres } from '../support/postgres.ts';
import { address } from '../support/store.ts';
import { ownTemplatesIn, templatesIn } from '../support/templates.ts';
import { registryError } from './contract.ts';

const root = join(import.meta.dirname, '..', '..');
const templates = templatesIn(join(root, 'src', 'store'));
/** PostgreSQL has statements of its own. */
const sqliteTemplates = templates.filter(({ where }) => !where.startsWith('postgres/'));
const ownTemplates = ownTemplatesIn(join(root, 'src', 'store', 'sqlite'));

let client: PostgresClient;
const closers: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const close of closers.toReversed()) await close();
});
before(async () => {
  client = await startPostgres({ after: (close) => closers.push(close) });
  await makeTables(client);
});

/** What PostgreSQL has for a declared type where a number is worked out. */
const SAME: Readonly<Record<string, readonly string[]>> = { bigint: ['integer', 'smallint', 'numeric'] };

test('PostgreSQL prepares every statement of the store, and its columns have the declared types', async () => {
  assert.ok(templates.length >= 20, `${templates.length} statements found`);
  const wrong: string[] = [];
  for (const { where, plan } of templates)
    for (const lock of ['', 'FOR SHARE', 'FOR UPDATE'] as const) {
      const dialect: Dialect = { engine: 'postgres', lock };
      try {
        await client.query(`PREPARE checked AS ${textOf(plan, dialect)}`);
        const prepared = `SELECT coalesce(result_types::text[], '{}') FROM pg_prepared_statements WHERE name = 'checked'`;
        const { rows } = await client.query({ text: prepared, rowMode: 'array' });
        await client.query('DEALLOCATE checked');
        const types = (rows[0]?.[0] ?? []) as readonly string[];
        const declared = plan.columns.map(({ type }) => type);
        const fits =
          types.length === declared.length &&
          declared.every((type, i) => [type, ...(SAME[type] ?? [])].includes(types[i]!));
        if (!fits) wrong.push(`${where}: columns are ${types.join()}; declared are ${declared.join()}`);
      } catch (error) {
        wrong.push(`${where}: ${String(error)}: ${textOf(plan, dialect)}`);
      }
    }
  assert.deepEqual(wrong, []);
});

test('SQLite prepares every statement of the store, and its columns have the declared names', () => {
  const db = new Database(':memory:');
  migrate(db, knownMigrations(), 0, true);
  const wrong: string[] = [];
  for (const { where, plan } of sqliteTemplates)
    try {
      const prepared = db.prepare(textOf(plan, SQLITE));
      if (plan.wanted === 'count') assert.ok(!prepared.reader, 'it gives rows, and sql.run counts changes');
      else
        checkColumns(
          plan,
          prepared.columns().map(({ name }) => name),
        );
    } catch (error) {
      wrong.push(`${where}: ${String(error)}: ${textOf(plan, SQLITE)}`);
    }
  db.close();
  assert.deepEqual(wrong, []);
});

test('SQLite prepares every statement of its own code, and each gives what its tag takes', () => {
  assert.ok(ownTemplates.length >= 5, `${ownTemplates.length} statements found`);
  const db = new Database(':memory:');
  migrate(db, knownMigrations(), 0, true);
  const wrong: string[] = [];
  for (const { where, text, tag } of ownTemplates)
    try {
      const prepared = db.prepare(text);
      assert.equal(prepared.reader, tag !== 'run', 'rows are for first, all and each; changes for run');
      if (tag.startsWith('value')) assert.equal(prepared.columns().length, 1, 'one column');
    } catch (error) {
      wrong.push(`${where}: ${String(error)}: ${text}`);
    }
  db.close();
  assert.deepEqual(wrong, []);
});

/** Tables that are read from end to end, and why that is right. */
const SCANNED: Readonly<Record<string, string>> = {
  'changes/account-imports.ts: SCAN account_import': 'empty but while an import is under way: once a day',
  'changes/account-moves.ts: SCAN account':
    'not read: SQLite looks for rows that refer to a new account only while a reference is broken',
  'changes/account-moves.ts: SCAN edi_identity': 'the same',
  'changes/authorities.ts: SCAN authority': 'a handful',
  'changes/authorities.ts: SCAN certificate':
    'not read: SQLite looks for rows that refer to a new authority only while a reference is broken',
  'changes/console.ts: SCAN break_glass': 'one row at most',
  'reads/break-glass.ts: SCAN b': 'one row at most',
  'changes/ended-keys.ts: SCAN k': 'all private keys that are held, once a day: few, and each may be one that must go',
  'changes/ended-keys.ts: SCAN s': 'the same of OpenPGP keys',
  'changes/new-accounts.ts: SCAN account':
    'not read: SQLite looks for rows that refer to a new account only while a reference is broken',
  'changes/new-accounts.ts: SCAN edi_identity': 'the same',
  'changes/organisation-erasure.ts: SCAN m': 'the months of which there are figures, found by a seek each',
  'changes/organisations.ts: SCAN o': 'all organisations, once a day: which has ended by the clock',
  'changes/organisations.ts: SCAN usage_month':
    'not read: SQLite looks for rows that refer to a new organisation only while a reference is broken',
  'changes/organisations.ts: SCAN directory_entry': 'the same',
  'changes/partners.ts: SCAN d': 'addresses that end in a domain: an operator adds one to a partner now and then',
  'reads/day-keys.ts: SCAN day_key':
    'a row for each day of a store, when a gateway that joins looks which keys it lacks',
  'reads/availability.ts: SCAN availability': 'spans of 400 days: one where all is well, two more for each gap',
  'reads/addresses.ts: SCAN address':
    'whether a domain has addresses: asked when an operator gives a contact that is not registered',
  'reads/moving-account.ts: SCAN account_move': 'moves that are under way, at the start of a store: few',
  'changes/sweeps.ts: SCAN oldest': 'the 200 oldest, found by their numbers',
  'reads/settings.ts: SCAN account':
    'whether a setting is set anywhere is asked of all rows, when an operator is about to rely on it',
  'reads/settings.ts: SCAN address': 'the same',
  'reads/settings.ts: SCAN organisation': 'the same',
  'reads/webhook-events.ts: SCAN l': 'accounts of one step of events, and those that took over from them',
  'reads/trail-restores.ts: SCAN a':
    'restores, when a copy is proved, or when evidence meets an anchor that no row fits',
  'reads/trail-order.ts: SCAN t': 'no row: on SQLite one connection writes',
  'reads/trust.ts: SCAN authority': 'all authorities: a handful',
};

/** They read and settle a whole copy, which nobody serves. */
const WHOLE_COPY = /^(changes\/restored|core\/copy-proof)\.ts: /;

test('no statement of the store reads a table from end to end on SQLite', () => {
  const db = new Database(':memory:');
  migrate(db, knownMigrations(), 0, true);
  const scans = sqliteTemplates.flatMap(({ where, plan }) => {
    const text = textOf(plan, SQLITE);
    const values = [...text.matchAll(/\?/g)].map(() => '[]');
    const steps = db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${text}`).all(...values);
    return steps
      .filter(({ detail }) => /^SCAN (?!json_each|given|CONSTANT|w$|\(subquery)(?!.* USING )/.test(detail))
      .map(({ detail }) => `${where.replace(/:\d+$/, '')}: ${detail}`);
  });
  db.close();
  assert.deepEqual(
    scans.filter((scan) => !(scan in SCANNED) && !WHOLE_COPY.test(scan)),
    [],
  );
});

const actor = { name: 'root', reason: 'test' };
const noon = Date.UTC(2026, 10, 25, 12);
const fingerprint = (n: number): string => String(n).padStart(64, '0');

test('changes and reads of operators do on PostgreSQL what they do on SQLite', async () => {
  const runner = new PostgresRunner(client);
  const at = (minute: number): Instant => instant(noon + minute * 60_000);
  const change = <T>(minute: number, of: (context: ChangeContext) => Change<T>): Promise<T> =>
    runner.run(of(new ChangeContext(at(minute), randomBytes(32))));
  const { operators } = CHANGES;
  for (const n of [2, 1]) {
    const key = { fingerprint: fingerprint(n), publicKey: Buffer.from([n, 0, 255]) };
    await change(n, (context) => operators.add(context, { name: `op${n}`, role: 'owner', key }, actor));
  }
  const again = { name: 'op1', role: 'read' } as const;
  await assert.rejects(
    change(3, (context) => operators.add(context, again, actor)),
    registryError('exists', /an operator "op1"/),
  );
  const list = await runner.run(READS.operators.signers({ at: at(3) }));
  assert.deepEqual(list, [
    { name: 'op1', fingerprint: fingerprint(1), publicKey: Buffer.from([1, 0, 255]) },
    { name: 'op2', fingerprint: fingerprint(2), publicKey: Buffer.from([2, 0, 255]) },
  ]);

  // Another role, another key, a token that is used and ended: each read gives it as SQLite does.
  const token = {
    id: 'TTTTTTTT',
    operator: 'op3',
    role: 'read',
    networks: ['192.0.2.0/24', '::1'],
    endsAt: at(90),
  } as const;
  await change(3, (context) =>
    operators.add(context, { name: 'op3', role: 'support', certificate: 'ab', endsAt: at(80) }, actor),
  );
  await change(3, (context) => operators.set(context, 'op3', { role: 'registry', certificate: 'cd' }, actor));
  await change(3, (context) => operators.addToken(context, { ...token, hash: Buffer.from([7, 0]) }, actor));
  await change(3, (context) => operators.used(context, token.id, at(3)));
  await change(3, (context) => operators.used(context, token.id, at(2)));
  const op3 = { name: 'op3', role: 'registry', certificate: 'cd', addedAt: at(3), endsAt: at(80) };
  assert.deepEqual(await runner.run(READS.operators.byCertificate({ at: at(4) }, 'cd')), op3);
  assert.equal(await runner.run(READS.operators.byCertificate({ at: at(80) }, 'cd')), undefined);
  const held = { ...token, addedAt: at(3), lastUsedAt: at(3) };
  assert.deepEqual(await runner.run(READS.operators.token({ at: at(4) }, token.id)), {
    ...held,
    hash: Buffer.from([7, 0]),
    holder: op3,
  });
  assert.deepEqual(await runner.run(READS.operators.tokens({ at: at(4) })), [held]);
  await change(3, (context) => operators.end(context, 'op3', actor));
  assert.equal((await runner.run(READS.operators.token({ at: at(4) }, token.id)))?.endedAt, at(3));
  assert.deepEqual(
    (await runner.run(READS.operators.list({ at: at(4) }))).map(({ name, fingerprint: key }) => [name, key]),
    [
      ['op1', fingerprint(1)],
      ['op2', fingerprint(2)],
    ],
  );

  const request = {
    id: 'AAAAAAAA',
    operation: 'audit.erase',
    verb: 'erase',
    input: '{}',
    askedBy: 'root',
    reason: 'r',
  } as const;
  const asked = await change(4, (context) => operators.ask(context, request));
  assert.deepEqual(asked, {
    ...request,
    askedAt: at(4),
    endsAt: at(64),
    signatures: [],
    passkeys: [],
    isAskerKnown: false,
  });
  for (const n of [1, 2]) {
    const signature = { fingerprint: fingerprint(n), at: at(4 + n), signature: Buffer.from([n]) };
    await change(5, (context) => operators.sign(context, 'AAAAAAAA', signature, actor));
  }
  const waiting = await runner.run(READS.operators.waiting({ at: at(6) }));
  assert.deepEqual(
    waiting.map(({ signatures }) => signatures.map((one) => one.fingerprint)),
    [[fingerprint(1), fingerprint(2)]],
  );
  await change(7, (context) =>
    operators.use(context, 'AAAAAAAA', { first: { key: fingerprint(1) }, second: { key: fingerprint(2) } }, actor),
  );
  assert.equal((await runner.run(READS.operators.request({ at: at(7) }, 'AAAAAAAA')))?.usedAt, at(7));
  assert.deepEqual(await runner.run(READS.operators.waiting({ at: at(7) })), []);
  assert.deepEqual(await change(8, (context) => operators.rule(context, ['erase'], actor)), []);

  const rows = await runner.run(chain());
  assert.deepEqual(
    rows.map(({ event }) => event),
    [
      'operator.added',
      'operator.added',
      'operator.added',
      'operator.rights-changed',
      'operator.token-added',
      'operator.removed',
      'approval.asked',
      'approval.signed',
      'approval.signed',
      'approval.used',
      'operators.rule-changed',
    ],
  );
  let before = laneStart({ node: 0, epoch: 1, lane: rows[0]!.lane });
  for (const [i, row] of rows.entries()) {
    assert.equal(row.place, i + 1);
    assert.deepEqual(row.hash, chainHash(before, row), `row ${row.seq}`);
    before = row.hash;
  }
});

test('logins, recipients and listings are read on PostgreSQL as on SQLite', async () => {
  const rows = [
    `INSERT INTO organisation (id, name, title, language, created_at, state, ends_at, successor) VALUES
      (181, 'region-a', 'Region', 'nl', 0, 'active', NULL, NULL), (182, 'region-b', 'Ending', 'en', 0, 'active', ${noon + 9}, 'z@x.test')`,
    `INSERT INTO account (id, login, organisation, kind, state, created_at, ends_at, settings, last_login) VALUES
      (181, 'region-eva', 181, 'mail', 'active', 0, NULL, '{"scram":true}', 7), (182, 'region-fay', 182, 'edi', 'suspended', 0, ${noon + 8}, '{}', NULL),
      (183, 'region-out', 181, 'partner', 'active', 0, NULL, '{}', NULL)`,
    `INSERT INTO mailbox (account, octets, messages) VALUES (181, 5, 1), (182, 0, 0), (183, 0, 0)`,
    `INSERT INTO address (key, address, account, state, created_at, ends_at) VALUES
      ('eva@region.test', 'Eva@region.test', 181, 'active', 0, ${noon + 5}), ('fay@region.test', 'fay@region.test', 182, 'active', 0, NULL)`,
    `INSERT INTO password (account, name, hash, created_at) VALUES (181, 'first', 'h', 0), (181, 'second', 'h', 0)`,
    `INSERT INTO client_certificate (id, account, name, key, fingerprint, about, not_before, not_after, created_at) VALUES
      (181, 181, 'pc', 'fp:181', '181', 'x', 0, 9, 0)`,
    `INSERT INTO enrolment (id, hash, account, use, expires_at, tries_left, created_at) VALUES ('e81', '', 181, 'login', ${noon + 1}, 3, 0)`,
    `INSERT INTO delegation (key, account) VALUES ('eva@region.test', 182)`,
    `INSERT INTO partner (id, name, account, state, server, created_at) VALUES (181, 'region-out', 183, 'refusing', '{}', 0)`,
    `INSERT INTO partner_domain (domain, partner) VALUES ('out.test', 181)`,
    `INSERT INTO former_organisation (organisation, account, until_seq, until_at) VALUES (182, 181, 3, 4)`,
  ];
  const db = new Database(':memory:');
  migrate(db, knownMigrations(), 0, true);
  for (const row of rows) {
    db.exec(row.replace("'e81', ''", "'e81', x''"));
    await client.query(row);
  }
  const now = { at: instant(noon) };
  const { accounts, addresses, formerOrganisations, organisations, roads } = READS;
  const reads: Readonly<Record<string, () => Change<unknown>>> = {
    ...Object.fromEntries(
      ['eva@region.test', 'fay@region.test', 'any@out.test', 'no@region.test'].map((key) => [
        key,
        () => roads.recipient(now, addressKey(address(key))),
      ]),
    ),
    ...Object.fromEntries(
      ['region-eva', 'region-fay', 'region-out'].map((login) => [login, () => roads.login(now, login)]),
    ),
    own: () => roads.sendAs(now, 181 as AccountId, addressKey(address('eva@region.test'))),
    delegated: () => roads.sendAs(now, 182 as AccountId, addressKey(address('eva@region.test'))),
    ofDomain: () => roads.sendAs(now, 183 as AccountId, addressKey(address('any@out.test'))),
    mailbox: () => roads.mailbox(now, 181 as AccountId),
    accounts: () => accounts.listAccounts(now, { limit: 9, after: 'region-' }),
    ofOrganisation: () => accounts.listAccounts(now, { limit: 9, organisation: 'region-b' }),
    addresses: () => addresses.listAddresses(now, { limit: 9, login: 'region-fay' }),
    domain: () => addresses.hasAddressesIn(now, 'Region.test'),
    organisations: () => organisations.listOrganisations(now, { limit: 9, after: 'region-' }),
    former: () => formerOrganisations.listFormerAccounts(now, { limit: 9, organisation: 'region-b' }),
  };
  const sqlite = new SqliteRunner(db);
  const postgres = new PostgresRunner(client);
  for (const [name, read] of Object.entries(reads)) {
    const found = sqlite.run(read());
    assert.deepEqual(await postgres.run(read()), found, name);
    const none = name === 'no@region.test';
    assert.equal(found === undefined || found === null || found === false, none, name);
  }
  db.close();
});

test('absences, identities, keys and quirks do on PostgreSQL what they do on SQLite', async () => {
  const runner = new PostgresRunner(client);
  const now = { at: instant(noon) };
  const change = <T>(of: (context: ChangeContext) => Change<T>): Promise<T> =>
    runner.run(of(new ChangeContext(now.at, randomBytes(32))));
  await client.query(
    `INSERT INTO organisation (id, name, title, language, created_at) VALUES (71, 'practice', 'Practice', 'nl', 0)`,
  );
  await client.query(`INSERT INTO account (id, login, organisation, kind, state, created_at)
    VALUES (71, 'anna', 71, 'mail', 'active', 0), (72, 'ben', 71, 'mail', 'active', 0)`);
  await client.query(`INSERT INTO address (key, address, account, state, created_at)
    VALUES ('anna@group.test', 'Anna@group.test', 71, 'active', 0), ('ben@group.test', 'ben@group.test', 72, 'active', 0)`);
  const [anna, ben] = [address('Anna@group.test'), address('ben@group.test')];

  const { absences, edi, pgpKeys } = CHANGES;
  const { quirks } = MAIL_CHANGES;
  await change((context) => absences.setConsent(context, ben, anna, true, actor));
  await change((context) => absences.setConsent(context, ben, anna, true, actor));
  const away = (hour: number, more: object) => ({
    ...{ address: anna, from: instant(noon + hour * 3_600_000), until: instant(noon + (hour + 1) * 3_600_000) },
    ...{ mode: 'refuse' as const, ...more },
  });
  const both = [away(1, { mode: 'substitute', substitute: ben }), away(2, {})];
  await change((context) => absences.addAbsences(context, both, actor));
  await assert.rejects(
    change((context) => absences.addAbsences(context, [away(1.5, {})], actor)),
    registryError('exists', /has an absence in that time already/),
  );
  assert.deepEqual(await runner.run(READS.absences.listAbsences(now, { limit: 9, endsAfter: now.at })), both);
  assert.deepEqual(await runner.run(absencesAhead('ben@group.test', now.at)), []);
  assert.equal(await change((context) => absences.setConsent(context, ben, anna, false, actor)), 1);
  const ends = (context: ChangeContext) => absences.endAbsence(context, anna, both[1]!.from, actor);
  await change(ends);
  assert.deepEqual(await runner.run(READS.absences.listAbsences(now, { limit: 9, endsAfter: now.at })), []);

  const identities = [
    { id: '1', qualifier: 'ZZ', organisation: 'practice' },
    { id: '2', qualifier: '', organisation: 'practice', login: 'anna' },
  ];
  await change((context) => edi.addIdentities(context, identities, actor));
  await change((context) => edi.addIdentities(context, identities, actor));
  assert.deepEqual(await runner.run(READS.edi.listIdentities(now, { limit: 9 })), identities);
  assert.deepEqual(await runner.run(READS.ediMemory.identitiesOf(now, 72 as AccountId)), ['1:ZZ']);
  await change((context) => edi.removeIdentity(context, identities[0]!, actor));
  assert.deepEqual(await runner.run(READS.edi.listIdentities(now, { limit: 9 })), identities.slice(1));

  const key = {
    ...{ fingerprint: 'ab'.repeat(20), algorithm: 'ed25519legacy', userIds: ['Anna'], emails: ['anna@group.test'] },
    ...{ createdAt: now.at, encryptsUntil: NO_END, signsUntil: NO_END },
    ...{ packets: Buffer.from([1, 0, 255]), revoked: false, sealedKey: Buffer.from([7]) },
  };
  assert.equal(await change((context) => pgpKeys.add(context, 'anna', key, 'imported', actor)), 'added');
  assert.equal(await change((context) => pgpKeys.add(context, 'anna', key, 'imported', actor)), 'refreshed');
  await change((context) => pgpKeys.revoke(context, key.fingerprint, 'lost', actor));
  const [held] = await runner.run(READS.pgpKeys.findMail(now, addressKey(anna)));
  assert.deepEqual(
    [held?.packets, held?.sealedKey, held?.revoked],
    [key.packets, key.sealedKey, { at: now.at, reason: 'lost' }],
  );
  const found = await runner.run(READS.pgpKeys.find(now, 'ABABABAB ABABABAB'));
  assert.deepEqual(
    found.map(({ userIds, keyHeld }) => [userIds, keyHeld]),
    [[['Anna'], true]],
  );

  const count = { quirk: 'helo', tolerated: 1, refused: 2, lastAt: now.at };
  const note = (day: number, client: string | null) =>
    change((context) =>
      quirks.note(
        context,
        [71, 72].map((n) => ({ account: n as AccountId, ...count, day, client })),
      ),
    );
  for (const client of ['Old', null]) await note(0, client);
  const written = (): Promise<readonly unknown[]> => runner.run(READS.quirks.written(now, 71 as AccountId));
  assert.deepEqual(await written(), [{ ...count, day: '1970-01-01', tolerated: 2, refused: 4, client: 'Old' }]);
  await note(QUIRK_DAYS, null);
  assert.equal((await written()).length, 1);
});

test('what a change asks of its engine besides statements is done on PostgreSQL as well', async () => {
  const runner = new PostgresRunner(client);
  await client.query(
    `INSERT INTO organisation (id, name, title, language, created_at) VALUES (81, 'clinic', 'Clinic', 'nl', 0)`,
  );
  await client.query(`INSERT INTO account (id, login, organisation, kind, state, created_at)
    VALUES (81, 'cato', 81, 'mail', 'active', 0)`);
  await client.query('INSERT INTO mailbox (account) VALUES (81)');
  const add = async (by: Parameters<typeof addToMailbox>[2]): Promise<Effects | undefined> => {
    const context = new ChangeContext(instant(noon), randomBytes(32));
    await runner.run(addToMailbox(context, 81, by));
    return context.effects;
  };
  assert.deepEqual(await add({ octets: 100, messages: 2 }), { mailboxes: [81, 100, 2, 3, 1] });
  assert.deepEqual(await add({ octets: -40, messages: -1, hidden: 40, sweepAt: noon }), {
    mailboxes: [81, 60, 1, 3, 2],
  });
  assert.equal(await add({ hidden: -10 }), undefined, 'nobody remembers what is deleted');
  const mailbox = await runner.run(mailboxOf(81));
  assert.deepEqual(
    [mailbox?.nextUid, mailbox?.hiddenOctets, mailbox?.sweepAt, mailbox?.state],
    [3, 30, noon, 'active'],
  );
  assert.equal(await runner.run(mailboxOf(82)), undefined);
});

test('a sweep drops on PostgreSQL what it drops on SQLite', async () => {
  const at = instant(noon);
  const db = new Database(':memory:');
  migrate(db, knownMigrations(), 0, true);
  const onSqlite = new SqliteRunner(db);
  const onPostgres = new PostgresRunner(client);
  const both = async (text: string): Promise<void> => {
    db.exec(text);
    await client.query(text.replaceAll("x'00'", "decode('00', 'hex')"));
  };
  const old = noon - days(20);
  const day = (n: number): string => new Date(noon - days(n)).toISOString().slice(0, 10);
  await both(`INSERT INTO organisation (id, name, title, language, created_at, settings) VALUES
    (91, 'sweep', 'Sweep', 'nl', 0, '{}'), (92, 'short', 'Short', 'nl', 0, '{"keep-deleted":1,"quota":1000}')`);
  await both(`INSERT INTO account (id, login, organisation, kind, state, created_at, settings) VALUES
    (91, 'dina', 91, 'mail', 'active', 0, '{}'), (92, 'evi', 92, 'mail', 'active', 0, '{}'), (93, 'fien', 91, 'mail', 'active', 0, '{"quota":10}')`);
  await both(`INSERT INTO mailbox (account, hidden_octets, sweep_at) VALUES (91, 12, 0), (92, 8, 0), (93, 16, 0)`);
  await both(`INSERT INTO hidden_entry (account, hidden_at, uid, message, octets, retrieved) VALUES
    (91, ${old}, 1, 1, 4, 2), (91, ${old + 1}, 2, 2, 4, 2), (91, ${noon - 1}, 3, 3, 4, 2),
    (92, ${noon - days(2)}, 1, 1, 4, 2), (92, ${noon - 1}, 2, 3, 4, 2),
    (93, ${noon - 3}, 1, 4, 8, 2), (93, ${noon - 2}, 2, 3, 8, 2)`);
  await both(`INSERT INTO message (id, received_at, submitter, sender, message_id_field, envelope, octets, sha256, copy_of, gone_at) VALUES
    (1, 0, 0, '', '<1@x>', '', 4, x'00', NULL, NULL), (2, 0, 0, '', '<2@x>', '', 4, x'00', 9, NULL), (3, 0, 0, '', '', '', 4, x'00', NULL, NULL),
    (4, 0, 0, '', '', '', 8, x'00', NULL, NULL), (9, 0, 0, '', '', '', 4, x'00', NULL, NULL), (5, 0, 0, '', '<5@x>', '', 4, x'00', NULL, 7)`);
  await both(
    `INSERT INTO content (message, data_key, chunks, refs) VALUES (1, x'00', 1, 2), (2, x'00', 3, 1), (3, x'00', 0, 3), (4, x'00', 0, 1)`,
  );
  await both(`INSERT INTO chunk (message, n, sealed, tag) VALUES (1, 0, x'00', x'00'), (2, 0, x'00', x'00'), (2, 1, x'00', x'00'), (2, 2, x'00', x'00'),
    (20, 0, x'00', x'00'), (21, 0, x'00', x'00')`);
  await both(`INSERT INTO upload (message, started_at) VALUES (20, 0), (21, 0)`);
  // A view there.
  db.exec(
    `INSERT INTO message_of_field (span, start, id) SELECT 0, message_id_field, id FROM message WHERE copy_of IS NULL`,
  );
  await both(`INSERT INTO day_key (day) VALUES ('${day(1)}'), ('${day(40)}'), ('1970-01-01')`);
  await both(`INSERT INTO notice (key, at) VALUES ('old', 0), ('new', ${noon})`);
  await both(`INSERT INTO known_network (account, network, at) VALUES (91, '192.0.2.0', 0)`);
  await both(`INSERT INTO usage_month (month, organisation, account, sent, sent_recipients, sent_octets, received, received_octets, notices,
    collected, pushed, refused, logins_refused, login_days, days) VALUES (1, 91, 91, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)`);
  const keptFor = { hidden: days(14), traces: days(90), networks: days(30), usage: days(400) };
  const step = { keptFor, open: [21n], below: 10_000n, day: '' };
  const context = (): ChangeContext => new ChangeContext(at, randomBytes(32));
  for (let more = true, n = 0; more; n += 1) {
    assert.ok(n < 5);
    const swept = onSqlite.run(MAIL_CHANGES.sweeps.step(context(), step));
    assert.deepEqual(await onPostgres.run(MAIL_CHANGES.sweeps.step(context(), step)), swept);
    assert.deepEqual(swept.days, [day(40)], 'the others have content, or are too young');
    ({ more } = swept);
  }
  for (const text of [
    'SELECT account, hidden_at, uid FROM hidden_entry ORDER BY account, uid',
    'SELECT account, hidden_octets, sweep_at FROM mailbox WHERE account BETWEEN 91 AND 93 ORDER BY account',
    'SELECT id, gone_at FROM message ORDER BY id',
    'SELECT message, refs FROM content ORDER BY message',
    'SELECT message, n FROM chunk ORDER BY message, n',
    'SELECT message FROM upload',
    'SELECT id FROM message_of_field ORDER BY id',
    "SELECT key FROM notice WHERE key IN ('old', 'new')",
    'SELECT count(*) FROM known_network',
    'SELECT count(*) FROM usage_month WHERE month = 1',
    "SELECT name, CAST(value AS text) FROM fact WHERE name IN ('last_id', 'kept_walked') ORDER BY name",
  ]) {
    const { rows } = await client.query({ text, rowMode: 'array' });
    const here = db.prepare<[], unknown[]>(text).raw().all();
    assert.deepEqual(
      rows.map((row) => row.map(String)),
      here.map((row) => row.map(String)),
      text,
    );
  }
  assert.deepEqual(db.prepare('SELECT account, uid FROM hidden_entry ORDER BY account').raw().all(), [
    [91, 3],
    [92, 2],
    [93, 2],
  ]);
  // Two mailboxes had deleted the first message: both references are gone, and its content with
  // them.
  assert.deepEqual(db.prepare('SELECT message, refs FROM content').raw().all(), [[3, 3]]);
  await onPostgres.run(MAIL_CHANGES.sweeps.dayErased(context(), day(40)));
  assert.equal(await onPostgres.run(MAIL_CHANGES.sweeps.giveUp(context(), 21n)), false);
  const { rows } = await client.query({ text: "SELECT value FROM fact WHERE name = 'last_id'", rowMode: 'array' });
  assert.deepEqual(rows, [['10000']], 'it never falls');
  db.close();
});

test('sessions, claims and the erasure of a message do on PostgreSQL what they do on SQLite', async () => {
  const runner = new PostgresRunner(client);
  const { maildrops, queue, messageErasure } = MAIL_CHANGES;
  let context = new ChangeContext(instant(noon), randomBytes(32));
  const change = <T>(of: (context: ChangeContext) => Change<T>): Promise<T> =>
    runner.run(of((context = new ChangeContext(instant(noon), randomBytes(32)))));
  const item = (event: string): AuditItem => ({
    ...{ at: noon, event, outcome: 'success', message: null, account: 96, facts: '{}' },
    ...{ personal: '{}', salt: randomBytes(32) },
  });
  const values = async (query: string): Promise<unknown[]> => {
    const { rows } = await client.query({ text: query, rowMode: 'array' });
    return rows.map((row) => row.map(String).join(' '));
  };
  const many = async (...statements: readonly string[]): Promise<void> => {
    for (const statement of statements) await client.query(statement);
  };
  await many(
    `INSERT INTO organisation (id, name, title, language, created_at) VALUES (96, 'nursing', 'Nursing', 'nl', 0)`,
    `INSERT INTO account (id, login, organisation, kind, state, created_at)
       VALUES (96, 'gerda', 96, 'mail', 'active', 0), (97, 'link', 96, 'mail', 'active', 0)`,
    `INSERT INTO partner (id, name, account, state, server, created_at) VALUES (97, 'link', 97, 'active', '{}', 0)`,
    `INSERT INTO mailbox (account, octets, messages, next_uid) VALUES (96, 30, 3, 4)`,
    ...[1, 2, 3].flatMap((n) => [
      `INSERT INTO message (id, received_at, submitter, sender, message_id_field, envelope, octets, sha256)
         VALUES (9${n}, 0, 97, '', '', '{"recipients":[]}', 10, '')`,
      `INSERT INTO content (message, data_key, chunks, refs, body) VALUES (9${n}, '', 0, 2, '')`,
      `INSERT INTO entry (account, uid, message, octets, uidl) VALUES (96, ${n}, 9${n}, 10, '')`,
      `INSERT INTO delivery (id, message, partner, recipient, due_at) VALUES (9${n}, 9${n}, 97, 'r${n}@link.test', 0)`,
    ]),
  );

  await change((g) => maildrops.commit(g, 96, [3, 1], [2, 1], [item('maildrop.committed')], { notices: [] }));
  assert.deepEqual(context.effects, { mailboxes: [96, 10, 1, 4, 1] });
  assert.deepEqual(await values('SELECT uid, retrieved FROM entry WHERE account = 96'), ['2 2']);
  assert.deepEqual(await values('SELECT uid, retrieved FROM hidden_entry WHERE account = 96 ORDER BY uid'), [
    '1 2',
    '3 0',
  ]);
  assert.deepEqual(await values('SELECT collected FROM usage_month WHERE account = 96'), ['2']);
  assert.deepEqual(await values(`SELECT message FROM audit WHERE event = 'message.deleted'`), ['93']);
  const back = await change((g) => maildrops.restore(g, 96, { since: 0 }, randomBytes(64), item('maildrop.restored')));
  assert.equal(back, 2);
  assert.deepEqual(await values('SELECT uid, message FROM entry WHERE account = 96 ORDER BY uid'), [
    '2 92',
    '4 91',
    '5 93',
  ]);

  const claim = (): Promise<DeliveryRows> => change((g) => queue.claim(g, 97 as PartnerId, 2, seconds(60)));
  const claimed = await claim();
  assert.deepEqual(
    claimed.deliveries.map(({ id, fence, attempts, dueAt }) => [id, fence, attempts, dueAt]),
    [91, 92].map((id) => [id, 1, 1, noon + 60_000]),
  );
  assert.deepEqual(claimed.messages.map(({ id }) => id).sort(), [91n, 92n]);
  assert.equal(await change((g) => queue.claimOne(g, 91 as DeliveryId, seconds(60))), 'busy');
  const first = { id: 91 as DeliveryId, fence: 1 };
  const relay = (): Promise<string> =>
    change((g) => queue.settle(g, first, { kind: 'relayed', reply: '250 ok' }, [item('message.relayed')], []));
  assert.deepEqual([await relay(), await relay()], ['settled', 'lost']);
  assert.deepEqual(await values('SELECT pushed FROM usage_month WHERE account = 97'), ['1']);
  const ids = [93, 92] as DeliveryId[];
  assert.equal(await change((g) => queue.hold(g, ids, item('delivery.held'))), 2);
  assert.equal(await change((g) => queue.release(g, ids, new Uint8Array(0), item('delivery.released'))), 2);
  assert.deepEqual(context.effects, { due: [97] });
  const copy = { message: 93n, accounts: [96], recipients: ['r3@link.test'], heldFrom: [] };
  assert.deepEqual(await change((g) => queue.withdraw(g, [copy], item('message.withdrawn'), [])), [copy]);

  const erase = (n: bigint): Promise<string> =>
    change((g) => messageErasure.erase(g, [{ id: n, accounts: [96] }], item('message.erased')));
  assert.deepEqual([await erase(91n), await erase(92n)], ['waiting', 'waiting']);
  await many('UPDATE entry SET retrieved = 2 WHERE account = 96');
  assert.equal(await erase(91n), 'erased');
  assert.deepEqual(context.effects, { mailboxes: [96, 10, 1, 6, 4] });
  assert.deepEqual(
    await values('SELECT message, refs FROM content WHERE message > 90 AND message < 95 ORDER BY message'),
    ['92 2', '93 1'],
  );
});

test('organisations are merged and erased, and accounts move, on PostgreSQL as on SQLite', async () => {
  const runner = new PostgresRunner(client);
  const change = <T>(of: (context: ChangeContext) => Change<T>): Promise<T> =>
    runner.run(of(new ChangeContext(instant(noon), randomBytes(32))));
  await client.query(`INSERT INTO organisation (id, name, title, language, created_at)
    VALUES (121, 'old-one', 'Old', 'nl', 0), (122, 'new-one', 'New', 'nl', 0), (123, 'third', 'Third', 'nl', 0)`);
  await client.query(`INSERT INTO account (id, login, organisation, kind, state, created_at)
    VALUES (121, 'mia', 121, 'mail', 'active', 0), (122, 'desk', 122, 'mail', 'active', 0)`);
  await client.query(
    'INSERT INTO mailbox (account, messages, octets, next_uid) VALUES (121, 2, 20, 3), (122, 0, 0, 1)',
  );
  await client.query(`INSERT INTO address (key, address, account, state, created_at)
    VALUES ('mia@old.test', 'mia@old.test', 121, 'active', 0), ('all@old.test', 'all@old.test', 121, 'active', 0)`);
  await client.query(
    `INSERT INTO edi_identity (id, qualifier, organisation, created_at) VALUES ('merged', '14', 121, 0)`,
  );

  const webhook = (id: string, account: number | null, organisation: number | null, owner: string): string =>
    `('${id}', ${account}, ${organisation}, '${owner}', 'poort', 'https://in.example/', 'message.received', decode('00', 'hex'), 0, 0)`;
  await client.query(`INSERT INTO webhook (id, account, organisation, owner, name, url, events, sealed, position, created_at)
    VALUES ${webhook('MIASOWNA', 121, null, 'account 121')}, ${webhook('OLDORGAN', null, 121, 'organisation 121')}`);

  const { merges, movingAccount, organisationErasure } = CHANGES;
  assert.equal(await change((context) => merges.beginMerge(context, 'old-one', 'new-one', actor)), 1);
  const endsAt = instant(noon + 3_600_000);
  const addresses = [
    { address: address('mia@old.test'), endsAt, successor: address('mia@new.test') },
    { address: address('all@old.test'), mailbox: 'desk' },
  ];
  const merge = [{ login: 'mia', settings: { quota: 9 }, addresses }];
  assert.equal(await change((context) => merges.mergeAccounts(context, 'old-one', 'new-one', merge, actor)), 1);
  assert.equal(await change((context) => merges.finishMerge(context, 'old-one', 'new-one', actor)), 0);
  const read = async (of: string): Promise<unknown> => (await client.query({ text: of, rowMode: 'array' })).rows;
  assert.deepEqual(
    await read('SELECT key, account::int, successor FROM address WHERE account IN (121, 122) ORDER BY key'),
    [
      ['all@old.test', 122, null],
      ['mia@new.test', 121, null],
      ['mia@old.test', 121, 'mia@new.test'],
    ],
  );

  for (const [id, uid] of [
    [901, 1],
    [902, 2],
  ]) {
    const envelope = JSON.stringify({ recipients: [{ address: 'mia@new.test', mailbox: 121 }] });
    await client.query(`INSERT INTO message (id, received_at, submitter, sender, message_id_field, envelope, octets, sha256)
      VALUES (${id}, ${noon - uid! * 3_600_000}, 0, '', '', '${envelope}', 10, decode('00', 'hex'))`);
    await client.query(
      `INSERT INTO entry (account, uid, message, octets, uidl) VALUES (121, ${uid}, ${id}, 10, decode('0${uid}', 'hex'))`,
    );
  }
  const wanted = { login: 'mia', organisation: 'third', since: instant(noon - 3_600_000), endsAt: instant(noon) };
  const { account, former } = await change((context) => movingAccount.move(context, wanted, actor));
  const steps: unknown[] = [];
  for (let more = true; more;) {
    const step = await change((context) => MAIL_CHANGES.mailboxMoves.follow(context, former.account, actor));
    steps.push(step.followed);
    ({ more } = step);
  }
  assert.deepEqual(steps.at(-1), { messages: 1, octets: 10, held: 0 });
  const mailbox = `envelope::json -> 'recipients' -> 0 ->> 'mailbox'`;
  assert.deepEqual(await read(`SELECT ${mailbox} FROM message WHERE id IN (901, 902) ORDER BY id`), [
    [String(account)],
    ['121'],
  ]);

  await assert.rejects(
    change((context) => organisationErasure.eraseOrganisation(context, 'new-one', actor)),
    registryError('invalid', /has not ended, so nothing was erased/),
  );
  // The webhook of the organisation ended in the merge, that of the account went along twice.
  assert.deepEqual(await read("SELECT id, account::int, owner FROM webhook WHERE name = 'poort'"), [
    ['MIASOWNA', account, `account ${account}`],
  ]);
  // Its account is the other one's by now: nothing is left but its own row.
  assert.equal(await change((context) => organisationErasure.eraseOrganisation(context, 'old-one', actor)), 0);
  assert.deepEqual(await read('SELECT title FROM organisation WHERE id = 121'), [['erased']]);
});

function* chain(): Change<readonly (ChainRow & { readonly lane: number; readonly place: number })[]> {
  const rows = yield* sql.all({
    ...{ seq: int, at: int, event: text, outcome: text, account: orNull(int), facts: text },
    ...{ commitment: orNull(bytes), hash: bytes, salt: orNull(bytes), personal: orNull(text) },
    ...{ lane: int, place: int },
  })`SELECT seq, at, event, outcome, account, facts, commitment, hash, salt, personal, lane, place FROM audit ORDER BY seq`;
  return rows.map((row) => ({ ...row, message: null }));
}

test('the directory follows changes on PostgreSQL as on SQLite', async () => {
  const runner = new PostgresRunner(client);
  let minute = 0;
  const change = <T>(of: (context: ChangeContext) => Change<T>): Promise<T> => {
    const context = new ChangeContext(instant(noon + (minute += 1) * 60_000), randomBytes(32));
    return runner.run(following(context, of(context)));
  };
  await client.query(`INSERT INTO organisation (id, name, title, language, created_at, settings)
    VALUES (151, 'listed', 'Listed', 'nl', 0, '{"directory-listing":true}'), (152, 'unlisted', 'Unlisted', 'nl', 0, '{}')`);
  await client.query(`INSERT INTO account (id, login, organisation, kind, state, created_at)
    VALUES (151, 'lia', 151, 'mail', 'active', 0), (152, 'una', 152, 'mail', 'active', 0)`);
  await client.query(`INSERT INTO address (key, address, account, state, created_at)
    VALUES ('una@group.test', 'una@group.test', 152, 'active', 0)`);
  const { addresses, settings, directory } = CHANGES;
  const now = { at: instant(noon) };
  const all = async (): Promise<readonly DirectoryRecord[]> => {
    while (await change((context) => directory.follow(context)));
    const query = { after: 0, limit: 100, removed: true };
    return await runner.run(READS.directory.directoryEntries(now, query));
  };
  await change((context) => addresses.addAddress(context, 'lia', address('Lia@group.test'), actor));
  const entry = {
    address: 'Lia@group.test',
    organisation: { id: 151, name: 'listed', title: 'Listed' },
    kind: 'mail',
    edi: [],
    version: noon + 60_001,
    modifiedAt: instant(noon + 60_000),
  };
  assert.deepEqual(await all(), [entry]);
  const role = {
    target: { scope: 'account', login: 'lia' },
    changes: { role: 'doctor', agb: '01234567', 'directory-telephone': '020 1234567' },
  } as const;
  await change((context) => settings.changeManySettings(context, [role], actor));
  const [changed] = await all();
  assert.deepEqual(changed, {
    ...entry,
    role: 'doctor',
    agb: '01234567',
    telephone: '020 1234567',
    version: changed?.version,
    modifiedAt: changed?.modifiedAt,
  });
  assert.ok(changed.version > entry.version);
  const found = { after: entry.version, limit: 9, removed: false, text: 'DOCT', kind: 'mail' } as const;
  assert.equal((await runner.run(READS.directory.directoryEntries(now, found))).length, 1);
  const step = { after: 0, limit: 9, parts: ['doct', '@group', '0123'] };
  const stepped = await runner.run(READS.directory.directoryStep(now, step));
  assert.deepEqual([stepped.entries.map((one) => one.address), stepped.done], [['Lia@group.test'], true]);
  const agree = { scope: 'organisation', name: 'unlisted' } as const;
  await change((context) => settings.changeSettings(context, agree, { 'directory-listing': true }, actor));
  assert.equal((await runner.run(READS.directory.directoryState(now))).stale, true);
  assert.deepEqual(
    (await all()).map((one) => one.address),
    ['Lia@group.test', 'una@group.test'],
  );
  await change((context) => addresses.setAddressState(context, address('lia@group.test'), 'suspended', actor));
  const gone = (await all()).at(-1);
  assert.deepEqual(Object.keys(gone ?? {}).sort(), ['address', 'modifiedAt', 'removedAt', 'version']);
  const state = { version: gone?.version, floor: 0, stale: false };
  assert.deepEqual(await runner.run(READS.directory.directoryState(now)), state);
});

test('accounts are imported, end and are contained on PostgreSQL as on SQLite', async () => {
  const runner = new PostgresRunner(client);
  const change = <T>(minute: number, of: (context: ChangeContext) => Change<T>): Promise<T> =>
    runner.run(of(new ChangeContext(instant(noon + minute * 60_000), randomBytes(32))));
  const { accountImports, accounts, addresses, endings, manyAccounts, organisationEnds, organisations, partners } =
    CHANGES;
  const organisation = { name: 'ward', title: 'Ward', language: 'nl', post: ['Street 1', '1234 AB Town'] } as const;
  await change(0, (context) => organisations.addOrganisation(context, organisation, actor));
  const names = ['dora', 'emil', 'fenna', 'guus'];
  const added = names.map((login) => ({
    login,
    organisation: 'ward',
    kind: 'mail' as const,
    addresses: [address(`${login}@ward.test`)],
    password: { name: 'first', hash: 'h', scram: 'verifier' },
  }));
  await change(1, (context) => accountImports.keep(context, 'batch', 0, added.slice(0, 3)));
  await change(1, (context) => accountImports.keep(context, 'batch', 3, added.slice(3)));
  await change(2, (context) => accountImports.apply(context, 'batch', 4, actor));
  await assert.rejects(
    change(3, (context) => accounts.addAccount(context, { ...added[0]!, login: 'other' }, actor)),
    registryError('exists', /"dora@ward.test" is registered already/),
  );
  await change(4, (context) =>
    organisations.changeOrganisation(context, 'ward', { title: 'The ward', post: [] }, actor),
  );
  await change(5, (context) => addresses.setDelegation(context, address('dora@ward.test'), 'emil', true, actor));
  assert.equal(await change(6, (context) => manyAccounts.contain(context, ['dora', 'emil'], actor)), 2);
  assert.equal(await change(7, (context) => manyAccounts.setStates(context, ['dora', 'emil'], 'active', actor)), 2);
  const successor = address('guus@ward.test');
  const ends = [
    { login: 'dora', successor },
    { login: 'emil', endsAt: instant(noon + 10 * 60_000) },
  ];
  await change(8, (context) => manyAccounts.end(context, ends, actor));
  await change(9, (context) => endings.endAddress(context, address('fenna@ward.test'), { successor }, actor));
  // And whatever the tests before have left.
  assert.ok((await change(11, (context) => endings.endDue(context))) >= 1);
  const server = { host: 'mx.ward.test', port: 25, tls: 'starttls', connections: 1 } as const;
  const partner = { name: 'lab', organisation: 'ward', login: 'mta', server };
  await change(12, (context) => partners.addPartner(context, partner, actor));
  await change(13, (context) => partners.setPartnerState(context, 'lab', 'ended', actor));
  await change(14, (context) => organisations.setOrganisationState(context, 'ward', 'suspended', actor));
  assert.equal(await change(15, (context) => organisationEnds.step(context, 'ward', {}, actor)), 2);
  const ward = { login: text, state: text, address: orNull(text), ended: orNull(text), successor: orNull(text) };
  const rows = await runner.run(
    sql.all(ward)`
      SELECT a.login, a.state, d.address, d.state AS ended, d.successor FROM account a LEFT JOIN address d ON d.account = a.id
        JOIN organisation o ON o.id = a.organisation WHERE o.name = 'ward' ORDER BY a.login`,
  );
  assert.deepEqual(
    rows.map((row) => Object.values(row)),
    [
      ['dora', 'ended', 'dora@ward.test', 'ended', successor],
      ['emil', 'ended', 'emil@ward.test', 'ended', null],
      ['fenna', 'ended', 'fenna@ward.test', 'ended', successor],
      ['guus', 'ended', 'guus@ward.test', 'ended', null],
      ['mta', 'ended', null, null, null],
    ],
  );
});

test('passkeys, codes and sessions of the console do on PostgreSQL what they do on SQLite', async () => {
  const runner = new PostgresRunner(client);
  const at = (minute: number): Instant => instant(noon + minute * 60_000);
  const change = <T>(minute: number, of: (context: ChangeContext) => Change<T>): Promise<T> =>
    runner.run(of(new ChangeContext(at(minute), randomBytes(32))));
  const { console, operators } = CHANGES;
  const times = { idle: minutes(30), longest: hours(10) };
  await change(0, (context) => operators.add(context, { name: 'els', role: 'support' }, actor));
  const code = { id: 'codecode', hash: randomBytes(32) };
  assert.equal(
    await change(1, (context) => console.makeCode(context, 'els', { id: 'earlier1', hash: code.hash }, actor)),
    at(1 + 1440),
  );
  await change(1, (context) => console.makeCode(context, 'els', code, actor));
  const wrong = await change(1, (context) => console.tryCode(context, { id: code.id, hash: randomBytes(32) }));
  assert.deepEqual(wrong, { kind: 'refused', why: 'wrong', operator: 'els' });
  const passkey = {
    ...{ id: 'PASSKEY2', credential: Buffer.from([1, 0, 255]), publicKey: Buffer.from([2, 0]), counter: 4_000_000_000 },
    ...{ transports: ['usb', 'nfc'], model: 'm', synced: true },
  };
  const session = { id: 'SESSION2', hash: Buffer.from([3, 0]), network: '2001:db8::/48' };
  const proof = randomBytes(32);
  assert.equal(await change(2, (context) => console.register(context, code, passkey, session, proof)), 'els');
  const els = { name: 'els', role: 'support', addedAt: at(0) };
  assert.deepEqual(await runner.run(READS.console.passkey({ at: at(3) }, passkey.credential)), {
    ...passkey,
    holder: els,
  });
  assert.deepEqual(await runner.run(READS.console.credentials({ at: at(3) }, 'els')), [
    { credential: passkey.credential, transports: ['usb', 'nfc'] },
  ]);
  const held = {
    id: session.id,
    operator: 'els',
    means: 'passkey',
    passkey: passkey.id,
    network: session.network,
    madeAt: at(2),
    seenAt: at(2),
    provenAt: at(2),
  };
  assert.deepEqual(await runner.run(READS.console.session({ at: at(3) }, session.hash, times)), {
    ...held,
    holder: els,
  });
  await change(9, (context) => console.prove(context, session.id, passkey.id, 4_000_000_001, randomBytes(32)));
  await change(12, (context) => console.seen(context, session.id, at(12)));
  assert.deepEqual(await runner.run(READS.console.sessions({ at: at(13) }, times)), [
    { ...held, seenAt: at(12), provenAt: at(9) },
  ]);
  assert.equal(await runner.run(READS.console.session({ at: at(42) }, session.hash, times)), undefined);
  await assert.rejects(
    change(13, (context) =>
      console.logIn(context, passkey.id, 5, { ...session, id: 'SESSION3', hash: randomBytes(32) }, proof),
    ),
    registryError('ended', /given before/),
  );
  for (let n = 0; n < 6; n += 1)
    await change(14 + n, (context) =>
      console.logIn(
        context,
        passkey.id,
        5 + n,
        { id: `SESSIO${n}X`, hash: randomBytes(32), network: 'n' },
        randomBytes(32),
      ),
    );
  assert.deepEqual(
    (await runner.run(READS.console.sessions({ at: at(21) }, times))).map(({ id }) => id),
    [5, 4, 3, 2, 1].map((n) => `SESSIO${n}X`),
  );
  // A request that was asked with one passkey, and decided on with another.
  await change(0, (context) => operators.add(context, { name: 'kim', role: 'owner' }, actor));
  const hers = { ...passkey, id: 'PASSKEY3', credential: Buffer.from([4, 0]) };
  await change(1, (context) => console.makeCode(context, 'kim', { ...code, id: 'code kim' }, actor));
  await change(2, (context) =>
    console.register(
      context,
      { ...code, id: 'code kim' },
      hers,
      { ...session, id: 'SESSION4', hash: randomBytes(32) },
      randomBytes(32),
    ),
  );
  assert.deepEqual(
    (await runner.run(READS.operators.passkeyHolders({ at: at(20) }))).filter(({ name }) =>
      ['els', 'kim'].includes(name),
    ),
    [
      { name: 'els', role: 'support' },
      { name: 'kim', role: 'owner' },
    ],
  );
  const request = {
    ...({ operation: 'partner.end', verb: 'end', input: '{}', askedBy: 'els', reason: 'r' } as const),
    askedWith: passkey.id,
  };
  for (const id of ['BBBBBBBB', 'CCCCCCCC'])
    assert((await change(20, (context) => operators.ask(context, { ...request, id, input: id }))).isAskerKnown);
  const signed = {
    ...({ passkey: hers.id, verdict: 'approved', statement: '{"é":1}' } as const),
    ...{ credential: hers.credential, publicKey: hers.publicKey, authenticatorData: Buffer.from([5, 0]) },
    ...{ clientData: Buffer.from('{}'), signature: Buffer.from([6, 0]) },
  };
  const decision = (verdict: Verdict) => ({
    ...signed,
    verdict,
    counter: 7,
    proof: randomBytes(32),
    caller: 'not asked',
  });
  const once = decision('approved');
  await change(21, (context) => operators.decide(context, 'BBBBBBBB', once, 'why'));
  for (const again of [once, decision('approved')])
    await assert.rejects(
      change(21, (context) => operators.decide(context, 'BBBBBBBB', again, 'why')),
      RegistryError,
    );
  const own = { ...decision('approved'), passkey: passkey.id };
  await assert.rejects(
    change(21, (context) => operators.decide(context, 'BBBBBBBB', own, 'why')),
    registryError('invalid', /asked for request/),
  );
  const waiting = (await runner.run(READS.operators.waiting({ at: at(21) }))).find(({ id }) => id === 'BBBBBBBB');
  assert.deepEqual(waiting?.passkeys, [{ ...signed, operator: 'kim', holds: true }]);
  await change(21, (context) => operators.decide(context, 'CCCCCCCC', decision('rejected'), 'why'));
  await assert.rejects(
    change(22, (context) => operators.decide(context, 'CCCCCCCC', decision('approved'), 'why')),
    registryError('ended', /was refused by a second person/),
  );
  assert.deepEqual(
    (await runner.run(READS.operators.waiting({ at: at(22) }))).map(({ id }) => id),
    ['BBBBBBBB'],
  );
  const both = { first: { passkey: passkey.id }, second: { passkey: hers.id } };
  await change(22, (context) => operators.use(context, 'BBBBBBBB', both, actor));
  await change(22, (context) => console.endPasskey(context, passkey.id, actor));
  const after = await runner.run(READS.operators.request({ at: at(23) }, 'BBBBBBBB'));
  assert.deepEqual([after?.isAskerKnown, after?.passkeys[0]?.holds, after?.usedAt], [false, true, at(22)]);
  await change(23, (context) => operators.end(context, 'kim', actor));
  assert.equal((await runner.run(READS.operators.request({ at: at(24) }, 'BBBBBBBB')))?.passkeys[0]?.holds, false);
  assert.deepEqual(await runner.run(READS.console.sessions({ at: at(23) }, times)), []);
  assert.equal((await runner.run(READS.console.passkeys({ at: at(23) })))[0]?.endedAt, at(22));
  const jan = { issuer: 'https://login.example', subject: 's-1', names: ['els', 'jan'] };
  const { identities } = CHANGES;
  const logIn = (minute: number, role: 'read' | 'support', id: string): Promise<string | undefined> =>
    change(minute, (context) =>
      identities.logIn(
        context,
        { ...jan, role },
        'IDENTITY',
        { id, hash: randomBytes(32), network: 'n' },
        randomBytes(32),
      ),
    );
  assert.equal(await logIn(30, 'read', 'SESSIONA'), 'jan');
  assert.equal(await logIn(31, 'support', 'SESSIONB'), 'jan');
  await change(32, (context) => identities.prove(context, 'SESSIONB', jan, randomBytes(32)));
  assert.deepEqual(await runner.run(READS.console.sessions({ at: at(33) }, times)), [
    {
      ...{ id: 'SESSIONB', operator: 'jan', means: 'oidc', network: 'n' },
      ...{ madeAt: at(31), seenAt: at(32), provenAt: at(32) },
    },
  ]);
  const tie = { id: 'IDENTITY', operator: 'jan', issuer: jan.issuer, subject: 's-1' };
  assert.deepEqual(await runner.run(READS.identities.list({ at: at(33) })), [
    { ...tie, addedAt: at(30), lastUsedAt: at(31) },
  ]);
  await change(34, (context) => operators.end(context, 'jan', actor));
  await assert.rejects(logIn(35, 'read', 'SESSIONC'), registryError('unknown', /has ended/));
  await change(36, (context) => identities.release(context, 'IDENTITY', actor));
  assert.deepEqual(await runner.run(READS.identities.list({ at: at(37) })), []);
  const { breakGlass } = CHANGES;
  const sealed = Buffer.from([4, 0]);
  await change(40, (context) => breakGlass.make(context, { role: 'owner', sealed }, actor));
  const judged = { step: 4_000_000_000, madeAt: at(40) };
  const entered = { id: 'SESSIOND', hash: randomBytes(32), network: 'n' };
  await change(41, (context) => breakGlass.logIn(context, judged, entered));
  const again = registryError('ended', /used before/);
  await assert.rejects(
    change(42, (context) => breakGlass.prove(context, entered.id, judged)),
    again,
  );
  await change(43, (context) => breakGlass.prove(context, entered.id, { ...judged, step: judged.step + 1 }));
  assert.deepEqual(await runner.run(READS.breakGlass.record({ at: at(44) })), {
    ...{ role: 'owner', sealed, madeAt: at(40), triedAt: at(41) },
  });
  const longer = { idle: hours(4), longest: hours(10) };
  assert.equal((await runner.run(READS.console.session({ at: at(100) }, entered.hash, longer)))?.means, 'break-glass');
  assert.equal(await runner.run(READS.console.session({ at: at(101) }, entered.hash, longer)), undefined);
  await change(102, (context) => operators.end(context, 'break-glass', actor));
  assert.equal(await runner.run(READS.breakGlass.record({ at: at(103) })), undefined);
  await change(24, (context) => operators.end(context, 'els', actor));
});
