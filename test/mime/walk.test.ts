// @own-process: it measures processor time or memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MessagePart } from '../../src/domain/message-part.ts';
import { contentFields } from '../../src/mime/content-fields.ts';
import { headerEnd } from '../../src/mime/header.ts';
import { MimeWalk } from '../../src/mime/walk.ts';
import { effort } from '../support/effort.ts';
import { seeded } from '../support/seeded.ts';
import { ENCODINGS, LINE_ENDS, attachment, compose, encode, sha256 } from './composer.ts';

const SEEDS = effort(200, 3000);

const octets = (text: string): Buffer => Buffer.from(text, 'latin1');

function walk(
  message: Buffer,
  cuts: (at: number) => number = () => message.length,
  limits?: ConstructorParameters<typeof MimeWalk>[1],
): ReturnType<MimeWalk['end']> {
  const walked = new MimeWalk(undefined, limits);
  for (let at = 0; at < message.length;) {
    const length = Math.max(1, cuts(at));
    // A copy that is spoilt afterwards: the walk may keep nothing of a slice.
    const slice = Buffer.from(message.subarray(at, at + length));
    walked.write(slice);
    slice.fill(0x58);
    at += length;
  }
  return walked.end();
}

const short = (leaves: readonly MessagePart[]): unknown[] =>
  leaves.map((l) => [l.path, l.type, l.name, l.encoding, l.octets, l.exact]);

test('a message of one part has the leaf 1, its last line end included', () => {
  const { leaves, limits } = walk(octets("From: a@b\r\n\r\nUNA:+.? '\r\n"));
  const text = "UNA:+.? '\r\n";
  assert.deepEqual(leaves, [
    {
      path: '1',
      type: 'text/plain',
      name: '',
      encoding: '7bit',
      octets: text.length,
      sha256: sha256(text),
      exact: true,
    },
  ]);
  assert.deepEqual(limits, []);
});

test('paths count as IMAP does, through multiparts and attached messages', () => {
  const message = octets(
    [
      'Content-Type: multipart/mixed; boundary=outer',
      '',
      '--outer',
      '',
      'first',
      '--outer',
      'Content-Type: multipart/alternative; boundary=inner',
      '',
      '--inner',
      '',
      'a',
      '--inner',
      'Content-Type: text/html',
      '',
      'b',
      '--inner--',
      '',
      '--outer',
      'Content-Type: message/rfc822',
      '',
      'Subject: one part',
      '',
      'c',
      '--outer',
      'Content-Type: message/rfc822',
      '',
      'Content-Type: multipart/digest; boundary=deep',
      '',
      '--deep',
      '',
      'Subject: a message without saying so',
      '',
      'd',
      '--deep--',
      '--outer--',
      '',
    ].join('\r\n'),
  );
  assert.deepEqual(
    walk(message).leaves.map((l) => [l.path, l.type, l.octets]),
    [
      ['1', 'text/plain', 5],
      ['2.1', 'text/plain', 1],
      ['2.2', 'text/html', 1],
      ['3.1', 'text/plain', 1],
      ['4.1.1', 'text/plain', 1],
    ],
  );
});

test(`every leaf of ${SEEDS} seeded messages is found with its octets, wherever the slices are cut`, () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { octets: message, leaves } = compose(seed);
    const random = seeded(seed);
    assert.deepEqual(walk(message).leaves, leaves, `seed ${seed} whole`);
    assert.deepEqual(walk(message, () => random.below(40)).leaves, leaves, `seed ${seed} in small slices`);
    if (seed % 10 === 0) assert.deepEqual(walk(message, () => 1).leaves, leaves, `seed ${seed} octet by octet`);
  }
});

