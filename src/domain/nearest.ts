/** Finds the name that somebody meant who mistyped one. */

/** More letters than these are another word. */
const FAR = 3;

/** The known name that is nearest to `word`, where one is near at all. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const [near] = known.map((name) => [distance(word, name), name] as const).sort((a, b) => a[0] - b[0]);
  return near !== undefined && near[0] <= FAR ? near[1] : undefined;
}

/** Levenshtein distance of two short words. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= Math.min(a.length, 64); i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1)
      next.push(
        Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}
