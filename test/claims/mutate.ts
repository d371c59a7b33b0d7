/** Breaks the code as rows say, one after another, each in a copy, and tells whether the test of the row noticed. */
import { seeded } from '../support/seeded.ts';
import { type Break, testOf } from './claim.ts';
import { type Ended, runTest } from './run.ts';
import { scratch } from './scratch.ts';
import { ROWS, type Row } from './table.ts';

export type Breakable = Row & { readonly broken: Break };

export const BREAKABLE: readonly Breakable[] = ROWS.filter((row): row is Breakable => row.broken !== undefined);

/** `noticed`: the test passes as it is, and fails where the code is broken. */
export interface Tried {
  readonly row: Breakable;
  readonly verdict: 'noticed' | 'not noticed' | 'not tried';
  readonly before: Ended;
  readonly after?: Ended;
}

/** `count` different rows, the same for a seed. */
export function drawn(count: number, seed: number): readonly Breakable[] {
  const { below } = seeded(seed);
  const left = [...BREAKABLE];
  return Array.from({ length: Math.min(count, left.length) }, () => left.splice(below(left.length), 1)[0]!);
}

/** Seconds for one test; several times what the slowest takes. */
const BOUND = 120;

export async function* tryBreaks(rows: readonly Breakable[], folder: string): AsyncGenerator<Tried, void, void> {
  const copy = scratch(folder);
  try {
    for (const row of rows) {
      const named = testOf(row.shownBy[0]);
      if (named === undefined) throw new Error(`Cannot try ${row.id}: ${row.shownBy[0]} is no test`);
      await copy.restore();
      const before = await runTest(copy.root, named, BOUND);
      if (before.ending !== 'passed') {
        yield { row, verdict: 'not tried', before };
        continue;
      }
      await copy.change(row.broken);
      const after = await runTest(copy.root, named, BOUND);
      // One that does not end has seen it, too: it waits for what no longer comes.
      const seen = after.ending === 'failed' || after.ending === 'late';
      yield { row, verdict: seen ? 'noticed' : 'not noticed', before, after };
    }
  } finally {
    copy.remove();
  }
}
