/**
 * What mail programs show to people stands in Dutch too: of the row that it belongs to, in its
 * line, in the words of docs/style.md.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filled } from '../../src/domain/refusal.ts';
import { dutchReplies } from '../../src/domain/replies-dutch.ts';
import { MAX_REPLY_TEXT, spoken } from '../../src/domain/spoken.ts';
import { pop3Rows, smtpRows } from '../../src/pages/replies.ts';
import { avoidedIn, tooLong } from '../support/words.ts';

const rows = [...smtpRows, ...pop3Rows];
const valuesOf = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
const textsOf = (name: string): string[] => rows.flatMap(([of, { text }]) => (of === name ? [text] : []));

test('every Dutch text is of a row, and has no value that the row has not', () => {
  for (const [name, dutch] of Object.entries(dutchReplies)) {
    const texts = textsOf(name);
    assert.ok(texts.length > 0, `no reply has the name ${name}`);
    for (const text of texts)
      for (const value of valuesOf(dutch)) assert.ok(valuesOf(text).includes(value), `${name} has no {${value}}`);
  }
});

test('Dutch texts are ASCII, in short sentences and in the words of the list', () => {
  for (const [name, dutch] of Object.entries(dutchReplies)) {
    assert.match(dutch, /^[\x20-\x7e]+$/, name);
    assert.deepEqual(tooLong(dutch), [], name);
    assert.equal(avoidedIn(dutch), undefined, `${name}: ${dutch}`);
  }
});

test('what refuses an addressee, a sender or a login is said in Dutch', () => {
  const asked = [
    'notRegistered',
    'suspended',
    'quotaFull',
    'away',
    'foreignSender',
    'loginRefused',
    'tooLarge',
    'malware',
  ];
  assert.deepEqual(
    asked.filter((name) => dutchReplies[name] === undefined),
    [],
  );
});

test('English and Dutch fit into one line together, with long values too, or the English goes alone', () => {
  for (const [name, { text }] of rows) {
    if (dutchReplies[name] === undefined) continue;
    const said = (value: string): string => {
      const values = Object.fromEntries(valuesOf(text).map((one) => [one, value]));
      return spoken({ text: filled(text, values), name, values });
    };
    const usual = said('<voorbeeld.afdeling@ziekenhuis.example>');
    assert.ok(usual.includes(' / ') && usual.length <= MAX_REPLY_TEXT, `${name}: ${usual.length}`);
    const longest = said('x'.repeat(200));
    assert.ok(longest.length <= MAX_REPLY_TEXT || !longest.includes(' / '), name);
  }
});

test('what follows wrong passwords does not tell their owner that the password is right', () => {
  const after = rows.filter(
    ([name, { cause }]) => cause.includes('wrong password') && dutchReplies[name] !== undefined,
  );
  assert.ok(after.length >= 2);
  for (const [name] of after) assert.ok(!dutchReplies[name]?.includes('niet aan uw wachtwoord'), name);
});
