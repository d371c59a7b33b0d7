/**
 * Measures what age costs:
 *
 *   npm run bench:aged -- [--messages 500000] [--accounts 20000] [--days 90] [--rounds 3] [--only sweep,start] [--keep NAME] [--under FOLDER]
 *
 * Two gateways take turns, one with an aged store and one with a new store. The exit code is 1 if
 * the aged one takes more than 1.3 times as long for anything. bench/README.md says what is
 * measured.
 */
import { parseArgs } from 'node:util';
import { table } from '../src/cli/output.ts';
import { hashPassword } from '../src/crypto/passwords/password.ts';
import { days } from '../src/domain/units.ts';
import { Instance } from '../test/support/instance.ts';
import { sluis } from './accounts/command.ts';
import { populationOf } from './accounts/files.ts';
import { fillStore, makeStore } from './aged/make.ts';
import { Subject, type Took } from './aged/measure.ts';
import { keep, machine } from './keep.ts';
import { PASSWORD } from './load.ts';
import { median, round } from './stats.ts';

const MOST = 1.3;
/**
 * Fewest messages of a run that is judged. With fewer, a sweep, a backup and a restore are too
 * short to compare.
 */
const JUDGED = 100_000;
const HOARDER = 'hoarder';
const NAMES = Array.from({ length: 8 }, (_, i) => `b${i}`);
/** Days that deleted mail is kept. What was deleted before that must be removed. */
const KEPT_DELETED = 14;

