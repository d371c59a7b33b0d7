/**
 * Pages are short enough to be read in one sitting: what nobody can read in an hour, nobody keeps
 * true.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..', '..');
const docs = readdirSync(join(root, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);
/** Written by `npm run docs` from first line to last, but for a heading: looked up, not read. */
const GENERATED = ['commands', 'configuration', 'data', 'replies', 'routes', 'signals'].map(
  (name) => `docs/${name}.md`,
);
/** Everything that was written by hand, decisions and the change log apart. */
const PAGES = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'ROADMAP.md', 'docs/nl/mailprogramma.md', ...docs].filter(
  (page) => !GENERATED.includes(page),
);

/** What a reader counts as words: bars of tables, dashes and numbers' dots are none. */
const count = (text: string): number => text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
/** Without what `npm run docs` writes between marks. */
const byHand = (page: string): string =>
  readFileSync(join(root, page), 'utf8').replaceAll(
    /<!-- (?:[^\n]*written by "npm run docs"|kinds of data) -->[\s\S]*?<!-- end of \w+ -->/g,
    '',
  );
const withoutCode = (text: string): string => text.replaceAll(/```[\s\S]*?```/g, '');

test('the README has fewer than 800 words, code and all', () => {
  const words = count(readFileSync(join(root, 'README.md'), 'utf8'));
  assert.ok(words < 800, String(words));
});

test('pages written by hand have fewer than 25,000 words together, none more than 4,000; with their commands and examples 27,200', () => {
  const counted = PAGES.map((page) => ({
    page,
    prose: count(withoutCode(byHand(page))),
    whole: count(byHand(page)),
  }));
  assert.ok(counted.length > 18, String(counted.length));
  for (const { page, prose } of counted) assert.ok(prose <= 4_000, `${page} has ${prose} words`);
  const prose = counted.reduce((sum, one) => sum + one.prose, 0);
  const whole = counted.reduce((sum, one) => sum + one.whole, 0);
  const remedy = 'say it shorter, once, or in the command, setting or signal that it is about';
  assert.ok(prose < 25_000, `${prose} words: ${remedy}`);
  assert.ok(whole <= 27_200, `${whole} words with commands and examples: ${remedy}`);
});

test('no prose hides on the two pages that are a table alone', () => {
  for (const page of ['docs/data.md', 'docs/routes.md']) {
    const words = count(byHand(page));
    assert.ok(words < 50, `${page}: ${words}`);
  }
});
