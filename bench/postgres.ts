/**
 * Compares the store on PostgreSQL with the store on SQLite, each through its interface:
 *
 *   npm run bench:postgres -- [--seconds 2] [--rounds 5] [--writers 64,256]
 *
 * Messages of 10 KB go from and to twenty accounts, with each number of writers in turn. Three stores take turns: SQLite, PostgreSQL
 * alone, and PostgreSQL with a standby whose flush each commit awaits. Servers, clients and disk
 * are those of this one machine. So the ratio says what the engine costs, and nothing about
 * networks. The processor time of a message, in the gateway and in all servers, is the same however
 * busy the machine is; if every core is full, the ratio of rates cannot be better than that of the
 * processor times. The exit code is 1 if, with the most writers, PostgreSQL with a standby files less
 * than 0.6 of what SQLite files.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { table } from '../src/cli/output.ts';
import { type Address, addressKey } from '../src/domain/address.ts';
import type { AccountId } from '../src/domain/ids.ts';
import { milliseconds, octets } from '../src/domain/units.ts';
import { systemClock } from '../src/platform/clock.ts';
import { createLog } from '../src/platform/log.ts';
import type { Access } from '../src/store/postgres/access.ts';
import { createPostgresStore, openPostgresStore } from '../src/store/postgres/open.ts';
import { Pool } from '../src/store/postgres/pool.ts';
import type { Store } from '../src/store/port/store.ts';
import { createSqliteStore, openSqliteStore } from '../src/store/sqlite/open.ts';
import { startCluster } from '../test/support/cluster.ts';
import { ACCESS, startLone } from '../test/support/lone-postgres.ts';
import { type PostgresServer, SUPERUSER } from '../test/support/postgres-server.ts';
import { Samples, median, round } from './stats.ts';

const GOAL = 0.6;
const SIZE = 10_240;
const PEOPLE = 20;

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    writers: { type: 'string', default: '64,256' },
  },
});
const [lasting, rounds] = [Number(flags.seconds) * 1000, Number(flags.rounds)];
const loads = flags.writers.split(',').map(Number);
if (!(lasting >= 200 && rounds >= 1 && loads.every((writers) => writers >= 1)))
  throw new Error('expected --seconds of at least 0.2, and --rounds and --writers of at least 1');

const closers: (() => unknown)[] = [];
const t = { after: (close: () => unknown) => void closers.push(close) };
const log = createLog({ level: 'error', format: 'pretty' });
const actor = { name: 'bench' };
const addressOf = (n: number): Address => `a${n}@bench.test` as Address;

/** What one store did with one number of writers: one entry for each round. */
class Figures {
  readonly rates: number[] = [];
  readonly latencies: number[] = [];
  readonly loops: number[] = [];
  /**
   * Milliseconds of processor time for each message: `gateway` in this process, `elsewhere` in the
   * servers.
   */
  readonly gateway: number[] = [];
  readonly elsewhere: number[] = [];

  get spent(): number {
    return median(this.gateway) + median(this.elsewhere);
  }
}

interface Contender {
  readonly name: string;
  readonly store: Store;
  readonly accounts: readonly AccountId[];
  readonly servers: readonly PostgresServer[];
}

async function contender(name: string, store: Store, servers: readonly PostgresServer[] = []): Promise<Contender> {
  closers.push(() => store.close());
  await store.registry.addOrganisation({ name: 'bench', title: 'Bench', language: 'en' }, actor);
  const accounts: AccountId[] = [];
  for (let n = 0; n < PEOPLE; n += 1) {
    const settings = { quota: 2 ** 40 };
    const account = {
      login: `a${n}`,
      organisation: 'bench',
      kind: 'edi',
      addresses: [addressOf(n)],
      settings,
    } as const;
    await store.registry.addAccount(account, actor);
    const found = await store.registry.findRecipient(addressKey(addressOf(n)));
    if (found !== undefined) accounts.push(found.account.id);
  }
  return { name, store, accounts, servers };
}

