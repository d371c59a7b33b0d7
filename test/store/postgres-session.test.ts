/** One connection to PostgreSQL: what is believed of a commit, and why a connection is not made. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type KeyAndCertificate, makeDevelopmentCertificates } from '../../src/crypto/certificates/development-ca.ts';
import { days, instant, milliseconds, seconds } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { type Access, placeOf } from '../../src/store/postgres/access.ts';
import { type ConnectCause, ConnectProblem } from '../../src/store/postgres/connect-problem.ts';
import { unfit } from '../../src/store/postgres/first-look.ts';
import { Session, type SessionOptions } from '../../src/store/postgres/session.ts';
import { SqlError, isUndone, mayDoAgain } from '../../src/store/postgres/sql-error.ts';
import { OutcomeUnknown, StoreUnavailable } from '../../src/store/store.ts';
import { makeClientAuthority } from '../support/client-certificates.ts';
import { ACCESS, addressOf, startLone } from '../support/lone-postgres.ts';
import type { PostgresServer } from '../support/postgres-server.ts';
import type { Cleanup } from '../support/store.ts';
import { until } from '../support/until.ts';

let server: PostgresServer;
const closers: (() => Promise<void> | void)[] = [];
before(async () => {
  server = await startLone({ after: (close) => closers.push(close) });
  await server.ask('CREATE TABLE noted (id bigint PRIMARY KEY, word text)');
  await server.ask('GRANT ALL ON noted TO sluis');
});
after(async () => {
  for (const close of closers.toReversed()) await close();
});

/** Time enough for a machine that does much else. */
async function open(t: Cleanup, options: Partial<SessionOptions> = {}, access = ACCESS): Promise<Session> {
  const session = await Session.open(addressOf(server), access, {
    name: 'sluis/test',
    connectWithin: seconds(10),
    answerWithin: seconds(20),
    ...options,
  });
  t.after(() => session.close());
  return session;
}

/**
 * From now on a commit waits for a standby that is not there, until `release` (also after the
 * test).
 */
async function withoutStandby(t: Cleanup): Promise<() => Promise<void>> {
  const release = (): Promise<void> => server.set({ synchronous_standby_names: '' });
  await server.set({ synchronous_standby_names: 'ANY 1 (gone)' });
  t.after(release);
  await commitsWait(server);
  return release;
}

const held = async (id: number): Promise<boolean> =>
  (await server.ask('SELECT id FROM noted WHERE id = $1', [id])).length === 1;

/** Until this process of the server waits for a standby. */
const waiting = (pid: unknown, on = server): Promise<void> =>
  until('a commit waits', async () => {
    const text = "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'SyncRep'";
    return (await on.ask(text, [pid])).length === 1;
  });

/**
 * The list holds when the last of the server's processes has read it; until then a commit does not
 * wait.
 */
async function commitsWait(on: PostgresServer): Promise<void> {
  const probe = await on.open('-c application_name=probe');
  const text = "SELECT pid FROM pg_stat_activity WHERE application_name = 'probe' AND wait_event = 'SyncRep'";
  let done = true;
  await until('a commit waits', async () => {
    if (done) {
      done = false;
      probe.query("SELECT pg_logical_emit_message(true, 'probe', '')").then(
        () => (done = true),
        () => undefined,
      );
    }
    return (await on.ask(text)).length === 1;
  });
  await on.ask(`SELECT pg_terminate_backend(pid) FROM (${text}) found`);
  await probe.end();
}

async function insert(session: Session, id: number): Promise<void> {
  await session.begin();
  await session.query({ name: 'insert', text: 'INSERT INTO noted VALUES ($1, $2)', values: [id, 'x'] });
}

