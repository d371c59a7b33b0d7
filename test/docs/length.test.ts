/** Pages are short enough to be read in one sitting: what nobody can read in an hour, nobody keeps true. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..', '..', '..');
const docs = readdirSync(join(root, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);
/** Looked up, not read: written from the code, or tables that tests hold to it, or the specification that a verifier is written from. */
const REFERENCE = ['commands', 'configuration', 'replies', 'signals', 'standards', 'formats'].map(
  (name) => `docs/${name}.md`,
);
const PAGES = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'ROADMAP.md', 'docs/nl/mailprogramma.md', ...docs];

/** Words of prose: without code, without what `npm run docs` writes, without the table of controls, which is held to the code row by row. */
function wordsOf(page: string): number {
  const prose = readFileSync(join(root, page), 'utf8')
    .replaceAll(/```[\s\S]*?```/g, '')
    .replaceAll(/<!-- (?:[^\n]*written by "npm run docs"|kinds of data) -->[\s\S]*?<!-- end of \w+ -->/g, '')
    .replace(/^## NEN 7510 and ISO 27001$[\s\S]*?(?=^## )/m, '');
  return prose.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

test('the README has fewer than 800 words, code and all', () => {
  const words = readFileSync(join(root, 'README.md'), 'utf8')
    .split(/\s+/)
    .filter((word) => /[\p{L}\p{N}]/u.test(word));
  assert.ok(words.length < 800, String(words.length));
});

test('pages that are read have at most 25,000 words together, and none more than 4,500', () => {
  const counted = PAGES.filter((page) => !REFERENCE.includes(page)).map((page) => ({ page, words: wordsOf(page) }));
  assert.ok(counted.length > 15, String(counted.length));
  for (const { page, words } of counted) assert.ok(words <= 4_500, `${page} has ${words} words`);
  const all = counted.reduce((sum, { words }) => sum + words, 0);
  assert.ok(all <= 25_000, `${all} words: say it shorter, or in the command, setting or signal that it is about`);
});
