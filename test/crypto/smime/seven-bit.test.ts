import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMessage, sourceOf } from '../../../src/crypto/smime/message.ts';
import { sevenBit } from '../../../src/crypto/smime/seven-bit.ts';
import type { MessagePart } from '../../../src/domain/message-part.ts';
import { MimeWalk } from '../../../src/mime/walk.ts';
import { collect } from '../cms/support.ts';
import { value } from '../support.ts';

const HEAD = 'Received: from x\r\nFrom: <a@b.example>\r\nSubject: x\r\nMIME-Version: 1.0\r\n';
const message = (content: string): Buffer => Buffer.from(`${HEAD}${content}`, 'latin1');

function leavesOf(octets: Buffer): readonly MessagePart[] {
  const walk = new MimeWalk();
  walk.write(octets);
  return walk.end().leaves;
}
const facts = (octets: Buffer): unknown =>
  leavesOf(octets).map(({ path, type, name, octets: length, sha256 }) => ({ path, type, name, length, sha256 }));

async function made(octets: Buffer): Promise<{ readonly octets: Buffer; readonly eightBit: boolean }> {
  const { message: changed, eightBit } = await sevenBit(value(await readMessage(sourceOf(octets))));
  return { octets: await collect(changed.source.slices()), eightBit };
}
const isSeven = (octets: Buffer): boolean => octets.every((octet) => octet < 128);

const EDI = "UNA:+.? 'UNB+UNOC:3+1+2'\xe9\xe8\r\nUNZ+1+1'\r\n";
const PARTS =
  'Content-Type: multipart/mixed; boundary="b"\r\nContent-Transfer-Encoding: 8bit\r\n\r\nhello\r\n--b\r\n' +
  'Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\nContent-Description: x\r\n\r\nmevrouw Zo\xeb \r\n\r\n--b\r\n' +
  `Content-Type: application/edifact; name="a.edi"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${EDI}\r\n--b\r\n` +
  'Content-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n\r\nonly ASCII \r\n--b\r\n\r\nno header \xe9\r\n--b\r\n' +
  'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nFrom: <c@d.example>\r\nContent-Type: text/plain\r\n\r\ninside \xe9\r\n--b\r\n' +
  'Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n6ek=\r\n--b--\r\n';

test('parts with 8 bits are written anew, what is around them says so no more, and every part decodes to the same octets', async () => {
  const given = message(PARTS);
  const { octets, eightBit } = await made(given);
  assert.equal(eightBit, false);
  assert.ok(isSeven(octets));
  assert.deepEqual(facts(octets), facts(given));
  assert.deepEqual(
    leavesOf(octets).map(({ encoding }) => encoding),
    ['quoted-printable', 'base64', '8bit', 'quoted-printable', 'quoted-printable', 'base64'],
  );
  const text = octets.toString('latin1');
  assert.match(
    text,
    /^Received: from x\r\nFrom: <a@b\.example>\r\nSubject: x\r\nMIME-Version: 1\.0\r\nContent-Type: multipart\/mixed; boundary="b"\r\n\r\nhello\r\n--b\r\n/,
  );
  assert.match(
    text,
    /\r\nContent-Description: x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nmevrouw Zo=EB=20\r\n/,
  );
  assert.match(
    text,
    /Content-Type: message\/rfc822\r\n\r\nFrom: <c@d\.example>\r\nContent-Type: text\/plain\r\nMIME-Version: 1\.0\r\nContent-Transfer-Encoding: quoted-printable\r\n/,
  );
  assert.ok(text.includes('only ASCII \r\n'), 'what has 7 bits is left as it is');
});

test('a message of one part, with a label or none', async () => {
  for (const [head, encoding] of [
    ['Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n', 'quoted-printable'],
    ['', 'quoted-printable'],
    ['Content-Type: application/hl7-v2\r\nContent-Transfer-Encoding: binary\r\n', 'base64'],
  ] as const) {
    const given = message(`${head}\r\n${EDI.repeat(5000)}`);
    const { octets, eightBit } = await made(given);
    assert.deepEqual([eightBit, isSeven(octets), leavesOf(octets)[0]?.encoding], [false, true, encoding]);
    assert.deepEqual(facts(octets), facts(given));
  }
});

test('what somebody else signed or encrypted, what cannot be told apart and what is not in a part stay, and the label stays with them', async () => {
  const stays = async (content: string): Promise<void> => {
    const given = message(content);
    const { octets, eightBit } = await made(given);
    assert.deepEqual([eightBit, octets.equals(given)], [true, true]);
  };
  const inner = 'Content-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xe9\r\n';
  await stays(`Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n${inner}`);
  await stays(
    `Content-Type: multipart/signed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n--b\r\n${inner}\r\n--b\r\n\r\nx\r\n--b--\r\n`,
  );
  let deep = inner;
  for (let i = 0; i < 9; i += 1)
    deep = `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n${deep}\r\n--b${i}--\r\n`;
  await stays(deep);
  await stays(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${`--b\r\n${inner}\r\n`.repeat(600)}--b--\r\n`);
  const given = message(
    `Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\npreamble \xe9\r\n--b\r\n${inner}\r\n--b--\r\n`,
  );
  const { octets, eightBit } = await made(given);
  assert.equal(eightBit, true);
  assert.match(
    octets.toString('latin1'),
    /Content-Transfer-Encoding: 8bit\r\n\r\npreamble \xe9\r\n--b\r\nContent-Type: text\/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=E9\r\n/,
  );
  assert.deepEqual(facts(octets), facts(given));
});
