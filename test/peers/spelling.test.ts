/**
 * Pages and texts of the product are spelled as hunspell has it, in British English and in Dutch,
 * but for the words of test/spelling/: names and terms of the field, each of which is used.
 */
// @beside
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { present, withoutProgram } from '../support/require.ts';
import { sourceTexts } from '../support/source-texts.ts';
import { type Speech, type Text, proseOf, spell } from '../support/spelling.ts';

const root = join(import.meta.dirname, '..', '..');
const dictionary = (name: string, apt: string): string | false =>
  present(
    `the dictionary ${name}`,
    existsSync(`/usr/share/hunspell/${name}.dic`),
    `install it with "apt-get install ${apt}"`,
  );
const skip =
  withoutProgram('hunspell', 'hunspell') || dictionary('en_GB', 'hunspell-en-gb') || dictionary('nl_NL', 'hunspell-nl');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const below = (folder: string, ends: RegExp): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ends.test(entry.name))
    .map(({ parentPath, name }) => relative(root, join(parentPath, name)));

const pages = (): readonly Text[] =>
  [...readdirSync(root).filter((name) => name.endsWith('.md')), ...below('docs', /\.md$/)].flatMap((page) =>
    proseOf(read(page))
      .split('\n')
      .map((text) => ({ at: page, text })),
  );
/** What files that an operator takes from docs/ say in comments, and alarms to whoever is woken. */
const files = (): readonly Text[] =>
  below('docs', /(?<!\.(?:md|svg|png|json|java))$/).flatMap((file) =>
    Array.from(read(file).matchAll(/(?:^|\s)#\s(.+)$|\b(?:summary|remedy): (.+)$/gm), ([, comment, alarm]) => ({
      at: file,
      text: proseOf(comment ?? alarm ?? ''),
    })),
  );

/**
 * Not words: programs, style sheets, passwords that everybody has; and notes, which stand on the
 * pages.
 */
const NO_TEXT =
  /^src\/(?:cli\/(?:completion-|command-notes)|config\/section-notes|web\/look\/(?:style|script)|api\/service\/page|crypto\/passwords\/password-strength)/;
/** SQL, HTML and CSS by their marks, and commands to type. */
const NO_PROSE = /^sluis |\b(?:nullif|substr)\(|<(?:svg|style)|^:root/;
const product = (): readonly Text[] =>
  sourceTexts()
    .filter(({ at, text }) => !NO_TEXT.test(at) && !NO_PROSE.test(text))
    .map(({ at, text }) => ({ at, text: proseOf(text) }));

const listOf = (speech: Speech): readonly string[] => read(`test/spelling/${speech}.txt`).trim().split('\n');

test(
  'no page and no text has a word that neither its dictionary nor our list knows, and the lists no other',
  { skip },
  () => {
    const texts = [...pages(), ...files(), ...product()];
    assert.ok(texts.length > 10_000, String(texts.length));
    const lists = { en: listOf('en'), nl: listOf('nl') };
    const { wrong, used } = spell(texts, lists);
    assert.deepEqual(
      wrong.map(({ at, word, speech }) => `${at}: ${word} (${speech})`),
      [],
      'mend it, or, where it is a word of the field, add it to test/spelling/',
    );
    for (const speech of ['en', 'nl'] as const) {
      assert.deepEqual(
        lists[speech].filter((word) => !used[speech].has(word)),
        [],
        `test/spelling/${speech}.txt has words that nothing says, or that the dictionary knows`,
      );
      assert.deepEqual(lists[speech], [...new Set(lists[speech])].sort(), `test/spelling/${speech}.txt is sorted`);
    }
  },
);
