/**
 * Measures what a message costs in processor time:
 *
 *   npm run bench:cost -- [--messages 1000] [--rounds 5] [--kinds] [--keep NAME] [--under FOLDER]
 *
 * With `--kinds`, it shows what the gateway's promises cost, by the content of a message, and
 * judges nothing.
 *
 * A gateway and a floor server (cost/floor.ts) take turns in one run. Their ratio is nearly the
 * same on every machine, which milliseconds are not. The exit code is 1 if a row is above its
 * threshold. See bench/README.md.
 */
import { parseArgs } from 'node:util';
import { hashPassword } from '../src/crypto/passwords/password.ts';
import { table } from '../src/cli/output.ts';
import { Instance } from '../test/support/instance.ts';
import { Floor } from './cost/floor-process.ts';
import { type Kind, KINDS } from './messages.ts';
import { cpuOf } from './gauge.ts';
import { keep, machine } from './keep.ts';
import { PASSWORD, type Server, discard, logInOnce, submit } from './load.ts';
import { median, round } from './stats.ts';

interface Row {
  readonly id: string;
  readonly text: string;
  readonly connections: number;
  readonly size: number;
  /** This row sends one message for so many of `--messages`. */
  readonly every: number;
  readonly kind: Kind;
  /**
   * Most times the cost of the floor server: the last measurement and some margin. Lower it when a
   * message becomes cheaper. Without it, the row is shown but not judged.
   */
  readonly most?: number;
}
const ROWS: readonly Row[] = [
  { id: 'c1', text: '10 KB, 1 connection', connections: 1, size: 10_240, every: 1, kind: 'text', most: 4.3 },
  { id: 'c8', text: '10 KB, 8 connections', connections: 8, size: 10_240, every: 1, kind: 'text', most: 5 },
  { id: '5mb', text: '5 MB, 1 connection', connections: 1, size: 5_000_000, every: 50, kind: 'text', most: 4.5 },
];
/** The same 10 KB with more and more content that the gateway examines. */
const ROWS_BY_KIND: readonly Row[] = KINDS.map((kind) => ({
  id: kind,
  text: '10 KB, 8 connections',
  connections: 8,
  size: 10_240,
  every: 1,
  kind,
}));
/**
 * Below this number of messages, the compiler has not seen enough: a run is shown but not judged.
 */
const WARM = 5000;
/** The longest time of one workload, in milliseconds. */
const PATIENCE = 120_000;

const { values: flags } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '5' },
    kinds: { type: 'boolean', default: false },
    keep: { type: 'string' },
    under: { type: 'string' },
  },
});
const messages = Number(flags.messages);
const rounds = Number(flags.rounds);
if (!(messages >= 50 && rounds >= 1)) throw new Error('expected --messages of at least 50, and --rounds of at least 1');
const names = Array.from({ length: 8 }, (_, i) => `b${i}`);

interface Side {
  readonly server: Server;
  readonly pid: number;
  /** After a workload: checks that what was accepted is there, and removes it. */
  readonly settle: (accepted: number) => Promise<void>;
}

interface Measured {
  readonly id: string;
  readonly text: string;
  /** Milliseconds of processor time for each message, the median of the rounds. */
  readonly gateway: number;
  readonly floor: number;
  readonly ratio: number;
  readonly most?: number;
}

type Found = Record<'gateway' | 'floor', number[]>;

/** Milliseconds of processor time for each message. */
async function costOf(
  side: Side,
  { connections, size, kind }: Omit<Row, 'id' | 'text'>,
  count: number,
): Promise<number> {
  const before = cpuOf(side.pid);
  const work = { connections, size, kind, perConnection: 100, turns: names, limit: count, milliseconds: PATIENCE };
  const { done } = await submit(side.server, work);
  const used = cpuOf(side.pid) - before;
  if (done !== count) throw new Error(`${done} of ${count} messages were sent in ${PATIENCE / 1000} seconds`);
  await side.settle(done);
  return used / done;
}

/** Measures all rows in each round, so that other work of the machine affects all of them. */
async function measure(gateway: Side, floor: Side, rows: readonly Row[]): Promise<readonly Measured[]> {
  const found = new Map<Row, Found>(rows.map((row) => [row, { gateway: [], floor: [] }]));
  for (let n = 0; n < rounds; n += 1) {
    for (const [row, { gateway: ours, floor: least }] of found) {
      const count = Math.ceil(messages / row.every);
      ours.push(await costOf(gateway, row, count));
      least.push(await costOf(floor, row, count));
    }
    console.error(`round ${n + 1} of ${rounds}`);
  }
  return [...found].map(([{ id, text, most }, { gateway: ours, floor: least }]) => {
    const ratio = round(median(ours) / median(least));
    return {
      id,
      text,
      gateway: round(median(ours)),
      floor: round(median(least)),
      ratio,
      ...(most === undefined ? {} : { most }),
    };
  });
}

async function run(instance: Instance): Promise<readonly Measured[]> {
  instance.addAccounts(names, { hash: await hashPassword(PASSWORD) });
  instance.sluis('organisation', 'set', 'ledger', 'messages-per-hour=10000000', 'recipients-per-hour=10000000');
  const served = await instance.serve();
  const bare = await Floor.start(instance);
  try {
    await logInOnce(instance, names, 8);
    const settle = async (accepted: number): Promise<void> => {
      const there = await discard(instance, names);
      if (there !== accepted) throw new Error(`${accepted} messages were accepted, ${there} are in the maildrops`);
    };
    const gateway: Side = { server: instance, pid: served.pid, settle };
    const floor: Side = { server: bare, pid: bare.pid, settle: () => Promise.resolve() };
    console.error(`warming up with ${messages * 5} messages`);
    const rows = flags.kinds ? ROWS_BY_KIND : ROWS;
    // A warm-up with each kind: code that the compiler has not seen costs three times as much.
    for (const side of [gateway, floor])
      for (const kind of new Set(rows.map((row) => row.kind)))
        await costOf(side, { connections: 8, size: 10_240, every: 1, kind }, messages * 5);
    return await measure(gateway, floor, rows);
  } finally {
    await bare.stop();
    await served.stop();
  }
}

const instance = await Instance.create(flags.under === undefined ? {} : { under: flags.under });
try {
  const rows = await run(instance);
  const judged = messages * 5 >= WARM;
  const shown = rows.map(({ id, text, gateway, floor, ratio, most }) => [id, text, gateway, floor, ratio, most ?? '-']);
  console.log(table(['ROW', 'A MESSAGE OF', 'CPU MS', 'FLOOR MS', 'RATIO', 'AT MOST'], shown));
  if (flags.keep !== undefined)
    keep(flags.keep, { when: new Date().toISOString(), machine: machine(), messages, rounds, rows });
  const beyond = rows.filter(({ ratio, most }) => most !== undefined && ratio > most);
  if (!judged) console.log(`Not judged: the warm-up was shorter than ${WARM} messages; take --messages ${WARM / 5}`);
  else if (beyond.length > 0) {
    console.log(`Beyond the threshold: ${beyond.map(({ id }) => id).join(', ')}. Find what made a message dearer`);
    process.exitCode = 1;
  }
} finally {
  instance.remove();
}
