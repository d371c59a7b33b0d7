import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentFields } from '../../src/mime/content-fields.ts';

const fields = (text: string): ReturnType<typeof contentFields> => contentFields(Buffer.from(text, 'latin1'));

test('contentFields() gives the defaults of RFC 2045 where nothing, or nothing readable, is said', () => {
  const plain = { type: 'text/plain', boundary: '', encoding: '7bit', charset: '', name: '' };
  for (const header of [
    '',
    'From: a@b\r\n',
    'Content-Type: text\r\n',
    'Content-Type:\r\n',
    'Content-Type: edi fact/x\r\n',
    'Xontent-Type: a/b\r\n',
  ])
    assert.deepEqual(
      { ...fields(header), doubt: undefined, author: undefined },
      { ...plain, doubt: undefined, author: undefined },
      header,
    );
  assert.deepEqual(contentFields(Buffer.from(''), 'message/rfc822').type, 'message/rfc822');
});

test('contentFields() reads type, encoding and boundary as old programs write them', () => {
  for (const [header, type, encoding, boundary] of [
    [
      'content-TYPE:Application/EDIFACT;charset=x\r\nContent-Transfer-Encoding:BASE64\r\n',
      'application/edifact',
      'base64',
      '',
    ],
    ['Content-Type : text/plain\r\nContent-Transfer-Encoding: 8bit (as it is)\r\n', 'text/plain', '8bit', ''],
    ['Content-Type: multipart/mixed;\r\n\tboundary="a;b \\"c" ; x=y\r\n', 'multipart/mixed', '7bit', 'a;b "c'],
    ['Content-Type: (comment; (nested)) multipart/mixed; (c) boundary=a/b=c\r\n', 'multipart/mixed', '7bit', 'a/b=c'],
    ["Content-Type: multipart/mixed; boundary*=us-ascii''a%20b\r\n", 'multipart/mixed', '7bit', 'a b'],
    ['Content-Type: a/b\r\nContent-Type: c/d\r\nContent-Transfer-Encoding: x-uue\r\n', 'a/b', 'uuencode', ''],
    [
      `Content-Type: multipart/mixed; boundary="${'b'.repeat(201)}"\r\nContent-Transfer-Encoding: rot13\r\n`,
      'multipart/mixed',
      'unknown',
      '',
    ],
  ] as const) {
    const { charset: _, doubt: __, ...read } = fields(header);
    assert.deepEqual(read, { type, encoding, boundary, name: '' }, header);
  }
});

test('a charset is told as it is written, in lower case, with control characters made visible', () => {
  for (const [parameter, charset] of [
    ['', ''],
    ['; charset=UTF-8', 'utf-8'],
    ['; CharSet="ISO-8859-1"', 'iso-8859-1'],
    ["; charset*=us-ascii''utf-8", 'utf-8'],
    ['; charset="a\x07b"', 'a\\u{7}b'],
  ] as const)
    assert.equal(fields(`Content-Type: text/plain${parameter}\r\n`).charset, charset, parameter);
});

test('file names are decoded: quotes, RFC 2231, RFC 2047, raw octets, and what is not closed', () => {
  for (const [value, name] of [
    ['filename="uitslag 1.edi"', 'uitslag 1.edi'],
    ['filename=uitslag 1 (2).edi', 'uitslag 1 (2).edi'],
    ['filename="C:\\uit\\lab.edi"', 'C:\\uit\\lab.edi'],
    ['filename="a\\"b.edi"', 'a"b.edi'],
    ['filename="open.edi', 'open.edi'],
    ["filename*=utf-8'nl'%e2%82%ac.edi", '€.edi'],
    ["filename=plain.edi; filename*=iso-8859-1''caf%E9.edi", 'café.edi'],
    ["filename*0*=utf-8''caf%C3; filename*1*=%A9; filename*2=.edi", 'café.edi'],
    ['filename*0="a"; filename*1="b"; filename*3="d"', 'ab'],
    ["filename*=x-unknown''%e9.edi", 'é.edi'],
    ['filename="=?utf-8?Q?caf=C3=A9_1.edi?="', 'café 1.edi'],
    ['filename="=?iso-8859-1?B?6Q==?= =?utf-8?q?=C3=A9?="', 'éé'],
    ['filename="caf\xc3\xa9.edi"', 'café.edi'],
    ['filename="caf\xe9.edi"', 'café.edi'],
    ['filename=""', ''],
    ['FILENAME=a; filename=b', 'a'],
  ] as const)
    assert.equal(fields(`Content-Disposition: attachment; ${value}\r\n`).name, name, value);
  assert.equal(
    fields('Content-Type: a/b; name=second\r\nContent-Disposition: attachment; filename=first\r\n').name,
    'first',
  );
  assert.equal(fields('Content-Type: a/b; name=second\r\nContent-Disposition: attachment\r\n').name, 'second');
});

