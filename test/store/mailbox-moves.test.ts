/** A step of what follows an account that moved: how much it takes, and in how many statements. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AccountId, messageIdOf } from '../../src/domain/ids.ts';
import { MAIL_CHANGES } from '../../src/store/changes/table.ts';
import { countingRunner } from '../support/counted.ts';
import type { Cleanup } from '../support/store.ts';

const actor = { name: 'test', reason: 'moved' };
const SINCE = 1000;

/**
 * Account 1 moves to account 2. `entry` files a message in the mailbox of 1, `held` holds one from
 * it.
 */
function moving(t: Cleanup) {
  const { db, run } = countingRunner(t);
  db.exec(`INSERT INTO organisation (id, name, title, language, created_at) VALUES (1, 'old', 'Old', 'nl', 0), (2, 'new', 'New', 'nl', 0);
    INSERT INTO account (id, login, organisation, kind, state, created_at)
      VALUES (1, 'one~', 1, 'mail', 'active', 0), (2, 'one', 2, 'mail', 'active', 0);
    INSERT INTO mailbox (account) VALUES (1), (2)`);
  const message = db.prepare(
    `INSERT INTO message (id, received_at, submitter, sender, message_id_field, envelope, octets, sha256, copy_of)
       VALUES (@id, @at, 0, '', '', @envelope, 10, x'00', @of)`,
  );
  const envelope = (mailbox: number, more: readonly object[] = []): string =>
    JSON.stringify({ recipients: [{ address: 'one@group.test', mailbox }, ...more] });
  let next = 0;
  const filed = (at = SINCE, text = envelope(1), of: number | null = null): number => {
    next += 1;
    message.run({ id: next, at, envelope: text, of });
    return next;
  };
  const insertEntry = db.prepare(
    `INSERT INTO entry (account, uid, uidl, message, octets) VALUES (1, @id, randomblob(16), @id, 10)`,
  );
  const entry = (...about: Parameters<typeof filed>): number => {
    const id = filed(...about);
    insertEntry.run({ id });
    db.exec(
      'UPDATE mailbox SET messages = messages + 1, octets = octets + 10, next_uid = next_uid + 1 WHERE account = 1',
    );
    return id;
  };
  const insertHeld = db.prepare(
    `INSERT INTO delivery (message, partner, recipient, state, attempts, fence, due_at, mailbox) VALUES (?, 0, 'one@group.test', 'held', 0, 0, 0, 1)`,
  );
  const held = (...about: Parameters<typeof filed>): number => {
    const id = filed(...about);
    insertHeld.run(id);
    return id;
  };
  const begin = (): void => {
    db.exec(
      `INSERT INTO account_move (source, target, since, below) SELECT account, 2, ${SINCE}, next_uid FROM mailbox WHERE account = 1`,
    );
  };
  const step = () => run((context) => MAIL_CHANGES.mailboxMoves.follow(context, 1 as AccountId, actor));
  const all = (text: string): unknown[] => db.prepare(text).raw(true).all();
  return { db, envelope, entry, held, filed, begin, step, all };
}

