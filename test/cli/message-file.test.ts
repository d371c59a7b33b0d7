import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import test from 'node:test';
import { messageFile } from '../../src/cli/message-file.ts';

/** What is sent of a file whose pieces come so. */
async function sent(...pieces: readonly string[]): Promise<string> {
  let text = '';
  for await (const piece of messageFile('x', () => Readable.from(pieces.map((p) => Buffer.from(p, 'latin1')))))
    text += piece;
  return text;
}

test('a message that was saved with LF gets its line ends back, wherever the file is cut', async () => {
  const whole = 'From: a\nTo: b\n\nkept\r\nb\xe9\rend\n';
  const right = 'From: a\r\nTo: b\r\n\r\nkept\r\nb\xe9\rend\r\n';
  for (let cut = 8; cut <= whole.length; cut += 1)
    assert.equal(await sent(whole.slice(0, cut), whole.slice(cut)), right, String(cut));
});

test('a message with CRLF goes octet for octet, a bare LF in it too', async () => {
  const text = 'From: a\r\n\r\nbare\nlf\x00\xff\r\n';
  assert.equal(await sent(text), text);
  assert.equal(await sent(...Array.from(text)), text);
  assert.equal(await sent(), '');
});

test('a bare CMS file gets the header that it came with', async () => {
  assert.equal(
    await sent('0\x80\n', '\n'),
    'Content-Type: application/pkcs7-mime; name="smime.p7m"\r\nContent-Transfer-Encoding: binary\r\n\r\n0\x80\n\n',
  );
});

test('a file that cannot be read is named', async () => {
  const broken = new Readable({
    read() {
      this.destroy(Object.assign(new Error('no'), { code: 'EACCES' }));
    },
  });
  await assert.rejects(async () => {
    for await (const piece of messageFile('secret.eml', () => broken)) assert.equal(piece, '');
  }, /Cannot read "secret\.eml": EACCES/);
});
