import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMailboxes } from '../../src/mime/address-list.ts';
import { seeded } from '../support/seeded.ts';

test('readMailboxes() finds the addresses behind names, comments, quotes and routes', () => {
  for (const [text, addresses] of [
    ['a@b.test', ['a@b.test']],
    ['Alice <a@b.test>', ['a@b.test']],
    ['"Doe, Jan" <a@b.test>', ['a@b.test']],
    ['"x\\"<evil@b.test>" <a@b.test>', ['a@b.test']],
    ['a@b.test (the practice, "x")', ['a@b.test']],
    ['(c (nested \\) comment)) Alice (d) <a@b.test> (e)', ['a@b.test']],
    ['<@relay.test,@r2.test:a@b.test>', ['a@b.test']],
    ['a@b.test <a@b.test>', ['a@b.test']],
    ['a@b.test, , "b" <b@b.test>,', ['a@b.test', 'b@b.test']],
    ['"a"@b.test', ['a@b.test']],
    ['Alice <"a"@b.test>, <@relay.test:"c.d"@b.test>', ['a@b.test', 'c.d@b.test']],
    ['"a@b.test" <"a"@b.test>', ['a@b.test']],
    ['Alice <"a b"@b.test>', ['"a b"@b.test']],
    ['', []],
  ] as const)
    assert.deepEqual(readMailboxes(text), { ok: true, value: addresses }, text);
});

test('readMailboxes() refuses what is read in two ways', () => {
  for (const [text, error] of [
    ['Group: a@b.test, b@b.test;', 'group syntax'],
    ['a@b.test;', 'group syntax'],
    ['boss@b.test <a@b.test>', 'unquoted "@"'],
    ['<a@b.test> <b@b.test>', 'without a comma'],
    ['<a@b.test', 'no ">"'],
    ['a@b.test>', 'no "<"'],
    ['Alice a@b.test', 'without angle brackets'],
    ['"Alice" a@b.test', 'without angle brackets'],
    ['"Alice" "a"@b.test', 'without angle brackets'],
    ['"a b"@b.test', 'without angle brackets'],
    ['"a" @b.test', 'without angle brackets'],
    ['"boss"@b.test <a@b.test>', 'unquoted "@"'],
    ['<a@b.test> "<b@b.test>"', 'behind an address'],
    ['"a\\" <a@b.test>', 'quoted string'],
    ['<a@b.test> trailing', 'behind an address'],
    ['"never ends <a@b.test>', 'quoted string'],
    ['(never ends <a@b.test>', 'comment'],
    [`${'('.repeat(17)}${')'.repeat(17)} a@b.test`, 'comment'],
    [Array.from({ length: 101 }, (_, i) => `a${i}@b.test`).join(', '), 'more than 100'],
  ] as const) {
    const read = readMailboxes(text);
    assert.ok(!read.ok && read.error.includes(error), `${text}: ${JSON.stringify(read)}`);
  }
});

test('readMailboxes() ends in time for any text (10,000 random ones and three long ones, seeded)', () => {
  const atoms = ['<', '>', '"', '\\', '(', ')', ',', ';', ':', '@', 'a', ' ', 'a@b.test', '\n', 'é'];
  for (let seed = 1; seed <= 10_000; seed++) {
    const random = seeded(seed);
    let text = '';
    for (let n = random.below(25); n > 0; n--) text += random.pick(atoms);
    const read = readMailboxes(text);
    if (read.ok)
      for (const address of read.value)
        assert.doesNotMatch(address.replace(/"(?:[^"\\]|\\.)*"/gs, ''), /[<>]/, `seed ${seed}`);
  }
  const began = performance.now();
  for (const text of ['"'.repeat(250_000), '<@'.repeat(125_000), `<${'@a,'.repeat(80_000)}:a@b>`]) readMailboxes(text);
  assert.ok(performance.now() - began < 1000);
});
