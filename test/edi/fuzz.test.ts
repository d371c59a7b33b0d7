import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzWalk } from '../mime/fuzzing.ts';
import { fuzzEdi } from './fuzzing.ts';

test('fuzz: the walk over MIME and the readers of EDI, for two seconds; a minute each in the faults', () => {
  assert.ok(fuzzWalk(2000, 1).rounds > 20);
  assert.ok(fuzzEdi(2000, 1).rounds > 20);
});
