/**
 * DKIM's relaxed forms by the examples of RFC 6376, and what a signature covers. Other people's
 * verifiers: test/peers/dkim.
 */
import assert from 'node:assert/strict';
import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type DkimKey, dkimField } from '../../src/crypto/dkim/dkim.ts';
import { RelaxedBody } from '../../src/crypto/dkim/dkim-body.ts';
import { dkimFile, dkimRecord, keysFor, makeDkimKey, readDkimKeys } from '../../src/crypto/dkim/dkim-keys.ts';
import { Unusable } from '../../src/domain/unusable.ts';
import { instant } from '../../src/domain/units.ts';
import { readHeader } from '../../src/mime/header.ts';

const sha256 = (text: string): string => createHash('sha256').update(text, 'latin1').digest('base64');

function hashed(body: string, size = 1_000_000): string {
  const relaxed = new RelaxedBody();
  const octets = Buffer.from(body, 'latin1');
  for (let at = 0; at < octets.length; at += size) relaxed.update(octets.subarray(at, at + size));
  return relaxed.digest();
}

const FORMS: readonly (readonly [body: string, relaxed: string, what: string])[] = [
  [' C \r\nD \t E\r\n\r\n\r\n', ' C\r\nD E\r\n', 'RFC 6376 section 3.4.5'],
  ['', '', 'no body'],
  ['\r\n\r\n', '', 'empty lines alone'],
  [' \t \r\n  \r\n', '', 'blanks alone'],
  ['a', 'a\r\n', 'no line end'],
  ['a \t', 'a\r\n', 'blanks at the end'],
  ['\r\n\r\na\r\n', '\r\n\r\na\r\n', 'empty lines at the start stay'],
  ['a\r\n \r\n\t\r\nb\r\n', 'a\r\n\r\n\r\nb\r\n', 'lines of blanks are empty lines'],
  ['a\tb\r\n\tc\r\n', 'a b\r\n c\r\n', 'a tab becomes a space'],
  ['\xe9\xff\0\r\n', '\xe9\xff\0\r\n', 'octets above 127, and NUL'],
  ['a\rb\nc\r\r\n', 'a\rb\nc\r\r\n', 'a bare CR and a bare LF are octets like others'],
];

test('a body has the relaxed form, wherever it is cut', () => {
  for (const [body, relaxed, what] of FORMS)
    for (const size of [1, 2, 3, 1000]) assert.equal(hashed(body, size), sha256(relaxed), `${what}, by ${size}`);
});

test('millions of line ends are held as a number, and count when something follows', () => {
  const lines = '\r\n'.repeat(300_000);
  assert.equal(hashed(`a${lines}`, 65_536), sha256('a\r\n'));
  assert.equal(hashed(`a${lines}b`, 65_536), sha256(`a${lines}b\r\n`));
});

const pair = generateKeyPairSync('ed25519');
const KEY: DkimKey = { domain: 'group.test', selector: 's1', algorithm: 'ed25519-sha256', privateKey: pair.privateKey };
const headerOf = (text: string) => {
  const header = readHeader(Buffer.from(text, 'latin1'));
  return header.ok ? header.value : assert.fail(header.error);
};

test('fields are signed in the relaxed form, from the bottom up, those of who wrote what once more than they are there', () => {
  const header = headerOf(
    'Received: x\r\nFROM :  A\t <a@group.test>\r\nTo: b@group.test\r\nSubject: two\r\n  lines \r\nTo:\tc@group.test\r\nX-Other: y\r\n\r\n',
  );
  const field = dkimField(header, 'HASH=', KEY, instant(1_700_000_000_999));
  const value = field.replace(/^DKIM-Signature:/, '').replace(/\r\n$/, '');
  const tags = new Map(
    value
      .replace(/\s+/g, '')
      .split(';')
      .map((tag) => [tag.split('=')[0], tag.slice(tag.indexOf('=') + 1)]),
  );
  assert.deepEqual(
    ['v', 'a', 'c', 'd', 's', 't', 'bh'].map((name) => tags.get(name)),
    ['1', 'ed25519-sha256', 'relaxed/relaxed', 'group.test', 's1', '1700000000', 'HASH='],
  );
  assert.equal(
    tags.get('h'),
    'from:from:sender:reply-to:to:to:to:cc:subject:subject:date:message-id:mime-version:content-type:content-transfer-encoding',
  );
  const signed = [
    'from:A <a@group.test>',
    'to:c@group.test',
    'to:b@group.test',
    'subject:two lines',
    `dkim-signature:${value
      .replace(/(\r\n\tb=)[\s\S]*$/, '$1')
      .replace(/\r\n/g, '')
      .replace(/[ \t]+/g, ' ')
      .trim()}`,
  ].join('\r\n');
  const signature = Buffer.from(tags.get('b') ?? '', 'base64');
  const hash = createHash('sha256').update(signed).digest();
  assert.ok(verify(null, hash, pair.publicKey, signature));
  assert.ok(
    field.split('\r\n').every((line) => line.length <= 78),
    field,
  );
});

