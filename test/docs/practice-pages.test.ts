/** Pages for practices: in Dutch as docs/style.md asks, and with the values of the English page. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { avoidedIn, tooLong } from '../support/words.ts';

const docs = join(import.meta.dirname, '..', '..', 'docs');
const dutch = readFileSync(join(docs, 'nl', 'mailprogramma.md'), 'utf8');
const english = readFileSync(join(docs, 'clients.md'), 'utf8');

/**
 * Paragraphs, items and cells, without what marks them; what stands in italics is what a program
 * calls it.
 */
const textsOf = (page: string): readonly string[] =>
  page
    .split('\n')
    .flatMap((line) => line.split('|'))
    .map((text) =>
      text
        .replace(/^[#\s-]+|^\d+\. /, '')
        .replaceAll(/(?<!\*)\*(?!\*)[^*]+\*(?!\*)/g, 'PROGRAM')
        .replaceAll('**', ''),
    )
    .filter((text) => text.trim() !== '');

test('the Dutch page has words of the list, in sentences of at most twenty words', () => {
  const texts = textsOf(dutch);
  assert.ok(texts.length > 60, String(texts.length));
  assert.deepEqual(
    texts.flatMap((text) => [avoidedIn(text) ?? [], tooLong(text)].flat()),
    [],
  );
});

/**
 * Of the table "The values": ports with their kind of TLS, names and codes between backticks,
 * sizes.
 */
const valuesOf = (page: string, heading: string): readonly string[] => {
  const table = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...table.matchAll(/\b\d{3}\b|SSL\/TLS|STARTTLS|POP3|SMTP|`[^`]+`|\b\d+ MB|IMAP|Exchange/g)].map(
    ([value]) => value,
  );
};

test('both pages have the same values', () => {
  const values = valuesOf(english, 'The values');
  assert.ok(values.length > 12, values.join(' '));
  assert.deepEqual(valuesOf(dutch, 'De gegevens'), values);
});

test('codes that the Dutch page explains are explained in English too', () => {
  const codes = [...dutch.matchAll(/`(\d{3}(?: \d\.\d\.\d)?|\[[A-Z-]+\])`/g)].map(([, code = '']) => code);
  assert.ok(codes.length > 4, codes.join(' '));
  assert.deepEqual(
    codes.filter((code) => !english.includes(code)),
    [],
  );
});
