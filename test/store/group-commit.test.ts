/** The writer's transactions, without its thread. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import Database from 'better-sqlite3';
import { MiB } from '../../src/domain/units.ts';
import { type Db, openReading, openWriting } from '../../src/store/sqlite/database.ts';
import { GroupCommit } from '../../src/store/sqlite/group-commit.ts';
import { LogUpkeep } from '../../src/store/sqlite/log-upkeep.ts';
import { createSqliteStore } from '../../src/store/sqlite/open.ts';
import { type Copied, type Copier, ThreadCopier } from '../../src/store/sqlite/log-copier.ts';
import type { CreateOptions, Testing } from '../../src/store/sqlite/options.ts';
import type { Own } from '../../src/store/sqlite/own.ts';
import type { AcceptWork } from '../../src/store/changes/accept-work.ts';
import type { AuditItem } from '../../src/domain/audit-row.ts';
import type { WriterAnswer, WriterSays, WriterCall } from '../../src/store/sqlite/writer-protocol.ts';
import { KeptReserve } from '../../src/store/sqlite/kept-reserve.ts';
import { Reserve } from '../../src/store/sqlite/reserve.ts';
import { WriterWorker } from '../../src/store/sqlite/writer-work.ts';
import { giveOldShape, testOptions } from '../support/store.ts';
import { until } from '../support/until.ts';

interface Bench {
  readonly db: Db;
  readonly said: WriterSays[];
  readonly group: GroupCommit;
  readonly reserve: Reserve;
  readonly run: (works: readonly WriterCall[]) => Promise<Map<number, string>>;
}

/** Copies when its outcome is asked for, on the writer's own connection. */
function copierOf(db: Db, ready = (): boolean => true): Copier {
  let busy = false;
  return {
    get busy() {
      return busy;
    },
    start: () => (busy = true),
    outcome: () => {
      if (!busy || !ready()) return undefined;
      busy = false;
      const [row] = db.pragma('wal_checkpoint(PASSIVE)') as { log: number; checkpointed: number }[];
      assert(row !== undefined);
      return { kind: 'copied', ...row };
    },
    rest: () => true,
    end: () => undefined,
  };
}

/** The real thread, which keeps no process alive. */
function threadOf(t: TestContext, thread?: URL): MakeCopier {
  return ({ name }, copied) => {
    const copier = new ThreadCopier(name, copied, thread);
    const alive = setInterval(() => undefined, 1000);
    t.after(() => {
      clearInterval(alive);
      copier.end();
    });
    return copier;
  };
}

type MakeCopier = (db: Db, copied: () => void) => Copier;

async function writer(
  t: TestContext,
  testing: Testing = {},
  copier: MakeCopier = (db) => copierOf(db),
  reserveOctets = 0,
  shape: (options: CreateOptions) => void = () => undefined,
): Promise<Bench> {
  const options = testOptions(t);
  await createSqliteStore(options);
  shape(options);
  const db = openWriting(join(options.dataFolder, 'sluis.db'), 'FULL');
  t.after(() => db.close());
  const reserve = new Reserve(options.dataFolder, reserveOctets);
  assert(reserve.keep('whole'));
  const kept = new KeptReserve({ db, reserve, maxPages: testing.maxPages, octets: reserveOctets });
  const said: WriterSays[] = [];
  const group: GroupCommit = new GroupCommit({
    db,
    work: new WriterWorker(db, 0, {}, kept),
    reserve: kept,
    copier: copier(db, () => group.keepLog()),
    testing,
    say: (message) => said.push(message),
    drain: () => undefined,
  });
  return {
    ...{ db, said, group, reserve },
    run: async (works) => {
      const from = said.length;
      group.add(works.map((call, n) => ({ n, call })));
      await group.run();
      const kinds = new Map<number, string>();
      for (const message of said.slice(from))
        if (message.kind === 'answers') for (const { n, answer } of message.answers) kinds.set(n, wordOf(answer));
      return kinds;
    },
  };
}

