/**
 * Acceptances on PostgreSQL: batches over several connections and nodes, which meet in the same
 * mailboxes and under the same keys.
 */
// @beside
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { afterEach, after, before, test } from 'node:test';
import { chainHash, laneStart } from '../../src/crypto/trail/audit-chain.ts';
import { hours, instant } from '../../src/domain/units.ts';
import { ChangeEffects } from '../../src/store/changes/changed.ts';
import { wholeBody } from '../../src/store/core/whole-body.ts';
import { ChunkLine } from '../../src/store/postgres/chunk-line.ts';
import { fileBatch, fileNotices } from '../../src/store/postgres/filing-batch.ts';
import { dropKeys, foldUsage, markUnsure } from '../../src/store/postgres/filing-upkeep.ts';
import { PostgresRunner } from '../../src/store/postgres/runner.ts';
import { UsageNotes } from '../../src/store/postgres/usage.ts';
import { ClientConnection, type PostgresClient, clientOf, makeTables, startPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';
import { AT, FilingNode, addAccounts, workOf } from '../support/postgres-filing.ts';

let server: PostgresClient;
/** Of the database of this test. */
let client: PostgresClient;
let database = '';
let tests = 0;
const closers: (() => Promise<void> | void)[] = [];
const nodes: { close(): Promise<void> }[] = [];

before(async () => {
  server = await startPostgres({ after: (close) => closers.push(close) });
  await server.query('CREATE DATABASE model');
  const model = await clientOf(server, 'model');
  await makeTables(model);
  await addAccounts(model, 20);
  await model.end();
});
after(async () => {
  for (const close of closers.toReversed()) await close();
});
afterEach(async () => {
  for (const node of nodes.splice(0)) await node.close();
});

/** A database of this test's own. */
async function fresh(): Promise<void> {
  database = `t${(tests += 1)}`;
  await server.query(`CREATE DATABASE ${database} TEMPLATE model`);
  client = await clientOf(server, database);
  const its = client;
  nodes.push({ close: () => its.end() });
}

async function open(node = 0, connections = 2): Promise<FilingNode> {
  const opened = await FilingNode.open(server, { node, connections, database });
  nodes.push(opened);
  return opened;
}

async function rows(text: string): Promise<readonly (readonly unknown[])[]> {
  const { rows: found } = await client.query({ text, rowMode: 'array' });
  return found;
}
const count = async (from: string): Promise<number> => Number((await rows(`SELECT count(*) FROM ${from}`))[0]?.[0]);
const resubmitted = (key: Uint8Array, since = AT - 1000) => ({ resubmission: { key, since } });

test('a batch is one transaction of two statements, and each acceptance is told of by itself', async () => {
  await fresh();
  const { line, told, connections } = await open(0, 1);
  const statements: string[] = [];
  const its = connections[0]!.connection;
  const query = its.query.bind(its);
  its.query = async (asked) => {
    statements.push(asked.text);
    return await query(asked);
  };
  await line.accept(workOf(1, [2]));
  statements.length = 0;
  told.length = 0;
  const works = [workOf(1, [3]), workOf(1, [3, 4])];
  assert.deepEqual(await Promise.all(works.map((work) => line.accept(work))), [undefined, undefined]);
  assert.equal(statements.length, 2, statements.join('\n'));
  assert.deepEqual(
    told.map(({ mailboxes }) => mailboxes),
    [
      [3, 1000, 1, 2, 1],
      [3, 2000, 2, 3, 2, 4, 1000, 1, 2, 1],
    ],
  );
  assert.deepEqual(
    await rows('SELECT account::int, uid::int, message::text FROM entry WHERE account > 2 ORDER BY 1, 2'),
    [
      [3, 1, String(works[0]!.id)],
      [3, 2, String(works[1]!.id)],
      [4, 1, String(works[1]!.id)],
    ],
  );
  const [[body] = []] = await rows(`SELECT body FROM content WHERE message = ${works[1]!.id}`);
  assert.deepEqual(body, works[1]!.body);
});

test('messages are written while their batch waits for its mailboxes', async () => {
  await fresh();
  const { line } = await open(0, 1);
  const other = await clientOf(server, database);
  try {
    await other.query('BEGIN');
    await other.query('SELECT 1 FROM mailbox WHERE account = 3 FOR UPDATE');
    const accepting = line.accept(workOf(1, [3], { size: 10_000, chunks: 1 }));
    // Pages of a table are seen by others as soon as they are written.
    const written = async () =>
      (
        await rows(
          `SELECT 1 WHERE ${['message', 'content', 'chunk'].map((t) => `pg_relation_size('${t}') > 0`).join(' AND ')}`,
        )
      ).length === 1;
    await until('the rows are written', written);
    assert.equal(await count('message'), 0);
    assert.equal(await count("pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"), 1);
    await other.query('COMMIT');
    assert.equal(await accepting, undefined);
    assert.equal(await count('message'), 1);
  } finally {
    await other.end();
  }
});

test('what was written of a message that is not filed, or goes elsewhere, is taken back', async () => {
  await fresh();
  const { line } = await open(0, 1);
  await client.query('UPDATE account SET moved_to = 5 WHERE id = 4');
  await client.query("UPDATE address SET account = 5 WHERE key = 'a4@x'");
  const filed = workOf(1, [3]);
  const full = workOf(2, [3], { charged: 2 ** 50, copies: [workOf(2, [6])] });
  const moved = workOf(1, [4]);
  const answers = await Promise.all([filed, full, moved].map((work) => line.accept(work)));
  assert.deepEqual(answers, [undefined, { kind: 'refused', why: 'quota', index: 0 }, undefined]);
  const both = [filed.id, moved.id].map(String);
  assert.deepEqual((await rows('SELECT id::text FROM message ORDER BY id')).flat(), both);
  assert.deepEqual((await rows('SELECT message::text FROM content WHERE refs = 1 ORDER BY 1')).flat(), both);
  const [[envelope] = []] = await rows(`SELECT envelope FROM message WHERE id = ${moved.id}`);
  assert.match(String(envelope), /"mailbox":5/);
  assert.equal(await count(`entry WHERE account = 5 AND message = ${moved.id}`), 1);
});

test('the rows of the trail are a chain along the lane of each connection', async () => {
  await fresh();
  const { line } = await open(3, 2);
  await Promise.all(Array.from({ length: 200 }, (_, i) => line.accept(workOf(1 + (i % 5), [6 + (i % 7)]))));
  const { rows: found } = await client.query({
    text: `SELECT lane, place, seq, at, event, outcome, message, account, facts, commitment, hash FROM audit ORDER BY lane, place`,
    rowMode: 'array',
  });
  assert.equal(found.length, 200);
  const heads = new Map<number, { place: number; hash: Uint8Array }>();
  for (const [lane, place, seq, at, event, outcome, message, account, facts, commitment, hash] of found) {
    const of = Number(lane);
    const head = heads.get(of) ?? { place: 0, hash: laneStart({ node: 3, epoch: 1, lane: of }) };
    assert.equal(Number(place), head.place + 1);
    const fields = {
      seq: Number(seq),
      at: Number(at),
      event: String(event),
      outcome: String(outcome),
      facts: String(facts),
    };
    const rest = { message: BigInt(String(message)), account: Number(account), commitment: commitment as Uint8Array };
    const expected = chainHash(head.hash, { ...fields, ...rest });
    assert.deepEqual(hash, expected);
    heads.set(of, { place: head.place + 1, hash: expected });
  }
});

test('two nodes file one message under one key of a resubmission at once: one files it, the other tells which', async () => {
  await fresh();
  const [one, other] = [await open(0), await open(1)];
  for (let i = 0; i < 20; i += 1) {
    const key = randomBytes(16);
    const works = [workOf(1, [2], resubmitted(key)), workOf(1, [2], resubmitted(key))];
    const answers = await Promise.all([one.line.accept(works[0]!), other.line.accept(works[1]!)]);
    const filed = answers.findIndex((answer) => answer === undefined);
    assert.deepEqual(answers[1 - filed], { kind: 'duplicate', of: works[filed]!.id }, `round ${i}`);
  }
  assert.equal(await count('message'), 20);
  assert.equal(await count('entry WHERE account = 2'), 20);
});

test('control: DO NOTHING tells nothing of the row that stands, and its commit waits for nobody; DO UPDATE does both', async () => {
  await fresh();
  const [one, other] = [await clientOf(server, database), await clientOf(server, database)];
  const claim = async (by: PostgresClient, how: string): Promise<number> => {
    const text = `INSERT INTO resubmission_key AS kept (key, message, at) VALUES ('\\x01', 1, 1) ON CONFLICT (key) ${how} RETURNING message`;
    return (await by.query({ text, rowMode: 'array' })).rows.length;
  };
  await claim(one, 'DO NOTHING');
  assert.equal(await claim(other, 'DO NOTHING'), 0, 'nothing is told of the row that stands');
  // What is acknowledged must be written: DO UPDATE locks and writes the row, and its transaction
  // has a commit that waits for another place.
  const written = async (how: string): Promise<boolean> => {
    await other.query('BEGIN');
    await claim(other, how);
    const { rows: found } = await other.query({
      text: 'SELECT pg_current_xact_id_if_assigned() IS NOT NULL',
      rowMode: 'array',
    });
    await other.query('COMMIT');
    return found[0]?.[0] === true;
  };
  assert.equal(await written('DO NOTHING'), false, 'its commit waits for nobody');
  assert.equal(await written('DO UPDATE SET at = kept.at'), true);
  await one.end();
  await other.end();
});

test('a resubmission counts for its window, while nobody has the first; and when its sender never heard, for a day', async () => {
  await fresh();
  const { line, connections } = await open();
  const key = randomBytes(16);
  const first = workOf(1, [2, 3], resubmitted(key));
  assert.equal(await line.accept(first), undefined);
  const again = { kind: 'duplicate', of: first.id };
  assert.deepEqual(await line.accept(workOf(1, [2, 3], resubmitted(key))), again);
  await client.query(`UPDATE entry SET retrieved = 1 WHERE account = 3`);
  const second = workOf(1, [2, 3], resubmitted(key));
  assert.equal(await line.accept(second), undefined, 'somebody has it');
  assert.equal(await line.accept(workOf(1, [2, 3], resubmitted(key, AT + 1))), undefined, 'the window is over');
  const last = workOf(1, [2, 3], resubmitted(key));
  assert.equal((await line.accept(last))?.kind, 'duplicate');
  await line.run(connections[0]!, () => markUnsure([key, randomBytes(16)], AT));
  assert.equal(
    (await line.accept(workOf(1, [2, 3], resubmitted(key, AT + 1))))?.kind,
    'duplicate',
    'it was never told of',
  );
  assert.equal(await line.run(connections[0]!, () => dropKeys(instant(AT + hours(24) + 1))), false);
  assert.equal(await count('resubmission_key'), 0);
});

test('a request is answered with what it did the first time, on whichever node; refused, its key is free', async () => {
  await fresh();
  const [one, other] = [await open(0), await open(1)];
  const hashes = (key: string, of: string): string =>
    [key, of].map((it) => createHash('sha256').update(it).digest().subarray(0, 16).toString('latin1')).join('');
  const request = (key: string) => ({ request: { hashes: hashes(key, 'what'), answer: `answer of ${key}` } });
  const works = [workOf(1, [2], request('a')), workOf(1, [2], request('a'))];
  const answers = await Promise.all([one.line.accept(works[0]!), other.line.accept(works[1]!)]);
  const filed = answers.findIndex((answer) => answer === undefined);
  const answered = answers[1 - filed];
  assert.ok(answered?.kind === 'answered');
  assert.deepEqual([answered.message, answered.answer], [works[filed]!.id, 'answer of a']);
  assert.equal((await one.line.accept(workOf(1, [99], request('b'))))?.kind, 'refused');
  assert.equal(await one.line.accept(workOf(1, [2], request('b'))), undefined);
  const keyOf = (name: string): Uint8Array => Buffer.from(hashes(name, ''), 'latin1').subarray(0, 16);
  assert.equal((await other.line.sentRequest(keyOf('a'), AT))?.message, works[filed]!.id);
  assert.equal(await other.line.sentRequest(keyOf('a'), AT + hours(25)), undefined, 'its day is over');
  assert.equal(await other.line.sentRequest(keyOf('c'), AT), undefined);
  const later = workOf(1, [2], { ...request('a'), receivedAt: AT + hours(25) });
  assert.equal(await one.line.accept(later), undefined, 'the key of a day before is free');
  assert.equal((await other.line.sentRequest(keyOf('a'), AT))?.message, later.id);
});

test('a notice is filed once, and its key is free where its addressee is gone', async () => {
  await fresh();
  const [one, other] = [await open(0), await open(1)];
  const notice = (to: number) => workOf(0, [to], { once: 'receipt 1' });
  assert.equal((await one.line.accept(notice(99)))?.kind, 'refused');
  const answers = await Promise.all([one.line.accept(notice(2)), other.line.accept(notice(2))]);
  assert.deepEqual(answers.map((answer) => answer?.kind).sort(), ['already', undefined]);
  assert.equal(await count('entry WHERE account = 2'), 1);
});

test('notices that come with a message: filed behind it, or left out with a row in the trail', async () => {
  await fresh();
  const { line, told } = await open();
  const there = workOf(0, [3], { audit: [] });
  const gone = workOf(0, [99], { audit: [], once: 'x' });
  assert.equal(await line.accept(workOf(1, [2], { notices: [there, gone] })), undefined);
  assert.deepEqual(
    told.flatMap(({ filed }) => filed ?? []),
    [there.id],
  );
  assert.deepEqual(await rows('SELECT event, message::text, facts FROM audit ORDER BY seq OFFSET 1'), [
    ['notice.not-filed', String(gone.id), '{"why":"gone","once":"x"}'],
  ]);
  assert.equal(await count('notice'), 0);
});

test('notices of a change are filed in its transaction, and go with it', async () => {
  await fresh();
  const { line, connections } = await open();
  const its = connections[0]!;
  const changed = new ChangeEffects();
  const file = () =>
    fileNotices([workOf(0, [2]), workOf(0, [99])], AT, changed, {
      lane: its.lane,
      usage: new UsageNotes(),
    });
  await assert.rejects(
    line.run(its, function* () {
      yield* file();
      throw new Error('the change fails');
    }),
    /the change fails/,
  );
  assert.deepEqual([await count('message'), await count('audit')], [0, 0]);
  changed.filed.length = 0;
  await line.run(its, file);
  assert.deepEqual([changed.filed.length, await count('message'), await count('audit')], [1, 1, 2]);
  assert.equal(await count('usage_waiting'), 0, "figures are the change's");
});

test('batches of two nodes over the same mailboxes in other orders all end', async () => {
  await fresh();
  const [one, other] = [await open(0, 4), await open(1, 4)];
  const boxes = [2, 3, 4, 5, 6, 7];
  const each = async (node: FilingNode, from: number): Promise<void> => {
    for (let i = 0; i < 30; i += 1) {
      const to = i % 2 === 0 ? boxes : boxes.toReversed();
      assert.equal(await node.line.accept(workOf(from, to)), undefined);
    }
  };
  await Promise.all([1, 8, 9, 10].flatMap((from) => [each(one, from), each(other, from)]));
  assert.deepEqual(
    await rows('SELECT DISTINCT messages::int, next_uid::int, octets::int FROM mailbox WHERE account BETWEEN 2 AND 7'),
    [[240, 241, 240_000]],
  );
  assert.equal(await count('(SELECT DISTINCT account, uid FROM entry) e'), 240 * boxes.length);
});

test('a work that fails by itself fails alone: the others of its batch are filed', async () => {
  await fresh();
  const { line, told } = await open(0, 1);
  const poisoned = workOf(1, [2], { body: null, chunks: 3 });
  // Refused by the server alone.
  const twice = workOf(1, [3]);
  const same = workOf(1, [4], { id: twice.id });
  const works = [workOf(1, [2]), poisoned, workOf(1, [2]), twice, same, workOf(3, [2])];
  const answers = await Promise.allSettled(works.map((work) => line.accept(work)));
  assert.deepEqual(
    answers.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  );
  assert.match(String((answers[1] as PromiseRejectedResult).reason), /has 0 of 3 chunks/);
  assert.equal(await count('entry'), 4);
  assert.equal(told.length, 4);
});

test('a body that came in pieces is accepted when all of them are there', async () => {
  await fresh();
  const { line } = await open();
  const its = await clientOf(server, database);
  nodes.push({ close: () => its.end() });
  const connection = new ClientConnection(its);
  const work = workOf(1, [2], { body: null, chunks: 3, size: 700_000 });
  const piece = (n: number) => ({
    id: work.id,
    n,
    sealed: randomBytes(1000),
    tag: randomBytes(16),
    day: work.day,
    at: AT,
    account: 1,
  });
  const chunks = new ChunkLine({ withChunks: (store) => store(new PostgresRunner(connection)) });
  await Promise.all([0, 1].map((n) => chunks.add(piece(n))));
  assert.equal(await count('upload'), 1);
  await assert.rejects(line.accept(work), /has 2 of 3 chunks/);
  await chunks.add(piece(2));
  assert.equal(await line.accept(work), undefined);
  assert.deepEqual([await count('upload'), await count('chunk')], [0, 3]);
});

test('a small body lies in parts that fit a page each, and goes with a message that is not filed', async () => {
  await fresh();
  const { line } = await open();
  const key = Buffer.alloc(16, 1);
  const work = workOf(1, [2], { size: 10_000, chunks: 1, ...resubmitted(key) });
  assert.equal(await line.accept(work), undefined);
  assert.deepEqual([await count('upload'), await count('chunk')], [0, 2]);
  const [[inRow, ...rest] = []] = await rows(
    `SELECT c.body, ${wholeBody.text({ engine: 'postgres', lock: '' })} FROM content c`,
  );
  assert.deepEqual([inRow, ...rest], [null, work.body]);
  // The server keeps each part in its row.
  const [[toasted] = []] = await rows(
    `SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE oid = 'chunk'::regclass`,
  );
  assert.equal(Number(toasted), 0);
  const again = workOf(1, [2], { size: 10_000, chunks: 1, ...resubmitted(key) });
  assert.deepEqual(await line.accept(again), { kind: 'duplicate', of: work.id });
  const full = workOf(1, [2], { size: 10_000, chunks: 1, charged: 2 ** 50 });
  assert.equal((await line.accept(full))?.kind, 'refused');
  assert.equal(await count('chunk'), 2);
  // A notice is written when it is decided, and so is its body.
  const notice = workOf(0, [3], { size: 10_000, chunks: 1, once: 'n' });
  assert.equal(await line.accept(workOf(1, [2], { notices: [notice] })), undefined);
  assert.equal(await count(`chunk WHERE message = ${notice.id}`), 2);
});

test('figures of usage wait in a row for each batch, and are added once, whoever adds', async () => {
  await fresh();
  const [one, other] = [await open(0), await open(1)];
  await Promise.all(Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? one : other).line.accept(workOf(1, [2, 3]))));
  assert.ok((await count('usage_waiting')) > 0);
  const fold = (node: FilingNode) => node.line.run(node.connections[0]!, foldUsage);
  await Promise.all([fold(one), fold(other)]);
  const figures =
    'SELECT account::int, sent::int, sent_recipients::int, received::int, received_octets::int FROM usage_month ORDER BY account';
  const expected = [
    [1, 40, 80, 0, 0],
    [2, 0, 0, 40, 40_000],
    [3, 0, 0, 40, 40_000],
  ];
  assert.deepEqual(await rows(figures), expected);
  assert.equal(await count('usage_waiting'), 0);
  await fold(one);
  assert.deepEqual(await rows(figures), expected);
  assert.equal(await count('account WHERE last_used IS NOT NULL'), 1);
});

