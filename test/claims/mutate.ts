/**
 * Breaks the code as rows say, one after another, each in a copy, and tells whether the test of the
 * row noticed.
 */
import { seeded } from '../support/seeded.ts';
import { type Break, type NamedTest, testOf } from './claim.ts';
import { type Ended, type Ending, runTest } from './run.ts';
import { scratch } from './scratch.ts';
import { ROWS, type Row } from './table.ts';

/** A test, the change that it must notice, and the rows that it shows. */
export interface Breakable {
  readonly test: string;
  readonly broken: Break;
  readonly rows: readonly Row[];
}

export function breakables(rows: readonly Row[] = ROWS): readonly Breakable[] {
  const found = new Map<string, { readonly broken: Break; readonly rows: Row[] }>();
  for (const row of rows)
    for (const { test, broken } of row.tried) {
      const one = found.get(test) ?? { broken, rows: [] };
      one.rows.push(row);
      found.set(test, one);
    }
  return [...found].map(([test, one]) => ({ test, ...one }));
}

/** `noticed`: the test passes as it is, and fails where the code is broken. */
export interface Tried {
  readonly of: Breakable;
  readonly verdict: 'noticed' | 'not noticed' | 'not tried';
  readonly before: Ended;
  readonly after?: Ended;
}

/** `count` different ones, the same for a seed. */
export function drawn(count: number, seed: number): readonly Breakable[] {
  const { below } = seeded(seed);
  const left = [...breakables()];
  return Array.from({ length: Math.min(count, left.length) }, () => left.splice(below(left.length), 1)[0]!);
}

/**
 * One that does not end has seen it, too: it waits for what no longer comes. One that did not run
 * at all has not.
 */
const VERDICTS: Readonly<Record<Ending, Tried['verdict']>> = {
  failed: 'noticed',
  late: 'noticed',
  passed: 'not noticed',
  skipped: 'not tried',
  missing: 'not tried',
};

/** Seconds for one test; several times what the slowest takes. */
const BOUND = 120;

export async function* tryBreaks(all: readonly Breakable[], folder: string): AsyncGenerator<Tried, void, void> {
  const copy = scratch(folder);
  try {
    // All of them as the code is, before anything is changed: to change it and back costs seconds
    // each time.
    const befores: Ended[] = [];
    for (const { test } of all) befores.push(await runTest(copy.root, namedOf(test), BOUND));
    for (const [n, of] of all.entries()) {
      const before = befores[n]!;
      if (before.ending !== 'passed') {
        yield { of, verdict: 'not tried', before };
        continue;
      }
      await copy.change(of.broken);
      const after = await runTest(copy.root, namedOf(of.test), BOUND);
      yield { of, verdict: VERDICTS[after.ending], before, after };
    }
  } finally {
    copy.remove();
  }
}

function namedOf(test: string): NamedTest {
  const named = testOf(test);
  if (named === undefined) throw new Error(`Cannot try "${test}": it is no test`);
  return named;
}
