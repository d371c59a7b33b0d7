import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageIdOf, messageNumber, parseMessageId } from '../../src/domain/ids.ts';

test('a message id is 13 characters, keeps the order of its number and reads back', () => {
  const numbers = [0n, 1n, 31n, 32n, 1n << 40n, (1n << 63n) - 1n];
  const ids = numbers.map(messageIdOf);
  for (const [i, id] of ids.entries()) {
    assert.equal(id.length, 13);
    assert.equal(messageNumber(id), numbers[i]);
    assert.equal(parseMessageId(id.toUpperCase()), id);
  }
  assert.deepEqual([...ids].sort(), ids);
});

test('parseMessageId() takes nothing else', () => {
  for (const text of [
    '',
    '0'.repeat(12),
    '0'.repeat(14),
    `8${'0'.repeat(12)}`,
    `0${'i'.repeat(12)}`,
    `0${'0'.repeat(11)}\n`,
  ])
    assert.equal(parseMessageId(text), undefined, JSON.stringify(text));
});
