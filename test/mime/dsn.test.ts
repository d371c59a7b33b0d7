/**
 * The writer of reports alone: fields per recipient, typed addresses, xtext, encoded words, wrapped
 * text.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '../../src/domain/address.ts';
import { instant } from '../../src/domain/units.ts';
import { type Dsn, type DsnRecipient, MAX_EXTENSIONS, writeDsn } from '../../src/mime/dsn.ts';
import { factLines, quotedPrintable, textPart, wrapText } from '../../src/mime/text.ts';
import { headerText, readableHeaderText } from '../../src/mime/words.ts';
import { fromXtext, originalRecipientValue, toUtf8AddressXtext, toXtext, typedAddress } from '../../src/mime/xtext.ts';

const at = instant(Date.UTC(2026, 10, 25, 12));
const recipient = (more: Partial<DsnRecipient> = {}): DsnRecipient => ({
  recipient: 'b@x.test' as Address,
  action: 'failed',
  status: '5.1.1',
  ...more,
});
const dsn = (more: Partial<Dsn> = {}): Dsn => ({
  header: {
    from: 'postmaster@mail.test' as Address,
    to: 'a@x.test' as Address,
    date: at,
    messageId: '1@mail.test',
    subject: 'Niet bezorgd',
    about: 'm@x.test',
    language: ['nl'],
    automatic: 'auto-replied',
  },
  text: ['Tekst'],
  reportingMta: 'mail.test',
  arrival: at,
  recipients: [recipient()],
  returned: { kind: 'nothing' },
  utf8: false,
  boundary: 'b0',
  ...more,
});

test('each recipient has its own group of fields, in the order of RFC 3464', () => {
  const { head, tail } = writeDsn(
    dsn({
      envelopeId: 'a+b=c',
      recipients: [
        recipient({
          originalRecipient: 'rfc822;B@x.test',
          diagnostic: { type: 'smtp', text: '550 no' },
          lastAttempt: at,
        }),
        recipient({
          recipient: 'c@x.test' as Address,
          action: 'delayed',
          status: '4.4.1',
          retryUntil: at,
          remoteMta: 'mx',
        }),
        recipient({ action: 'delivered', status: '2.0.0', retryUntil: at, extensions: [['X-Sluis-TLS', 'TLSv1.3']] }),
      ],
    }),
  );
  const fields = head.slice(head.indexOf('message/delivery-status\r\n\r\n') + 27);
  const date = 'Wed, 25 Nov 2026 12:00:00 +0000';
  assert.equal(
    fields,
    [
      'Original-Envelope-Id: a+b=c',
      'Reporting-MTA: dns; mail.test',
      `Arrival-Date: ${date}`,
      '',
      'Original-Recipient: rfc822; B@x.test',
      'Final-Recipient: rfc822; b@x.test',
      'Action: failed',
      'Status: 5.1.1',
      'Diagnostic-Code: smtp; 550 no',
      `Last-Attempt-Date: ${date}`,
      '',
      'Final-Recipient: rfc822; c@x.test',
      'Action: delayed',
      'Status: 4.4.1',
      'Remote-MTA: dns; mx',
      `Will-Retry-Until: ${date}`,
      '',
      'Final-Recipient: rfc822; b@x.test',
      'Action: delivered',
      'Status: 2.0.0',
      'X-Sluis-TLS: TLSv1.3',
      '',
      '',
    ].join('\r\n'),
  );
  assert.equal(tail, '\r\n--b0--\r\n');
});

test('a Message-ID that could end a header line is not repeated', () => {
  for (const about of ['x>\r\nBcc: <y@z', 'a b', '', 'é@x'])
    assert.doesNotMatch(writeDsn(dsn({ header: { ...dsn().header, about } })).head, /In-Reply-To|Bcc/);
});

test('fields of our own have a limit', () => {
  const extensions = Array.from({ length: MAX_EXTENSIONS + 5 }, (_, i) => ['X-N', String(i)] as const);
  const { head } = writeDsn(dsn({ recipients: [recipient({ extensions })] }));
  assert.equal(head.match(/^X-N: /gm)?.length, MAX_EXTENSIONS);
});

test('a report is 7bit unless what comes back is not, and needs SMTPUTF8 only for addresses as they are', () => {
  const utf8 = recipient({ recipient: 'zoë@x.test' as Address });
  assert.deepEqual(
    [
      dsn({ recipients: [utf8] }),
      dsn({ recipients: [utf8], utf8: true }),
      dsn({ utf8: true }),
      dsn({ returned: { kind: 'full', eightBit: true } }),
      dsn({ returned: { kind: 'headers', octets: Buffer.from('Subject: \xff\r\n\r\n', 'latin1') }, utf8: true }),
      dsn({ header: { ...dsn().header, to: 'zoë@x.test' as Address } }),
    ].map((d) => [writeDsn(d).body, writeDsn(d).smtpUtf8]),
    [
      ['7BIT', false],
      ['8BITMIME', true],
      ['7BIT', false],
      ['8BITMIME', false],
      ['7BIT', false],
      ['7BIT', true],
    ],
  );
  assert.match(writeDsn(dsn({ recipients: [utf8] })).head, /Final-Recipient: utf-8; zo\\x\{EB\}@x\.test\r\n/);
});

test('xtext is read back as it was written, and no control comes through', () => {
  let all = '';
  for (let c = 0x20; c < 0x100; c += 1) if (c < 0x7f || c > 0x7f) all += String.fromCharCode(c);
  const plain = all.replace(/[\x7f]/g, '');
  assert.equal(fromXtext(toXtext(plain)), plain);
  assert.match(toXtext('a b+c=d'), /^a\+20b\+2Bc\+3Dd$/);
  for (const bad of ['+0D+0A', 'a=b', 'a+b', '+zz', 'a b', '+7F']) assert.equal(fromXtext(bad), undefined, bad);
});

test('addresses outside ASCII are typed utf-8, in one form or the other', () => {
  assert.equal(typedAddress('a@x.test', false), 'rfc822; a@x.test');
  assert.equal(typedAddress('zoë@x.test', true), 'utf-8; zoë@x.test');
  assert.equal(toUtf8AddressXtext('a+b=\\é😀'), 'a\\x{2B}b\\x{3D}\\x{5C}\\x{E9}\\x{1F600}');
  assert.equal(originalRecipientValue('rfc822;\xff@x', true), 'rfc822; +FF@x');
  assert.equal(originalRecipientValue('x400;/S=a/', true), 'x400; /S=a/');
});

test('a subject outside ASCII is written in encoded words of at most 75 characters, between whole letters', () => {
  const subject = 'Zoë '.repeat(40).trim();
  const written = headerText(subject);
  for (const word of written.split('\r\n ')) assert(word.length <= 75);
  assert.equal(readableHeaderText(written.replace(/\r\n/g, '')), subject);
  assert.equal(headerText('a\r\nBcc: b'), 'a Bcc: b');
  assert.match(headerText('=?utf-8?Q?a?='), /^=\?utf-8\?B\?/, 'what looks like an encoded word is none of ours');
});

test('a long field is shown cut, without controls', () => {
  assert.equal(readableHeaderText('a'.repeat(5000)).length, 200);
  assert.equal(readableHeaderText('a\u0001\tb'), 'a b');
});

test('text is wrapped at 72, and a long word keeps its line', () => {
  assert.deepEqual(wrapText(`${'a'.repeat(40)} ${'b'.repeat(31)} ${'c'.repeat(100)} d`), [
    `${'a'.repeat(40)} ${'b'.repeat(31)}`,
    'c'.repeat(100),
    'd',
  ]);
  assert.deepEqual(
    factLines([
      ['Code', '1'],
      ['Antwoord', `${'x'.repeat(50)} ${'y'.repeat(20)}`],
    ]),
    ['Code:     1', `Antwoord: ${'x'.repeat(50)}`, `          ${'y'.repeat(20)}`],
  );
});

test('quoted-printable keeps each line below 76, blanks at its end and octets of any kind', () => {
  const octets = Buffer.from(`a=b \r\n${'é'.repeat(60)}\r\n\xa0x\r\n`);
  const written = quotedPrintable(octets);
  for (const line of written.split('\r\n')) assert(line.length <= 76);
  const read = written
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  assert.deepEqual(Buffer.from(read, 'latin1'), octets);
  assert.equal(textPart(['x'.repeat(2000)]).encoding, 'quoted-printable');
  assert.equal(textPart(['plain']).encoding, '7bit');
});