/** Of an acceptance that was not filed: why. */
function wordOf(answer: WriterAnswer): string {
  if (answer.kind !== 'done') return answer.kind;
  return (answer.value as { readonly kind: string } | undefined)?.kind ?? 'done';
}

const own = <K extends keyof Own>(
  object: K,
  method: keyof Own[K] & string,
  ...args: readonly unknown[]
): WriterCall => ({
  object,
  method,
  args,
});
const AUDIT = own('trail', 'append', []);
/** One row of the trail. */
const noted = (at: number): WriterCall => {
  const item: AuditItem = {
    ...{ at, event: 'auth.accepted', outcome: 'success', message: null, account: null, facts: '{}' },
    ...{ personal: null, salt: null },
  };
  return own('trail', 'append', [item]);
};

/** For the postmaster that every new store has. */
const accept = (id: number, more: Partial<AcceptWork> = {}): WriterCall => own('mail', 'accept', workOf(id, more));
const workOf = (id: number, more: Partial<AcceptWork>): AcceptWork => ({
  id: BigInt(id),
  receivedAt: 1,
  judged: null,
  submitter: 1,
  sender: '',
  messageIdField: '',
  envelope: '{}',
  parts: null,
  octets: 3,
  submitted: 3,
  sha256: new Uint8Array(32),
  day: '2026-11-25',
  charged: 10,
  submittedHeader: null,
  dataKey: new Uint8Array(60),
  chunks: 1,
  body: new Uint8Array(19),
  mailboxes: [1],
  owners: [1],
  partners: [],
  keys: ['postmaster@mail.test'],
  uidls: randomBytes(16),
  receipts: [],
  deliveries: [],
  copies: [],
  interchanges: [],
  system: false,
  once: null,
  resubmission: null,
  request: null,
  notices: [],
  audit: [
    {
      at: 1,
      event: 'message.accepted',
      outcome: 'success',
      message: BigInt(id),
      account: 1,
      facts: '{}',
      personal: null,
      salt: null,
    },
  ],
  ...more,
});
const chunk = (id: number, n: number, account = 1): WriterCall =>
  own('mail', 'chunk', {
    ...{ id: BigInt(id), n, sealed: new Uint8Array(262_160), tag: new Uint8Array(16) },
    ...{ day: '2026-11-25', at: 1, account },
  });
const count = (db: Db, table: string): number =>
  db.prepare<[], { n: number }>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? -1;

/** Numbers of the pieces of each group. */
const groupsOf = (said: readonly WriterSays[]): number[][] =>
  said.map((s) => (s.kind === 'answers' ? s.answers.map((a) => a.n) : []));

test('pieces of a body are committed without a sync, whatever somebody waits for with one', async (t) => {
  const { run, db } = await writer(t);
  const sync = (): unknown => db.pragma('synchronous', { simple: true });
  assert.equal(sync(), 2);
  await run([chunk(1, 0), chunk(2, 0)]);
  assert.equal(sync(), 1, 'NORMAL: no sync at COMMIT');
  await run([accept(3)]);
  assert.equal(sync(), 2, 'FULL');
  await run([chunk(1, 1), accept(1, { chunks: 2, body: null })]);
  assert.equal(sync(), 2, 'the acceptance behind its last piece');
  await run([accept(4)]);
  await run([chunk(2, 1), AUDIT]);
  assert.equal(sync(), 2, 'anything beside a piece');
});

test('everything that waits shares a transaction, up to 64 pieces', async (t) => {
  const { run, said, db } = await writer(t);
  const answers = await run(Array.from({ length: 100 }, (_, i) => accept(i + 1)));
  assert.equal(answers.size, 100);
  assert.deepEqual(
    said.map((s) => s.kind === 'answers' && s.answers.length),
    [64, 36],
  );
  assert.equal(count(db, 'entry'), 100);
});