function folderOf(): { readonly keyFolder: string; readonly dataFolder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-bench-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  return { keyFolder: join(folder, 'keys'), dataFolder: join(folder, 'data') };
}

const common = () => ({ masterKey: randomBytes(32), hostname: 'mail.bench.test', clock: systemClock, log });

async function onSqlite(): Promise<Contender> {
  const options = { ...common(), ...folderOf() };
  await createSqliteStore(options);
  return await contender('SQLite', await openSqliteStore(options));
}

/** The first of the servers is the primary. */
async function onPostgres(name: string, servers: readonly PostgresServer[], access: Access): Promise<Contender> {
  const port = servers[0]?.port ?? 0;
  const sessions = () =>
    new Pool({
      finder: { find: () => Promise.resolve({ host: '127.0.0.1', port }), lost: () => undefined },
      ...{ access, name: 'sluis/bench', clock: systemClock, log, mayAcknowledge: () => undefined },
    });
  const options = { ...common(), keyFolder: folderOf().keyFolder };
  await createPostgresStore({ ...options, sessions: sessions() });
  const node = { node: 'bench', site: 'noord', programVersion: 'bench' };
  return await contender(name, await openPostgresStore({ ...options, ...node, sessions: sessions() }), servers);
}

/** Files a message from a writer's account to another one. */
async function file({ store, accounts }: Contender, content: Buffer, writer: number, n: number): Promise<void> {
  const body = store.openBody(octets(SIZE));
  await body.write(content);
  const sealed = await body.seal();
  const [from, to] = [writer % PEOPLE, (writer + n + 1) % PEOPLE];
  const mailbox = accounts[to];
  const submitter = accounts[from];
  if (mailbox === undefined || submitter === undefined) throw new Error('an account is gone');
  const outcome = await store.accept({
    ...{
      body: sealed,
      receivedAt: systemClock.now(),
      submitter,
      sender: addressOf(from),
      messageIdField: `<${n}@bench>`,
    },
    envelope: { body: '8BITMIME', smtpUtf8: false },
    recipients: [{ address: addressOf(to), mailbox }],
    // Each message has such a key, as over SMTP.
    resubmission: { key: randomBytes(16), window: milliseconds(900_000) },
    audit: [{ event: 'message.accepted', outcome: 'success', message: sealed.id }],
  });
  if (outcome.kind !== 'filed') throw new Error(`not filed: ${outcome.kind}`);
}

/**
 * Milliseconds of processor time of a server and its processes. The system counts in hundredths of
 * a second.
 */
function spentBy({ pid }: PostgresServer): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  const spent = (of: string): number => {
    try {
      const text = readFileSync(`/proc/${of}/stat`, 'utf8');
      // The 14th and 15th field of proc(5), counted after the name, which may contain spaces.
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      return (Number(fields[11]) + Number(fields[12])) * 10;
    } catch {
      // It has ended.
      return 0;
    }
  };
  return [String(pid), ...children].reduce((sum, of) => sum + spent(of), 0);
}

const spentElsewhere = ({ servers }: Contender): number => servers.reduce((sum, server) => sum + spentBy(server), 0);

/** Adds one round to the figures. `lasts`: milliseconds. */
async function phase(its: Contender, writers: number, lasts: number, into: Figures): Promise<void> {
  const content = randomBytes(SIZE);
  const latency = new Samples();
  const delay = monitorEventLoopDelay({ resolution: 2 });
  let done = 0;
  const [began, gateway, elsewhere] = [performance.now(), process.cpuUsage(), spentElsewhere(its)];
  delay.enable();
  const write = async (writer: number): Promise<void> => {
    while (performance.now() < began + lasts) {
      const since = performance.now();
      await file(its, content, writer, done);
      latency.add(performance.now() - since);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, n) => write(n)));
  delay.disable();
  const { user, system } = process.cpuUsage(gateway);
  into.gateway.push((user + system) / 1000 / done);
  into.elsewhere.push((spentElsewhere(its) - elsewhere) / done);
  into.rates.push((done * 1000) / (performance.now() - began));
  into.latencies.push(latency.summary().p99);
  into.loops.push(Math.max(0, delay.percentile(99) / 1e6 - 2));
}

