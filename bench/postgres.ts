/**
 * Compares the store on PostgreSQL with the store on SQLite, each through its interface:
 *
 *   npm run bench:postgres -- [--seconds 2] [--rounds 5] [--writers 64]
 *
 * Messages of 10 KB go from and to twenty accounts. Three stores take turns: SQLite, PostgreSQL
 * alone, and PostgreSQL with a standby whose flush each commit awaits. Servers, clients and disk
 * are those of this one machine. So the ratio says what the engine costs, and nothing about
 * networks. The processor time of a message, in the gateway and in all servers, is the same however
 * busy the machine is; if every core is full, the ratio of rates cannot be better than that of the
 * processor times. The exit code is 1 if PostgreSQL with a standby files less than 0.6 of what
 * SQLite files.
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
    writers: { type: 'string', default: '64' },
  },
});
const [lasting, rounds, writers] = [Number(flags.seconds) * 1000, Number(flags.rounds), Number(flags.writers)];
if (!(lasting >= 200 && rounds >= 1 && writers >= 1))
  throw new Error('expected --seconds of at least 0.2, and --rounds and --writers of at least 1');

const closers: (() => unknown)[] = [];
const t = { after: (close: () => unknown) => void closers.push(close) };
const log = createLog({ level: 'error', format: 'pretty' });
const actor = { name: 'bench' };
const addressOf = (n: number): Address => `a${n}@bench.test` as Address;

interface Contender {
  readonly name: string;
  readonly store: Store;
  readonly accounts: readonly AccountId[];
  readonly servers: readonly PostgresServer[];
  readonly rates: number[];
  readonly latencies: number[];
  readonly loops: number[];
  /**
   * Milliseconds of processor time for each message: `gateway` in this process, `elsewhere` in the
   * servers.
   */
  readonly gateway: number[];
  readonly elsewhere: number[];
}
const listsOf = (one: Contender): readonly number[][] => [
  ...[one.rates, one.latencies, one.loops],
  ...[one.gateway, one.elsewhere],
];

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
  return { name, store, accounts, servers, rates: [], latencies: [], loops: [], gateway: [], elsewhere: [] };
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

async function phase(its: Contender, lasts: number): Promise<void> {
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
  its.gateway.push((user + system) / 1000 / done);
  its.elsewhere.push((spentElsewhere(its) - elsewhere) / done);
  its.rates.push((done * 1000) / (performance.now() - began));
  its.latencies.push(latency.summary().p99);
  its.loops.push(Math.max(0, delay.percentile(99) / 1e6 - 2));
}

try {
  const lone = await startLone(t, { fsync: 'on', shared_buffers: '256MB' });
  const cluster = await startCluster(t, { direct: true, settings: { shared_buffers: '256MB' } });
  // Only one standby: the third place would be a third copy of all work on this machine.
  await cluster.stop('derde-1');
  const superuser = { database: SUPERUSER, user: SUPERUSER, password: () => '' };
  await lone.ask('CREATE DATABASE bench OWNER sluis');
  const all = [
    await onSqlite(),
    await onPostgres('PostgreSQL, no standby', [lone], { ...ACCESS, database: 'bench' }),
    await onPostgres('PostgreSQL, one standby', [cluster.server('noord-1'), cluster.server('zuid-1')], superuser),
  ];
  for (const one of all) await phase(one, lasting / 2);
  for (const list of all.flatMap(listsOf)) list.length = 0;
  for (let n = 0; n < rounds; n += 1) for (const one of all) await phase(one, lasting);
  const sqlite = all[0]?.rates ?? [];
  const ratioOf = ({ rates }: Contender): number => median(rates.map((rate, n) => rate / (sqlite[n] ?? Number.NaN)));
  const spent = ({ gateway, elsewhere }: Contender): number => median(gateway) + median(elsewhere);
  const boundOf = (one: Contender): number => spent(all[0] ?? one) / spent(one);
  const rows = all.map((one) => [
    one.name,
    ...[one.rates, one.latencies, one.loops].map((list) => round(median(list))),
    ...[one.gateway, one.elsewhere].map((list) => median(list).toFixed(2)),
    ...[ratioOf(one).toFixed(2), boundOf(one).toFixed(2)],
  ]);
  const heads = ['store', 'msg/s', 'p99 ms', 'loop p99 ms', 'CPU ms here', 'in servers', 'of SQLite', 'by CPU'];
  process.stdout.write(`${table(heads, rows)}\n`);
  const last = all.at(-1);
  const ratio = last === undefined ? 0 : ratioOf(last);
  process.stdout.write(`with a standby ${ratio.toFixed(2)} of SQLite; the goal is ${GOAL}\n`);
  if (ratio < GOAL) process.exitCode = 1;
} finally {
  for (const close of closers.toReversed()) await close();
}