test('a piece that breaks a constraint is undone alone, in the middle of its group', async (t) => {
  const { run, db, said } = await writer(t);
  const before = count(db, 'audit');
  const answers = await run([
    accept(1),
    accept(1, { audit: [] }),
    accept(2, { keys: ['nobody@mail.test'] }),
    accept(3),
    accept(4, { body: null, chunks: 2 }),
  ]);
  assert.deepEqual([...answers.entries()].sort(), [
    [0, 'done'],
    [1, 'error'],
    [2, 'refused'],
    [3, 'done'],
    [4, 'error'],
  ]);
  assert.equal(said.length, 1, 'one transaction');
  assert.equal(count(db, 'message'), 2);
  assert.equal(count(db, 'entry'), 2);
  assert.equal(count(db, 'audit') - before, 2);
  const mailbox = db.prepare('SELECT messages, octets, next_uid FROM mailbox WHERE account = 1').get();
  assert.deepEqual(mailbox, { messages: 2, octets: 6, next_uid: 3 });
});

test('one chunk of a large body a transaction, small messages beside it; its acceptance rides with the last', async (t) => {
  const { run, said } = await writer(t);
  await run([
    chunk(9, 0),
    chunk(9, 1),
    accept(9, { body: null, chunks: 2, octets: 500_000 }),
    ...Array.from({ length: 70 }, (_, i) => accept(i + 10)),
  ]);
  const [first, second, third, ...rest] = groupsOf(said);
  assert.equal(first?.length, 65);
  assert(first.includes(0) && !first.includes(1));
  // Whoever waited for the first slice does not wait for the next one as well.
  assert.deepEqual(second, [67, 68, 69, 70, 71, 72]);
  assert.deepEqual(third, [1, 2]);
  assert.deepEqual(rest, []);
});

test('a message rides behind the pieces of whatever is filed with it, a copy of a notice as well', async (t) => {
  const { run, said } = await writer(t);
  const streamed = workOf(9, { body: null, chunks: 2, octets: 500_000, audit: [] });
  const notice = workOf(3, { copies: [streamed], audit: [] });
  const answers = await run([chunk(9, 0), chunk(9, 1), accept(2, { notices: [notice] }), accept(1)]);
  const order = groupsOf(said).flat();
  assert.ok(order.indexOf(2) > order.indexOf(1) && order.indexOf(3) < order.indexOf(1), order.join());
  assert.deepEqual([answers.get(2), answers.get(3)], ['done', 'done']);
});

test('beside another account one has a share of each group, and the other waits for no more than that', async (t) => {
  const { run, said } = await writer(t);
  const greedy = Array.from({ length: 60 }, (_, i) => accept(i + 1));
  await run([...greedy, accept(100, { submitter: 2 }), AUDIT]);
  const [first, second, ...rest] = groupsOf(said);
  // The eight first, and in between the other and what is nobody's.
  assert.deepEqual(first, [0, 60, 61, 1, 2, 3, 4, 5, 6, 7]);
  assert.equal(second?.length, 8);
  assert.equal(rest.flat().length, 60 - 16);
});

test('rows that are nobody’s are no company: an account that is alone has all of a group', async (t) => {
  const { run, said } = await writer(t);
  await run([...Array.from({ length: 60 }, (_, i) => accept(i + 1)), AUDIT]);
  assert.deepEqual(
    groupsOf(said).map(({ length }) => length),
    [61],
  );
});

test('large bodies of two accounts take turns, and each acceptance stays behind its own pieces', async (t) => {
  const { run, said } = await writer(t);
  const greedy = Array.from({ length: 12 }, (_, n) => chunk(1, n, 1));
  const modest = [chunk(2, 0, 2), chunk(2, 1, 2)];
  const answers = await run([
    ...greedy,
    accept(1, { body: null, chunks: 12, octets: 3_000_000 }),
    ...modest,
    accept(2, { body: null, chunks: 2, octets: 500_000, submitter: 2 }),
  ]);
  const order = groupsOf(said).flat();
  assert.ok(order.indexOf(15) <= 5, `the other was served as number ${order.indexOf(15)}`);
  assert.ok(order.indexOf(12) > order.indexOf(11) && order.indexOf(15) > order.indexOf(14));
  assert.equal(answers.get(12), 'done');
});

