/**
 * Every promise of the pages is quoted in the table, word for word, with a test or a command that
 * there is; what is changed to try a test stands in the source once.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { leaves } from '../cli/frozen/tree.ts';
import { BREAKS } from './breaks.ts';
import { flat, testOf } from './claim.ts';
import { breakables, drawn } from './mutate.ts';
import { promisesOf } from './promises.ts';
import { brokenText } from './scratch.ts';
import { PAGES, ROOT, ROWS, pageText, unclaimed } from './table.ts';

test('every quoted sentence stands in its page, word for word', () => {
  for (const { page, claims, none } of PAGES) {
    const text = flat(pageText(page));
    assert.deepEqual(
      [...claims, ...none].map(({ says }) => says).filter((says) => !text.includes(flat(says))),
      [],
      page,
    );
  }
});

test('every sentence that promises is quoted, with what shows it, or stands among the few that promise nothing, with the reason', () => {
  for (const one of PAGES) assert.deepEqual(unclaimed(one, pageText(one.page)), [], one.page);
  assert.ok(ROWS.length >= 60, String(ROWS.length));
  const none = PAGES.flatMap((page) => page.none);
  assert.ok(none.length <= ROWS.length / 8, String(none.length));
  for (const { why } of none) assert.ok(why.length > 10, why);
});

test('a promise that is added to a page is missed, in a sentence, a list and a table', () => {
  for (const one of PAGES.slice(0, 3)) {
    const text = pageText(one.page);
    assert.deepEqual(unclaimed(one, `The moon is never full here.\n\n${text}`), ['The moon is never full here.']);
    assert.deepEqual(unclaimed(one, `1. The moon is full.\n\n${text}`), ['1. The moon is full.']);
    assert.deepEqual(unclaimed(one, `| x | what stands in the way |\n| --- | --- |\n| y | the moon |\n\n${text}`), [
      'the moon',
    ]);
  }
  const [readme] = PAGES;
  const longer = pageText(readme!.page).replace('**What it refuses to do**\n', '$&- Shine.\n');
  assert.deepEqual(unclaimed(readme!, longer), ['- Shine.']);
  assert.deepEqual(promisesOf('It may be so; or not.'), []);
});

/**
 * Of the test file and of what it takes from beside it: contracts name the tests of several files.
 */
function sourcesOf(file: string): string {
  const path = join(ROOT, 'test', `${file}.test.ts`);
  const source = readFileSync(path, 'utf8');
  const beside = [...source.matchAll(/from '(\.{1,2}\/[^']+\.ts)'/g)]
    .map(([, from = '']) => join(dirname(path), from))
    .filter((from) => from.startsWith(join(ROOT, 'test')));
  return [source, ...beside.map((from) => readFileSync(from, 'utf8'))].join('\n');
}

test('every test and command that is named is there', () => {
  const commands = new Set(leaves.map(({ path }) => path));
  const scripts = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object }).scripts;
  const missing: string[] = [];
  for (const { id, shownBy } of ROWS)
    for (const shown of shownBy) {
      const named = testOf(shown);
      const is =
        named === undefined
          ? existsSync(join(ROOT, shown)) ||
            commands.has(shown.replace(/^sluis /, '').replace(/ [A-Z-].*$/, '')) ||
            shown.replace(/^npm run /, '') in scripts
          : existsSync(join(ROOT, 'test', `${named.file}.test.ts`)) && hasName(sourcesOf(named.file), named.name);
      if (!is) missing.push(`${id}: ${shown}`);
    }
  assert.deepEqual(missing, []);
});

const hasName = (source: string, name: string): boolean =>
  source.includes(`'${name.replaceAll("'", String.raw`\'`)}'`) ||
  source.includes(`"${name}"`) ||
  source.includes(`\`${name}\``) ||
  source.includes(`: ${name}\``);

test('what is changed to see a test fail stands in the source once, and is of a test that a claim names', () => {
  const named = new Set(ROWS.flatMap(({ shownBy }) => shownBy));
  for (const [of, broken] of BREAKS) {
    assert.ok(named.has(of) && testOf(of) !== undefined, of);
    for (const [text, by] of broken.edits) assert.notEqual(text, by, of);
    assert.match(broken.file, /^src\/.*\.ts$/, of);
    assert.doesNotThrow(() => brokenText(broken), of);
  }
  assert.ok(breakables().length >= 60, String(breakables().length));
});

test('draws are the same for a seed, and of different changes', () => {
  const draw = (seed: number): readonly string[] => drawn(10, seed).map(({ test: of }) => of);
  assert.deepEqual(draw(7), draw(7));
  assert.notDeepEqual(draw(7), draw(8));
  assert.equal(new Set(draw(7)).size, 10);
});
