/** What the forms of both pages say of a value that does not fit, and the dates that they take. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instant } from '../../src/domain/units.ts';
import { fieldsOf, readFields } from '../../src/web/parts/fields.ts';

const absence = fieldsOf('address.absence.add', ['until']);
const typed = (text: string, language: 'nl' | 'en' = 'nl') =>
  readFields(absence, { language, field: () => text, now: instant(Date.UTC(2026, 11, 3, 12)) });

test('a form says what a field takes in the language of its reader', () => {
  assert.equal(typed('soon').problems.get('until'), 'Verwacht: een dag zoals 31-12-2027, of 14d: over twee weken');
  const english = typed('soon', 'en').problems.get('until');
  assert.equal(english, 'Expected: a day such as 2027-12-31, tomorrow, or 14d from now');
  const event = { language: 'nl', field: () => 'mail', now: instant(0) } as const;
  const { problems } = readFields(fieldsOf('webhook.add', ['event']), event);
  assert.match(problems.get('event') ?? '', /^Verwacht: \S+ of \S+/);
});

test('a date as the Dutch write it is a day, in both languages', () => {
  for (const text of ['31-12-2026', '2026-12-31']) {
    assert.deepEqual(typed(text).input, { until: '2026-12-31' }, text);
    assert.deepEqual(typed(text, 'en').input, { until: '2026-12-31' }, text);
  }
  assert.deepEqual(typed('1-7-2027').input, { until: '2027-07-01' });
  for (const text of ['31-02-2026', '12-31-2026', '31-12-26'])
    assert.equal(
      typed(text).problems.get('until'),
      'Verwacht: een dag zoals 31-12-2027, of 14d: over twee weken',
      text,
    );
});