test('a commit that fails answers nobody, and nothing is committed after it', async (t) => {
  const { run, said, db } = await writer(t, { failCommit: 2 });
  assert.equal((await run([accept(1)])).get(0), 'done');
  assert.equal((await run(Array.from({ length: 130 }, (_, i) => accept(i + 2)))).size, 0);
  assert.deepEqual(
    said.map((s) => s.kind),
    ['answers', 'failed'],
  );
  assert.equal((await run([accept(500)])).size, 0);
  assert.equal(count(db, 'message'), 1);
});

test('the log is copied back once it is long, and stays short', async (t) => {
  const { run, db } = await writer(t);
  const path = db.name;
  for (let i = 0; i < 200; i += 1) await run([chunk(i + 1, 0)]);
  assert(readFileSync(`${path}-wal`).length < 48 * 1024 * 1024);
});

const walOf = (db: Db): number => statSync(`${db.name}-wal`).size;

test('while the log is copied small messages go on, large ones wait for it, and then the log begins anew', async (t) => {
  let asked = 0;
  let done = false;
  const slow: MakeCopier = (db) =>
    copierOf(db, () => {
      asked += 1;
      return done;
    });
  const { run, db, group, said } = await writer(t, {}, slow);
  for (let i = 0; asked === 0 && i < 200; i += 1) await run([chunk(i + 1, 0)]);
  assert(asked > 0, 'the thread was told to copy');
  assert(walOf(db) < 6 * 1024 * 1024, 'with the first 2 MB');
  for (let i = 100; walOf(db) < 25 * 1024 * 1024; i += 1) await run([chunk(i + 1, 0)]);
  const before = walOf(db);
  // 15 MB: more than what may still come.
  const waiting = run(Array.from({ length: 60 }, (_, i) => chunk(1000 + i, 0)));
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
  let answered = said.length;
  assert(walOf(db) - before < 9 * 1024 * 1024, 'large bodies wait');
  // One of somebody else does not wait for these.
  group.add([{ n: 998, call: chunk(3000, 0, 2) }]);
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(said.length, (answered += 1));
  group.add([{ n: 999, call: accept(5000) }]);
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(said.length, answered + 1, 'a small message does not');
  done = true;
  // What came while it copied is copied next, and then nothing is left.
  for (let copies = 0; copies < 3; copies += 1) group.keepLog();
  assert.equal((await waiting).size, 62);
  assert(walOf(db) < 48 * 1024 * 1024);
});

test('a reader that holds on makes the log longer by what was written meanwhile, and by no more', async (t) => {
  const { run, db } = await writer(t, {}, threadOf(t));
  const reader = openReading(db.name);
  t.after(() => reader.close());
  reader.exec('BEGIN; SELECT count(*) FROM chunk');
  let id = 0;
  const write = async (chunks: number): Promise<void> => {
    for (let i = 0; i < chunks; i += 1) await run([chunk((id += 1), 0)]);
  };
  await write(170);
  const held = walOf(db);
  assert(held > 42 * 1024 * 1024);
  reader.exec('COMMIT');
  await write(170);
  assert(walOf(db) < held + 8 * 1024 * 1024, `the log has ${walOf(db)} octets, before ${held}`);
});

test(
  'a thread that dies while it copies is no reason to wait, and the writer copies then',
  { timeout: 20_000 },
  async (t) => {
    // A thread of the store keeps no process alive.
    const alive = setInterval(() => undefined, 1000);
    t.after(() => clearInterval(alive));
    const dead = new URL('data:text/javascript,process.exit(1)');
    const { run, db } = await writer(t, {}, threadOf(t, dead));
    for (let i = 0; i < 300; i += 1) await run([chunk(i + 1, 0)]);
    assert(walOf(db) < 48 * 1024 * 1024);
  },
);