test('Rows come as lists, by prepared statements, and an error undoes what was done', async (t) => {
  const session = await open(t);
  const octets = Buffer.from([0, 255, 39, 92]);
  const text = 'SELECT $1::bigint AS a, $2::bytea AS b, $3::text AS c';
  for (const n of [1, 2]) {
    const answer = await session.query({ name: 'all', text, values: [2n ** 60n, octets, null] });
    assert.deepEqual(answer.rows, [['1152921504606846976', octets, null]], String(n));
    assert.deepEqual(answer.columns, ['a', 'b', 'c']);
  }
  await insert(session, 1);
  await session.commit();
  await insert(session, 2);
  const again = session.query({ text: 'INSERT INTO noted VALUES (1)' });
  await assert.rejects(
    again,
    (error) => error instanceof SqlError && error.constraint === 'noted_pkey' && mayDoAgain(error),
  );
  await session.rollback();
  assert.deepEqual([await held(1), await held(2)], [true, false]);
  assert.equal((await session.query({ text: 'DELETE FROM noted' })).count, 1);
});

test('A connection takes one query at a time, and its transactions by its methods alone', async (t) => {
  const session = await open(t);
  const first = session.query({ text: 'SELECT 1' });
  await assert.rejects(session.query({ text: 'SELECT 2' }), /One query at a time/);
  await first;
  for (const text of ['COMMIT', ' begin', 'END', "PREPARE TRANSACTION 'x'", 'ROLLBACK'])
    await assert.rejects(session.query({ text }), /must be said by/, text);
  await session.begin();
  for (const text of ['SAVEPOINT a', 'ROLLBACK TO SAVEPOINT a']) await session.query({ text });
  await session.commit();
  await assert.rejects(session.commit(), /no transaction/);
});

/** A way to the server on which its answers can be held back. */
async function relay(t: Cleanup): Promise<{ readonly port: number; hold(): void; release(): void }> {
  const ways: Socket[] = [];
  const listener = createServer((client) => {
    const there = connect(server.port, '127.0.0.1');
    client.pipe(there);
    there.pipe(client);
    ways.push(client, there);
    for (const way of [client, there]) way.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const way of ways) way.destroy();
    listener.close();
  });
  return {
    port: (listener.address() as AddressInfo).port,
    hold: () => ways[1]?.unpipe(ways[0]),
    release: () => void ways[1]?.pipe(ways[0]!),
  };
}

test('A transaction begins in the trip of its first statement, and one without a statement is never begun', async (t) => {
  const way = await relay(t);
  const options = { name: 'sluis/test', connectWithin: seconds(10), answerWithin: seconds(20) };
  const session = await Session.open({ host: '127.0.0.1', port: way.port }, ACCESS, options);
  t.after(() => session.close());
  way.hold();
  await session.begin();
  const asked = session.query({ text: "INSERT INTO noted VALUES (70, 'one trip')" });
  await until('it is done before anything was answered', async () => {
    const text =
      "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND state = 'idle in transaction' AND query LIKE 'INSERT%'";
    return (await server.ask(text, [session.facts.pid])).length === 1;
  });
  way.release();
  await asked;
  await session.rollback();
  assert.equal(await held(70), false);
  await session.begin();
  await session.rollback();
  await session.begin();
  await session.commit();
  const { rows } = await session.query({ text: 'SELECT pg_current_xact_id_if_assigned()' });
  assert.deepEqual(rows, [[null]]);
});

test('What a commit needs is set, whatever the role has', async (t) => {
  const bad = ["synchronous_commit = 'off'", "statement_timeout = '9s'", "client_min_messages = 'error'"];
  for (const one of [...bad, "transaction_timeout = '9s'", "idle_in_transaction_session_timeout = '9s'"])
    await server.ask(`ALTER ROLE sluis SET ${one}`);
  t.after(async () => {
    await server.ask('ALTER ROLE sluis RESET ALL');
  });
  const session = await open(t, { lockWithin: milliseconds(1234) });
  const names = [
    'synchronous_commit',
    'statement_timeout',
    'client_min_messages',
    'transaction_timeout',
    'lock_timeout',
    'idle_in_transaction_session_timeout',
  ];
  const { rows } = await session.query({ text: `SELECT ${names.map((n) => `current_setting('${n}')`).join(', ')}` });
  assert.deepEqual(rows, [['on', '0', 'warning', '0', '1234ms', '10s']]);
});