function folderFor(t: TestContext): (name: string, content: string, mode?: number) => string {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-dkim-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return (name, content, mode = 0o600) => {
    writeFileSync(join(folder, name), content, { mode });
    return folder;
  };
}

test('keys are read from their folder, and their records are those of the standards', async (t) => {
  const put = folderFor(t);
  put(dkimFile('b', 'group.test'), await makeDkimKey('rsa2048'));
  put(`${dkimFile('c', 'group.test')}.new`, await makeDkimKey('ed25519'));
  put('README', 'x');
  const folder = put(dkimFile('a', 'group.test'), await makeDkimKey('ed25519'));
  const keys = readDkimKeys(folder);
  assert.deepEqual(
    keys.map(({ selector, domain, algorithm }) => `${selector} ${domain} ${algorithm}`),
    ['a group.test ed25519-sha256', 'b group.test rsa-sha256'],
  );
  assert.deepEqual(
    readDkimKeys(folder, 'waiting').map(({ selector }) => selector),
    ['c'],
  );
  const [ed25519, rsa] = keys.map(dkimRecord);
  assert.match(ed25519?.value ?? '', /^v=DKIM1; k=ed25519; p=[A-Za-z0-9+/]{43}=$/);
  assert.equal(ed25519?.name, 'a._domainkey.group.test');
  const spki = Buffer.from(/p=(.+)$/.exec(rsa?.value ?? '')?.[1] ?? '', 'base64');
  assert.equal(createPublicKey({ key: spki, format: 'der', type: 'spki' }).asymmetricKeyDetails?.modulusLength, 2048);
});

test('a key that cannot be used is an error that says which and what to do, never one key less', async (t) => {
  const good = await makeDkimKey('ed25519');
  const pem = (kind: 'ec' | 'rsa', bits = 1024): string =>
    (kind === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: bits })
    ).privateKey
      .export({ type: 'pkcs8', format: 'pem' })
      .toString();
  const encrypted = generateKeyPairSync('ed25519')
    .privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
    .toString();
  const cases: readonly (readonly [name: string, content: string, why: RegExp, mode?: number])[] = [
    ['key.pem', good, /its name is not SELECTOR\._domainkey\.DOMAIN\.pem.*rename it/],
    ['A._domainkey.group.test.pem', good, /in small letters/],
    ['a._domainkey.group.test.pem', good, /others may read it \(mode 0640\); run "chmod 600/, 0o640],
    ['a._domainkey.group.test.pem', 'x', /not a private key in PEM without a password; replace it/],
    ['a._domainkey.group.test.pem', encrypted, /not a private key in PEM without a password/],
    ['a._domainkey.group.test.pem', pem('ec'), /it is ec, expected ed25519/],
    ['a._domainkey.group.test.pem', pem('rsa'), /rsa with 1024 bits, expected .*sluis dkim make/],
    ['a._domainkey.group.test.pem', 'x'.repeat(20_000), /20000 octets/],
  ];
  for (const [name, content, why, mode] of cases) {
    const folder = folderFor(t)(name, content, mode);
    assert.throws(
      () => readDkimKeys(folder),
      (error: unknown) => error instanceof Unusable && why.test(error.message),
      name,
    );
  }
  const put = folderFor(t);
  put(dkimFile('a', 'group.test'), good);
  const folder = put(dkimFile('b', 'group.test'), good);
  assert.throws(() => readDkimKeys(folder), /two of group\.test are for ed25519-sha256, one is expected/);
  assert.throws(() => readDkimKeys(join(folder, 'nowhere')), /Cannot read the folder .*ENOENT.*delivery\.dkim-keys/);
  const many = folderFor(t);
  for (let n = 0; n < 201; n++) many(dkimFile('a', `d${n}.test`), good);
  assert.throws(() => readDkimKeys(many('x', '')), /there are 201, at most 200/);
});

test('the nearest domain at or above signs', () => {
  const of = (domain: string): DkimKey => ({ ...KEY, domain });
  const keys = [of('group.test'), of('noord.group.test')];
  const chosen = (domain: string): readonly string[] => keysFor(keys, domain).map((key) => key.domain);
  assert.deepEqual(chosen('group.test'), ['group.test']);
  assert.deepEqual(chosen('a.noord.group.test'), ['noord.group.test']);
  assert.deepEqual(chosen('zuid.group.test'), ['group.test']);
  assert.deepEqual(chosen('xgroup.test'), []);
  assert.deepEqual(chosen('test'), []);
});
