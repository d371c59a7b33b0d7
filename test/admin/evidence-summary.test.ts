/**
 * The summary of a bundle: a golden file, for courts quote it, and nothing from a stranger that
 * moves a cursor or forges a line.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { BundleFacts } from '../../src/admin/evidence-summary.ts';
import { howToCheck } from '../../src/admin/evidence-how-to.ts';
import { summaryText } from '../../src/admin/evidence-summary.ts';

const at = '2026-11-26T09:00:00.000Z';
const hash = (digit: string): string => digit.repeat(64);
const file = { received: at, sender: 'lab@hospital.test', octets: 1200, messageId: '1@hospital.test' };

const facts: BundleFacts = {
  ...{
    hostname: 'mx.test',
    asked: '<1@hospital.test>',
    made: '2026-11-26T10:30:00.000Z',
    actor: 'jan',
    reason: 'complaint 17',
  },
  ...{ fingerprint: hash('f'), head: { seq: 90, hash: hash('9') }, rows: [] },
  pieces: [
    {
      from: 3,
      to: 9,
      anchor: '{}',
      stamp: { line: '{}', anchor: { seq: 9, line: '{}' }, at: '2026-11-26T09:30:02.000Z' },
    },
    { from: 88, to: 88 },
  ],
  missing: ['The content of 38gqyh2n60000 is no longer kept; its size and hashes were taken when it was accepted.'],
  submissions: [
    {
      id: '38gqyh2n60000',
      message: {
        ...{ ...file, id: '38gqyh2n60000', account: 'lab', recipients: ['bram@group.test'], sha256: hash('a') },
        ...{ content: 'gone', envelope: { body: '7BIT', smtpUtf8: false } },
      },
      quirks: 'line-ends no-date',
      copies: [
        { recipient: 'bram@group.test', account: 'bram', state: 'deleted', protection: 'smime interop aes-256-cbc' },
        {
          ...{ recipient: 'ward@clinic.test', partner: 'clinic', state: 'failed' },
          delivery: {
            ...{
              id: 1,
              message: '38gqyh2n60000',
              sender: 'lab@hospital.test',
              recipient: 'ward@clinic.test',
              state: 'failed',
            },
            ...{ octets: 1200, accepted: at, attempts: 2, settled: at, lastReply: '550 5.1.1 no such ward\u001b[2J' },
          },
        },
      ],
      protected: [
        { ...file, id: '38gqyh2n70000', recipients: ['bram@group.test'], sha256: hash('b'), content: 'gone' },
      ],
      parts: [
        {
          part: '1',
          type: 'application/edifact',
          name: 'lab\u202e.edi',
          encoding: '7bit',
          octets: 1000,
          sha256: hash('c'),
          exact: true,
        },
      ],
      interchanges: [
        {
          ...{ part: '1', format: 'edifact', sender: '500000003:ZZ', recipient: '500000004:ZZ', reference: 'REF1' },
          ...{ messages: [], controls: 'right', test: true, acknowledge: false, remarks: [] },
        },
      ],
      limits: [],
      notices: [
        {
          ...{ ...file, id: '38gqyh2n80000', recipients: ['lab@hospital.test'], sha256: hash('d'), content: 'kept' },
          ...{ kind: 'failed', copies: [{ recipient: 'lab@hospital.test', account: 'lab', state: 'waiting' }] },
        },
      ],
      events: [
        {
          seq: 3,
          at,
          event: 'message.accepted',
          outcome: 'success',
          account: 'lab',
          facts: { octets: 1200 },
          erased: true,
        },
      ],
    },
    {
      ...{
        id: '38gqyh2n90000',
        quirks: '',
        copies: [],
        protected: [],
        parts: [],
        interchanges: [],
        limits: [],
        notices: [],
      },
      events: [{ seq: 88, at, event: 'message.refused', outcome: 'failure', facts: { reply: 550 }, erased: false }],
    },
  ],
  certificates: [
    {
      ...{ fingerprint: hash('e'), use: 'login', row: 3, at, standing: 'valid', subject: 'CN=lab' },
      revoked: { at: '2026-12-01T00:00:00.000Z', reason: 'key lost' },
    },
    { fingerprint: hash('1'), use: 'verified', row: 3, at, standing: 'unregistered' },
  ],
};

test('the summary stands as it always stood', () => {
  const text = summaryText(facts);
  assert.equal(text, readFileSync('test/golden/evidence/summary.txt', 'utf8'));
  // eslint-disable-next-line no-control-regex -- that is what must not be there
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u202e]/);
  assert(text.split('\n').every((line) => line.length < 998));
});

test('how to check stands as it always stood: somebody may read it in twenty years', () => {
  assert.equal(howToCheck(hash('f')), readFileSync('test/golden/evidence/how-to-check.txt', 'utf8'));
});

test('of many time stamps the summary lists some and counts the others; pieces without one are told of', () => {
  const stamp = (seq: number) => ({ line: '{}', anchor: { seq, line: '{}' }, at });
  const pieces = Array.from({ length: 25 }, (_, n) => ({ from: n, to: n, anchor: '{}', stamp: stamp(n) }));
  const text = summaryText({ ...facts, pieces: [...pieces, { from: 90, to: 90 }] });
  assert.match(text, /^25 of 26 pieces lead to a head that a time-stamping authority stamped /m);
  assert.equal(text.match(/^- the trail up to row /gm)?.length, 20);
  assert.match(text, /^- and 5 more$/m);
});
