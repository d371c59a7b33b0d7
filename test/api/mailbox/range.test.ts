import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attachment, send } from '../../../src/api/mailbox/octets.ts';
import { waitOf } from '../../../src/api/mailbox/preference.ts';
import { type Range, rangeOf, within } from '../../../src/api/mailbox/range.ts';
import { Problem } from '../../../src/api/core/problem.ts';
import { between } from '../../support/chance.ts';

const asked = (range: string | undefined, octets = 100, condition?: string): Range | undefined =>
  rangeOf({ range, 'if-range': condition }, '"tag"', octets);

test('one range of octets is read as RFC 9110 has it; what is none, or several, is ignored', () => {
  assert.deepEqual(asked('bytes=0-9'), { from: 0, to: 9 });
  assert.deepEqual(asked('bytes=90-'), { from: 90, to: 99 });
  assert.deepEqual(asked('bytes=90-1000'), { from: 90, to: 99 });
  assert.deepEqual(asked('bytes=-10'), { from: 90, to: 99 });
  assert.deepEqual(asked('bytes=-1000'), { from: 0, to: 99 });
  for (const text of [undefined, '', 'bytes=-', 'bytes=9-0', 'bytes=0-1,5-6', 'lines=0-1', 'bytes=a-b', 'bytes= 0-1'])
    assert.equal(asked(text), undefined, text);
  assert.deepEqual(asked('bytes=0-9', 100, '"tag"'), { from: 0, to: 9 });
  assert.equal(asked('bytes=0-9', 100, '"other"'), undefined);
  assert.equal(asked('bytes=0-9', 100, 'W/"tag"'), undefined, 'weak tags do not hold here');
});

test('octets that are not there are a 416 that says how many there are', () => {
  for (const [text, octets] of [
    ['bytes=100-', 100],
    ['bytes=0-', 0],
    ['bytes=-0', 100],
  ] as const)
    assert.throws(
      () => asked(text, octets),
      (error) =>
        error instanceof Problem &&
        error.status === 416 &&
        error.members.headers?.['Content-Range'] === `bytes */${octets}`,
    );
});

test('a range is cut out of slices of any size, and no more of them is read than needed', async () => {
  const all = Buffer.from(Array.from({ length: 251 }, (_, i) => i));
  for (let n = 0; n < 200; n += 1) {
    const from = between(0, 251);
    const to = between(from, 251);
    let read = 0;
    async function* slices(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < all.length;) {
        const size = between(1, 60);
        read = at;
        yield all.subarray(at, at + size);
        await Promise.resolve();
        at += size;
      }
    }
    const found: Uint8Array[] = [];
    for await (const slice of within(slices(), { from, to })) found.push(slice);
    assert.deepEqual(Buffer.concat(found), all.subarray(from, to + 1));
    assert.ok(read <= to, 'the slice with the last octet is the last that is read');
  }
});

test('a name becomes an attachment that no program can mistake for a path or a header', () => {
  assert.equal(attachment(''), 'attachment');
  assert.equal(attachment('lab.edi'), 'attachment; filename="lab.edi"');
  assert.equal(attachment('../../etc/passwd'), 'attachment; filename="__.._etc_passwd"');
  for (const name of [
    'a"b',
    'a\r\nX: y',
    'a\\b',
    'ü.html',
    '\u202egnp.exe',
    '"; x="',
    "l'été (1).pdf",
    '\ud800',
    '😀'.repeat(300),
  ]) {
    const header = attachment(name);
    assert.match(header, /^attachment; filename="[^"\\/]*"(?:; filename\*=UTF-8''(?:[\w.~!&+^`|-]|%[0-9A-F]{2})+)?$/);
    assert.ok(header.length < 4000);
  }
});

test('Prefer: wait is taken up to thirty seconds; what is not understood is ignored', () => {
  for (const [text, wait] of [
    [undefined, 0],
    ['', 0],
    ['wait=10', 10_000],
    ['respond-async, wait=5', 5000],
    ['wait="7"; x', 7000],
    ['wait=86400', 30_000],
    ['wait=x', 0],
    ['await=5', 0],
  ] as const)
    assert.equal(waitOf(text), wait, text);
});

test('the last octets leave only when it is noted that they do; pieces before them are a look', async () => {
  const told: string[] = [];
  const sending = (may: boolean) => ({
    sha256: 'ab'.repeat(32),
    octets: 9,
    type: 'message/rfc822',
    name: 'x',
    async *slices(): AsyncGenerator<Uint8Array> {
      for (const slice of ['abc', 'def', 'ghi']) {
        yield Buffer.from(slice);
        await Promise.resolve();
      }
    },
    atEnd: () => {
      told.push('end');
      return may;
    },
    piece: () => void told.push('piece'),
  });
  const read = async (may: boolean, range?: string): Promise<string> => {
    told.length = 0;
    const answer = send({ range, 'if-range': undefined, 'if-none-match': undefined }, sending(may));
    assert('stream' in answer);
    let text = '';
    try {
      for await (const slice of answer.stream) text += Buffer.from(slice).toString();
    } catch (error) {
      assert(error instanceof Problem && error.kind === 'gone');
      text += ' broken';
    }
    return text;
  };
  assert.deepEqual([await read(true), [...told]], ['abcdefghi', ['end']]);
  assert.deepEqual([await read(false), [...told]], ['abcdef broken', ['end']]);
  assert.deepEqual([await read(false, 'bytes=8-'), [...told]], [' broken', ['end']]);
  assert.deepEqual([await read(false, 'bytes=0-7'), [...told]], ['abcdefgh', ['piece']]);
});
