import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId, PartnerId } from '../../src/domain/ids.ts';
import { readHeader } from '../../src/mime/header.ts';
import type { AcceptedRecipient } from '../../src/store/acceptance.ts';
import { type ReceiptRequest, asksForReceipt, withReceipts } from '../../src/submission/receipt-request.ts';
import { address } from '../support/store.ts';

const asks = (...fields: string[]): boolean => {
  const header = readHeader(Buffer.from(['From: a@one.test', ...fields, '', ''].join('\r\n')));
  assert.ok(header.ok);
  return asksForReceipt(header.value);
};

test('the header field asks with its one value, in any case and with blanks around it', () => {
  assert.ok(asks('Sluis-Receipt: collected'));
  assert.ok(asks('SLUIS-RECEIPT:\tCollected '));
  assert.ok(asks('Sluis-Receipt: read', 'Sluis-Receipt: collected'));
  for (const fields of [[], ['Sluis-Receipt: read'], ['Sluis-Receipt:'], ['X-Sluis-Receipt: collected']])
    assert.equal(asks(...fields), false, fields.join());
});

const mailbox: AcceptedRecipient = { address: address('x@two.test'), mailbox: 7 as AccountId };
const partner: AcceptedRecipient = { address: address('y@three.test'), partner: 3 as PartnerId };
const never: AcceptedRecipient = { ...mailbox, address: address('z@two.test'), notify: ['NEVER'] };
const marked = (request: Partial<ReceiptRequest>): string[] =>
  withReceipts(
    [mailbox, partner, never].map((to) => ({ to })),
    {
      sender: address('a@one.test'),
      asked: false,
      setting: 'asked',
      ...request,
    },
  )
    .filter(({ to }) => to.receipt === true)
    .map(({ to }) => to.address);

test('a receipt is owed where the header asks, or always by the setting; never by the setting against the header', () => {
  assert.deepEqual(marked({ asked: true }), ['x@two.test']);
  assert.deepEqual(marked({ setting: 'always' }), ['x@two.test']);
  assert.deepEqual(marked({}), []);
  assert.deepEqual(marked({ asked: true, setting: 'never' }), []);
});

test('nothing is owed to a null reverse path', () => {
  assert.deepEqual(marked({ sender: '', asked: true, setting: 'always' }), []);
});
