/** NOTIFY=SUCCESS for mailboxes of ours: one report, at once, for those recipients that asked. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { filedNotice } from '../../src/notices/filed.ts';
import type { Acceptance, AcceptedRecipient } from '../../src/store/acceptance.ts';
import { filed } from '../support/filed.ts';
import { CONTENT, type Region, matchesGolden, openRegion } from '../support/region.ts';
import { acceptanceOf, address, sealBody } from '../support/store.ts';

const HUISARTS = 'huisarts@brug.test';
const header = Buffer.from(CONTENT.slice(0, CONTENT.indexOf('\r\n\r\n') + 4));

/**
 * Accepts a message for recipients `to`, each as it is changed, with its report; false if none was
 * owed.
 */
async function accept(
  { store, noticeWriter, clock }: Region,
  to: readonly (readonly [string, Partial<AcceptedRecipient>])[],
  more: Partial<Acceptance> = {},
): Promise<boolean> {
  const body = await sealBody(store, Buffer.from(CONTENT));
  const message = await acceptanceOf(
    store,
    body,
    to.map(([recipient]) => recipient),
    {
      receivedAt: clock.now(),
      sender: address(HUISARTS),
      messageIdField: 'verwijzing-1@brug.test',
      envelope: { body: '7BIT', smtpUtf8: false, envid: 'QQ314159' },
      ...more,
    },
  );
  const changed = {
    ...message,
    recipients: message.recipients.map((r, i) => ({ ...r, ...to[i]![1] }) as AcceptedRecipient),
  };
  const notice = await filedNotice(noticeWriter, changed, header);
  await store.accept(notice === undefined ? changed : { ...changed, with: [notice.acceptance] });
  await notice?.discard();
  return notice !== undefined;
}
const open = (t: TestContext): Promise<Region> => openRegion(t);

test('a report tells of every mailbox that was asked about, and of nothing else', async (t) => {
  const region = await open(t);
  const success = { notify: ['SUCCESS', 'FAILURE'] };
  await accept(region, [
    ['balie@lab.test', { ...success, originalRecipient: 'rfc822;Balie@Lab.test' }],
    ['lab@lab.test', { ...success, substituteFor: address('prikpost@lab.test') }],
    ['edi@brug.test', { notify: ['FAILURE', 'DELAY'] }],
    ['arts@ziekenhuis.test', success],
  ]);
  const notices = await filed(region.store, HUISARTS);
  assert.equal(notices.length, 1);
  matchesGolden('filed.eml', notices[0]!);
  const [row] = (
    await region.store.deliveries.findMessages({ limit: 10, since: 0 as never, sender: address(HUISARTS) })
  ).slice(-1);
  const trace = await region.store.audit.read({ message: row!.id, limit: 100 });
  assert(trace.some(({ event, facts }) => event === 'notice.filed' && facts?.notice === 'filed'));
});

test('none is owed without NOTIFY=SUCCESS, for a partner alone, without a reverse path, or while it is held', async (t) => {
  const region = await open(t);
  assert.equal(await accept(region, [['balie@lab.test', {}]]), false);
  assert.equal(await accept(region, [['balie@lab.test', { notify: ['NEVER'] }]]), false);
  assert.equal(await accept(region, [['arts@ziekenhuis.test', { notify: ['SUCCESS'] }]]), false);
  assert.equal(await accept(region, [['balie@lab.test', { notify: ['SUCCESS'] }]], { sender: '' }), false);
  assert.equal(await accept(region, [['balie@lab.test', { notify: ['SUCCESS'], held: true }]]), false);
  assert.equal((await filed(region.store, HUISARTS)).length, 0);
});
