/** What migrations do with rows that are there. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type AccountId, messageIdOf, messageNumber } from '../../src/domain/ids.ts';
import { instant } from '../../src/domain/units.ts';
import type { AuditQuery } from '../../src/store/audit.ts';
import { READS } from '../../src/store/reads/table.ts';
import { openWriting } from '../../src/store/sqlite/database.ts';
import { sweepDeleted } from '../../src/store/changes/deleted-mail.ts';
import { knownMigrations, migrate } from '../../src/store/sqlite/migrate.ts';
import { SqliteRunner } from '../../src/store/sqlite/runner.ts';

type Db = ReturnType<typeof openWriting>;

const NOW = { at: instant(0) };

/** A database as the program of that version left it. */
function databaseOf(t: TestContext, version: number): Db {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-migrate-'));
  const db = openWriting(join(folder, 'sluis.db'), 'FULL', true);
  t.after(() => {
    db.close();
    rmSync(folder, { recursive: true });
  });
  const known = knownMigrations().filter((migration) => migration.version <= version);
  migrate(db, known, 1, true);
  return db;
}

test('0004 parts messages into facts and content, and keeps who has fetched what', (t) => {
  const db = databaseOf(t, 3);
  const body = Buffer.alloc(300, 7);
  const message = db.prepare(
    `INSERT INTO message (id, received_at, submitter, sender, message_id_field, envelope, octets, sha256, data_key, chunks, refs, body)
       VALUES (?, 5, 2, 'a@b.test', 'm@b.test', '{"body":"7BIT"}', 300, x'01', x'02', ?, ?, ?)`,
  );
  message.run(10, 1, 2, body);
  message.run(11, 3, 0, null);
  db.exec(`INSERT INTO entry (account, uid, message, octets, uidl, retrieved) VALUES (2, 1, 10, 300, x'00', 1), (2, 2, 10, 300, x'01', 0);
    INSERT INTO hidden_entry (account, hidden_at, uid, message, octets, retrieved) VALUES (2, 9, 3, 10, 300, 1)`);
  migrate(db, knownMigrations(), 2, false);
  const rows = (sql: string): unknown[] => db.prepare(sql).raw(true).all();
  assert.deepEqual(
    rows(
      'SELECT id, received_at, submitter, sender, message_id_field, envelope, octets, sha256, resubmission, gone_at FROM message',
    ),
    [10, 11].map((id) => [id, 5, 2, 'a@b.test', 'm@b.test', '{"body":"7BIT"}', 300, Buffer.from([1]), null, null]),
  );
  assert.deepEqual(rows('SELECT message, data_key, chunks, refs, body FROM content'), [
    [10, Buffer.from([2]), 1, 2, body],
    [11, Buffer.from([2]), 3, 0, null],
  ]);
  assert.deepEqual(rows('SELECT uid, retrieved, receipt FROM entry'), [
    [1, 2, 0],
    [2, 0, 0],
  ]);
  assert.deepEqual(rows('SELECT uid, retrieved, receipt, why FROM hidden_entry'), [[3, 2, 0, 'deleted']]);
  assert.deepEqual(db.pragma('integrity_check'), [{ integrity_check: 'ok' }]);
});

test('0026 counts what was deleted', (t) => {
  const db = databaseOf(t, 24);
  db.exec(`INSERT INTO organisation (id, name, title, language, created_at) VALUES (1, 'o', 'O', 'nl', 1);
    INSERT INTO account (id, login, organisation, kind, state, created_at) VALUES (2, 'a', 1, 'mail', 'active', 1), (3, 'b', 1, 'mail', 'active', 1);
    INSERT INTO mailbox (account) VALUES (2), (3);
    INSERT INTO hidden_entry (account, hidden_at, uid, message, octets, retrieved) VALUES (2, 9, 3, 10, 300, 1), (2, 9, 4, 11, 50, 1)`);
  migrate(db, knownMigrations(), 2, false);
  assert.deepEqual(db.prepare('SELECT account, hidden_octets FROM mailbox').raw().all(), [
    [2, 350],
    [3, 0],
  ]);
});

