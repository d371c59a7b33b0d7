/** Letters from a template: fields, blocks, width, and every mistake with its line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type LetterValues,
  MAX_TEMPLATE_LINES,
  fillLetter,
  parseLetterTemplate,
} from '../../src/domain/letter-template.ts';

const values: LetterValues = {
  ...{ organisation: 'jansen', title: 'Praktijk Jansen', post: ['Dorpsstraat 1', '1234 AB  Dorp'], login: 'a@b.test' },
  ...{ name: 'first', addresses: ['a@b.test', 'c@b.test'], code: 'xxxx-yyyy', expires: 'friday', ends: '' },
  ...{
    servers: [],
    page: '',
    operator: 'post@b.test',
    helpdesk: '',
    telephone: '',
    hours: '',
    gateway: 'mail.test',
    date: 'monday',
  },
};

const filled = (text: string, more: Partial<LetterValues> = {}): string[] => {
  const parsed = parseLetterTemplate(text);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.text);
  return fillLetter(parsed.value, { ...values, ...more });
};

test('a field of several values takes a line for each where it stands alone, and commas elsewhere', () => {
  assert.deepEqual(filled('{{title}}\n  {{post}}\nFor {{addresses}}.'), [
    ...['Praktijk Jansen', '  Dorpsstraat 1', '  1234 AB  Dorp', 'For a@b.test, c@b.test.'],
  ]);
});

test('a line whose fields are empty is left out, and a block with its field', () => {
  assert.deepEqual(filled('a\nends {{ends}}\n{{#page}}\nsee {{page}}\n{{/page}}\n{{^page}}\ncall\n{{/page}}\n\nb'), [
    'a',
    'call',
    '',
    'b',
  ]);
  assert.deepEqual(filled('{{#page}}\nsee {{ page }}\n{{#ends}}\nx\n{{/ends}}\n{{/page}}', { page: 'https://x/' }), [
    'see https://x/',
  ]);
});

test('lines are wrapped at 72 columns with their indent, and a value brings no line end along', () => {
  const lines = filled(`  ${'word '.repeat(40)}`);
  assert.ok(lines.length > 2 && lines.every((line) => line.length <= 72 && line.startsWith('  word')));
  assert.deepEqual(filled('{{title}}', { title: 'a\r\nb\u001b[2Jc' }), ['a b [2Jc']);
});

test('what goes on in a list stands below its words', () => {
  const [first, second] = filled(`2. ${'word '.repeat(20)}`);
  assert.ok(first?.startsWith('2. word') && second?.startsWith('   word'));
});

test('each mistake is told with its line', () => {
  for (const [text, line, why] of [
    ['a\n{{nam}}', 2, /the field "nam" is not known; expected one of organisation, title/],
    ['{{code', 1, /a field is not whole/],
    ['{{#page}}\nx', 1, /this block is not closed; expected {{\/page}} below it/],
    ['x\n{{/page}}', 2, /closes nothing/],
    ['{{#page}}\n{{#ends}}\n{{/page}}', 3, /closes nothing/],
    ['{{#constructor}}', 1, /is not known/],
    ['a\u0007', 1, /cannot be printed/],
    ['\n'.repeat(MAX_TEMPLATE_LINES + 1), MAX_TEMPLATE_LINES + 1, /at most 500 lines/],
  ] as const) {
    const parsed = parseLetterTemplate(text);
    assert.ok(!parsed.ok, text);
    assert.equal(parsed.error.line, line, text);
    assert.match(parsed.error.text, why);
  }
});