test('a step takes as many statements however many copies follow, and at most 200', (t) => {
  const { db, entry, held, begin, step, all } = moving(t);
  entry(SINCE - 1);
  for (let n = 0; n < 402; n += 1) entry();
  for (let n = 0; n < 3; n += 1) held();
  held(SINCE - 1);
  const [[first]] = all('SELECT message FROM entry WHERE uid = 2') as [[number]];
  db.exec(`INSERT INTO notice (key, at) VALUES ('collected:${messageIdOf(BigInt(first))}:1', 7)`);
  for (let n = 0; n < 501; n += 1) db.exec(`INSERT INTO imported (account, uidl, message) VALUES (1, 'uidl${n}', 1)`);
  begin();
  const steps = Array.from({ length: 7 }, step).map(({ statements, services, rows, value }) => [
    ...[statements, services, rows, value.more],
    ...[value.followed?.messages, value.followed?.octets, value.followed?.held],
  ]);
  assert.deepEqual(steps, [
    // The first entry is older and stays.
    [8, 2, 0, true, 199, 1990, 0],
    [8, 2, 0, true, 399, 3990, 0],
    [8, 2, 0, true, 402, 4020, 0],
    // What is held; then what was taken over from another server, 500 of it a step.
    [7, 0, 0, true, 402, 4020, 3],
    [2, 0, 0, true, 402, 4020, 3],
    [2, 0, 0, true, 402, 4020, 3],
    [3, 0, 2, false, 402, 4020, 3],
  ]);
  assert.deepEqual(all('SELECT account, messages, octets, next_uid FROM mailbox'), [
    [1, 1, 10, 404],
    [2, 402, 4020, 403],
  ]);
  assert.deepEqual(all('SELECT account, count(*), min(uid) FROM entry GROUP BY account'), [
    [1, 1, 1],
    [2, 402, 2],
  ]);
  assert.deepEqual(
    all(`SELECT envelope ->> '$.recipients[0].mailbox' AS mailbox, count(*) FROM message GROUP BY mailbox`),
    [
      [1, 2],
      [2, 405],
    ],
  );
  assert.deepEqual(all('SELECT mailbox, count(*) FROM delivery GROUP BY mailbox'), [
    [1, 1],
    [2, 3],
  ]);
  assert.deepEqual(all('SELECT account, count(*) FROM imported GROUP BY account'), [[2, 501]]);
  const facts = { source: 1, target: 2, messages: 402, octets: 4020, held: 3 };
  assert.deepEqual(all('SELECT event, account, facts, personal FROM audit ORDER BY seq'), [
    ['maildrop.moved', 1, JSON.stringify(facts), JSON.stringify({ actor: 'test', reason: 'moved' })],
    ['maildrop.moved', 2, JSON.stringify(facts), JSON.stringify({ actor: 'test', reason: 'moved' })],
  ]);
  // A notice that was sent is not sent again: its key is the new account's as well.
  assert.equal(all(`SELECT key FROM notice WHERE key LIKE '%:2'`).length, 1);
  const again = step();
  assert.deepEqual([again.statements, again.value], [1, { more: false }]);
});

test('messages with a thousand recipients follow a few at a time, and so does what is held of them', (t) => {
  const { envelope, entry, held, begin, step } = moving(t);
  const many = Array.from({ length: 1000 }, (_, n) => ({ address: `a${n}@group.test`, mailbox: 100 + n }));
  const large = envelope(1, many);
  assert(large.length > 40_000 && large.length < 66_000, `${large.length}`);
  for (let n = 0; n < 7; n += 1) entry(SINCE, large);
  for (let n = 0; n < 7; n += 1) held(SINCE, large);
  begin();
  const seen = Array.from({ length: 5 }, step).map(({ value }) => [
    ...[value.more, value.followed?.messages, value.followed?.held],
  ]);
  // Four or five of them are 200,000 octets.
  const some = Math.floor(200_000 / large.length) + 1;
  assert.deepEqual(seen, [
    [true, some, 0],
    [true, 7, 0],
    [true, 7, some],
    [true, 7, 7],
    [false, 7, 7],
  ]);
});

test('of a message with copies of their own only the recipients of the copy that moved are rewritten', (t) => {
  const { envelope, entry, filed, begin, step, all } = moving(t);
  // Two copies of one message in the mailbox, filed behind it, and the message itself as well.
  const ids = [2n, 3n, 9n].map(messageIdOf);
  const recipients = ids.map((copy, n) => ({ address: `a${n}@group.test`, mailbox: 1, copy }));
  entry(SINCE, envelope(1, recipients));
  for (let n = 0; n < 2; n += 1) entry(SINCE, envelope(1), 1);
  filed(SINCE, envelope(1), 1);
  begin();
  const { statements, value } = step();
  assert.deepEqual([statements, value.followed?.messages], [8, 3]);
  const mailboxes = (id: number): unknown =>
    (
      JSON.parse((all(`SELECT envelope FROM message WHERE id = ${id}`) as [[string]])[0][0]) as {
        recipients: { mailbox: number }[];
      }
    ).recipients.map(({ mailbox }) => mailbox);
  assert.deepEqual([1, 2, 3, 4].map(mailboxes), [[2, 2, 2, 1], [2], [2], [1]]);
});