test('0008 finds mail certificates that were there by their addresses', (t) => {
  const db = databaseOf(t, 7);
  db.exec(`INSERT INTO organisation (id, name, title, language, created_at) VALUES (1, 'o', 'O', 'nl', 1);
    INSERT INTO account (id, login, organisation, kind, state, created_at) VALUES (2, 'anna', 1, 'mail', 'active', 1)`);
  const certificate = db.prepare(
    `INSERT INTO certificate (fingerprint, issuer, serial, account, use, subject, emails, not_before, not_after, der, created_at)
       VALUES (?, 'CN=I', ?, 2, ?, 'CN=A', ?, 1, 2, x'00', 1)`,
  );
  certificate.run('f1', '1', 'mail', '["Anna@Group.test","ANNA@group.test","lab@group.test"]');
  certificate.run('f2', '2', 'login', '["anna@group.test"]');
  certificate.run('f3', '3', 'mail', '[]');
  migrate(db, knownMigrations(), 2, false);
  assert.deepEqual(db.prepare('SELECT key, fingerprint FROM certificate_address').raw(true).all(), [
    ['anna@group.test', 'f1'],
    ['lab@group.test', 'f1'],
  ]);
});

test('a migration whose name is of another form is refused, not passed over', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-migrate-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const named = (): string[] => knownMigrations(pathToFileURL(`${folder}/`)).map(({ name }) => name);
  writeFileSync(join(folder, '0001_foundation.sql'), 'SELECT 1;');
  assert.deepEqual(named(), ['0001_foundation.sql']);
  writeFileSync(join(folder, '0002_two_words.sql'), 'SELECT 1;');
  assert.throws(named, /Cannot use the migration "0002_two_words\.sql": expected a name such as 0001_foundation\.sql/);
});

test('0024 finds by Message-ID what was there before', (t) => {
  const db = databaseOf(t, 23);
  const insert = db.prepare(
    `INSERT INTO message (id, received_at, submitter, sender, message_id_field, envelope, octets, sha256)
       VALUES (?, 5, 2, 'a@b.test', ?, '{"body":"7BIT","recipients":[]}', 300, x'01')`,
  );
  for (const n of [1, 2, 3]) insert.run(BigInt(n) << 50n, n === 2 ? 'sought@b.test' : 'other@b.test');
  migrate(db, knownMigrations(), 2, false);
  const runner = new SqliteRunner(db);
  const search = (messageIdField: string): bigint[] =>
    runner
      .run(READS.messages.messagesStep(NOW, { limit: 10, since: NOW.at, messageIdField }))
      .rows.map(({ id }) => messageNumber(id));
  assert.deepEqual(search('sought@b.test'), [2n << 50n]);
  assert.deepEqual(search('other@b.test'), [3n << 50n, 1n << 50n]);
});

test('0041 keeps with each entry when it was handed out again, and forgets the notes of that', (t) => {
  const db = databaseOf(t, 36);
  db.exec(`INSERT INTO entry (account, uid, message, octets, uidl) VALUES (2, 3, 10, 1, x'00'), (2, 31, 11, 1, x'00'), (23, 1, 12, 1, x'00');
    INSERT INTO notice (key, at) VALUES ('restored:2:31', 700), ('restored:23:1', 800), ('restored:9:9', 900), ('rhythm:2', 5)`);
  migrate(db, knownMigrations(), 2, false);
  assert.deepEqual(db.prepare('SELECT account, uid, restored_at FROM entry').raw().all(), [
    [2, 3, null],
    [2, 31, 700],
    [23, 1, 800],
  ]);
  assert.deepEqual(db.prepare('SELECT key FROM notice').pluck().all(), ['rhythm:2']);
});

test('0045 takes over what the indexes had, and searches find it', (t) => {
  const db = databaseOf(t, 41);
  const message = db.prepare(
    `INSERT INTO message (id, received_at, submitter, sender, message_id_field, envelope, octets, sha256, copy_of)
       VALUES (?, 5, 2, 'a@b.test', 'x@b.test', '{}', 300, x'01', ?)`,
  );
  message.run(10n << 50n, null);
  message.run(11n << 50n, 10n << 50n);
  const row = db.prepare(
    "INSERT INTO audit (seq, at, event, outcome, message, account, facts, hash) VALUES (?, 1, 'e', 'success', ?, ?, '{}', x'00')",
  );
  for (const [seq, of, account] of [
    [1, 10n << 50n, 2],
    [2, 11n << 50n, null],
    [3, null, 3],
    [4, null, 2],
  ])
    row.run(seq, of, account);
  migrate(db, knownMigrations(), 2, false);
  const runner = new SqliteRunner(db);
  const seqs = (query: Omit<AuditQuery, 'limit'>, limit = 9): number[] =>
    runner.run(READS.trail.read(NOW, { ...query, limit })).map(({ seq }) => seq);
  const account = 2 as AccountId;
  const sought = messageIdOf(10n << 50n);
  assert.deepEqual(seqs({ account }), [1, 4]);
  assert.deepEqual(seqs({ message: sought }), [1, 2]);
  assert.deepEqual(db.prepare('SELECT count(*) FROM message_of_field').pluck().get(), 1);
  // The next ones stand above the marks.
  row.run(5, 10n << 50n, 2);
  assert.deepEqual(seqs({ account, fromSeq: 2 }), [4, 5]);
  assert.deepEqual(seqs({ message: sought }, 2), [1, 2]);
  assert.deepEqual(seqs({ message: sought }), [1, 2, 5]);
});

