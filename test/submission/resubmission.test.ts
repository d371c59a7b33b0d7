import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { AccountId } from '../../src/domain/ids.ts';
import { type Resubmitted, resubmissionKey } from '../../src/submission/resubmission.ts';

const submitted = createHash('sha256').update('the octets').digest();
const message: Resubmitted = {
  account: 7 as AccountId,
  sender: 'a@one.test',
  recipients: ['x@two.test', 'y@two.test'],
  messageId: '1@one.test',
  submitted,
};
const key = (change: Partial<Resubmitted> = {}): string =>
  Buffer.from(resubmissionKey({ ...message, ...change })).toString('hex');

test('the same message of the same account has the same key, in whatever order it names its recipients', () => {
  assert.equal(key(), key());
  assert.equal(key(), key({ recipients: ['y@two.test', 'x@two.test'] }));
  assert.equal(key().length, 32);
});

test('each part alone makes another key', () => {
  const others = [
    key({ account: 8 as AccountId }),
    key({ sender: 'b@one.test' }),
    key({ recipients: ['x@two.test'] }),
    key({ recipients: ['x@two.test,y@two.test'] }),
    key({ messageId: '2@one.test' }),
    key({ submitted: createHash('sha256').update('other octets').digest() }),
  ];
  assert.equal(new Set([key(), ...others]).size, others.length + 1);
});