test('a file name is shown with its control characters and marks of direction, and bounded', () => {
  assert.equal(
    fields("Content-Disposition: x; filename*=utf-8''a%0d%0ab%1b[2J%e2%80%aefdp.exe\r\n").name,
    'a\\u{d}\\u{a}b\\u{1b}[2J\\u{202e}fdp.exe',
  );
  const long = fields(`Content-Disposition: x; filename="${'a'.repeat(5000)}"\r\n`).name;
  assert.equal(long, `${'a'.repeat(254)}…`);
});

test('a field is bounded in length, parameters and sections', () => {
  const many = Array.from({ length: 10_000 }, (_, n) => `;\r\n p${n}=x`).join('');
  assert.equal(fields(`Content-Type: a/b${many}; name=late\r\n`).name, '');
  const sections = Array.from({ length: 63 }, (_, n) => `; filename*${n}=a`).join('');
  assert.equal(fields(`Content-Disposition: x${sections}\r\n`).name, 'a'.repeat(63));
});

/** All that RFC 2046 section 5.1.1 allows: every character, and 70 of them. */
const ALLOWED_BOUNDARIES = [
  "=_('+_,-./:=?)_x y",
  '=?',
  '?=',
  '=?a?',
  '=?a?=',
  '(a)',
  '--a--',
  `=?${'b'.repeat(68)}`,
  "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst'()+_,-./:=?  z",
];

test('a boundary is read as it stands: no encoded word in it is decoded, and blanks at its end do not count', () => {
  for (const [written, boundary] of [
    ...ALLOWED_BOUNDARIES.map((each) => [each, each] as const),
    ['=?utf-8?q?a?=', '=?utf-8?q?a?='],
    ['\u00c3\u00a9', '\u00c3\u00a9'],
    ['a ', 'a'],
    ['a\\(b\\)', 'a(b)'],
    ['a\\"b\\\\c', 'a"b\\c'],
  ] as const)
    assert.equal(fields(`Content-Type: multipart/mixed; boundary="${written}"\r\n`).boundary, boundary);
  assert.equal(fields('Content-Disposition: x; filename="C:\\uit\\lab.edi"\r\n').name, 'C:\\uit\\lab.edi');
});

