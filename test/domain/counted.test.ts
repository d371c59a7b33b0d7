import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { agree, many } from '../../src/domain/counted.ts';

test('many() says one of what there is one of', () => {
  for (const [what, more] of [
    ['row', 'rows'],
    ['address', 'addresses'],
    ['mailbox', 'mailboxes'],
    ['batch', 'batches'],
    ['delivery', 'deliveries'],
    ['day', 'days'],
    ['time stamp', 'time stamps'],
  ] as const)
    assert.deepEqual([many(0, what), many(1, what), many(2, what)], [`0 ${more}`, `1 ${what}`, `2 ${more}`]);
  assert.deepEqual([agree(0, 'is', 'are'), agree(1, 'is', 'are'), agree(2, 'is', 'are')], ['are', 'is', 'are']);
});

test('no command counts by hand', () => {
  const folder = join(import.meta.dirname, '..', '..', 'src', 'cli');
  const things =
    'accounts|addresses|codes|connections|deliveries|files|identities|letters|mailboxes|messages|rows|sessions|settings|submissions';
  const byHand = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) =>
      [...readFileSync(join(folder, name), 'utf8').matchAll(new RegExp(`\\$\\{[^{}]*\\} (?:${things})\\b`, 'g'))].map(
        ([found]) => `${name}: ${found}`,
      ),
    );
  assert.deepEqual(byHand, []);
});
