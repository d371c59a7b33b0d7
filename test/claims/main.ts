/**
 * `npm run claims`: each promise of the pages and what shows it.
 *
 *   npm run claims -- [--only TEXT] [--run] [--json]
 *   npm run claims -- --mutate N [--seed S] [--only TEXT] [--json]
 *
 * `--only`: rows whose page, sentence or test has the text. `--run` runs each named test once and
 * says how it ended; commands are for the reader. `--mutate` draws N changes of the code by the
 * seed (default: one of the clock, which is printed), makes each in a copy, and looks whether its
 * test fails. Ends with 1 where a test did not pass, or did not notice.
 */
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { many } from '../../src/domain/counted.ts';
import { testOf } from './claim.ts';
import { type Breakable, breakables, drawn, tryBreaks } from './mutate.ts';
import { type Ended, runTest } from './run.ts';
import { PAGES, ROOT, ROWS, type Row } from './table.ts';

const USAGE = 'npm run claims -- [--only TEXT] [--run | --mutate N|all [--seed S]] [--json]';

function refuse(why: string): never {
  process.stderr.write(`${why}\nUsage: ${USAGE}\n`);
  process.exit(2);
}

const options = {
  only: { type: 'string', default: '' },
  run: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  mutate: { type: 'string' },
  seed: { type: 'string' },
} as const;

function given() {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

const values = given();
/** Seconds for a test: those of the slowest suites start servers. */
const BOUND = 600;

const has = (row: Row): boolean =>
  [row.id, row.page, row.says, ...row.shownBy].some((text) => text.includes(values.only));
const rows = ROWS.filter(has);
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const quoted = (text: string): string => `"${text}"`;

if (rows.length === 0)
  refuse(`Cannot list claims: none has the text "${values.only}"; without --only all ${ROWS.length} are listed.`);
if (values.mutate === undefined) await list();
else await mutate(values.mutate);

async function list(): Promise<void> {
  const endings = new Map<string, Ended>();
  if (values.run)
    for (const shown of new Set(rows.flatMap(({ shownBy }) => shownBy))) {
      const named = testOf(shown);
      if (named === undefined) continue;
      const ended = await runTest(ROOT, named, BOUND);
      endings.set(shown, ended);
      process.stderr.write(`${ended.ending.padEnd(8)} ${shown}\n`);
      if (['failed', 'late', 'missing'].includes(ended.ending)) process.exitCode = 1;
    }
  if (values.json) {
    const told = rows.map(({ shownBy, ...row }) => ({
      ...row,
      shownBy: shownBy.map((shown) => ({ shown, result: endings.get(shown)?.ending ?? null })),
    }));
    say(
      JSON.stringify(
        { claims: told, none: PAGES.flatMap(({ page, none }) => none.map((one) => ({ page, ...one }))) },
        undefined,
        1,
      ),
    );
    return;
  }
  for (const { page, none } of PAGES) {
    const ofPage = rows.filter((row) => row.page === page);
    if (ofPage.length === 0) continue;
    say(`\n${page}\n${'='.repeat(page.length)}\n`);
    for (const { id, says, shownBy, tried } of ofPage) {
      say(`${id}  ${quoted(says)}`);
      for (const shown of shownBy)
        say(`    ${endings.has(shown) ? `${endings.get(shown)!.ending}: ` : ''}${placeOf(shown)}`);
      for (const file of new Set(tried.map(({ broken }) => broken.file))) say(`    tried by a change of ${file}`);
    }
    if (values.only === '') for (const { says, why } of none) say(`no promise  ${quoted(says)}\n    ${why}`);
  }
  say(
    `\n${many(rows.length, 'promise')}, ${rows.filter(({ tried }) => tried.length > 0).length} of them with a change of the code that its test must notice.`,
  );
}

function placeOf(shown: string): string {
  const named = testOf(shown);
  return named === undefined ? shown : `test/${named.file}.test.ts: ${named.name}`;
}

async function mutate(wish: string): Promise<void> {
  const all = breakables();
  const count = wish === 'all' ? all.length : Number(wish);
  const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
  if (!Number.isSafeInteger(count) || count < 1 || !Number.isSafeInteger(seed))
    refuse('Cannot draw: expected --mutate with a number or "all", and --seed with a whole number.');
  const chosen: readonly Breakable[] = values.only === '' ? drawn(count, seed) : breakables(rows).slice(0, count);
  if (chosen.length === 0) refuse(`Cannot draw: nothing that has the text "${values.only}" is tried by a change.`);
  process.stderr.write(`seed ${seed}, ${chosen.length} of ${all.length} changes\n`);
  const told: unknown[] = [];
  for await (const { of, verdict, before, after } of tryBreaks(chosen, tmpdir())) {
    if (verdict !== 'noticed') process.exitCode = 1;
    const { test, broken } = of;
    told.push({
      test,
      verdict,
      broken,
      claims: of.rows.map(({ id }) => id),
      before: before.ending,
      after: after?.ending ?? null,
    });
    if (values.json) continue;
    say(`${verdict.padEnd(11)}  ${placeOf(test)}`);
    say(`             ${before.ending}; with ${broken.file} changed ${after?.ending ?? 'not run'}`);
    if (verdict === 'noticed') continue;
    for (const [text, by] of broken.edits) say(`             ${JSON.stringify(text)} -> ${JSON.stringify(by)}`);
    if (verdict === 'not tried') say((after ?? before).said);
  }
  if (values.json) say(JSON.stringify({ seed, tried: told }, undefined, 1));
}