test('where no thread can copy the writer does, and a copy that failed is the end of the store', async (t) => {
  const outcomes: Copied[] = [];
  outcomes.push({ kind: 'unable' });
  let busy = false;
  const copier: Copier = {
    get busy() {
      return busy;
    },
    start: () => (busy = true),
    outcome: () => {
      busy = false;
      return outcomes.shift();
    },
    rest: () => true,
    end: () => undefined,
  };
  const alone = await writer(t, {}, () => copier);
  for (let i = 0; i < 300; i += 1) await alone.run([chunk(i + 1, 0)]);
  assert(walOf(alone.db) < 48 * 1024 * 1024);
  assert.equal(outcomes.length, 0);

  outcomes.push({ kind: 'failed', message: 'disk I/O error' });
  const failing = await writer(t, {}, () => copier);
  for (let i = 0; i < 200 && !failing.group.failed; i += 1) await failing.run([chunk(i + 1, 0)]);
  assert.deepEqual(failing.said.at(-1), { kind: 'failed', message: 'disk I/O error' });
});

test('the log is copied in portions of 2 MB, whatever the size of pages', (t) => {
  for (const pageOctets of [4096, 8192]) {
    const folder = mkdtempSync(join(tmpdir(), 'sluis-log-'));
    const db = new Database(join(folder, 'sluis.db'));
    t.after(() => {
      db.close();
      rmSync(folder, { recursive: true });
    });
    db.pragma(`page_size = ${pageOctets}`);
    db.exec('CREATE TABLE a (b)');
    const copier = copierOf(db);
    const never = (): never => assert.fail();
    const log = new LogUpkeep({ db, copier, isShort: () => false, onFull: never, onFailed: never });
    let octets = 0;
    for (; !copier.busy && octets < 1e8; octets += pageOctets) {
      log.grew(1);
      log.keep();
    }
    assert.equal(octets, 2_048_000);
  }
});

test('on a full disk the log gives its room back with each commit, and otherwise keeps it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-log-'));
  const db = new Database(join(folder, 'sluis.db'));
  t.after(() => {
    db.close();
    rmSync(folder, { recursive: true });
  });
  db.pragma('journal_mode = WAL');
  db.exec('CREATE TABLE a (b)');
  let short = false;
  const never = (): never => assert.fail();
  const log = new LogUpkeep({ db, copier: copierOf(db), isShort: () => short, onFull: never, onFailed: never });
  const commit = (): number => {
    db.exec('INSERT INTO a VALUES (zeroblob(100000))');
    log.grew(25);
    log.keep();
    return walOf(db);
  };
  assert(commit() > 100_000);
  short = true;
  assert.equal(commit(), 0);
  assert.equal(commit(), 0);
});

test('a disk that is full is told of once a portion, and starts no copy at each commit', (t) => {
  const db = new Database(':memory:');
  t.after(() => db.close());
  const outcomes: Copied[] = [];
  let [busy, starts, fulls] = [false, 0, 0];
  const copier: Copier = {
    get busy() {
      return busy;
    },
    start: () => {
      starts += 1;
      busy = true;
    },
    outcome: () => {
      busy = false;
      return outcomes.shift() ?? { kind: 'full' };
    },
    rest: () => true,
    end: () => undefined,
  };
  // A portion is a sixteenth: 100 pages, one a commit here.
  const parts = { db, copier, pages: 1600, isShort: () => false, onFailed: () => assert.fail() };
  const log = new LogUpkeep({ ...parts, onFull: () => (fulls += 1) });
  const commits = (n: number): void => {
    for (let i = 0; i < n; i += 1) {
      log.grew(1);
      log.keep();
    }
  };
  commits(1000);
  assert.ok(fulls >= 9 && starts >= 9 && starts <= 10, `${starts} copies were started, ${fulls} found the disk full`);

  // Behind a reader that held on to much of the log the next copy is no further away.
  outcomes.push({ kind: 'copied', log: 1500, checkpointed: 100 });
  commits(250);
  const before = starts;
  commits(3000);
  assert.ok(starts - before >= 15 && starts - before <= 30, `${starts - before} copies were started`);
});

