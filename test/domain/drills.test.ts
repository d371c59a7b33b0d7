/** When a drill is due again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DRILL_YEAR, type DrillMarks, drillsDue, dueText, readMarks } from '../../src/domain/drills.ts';
import { instant } from '../../src/domain/units.ts';

const marks: DrillMarks = {
  schema: 54,
  keys: { 'master key': 'a', 'key of the audit trail': 'b' },
  engine: 'sqlite',
  nodes: ['gw1'],
  listeners: ['submission (smtp)', 'pop3s (pop3)'],
};
const at = instant(Date.UTC(2026, 10, 28));
const due = (change: Partial<DrillMarks>, now = at): readonly (readonly [string, string])[] =>
  drillsDue('restore', { at, marks }, { ...marks, ...change }, now).map(({ why, text }) => [why, text]);

test('each relevant change makes a drill due, and says which it is; nothing else does', () => {
  assert.deepEqual(due({}), []);
  assert.deepEqual(due({ schema: 55 }), [['schema', 'the database went from version 54 to 55']]);
  assert.deepEqual(due({ keys: { ...marks.keys, 'master key': 'c' } }), [['key', 'another key is in use: master key']]);
  assert.deepEqual(due({ keys: { ...marks.keys, more: 'c' } }), [['key', 'another key is in use: more']]);
  assert.deepEqual(due({ engine: 'postgres' }), [['engine', 'the engine of the store went from sqlite to postgres']]);
  assert.deepEqual(due({ nodes: ['gw2', 'gw1'] }), [['node', '1 node came: gw2']]);
  assert.deepEqual(due({ listeners: [...marks.listeners, 'api (https)', 'old (smtp)'] }), [
    ['listener', '2 listeners came: api (https), old (smtp)'],
  ]);
  assert.deepEqual(
    due({ nodes: [], listeners: ['pop3s (pop3)'], keys: { 'master key': 'a' } }),
    [],
    'less is not a risk',
  );
  const [[, text] = ['', '']] = due({ listeners: Array.from({ length: 60 }, (_, n) => `l${n}`) });
  assert.equal(text, '60 listeners came: l0, l1, l2, l3, l4 and others');
});

test('a year is the longest, and a drill of before there were marks counts for its age alone', () => {
  assert.deepEqual(due({}, instant(at + DRILL_YEAR)), []);
  assert.deepEqual(
    due({ engine: 'postgres' }, instant(at + DRILL_YEAR + 1)).map(([why]) => why),
    ['age', 'engine'],
  );
  assert.deepEqual(
    drillsDue('site', { at }, marks, at).map(({ why }) => why),
    ['unmarked'],
  );
  const never = drillsDue('site', undefined, marks, at);
  assert.equal(dueText('site', never), 'a drill is due (sluis drill site): none was ever made');
});

test('marks are read back as they were written, and nothing else is taken for them', () => {
  assert.deepEqual(readMarks(JSON.parse(JSON.stringify(marks))), marks);
  for (const wrong of [
    undefined,
    null,
    'x',
    {},
    { ...marks, schema: '54' },
    { ...marks, nodes: [1] },
    { ...marks, keys: { a: 1 } },
  ])
    assert.equal(readMarks(wrong), undefined, JSON.stringify(wrong));
});
