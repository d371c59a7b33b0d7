/** Messages are cut out of what comes however it is cut, and lying lengths cost nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerError } from '../../src/crypto/certificates/ber.ts';
import { Frames } from '../../src/ldap/frames.ts';

const message = (content: number, form: 'short' | 'long' = 'short'): Buffer =>
  Buffer.concat([
    form === 'short' ? Buffer.from([0x30, content]) : Buffer.from([0x30, 0x84, 0, 0, content >> 8, content & 0xff]),
    Buffer.alloc(content, 7),
  ]);

test('messages come whole whatever the packets are, also with the long lengths of Windows', () => {
  const sent = [message(3), message(300, 'long'), message(0), message(100, 'long')];
  for (const size of [1, 2, 3, 7, 64, 10_000]) {
    const frames = new Frames(1000);
    const all = Buffer.concat(sent);
    const got: Buffer[] = [];
    for (let at = 0; at < all.length; at += size) {
      frames.push(all.subarray(at, at + size));
      for (let one = frames.next(); one !== undefined; one = frames.next()) got.push(Buffer.from(one));
    }
    assert.deepEqual(got, sent, `${size}`);
    assert.equal(frames.waiting, 0);
  }
});

test('what is no message, or says that it is too long, is refused before its octets are there', () => {
  for (const head of [
    [0x16, 0x03],
    [0x30, 0x80],
    [0x30, 0x85, 0, 0],
    [0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
    [0x30, 0x82, 0x03, 0xe5],
  ]) {
    const frames = new Frames(1000);
    frames.push(Buffer.from(head));
    assert.throws(() => frames.next(), BerError, Buffer.from(head).toString('hex'));
  }
  const frames = new Frames(1000);
  frames.push(Buffer.from([0x30, 0x82, 0x03, 0xe4]));
  assert.equal(frames.next(), undefined);
  assert.equal(frames.clear(), 4);
});

test('a message that comes octet by octet is joined a few times and not once an octet', (t) => {
  const joins = t.mock.method(Buffer, 'allocUnsafe');
  const frames = new Frames(70_000);
  const whole = message(60_000, 'long');
  for (const octet of whole) {
    frames.push(Buffer.from([octet]));
    frames.next();
  }
  assert.ok(joins.mock.callCount() < 10, `${joins.mock.callCount()}`);
});
