/** What a walk says of a message that two programs may take apart differently. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MimeWalk } from '../../src/mime/walk.ts';

const walked = (text: string): ReturnType<MimeWalk['end']> => {
  const walk = new MimeWalk();
  walk.write(Buffer.from(text, 'latin1'));
  return walk.end();
};

const multipart = (boundary: string, ...parts: readonly string[]): string =>
  `Content-Type: multipart/mixed; boundary="${boundary}"\r\n\r\n${parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('')}--${boundary}--\r\n`;
const text = 'Content-Type: text/plain\r\n\r\ntext\r\n';

test('a doubt in any part, however deep, is one of the message; a usual message has none', () => {
  assert.equal(walked(`From: a@b\r\n${multipart('a', text, multipart('b', text))}`).doubt, undefined);
  for (const [message, reason] of [
    [multipart('a', multipart('b', text.replace('text/plain', 'text/plain; charset=a; charset=b'))), 'stands twice'],
    [
      multipart(
        'a',
        `Content-Type: message/rfc822\r\n\r\n${text}Content`.replace(text, `Content-Type: x\r\n\r\ny\r\n`),
      ),
      'cannot be read',
    ],
    [multipart('a', multipart('ab', text)), 'begin alike'],
    [multipart('a', multipart('a', text)), 'begin alike'],
    [multipart('a', text).replace('--a--', ''), 'does not end'],
    [multipart('a'), 'no part'],
    [multipart('a', 'no field here\r\n'), 'header of a part'],
    [Array.from({ length: 60 }, (_, n) => `b${n}x`).reduceRight((inner, b) => multipart(b, inner), text), 'more parts'],
  ] as const)
    assert.ok(walked(message).doubt?.includes(reason) === true, `${walked(message).doubt}: ${message.slice(0, 300)}`);
});

test('a part that names an author is told; an attached message that does is not', () => {
  assert.equal(walked(multipart('a', `Content-Type: message/rfc822\r\n\r\nFrom: x@y\r\n${text}`)).authors, undefined);
  assert.deepEqual(walked(`From: a@b\r\n${multipart('a', `From: x@y\r\n${text}`)}`).authors, ['x@y']);
  const many = walked(multipart('a', ...Array.from({ length: 40 }, () => `From: x@y\r\n${text}`)));
  assert.equal(many.authors?.length, 20);
});
