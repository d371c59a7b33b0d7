/**
 * Notices of a message that a guard holds: golden files, for whom, and that none is left over when
 * one cannot be written.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heldNotices } from '../../src/notices/held.ts';
import { filed } from '../support/filed.ts';
import { type Region, matchesGolden, openRegion } from '../support/region.ts';
import { address } from '../support/store.ts';

async function hold(region: Region, from: string, sender = from): Promise<number> {
  const message = await region.send({ from });
  const submitter = await region.store.registry.findAccount(from);
  const notices = await heldNotices(region.noticeWriter, {
    id: message.id,
    messageIdField: message.messageIdField,
    receivedAt: message.receivedAt,
    sender: sender === '' ? '' : address(sender),
    submitter: submitter!.account,
    recipients: [address('arts@ziekenhuis.test'), address('edi@brug.test')],
    reasons: [
      'The interchange names as its recipient "500000009:ZZ", which is not <arts@ziekenhuis.test>',
      'The control totals are wrong: unz-count',
      'The control totals are wrong: unz-count',
    ],
  });
  for (const notice of notices) {
    assert.deepEqual(await region.store.accept(notice.acceptance), { kind: 'filed' });
    await notice.discard();
  }
  return notices.length;
}

test('the sender reads that it is held, for whom and why; the operator what to look at and to type', async (t) => {
  const region = await openRegion(t);
  assert.equal(await hold(region, 'huisarts@brug.test'), 2);
  const [own = ''] = await filed(region.store, 'huisarts@brug.test');
  matchesGolden('held.eml', own);
  const [operator = ''] = await filed(region.store, 'postmaster');
  matchesGolden('held-operator.eml', operator);
});

test('what a system sent is told to the contact of its organisation; a null sender has nobody to tell', async (t) => {
  const region = await openRegion(t);
  assert.equal(await hold(region, 'lab@lab.test'), 2);
  assert.deepEqual(await filed(region.store, 'lab@lab.test'), []);
  assert.equal((await filed(region.store, 'balie@lab.test')).length, 1);
  assert.equal(await hold(region, 'lab@lab.test', ''), 1);
  assert.equal((await filed(region.store, 'balie@lab.test')).length, 1);
  assert.equal((await filed(region.store, 'postmaster')).length, 2);
});
