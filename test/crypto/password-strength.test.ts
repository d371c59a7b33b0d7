/** Passwords that are tried first, and those that nobody guesses. */
// @own-process: it measures processor time or memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatePassword } from '../../src/crypto/passwords/password-generate.ts';
import { weakness } from '../../src/crypto/passwords/password-strength.ts';
import { checkNewPassword } from '../../src/crypto/passwords/password-text.ts';

const OWN = ['jansen@praktijk-noord.nl', 'praktijk-noord', 'Huisartsen Noorderlicht'];

test('what everybody tries first is refused, however long it is', () => {
  for (const text of [
    ...[
      '123456789012',
      'aaaaaaaaaaaa',
      'abcabcabcabc',
      'qwertyuiop12',
      'Qwertyuiop[]',
      'asdfghjklasdfghjkl',
      '1qaz2wsx3edc',
    ],
    ...[
      'Wachtwoord2026!',
      'welkomwelkom',
      'Welkom01Welkom01',
      'P@ssw0rd2026',
      'passwordpassword',
      'W3lk0m-2026!!',
      'zomer2026zomer',
    ],
    ...['abcdefghijkl', '0612345678901', 'ziekenhuis2026', 'iloveyou2026!', '            ', 'Geheim-Geheim-1'],
    // Of its owner.
    ...[
      'jansenjansen',
      'Jansen-2026!!',
      'noorderlicht2026',
      'Praktijk-Noord1',
      'jansen@praktijk-noord.nl',
      'J4ns3n-welkom',
    ],
  ])
    assert.notEqual(weakness(text, OWN), undefined, text);
});

test('what nobody guesses is taken', () => {
  for (const text of [
    ...[
      'tractor bloempot 7 giraf',
      'correct horse vijver',
      'mijn kat eet elke dag vis',
      'x7-pq-Rw92kz',
      '9f3kd02lsq8v',
      'päss wörd lädder',
    ],
    ...['Noorderlicht giraf bloempot', 'wachtwoord is een lelijk woord'],
  ])
    assert.equal(weakness(text, OWN), undefined, text);
});

test('another owner may have what one may not', () => {
  assert.notEqual(weakness('noorderlicht2026', OWN), undefined);
  assert.equal(weakness('noorderlicht2026', ['bakker@zuid.nl']), undefined);
});

test('a password that we make is never refused, and the reason never has what stands in it', () => {
  for (let i = 0; i < 500; i += 1) {
    const made = generatePassword();
    assert.ok(checkNewPassword(made, OWN).ok, made);
  }
  const weak = checkNewPassword('Jansen-2026!!', OWN);
  assert.ok(!weak.ok && !/jansen|2026/i.test(weak.error), JSON.stringify(weak));
});

test('a long text is judged in little time', () => {
  const before = process.cpuUsage();
  for (let i = 0; i < 100; i += 1) weakness('qwertyuiop'.repeat(51), OWN);
  const { user } = process.cpuUsage(before);
  assert(user < 500_000, `${user} microseconds for 100`);
});
