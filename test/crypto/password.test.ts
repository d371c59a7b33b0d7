import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import {
  createPasswordVerifier,
  dummyHash,
  hashPassword,
  verifyPassword,
} from '../../src/crypto/passwords/password.ts';
import { generatePassword } from '../../src/crypto/passwords/password-generate.ts';
import { needsRehash, schemeOf, storedForm } from '../../src/crypto/passwords/password-scheme.ts';
import { checkNewPassword, passwordCandidates, preparePassword } from '../../src/crypto/passwords/password-text.ts';

const ssha = (text: string | Buffer, salt = 'NaCl'): string => {
  const digest = createHash('sha1').update(text).update(salt).digest();
  return `{SSHA}${Buffer.from([...digest, ...Buffer.from(salt)]).toString('base64')}`;
};

// Published by their makers, not made by the code under test.
const KNOWN: readonly (readonly [name: string, hash: string, password: string])[] = [
  [
    'argon2id of the reference implementation (phc-winner-argon2, test.c)',
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    'password',
  ],
  ['bcrypt $2a$ of crypt_blowfish', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
  ['bcrypt $2b$', '$2b$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK', 'U*U*'],
  ['bcrypt $2y$', '$2y$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a', 'U*U*U'],
  [
    'sha512-crypt of the specification',
    '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
    'Hello world!',
  ],
];

for (const [name, hash, password] of KNOWN)
  test(`verifyPassword() opens ${name}, and only with its password`, async () => {
    assert.equal(await verifyPassword(hash, password), true);
    assert.equal(await verifyPassword(hash, `${password}x`), false);
    assert.equal(needsRehash(hash), true);
  });

test('verifyPassword() opens an {SSHA} hash, and only with its password', async () => {
  assert.equal(await verifyPassword(ssha('correct horse'), 'correct horse'), true);
  assert.equal(await verifyPassword(ssha('correct horse'), 'correct horsf'), false);
});

test('hashPassword() writes argon2id with 19 MiB, 2 passes and its own salt, and verifyPassword() opens it', async () => {
  const [one, two] = [await hashPassword('correct horse'), await hashPassword('correct horse')];
  assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.notEqual(one, two);
  assert.equal(needsRehash(one), false);
  assert.equal(await verifyPassword(one, 'correct horse'), true);
  assert.equal(await verifyPassword(one, 'Correct horse'), false);
});

test('dummyHash() has the form and cost of our own hashes and opens to nothing', async () => {
  const dummy = dummyHash((n) => new Uint8Array(n).fill(7));
  assert.deepEqual(schemeOf(dummy), schemeOf(await hashPassword('x')));
  assert.equal(needsRehash(dummy), false);
  assert.equal(await verifyPassword(dummy, 'x'), false);
});

test('verifyPassword() takes neither an empty password, nor a NUL, nor one above the limit', async () => {
  assert.equal(await verifyPassword(ssha(''), ''), false);
  assert.equal(await verifyPassword(ssha('a\0a'), 'a\0a'), false);
  assert.equal(await verifyPassword(ssha('a'.repeat(513)), 'a'.repeat(513)), false);
});

test('verifyPassword() answers false to a hash that schemeOf() refuses', async () => {
  for (const hash of ['', 'secret', '$1$abc$def', '$argon2id$v=19$m=99999999,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMa'])
    assert.equal(await verifyPassword(hash, 'secret'), false);
});

test('a password in NFD opens a hash made from NFC, and the reverse', async () => {
  const composed = 'Zürich café';
  assert.equal(await verifyPassword(await hashPassword(composed), composed.normalize('NFD')), true);
  assert.equal(await verifyPassword(await hashPassword(composed.normalize('NFD')), composed), true);
});

test('a space outside ASCII counts as a space (RFC 8265 section 4.2.2), case and width stay', () => {
  assert.equal(preparePassword('a\u00a0b\u3000c'), 'a b c');
  assert.equal(preparePassword('Ａa'), 'Ａa');
});

test('an imported hash opens with the octets that made it: NFD as sent, or Latin-1', async () => {
  const decomposed = 'Zürich'.normalize('NFD');
  assert.equal(await verifyPassword(ssha(decomposed), decomposed), true);
  assert.equal(await verifyPassword(ssha(Buffer.from('Zürich', 'latin1')), 'Zürich'), true);
  assert.equal(await verifyPassword(ssha('Zürich'), 'Zurich'), false);
});

test('one password is tried in at most three forms, plain ASCII in one', () => {
  assert.equal(passwordCandidates('plain', true).length, 1);
  assert.equal(passwordCandidates('Zürich', true).length, 2);
  assert.equal(passwordCandidates('\u00a0é', true).length, 3);
  assert.equal(passwordCandidates('\u00a0é', false).length, 1);
});

test('schemeOf() refuses cost above the limits and names value and expectation', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8', /memory.*4194304.*131072/],
    ['$argon2id$v=19$m=65536,t=99,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8', /passes.*99/],
    ['$argon2id$v=19$m=65536,t=2,p=200$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8', /lanes.*200/],
    ['$argon2id$m=65536,t=2,p=1$c29tZXNhbHQ', /malformed/],
    ['$2b$20$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK', /cost is 20; expected 4 to 14/],
    ['$2b$05$short', /malformed/],
    [`$6$rounds=999999999$salt$${'a'.repeat(86)}`, /rounds is 999999999/],
    [`$6$rounds=10$salt$${'a'.repeat(86)}`, /rounds is 10;/],
    ['$6$salt$short', /malformed/],
    ['{SSHA}AAAA', /malformed/],
    ['$1$abc$def', /scheme \$1\$/],
    ['$y$j9T$abc', /scheme \$y\$/],
    ['$2x$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK', /scheme \$2x\$/],
    ['{MD5}abc', /scheme \{MD5\}/],
    ['x'.repeat(1000), /longer than 512/],
  ];
  for (const [hash, expected] of cases) {
    const read = schemeOf(hash);
    assert.ok(!read.ok, hash);
    assert.match(read.error, expected);
  }
});

