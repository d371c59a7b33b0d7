/**
 * Pictures of docs/ that tests make: each is what the code gives today, or the test is red.
 * `WRITE_GOLDEN=1` writes them again.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const docs = join(import.meta.dirname, '..', '..', 'docs');
/** Octets of a picture. A page is read over bad lines too. */
export const MOST_OCTETS = 60_000;

/** `name`: of the file in docs/, such as `start.svg`. */
export function holdPicture(name: string, svg: string): void {
  assert.ok(Buffer.byteLength(svg) < MOST_OCTETS, `${name} has ${Buffer.byteLength(svg)} octets`);
  const file = join(docs, name);
  if (process.env.WRITE_GOLDEN === '1') writeFileSync(file, svg);
  const there = existsSync(file) ? readFileSync(file, 'utf8') : '';
  assert.equal(there, svg, `docs/${name} is not what is printed today: WRITE_GOLDEN=1 npm test -- --only pictures/`);
}

/**
 * The same value for all that differs from run to run: each pattern with what the picture shows in
 * its place, the n-th for the n-th value.
 */
export function steady(text: string, values: readonly (readonly [RegExp, readonly string[]])[]): string {
  return values.reduce((said, [pattern, shown]) => {
    const seen = new Map<string, string>();
    return said.replaceAll(pattern, (value) => {
      const kept = seen.get(value) ?? shown[seen.size] ?? assert.fail(`${String(pattern)}: no value for ${value}`);
      seen.set(value, kept);
      return kept;
    });
  }, text);
}
