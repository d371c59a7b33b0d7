/**
 * Answers that a hostile or broken resolver could send: whatever comes is an answer, none to the
 * question, or DnsFailed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DnsFailed, answerTo, questionOf } from '../../src/dns/packet.ts';
import { usableOf } from '../../src/dns/tlsa.ts';
import { findTlsa } from '../../src/dns/tlsa-lookup.ts';
import { chance } from '../support/chance.ts';
import { alias, replyOf, tlsaRecord } from '../support/dns.ts';
import { effort } from '../support/effort.ts';

const NAME = '_25._tcp.mx.test';
const question = { name: NAME, type: 'TLSA', class: 'IN' };
const genuine = replyOf(7, question, {
  answers: [
    alias(NAME, '_dane.test'),
    ...[1, 2, 3].map((n) => tlsaRecord('_dane.test', [3, 1, 1], Buffer.alloc(32, n))),
  ],
});

function broken(): Buffer {
  const octets = Buffer.from(genuine);
  for (let changes = 1 + chance.below(8); changes > 0; changes--)
    octets[2 + chance.below(octets.length - 2)] = chance.pick([0, 1, 0x3f, 0x40, 0xc0, 0xff, chance.below(256)]);
  return chance.below(3) === 0 ? octets.subarray(0, 2 + chance.below(octets.length - 2)) : octets;
}

test('the genuine answer is read', () => {
  const answer = answerTo(7, NAME, 'TLSA', genuine);
  assert.ok(typeof answer === 'object');
  assert.equal(usableOf(answer.records.slice(1).map(({ data }) => data)).length, 3);
});

test('octets that were changed or cut are never more than an answer, and throw nothing but DnsFailed', async () => {
  for (let n = effort(3000, 100_000); n > 0; n--) {
    const octets = broken();
    try {
      const answer = answerTo(7, NAME, 'TLSA', octets);
      if (typeof answer !== 'object') continue;
      usableOf(answer.records.map(({ data }) => data).filter((data) => data !== null && typeof data === 'object'));
      // The whole way: what a look-up makes of it.
      const found = await findTlsa({ ask: () => Promise.resolve(answer) }, 'mx.test', 25);
      assert.ok(found.kind === 'none' || found.records.length > 0);
    } catch (error) {
      assert.ok(error instanceof DnsFailed, `${octets.toString('hex')}: ${String(error)}`);
    }
  }
});

test('a question asks for recursion and for the AD bit, and tells what fits', () => {
  const octets = questionOf(0x1234, 'mx.test', 'A');
  assert.deepEqual([...octets.subarray(0, 4)], [0x12, 0x34, 0x01, 0x20]);
  // OPT (RFC 6891): no name, type 41, 1,232 octets.
  assert.equal(octets.subarray(-11, -6).toString('hex'), '00002904d0');
});
