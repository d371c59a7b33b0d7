import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoginMemory } from '../../src/auth/login-memory.ts';
import type { AccountId } from '../../src/domain/ids.ts';
import { hours, instant, milliseconds } from '../../src/domain/units.ts';

const NETWORK = '192.0.2.1';
const at = milliseconds;
const wall = instant(Date.UTC(2026, 10, 25));
const account = (n: number): AccountId => n as AccountId;
const memoryOf = (limit = 100, key = 1): LoginMemory => new LoginMemory(new Uint8Array(32).fill(key), hours(1), limit);
const success = (id = 1, endsAt?: number) => ({
  account: account(id),
  name: 'default',
  notedAt: at(0),
  ...(endsAt === undefined ? {} : { endsAt: instant(endsAt) }),
});

test('a success is remembered for an hour after its last use', () => {
  const memory = memoryOf();
  const digest = memory.digest('a@x.example', 'secret', NETWORK, 1);
  memory.remember(digest, success(), at(0));
  assert.ok(memory.find(digest, account(1), at(hours(1) - 1), wall));
  assert.ok(memory.find(digest, account(1), at(2 * hours(1) - 2), wall), 'the use began a new hour');
  assert.equal(memory.find(digest, account(1), at(3 * hours(1) - 2), wall), undefined);
  assert.equal(memory.size, 0);
});

test('another password, another version, another login, another network or another process does not find it', () => {
  const memory = memoryOf();
  memory.remember(memory.digest('a@x.example', 'secret', NETWORK, 1), success(), at(0));
  for (const digest of [
    memory.digest('a@x.example', 'secret', NETWORK, 2),
    memory.digest('a@x.example', 'Secret', NETWORK, 1),
    memory.digest('b@x.example', 'secret', NETWORK, 1),
    memory.digest('a@x.example', 'secret', '192.0.2.2', 1),
    memory.digest('a@x.example', '\0secret', NETWORK, 1),
    memoryOf(100, 2).digest('a@x.example', 'secret', NETWORK, 1),
  ])
    assert.equal(memory.find(digest, account(1), at(0), wall), undefined);
});

test('an account that has the login of an earlier one does not inherit what that one could', () => {
  const memory = memoryOf();
  const digest = memory.digest('a@x.example', 'secret', NETWORK, 1);
  memory.remember(digest, success(1), at(0));
  assert.equal(memory.find(digest, account(2), at(0), wall), undefined);
});

test('a password that ends within the hour is forgotten at its end', () => {
  const memory = memoryOf();
  const digest = memory.digest('a@x.example', 'secret', NETWORK, 1);
  memory.remember(digest, success(1, wall + 1000), at(0));
  assert.ok(memory.find(digest, account(1), at(999), instant(wall + 999)));
  assert.equal(memory.find(digest, account(1), at(1000), instant(wall + 1000)), undefined);
});

test('forget() drops the accounts named; a change that touches many drops none, their versions decide', () => {
  const memory = memoryOf();
  const digests = [1, 2, 3].map((n) => {
    const digest = memory.digest(`${n}@x.example`, 'secret', NETWORK, 1);
    memory.remember(digest, success(n), at(0));
    return digest;
  });
  memory.forget([account(1), account(99)]);
  assert.deepEqual(
    digests.map((d, i) => memory.find(d, account(i + 1), at(0), wall) !== undefined),
    [false, true, true],
  );
  memory.forget('many');
  assert.equal(memory.size, 2);
});

test('the memory is bounded: what was used longest ago goes first', () => {
  const memory = memoryOf(2);
  const digest = (n: number): string => memory.digest(`${n}@x.example`, 'secret', NETWORK, 1);
  memory.remember(digest(1), success(1), at(0));
  memory.remember(digest(2), success(2), at(0));
  memory.find(digest(1), account(1), at(1), wall);
  memory.remember(digest(3), success(3), at(2));
  assert.equal(memory.size, 2);
  assert.equal(memory.find(digest(2), account(2), at(3), wall), undefined);
  assert.ok(memory.find(digest(1), account(1), at(3), wall));
});