const { values: flags } = parseArgs({
  options: {
    messages: { type: 'string', default: '500000' },
    accounts: { type: 'string', default: '20000' },
    days: { type: 'string', default: '90' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    keep: { type: 'string' },
    under: { type: 'string' },
  },
});
const [messages, accounts, length, rounds] = [flags.messages, flags.accounts, flags.days, flags.rounds].map(Number) as [
  number,
  number,
  number,
  number,
];
if (!(messages >= 1000 && accounts >= 10 && length >= 50 && rounds >= 1))
  throw new Error('expected --messages >= 1000, --accounts >= 10, --days >= 50, --rounds >= 1');
const perDay = Math.ceil(messages / length);
/** Messages in the maildrop that is listed. */
const listed = Math.round(Math.min(10_000, messages / 20) / 30) * 30;
const sizes = { messages: Math.min(1000, messages / 50), listed };
const say = (text: string): void => console.error(text);

type Row = 'S1c1' | 'S1c8' | 'P1' | 'P4' | 'start' | 'sweep' | 'backup' | 'restore';
const TEXTS: Readonly<Record<Row, string>> = {
  S1c1: 'submit 10 KB, 1 connection: a message',
  S1c8: 'submit 10 KB, 8 connections: a message',
  P1: 'retrieve and delete 10 KB, 8 maildrops: a message',
  P4: `poll a maildrop of ${listed} messages: a session`,
  start: 'start after kill -9, to the greeting',
  sweep: 'sweep what one day left: a message',
  backup: 'backup: a megabyte',
  restore: 'restore: a megabyte',
};
type Side = 'aged' | 'empty';
const only = flags.only?.split(',');
const stranger = only?.find((row) => !(row in TEXTS));
if (stranger !== undefined)
  throw new Error(`expected rows of ${Object.keys(TEXTS).join(', ')} after --only, not ${stranger}`);
/** True if one of these rows is measured. */
const wanted = (...rows: readonly Row[]): boolean => only === undefined || rows.some((row) => only.includes(row));
const found = new Map<Row, Record<Side, Took[]>>();
const note = (row: Row, side: Side, took: Took): void => {
  const both = found.get(row) ?? { aged: [], empty: [] };
  both[side].push(took);
  found.set(row, both);
};

async function make(side: Side, instance: Instance, hash: string): Promise<void> {
  const began = performance.now();
  const ours = [...NAMES, HOARDER];
  const people = side === 'aged' ? populationOf(accounts - ours.length, 1, 0).hashed : [];
  // The last sweep was a day ago, so one day of deleted mail must be removed. In the new store that
  // is the only day.
  const begin = Date.now() - days((side === 'aged' ? length : KEPT_DELETED) + 1);
  const erased = await makeStore(
    instance,
    [...ours, ...people],
    hash,
    {
      ...{ begin, days: side === 'aged' ? length : 1, messagesPerDay: perDay, prompt: side === 'empty' },
      ...{
        names: side === 'aged' ? people : NAMES,
        hoarder: HOARDER,
        kept: listed,
        keptDays: side === 'aged' ? 30 : 1,
      },
    },
    (text) => say(`${side}: ${text}, ${((performance.now() - began) / 1000).toFixed(0)} s`),
  );
  if (side === 'aged' && erased === 0) throw new Error('no day was erased: the store is not one that has aged');
  if (side === 'aged') say(`aged: the keys of ${erased} days are erased`);
  instance.sluis('organisation', 'set', 'ledger', 'messages-per-hour=10000000', 'recipients-per-hour=10000000');
}

async function inTurns(subjects: Readonly<Record<Side, Subject>>): Promise<void> {
  const sides = Object.entries(subjects) as [Side, Subject][];
  const turns = wanted('S1c1', 'S1c8', 'P1', 'P4') ? rounds : 0;
  // A warm-up, so that the compiler of both gateways has seen the work.
  for (const [, subject] of turns > 0 ? sides : []) {
    await subject.submit(8, sizes.messages * 2);
    await subject.pickUp();
  }
  for (let n = 0; n < turns; n += 1) {
    say(`round ${n + 1} of ${rounds}`);
    for (const [side, subject] of sides) note('S1c1', side, await subject.submit(1));
    for (const [side, subject] of sides) note('S1c8', side, await subject.submit(8));
    for (const [side, subject] of sides) note('P1', side, await subject.pickUp());
    for (const [side, subject] of sides) note('P4', side, await subject.poll(2000));
  }
  for (let n = 0; wanted('start') && n < rounds; n += 1)
    for (const [side, subject] of sides) note('start', side, await subject.startAfterKill());
}

async function copies(subjects: Readonly<Record<Side, Subject>>): Promise<Record<Side, number>> {
  // A new store has nothing to copy, so it gets a tenth of the mail, all of it from today.
  await subjects.empty.stop();
  await fillStore(subjects.empty.instance, NAMES, Math.ceil(messages / 10), (text) => say(`empty: ${text}`));
  await subjects.empty.serve();
  const octets = { aged: 0, empty: 0 };
  for (const side of ['aged', 'empty'] as const) {
    const start = (await sluis(subjects[side].instance, ['--version'])).seconds * 1000;
    const both = await subjects[side].backupAndRestore(start);
    note('backup', side, both.backup);
    note('restore', side, both.restore);
    octets[side] = both.octets;
  }
  return octets;
}

const rowsOf = () =>
  [...found].map(([row, both]) => {
    const ms = (side: Side, what: 'elapsed' | 'cpu'): number =>
      median(both[side].map((took) => took[what] ?? Number.NaN));
    const ratio = (what: 'elapsed' | 'cpu'): number => round(ms('aged', what) / ms('empty', what));
    return {
      ...{ row, text: TEXTS[row], aged: round(ms('aged', 'elapsed')), empty: round(ms('empty', 'elapsed')) },
      ...{ ratio: ratio('elapsed'), cpuRatio: ratio('cpu'), most: MOST },
    };
  });

const under = flags.under === undefined ? {} : { under: flags.under };
const instances = { aged: await Instance.create(under), empty: await Instance.create(under) };
const subjectOf = (side: Side): Subject => new Subject(instances[side], NAMES, HOARDER, sizes);
const subjects = { aged: subjectOf('aged'), empty: subjectOf('empty') };
try {
  const hash = await hashPassword(PASSWORD);
  for (const side of ['aged', 'empty'] as const) {
    await make(side, instances[side], hash);
    if (wanted('sweep')) note('sweep', side, await subjects[side].sweep());
    await subjects[side].serve();
  }
  await inTurns(subjects);
  const octets = wanted('backup', 'restore') ? await copies(subjects) : { aged: Number.NaN, empty: Number.NaN };
  const rows = rowsOf();
  const cpu = (ratio: number): number | undefined => (Number.isNaN(ratio) ? undefined : ratio);
  const megabytes = (side: Side): string => `${round(octets[side] / 1e6)} MB`;
  console.log(
    `${messages} messages in ${length} days, ${accounts} accounts; databases at the backup: aged ${megabytes('aged')}, empty ${megabytes('empty')}\n`,
  );
  console.log(
    table(
      ['ROW', 'MS OF', 'AGED', 'EMPTY', 'RATIO', 'AT MOST', 'RATIO OF CPU'],
      rows.map((r) => [r.row, r.text, r.aged, r.empty, r.ratio, r.most, cpu(r.cpuRatio)]),
    ),
  );
  if (flags.keep !== undefined)
    keep(flags.keep, {
      when: new Date().toISOString(),
      ...{ machine: machine(), messages, accounts, days: length, rounds, octets, rows },
    });
  const beyond = rows.filter(({ ratio }) => !(ratio <= MOST)).map(({ row }) => row);
  if (messages < JUDGED) console.log(`Not judged: ${messages} messages are too few; take at least ${JUDGED}`);
  else if (beyond.length > 0) {
    console.log(`Age costs more than ${MOST} times: ${beyond.join(', ')}`);
    process.exitCode = 1;
  }
} finally {
  for (const side of ['aged', 'empty'] as const) {
    await subjects[side].stop().catch(() => undefined);
    instances[side].remove();
  }
}