test('A cancelled wait for the standby is no commit, though the server says COMMIT', async (t) => {
  await withoutStandby(t);
  const session = await open(t);
  await insert(session, 10);
  const commit = session.commit();
  commit.catch(() => undefined);
  await waiting(session.facts.pid);
  await server.ask(`SELECT pg_cancel_backend(${session.facts.pid})`);
  await assert.rejects(commit, (error) => error instanceof OutcomeUnknown && error instanceof StoreUnavailable);
  assert.ok(session.ended);
  await assert.rejects(session.query({ text: 'SELECT 1' }), StoreUnavailable);
  // It stands here alone, and everybody sees it.
  assert.ok(await held(10));
});

test('Control: who does not listen to notices would acknowledge the cancelled commit', async (t) => {
  await withoutStandby(t);
  const deaf = await server.open();
  t.after(() => deaf.end());
  await deaf.query('BEGIN');
  const { rows } = await deaf.query('INSERT INTO noted VALUES (11) RETURNING pg_backend_pid() AS pid');
  const commit = deaf.query('COMMIT');
  await waiting(rows[0]!.pid);
  await server.ask('SELECT pg_cancel_backend($1)', [rows[0]!.pid]);
  assert.equal((await commit).command, 'COMMIT');
  assert.ok(await held(11));
});

test('A statement by itself whose wait is cancelled is not known either', async (t) => {
  await withoutStandby(t);
  const session = await open(t);
  const alone = session.query({ text: 'INSERT INTO noted VALUES (12)' });
  alone.catch(() => undefined);
  await waiting(session.facts.pid);
  await server.ask(`SELECT pg_cancel_backend(${session.facts.pid})`);
  await assert.rejects(alone, OutcomeUnknown);
});

test('A commit whose server process is ended is not known', async (t) => {
  await withoutStandby(t);
  const session = await open(t);
  await insert(session, 13);
  const commit = session.commit();
  commit.catch(() => undefined);
  await waiting(session.facts.pid);
  await server.ask(`SELECT pg_terminate_backend(${session.facts.pid})`);
  await assert.rejects(commit, OutcomeUnknown);
  assert.ok(await held(13));
});

test('A commit that nobody answers is left after a while, and goes on waiting there', async (t) => {
  const release = await withoutStandby(t);
  const session = await open(t);
  const short = await open(t, { answerWithin: milliseconds(300) });
  await insert(short, 14);
  await assert.rejects(short.commit(), OutcomeUnknown);
  await waiting(short.facts.pid);
  // Not cancelled: others do not see it as long as it waits.
  assert.equal(await held(14), false);
  await release();
  await until('it was let go', () => held(14));
  assert.equal(session.ended, false);
});

test('A query that is not answered ends the connection: within a transaction nothing was done, outside it is not known', async (t) => {
  const inside = await open(t);
  await insert(inside, 15);
  await assert.rejects(
    inside.query({ text: 'SELECT pg_sleep(20)', within: milliseconds(50) }),
    (error) => error instanceof StoreUnavailable && !(error instanceof OutcomeUnknown),
  );
  const outside = await open(t);
  const ended: string[] = [];
  outside.onEnded((why) => ended.push(why.message));
  await assert.rejects(outside.query({ text: 'SELECT pg_sleep(20)', within: milliseconds(50) }), OutcomeUnknown);
  assert.equal(ended.length, 1);
  assert.match(ended[0]!, /no answer within 50 ms/);
  await server.ask(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(20)%' AND pid <> pg_backend_pid()",
  );
});

