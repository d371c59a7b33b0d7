import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { sha512crypt } from '../../src/crypto/passwords/password-sha512crypt.ts';

// Drepper, "Unix crypt using SHA-256 and SHA-512", version 0.6, the table at the end of the
// reference code.
const published: readonly (readonly [salt: string, rounds: number, password: string, digest: string])[] = [
  [
    'saltstring',
    5000,
    'Hello world!',
    'svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
  ],
  [
    'saltstringsaltstring',
    10000,
    'Hello world!',
    'OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.',
  ],
  [
    'toolongsaltstring',
    5000,
    'This is just a test',
    'lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoNeKQzQ3glMhwllF7oGDZxUhx1yxdYcz/e1JSbq3y6JMxxl8audkUEm0',
  ],
  [
    'anotherlongsaltstring',
    1400,
    'a very much longer text to encrypt.  This one even stretches over morethan one line.',
    'POfYwTEok97VWcjxIiSOjiykti.o/pQs.wPvMxQ6Fm7I6IoYN3CmLs66x9t0oSwbtEW7o7UmJEiDwGqd8p4ur1',
  ],
  [
    'short',
    77777,
    'we have a short salt string but not a short password',
    'WuQyW2YR.hBNpjjRhpYD/ifIw05xdfeEyQoMxIXbkvr0gge1a1x3yRULJ5CCaUeOxFmtlcGZelFl5CxtgfiAc0',
  ],
  [
    'asaltof16chars..',
    123456,
    'a short string',
    'BtCwjqMJGx5hrJhZywWvt0RLE8uZ4oPwcelCjmw2kSYu.Ec6ycULevoBK25fs2xXgMNrCzIMVcgEJAstJeonj1',
  ],
  [
    'roundstoolow',
    1000,
    'the minimum number is still observed',
    'kUMsbe306n21p9R.FRkW3IGn.S9NPN0x50YhH1xhLsPuWGsUSklZt58jaTfF4ZEQpyUNGc0dqbpBYYBaHHrsX.',
  ],
];

for (const [salt, rounds, password, digest] of published)
  test(`sha512crypt() gives the published digest for salt ${salt} and ${rounds} rounds`, () => {
    assert.equal(sha512crypt(Buffer.from(password), salt, rounds), digest);
  });

test('sha512crypt() agrees with openssl for passwords of every length around the digest size', (t) => {
  if (spawnSync('openssl', ['version']).status !== 0) {
    console.error('SKIPPED: openssl is not installed, sha512-crypt was not compared with it');
    t.skip('openssl is not installed');
    return;
  }
  for (const length of [1, 15, 16, 17, 63, 64, 65, 127, 128, 129, 200]) {
    const password = 'Zürich-1 '.repeat(30).slice(0, length);
    const made = spawnSync('openssl', ['passwd', '-6', '-salt', 'q.w/e', '-stdin'], { input: `${password}\n` });
    assert.equal(`$6$q.w/e$${sha512crypt(Buffer.from(password), 'q.w/e', 5000)}`, made.stdout.toString().trim());
  }
});
