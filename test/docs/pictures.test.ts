/**
 * Every picture is on a page, is small, is read in light and dark, and is told in words to whoever
 * cannot see it.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MOST_OCTETS } from '../pictures/held.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const inDocs = readdirSync(join(root, 'docs'));
const pictures = inDocs.filter((name) => /\.(?:svg|png)$/.test(name));
const pages = ['README.md', ...inDocs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];
const shown = pages.flatMap((page) =>
  [...read(page).matchAll(/!\[([^\]]*)\]\(([^)]+)\)/g)].map(([, words = '', file = '']) => ({ page, words, file })),
);

test('every picture stands on a page, with what is to be seen in words', () => {
  assert.ok(pictures.length >= 7, pictures.join(' '));
  const used = new Set(shown.map(({ file }) => file.replace('docs/', '')));
  assert.deepEqual(
    pictures.filter((name) => !used.has(name)),
    [],
  );
  for (const { page, words, file } of shown) assert.ok(words.length >= 15, `${page}: ${file} is told as "${words}"`);
});

test('the README has one picture', () => {
  assert.equal(shown.filter(({ page }) => page === 'README.md').length, 1);
});

test('pictures are small, and drawn ones have title, description and colours for the dark', () => {
  for (const name of pictures) {
    const octets = statSync(join(root, 'docs', name)).size;
    assert.ok(octets < MOST_OCTETS, `${name} has ${octets} octets`);
    if (!name.endsWith('.svg')) continue;
    const svg = read(`docs/${name}`);
    assert.match(svg, /role="img" aria-labelledby="t d"/, name);
    for (const part of [/<title id="t">.{10}/, /<desc id="d">.{40}/, /@media \(prefers-color-scheme: dark\)/])
      assert.match(svg, part, name);
    assert.doesNotMatch(svg, /<script|href=|url\((?!#)/, `${name} loads nothing`);
  }
});
