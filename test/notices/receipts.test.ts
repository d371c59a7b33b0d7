/**
 * Receipts: what a sender reads when its message was collected, that it reads it once, and where.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type CollectedBy, MAX_RECEIPTS, askedFor, attachmentsOf, receiptsFor } from '../../src/notices/receipts.ts';
import type { Interchange } from '../../src/domain/interchange.ts';
import type { MessagePart, MessageParts } from '../../src/domain/message-part.ts';
import type { MessageRecord } from '../../src/store/deliveries.ts';
import { StoreFull } from '../../src/store/store.ts';
import type { BodyWriter } from '../../src/store/body.ts';
import { filed } from '../support/filed.ts';
import { type Region, matchesGolden, openRegion } from '../support/region.ts';
import { address } from '../support/store.ts';

const HUISARTS = 'huisarts@brug.test';
const BALIE = 'balie@lab.test';

const leaf = (more: Partial<MessagePart>): MessagePart => ({
  ...{ path: '1', type: 'text/plain', name: '', encoding: '7bit', octets: 9, sha256: 'a'.repeat(64), exact: true },
  ...more,
});
const PARTS: MessageParts = {
  leaves: [
    leaf({}),
    leaf({ path: '2', type: 'application/pdf', name: 'uitslag Zoë.pdf', encoding: 'base64', sha256: 'b'.repeat(64) }),
    leaf({ path: '3', type: 'application/edifact', sha256: 'c'.repeat(64) }),
    leaf({ path: '4', type: 'image/png', name: 'kapot.png', sha256: 'd'.repeat(64), exact: false }),
  ],
  limits: [],
  interchanges: [],
};

interface Opened extends Region {
  /** Writes and files what is owed; resolves to how many. */
  collect(messages: readonly MessageRecord[], more?: Partial<CollectedBy>): Promise<number>;
}
async function open(t: TestContext, more = {}): Promise<Opened> {
  const region = await openRegion(t, more);
  const { store, clock, log, noticeWriter } = region;
  const { deliveries, registry } = store;
  const account = (await registry.findAccount(BALIE))!.account.id;
  const parts = { noticeWriter, deliveries, registry, clock, log, messageParts: async () => PARTS };
  return {
    ...region,
    collect: async (messages, how = {}) => {
      const ids = messages.map(({ id }) => id);
      const owed = await receiptsFor(parts, { account, messages: ids, tls: 'TLSv1.3', by: 'quit', ...how });
      for (const notice of owed) {
        await store.accept(notice.acceptance);
        await notice.discard();
      }
      return owed.length;
    },
  };
}

test('a receipt names time, organisation, TLS version and the hash of every attachment, and promises no reading', async (t) => {
  const region = await open(t);
  const message = await region.send({
    to: [BALIE],
    receipt: true,
    originalRecipient: 'rfc822;Balie@Lab.test',
    envelope: { envid: 'QQ314159', ret: 'FULL' },
  });
  assert.equal(await region.collect([message]), 1);
  const [receipt = ''] = await filed(region.store, HUISARTS);
  matchesGolden('collected.eml', receipt);
});

test('what was taken twice without QUIT is worded so', async (t) => {
  const region = await open(t);
  await region.collect([await region.send({ to: [BALIE], receipt: true })], { by: 'twice', tls: 'TLSv1.2' });
  const [receipt = ''] = await filed(region.store, HUISARTS);
  assert.match(receipt, /X-Sluis-Confirmed: twice\r\nX-Sluis-TLS: TLSv1\.2\r\n/);
  assert.match(receipt, /voor\s+de tweede keer/);
  assert.match(receipt, /for the\s+second time/);
});

test('one receipt is enough for a message and mailbox, however often it is fetched', async (t) => {
  const region = await open(t);
  const message = await region.send({ to: [BALIE], receipt: true });
  assert.equal(await region.collect([message, message]), 1);
  assert.equal(await region.collect([message]), 0);
  assert.equal((await filed(region.store, HUISARTS)).length, 1);
});

test('none is owed where nobody asked, or to nobody', async (t) => {
  const region = await open(t);
  const unasked = await region.send({ to: [BALIE] });
  const nobody = await region.send({ from: '', to: [BALIE], receipt: true });
  const another = await region.send({ to: ['lab@lab.test'], receipt: true });
  assert.equal(await region.collect([unasked, nobody, another]), 0);
});

test('where two addresses of an account got two copies, the receipt of one names nobody of the other', async (t) => {
  const region = await open(t);
  const message = await region.send({ to: [BALIE], receipt: true });
  const [mine] = message.recipients;
  assert(mine?.mailbox !== undefined);
  const other = { ...mine, address: address('lab@lab.test'), copy: message.id };
  assert.deepEqual(askedFor({ ...message, recipients: [other, mine] }, mine.mailbox), [mine]);
});

test('the receipt for a system goes to its contact, never into the maildrop that it empties', async (t) => {
  const region = await open(t);
  await region.collect([await region.send({ from: 'edi@brug.test', to: [BALIE], receipt: true })]);
  assert.deepEqual(await filed(region.store, 'edi@brug.test'), []);
  assert.equal((await filed(region.store, HUISARTS)).length, 1, 'the first account for people of that organisation');
});

test('where the disk is full nobody is kept from fetching, and the log tells', async (t) => {
  const region = await open(t);
  const message = await region.send({ to: [BALIE], receipt: true });
  region.store.openBody = (): BodyWriter => {
    throw new StoreFull('no space');
  };
  assert.equal(await region.collect([message]), 0);
  assert.ok(region.log.names.includes('receipt.failed'));
});

test('a session has a thousand receipts at most, and the log tells of more', async (t) => {
  const region = await open(t);
  const message = await region.send({ to: [BALIE], receipt: true });
  const others = Array.from({ length: MAX_RECEIPTS }, (_, n) => ({ ...message, id: `${n}` as typeof message.id }));
  const asked: string[] = [];
  Object.assign(region.store.deliveries, { findMessage: async (id: string) => void asked.push(id) });
  const { noticeWriter, clock, log, store } = region;
  const { deliveries, registry } = store;
  await receiptsFor(
    { noticeWriter, deliveries, registry, clock, log, messageParts: async () => PARTS },
    { account: 1 as never, messages: [...others, message].map(({ id }) => id), tls: '', by: 'quit' },
  );
  assert.equal(asked.length, MAX_RECEIPTS);
  assert.ok(log.names.includes('receipt.cut'));
});

test('attachments are what has a name, what is no text, and text that holds EDI', () => {
  const html = leaf({ path: '2', type: 'text/html' });
  const edi = leaf({ path: '3', sha256: 'e'.repeat(64) });
  const list = leaf({ path: '4', name: 'lijst.txt' });
  const interchange = { part: '3' } as Interchange;
  assert.deepEqual(attachmentsOf({ leaves: [leaf({}), html, edi, list], limits: [], interchanges: [interchange] }), [
    { name: '', sha256: 'e'.repeat(64) },
    { name: 'lijst.txt', sha256: 'a'.repeat(64) },
  ]);
  assert.equal(attachmentsOf(PARTS).length, 3);
});

test('the receipt of a substitute names the absentee whom the sender wrote to', async (t) => {
  const region = await open(t);
  const message = await region.send({ to: [BALIE], receipt: true, substituteFor: address('arts@lab.test') });
  await region.collect([message]);
  const [receipt = ''] = await filed(region.store, HUISARTS);
  assert.match(receipt, /Original-Recipient: rfc822; arts@lab\.test\r\nFinal-Recipient: rfc822; balie@lab\.test\r\n/);
});
