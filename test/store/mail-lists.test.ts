/**
 * What a session, an operator and an import do to many messages: as many statements as for two, and
 * a row of the trail for each where each has one.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { seconds } from '../../src/domain/units.ts';
import type { DeliveryId, EntryUid, PartnerId } from '../../src/domain/ids.ts';
import type { AuditItem } from '../../src/domain/audit-row.ts';
import { MAIL_CHANGES } from '../../src/store/changes/table.ts';
import { UIDL_OCTETS } from '../../src/store/changes/uidls.ts';
import { type Counted, countingRunner } from '../support/counted.ts';

const MANY = 40;
const { maildrops, queue, messageErasure } = MAIL_CHANGES;
const NOTHING = { notices: [] };

/** A mailbox with MANY entries and as many deliveries for a partner, and what else they need. */
function mailbox(t: TestContext) {
  const { db, run } = countingRunner(t);
  db.exec(`INSERT INTO organisation (id, name, title, language, created_at) VALUES (1, 'practice', 'Practice', 'nl', 0);
    INSERT INTO account (id, login, organisation, kind, state, created_at) VALUES (1, 'one', 1, 'mail', 'active', 0);
    INSERT INTO mailbox (account, messages, octets, next_uid) VALUES (1, ${MANY}, ${10 * MANY}, ${MANY + 1})`);
  for (let n = 1; n <= MANY; n += 1)
    db.exec(`INSERT INTO message (id, received_at, submitter, sender, message_id_field, envelope, octets, sha256)
        VALUES (${n}, 0, 1, '', '', '{"recipients":[]}', 10, x'00');
      INSERT INTO content (message, data_key, chunks, refs, body) VALUES (${n}, x'00', 0, 2, x'00');
      INSERT INTO entry (account, uid, message, octets, uidl) VALUES (1, ${n}, ${n}, 10, x'00');
      INSERT INTO delivery (id, message, partner, recipient, due_at) VALUES (${n}, ${n}, 1, 'a@partner.test', 0)`);
  return { db, run };
}

const item = (event: string): AuditItem => ({
  ...{ at: 5, event, outcome: 'success', message: null, account: 1, facts: '{}' },
  ...{ personal: '{}', salt: randomBytes(32) },
});
const upTo = <N extends number>(from: number, to: number): N[] =>
  Array.from({ length: to - from }, (_, n) => (from + n + 1) as N);

/** The same of two and of the others: `rows` of the trail for each one, and `more` once. */
function asMany(of: (from: number, to: number) => Counted, rows: number, more = 0): void {
  const two = of(0, 2);
  const many = of(2, MANY);
  assert.deepEqual([two.rows, many.rows], [2 * rows + more, (MANY - 2) * rows + more]);
  assert.equal(many.statements, two.statements);
}

test('a session ends in as many statements, however many messages it deleted, and what it deleted unseen is told one by one', (t) => {
  const { db, run } = mailbox(t);
  const quit = (from: number, to: number) =>
    run((context) => maildrops.commit(context, 1, upTo(from, to), [], [item('maildrop.committed')], NOTHING));
  asMany(quit, 1, 1);
  assert.deepEqual(db.prepare('SELECT messages, octets, hidden_octets FROM mailbox').raw().get(), [0, 0, 10 * MANY]);
  const told = db.prepare("SELECT message FROM audit WHERE event = 'message.deleted' ORDER BY seq").pluck().all();
  assert.deepEqual(told, upTo(0, MANY), 'in the order in which they were deleted');
  const back = (ids: number) =>
    run((context) =>
      maildrops.restore(context, 1, { since: 0 }, randomBytes(UIDL_OCTETS * ids), item('maildrop.restored')),
    );
  const [two, many] = [back(2), back(MANY)];
  assert.deepEqual([two.rows, many.rows, many.statements], [1, 1, two.statements]);
  assert.deepEqual(db.prepare('SELECT count(*), min(uid), max(uid), count(DISTINCT uidl) FROM entry').raw().get(), [
    MANY,
    MANY + 1,
    2 * MANY,
    MANY,
  ]);
  assert.deepEqual(db.prepare('SELECT messages, octets, next_uid, hidden_octets FROM mailbox').raw().get(), [
    MANY,
    10 * MANY,
    2 * MANY + 1,
    0,
  ]);
});