test('a header says on the walk what it says by itself, wherever the slices are cut', () => {
  const heads = [
    'From: a@b\r\nContent-Type: text/plain; charset=x\r\nContent-Type: text/html\r\n',
    'from: a@b\r\nContent-Disposition: attachment;\r\n filename="=?utf-8?q?=C3=A9?="\r\n',
    'Content-Type : multipart/mixed; boundary="b c"\r\nContent-Transfer-Encoding: base64\r\n',
    `Content-Type: multipart/mixed; boundary=b\r\nX: ${'x'.repeat(2000)}\r\nFrom: a@b\r\n`,
    '',
  ].map((head) => octets(`${head}\r\n--b\r\nContent-Type: application/pdf\r\nFrom: c@d\r\n\r\nx\r\n--b--\r\n`));
  for (const message of [...heads, ...Array.from({ length: 200 }, (_, seed) => compose(seed + 1).octets)]) {
    const expected = contentFields(message.subarray(0, headerEnd(message)));
    for (const length of [1, 7, message.length]) {
      const walked = new MimeWalk();
      for (let at = 0; at < message.length; at += length) walked.write(message.subarray(at, at + length));
      assert.deepEqual(walked.header, expected);
    }
  }
});

test('a small message gives the same leaves at every place where it can be cut in two', () => {
  for (const seed of [3, 8, 21, 33, 47]) {
    const { octets: message, leaves } = compose(seed, 3);
    for (let cut = 1; cut < Math.min(message.length, 4000); cut++) {
      const walked = new MimeWalk();
      walked.write(Buffer.from(message.subarray(0, cut)));
      walked.write(Buffer.from(message.subarray(cut)));
      assert.deepEqual(walked.end().leaves, leaves, `seed ${seed} cut at ${cut}`);
    }
  }
});

test('1,000 attachments in every encoding and with every kind of line end keep their SHA-256', () => {
  const random = seeded(61);
  let seen = 0;
  for (let n = 0; n < 1000; n++) {
    for (const encoding of ENCODINGS) {
      for (const ends of LINE_ENDS) {
        if ((encoding === '7bit' || encoding === '8bit') && ends !== 'crlf') continue;
        const content = attachment(random, ends, encoding !== '7bit');
        const message = octets(
          'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n\r\ntext\r\n--x\r\n' +
            `Content-Type: application/octet-stream; name=a\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n` +
            `${encode(random, content, encoding)}\r\n--x--\r\n`,
        );
        const leaf = walk(message, () => 1 + random.below(2000)).leaves[1];
        assert.deepEqual(
          [leaf?.octets, leaf?.sha256, leaf?.exact],
          [content.length, sha256(content), true],
          `n ${n} ${encoding} ${ends}`,
        );
        seen++;
      }
    }
  }
  assert.equal(seen, 12_000);
});

test('what two programs decode differently is said: damaged base64, blanks and escapes in quoted-printable', () => {
  const cases: [string, string, string, boolean][] = [
    ['base64', 'YWJj', 'abc', true],
    ['base64', 'YW Jj\r\n', 'abc', true],
    ['base64', 'YW*Jj', 'abc', false],
    ['base64', 'YWI', 'ab', false],
    ['base64', 'YQ==YQ==', 'a', false],
    ['base64', 'YQ==\r\nfooter', 'a', false],
    ['base64', 'YW_-Jj', 'abc', false],
    ['base64', '=YWJj', 'abc', false],
    ['quoted-printable', 'a=3Db=3d', 'a=b=', true],
    ['quoted-printable', 'a =\r\nb', 'a b', true],
    ['quoted-printable', 'a= \t\r\nb', 'ab', true],
    ['quoted-printable', 'a=', 'a', true],
    ['quoted-printable', 'a \t\r\nb', 'a\r\nb', false],
    ['quoted-printable', 'a=20\r\nb', 'a \r\nb', true],
    ['quoted-printable', 'a=ZZ', 'a=ZZ', false],
    ['quoted-printable', 'a==41', 'a=A', false],
    ['quoted-printable', `a${' '.repeat(3000)}b`, `a${' '.repeat(3000)}b`, true],
    ['quoted-printable', `a${' '.repeat(3000)}\r\nb`, `a${' '.repeat(3000)}\r\nb`, false],
    ['8bit', 'caf\xe9', 'caf\xe9', true],
    ['x-strange', 'as it is', 'as it is', true],
  ];
  for (const [encoding, body, content, exact] of cases) {
    const message = octets(
      `Content-Transfer-Encoding: ${encoding}\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}\r\n--q--\r\n`,
    );
    for (const cut of [message.length, 1, 3]) {
      const [leaf] = walk(message, () => cut).leaves;
      assert.deepEqual(
        [leaf?.sha256, leaf?.octets, leaf?.exact],
        [sha256(octets(content)), content.length, exact],
        `${encoding} ${body.slice(0, 40)} cut ${cut}`,
      );
    }
  }
});