test('A transaction that had failed is not taken for a commit', async (t) => {
  const session = await open(t);
  await insert(session, 16);
  await assert.rejects(session.query({ text: 'SELECT 1 / 0' }), SqlError);
  await assert.rejects(session.commit(), /answered ROLLBACK to COMMIT/);
  assert.equal(await held(16), false);
});

test('A conflict that COMMIT itself finds is undone for certain, and may be done again', async (t) => {
  const [one, two] = [await open(t), await open(t)];
  for (const session of [one, two]) {
    await session.begin('SERIALIZABLE');
    await session.query({ text: 'SELECT count(*) FROM noted' });
  }
  await one.query({ text: 'INSERT INTO noted VALUES (17)' });
  await two.query({ text: 'INSERT INTO noted VALUES (18)' });
  await one.commit();
  await assert.rejects(two.commit(), (error) => isUndone(error) && error.code === '40001');
  assert.equal(two.ended, false);
  assert.deepEqual([await held(17), await held(18)], [true, false]);
});

test('Where nothing may be acknowledged no commit is begun', async (t) => {
  const session = await open(t, { mayCommit: () => ({ why: 'no standby is listed', remedy: 'list one' }) });
  await insert(session, 19);
  await assert.rejects(session.commit(), /Nothing may be acknowledged: no standby is listed; list one/);
  assert.deepEqual([await held(19), session.ended, session.inTransaction], [false, false, false]);
});

test('A commit that is let go while nothing may be acknowledged any more is not known', async (t) => {
  let asked = 0;
  // Of the returned server that is seen between: it confirms what it does not hold.
  const diverged = { why: 'noord-1 has a log of its own', remedy: 'stop it' };
  const session = await open(t, { mayCommit: () => (asked++ === 0 ? undefined : diverged) });
  await insert(session, 22);
  await assert.rejects(
    session.commit(),
    (error) => error instanceof OutcomeUnknown && error.message.includes('a log of its own'),
  );
  assert.deepEqual([asked, session.ended, await held(22)], [2, true, true]);
});

test('A commit that was let go because the list was emptied, of which no notice tells, is looked into', async (t) => {
  const release = await withoutStandby(t);
  for (const looks of [true, false]) {
    const id = looks ? 20 : 21;
    await withoutStandby(t);
    const session = await open(
      t,
      looks
        ? { lookAgain: async () => ({ why: 'the list is empty', remedy: 'fill it' }), longCommit: milliseconds(1) }
        : {},
    );
    await insert(session, id);
    const commit = session.commit();
    commit.catch(() => undefined);
    await waiting(session.facts.pid);
    await release();
    // The control, which does not look, acknowledges what stands here alone.
    if (looks) await assert.rejects(commit, /not known: the list is empty/);
    else await commit;
    assert.ok(await held(id));
  }
});

test('A connection with a barrier waits for what others have committed before it', async (t) => {
  await withoutStandby(t);
  const before = open(t, { barrier: true, answerWithin: milliseconds(300) });
  await assert.rejects(
    before,
    (error) => error instanceof ConnectProblem && error.why.includes('no other place confirms'),
  );
  await (await open(t)).query({ text: 'SELECT 1' });
});

test('A stopped server ends its connections, and each commit under way is not known', async (t) => {
  const own = await startLone(t);
  await own.ask('CREATE TABLE noted (id bigint PRIMARY KEY, word text)');
  await own.ask('GRANT ALL ON noted TO sluis');
  await own.set({ synchronous_standby_names: 'gone' });
  await commitsWait(own);
  const target = addressOf(own);
  const options = { name: 'sluis/test', connectWithin: seconds(10), answerWithin: seconds(20) };
  const [busy, idle] = [await Session.open(target, ACCESS, options), await Session.open(target, ACCESS, options)];
  await insert(busy, 1);
  const commit = busy.commit();
  commit.catch(() => undefined);
  await waiting(busy.facts.pid, own);
  await own.stop();
  await assert.rejects(commit, OutcomeUnknown);
  await until('the idle one has ended', () => idle.ended);
  await assert.rejects(idle.query({ text: 'SELECT 1' }), StoreUnavailable);

  // What it holds now as a standby that follows nobody is read only where a standby will do.
  writeFileSync(join(own.data, 'standby.signal'), '');
  await own.start();
  await assert.rejects(Session.open(target, ACCESS, options), problem('read-only', /it is a standby/));
  const standby = await Session.open(target, ACCESS, { ...options, standby: true });
  assert.equal(standby.facts.inRecovery, true);
  await standby.close();
});

