import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineEnds, NulFound, anyHeaderEnd, canonicalLines, offsetsAsCame } from '../../src/mime/canonical.ts';
import { seeded } from '../support/seeded.ts';

async function* sliced(text: string, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const cut of [...cuts, text.length]) {
    yield Buffer.from(text.slice(from, cut), 'latin1');
    from = cut;
  }
}

async function canonical(text: string, cuts: readonly number[] = []): Promise<string> {
  let made = '';
  for await (const slice of canonicalLines(sliced(text, cuts))) made += slice.toString('latin1');
  return made;
}

/** The rule in one line: each line end, whatever it is, is CRLF, and the last line has one. */
const expected = (text: string): string => text.replace(/\r\n|\r|\n/g, '\r\n').replace(/([^\n])$/, '$1\r\n');

test('every line end becomes CRLF, wherever the slices are cut', async () => {
  for (const text of ['', 'a', 'a\r\n', 'a\n', 'a\r', '\r\r\n\n\r', 'a\rb\nc\r\n\r\nd', '\n', '\r', '\r\n', 'a\r\n\r'])
    for (let cut = 0; cut <= text.length; cut++)
      assert.equal(await canonical(text, [cut]), expected(text), JSON.stringify([text, cut]));
});

test('the same for 500 seeded texts, cut in many places', async () => {
  const random = seeded(7);
  for (let round = 0; round < 500; round++) {
    const text = Array.from({ length: random.below(60) }, () => 'ab\r\n\r\n\n'[random.below(8)] ?? 'x').join('');
    const cuts = Array.from({ length: random.below(6) }, () => random.below(text.length + 1)).sort((a, b) => a - b);
    assert.equal(await canonical(text, cuts), expected(text), JSON.stringify([text, cuts]));
  }
});

test('a NUL cannot be handed out', async () => {
  await assert.rejects(canonical('a\r\nb\0c\r\n'), NulFound);
  await assert.rejects(canonical('a\nb\0c\n'), NulFound);
});

test('offsets in the canonical form are found in what came, and what is added is counted (seed 11)', async () => {
  const random = seeded(11);
  for (let round = 0; round < 500; round++) {
    const text = Array.from({ length: random.below(60) }, () => 'ab\r\n\r\n\n'[random.below(8)] ?? 'x').join('');
    const made = await canonical(text);
    const ends = new LineEnds();
    for await (const slice of sliced(text, [random.below(text.length + 1)])) ends.take(slice);
    assert.equal(text.length + ends.added, made.length, JSON.stringify(text));
    // Every beginning and end of a line, by the rule above: a line end of one octet is two in the
    // form.
    const [came, form]: [number[], number[]] = [[], []];
    let at = 0;
    for (const [line] of text.matchAll(/[^\r\n]*(?:\r\n|\r|\n)/g)) {
      const words = line.replace(/[\r\n]/g, '').length;
      came.push(at, at + words);
      const start = form.length === 0 ? 0 : form.at(-1)! + 2;
      form.push(start, start + words);
      at += line.length;
    }
    assert.deepEqual(
      await offsetsAsCame(sliced(text, [random.below(text.length + 1)]), form),
      came,
      JSON.stringify(text),
    );
  }
});

test('the end of a header is found with line ends of any kind, and not before it has come', () => {
  for (const end of ['\r\n', '\n', '\r']) {
    const header = `A: b${end}C: d${end}${end}`;
    const next = `${header}body${end}${end}`;
    assert.equal(anyHeaderEnd(Buffer.from(next)), header.length, JSON.stringify(end));
    assert.equal(anyHeaderEnd(Buffer.from(`${end}body`)), end.length);
    assert.equal(anyHeaderEnd(Buffer.from(header.slice(0, -1))), -1);
  }
  assert.equal(anyHeaderEnd(Buffer.from('A: b\r')), -1, 'its LF may follow');
});
