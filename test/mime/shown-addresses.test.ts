// @own-process: it measures processor time or memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_FIELD, addressesBeside, addressesShown } from '../../src/mime/shown-addresses.ts';
import { seeded } from '../support/seeded.ts';

const b64 = (text: string, encoding: BufferEncoding = 'utf8'): string => Buffer.from(text, encoding).toString('base64');
const OWN = '<anna@group.test>';

/** Each shows `dirk@closed.test`, or something that a reader takes for an address. */
export const LIES: readonly string[] = [
  `"dirk@closed.test" ${OWN}`,
  `=?utf-8?q?dirk=40closed.test?= ${OWN}`,
  `=?UTF-8?B?${b64('dirk@closed.test')}?= ${OWN}`,
  `=?utf-8*nl?q?dirk@closed.test?= ${OWN}`,
  `=?utf-8?q?dirk=40?= =?utf-8?q?closed.test?= ${OWN}`,
  `=?iso-8859-15?q?dirk=40closed.test?= ${OWN}`,
  `=?windows-1252?q?dirk=40closed.test?= ${OWN}`,
  `=?utf-16?b?${b64('dirk@closed.test', 'utf16le')}?= ${OWN}`,
  `=?utf-16be?b?${Buffer.from('dirk@closed.test', 'utf16le').swap16().toString('base64')}?= ${OWN}`,
  `=?cp850?q?dirk=40closed.test?= ${OWN}`,
  `=?utf-8?q?"dirk@closed.test"?= ${OWN}`,
  `=?utf-8?q?=3D=3Futf-8=3Fq=3Fdirk=3D40closed.test=3F=3D?= ${OWN}`,
  `"=?utf-8?q?dirk=40closed.test?=" ${OWN}`,
  `=?utf-8?q?dirk =40closed.test?= ${OWN}`,
  `=?utf-8?b?${Buffer.from('dirk＠').subarray(0, 5).toString('base64')}?= =?utf-8?b?${Buffer.concat([Buffer.from('＠').subarray(1), Buffer.from('closed.test')]).toString('base64')}?= ${OWN}`,
  `(dirk@closed.test) anna@group.test`,
  `anna@group.test (dirk@closed.test)`,
  `anna@group.test ((dirk)@(closed.test))`,
  `<anna(dirk@closed.test)@group.test>`,
  `dirk＠closed.test ${OWN}`,
  `dirk﹫closed.test ${OWN}`,
  `=?utf-8?b?${b64('dirk＠closed。test')}?= ${OWN}`,
  `"dirk\\@closed.test" ${OWN}`,
  `"d\\irk\\@closed.test" ${OWN}`,
  `"dirk" "@closed.test" ${OWN}`,
  `"dirk@" "closed.test" ${OWN}`,
  `"dirk@closed" ".test" ${OWN}`,
  `"dirk @ closed.test" ${OWN}`,
  `"dirk\u200b@\u2060closed.test" ${OWN}`,
  `"di\u00adrk@clo\u034fsed.t\u2800est" ${OWN}`,
  `"\u202etset.desolc@krid\u202c" ${OWN}`,
  `"\u2067tset@krid\u2069" ${OWN}`,
  `"Dirk (dirk@closed.test) via Anna" ${OWN}`,
  `"'dirk@closed.test'" ${OWN}`,
  `"mailto:dirk@closed.test" ${OWN}`,
  `"anna@group.test dirk@closed.test" ${OWN}`,
  `"anna@group.test.closed.test" ${OWN}`,
  `"dirk@[192.0.2.1]" ${OWN}`,
  `"dïrk@clösed.test" ${OWN}`,
  `"ｄｉｒｋ＠ｃｌｏｓｅｄ．ｔｅｓｔ" ${OWN}`,
];

const TRUE: readonly string[] = [
  'anna@group.test',
  `Anna ${OWN}`,
  `"Huisartsenpraktijk De Vries, locatie Zuid" ${OWN}`,
  `"anna@group.test" ${OWN}`,
  `ANNA@group.test ${OWN}`,
  `=?utf-8?q?anna=40group.test?= ${OWN}`,
  `"Anna (anna@group.test)" ${OWN}`,
  `"C@re thuiszorg B.V." ${OWN}`,
  `"Jan @ Work" ${OWN}`,
  `"@huisarts" ${OWN}`,
  `=?iso-8859-1?q?Zo=EB?= ${OWN}`,
  `=?cp850?q?Zo=89?= ${OWN}`,
  `=?unknown-8bit?q?Zo=EB?= ${OWN}`,
  `"Zoë van Dijk" ${OWN}`,
  `"\u200fאנה\u200f" ${OWN}`,
];

test('an address in a name is found, however it is written', () => {
  for (const text of LIES) {
    const beside = addressesBeside(text, ['anna@group.test']);
    assert.ok(beside.ok && beside.value.length > 0, `${text}: ${JSON.stringify(beside)}`);
  }
  const plain = LIES.filter((text) => {
    const beside = addressesBeside(text, ['anna@group.test']);
    return beside.ok && beside.value.includes('dirk@closed.test');
  });
  assert.ok(plain.length >= 27, `${plain.length} are read as what they show`);
});

test('a name is a name: the own address, a brand and letters of every kind', () => {
  for (const text of TRUE) assert.deepEqual(addressesBeside(text, ['anna@group.test']), { ok: true, value: [] }, text);
});

test('what cannot be read is an error: no table tells where its "@" is', () => {
  for (const [text, error] of [
    [`=?utf-7?q?dirk+AEA-closed.test?= ${OWN}`, 'character set utf-7'],
    [`=?UNICODE-1-1-UTF-7?q?dirk+AEA-closed.test?= ${OWN}`, 'character set'],
    [`=?ibm037?b?hImZknyTk5aihYRLo4Wiow==?= ${OWN}`, 'character set ibm037'],
    [`=?utf-32?b?ZAAAAA==?= ${OWN}`, 'character set utf-32'],
    [`=?é\u202e?q?x?= ${OWN}`, 'character set ??,'],
    [`"${'x'.repeat(MAX_FIELD)}é" ${OWN}`, 'longer than'],
    [Array.from({ length: 201 }, (_, n) => `a${n}@b.test`).join(', '), 'more than 200'],
  ] as const) {
    const shown = addressesShown(text);
    assert.ok(!shown.ok && shown.error.includes(error), `${text.slice(0, 80)}: ${JSON.stringify(shown).slice(0, 200)}`);
  }
});

test('any text ends in time (3,000 random ones and the longest, seeded)', () => {
  const atoms = ['=?utf-8?q?', '?=', '=?', '?b?', 'QGE=', '@', '"', '\\', '(', ')', 'a', '.', ' ', 'é', '\u202e', '＠'];
  const began = process.cpuUsage();
  for (let seed = 1; seed <= 3000; seed++) {
    const random = seeded(seed);
    let text = '';
    for (let n = random.below(40); n > 0; n--) text += random.pick(atoms);
    const shown = addressesShown(text);
    if (shown.ok) for (const address of shown.value) assert.match(address, /^[^@]+@[^@]+$/u, `seed ${seed}: ${text}`);
  }
  for (const atom of atoms) addressesShown(atom.repeat(MAX_FIELD / atom.length).slice(0, MAX_FIELD));
  const spent = process.cpuUsage(began);
  assert.ok(spent.user + spent.system < 3_000_000, `${spent.user + spent.system} us of processor time`);
});
