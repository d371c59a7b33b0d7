import assert from 'node:assert/strict';
import test from 'node:test';
import { Lru } from '../../src/store/core/lru.ts';

test('it never holds more than its size, and forgets what was not used for the longest time', () => {
  const lru = new Lru<number, string>(100);
  for (let i = 0; i < 1000; i += 1) {
    lru.set(i, `v${i}`);
    lru.get(0);
    assert(lru.size <= 100);
  }
  assert.equal(lru.get(0), 'v0');
  assert.equal(lru.get(999), 'v999');
  assert.equal(lru.get(500), undefined);
});

test('what was deleted or cleared is gone', () => {
  const lru = new Lru<string, number>(10);
  lru.set('a', 1);
  lru.set('b', 2);
  lru.delete('a');
  assert.deepEqual([lru.get('a'), lru.get('b')], [undefined, 2]);
  lru.clear();
  assert.equal(lru.size, 0);
});
