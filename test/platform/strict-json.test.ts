import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_DEPTH, MAX_VALUES, readStrictJson } from '../../src/platform/strict-json.ts';
import { between, chance } from '../support/chance.ts';

const placeOf = (text: string): string | undefined => {
  const read = readStrictJson(text);
  return read.ok ? undefined : (read.error.at ?? '');
};

test('a member that stands twice is refused and named, however it is written and wherever it stands', () => {
  for (const [text, at] of [
    ['{"to":1,"to":2}', '#/to'],
    ['{"to":1,"t\\u006f":2}', '#/to'],
    ['{ "to" : {"to":1} , "x":[",\\"to\\":"], "to" : 1 }', '#/to'],
    ['{"a":[1,{"b":{"c/~":1,"d":"}","c/~":1}}]}', '#/a/1/b/c~1~0'],
    ['[[],[{"a":0,"a":0}]]', '#/1/0/a'],
    ['{"":1,"":2}', '#/'],
    ['{"__proto__":1,"__proto__":2}', '#/__proto__'],
  ] as const)
    assert.equal(placeOf(text), at, text);
  const read = readStrictJson('{"to":1,"to":2}');
  assert.match(read.ok ? '' : read.error.why, /member "to" is there twice/);
  const long = 'x'.repeat(5000);
  const far = readStrictJson(`{"${long}":1,"${long}":1}`);
  assert(!far.ok && far.error.why.length < 200 && (far.error.at ?? '').length === 300);
});

test('the same name in two objects, in texts and as a value, is none', () => {
  for (const text of [
    '{"a":{"a":"a"},"b":["a","a"],"c":[{"a":1},{"a":2}],"d":"\\"a\\":1,\\"a\\":2","A":1}',
    '{"a\\\\":1,"a":"\\\\","b":"\\\\\\""}',
    '"a"',
    ' [ ] ',
    '{"a":1,"á":2,"a\u0301":3}',
  ])
    assert.deepEqual(readStrictJson(text), { ok: true, value: JSON.parse(text) as unknown }, text);
});

test('whatever is no JSON is refused, and what is JSON is read as JSON.parse reads it', () => {
  const letters = ['{', '}', '[', ']', ',', ':', '"', '\\', 'a', '"a"', '"a":', '1', ' ', '\\u0061', '"\\""'];
  let read = 0;
  for (let n = 0; n < 20_000; n += 1) {
    const text = Array.from({ length: between(1, 9) }, () => chance.pick(letters)).join('');
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      assert.equal(readStrictJson(text).ok, false, text);
      continue;
    }
    const found = readStrictJson(text);
    if (!found.ok) assert(found.error.at !== undefined, text);
    else assert.deepEqual(found.value, value, text);
    read += 1;
  }
  assert(read > 50);
});

test('its bounds are reached, and a megabyte is looked through in little time', (t) => {
  assert.equal(readStrictJson('['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH)).ok, true);
  assert.equal(placeOf('['.repeat(MAX_DEPTH + 1)), '');
  assert.equal(readStrictJson(`[${'0,'.repeat(MAX_VALUES - 1)}0]`).ok, true);
  assert.equal(placeOf(`[${'0,'.repeat(MAX_VALUES)}0]`), '');
  assert.equal(placeOf('{"a":"\\ud800"}'), '');
  for (const [what, text] of [
    ['members', `{${Array.from({ length: MAX_VALUES - 1 }, (_, n) => `"${n}${'n'.repeat(40)}":0`).join()}}`],
    ['quotes', `["${'\\"'.repeat(500_000)}"]`],
    ['backslashes', `["${'\\\\'.repeat(500_000)}"]`],
    ['one text', `["${'x'.repeat(1_000_000)}"]`],
  ] as const) {
    const began = performance.now();
    assert.equal(readStrictJson(text).ok, true, what);
    const took = performance.now() - began;
    t.diagnostic(`${what}: ${text.length} characters in ${took.toFixed(1)} ms`);
    // What is quadratic takes minutes.
    assert(took < 2000, what);
  }
});
