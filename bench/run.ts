/**
 * `npm run bench`: one gateway, one run, every workload, and a table.
 *
 *   npm run bench -- [--seconds 4] [--only S1c8,P3] [--json] [--keep NAME] [--under FOLDER]
 *
 * Rates depend on the machine. So the column "x F" compares rates that end in a sync with F: the
 * rate of one thread that only appends and syncs 10 KB on the same disk, measured before, between
 * and after. bench/README.md says what each figure means.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { hashPassword } from '../src/crypto/passwords/password.ts';
import { Instance, type Served } from '../test/support/instance.ts';
import { LoopWatch } from '../test/support/loop-watch.ts';
import { type RawRate, rawAppendRate } from './disk.ts';
import { Gauge } from './gauge.ts';
import { type Outcome, PASSWORD, discard, fetchAtOnce, keepOpen, logInOnce, pickUp, poll, submit } from './load.ts';
import { measureStore } from './store.ts';
import { type Figure, printTable } from './table.ts';
import { round } from './stats.ts';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    keep: { type: 'string' },
    under: { type: 'string' },
  },
});
const milliseconds = Number(options.seconds) * 1000;
const only = new Set(options.only.split(',').filter((id) => id !== ''));
const wanted = (id: string): boolean => only.size === 0 || only.has(id);

const range = (prefix: string, n: number): string[] => Array.from({ length: n }, (_, i) => `${prefix}${i}`);
const workers = range('b', 512);
const recipients = workers.slice(0, 8);
/** Accounts that nobody logs in to before the cold start. */
const practices = range('practice', 5000);

const figures: Figure[] = [];
const raw: RawRate[] = [];
const say = (text: string): void => console.error(text);

interface Bench {
  readonly instance: Instance;
  served: Served;
  gauge: Gauge;
}

/**
 * Runs one workload and notes its figure, with the processor time of both sides and the event-loop
 * delay.
 */
async function measure(
  bench: Bench,
  id: string,
  text: string,
  unit: string,
  work: () => Promise<Outcome>,
  extra: (outcome: Outcome) => Partial<Figure> = () => ({}),
): Promise<Outcome> {
  await bench.gauge.loopDelay();
  const cpu = bench.gauge.cpu();
  const own = process.cpuUsage();
  const outcome = await work();
  const used = bench.gauge.cpu() - cpu;
  const mine = process.cpuUsage(own);
  const loop = await bench.gauge.loopDelay();
  const figure: Figure = {
    id,
    text,
    unit,
    value: round((outcome.done * 1000) / outcome.milliseconds),
    latency: outcome.latency.summary(),
    loop,
    serverCpu: round(used / outcome.done),
    clientCpu: round((mine.user + mine.system) / 1000 / outcome.done),
    ...extra(outcome),
  };
  figures.push(figure);
  say(
    `${id}: ${figure.value} ${unit}, p50 ${figure.latency?.p50} p99 ${figure.latency?.p99} ms, loop p99 ${loop.p99} ms`,
  );
  return outcome;
}

async function start(instance: Instance): Promise<Bench> {
  const loop = new LoopWatch(instance);
  const served = await instance.serve(loop.options);
  return { instance, served, gauge: new Gauge(served, loop) };
}

/**
 * Measures submission. Accepted messages are visible at once, so the count right after the last
 * `250` must be complete.
 */
async function submission(
  bench: Bench,
  id: string,
  text: string,
  work: Omit<Parameters<typeof submit>[1], 'milliseconds'>,
): Promise<void> {
  if (!wanted(id)) return;
  const names = [...(work.recipients ?? []), ...(work.turns ?? [])];
  const copies = work.recipients?.length ?? 1;
  const outcome = await measure(
    bench,
    id,
    text,
    'msg/s',
    () => submit(bench.instance, { milliseconds, ...work }),
    (o) => {
      const perSecond = (o.done * 1000) / o.milliseconds;
      return {
        ...(work.size >= 1_000_000 && { megabytes: round((perSecond * work.size) / 1e6) }),
        ...(copies > 1 && { deliveries: round(perSecond * copies) }),
      };
    },
  );
  const found = await discard(bench.instance, names);
  if (found !== outcome.done * copies)
    throw new Error(`${id}: ${outcome.done * copies} deliveries were accepted, ${found} are in the maildrops`);
}

async function main(): Promise<void> {
  if (wanted('T'))
    raw.push(
      ...(await measureStore(options.under, milliseconds, (figure) => {
        figures.push(figure);
        say(`${figure.id}: ${figure.value} ${figure.unit}, p99 ${figure.latency?.p99} ms`);
      })),
    );
  if ([...only].some((id) => id !== 'T') || only.size === 0) await gateway();
  report();
}

async function gateway(): Promise<void> {
  const instance = await Instance.create({
    ...(options.under !== undefined && { under: options.under }),
  });
  let bench: Bench | undefined;
  try {
    instance.addAccounts([...workers, ...practices], { hash: await hashPassword(PASSWORD) });
    instance.sluis('organisation', 'set', 'ledger', 'messages-per-hour=10000000', 'recipients-per-hour=10000000');
    raw.push(rawAppendRate(instance.folder, 10_240, 1000));
    bench = await start(instance);
    await workloads(bench);
    raw.push(rawAppendRate(instance.folder, 10_240, 1000));
  } finally {
    if (bench !== undefined && !bench.served.over) await bench.served.stop();
    instance.remove();
  }
}

