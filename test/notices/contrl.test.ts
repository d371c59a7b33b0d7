/** Acknowledgements that systems ask for: on what, to whom, once. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { contrlParts } from '../../src/notices/contrl.ts';
import { createNoticeWriter } from '../../src/notices/notice.ts';
import { receiptsFor } from '../../src/notices/receipts.ts';
import type { Outcome } from '../../src/store/deliveries.ts';
import { insideRoom } from '../../src/edi/inside.ts';
import { MEDVRI } from '../edi/samples.ts';
import { sniff } from '../edi/support.ts';
import { filed } from '../support/filed.ts';
import { type Region, matchesGolden, openRegion } from '../support/region.ts';
import { acceptanceOf, address, sealBody } from '../support/store.ts';

const parts = (text: string, inside = false) => ({
  leaves: [],
  limits: [],
  interchanges: sniff(text, undefined, inside ? insideRoom() : undefined),
});

/** The laboratory's system sends to a practice's system or to the hospital, and asks to be told. */
async function post(region: Region, to: string, text = MEDVRI, marked = true, inside = false) {
  const { store } = region;
  const body = await sealBody(store, Buffer.from('From: lab@lab.test\r\n\r\ninterchange\r\n'));
  const acceptance = await acceptanceOf(store, body, [to], {
    submitter: (await store.registry.findAccount('lab@lab.test'))!.account.id,
    sender: address('lab@lab.test'),
    messageIdField: 'uitslag-1@lab.test',
    parts: parts(text, inside),
    receivedAt: region.clock.now(),
  });
  const recipients = acceptance.recipients.map((r) => (marked ? ({ ...r, contrl: true } as const) : r));
  assert.equal((await store.accept({ ...acceptance, recipients })).kind, 'filed');
  return body.id;
}

/** One session of the practice's system: it fetches everything and says QUIT. */
async function collect(region: Region): Promise<void> {
  const { store, noticeWriter, clock, log } = region;
  const account = (await store.registry.findAccount('edi@brug.test'))!.account.id;
  const lock = await store.lockMaildrop(account, { session: 's', network: 'n' });
  assert.ok(lock !== 'in-use');
  const listing = await store.listMaildrop(lock);
  const uids = Array.from({ length: listing.count }, (_, i) => listing.uidOf(i));
  const wanted = [];
  for (const [i, uid] of uids.entries())
    if (listing.receiptWanted(i)) wanted.push((await store.openEntry(lock, uid)).id);
  const { deliveries, registry } = store;
  const messageParts = (id: Parameters<typeof store.messageParts>[0]) => store.messageParts(id);
  const owed = await receiptsFor(
    { noticeWriter, deliveries, registry, messageParts, clock, log },
    { account, messages: wanted, tls: 'TLSv1.3', by: 'quit' },
  );
  const notices = owed.map(({ acceptance }) => acceptance);
  await store.commitMaildrop(lock, [], uids, [], notices);
  for (const notice of owed) await notice.discard();
}

async function end(t: TestContext, outcome: Outcome): Promise<string[]> {
  const region = await openRegion(t);
  await post(region, 'arts@ziekenhuis.test');
  const claim = await region.claim();
  const writer = createNoticeWriter(region.noticeWriter, region.store, contrlParts(region));
  const contrl = await writer.contrlFor?.(claim, outcome);
  const also = contrl === undefined ? {} : { also: contrl.acceptance };
  assert.equal(await region.store.deliveries.settle({ claim, outcome, ...also, audit: [] }), 'settled');
  return await filed(region.store, 'lab@lab.test');
}

test('when its interchange is fetched, the system that sent it finds a CONTRL in its own mailbox, once', async (t) => {
  const region = await openRegion(t);
  await post(region, 'edi@brug.test');
  await collect(region);
  const [contrl = '', ...more] = await filed(region.store, 'lab@lab.test');
  assert.deepEqual(more, []);
  matchesGolden('contrl.eml', contrl);
  const [read] = sniff(contrl.slice(contrl.indexOf('\r\n\r\n') + 4));
  assert.deepEqual([read?.sender.id, read?.recipient.id, read?.test], ['500000004', '500000003', true]);
  await collect(region);
  assert.equal((await filed(region.store, 'lab@lab.test')).length, 1);
  // It asked for nothing that people read.
  assert.deepEqual(await filed(region.store, 'balie@lab.test'), []);
});

test('nothing is answered that did not ask, that is an answer itself, or whose account is closed', async (t) => {
  const region = await openRegion(t);
  await post(region, 'edi@brug.test', MEDVRI, false);
  await post(region, 'edi@brug.test', MEDVRI.replace('VRIJTEKST++1', 'VRIJTEKST++0'));
  await post(region, 'edi@brug.test', MEDVRI.replace('MEDVRI:1', 'CONTRL:2:1:UN'));
  await collect(region);
  assert.deepEqual(await filed(region.store, 'lab@lab.test'), []);
  await post(region, 'edi@brug.test');
  await region.store.registry.setAccountState('lab@lab.test', 'suspended', { name: 'test' });
  await collect(region);
  assert.equal((await region.store.registry.findAccount('lab@lab.test'))?.messages, 0);
});

test('a failure is answered negatively, what a partner took positively, a retry not at all', async (t) => {
  const failed = await end(t, { kind: 'failed', reply: '550 5.1.1 no such user' });
  assert.match(failed[0] ?? '', /UCI\+77\+500000003:ZZ\+500000004:ZZ\+4\+18'/);
  const relayed = await end(t, { kind: 'relayed', reply: '250 ok' });
  assert.match(relayed[0] ?? '', /UCI\+77\+500000003:ZZ\+500000004:ZZ\+8'/);
  const later = { kind: 'retry', at: (await openRegion(t)).clock.now(), reply: '450 later' } as const;
  assert.deepEqual(await end(t, later), []);
});

test('who is answered about each message finds each of them named, when the interchange is fetched', async (t) => {
  const region = await openRegion(t);
  const two = MEDVRI.replace('UNZ+1', "UNH+78+MEDVRI:1'UNT+9+78'UNZ+2");
  await post(region, 'edi@brug.test', two, true, true);
  await collect(region);
  const [contrl = '', ...more] = await filed(region.store, 'lab@lab.test');
  assert.deepEqual(more, []);
  const lines = contrl.slice(contrl.indexOf('\r\n\r\n') + 4).split("'\r\n");
  assert.deepEqual(
    lines.filter((line) => line.startsWith('UC')),
    ['UCI+77+500000003:ZZ+500000004:ZZ+7', 'UCM+77+MEDVRI:1+7', 'UCM+78+MEDVRI:1+7+29+UNT'],
  );
});
