import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KnownNetworks, WRITE_EVERY } from '../../src/auth/known-networks.ts';
import { days } from '../../src/domain/units.ts';
import { NETWORKS_OF_ACCOUNT } from '../../src/store/registry.ts';
import { seeded } from '../support/seeded.ts';

const limits = { trustFor: days(30), pairs: 1000 };

test('of one account the latest networks are kept: whoever has one makes no more networks known than these', () => {
  const known = new KnownNetworks(limits);
  known.add('owner', '192.0.2.1', 0);
  for (let i = 0; i < 500; i += 1) known.add('guesser', `10.0.${i >> 8}.${i & 255}`, i);
  assert.equal(known.size, 1 + NETWORKS_OF_ACCOUNT);
  assert.ok(known.has('owner', '192.0.2.1', 500) && known.knows('192.0.2.1', 500));
  assert.ok(!known.has('guesser', '10.0.0.0', 500) && !known.knows('10.0.0.0', 500));
  assert.ok(known.has('guesser', '10.0.1.243', 500));
});

test('beyond the limit in all the account goes first that logged in longest ago', () => {
  const known = new KnownNetworks({ ...limits, pairs: 3 });
  for (const login of ['a', 'b', 'c']) known.add(login, `of ${login}`, 0);
  known.add('a', 'of a', 1);
  known.add('d', 'of d', 2);
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((login) => known.has(login, `of ${login}`, 2)),
    [true, false, true, true],
  );
});

test('what was before the start ends when it would have ended, and a success of now wins', () => {
  const known = new KnownNetworks(limits);
  known.restore('a', 'n', 0 - days(29));
  assert.ok(known.has('a', 'n', days(1) - 1) && !known.has('a', 'n', days(1)) && !known.knows('n', days(1)));
  known.add('a', 'n', 5);
  known.restore('a', 'n', 0 - days(3));
  assert.ok(known.has('a', 'n', days(29)));
});

test('a success is written down when it is new, and then once a day', () => {
  const known = new KnownNetworks(limits);
  assert.equal(known.add('a', 'n', 0), true);
  assert.equal(known.add('a', 'n', WRITE_EVERY - 1), false);
  assert.equal(known.add('a', 'n', WRITE_EVERY), true);
  assert.equal(known.add('b', 'n', WRITE_EVERY), true);
  known.restore('c', 'n', 0);
  assert.equal(known.add('c', 'n', WRITE_EVERY - 1), false);
});

test('seeded histories: how many accounts a network has is what is left of them', () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = seeded(seed);
    const known = new KnownNetworks({ ...limits, pairs: 40 });
    const pick = (n: number): number => Math.floor(random.next() * n);
    for (let step = 0; step < 500; step += 1) {
      const [login, network] = [`a${pick(20)}`, `n${pick(30)}`];
      if (random.next() < 0.3) known.restore(login, network, step - pick(100));
      else known.add(login, network, step);
      assert.ok(known.size <= 40, `seed ${seed}`);
    }
    let pairs = 0;
    for (let n = 0; n < 30; n += 1) {
      const accounts = Array.from({ length: 20 }, (_, a) => known.has(`a${a}`, `n${n}`, 500)).filter(Boolean).length;
      assert.equal(known.accountsOf(`n${n}`, 500), accounts, `seed ${seed}, n${n}`);
      pairs += accounts;
    }
    assert.equal(known.size, pairs, `seed ${seed}`);
  }
});
