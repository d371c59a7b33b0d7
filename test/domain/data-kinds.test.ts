/** A table of the store is described in one file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DataKind, together } from '../../src/domain/data-kinds/data-kind.ts';

const kind: DataKind = { area: 'technical', what: 'x', columns: ['id'], kept: 'a day', erase: 'deleted' };

const untold: Readonly<Record<string, DataKind>> = { two: kind };

test('a table that is described in two files of data kinds does not compile', () => {
  assert.deepEqual(Object.keys(together({ one: kind }, { two: kind }, { three: kind })), ['one', 'two', 'three']);
  // @ts-expect-error: the last says again what the first said. Where this compiles, the line above it fails the build.
  together({ one: kind }, { two: kind }, { one: kind });
  // @ts-expect-error: of a file that does not tell its tables nobody knows whether another has them too.
  together({ one: kind }, untold);
});
