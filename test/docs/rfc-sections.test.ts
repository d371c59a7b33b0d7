/**
 * Each section of an RFC that the code cites has its row in docs/standards.md, or lies in one that
 * has.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sourceFiles, sourceText } from '../support/source-files.ts';

const root = join(import.meta.dirname, '..', '..');

const SECTION = String.raw`(?:[A-Z]|\d+)(?:\.\d+)*\b(?!-)`;
/** `RFC 5321 section 4.5.2`, `RFC 1939 sections 3 to 7`, `RFC 2045 sections 6.7 and 2.7`. */
const CITED = new RegExp(
  String.raw`\bRFC (\d{3,5})(?:,? (?:sections?|appendix) (${SECTION}(?:(?:, and |, | and | to )${SECTION})*))`,
  'g',
);
/** In a row `section` is left out: `RFC 5321 2.3.8, 4.1.1.4; RFC 3207 4`. */
const IN_ROW = new RegExp(
  String.raw`^(?:RFC )?(\d{3,5})\b(?!\.)\s*(?:appendix )?(${SECTION})?|^(?:appendix )?(${SECTION})$`,
);

interface Range {
  readonly from: string;
  readonly to: string;
}

/** `3 to 7` is a range, everything else one section. */
const ranges = (text: string): Range[] =>
  text.split(/, and |, | and /).map((one) => {
    const [from = '', to = from] = one.split(' to ');
    return { from, to };
  });

const parts = (section: string): string[] => section.split('.');

/** Both in one section, or one within the other; of a range the last number may lie between. */
function covers({ from, to }: Range, section: string): boolean {
  if (from === '') return true;
  const [first, last, asked] = [parts(from), parts(to), parts(section)];
  const depth = Math.min(first.length, asked.length);
  return Array.from({ length: depth }, (_, at) => {
    const [least, most, one] = [first[at] ?? '', last[at] ?? '', asked[at] ?? ''];
    return least === one || most === one || (Number(least) <= Number(one) && Number(one) <= Number(most));
  }).every(Boolean);
}

function rows(page: string): Map<string, Range[]> {
  const told = new Map<string, Range[]>();
  for (const line of page.split('\n').filter((one) => one.startsWith('| '))) {
    let rfc = '';
    const cell = (line.split('|')[1] ?? '').replaceAll(/ to /g, '~');
    for (const piece of cell.split(/[;,]| and /)) {
      const [from = '', to = ''] = piece.trim().split('~');
      const [, number, section, alone] = IN_ROW.exec(from) ?? [];
      const begins = number ?? (alone === undefined ? '' : rfc);
      if (begins === '') continue;
      rfc = begins;
      const known = told.get(rfc) ?? [];
      const first = section ?? alone ?? '';
      told.set(rfc, [...known, { from: first, to: to === '' ? first : to }]);
    }
  }
  return told;
}

function cited(): Map<string, string> {
  const places = new Map<string, string>();
  for (const file of sourceFiles()) {
    const text = sourceText(file).replaceAll(/\n\s*(?:\*|\/\/)\s?/g, ' ');
    for (const [, rfc = '', sections = ''] of text.matchAll(CITED))
      for (const { from, to } of ranges(sections)) for (const one of [from, to]) places.set(`${rfc} ${one}`, file);
  }
  return places;
}

test('every section of an RFC that the code cites has a row in docs/standards.md', () => {
  const told = rows(readFileSync(join(root, 'docs', 'standards.md'), 'utf8'));
  const places = cited();
  assert.ok(places.size > 250, String(places.size));
  const missing = [...places].filter(([place]) => {
    const [rfc = '', section = ''] = place.split(' ');
    return !(told.get(rfc) ?? []).some((range) => covers(range, section));
  });
  assert.deepEqual(missing, []);
});

test('a row speaks for its section and what lies within, and a range for what lies between', () => {
  const told = rows('| RFC 1939 3 to 7, RFC 5321 4.1.1.4, 6.1; RFC 4422 appendix A | ... | `x` |');
  const has = (rfc: string, section: string): boolean => (told.get(rfc) ?? []).some((range) => covers(range, section));
  assert.deepEqual(
    [
      has('1939', '4'),
      has('1939', '8'),
      has('5321', '4.1.1'),
      has('5321', '4.1.2'),
      has('5321', '6.1'),
      has('4422', 'A'),
    ],
    [true, false, true, false, true, true],
  );
});
