/** Each kind of value says what it expects in both languages, with the same figures and examples. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operationNames } from '../../src/admin/operations.ts';
import { placed } from '../../src/cli/placed.ts';
import type { Expected } from '../../src/commands/core/kind.ts';
import type { Param } from '../../src/commands/core/params.ts';
import { rowNamed } from '../../src/commands/table.ts';

const ENGLISH = /\b(?:such as|or|and|from|at most|the|without|characters|number)\b/;
/** Figures, and what is typed as it stands: `14d`, `64KiB`, `KEY=VALUE`, `name@example.nl`. */
const VALUE = /(?<=such as )\S+|\S*\d\S*|\b[A-Z]\w*[:=]\w+/g;

/** A day is written as the reader writes it. */
const asDutch = (value: string): string => value.replace(/^(\d{4})-(\d\d)-(\d\d)$/, '$3-$2-$1');

const valuesOf = (text: string): readonly string[] =>
  (text.match(VALUE) ?? []).map((value) => value.replaceAll(/^"|[",;)]+$/g, ''));

/** What the Dutch lacks; nothing is said of a choice, whose values are not words of either. */
const lacks = ({ en, nl }: Expected): readonly string[] => [
  ...(nl === '' || nl === en ? ['words of its own'] : []),
  ...(ENGLISH.test(nl) ? ['Dutch words'] : []),
  ...valuesOf(en).filter((value) => !nl.includes(asDutch(value))),
];

test('what the Dutch lacks is found', () => {
  assert.deepEqual(lacks({ en: 'one line of at most 40 characters', nl: 'één regel van hoogstens 40 tekens' }), []);
  assert.deepEqual(lacks({ en: 'one line of at most 40 characters', nl: 'één regel' }), ['40']);
  assert.deepEqual(lacks({ en: 'a name such as jan', nl: 'een naam zoals' }), ['jan']);
  assert.deepEqual(lacks({ en: 'a day such as 2027-12-31, or 14d', nl: 'een dag zoals 31-12-2027, of 14d' }), []);
  assert.deepEqual(lacks({ en: 'a day such as 2027-12-31', nl: 'een dag zoals 2027-12-31' }), ['2027-12-31']);
  assert.deepEqual(lacks({ en: 'PEM', nl: 'PEM' }), ['words of its own']);
  assert.deepEqual(lacks({ en: 'a host', nl: 'een host or zoiets' }), ['Dutch words']);
});

test('every kind says in Dutch what it expects, with the figures and examples of the English', async () => {
  const rows = [...(await placed()).map(({ row }) => row), ...operationNames.map(rowNamed)];
  const kinds = new Set(
    rows.flatMap((row) => (Object.values(row.in) as readonly Param[]).flatMap(({ kind }) => kind ?? [])),
  );
  assert.ok(kinds.size > 50, String(kinds.size));
  const found = [...kinds].flatMap(({ expected, choices }) => {
    const what = choices === undefined ? lacks(expected) : [];
    return what.length === 0 ? [] : [`${expected.en} / ${expected.nl}: ${what.join(', ')}`];
  });
  assert.deepEqual(found, []);
});