test('a file uuencoded in text is a leaf of its own, also in a message without MIME', () => {
  const content = octets("UNB+UNOA:1+ONE+TWO'".repeat(20));
  const message = octets(
    `From: a@b\r\n\r\nWith regards\r\nbegin 644 lab.edi\r\n${uu(content)}\`\r\nend\r\nbegin 10 minutes later\r\nbegin 644 prose\r\nonly prose\r\n`,
  );
  for (const cut of [message.length, 1, 7, 100]) {
    const { leaves } = walk(message, () => cut);
    assert.deepEqual(short(leaves), [
      ['1', 'text/plain', '', '7bit', message.length - 13, true],
      ['1.u1', 'application/octet-stream', 'lab.edi', 'uuencode', content.length, true],
    ]);
    assert.equal(leaves[1]?.sha256, sha256(content), `cut ${cut}`);
  }
});

test('a uuencoded file that breaks off, or whose lines lost their blanks, is marked', () => {
  for (const [body, found] of [
    [`begin 600 a\r\n${uu(Buffer.alloc(60))}`, 60],
    [`begin 600 a\r\n${uu(Buffer.alloc(60, 1))}and then prose\r\n`, 60],
    [`begin 600 a\r\n#04)#\r\n#04\r\n \r\nend\r\n`, 6],
    [`begin 600 a\r\n#04)#\r\n \r\nno end\r\n`, 3],
  ] as const) {
    for (const cut of [1000, 1, 5]) {
      const { leaves } = walk(octets(`A: b\r\n\r\n${body}`), () => cut);
      assert.deepEqual(short(leaves.slice(1)), [['1.u1', 'application/octet-stream', 'a', 'uuencode', found, false]]);
    }
  }
});

test('two uuencoded files in one slice keep their own octets', () => {
  const one = Buffer.alloc(20_000, 'one');
  const two = Buffer.alloc(20_000, 'two');
  const body = [one, two].map((file, n) => `begin 644 file${n}\r\n${uu(file)}\`\r\nend\r\n`).join('');
  const { leaves } = walk(octets(`A: b\r\n\r\n${body}`));
  assert.deepEqual(
    leaves.slice(1).map((l) => l.sha256),
    [sha256(one), sha256(two)],
  );
});

test('a multipart whose parts never come, or that names no boundary, is one leaf: nothing goes unseen', () => {
  for (const [type, exact] of [
    ['multipart/mixed; boundary=never', false],
    ['multipart/mixed', true],
  ] as const) {
    const body = 'UNH+1+MEDLAB:1\r\n--other\r\nmore\r\n';
    const { leaves } = walk(octets(`Content-Type: ${type}\r\n\r\n${body}`));
    assert.deepEqual(short(leaves), [['1', 'multipart/mixed', '', '7bit', body.length, exact]]);
    assert.equal(leaves[0]?.sha256, sha256(body));
  }
});

test('a multipart that ends before it has a part is a leaf, too', () => {
  const { leaves } = walk(octets('Content-Type: multipart/mixed; boundary=b\r\n\r\nUNH+1\r\n--b--\r\nbehind\r\n'));
  assert.deepEqual(
    leaves.map((l) => [l.path, l.sha256]),
    [['1', sha256('UNH+1')]],
  );
});

