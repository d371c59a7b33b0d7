/** The judgement of a history (history.ts) as a test tells it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { CLASSES, type Class, type History, type Verdict, judge, storyOf } from './history.ts';

/** Judged, and told. */
export function judged(t: TestContext, history: History): Verdict {
  const verdict = judge(history);
  const counts = CLASSES.map((kind) => `${kind} ${verdict[kind].length}`).join(', ');
  const { acknowledged, unknown, removed, explained } = verdict;
  t.diagnostic(
    `${acknowledged} acknowledged, ${removed} deleted, ${unknown} attempts of unknown end; ${counts}, explained ${explained.length}`,
  );
  return verdict;
}

/** Of each class nothing; the stories of the first findings are told. */
export function assertNothing(t: TestContext, history: History): void {
  const verdict = judged(t, history);
  const found = CLASSES.flatMap((kind: Class) => verdict[kind].map((text) => `${kind}: ${text}`));
  for (const text of found.slice(0, 3)) t.diagnostic(storyOf(history, text.slice(text.indexOf(' ') + 1)).join('\n'));
  assert.deepEqual(found, []);
}
