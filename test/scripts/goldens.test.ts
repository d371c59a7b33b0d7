/**
 * The lists of `npm run goldens`: what they name is there, and every test that writes golden files
 * is among them.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '..', '..');
const { writesGoldens, holdsGoldens, goldenBeginnings } = (await import(
  pathToFileURL(join(root, 'scripts', 'golden-tests.mjs')).href
)) as {
  readonly writesGoldens: (name: string) => boolean;
  readonly holdsGoldens: (name: string) => boolean;
  readonly goldenBeginnings: readonly string[];
};
const tests = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.test.ts'),
);

test('what the lists name is there', () => {
  for (const beginning of goldenBeginnings)
    assert.ok(
      tests.some((name) => name.startsWith(beginning)),
      `scripts/golden-tests.mjs: no test begins with ${beginning}`,
    );
});

test('every test that writes golden files is renewed and run', () => {
  // Of those that write through a file beside them, the file says it.
  const helpers = [/from '\.\/frozen\.ts'/, /from '\.\/held\.ts'/];
  const writers = tests.filter((name) => {
    const text = readFileSync(join(root, 'test', name), 'utf8');
    return (
      name !== 'scripts/goldens.test.ts' &&
      // Pictures of a browser are taken by the long test that needs one.
      !name.startsWith('long/') &&
      (text.includes('env.WRITE_GOLDEN') || helpers.some((of) => of.test(text)))
    );
  });
  assert.ok(writers.length > 15, String(writers.length));
  for (const name of writers)
    assert.ok(writesGoldens(name) && holdsGoldens(name), `${name} is not in scripts/golden-tests.mjs`);
});
