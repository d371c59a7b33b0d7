/** Content up to its dot, however it is cut into pieces on its way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toDot } from '../../src/sandbox/to-dot.ts';

/**
 * Hands out `text` in pieces of `size` octets, as a connection would; what is given back comes
 * again.
 */
function sender(text: string, size: number) {
  const waiting: Buffer[] = [];
  for (let at = 0; at < text.length; at += size) waiting.push(Buffer.from(text.slice(at, at + size), 'latin1'));
  return {
    octets: () => Promise.resolve(waiting.shift()),
    giveBack: (octets: Buffer) => {
      if (octets.length > 0) waiting.unshift(octets);
    },
    rest: () => Buffer.concat(waiting).toString('latin1'),
  };
}

const CONTENTS = ['Subject: a\r\n\r\none\r\n..two\r\n. three\r\n', 'a\r\n', '\r\n', '', '\r\n\r\n\r\n'];

for (const size of [1, 2, 3, 5, 7, 1000])
  test(`content that comes ${size} octets at a time is handed on octet for octet, up to its dot`, async () => {
    for (const content of CONTENTS) {
      const from = sender(`${content}.\r\nQUIT\r\n`, size);
      const pieces: Buffer[] = [];
      const how = await toDot(from, (piece) => Promise.resolve(pieces.push(piece) > 0));
      assert.equal(how, 'whole');
      assert.equal(Buffer.concat(pieces).toString('latin1'), content, JSON.stringify(content));
      assert.equal(from.rest(), 'QUIT\r\n', 'what came behind the dot is still there');
    }
  });

test('a sender that goes before its dot is told of, and whoever wants no more is asked no more', async () => {
  assert.equal(await toDot(sender('one\r\ntwo\r\n', 4), () => Promise.resolve(true)), 'ended');
  let asked = 0;
  const stop = (): Promise<boolean> => Promise.resolve(++asked < 2);
  assert.equal(await toDot(sender('one\r\ntwo\r\nthree\r\n.\r\n', 6), stop), 'stopped');
  assert.equal(asked, 2);
});
