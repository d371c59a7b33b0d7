/** The connections of a gateway, and the primary that they lead to. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { milliseconds, seconds } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { Server } from '../../src/store/postgres/access.ts';
import { ConnectProblem } from '../../src/store/postgres/connect-problem.ts';
import { COUNTS, Pool, type PoolOptions, type Purpose } from '../../src/store/postgres/pool.ts';
import { NoPrimary, PrimaryFinder, type Seen, askPrimary, choosePrimary } from '../../src/store/postgres/primary.ts';
import { type MayNot, Session } from '../../src/store/postgres/session.ts';
import { StoreUnavailable } from '../../src/store/store.ts';
import { FakeClock } from '../support/clock.ts';
import { ACCESS, addressOf, startLone } from '../support/lone-postgres.ts';
import { MemoryLog } from '../support/log.ts';
import type { PostgresServer } from '../support/postgres-server.ts';
import type { Cleanup } from '../support/store.ts';
import { until } from '../support/until.ts';

let server: PostgresServer;
const closers: (() => Promise<void> | void)[] = [];
before(async () => {
  server = await startLone({ after: (close) => closers.push(close) });
});
after(async () => {
  for (const close of closers.toReversed()) await close();
});

const A: Server = { host: 'a.example', port: 5432 };
const B: Server = { host: 'b.example', port: 5432 };
const standby = ({ host }: Server): ConnectProblem =>
  new ConnectProblem(host, ['read-only', 'it is a standby', 'promote it']);

test('Of those that call themselves primary the one with the highest timeline counts', () => {
  assert.equal(choosePrimary([{ server: A, timeline: 3 }, standby(B)]), A);
  const later: Seen[] = [
    { server: A, timeline: 9 },
    { server: B, timeline: 10 },
  ];
  assert.equal(choosePrimary(later), B);
  assert.equal(choosePrimary(later.toReversed()), B);
  const both: Seen[] = [
    { server: A, timeline: 3 },
    { server: B, timeline: 3 },
  ];
  assert.throws(() => choosePrimary(both), /both on timeline 3 \(stop the one/);
});

test('Without a primary each server is named with its reason and remedy, in one line', () => {
  const other = new ConnectProblem('b', ['certificate', 'its certificate has expired', 'renew it']);
  assert.throws(
    () => choosePrimary([standby(A), other]),
    (error) => {
      assert.ok(error instanceof NoPrimary && error instanceof StoreUnavailable);
      const each = 'a.example: it is a standby (promote it); b: its certificate has expired (renew it)';
      assert.equal(error.message, `No server of PostgreSQL can be the primary: ${each}`);
      return true;
    },
  );
});

test('Whoever looks meanwhile shares one look, it is remembered, and looks in vain come at most a second apart', async () => {
  const clock = new FakeClock();
  const asked: string[] = [];
  const primaries = new Set<Server>();
  const look = async (it: Server): Promise<Seen> => {
    asked.push(it.host);
    return primaries.has(it) ? { server: it, timeline: 1 } : standby(it);
  };
  const finder = new PrimaryFinder({ servers: [A, B], access: ACCESS, name: 'sluis/test', clock, look });
  await Promise.all([1, 2, 3].map(() => assert.rejects(finder.find(), NoPrimary)));
  assert.deepEqual(asked, ['a.example', 'b.example']);
  const pauses: number[] = [];
  for (let n = 0; n < 8; n += 1) {
    const before = clock.monotonic();
    const again = assert.rejects(finder.find(), NoPrimary);
    const count = asked.length;
    for (let ms = 0; asked.length === count; ms += 10) {
      clock.advance(10);
      await new Promise((resolve) => setImmediate(resolve));
      assert.ok(ms < 2000);
    }
    await again;
    pauses.push(clock.monotonic() - before);
  }
  assert.deepEqual(pauses, [50, 100, 200, 400, 800, 1000, 1000, 1000]);
  primaries.add(B);
  const found = finder.find();
  clock.advance(1000);
  assert.equal(await found, B);
  const count = asked.length;
  assert.equal(await finder.find(), B);
  finder.lost(A);
  assert.equal(finder.current, B);
  assert.equal(asked.length, count);
  finder.lost(B);
  assert.equal(await finder.find(), B);
});

test('Who waits for the next look has the primary at once when somebody else has seen it', async () => {
  const clock = new FakeClock();
  let asked = 0;
  const look = async (it: Server): Promise<Seen> => {
    asked += 1;
    return standby(it);
  };
  const finder = new PrimaryFinder({ servers: [A], access: ACCESS, name: 'sluis/test', clock, look });
  await assert.rejects(finder.find(), NoPrimary);
  const waits = finder.find();
  await Promise.resolve();
  finder.found(A);
  assert.equal(await waits, A);
  assert.deepEqual([asked, clock.waiting], [1, 0]);
});

test('A real server tells its timeline, and one that is not there its problem', async () => {
  const options = { access: ACCESS, name: 'sluis/test', connectWithin: seconds(10) };
  assert.deepEqual(await askPrimary(addressOf(server), options), { server: addressOf(server), timeline: 1 });
  assert.ok((await askPrimary({ host: '127.0.0.1', port: 1 }, options)) instanceof ConnectProblem);
});

interface Made {
  readonly pool: Pool;
  readonly log: MemoryLog;
}
const ONE: Readonly<Record<Purpose, number>> = {
  filing: 1,
  changing: 0,
  reading: 1,
  leasing: 0,
  chunks: 0,
  watching: 0,
  listening: 0,
};

function poolTo(t: Cleanup, options: Partial<PoolOptions> = {}): Made {
  const clock = systemClock;
  const log = new MemoryLog();
  const session = { connectWithin: seconds(10) };
  const finder = new PrimaryFinder({
    servers: [addressOf(server)],
    access: ACCESS,
    name: 'sluis/gw1',
    clock,
    ...session,
  });
  const pool = new Pool({
    ...{ finder, access: ACCESS, name: 'sluis/gw1', clock, log, mayAcknowledge: () => undefined, counts: ONE, session },
    ...options,
  });
  t.after(() => pool.close());
  return { pool, log };
}

const pidOf = (session: Session): Promise<number> => Promise.resolve(session.facts.pid);

test('Each purpose has its number of connections, which tell who they are', async (t) => {
  const { pool } = poolTo(t, { counts: COUNTS });
  const sum = (counts: Readonly<Record<Purpose, number>>): number => Object.values(counts).reduce((a, b) => a + b);
  await until('all stand', () => sum(pool.open) === sum(COUNTS));
  const rows = await server.ask(
    "SELECT application_name AS name, count(*)::int AS n FROM pg_stat_activity WHERE application_name LIKE 'sluis/gw1 %' GROUP BY 1",
  );
  assert.deepEqual(
    Object.fromEntries(rows.map(({ name, n }) => [(name as string).replace('sluis/gw1 ', ''), n])),
    COUNTS,
  );
});

test("A connection is one person's at a time, who waits is served in turn, and what is left open is undone", async (t) => {
  const { pool } = poolTo(t);
  const order: number[] = [];
  const work = (n: number): Promise<number> =>
    pool.withSession('reading', async (session) => {
      order.push(n);
      assert.equal(session.inTransaction, false);
      await session.begin();
      await session.query({ text: 'SELECT 1' });
      return session.facts.pid;
    });
  const pids = await Promise.all([1, 2, 3].map(work));
  assert.deepEqual(order, [1, 2, 3]);
  assert.equal(new Set(pids).size, 1);
  await assert.rejects(
    pool.withSession('reading', async (session) => {
      await session.begin();
      throw new Error('mine');
    }),
    /mine/,
  );
  assert.equal(await pool.withSession('reading', pidOf), pids[0]);
});

test('The line has an end and a deadline', async (t) => {
  const clock = new FakeClock();
  const { pool } = poolTo(t, { clock, line: { most: 2, patience: seconds(3) } });
  await until('it stands', () => pool.open.reading === 1);
  let done = (): void => undefined;
  const held = pool.withSession('reading', () => new Promise<void>((resolve) => (done = resolve)));
  const waits = [pool.withSession('reading', pidOf), pool.withSession('reading', pidOf)];
  assert.equal(pool.waiting, 2);
  await assert.rejects(pool.withSession('reading', pidOf), /2 wait already/);
  const ended = waits.map((one) => assert.rejects(one, /No connection to PostgreSQL within 3000 ms/));
  clock.advance(3000);
  await Promise.all(ended);
  assert.equal(pool.waiting, 0);
  done();
  await held;
  await pool.withSession('reading', pidOf);
});

test('One that is lost is made again, and a loss is said once for all purposes', async (t) => {
  const { pool, log } = poolTo(t);
  const pid = await pool.withSession('reading', pidOf);
  await assert.rejects(
    pool.withSession('reading', async (session) => {
      await server.ask('SELECT pg_terminate_backend($1)', [pid]);
      await session.query({ text: 'SELECT 1' });
    }),
    StoreUnavailable,
  );
  assert.notEqual(await pool.withSession('reading', pidOf), pid);
  await server.stop();
  await until('all are lost', () => pool.open.reading === 0 && pool.open.filing === 0);
  const lines = (): number => log.events.filter(({ event }) => event === 'store.disconnected').length;
  const waited = pool.withSession('reading', pidOf);
  await server.start();
  await waited;
  await until('both stand', () => pool.open.filing === 1 && pool.open.reading === 1);
  assert.equal(lines(), 2);
  assert.equal(log.events.filter(({ event }) => event === 'store.connected').length, 2);
});

test('Connections that wait for their next try make it at once when they are told to', async (t) => {
  const clock = new FakeClock();
  let there = false;
  const { pool } = poolTo(t, {
    clock,
    finder: {
      find: () => (there ? Promise.resolve(addressOf(server)) : Promise.reject(new StoreUnavailable('nobody'))),
      lost: () => undefined,
    },
  });
  await until('both wait', () => clock.waiting === 2);
  there = true;
  pool.tryNow();
  await until('both stand', () => pool.open.filing + pool.open.reading === 2);
});

test('Where nothing may be acknowledged nobody writes, no connection that writes is made, and reading goes on', async (t) => {
  let not: MayNot = { why: 'no standby is there', remedy: 'start it' };
  const opened: string[] = [];
  const { pool } = poolTo(t, {
    mayAcknowledge: () => not,
    open: (to, access, options) => {
      opened.push(options.name);
      return Session.open(to, access, options);
    },
  });
  await pool.withSession('reading', pidOf);
  await assert.rejects(pool.withSession('filing', pidOf), /Nothing may be acknowledged: no standby is there; start it/);
  assert.deepEqual(pool.open, { ...ONE, filing: 0 });
  assert.deepEqual(opened, ['sluis/gw1 reading']);
  not = undefined;
  await pool.withSession('filing', pidOf);
  // Between the two, what was begun is not committed.
  await assert.rejects(
    pool.withSession('filing', async (session) => {
      await session.begin();
      not = { why: 'it went away', remedy: 'start it' };
      await session.commit();
    }),
    /it went away/,
  );
  not = undefined;
  await pool.withSession('filing', async (session) => session.barrier());
});

test('Where a machine is so busy that no connection is made in time, each further try may take longer, up to four seconds', async (t) => {
  const asked: (number | undefined)[] = [];
  const slow: PoolOptions['open'] = async (to, access, options) => {
    asked.push(options.connectWithin);
    if (asked.length < 5) throw new ConnectProblem('it', ['unreachable', 'no answer in time', 'wait']);
    return await Session.open(to, access, { ...options, connectWithin: seconds(10) });
  };
  const { pool } = poolTo(t, { open: slow, session: {}, counts: { ...ONE, filing: 0 } });
  await until('it stands', () => pool.open.reading === 1);
  assert.deepEqual(asked, [1000, 2000, 4000, 4000, 4000]);
});

test('One that is given back with a query under way is dropped', async (t) => {
  const { pool } = poolTo(t);
  let left: Promise<unknown> = Promise.resolve();
  const pid = await pool.withSession('reading', async (session) => {
    left = assert.rejects(session.query({ text: 'SELECT pg_sleep(20)' }), StoreUnavailable);
    return session.facts.pid;
  });
  assert.notEqual(await pool.withSession('reading', pidOf), pid);
  await left;
  await server.ask('SELECT pg_terminate_backend($1)', [pid]);
});

test('At the end what is under way is finished, who waits and who comes is refused', async (t) => {
  const { pool } = poolTo(t, { session: { connectWithin: milliseconds(10_000) } });
  let done: (() => void) | undefined;
  const under = pool.withSession('reading', async (session) => {
    await new Promise<void>((resolve) => (done = resolve));
    return await session.query({ text: 'SELECT 7' });
  });
  await until('it began', () => done !== undefined);
  const waits = assert.rejects(pool.withSession('reading', pidOf), /closed/);
  const closed = pool.close();
  await waits;
  await assert.rejects(pool.withSession('reading', pidOf), /closed/);
  done?.();
  assert.deepEqual((await under).rows, [[7]]);
  await closed;
  assert.equal(pool.open.reading, 0);
});