test('schemeOf() never repeats a text that may be a password', () => {
  const read = schemeOf('hunter2-in-the-wrong-column');
  assert.ok(!read.ok && !read.error.includes('hunter2'));
});

test('storedForm() takes the label of Dovecot and OpenLDAP off and leaves {SSHA} on', () => {
  assert.equal(storedForm('{BLF-CRYPT}$2y$05$abc'), '$2y$05$abc');
  assert.equal(storedForm(' {CRYPT}$6$salt$abc\n'), '$6$salt$abc');
  assert.equal(storedForm('{SSHA}abcd'), '{SSHA}abcd');
});

test('sha512-crypt with many rounds leaves the event loop free', async () => {
  const verifier = createPasswordVerifier();
  const hash =
    '$6$rounds=123456$asaltof16chars..$BtCwjqMJGx5hrJhZywWvt0RLE8uZ4oPwcelCjmw2kSYu.Ec6ycULevoBK25fs2xXgMNrCzIMVcgEJAstJeonj1';
  let turns = 0;
  let running = true;
  const spin = (): void => {
    turns += 1;
    if (running) setImmediate(spin);
  };
  spin();
  assert.equal(await verifier.verify(hash, 'a short string'), true);
  running = false;
  await verifier.close();
  // On the main thread the loop would have turned once or twice in the whole time.
  assert.ok(turns > 20, `${turns} turns`);
});

test('a verification that runs while the verifier is closed rejects, and none is left waiting', async () => {
  const verifier = createPasswordVerifier();
  const running = verifier.verify(`$6$rounds=200000$salt$${'a'.repeat(86)}`, 'x');
  const rejected = assert.rejects(running, /password thread has ended/);
  await verifier.close();
  await rejected;
});

test('generatePassword() makes six readable groups, each time others, and spreads over its alphabet evenly', () => {
  assert.match(generatePassword(), /^[abcdefghjkmnpqrstuvwxyz2-9]{4}(?:-[abcdefghjkmnpqrstuvwxyz2-9]{4}){5}$/);
  const counts = new Map<string, number>();
  for (let i = 0; i < 2000; i += 1)
    for (const c of generatePassword().replaceAll('-', '')) counts.set(c, (counts.get(c) ?? 0) + 1);
  assert.equal(counts.size, 31);
  const mean = (2000 * 24) / 31;
  for (const [c, n] of counts) assert.ok(Math.abs(n - mean) < mean * 0.2, `${c}: ${n}`);
});

test('checkNewPassword() names what is expected and never the password', () => {
  const short = checkNewPassword('geheim');
  assert.ok(!short.ok && short.error.includes('at least 12') && !short.error.includes('geheim'));
  assert.ok(!checkNewPassword('x7-pq-Rw92k').ok, 'eleven');
  assert.ok(checkNewPassword('x7-pq-Rw92kz').ok, 'twelve');
  assert.ok(!checkNewPassword('tab\tinside').ok);
  assert.ok(!checkNewPassword('é'.repeat(257)).ok);
  assert.ok(checkNewPassword('päss wörd lädder').ok);
});