async function workloads(bench: Bench): Promise<void> {
  const { instance } = bench;
  // A login costs a hash once and is then remembered. The cold start at the end measures that hash.
  await logInOnce(instance, workers, 8);
  await submit(instance, { connections: 8, perConnection: 100, size: 10_240, turns: recipients, milliseconds: 2000 });
  await discard(instance, recipients);

  for (const connections of [1, 8, 64])
    await submission(bench, `S1c${connections}`, `submit 10 KB, ${connections} connections kept`, {
      ...{ connections, perConnection: 100, size: 10_240, turns: recipients },
    });
  await submission(bench, 'S2', 'submit 10 KB, one connection a message, 16 at a time', {
    ...{ connections: 16, perConnection: 1, size: 10_240, turns: recipients },
  });
  raw.push(rawAppendRate(instance.folder, 10_240, 1000));
  await submission(bench, 'S3', 'submit 5 MB, 4 connections', {
    ...{ connections: 4, perConnection: 100, size: 5_000_000, turns: recipients, limit: 120 },
  });
  await submission(bench, 'S4', 'submit 10 KB to 20 recipients, 8 connections', {
    ...{ connections: 8, perConnection: 100, size: 10_240, recipients: workers.slice(0, 20), limit: 2000 },
  });
  if (wanted('E1'))
    await measure(bench, 'E1', 'from the 250 to STAT of a new POP3 session, 2 at a time', 'msg/s', () =>
      fetchAtOnce(instance, workers.slice(0, 2), milliseconds),
    );
  await pickups(bench);
  await polls(bench);
  if (wanted('C1')) await idleMemory(bench);
  if (wanted('L1')) await coldStart(bench);
}

async function pickups(bench: Bench): Promise<void> {
  const { instance } = bench;
  const fill = (size: number, limit: number, names: readonly string[]): Promise<Outcome> =>
    submit(instance, { connections: 8, perConnection: 1000, size, recipients: names, milliseconds: 120_000, limit });
  if (wanted('P1')) {
    await fill(10_240, 1000, recipients);
    await measure(bench, 'P1', 'retrieve and delete 8 x 1000 x 10 KB', 'msg/s', () => pickUp(instance, recipients));
  }
  if (wanted('P2')) {
    const names = recipients.slice(0, 5);
    await fill(5_000_000, 10, names);
    await measure(
      bench,
      'P2',
      'retrieve and delete 5 x 10 x 5 MB',
      'msg/s',
      () => pickUp(instance, names),
      (o) => ({
        megabytes: round((o.done * 5000) / o.milliseconds),
      }),
    );
  }
}

async function polls(bench: Bench): Promise<void> {
  const { instance } = bench;
  if (wanted('P3'))
    await measure(bench, 'P3', 'poll an empty maildrop, full handshakes, 16 at a time', 'sessions/s', () =>
      poll(instance, { concurrency: 16, names: workers.slice(64, 128), uidl: false, expect: 0, milliseconds }),
    );
  if (wanted('P4')) {
    const names = workers.slice(200, 201);
    await submit(instance, {
      ...{ connections: 16, perConnection: 1000, size: 2000, recipients: names, milliseconds: 120_000, limit: 10_000 },
    });
    await measure(bench, 'P4', 'poll a maildrop of 10,000 messages (STAT, UIDL)', 'sessions/s', () =>
      poll(instance, { concurrency: 1, names, uidl: true, expect: 10_000, milliseconds }),
    );
  }
}

async function idleMemory(bench: Bench): Promise<void> {
  for (const protocol of ['pop3', 'smtp'] as const) {
    // From a fresh start, since memory that an earlier workload left free would hide the growth.
    await bench.served.stop();
    Object.assign(bench, await start(bench.instance));
    const names = workers.slice(0, 500);
    await logInOnce(bench.instance, names, 8);
    const before = bench.gauge.pss();
    const open = await keepOpen(bench.instance, protocol, names);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const value = round((bench.gauge.pss() - before) / names.length);
    open.close();
    figures.push({
      id: `C1${protocol[0]}`,
      text: `memory of an idle ${protocol} session (of 500)`,
      unit: 'KiB',
      value,
    });
    say(`C1 ${protocol}: ${value} KiB`);
  }
}

async function coldStart(bench: Bench): Promise<void> {
  await bench.served.stop();
  Object.assign(bench, await start(bench.instance));
  let busy = 0;
  const outcome = await measure(
    bench,
    'L1',
    `${practices.length} first logins after a cold start, 64 at a time`,
    'logins/s',
    async () => {
      const logins = await logInOnce(bench.instance, practices, 64);
      busy = logins.busy;
      return logins;
    },
    () => ({ busy }),
  );
  say(`all logged in after ${(outcome.milliseconds / 1000).toFixed(1)} s; ${busy} were asked to come again`);
}

function report(): void {
  const F = raw.map((r) => r.perSecond).sort((a, b) => a - b)[raw.length >> 1] ?? Number.NaN;
  const result = {
    when: new Date().toISOString(),
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version },
    seconds: Number(options.seconds),
    raw: { perSecond: F, runs: raw },
    figures: figures.map((f) => (f.id.startsWith('S') && f.id !== 'S3' ? { ...f, timesF: round(f.value / F) } : f)),
  };
  const out = fileURLToPath(new URL('../bench/', import.meta.url));
  const folder = join(out, options.keep === undefined ? 'out' : 'results');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${options.keep ?? 'latest'}.json`);
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  if (options.json) console.log(JSON.stringify(result));
  else printTable(F, result.figures);
  say(`written: bench/${options.keep === undefined ? 'out/latest' : `results/${options.keep}`}.json`);
}

await main();
