/** When check and doctor speak of compacting. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyCompact } from '../../src/gateway/store-finding.ts';

const GIB = 1024 ** 3;
const head = { pageOctets: 4096, shrinks: false, octets: 10 * GIB, freeOctets: 0 };

test('compacting pays for a file of the old form, and where half of a large one is free', () => {
  assert.equal(whyCompact(undefined), undefined);
  assert.equal(whyCompact(head), undefined);
  assert.equal(whyCompact({ ...head, freeOctets: 5 * GIB - 4096 }), undefined);
  assert.match(whyCompact({ ...head, freeOctets: 5 * GIB }) ?? '', /^5\.0 of 10\.0 GiB of the database are free/);
  assert.equal(whyCompact({ ...head, octets: GIB, freeOctets: GIB - 4096 }), undefined);
  for (const old of [{ pageOctets: 8192 }, { shrinks: true }])
    assert.match(whyCompact({ ...head, ...old }) ?? '', /form of an older version.*"sluis store compact"/);
});