test('an account that ends, an address that ends and a mailbox that is taken over count from their commit on', async () => {
  await fresh();
  const { line } = await open();
  await client.query(`UPDATE account SET state = 'ended' WHERE id = 1`);
  assert.deepEqual(await line.accept(workOf(1, [2])), { kind: 'closed' });
  await client.query(`UPDATE address SET final_at = 1 WHERE key = 'a2@x'`);
  assert.deepEqual(await line.accept(workOf(3, [2])), { kind: 'refused', why: 'gone', index: 0 });
  await client.query(
    `UPDATE account SET moved_to = 6, state = 'ended' WHERE id = 5; UPDATE address SET account = 6 WHERE key = 'a5@x'`,
  );
  assert.equal(await line.accept(workOf(3, [5])), undefined);
  assert.equal(await count('entry WHERE account = 6'), 1);
  // What is under way is waited for: a change that holds the account decides.
  const changing = await clientOf(server, database);
  await changing.query(`BEGIN; UPDATE account SET state = 'suspended' WHERE id = 7`);
  const accepting = line.accept(workOf(3, [7]));
  await changing.query('COMMIT');
  assert.deepEqual(await accepting, { kind: 'refused', why: 'gone', index: 0 });
  await changing.end();
});

test('while a batch is under way, a change of the account that sends does not wait for it; one of a recipient does', async () => {
  await fresh();
  const { connections } = await open(0, 1);
  const { connection, runner, lane } = connections[0]!;
  const changing = await clientOf(server, database);
  nodes.push({ close: () => changing.end() });
  await changing.query(`SET lock_timeout = '200ms'`);
  const suspend = (account: number) => changing.query(`UPDATE account SET state = 'suspended' WHERE id = ${account}`);
  await connection.begin();
  const batch = fileBatch([workOf(1, [2])], { lane, usage: new UsageNotes() });
  assert.equal((await runner.run(batch))[0]?.unfiled, undefined);
  await suspend(1);
  await assert.rejects(suspend(2), /lock timeout/);
  await connection.commit();
  await suspend(2);
});