test('a part without an empty line, or without a header, loses no octet and is marked', () => {
  for (const [part, content, exact] of [
    ['\r\nplain', 'plain', true],
    ['plain at once\r\n\r\nmore', 'plain at once\r\n\r\nmore', false],
    ['Content-Type: text/html\r\n<p>at once\r\n--no\r\n', '<p>at once\r\n--no\r\n', false],
    [`${'x'.repeat(2000)}\r\ny`, `${'x'.repeat(2000)}\r\ny`, false],
    ['Content-Type: text/html', '', true],
  ] as const) {
    const message = octets(`Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n${part}\r\n--b--\r\n`);
    for (const cut of [message.length, 1, 30]) {
      const { leaves } = walk(message, () => cut);
      assert.deepEqual(
        leaves.map((l) => [l.octets, l.sha256, l.exact]),
        [[content.length, sha256(content), exact]],
        `${part.slice(0, 30)} cut ${cut}`,
      );
    }
  }
});

test('an attached message that is itself encoded stays one leaf; TNEF stays whole', () => {
  const inner = 'Subject: x\r\n\r\ny\r\n';
  const base64 = octets(inner).toString('base64');
  const { leaves } = walk(
    octets(
      `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64}\r\n` +
        '--b\r\nContent-Type: application/ms-tnef; name="winmail.dat"\r\nContent-Transfer-Encoding: base64\r\n\r\neJ8+Ig==\r\n--b--\r\n',
    ),
  );
  assert.deepEqual(short(leaves), [
    ['1', 'message/rfc822', '', 'base64', inner.length, true],
    ['2', 'application/ms-tnef', 'winmail.dat', 'base64', 4, true],
  ]);
});

test('an outer delimiter ends what a broken inner multipart left open', () => {
  const { leaves } = walk(
    octets(
      'Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\na\r\n--o\r\n\r\nb\r\n--o--',
    ),
  );
  assert.deepEqual(
    leaves.map((l) => [l.path, l.octets]),
    [
      ['1.1', 1],
      ['2', 1],
    ],
  );
});

test('limits are reported, and what was seen before stays', () => {
  const limits = { depth: 2, leaves: 3, header: 300 };
  const nested = octets('Content-Type: message/rfc822\r\n\r\n'.repeat(4) + 'A: b\r\n\r\ntext\r\n');
  const deep = walk(nested, undefined, limits);
  assert.deepEqual(deep.limits, ['depth']);
  assert.deepEqual(
    deep.leaves.map((l) => [l.path, l.type]),
    [['1.1.1', 'message/rfc822']],
  );
  const parts = octets(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(10)}--b--\r\n`);
  const many = walk(parts, undefined, limits);
  assert.deepEqual([many.limits, many.leaves.length], [['leaves'], 3]);
  const files = walk(
    octets(`A: b\r\n\r\n${`begin 644 f\r\n${uu(Buffer.from('a'))}\`\r\nend\r\n`.repeat(9)}`),
    undefined,
    limits,
  );
  assert.deepEqual([files.limits, files.leaves.length], [['leaves'], 3]);
  for (const long of [`X: ${'x'.repeat(5000)}\r\n`, 'X: y\r\n'.repeat(500)]) {
    const message = octets(
      `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n${long}\r\nbody\r\n--b--\r\n`,
    );
    for (const cut of [message.length, 1, 200]) {
      const header = walk(message, () => cut, limits);
      assert.deepEqual([header.limits, short(header.leaves)], [['header'], [['1', 'text/html', '', '7bit', 4, true]]]);
    }
  }
});

test(`${SEEDS} seeded messages of broken parts give the same leaves wherever they are cut`, () => {
  const atoms = [
    ...[
      '--b\r\n',
      '--b',
      '--b--\r\n',
      '--b \r\n',
      '--c\r\n',
      '--c--',
      '--',
      '\r\n',
      '\r\n\r\n',
      '\r',
      '\n',
      '-',
      ' ',
      'x',
      'A: b\r\n',
    ],
    'Content-Type: multipart/mixed; boundary=b\r\n\r\n',
    'Content-Type: multipart/digest; boundary="c"\r\n\r\n',
    ...[
      'Content-Type: message/rfc822\r\n\r\n',
      'Content-Transfer-Encoding: base64\r\n\r\n',
      'Content-Transfer-Encoding: quoted-printable\r\n',
    ],
    ...[
      'begin 644 f\r\n',
      '#04)#\r\n',
      '`\r\nend\r\n',
      'YWJj',
      '==',
      '=\r\n',
      '=41',
      '\t\r\n',
      'x'.repeat(600),
      ' '.repeat(700),
    ],
  ];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seeded(seed);
    let text = random.pick(['', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n', 'A: b\r\n\r\n']);
    for (let n = random.below(40); n > 0; n--) text += random.pick(atoms);
    const message = octets(text);
    const whole = walk(message);
    for (const leaf of whole.leaves)
      assert.ok(leaf.octets <= message.length && /^[0-9a-f]{64}$/.test(leaf.sha256), `seed ${seed}`);
    assert.deepEqual(
      walk(message, () => 1),
      whole,
      `seed ${seed} octet by octet`,
    );
    assert.deepEqual(
      walk(message, () => random.below(60)),
      whole,
      `seed ${seed} in small slices`,
    );
  }
});