/** That it was not made for this reason, in words that name the server and end in a remedy. */
const problem =
  (reason: ConnectCause, why: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof ConnectProblem, String(error));
    assert.equal(error.reason, reason, error.message);
    assert.match(error.why, why);
    assert.ok(error.message.startsWith(`PostgreSQL at ${error.server}: `) && error.remedy.length > 10, error.message);
    return true;
  };

async function listen(t: Cleanup, serve: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = [];
  const listener = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  return (listener.address() as AddressInfo).port;
}

test('Why a connection is not made is said in one line with what to do', async (t) => {
  const silent = await listen(t, () => undefined);
  const other = await listen(t, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const { password: _password, ...noPassword } = ACCESS;
  const at = addressOf(server);
  const cases: [string, Access, { host: string; port: number }, ConnectCause, RegExp][] = [
    ['nobody there', ACCESS, { host: '127.0.0.1', port: 1 }, 'unreachable', /nothing listens/],
    ['silent', ACCESS, { host: '127.0.0.1', port: silent }, 'unreachable', /no answer within 400 ms/],
    ['another protocol', ACCESS, { host: '127.0.0.1', port: other }, 'unreachable', /no answer/],
    ['wrong password', { ...ACCESS, password: () => 'wrong' }, at, 'authentication', /password/],
    ['no password', noPassword, at, 'authentication', /asks for a password/],
    ['no database', { ...ACCESS, database: 'none' }, at, 'database', /no such database/],
    ['without TLS', ACCESS, { host: '192.0.2.1', port: 5432 }, 'plain-text', /in the clear/],
    ['no TLS there', { ...ACCESS, tls: () => ({}) }, at, 'certificate', /it has no TLS/],
  ];
  for (const [name, access, target, reason, why] of cases) {
    const connectWithin = name === 'silent' ? milliseconds(400) : seconds(10);
    await assert.rejects(
      Session.open(target, access, { name: 'sluis/test', connectWithin }),
      problem(reason, why),
      name,
    );
  }
  await server.ask('ALTER ROLE sluis SET default_transaction_read_only = on');
  t.after(async () => {
    await server.ask('ALTER ROLE sluis RESET ALL');
  });
  await assert.rejects(open(t), problem('read-only', /it is read-only/));
});

test('An old server is refused', () => {
  const facts = { pid: 7, version: 150_009, inRecovery: false, readOnly: false, timeline: 1 };
  assert.deepEqual(unfit(facts, 7, false)?.slice(0, 2), ['version', 'it is version 15, expected 16 or newer']);
  assert.equal(unfit({ ...facts, version: 160_000 }, 7, false), undefined);
  assert.equal(placeOf({ host: '::1', port: 1 }), '[::1]:1');
});

test('A pooler in between is told by the number of process that it makes up', async (t) => {
  // Passes everything on, but for the number in BackendKeyData: 'K', length 12, number, secret.
  const port = await listen(t, (socket) => {
    const upstream = connect(server.port, '127.0.0.1');
    upstream.on('error', () => undefined);
    t.after(() => void upstream.destroy());
    socket.pipe(upstream);
    let made = false;
    upstream.on('data', (chunk: Buffer) => {
      const at = made ? -1 : chunk.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]));
      if (at >= 0) chunk.writeUInt32BE(0x7fff_fff1, at + 5);
      made ||= at >= 0;
      socket.write(chunk);
    });
  });
  const options = { name: 'sluis/test', connectWithin: seconds(10) };
  await assert.rejects(Session.open({ host: '127.0.0.1', port }, ACCESS, options), problem('pooler', /pooler/));
});

