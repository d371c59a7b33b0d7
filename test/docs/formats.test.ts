/**
 * docs/formats.md: each of its worked examples is what the code writes, so that a program which is
 * written from the page reads what a gateway gives out.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ExportCheck } from '../../src/crypto/trail/audit-export.ts';
import { formatExamples } from '../support/format-examples.ts';

const file = join(import.meta.dirname, '..', '..', 'docs', 'formats.md');
const FENCED = /(<!-- example ([a-z]+)[^\n]*-->\n\n```\n)([^`]*)(```)/g;

test('docs/formats.md has each example as the code writes it (WRITE_GOLDEN=1 renews them)', () => {
  const page = readFileSync(file, 'utf8');
  const examples = formatExamples();
  const shown = [...page.matchAll(FENCED)].map(([, , name = '']) => name);
  assert.deepEqual([...shown].sort(), Object.keys(examples).sort());
  const right = page.replaceAll(
    FENCED,
    (_, head: string, name: string, __, end: string) => `${head}${examples[name] ?? ''}${end}`,
  );
  if (process.env.WRITE_GOLDEN === '1') writeFileSync(file, right);
  assert.equal(readFileSync(file, 'utf8'), right);
});

test('the examples are exports that hold, the row of the oldest form and the signature of the passkey among them', () => {
  const { export: whole = '', links = '', approval = '' } = formatExamples();
  const alone = `{"format":"sluis audit 1","hostname":"a","made":"","after":{"seq":0,"hash":"${'0'.repeat(64)}"}}\n${approval}`;
  for (const [text, rows] of [
    [whole.replace(/\{"end".*\n$/, ''), 3],
    [links, 2],
    [alone, 1],
  ] as const) {
    const [first = '', ...lines] = text.trimEnd().split('\n');
    const begun = ExportCheck.begin(first);
    assert.ok(begun.ok);
    const { check } = begun.value;
    for (const line of lines) assert.notEqual(check.next(line).kind, 'broken', line);
    assert.equal(check.rows, rows);
  }
});
