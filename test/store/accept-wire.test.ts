import assert from 'node:assert/strict';
import test from 'node:test';
import { acceptanceOf, sentAcceptance } from '../../src/store/sqlite/accept-wire.ts';
import type { AcceptWork } from '../../src/store/sqlite/writer-protocol.ts';

/** What comes as text is a Buffer on the other side; what comes as octets is none. */
const octets = (n: number, length: number): Uint8Array => Buffer.alloc(length, n);
const whole = (n: number, length: number): Uint8Array => new Uint8Array(length).fill(n);

/** Every field has a value of its own. */
const full = (n: number, more: Partial<AcceptWork> = {}): AcceptWork => ({
  kind: 'accept',
  id: BigInt(n + 1),
  receivedAt: n + 2,
  submitter: n + 3,
  sender: `${n} sender`,
  messageIdField: `${n} message id`,
  envelope: `${n} envelope`,
  parts: `${n} parts`,
  octets: n + 4,
  submitted: n + 5,
  charged: n + 6,
  sha256: octets(n + 200, 32),
  day: `${n} day`,
  dataKey: octets(n + 201, 60),
  chunks: n + 7,
  body: whole(n + 202, 1000),
  submittedHeader: whole(n + 203, 100),
  mailboxes: [n + 8],
  owners: [n + 9],
  partners: [n + 10],
  keys: [`${n} key`],
  uidls: octets(n + 204, 16),
  receipts: [n + 11],
  deliveries: [{ partner: n + 12, mailbox: null, held: true, recipient: `${n} recipient`, dsn: null }],
  interchanges: [`${n} interchange`],
  system: true,
  once: `${n} once`,
  resubmission: { key: octets(n + 205, 16), since: n + 13 },
  copies: [],
  audit: [
    {
      ...{ at: n + 14, event: `${n} event`, outcome: 'failure', message: BigInt(n + 15), account: n + 16 },
      ...{ facts: `${n} facts`, personal: `${n} personal`, salt: octets(n + 206, 16) },
    },
  ],
  notices: [],
  ...more,
});

const EMPTY = {
  ...{ mailboxes: [], owners: [], partners: [], keys: [], receipts: [], deliveries: [], interchanges: [], audit: [] },
  ...{ parts: null, body: null, submittedHeader: null, once: null, resubmission: null, system: false },
  uidls: octets(0, 0),
} as const;

test('an acceptance is on the other side what it was, in each of its fields', () => {
  const audit = { at: 1, event: 'e', outcome: 'success', message: null, account: null, facts: '{}' } as const;
  for (const work of [
    full(0),
    full(1, EMPTY),
    full(2, { audit: [{ ...audit, personal: null, salt: null }] }),
    full(3, { copies: [full(4), full(5, EMPTY)], notices: [full(6)] }),
  ])
    assert.deepEqual(acceptanceOf(structuredClone(sentAcceptance(work))), work);
});
