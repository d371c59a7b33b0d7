import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MessageId } from '../../src/domain/ids.ts';
import { instant } from '../../src/domain/units.ts';
import { formatDate } from '../../src/mime/date.ts';
import { type ReceivedLine, isOwnReceived, receivedField } from '../../src/mime/received.ts';

const line: ReceivedLine = {
  helo: 'hix.practice.test',
  clientAddress: '192.0.2.17',
  by: 'mail.group.test',
  protocol: 'ESMTPSA',
  tls: 'TLSv1.3',
  id: '01h8xgjqz3k7m' as MessageId,
  recipient: 'lab@group.test',
  at: instant(Date.UTC(2026, 10, 5, 8, 5, 9)),
};

// Golden: RFC 5321 section 4.4.
test('the Received line of one recipient', () => {
  assert.equal(
    receivedField(line),
    'Received: from hix.practice.test ([192.0.2.17])\r\n' +
      '\tby mail.group.test (Sluis) with ESMTPSA (TLSv1.3)\r\n' +
      '\tid 01h8xgjqz3k7m\r\n' +
      '\tfor <lab@group.test>;\r\n' +
      '\tThu, 05 Nov 2026 08:05:09 +0000\r\n',
  );
});

test('with several recipients no `for` betrays one to the others; IPv6 is tagged', () => {
  const { recipient: _, ...several } = line;
  assert.equal(
    receivedField({ ...several, clientAddress: '2001:db8::17', protocol: 'UTF8SMTPSA' }),
    'Received: from hix.practice.test ([IPv6:2001:db8::17])\r\n' +
      '\tby mail.group.test (Sluis) with UTF8SMTPSA (TLSv1.3)\r\n' +
      '\tid 01h8xgjqz3k7m;\r\n' +
      '\tThu, 05 Nov 2026 08:05:09 +0000\r\n',
  );
});

test('a client cannot write into the header by its name', () => {
  for (const helo of ['x)\r\nBcc: a@b', 'x y', '(', '', 'é', 'x'.repeat(256), 'a;b'])
    assert.match(receivedField({ ...line, helo }), /^Received: from unknown \(/, helo);
  assert.match(receivedField({ ...line, helo: '[IPv6:2001:db8::1]' }), /^Received: from \[IPv6:2001:db8::1\] \(/);
});

test('our own line is known again, whatever case it comes back in, and no other is', () => {
  const value = receivedField(line).slice('Received:'.length).replaceAll('\r\n', '');
  assert.equal(isOwnReceived(value, 'MAIL.group.test'), true);
  assert.equal(isOwnReceived(value, 'other.group.test'), false);
  assert.equal(isOwnReceived('from a by b.test; Thu, 05 Nov 2026 08:05:09 +0000', 'mail.group.test'), false);
});

test('dates are those of RFC 5322, in UTC', () => {
  assert.equal(formatDate(instant(0)), 'Thu, 01 Jan 1970 00:00:00 +0000');
  assert.equal(formatDate(instant(Date.UTC(2028, 1, 29, 23, 59, 59))), 'Tue, 29 Feb 2028 23:59:59 +0000');
});
