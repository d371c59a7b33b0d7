/**
 * What the product says, in replies, errors, help, settings and pages, keeps to the list of words
 * and the length of sentences in docs/style.md.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sourceFiles, sourceText } from '../support/source-files.ts';
import { sourceTexts } from '../support/source-texts.ts';

const root = join(import.meta.dirname, '..', '..');
/** Words of a sentence of an error, a help text or a setting; letters and pages have 20. */
const MOST_WORDS = 30;

/** The rows of the section: what is said, and patterns of what is not. */
function avoided(): readonly { readonly say: string; readonly not: RegExp }[] {
  const page = readFileSync(join(root, 'docs', 'style.md'), 'utf8');
  const section = page.slice(page.indexOf('\n## Words of the product\n'));
  return [...section.matchAll(/^\| ([^|]+) \| `([^`]+)` \|$/gm)].map(([, say = '', not = '']) => ({
    say,
    not: new RegExp(`(?<![\\w-])(?:${not})(?![\\w-])`, 'i'),
  }));
}

/**
 * A text that stands in signed documents: it stays as it was, since somebody may read one in twenty
 * years.
 */
const AS_SIGNED = 'src/admin/evidence-how-to.ts:';
const said = sourceTexts().filter(({ at }) => !at.startsWith(AS_SIGNED));

test('the texts of the source are found', () => {
  assert.ok(said.length > 5_000, `${said.length} were found`);
  assert.ok(said.some(({ text }) => text.includes('is not registered in this group')));
});

test('nothing that the product says has a word for which docs/style.md names a better one', () => {
  const rows = avoided();
  assert.ok(rows.length >= 10, `${rows.length} rows were read`);
  const found = said.flatMap(({ at, text }) =>
    rows.flatMap(({ say, not }) => {
      const [word] = not.exec(text) ?? [];
      return word === undefined ? [] : [`${at}: "${word}" in "${text}" (say: ${say})`];
    }),
  );
  assert.deepEqual(found, []);
});

/**
 * In a comment, a heading in capitals or a page, where no text of the source is read. The trail has
 * `log-in` as a value, and files are named for the verb.
 */
const OLD_LOGIN = /(?<!['`./])\blog-ins?\b(?!['`]|\.ts)/i;

test('comments, headings and the pages of docs/ have the noun "login"', () => {
  const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`);
  const found = [...sourceFiles(), ...pages].flatMap((file) =>
    sourceText(file)
      .split('\n')
      .flatMap((line, i) => (OLD_LOGIN.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
  );
  assert.deepEqual(found, []);
});

test(`no sentence that the product says has more than ${MOST_WORDS} words`, () => {
  const found = said.flatMap(({ at, text }) =>
    text
      .split(/[.?!:;](?:\s|$)|\n/)
      .filter((sentence) => sentence.trim().split(/\s+/).length > MOST_WORDS)
      .map((sentence) => `${at}: ${sentence}`),
  );
  assert.deepEqual(found, []);
});