const SWEPT = { keptFor: { hidden: 0, traces: 0, networks: 0, usage: 0 }, open: [], below: 0n, day: '' };
const SWEEP: WriterCall = {
  ...{ object: 'sweeps', method: 'step', args: [SWEPT], at: 0, salt: new Uint8Array(32) },
};

test('an old file gives its free pages back, whoever asks for something in between', async (t) => {
  const { db, run } = await writer(t, {}, undefined, 0, giveOldShape);
  const free = (): number => db.pragma('freelist_count', { simple: true }) as number;
  db.exec('CREATE TABLE filler (octets BLOB)');
  const insert = db.prepare('INSERT INTO filler VALUES (?)');
  db.transaction(() => {
    for (let n = 0; n < 20; n += 1) insert.run(Buffer.alloc(MiB, n));
  })();
  db.exec('DELETE FROM filler');
  const before = free();
  const nothing = own('upkeep', 'alive');
  const given = run([SWEEP]);
  // In between its steps, which used to end it.
  for (let n = 0; n < 3; n += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    await run([nothing]);
  }
  const interrupted = free();
  await until('the pages are given back', () => free() <= 200);
  await given;
  t.diagnostic(`${before} pages, ${interrupted} when somebody had asked, ${free()} in the end`);
  assert(interrupted > 1000);
});

test('mail is taken again with half of the reserve on the disk, and full once more all of it is given back', async (t) => {
  const { db, reserve, run, said } = await writer(t, {}, undefined, MiB);
  const reserved = (): unknown => {
    const last = said.at(-1);
    return last?.kind === 'answers' ? last.reserved : last;
  };
  const fill = (id: number): WriterCall =>
    accept(id, { envelope: '{"recipients":[]}', body: randomBytes(60_000), uidls: randomBytes(16) });
  const most = (pages: number): unknown => db.pragma(`max_page_count = ${pages}`);
  const pages = db.pragma('page_count', { simple: true }) as number;
  for (const [from, wanted] of [
    [100, 'half'],
    [200, 'whole'],
    [300, 'half'],
  ] as const) {
    most(pages);
    // What was free in the file takes the first ones.
    for (let n = 0; n < 50 && reserve.kept !== 'out'; n += 1) await run([fill(from + n)]);
    assert.deepEqual([reserve.kept, reserved()], ['out', 'out']);
    assert.deepEqual([...(await run([noted(from)]))], [[0, 'done']]);
    assert.equal(walOf(db), 0, 'what the log took is free for new mail');
    most(pages + 10_000);
    assert.deepEqual([...(await run([fill(from + 90)]))], [[0, 'full']], 'new mail waits for the reserve');
    assert.deepEqual([...(await run([own('upkeep', 'keepReserve', 'out', wanted)]))], [[0, 'done']]);
    assert.deepEqual([reserve.kept, reserved()], [wanted, wanted]);
    assert.deepEqual([...(await run([fill(from + 91)]))], [[0, 'done']]);
    if (wanted === 'whole') continue;
    const last = said.at(-1);
    assert(last?.kind === 'answers');
    assert.equal(
      last.pages,
      db.pragma('page_count', { simple: true }),
      'pages are all the room: each commit tells them',
    );
  }
  // With mail in between, which it does not disturb; what was asked for in another state is not
  // done.
  const works: WriterCall[] = [fill(400), own('upkeep', 'keepReserve', 'out', 'whole'), fill(401)];
  assert.deepEqual([...(await run(works)).values()], ['done', 'done', 'done']);
  assert.deepEqual([reserve.kept, reserved()], ['half', 'half']);
  await run([fill(402), own('upkeep', 'keepReserve', 'half', 'whole'), fill(403)]);
  assert.deepEqual([reserve.kept, reserved()], ['whole', 'whole']);
});