/** All contenders in turns with so many writers. Resolves to the last one's share of the first. */
async function compare(all: readonly Contender[], writers: number): Promise<number> {
  const measured = all.map((one) => ({ one, figures: new Figures() }));
  for (let n = 0; n < rounds; n += 1)
    for (const { one, figures } of measured) await phase(one, writers, lasting, figures);
  const first = measured[0]?.figures ?? new Figures();
  const shareOf = ({ rates }: Figures): number => median(rates.map((rate, n) => rate / (first.rates[n] ?? Number.NaN)));
  const rows = measured.map(({ one, figures }) => [
    one.name,
    ...[figures.rates, figures.latencies, figures.loops].map((list) => round(median(list))),
    ...[figures.gateway, figures.elsewhere].map((list) => median(list).toFixed(2)),
    ...[shareOf(figures).toFixed(2), (first.spent / figures.spent).toFixed(2)],
  ]);
  const heads = ['store', 'msg/s', 'p99 ms', 'loop p99 ms', 'CPU ms here', 'in servers', 'of SQLite', 'by CPU'];
  const share = shareOf(measured.at(-1)?.figures ?? first);
  process.stdout.write(`${writers} writers\n${table(heads, rows)}\n`);
  process.stdout.write(`with a standby ${share.toFixed(2)} of SQLite; the goal is ${GOAL}\n\n`);
  return share;
}

/**
 * The servers keep log files that were written before, as those of a service that has run for a
 * while do: a new file is filled with zeros first, 16 MB each.
 */
const SETTINGS = { shared_buffers: '256MB', min_wal_size: '2GB', max_wal_size: '4GB' };

/** Has a server write 2 GB of log, and then keep these files for what comes. */
async function useLog(server: PostgresServer): Promise<void> {
  await server.ask('CREATE TABLE filler (octets bytea STORAGE EXTERNAL)');
  for (let n = 0; n < 2; n += 1) {
    for (let part = 0; part < 16; part += 1)
      await server.ask("INSERT INTO filler SELECT decode(repeat('a5', 1048576), 'hex') FROM generate_series(1, 64)");
    await server.ask('TRUNCATE filler');
    await server.ask('CHECKPOINT');
  }
  await server.ask('DROP TABLE filler');
}

try {
  const lone = await startLone(t, { fsync: 'on', ...SETTINGS });
  const cluster = await startCluster(t, { direct: true, settings: SETTINGS });
  // Only one standby: the third place would be a third copy of all work on this machine.
  await cluster.stop('derde-1');
  const superuser = { database: SUPERUSER, user: SUPERUSER, password: () => '' };
  await lone.ask('CREATE DATABASE bench OWNER sluis');
  await useLog(lone);
  await useLog(cluster.server('noord-1'));
  // A standby keeps files at restart points of its own.
  await cluster.server('zuid-1').ask('CHECKPOINT');
  const all = [
    await onSqlite(),
    await onPostgres('PostgreSQL, no standby', [lone], { ...ACCESS, database: 'bench' }),
    await onPostgres('PostgreSQL, one standby', [cluster.server('noord-1'), cluster.server('zuid-1')], superuser),
  ];
  const most = Math.max(...loads);
  for (const one of all) await phase(one, most, lasting / 2, new Figures());
  let share = Number.NaN;
  for (const writers of loads) {
    const found = await compare(all, writers);
    if (writers === most) share = found;
  }
  if (!(share >= GOAL)) process.exitCode = 1;
} finally {
  for (const close of closers.toReversed()) await close();
}
