/** The verdict on a history (history.ts) as a test prints it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { CLASSES, type Class, type History, type Verdict, judge, storyOf } from './history.ts';

/** Judges a history, and prints the counts. */
export function judged(t: TestContext, history: History): Verdict {
  const verdict = judge(history);
  const counts = CLASSES.map((kind) => `${kind} ${verdict[kind].length}`).join(', ');
  const { acknowledged, unknown, removed, explained } = verdict;
  t.diagnostic(
    `${acknowledged} acknowledged, ${removed} deleted, ${unknown} attempts of unknown end; ${counts}, explained ${explained.length}`,
  );
  return verdict;
}

/** Fails if any class has a finding. It prints the stories of the first findings. */
export function assertNothing(t: TestContext, history: History): void {
  const verdict = judged(t, history);
  const found = CLASSES.flatMap((kind: Class) => verdict[kind].map((text) => `${kind}: ${text}`));
  for (const text of found.slice(0, 3)) t.diagnostic(storyOf(history, text.slice(text.indexOf(' ') + 1)).join('\n'));
  assert.deepEqual(found, []);
}