/** Each is read by other programs as something else; the word is a part of the reason. */
const DOUBTFUL: readonly (readonly [header: string, reason: string])[] = [
  [`Content-Type: multipart/mixed; boundary*=us-ascii''b; boundary=a`, 'RFC 2231'],
  [`Content-Type: multipart/mixed; boundary=a; boundary*=us-ascii''b`, 'RFC 2231'],
  [`Content-Type: multipart/mixed; boundary=a; boundary*0*=us-ascii''b`, 'RFC 2231'],
  ['Content-Type: multipart/mixed; boundary*0=a; boundary*1=b', 'RFC 2231'],
  [`Content-Type: multipart/mixed; boundary*=us-ascii''b`, 'RFC 2231'],
  ['Content-Type: multipart/mixed; boundary=a; boundary=b', 'stands twice'],
  ['Content-Type: multipart/mixed; boundary=a; BOUNDARY="a"', 'stands twice'],
  ['Content-Type: multipart/mixed; boundary="a\\b"', 'quoted pair'],
  ['Content-Type: multipart/mixed; boundary="a\\"; boundary=b; x="c"', 'a quote in it'],
  ['Content-Type: multipart/mixed; boundary=a b', 'is not quoted'],
  ['Content-Type: multipart/mixed; boundary=a(c)', 'is not quoted'],
  ['Content-Type: multipart/mixed; boundary="a"b', 'cannot be read'],
  ['Content-Type: multipart/mixed; boundary =a', ''],
  ['Content-Type: multipart/mixed; boundary="=?utf-8?q?a?="', 'encoded word'],
  ['Content-Type: multipart/mixed; boundary="x=?utf-8?B?YQ"', 'encoded word'],
  ['Content-Type: multipart/mixed; boundary="=?a?Q?b c?="', 'encoded word'],
  ['Content-Type: multipart/mixed; boundary="\u00e9"', 'outside ASCII'],
  [`Content-Type: multipart/mixed; boundary="${'b'.repeat(201)}"`, 'no boundary'],
  ['Content-Type: multipart/mixed', 'no boundary'],
  ['Content-Type: multipart/mixed; x="a; boundary=b', ''],
  ['Content-Type: multipart/mixed; x="\\"; boundary=b; y="', 'a quote in it'],
  ['Content-Type: multipart/mixed (c); boundary=a', 'a comment'],
  ['Content-Type: multipart/mixed; boundary=a (c)', ''],
  ['Content-Type: multipart/signed; protocol=a/b; protocol=c/d; boundary=a', 'protocol stands twice'],
  ['Content-Type: multipart/signed; micalg=a; micalg=b; boundary=a', 'micalg stands twice'],
  ['Content-Type: text/plain; charset=utf-8; charset=utf-7', 'charset stands twice'],
  [`Content-Type: text/plain; charset=utf-8; charset*=''utf-7`, 'RFC 2231'],
  ['Content-Type: text/plain\r\nContent-Type: text/html', 'Content-Type stands twice'],
  ['Content-Type : text/plain', 'a space'],
  ['Content-Type: text', 'cannot be read'],
  ['Content-Type: text/plain text/html', 'cannot be read'],
  [`Content-Type: text/plain; ${Array.from({ length: 65 }, (_, n) => `p${n}=1`).join('; ')}`, 'over 64'],
  ['Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit', 'Content-Transfer-Encoding stands twice'],
  ['Content-Transfer-Encoding: base64 (c)', 'a comment'],
  ['Content-Transfer-Encoding: base64; x=y', 'cannot be read'],
  ['Content-Transfer-Encoding: "base64"', 'cannot be read'],
  ['Content-Transfer-Encoding: rot13', 'cannot be read'],
  ['Content-Type: multipart/mixed; boundary=a\r\nContent-Transfer-Encoding: base64', 'transfer encoding'],
  ['Content-Disposition: inline\r\nContent-Disposition: attachment', 'Content-Disposition stands twice'],
  [`Content-Disposition: attachment; filename=a.txt; filename*=utf-8''a.exe`, 'two kinds of file'],
  ['Content-Disposition: attachment; filename=a.txt\r\nContent-Type: a/b; name=a.exe', 'two kinds of file'],
  ['Content-Disposition: attachment; filename=a.txt; filename=a.exe', 'stands twice'],
];

const CLEAR: readonly string[] = [
  '',
  'Content-Type: text/plain',
  'Content-Type: text/plain; charset=utf-8; format=flowed;',
  'Content-Type: multipart/mixed; boundary="----=_Part_1_2.3"',
  'Content-Type: multipart/mixed;\r\n\tboundary=----=_NextPart_000_0001',
  `Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="a b'c:d"`,
  ...ALLOWED_BOUNDARIES.map((boundary) => `Content-Type: multipart/mixed; boundary="${boundary}"`),
  'Content-Type: application/pdf; name="C:\\uit\\lab.pdf"\r\nContent-Disposition: attachment; filename="lab.pdf"',
  'Content-Type: application/pdf; name=lab uitslag (1).pdf',
  `Content-Disposition: attachment; filename="Zo_.pdf"; filename*=utf-8''Zo%C3%AB.pdf`,
  `Content-Disposition: attachment; filename*0*=utf-8''Zo; filename*1*=%C3%AB.pdf`,
  'Content-Type: application/pdf; name="=?utf-8?q?Zo=C3=AB.pdf?="\r\nContent-Transfer-Encoding: BASE64',
];

test('what another program may read differently is told, and what all of them read alike is not', () => {
  for (const [header, reason] of DOUBTFUL) {
    const { doubt } = fields(`${header}\r\n`);
    assert.ok(doubt?.includes(reason) === true, `${header}: ${doubt}`);
  }
  for (const header of CLEAR) assert.equal(fields(`${header}\r\n`).doubt, undefined, header);
});