test('0028 begins with the networks that fetched mail', (t) => {
  const db = databaseOf(t, 24);
  db.exec(`INSERT INTO organisation (id, name, title, language, created_at) VALUES (1, 'o', 'O', 'nl', 1);
    INSERT INTO account (id, login, organisation, kind, state, created_at) VALUES (2, 'anna', 1, 'mail', 'active', 1);
    INSERT INTO consumer (account, network, first_at, last_at, sessions, retrieved, deleted) VALUES (2, '192.0.2.1', 3, 9, 1, 1, 1)`);
  migrate(db, knownMigrations(), 2, false);
  assert.deepEqual(db.prepare('SELECT account, network, at FROM known_network').raw(true).all(), [[2, '192.0.2.1', 9]]);
});

test('0046 schedules nothing itself: the first sweep looks into every mailbox with deleted mail', (t) => {
  const db = databaseOf(t, 45);
  db.exec(`INSERT INTO organisation (id, name, title, language, state, created_at) VALUES (9, 'practice', 'x', 'nl', 'active', 0);
    INSERT INTO account (id, login, organisation, kind, state, created_at) VALUES (7, 'anna', 9, 'mail', 'active', 0), (8, 'bert', 9, 'mail', 'active', 0);
    INSERT INTO mailbox (account, hidden_octets) VALUES (7, 600), (8, 0);
    INSERT INTO content (message, data_key, chunks, refs) VALUES (1, x'00', 0, 1), (2, x'00', 0, 1);
    INSERT INTO hidden_entry (account, hidden_at, uid, message, octets, retrieved) VALUES (7, 1000, 1, 1, 300, 2), (7, 5000, 2, 2, 300, 2)`);
  migrate(db, knownMigrations(), 2, false);
  const runner = new SqliteRunner(db);
  while (runner.run(sweepDeleted(6000, 2000)));
  assert.deepEqual(db.prepare('SELECT uid FROM hidden_entry').pluck().all(), [2]);
  assert.deepEqual(db.prepare('SELECT account, hidden_octets, sweep_at FROM mailbox').raw().all(), [
    [7, 300, 7001],
    [8, 0, null],
  ]);
});

test('0048 makes owners of those who could sign, and keeps keys, signatures and who was removed', (t) => {
  const db = databaseOf(t, 47);
  db.exec(`INSERT INTO operator (fingerprint, name, public_key, added_at, removed_at) VALUES ('f1', 'jan', x'01', 5, NULL), ('f2', 'piet', x'02', 6, 9);
    INSERT INTO approval (id, operation, verb, input, asked_by, reason, asked_at, ends_at) VALUES ('A', 'audit.erase', 'erase', '{}', 'root', 'r', 7, 8);
    INSERT INTO approval_signature (approval, fingerprint, at, signature) VALUES ('A', 'f1', 7, x'03')`);
  migrate(db, knownMigrations(), 2, false);
  const rows = (sql: string): unknown[] => db.prepare(sql).raw(true).all();
  assert.deepEqual(rows('SELECT name, role, organisation, certificate, added_at, ends_at, ended_at FROM operator'), [
    ['jan', 'owner', null, null, 5, null, null],
  ]);
  assert.deepEqual(rows('SELECT fingerprint, name, public_key, added_at, removed_at FROM operator_key'), [
    ['f1', 'jan', Buffer.from([1]), 5, null],
    ['f2', 'piet', Buffer.from([2]), 6, 9],
  ]);
  assert.deepEqual(rows('SELECT approval, fingerprint, at, signature FROM approval_signature'), [
    ['A', 'f1', 7, Buffer.from([3])],
  ]);
  assert.deepEqual(db.pragma('foreign_key_check'), []);
  const [jan] = new SqliteRunner(db).run(READS.operators.list(NOW));
  assert.deepEqual([jan?.name, jan?.fingerprint], ['jan', 'f1']);
});