test('what was fetched is marked, and what is too old is hidden, in as many statements, however many they are', (t) => {
  const { db, run } = mailbox(t);
  asMany((from, to) => run((context) => maildrops.release(context, 1, upTo(from, to), NOTHING)), 0);
  assert.deepEqual(db.prepare('SELECT DISTINCT retrieved FROM entry').pluck().all(), [1]);
  db.exec('UPDATE entry SET retrieved = 0');
  asMany(
    (from, to) =>
      run((context) =>
        maildrops.expire(
          context,
          1,
          upTo<EntryUid>(from, to).map((uid) => ({ uid, notices: [], audit: item('message.expired') })),
        ),
      ),
    1,
  );
  assert.deepEqual(db.prepare('SELECT count(*) FROM entry').pluck().get(), 0);
  assert.deepEqual(db.prepare('SELECT DISTINCT why FROM hidden_entry').pluck().all(), ['expired']);
});

test('deliveries are claimed and changed in as many statements, however many they are', (t) => {
  const { db, run } = mailbox(t);
  const audit = item('delivery.held');
  for (const change of ['hold', 'retry'] as const) {
    asMany((from, to) => run((context) => queue[change](context, upTo<DeliveryId>(from, to), audit)), 1);
    db.exec("UPDATE delivery SET state = 'waiting'");
  }
  db.exec("UPDATE delivery SET state = 'held'");
  asMany(
    (from, to) =>
      run((context) =>
        queue.release(context, upTo<DeliveryId>(from, to), randomBytes(UIDL_OCTETS * (to - from)), audit),
      ),
    1,
  );
  const claim = (most: number) => run((context) => queue.claim(context, 1 as PartnerId, most, seconds(60)));
  const [two, many] = [claim(2), claim(MANY)];
  assert.equal(many.statements, two.statements);
  assert.equal(db.prepare('SELECT sum(attempts) FROM delivery').pluck().get(), MANY);
});

test('a message is taken back from many, and erased with its copies, in as many statements, however many they are', (t) => {
  const { db, run } = mailbox(t);
  const erase = (from: number, to: number) =>
    run((context) =>
      messageErasure.erase(
        context,
        upTo(from, to).map((n) => ({ id: BigInt(n), accounts: [1] })),
        item('message.erased'),
      ),
    );
  assert.equal(erase(0, MANY).value, 'waiting');
  db.exec('UPDATE delivery SET settled_at = 1; UPDATE entry SET retrieved = 2');
  assert.equal(erase(0, MANY).value, 'elsewhere', 'each has two references and one entry');
  db.exec('UPDATE content SET refs = 1');
  asMany(erase, 0, 1);
  assert.deepEqual(db.prepare('SELECT (SELECT count(*) FROM content), messages FROM mailbox').raw().get(), [0, 0]);

  db.exec(`INSERT INTO content (message, data_key, chunks, refs, body) VALUES (1, x'00', 0, ${2 * MANY}, x'00');
    UPDATE delivery SET message = 1, settled_at = NULL, recipient = 'r' || id || '@partner.test'`);
  const withdraw = (from: number, to: number) =>
    run((context) => {
      const recipients = upTo(from, to).map((n) => `r${n}@partner.test`);
      return queue.withdraw(
        context,
        [{ message: 1n, accounts: [], recipients, heldFrom: [] }],
        item('message.withdrawn'),
        [],
      );
    });
  asMany(withdraw, 0, 1);
  assert.equal(db.prepare('SELECT refs FROM content').pluck().get(), MANY);
});
