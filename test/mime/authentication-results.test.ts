import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authenticationResults, isVerdict, nothingChecked } from '../../src/mime/authentication-results.ts';

test('one result of each signature, folded, with what strangers wrote made harmless (RFC 8601 section 2.2, RFC 7281 section 3)', () => {
  assert.equal(
    authenticationResults('mail.test', [
      {
        method: 'smime',
        result: 'pass',
        properties: [
          ['body.smime-identifier', 'alice@group.test'],
          ['body.smime-serial', '0a1b'],
          ['body.smime-issuer', 'CN=Root,O="Zorg"\r\nX-Forged: é'],
        ],
      },
      { method: 'smime', result: 'policy', reason: 'it expired' },
    ]),
    'Authentication-Results: mail.test;\r\n' +
      '\tsmime=pass\r\n' +
      '\tbody.smime-identifier=alice@group.test\r\n' +
      '\tbody.smime-serial=0a1b\r\n' +
      `\tbody.smime-issuer="CN=Root,O='Zorg'??X-Forged: ?";\r\n` +
      '\tsmime=policy\r\n' +
      '\treason="it expired"\r\n',
  );
  assert.equal(authenticationResults('mail.test', []), 'Authentication-Results: mail.test; none\r\n');
});

test('a long value is cut: no line grows without end', () => {
  const field = authenticationResults('mail.test', [{ method: 'smime', result: 'fail', reason: 'x '.repeat(5000) }]);
  for (const line of field.split('\r\n')) assert.ok(line.length < 300, `${line.length} octets`);
});

test('a field is a verdict by its name, whoever it says that it is from', () => {
  for (const name of [
    'authentication-results',
    'arc-authentication-results',
    'x-authentication-results',
    'authentication-results-original',
    'arc-seal',
    'arc-message-signature',
  ])
    assert.ok(isVerdict(name), name);
  for (const name of ['received', 'authentication', 'dkim-signature', 'subject', '']) assert.ok(!isVerdict(name), name);
  assert.equal(nothingChecked('mail.test'), 'Authentication-Results: mail.test; none\r\n');
});
