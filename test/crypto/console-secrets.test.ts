/**
 * Secrets of the console: a challenge holds for what it was made for, for a while, and at gateways
 * with the same master key.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { CHALLENGE_LIFE } from '../../src/domain/console.ts';
import { instant } from '../../src/domain/units.ts';
import {
  Challenges,
  challengeKey,
  formToken,
  isFormToken,
  newSessionSecret,
  overIn,
  sessionHash,
} from '../../src/crypto/keys/console-secrets.ts';

const now = instant(Date.UTC(2026, 10, 28));
const master = randomBytes(32);
const challenges = new Challenges(challengeKey(master), randomBytes);

test('a challenge holds for its use and for five minutes, wherever the master key is the same', () => {
  const made = Buffer.from(challenges.make('log-in', now)).toString('base64url');
  const other = new Challenges(challengeKey(master), randomBytes);
  assert(other.holds(made, 'log-in', now));
  assert(challenges.holds(made, 'log-in', instant(now + CHALLENGE_LIFE - 1)));
  assert(!challenges.holds(made, 'log-in', instant(now + CHALLENGE_LIFE)));
  assert(!challenges.holds(made, 'log-in', instant(now - 60_000)));
  assert(!challenges.holds(made, 'register ABCD', now));
  assert(!challenges.holds(made, 'prove ABCD', now));
  assert(!new Challenges(challengeKey(randomBytes(32)), randomBytes).holds(made, 'log-in', now));
});

test('a challenge that was changed anywhere, or is spelt in another way, holds for nothing', () => {
  const made = challenges.make('log-in', now);
  for (let at = 0; at < made.length; at += 1) {
    const changed = Buffer.from(made);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert(!challenges.holds(changed.toString('base64url'), 'log-in', now), String(at));
  }
  const text = Buffer.from(made).toString('base64url');
  for (const bad of ['', 'x', `${text}=`, `${text}A`, text.slice(1), `${text.slice(0, -1)}!`])
    assert(!challenges.holds(bad, 'log-in', now), bad);
  assert.notDeepEqual(challenges.make('log-in', now), made);
});

test('the token of a form is that of one session', () => {
  const [one, other] = [newSessionSecret(randomBytes), newSessionSecret(randomBytes)];
  assert(isFormToken(one, formToken(one)));
  for (const bad of ['', 'x', formToken(other), `${formToken(one)}x`, formToken(one).slice(1)])
    assert(!isFormToken(one, bad));
  assert.notDeepEqual(sessionHash(one), sessionHash(other));
  for (const bad of ['', 'x', `${one}x`, one.slice(1), `${one.slice(1)}/`]) assert.equal(sessionHash(bad), undefined);
});

test('a challenge over a text holds for that text alone, tells it to whoever has no key, and is none of another use', () => {
  const over = createHash('sha256').update('the request').digest();
  const made = Buffer.from(challenges.make('decide S', now, over));
  const text = made.toString('base64url');
  assert(challenges.holds(text, 'decide S', now, { over }));
  assert(!challenges.holds(text, 'decide T', now, { over }), 'another session');
  assert(!challenges.holds(text, 'prove S', now, { over }), 'another use');
  assert(!challenges.holds(text, 'decide S', now, { over: createHash('sha256').update('another').digest() }));
  assert(!challenges.holds(text, 'decide S', instant(now + CHALLENGE_LIFE), { over }), 'too old');
  for (const use of ['log-in', 'prove S', 'decide S'] as const) {
    assert(!challenges.holds(text, use, now), 'a touch for a request is not a login');
    const plain = Buffer.from(challenges.make(use, now)).toString('base64url');
    assert(!challenges.holds(plain, 'decide S', now, { over }), 'and the other way round');
  }
  assert.deepEqual(overIn(made), { at: now, over });
  assert.equal(overIn(challenges.make('log-in', now)), undefined);
  const moved = Buffer.from(made);
  moved.writeUInt8((moved[30] ?? 0) ^ 1, 30);
  assert(!challenges.holds(moved.toString('base64url'), 'decide S', now, { over: moved.subarray(22, 54) }));
});