test('hostile messages take no quadratic time: 10 MB of any pattern in well under a second', () => {
  const SIZE = 10_000_000;
  const head = (type: string): string => `Content-Type: ${type}\r\n\r\n`;
  const multipart = head('multipart/mixed; boundary=b');
  const part = `${multipart}--b\r\n`;
  const encoded = (name: string): string => `Content-Transfer-Encoding: ${name}\r\n\r\n`;
  const nest = (n: number): string => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`;
  const nested = Array.from({ length: 10_000 }, (_, n) => nest(n)).join('');
  for (const [name, begin, pattern] of [
    ['dashes', `${part}\r\n`, '-'],
    ['dash lines', `${part}\r\n`, '--\r\n'],
    ['near misses', `${part}\r\n`, '--c\r\n'],
    ['empty lines', `${part}\r\n`, '\r\n'],
    ['parts without end', multipart, '--b\r\n'],
    ['near misses of many boundaries', nested, '--b9-\r\n'],
    ['header lines', part, 'A: b\r\n'],
    ['one header line', part, 'A'],
    ['continuations', `${part}Content-Type: text/plain;\r\n`, ' a="b";\r\n'],
    ['open comments', `${part}Content-Type: text/plain;`, '('],
    ['nested messages', '', 'Content-Type: message/rfc822\r\n\r\n'],
    ['begin lines', head('text/plain'), 'begin 644 a\r\n'],
    ['uuencoded files', head('text/plain'), 'begin 644 a\r\n#04)#\r\n'],
    ['blanks in quoted-printable', encoded('quoted-printable'), ' '],
    ['escapes in quoted-printable', encoded('quoted-printable'), '='],
    ['blanks at ends of lines', encoded('quoted-printable'), '  \r\n'],
    ['padding in base64', encoded('base64'), '=A'],
  ] as const) {
    const message = Buffer.alloc(SIZE, pattern);
    message.write(begin, 'latin1');
    let longest = 0;
    const started = process.cpuUsage();
    const walked = new MimeWalk();
    for (let at = 0; at < message.length; at += 65_536) {
      const slice = process.cpuUsage();
      walked.write(message.subarray(at, at + 65_536));
      const { user, system } = process.cpuUsage(slice);
      longest = Math.max(longest, user + system);
    }
    walked.end();
    const { user, system } = process.cpuUsage(started);
    assert.ok(user + system < 1_000_000, `${name}: ${Math.round((user + system) / 1000)} ms of CPU for 10 MB`);
    assert.ok(longest < 100_000, `${name}: ${Math.round(longest / 1000)} ms of CPU for one slice`);
  }
});

function uu(content: Buffer): string {
  let text = '';
  const character = (value: number): string => (value === 0 ? '`' : String.fromCharCode(value + 32));
  for (let at = 0; at < content.length; at += 45) {
    const line = content.subarray(at, at + 45);
    text += character(line.length);
    for (let n = 0; n < line.length; n += 3) {
      const bits = (line[n]! << 16) | ((line[n + 1] ?? 0) << 8) | (line[n + 2] ?? 0);
      for (const shift of [18, 12, 6, 0]) text += character((bits >> shift) & 63);
    }
    text += '\r\n';
  }
  return text;
}