test('TLS is verified both ways: authority, name, dates and the client', async (t) => {
  const now = systemClock.now();
  const good = await makeDevelopmentCertificates(['localhost', '127.0.0.1'], now);
  const [expired, named, strange] = [
    await makeDevelopmentCertificates(['localhost', '127.0.0.1'], instant(now - days(100))),
    await makeDevelopmentCertificates(['db.elsewhere.example'], now),
    await makeDevelopmentCertificates(['localhost', '127.0.0.1'], now),
  ];
  const own = await startLone(t);
  const place = own.data;
  /** The files keep who owns them, which the server insists on. */
  const put = (name: string, text: string): void => writeFileSync(join(place, name), text);
  const files = readFileSync(join(place, 'postgresql.conf'), 'utf8');
  await own.ask("COPY (SELECT 1) TO PROGRAM 'umask 077 && cat > /dev/null && touch server.key server.crt'");
  const use = async ({ server: leaf }: typeof good): Promise<void> => {
    put('server.key', leaf.key);
    put('server.crt', leaf.certificate);
    await own.ask('SELECT pg_reload_conf()');
  };
  put(
    'postgresql.conf',
    `${files}\nssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'\nssl_ca_file = 'client-root.crt'\n`,
  );
  const people = await makeClientAuthority('carriers');
  put('client-root.crt', people.root);
  const hba = readFileSync(join(place, 'pg_hba.conf'), 'utf8');
  put('pg_hba.conf', `hostssl postgres carrier 127.0.0.1/32 cert\n${hba}`);
  await own.ask('CREATE ROLE carrier LOGIN');
  await use(good);

  const go = (
    ca: string,
    more: Partial<Access> & { readonly name?: string; readonly client?: KeyAndCertificate } = {},
  ): Promise<Session> =>
    Session.open(
      { host: '127.0.0.1', port: own.port },
      {
        ...ACCESS,
        ...more,
        tls: () => ({
          ca,
          ...(more.name === undefined ? {} : { servername: more.name }),
          ...(more.client === undefined ? {} : { certificate: more.client.certificate, key: more.client.key }),
        }),
      },
      { name: 'sluis/test', connectWithin: seconds(10) },
    );
  const encrypted = async (session: Session): Promise<unknown> =>
    (await session.query({ text: 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()' })).rows[0]![0];
  await until('the server has TLS', () =>
    go(good.ca.certificate).then(
      (s) => s.close().then(() => true),
      () => false,
    ),
  );

  const first = await go(good.ca.certificate);
  assert.equal(await encrypted(first), true);
  await first.close();
  await assert.rejects(go(strange.ca.certificate), problem('certificate', /not trusted/));
  await assert.rejects(
    go(good.ca.certificate, { name: 'db.elsewhere.example' }),
    problem('certificate', /another name/),
  );

  const carrier = { user: 'carrier', password: () => '' };
  const second = await go(good.ca.certificate, { ...carrier, client: await people.issue('carrier') });
  assert.equal(await encrypted(second), true);
  await second.close();
  await assert.rejects(go(good.ca.certificate, carrier), problem('authentication', /./));

  await use(expired);
  await until('the expired one is shown', () =>
    go(good.ca.certificate).then(
      (s) => s.close().then(() => false),
      () => true,
    ),
  );
  await assert.rejects(go(expired.ca.certificate), problem('certificate', /expired/));
  await use(named);
  await until('the other is shown', () =>
    go(named.ca.certificate, { name: 'db.elsewhere.example' }).then(
      (s) => s.close().then(() => true),
      () => false,
    ),
  );
  await assert.rejects(go(named.ca.certificate), problem('certificate', /another name/));
});
