/** What the forms of both pages say of a value that does not fit, and the dates that they take. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Param } from '../../src/commands/core/params.ts';
import { operationNames } from '../../src/admin/operations.ts';
import { rowNamed } from '../../src/commands/table.ts';
import { instant } from '../../src/domain/units.ts';
import { fieldsOf, readFields } from '../../src/web/parts/fields.ts';
import { expectedWords } from '../../src/web/parts/expected.ts';

const absence = fieldsOf('address.absence.add', ['until']);
const typed = (text: string, language: 'nl' | 'en' = 'nl') =>
  readFields(absence, { language, field: () => text, now: instant(Date.UTC(2026, 11, 3, 12)) });

test('a Dutch page says in Dutch what a field takes, whatever the kind', () => {
  const english = /\b(?:such as|or|and|from|at most|the|without|characters|number)\b/;
  for (const name of operationNames)
    for (const param of Object.values(rowNamed(name).in) as readonly Param[]) {
      if (param.kind === undefined) continue;
      const said = expectedWords('nl', param.kind.expected, param.kind.choices);
      const own = param.kind.choices === undefined ? said : '';
      assert.doesNotMatch(own, english, `${name}: ${param.kind.expected}`);
    }
  assert.equal(expectedWords('nl', '1 to 64 characters in one line'), 'Verwacht: 1 tot en met 64 tekens op één regel');
  assert.equal(expectedWords('nl', 'send or fetch', ['send', 'fetch']), 'Verwacht: send of fetch');
  assert.equal(expectedWords('nl', 'something new'), 'Dit kan hier niet; kijk wat erboven staat.');
  assert.equal(expectedWords('en', 'something new'), 'Expected: something new');
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
