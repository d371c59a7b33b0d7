import { passwordMechanisms } from '../../src/auth/authenticator.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilities, greeting, listingPieces } from '../../src/pop3/response.ts';

test('CAPA offers no password before TLS, and no login after one', () => {
  const plain = capabilities({ secure: false, loggedIn: false, mechanisms: passwordMechanisms });
  assert.match(plain, /\r\nSTLS\r\n/);
  assert.doesNotMatch(plain, /\r\nUSER|SASL/);
  const secure = capabilities({ secure: true, loggedIn: false, mechanisms: passwordMechanisms });
  assert.match(secure, /\r\nUSER\r\nSASL PLAIN LOGIN\r\n/);
  assert.doesNotMatch(secure, /STLS/);
  assert.doesNotMatch(
    capabilities({ secure: true, loggedIn: true, mechanisms: passwordMechanisms }),
    /\r\nUSER\r\n|SASL|STLS/,
  );
  for (const text of [plain, secure]) {
    for (const line of ['TOP', 'UIDL', 'RESP-CODES', 'AUTH-RESP-CODE', 'PIPELINING', 'EXPIRE NEVER', 'UTF8 USER'])
      assert.ok(text.split('\r\n').includes(line), line);
    assert.ok(text.endsWith('\r\n.\r\n'));
  }
});

test('the greeting holds nothing that a client takes for an APOP challenge', () => {
  assert.doesNotMatch(greeting('mail.test'), /[<>]/);
});

test('a listing leaves out what is marked deleted and comes in bounded pieces', () => {
  const pieces = [...listingPieces({ count: 25_000, isDeleted: (i) => i === 1 }, (i) => i * 10)];
  assert.equal(pieces.length, 3);
  const lines = pieces.join('').split('\r\n');
  assert.equal(lines.length, 25_000);
  assert.deepEqual(lines.slice(0, 3), ['1 0', '3 20', '4 30']);
  assert.equal(lines[24_998], '25000 249990');
});
