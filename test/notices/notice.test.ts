/**
 * Notices about deliveries: golden files for what is written, and that each is written once, for
 * whom, and how much comes back.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createNoticeWriter } from '../../src/notices/notice.ts';
import type { Attempt, DeliveryNoticeWriter } from '../../src/notices/delivery-notices.ts';
import { days, hours, instant } from '../../src/domain/units.ts';
import type { Outcome } from '../../src/store/deliveries.ts';
import type { NoticeProtected, WrittenNotice } from '../../src/store/notices.ts';
import { ContentDamaged } from '../../src/store/store.ts';
import { filed } from '../support/filed.ts';
import { CONTENT, type Region, matchesGolden, openRegion } from '../support/region.ts';
import { address } from '../support/store.ts';

interface Opened extends Region {
  readonly writer: DeliveryNoticeWriter;
}
const open = async (t: TestContext, more = {}): Promise<Opened> => {
  const region = await openRegion(t, more);
  return { ...region, writer: createNoticeWriter(region.noticeWriter, region.store) };
};

const attemptOf = ({ clock }: Region, more: Partial<Attempt> = {}): Attempt => ({
  at: clock.now(),
  remote: 'mx.ziekenhuis.test',
  theirs: true,
  ...more,
});

/** Claims, asks and settles, as the dispatcher does. */
async function settle(region: Opened, outcome: Outcome, more: Partial<Attempt> = {}): Promise<string> {
  const claim = await region.claim();
  const notice = await region.writer.noticeFor(claim, outcome, attemptOf(region, more));
  const done = await region.store.deliveries.settle({
    claim,
    outcome,
    ...(notice === undefined ? {} : { notice: notice.acceptance }),
    audit: [],
  });
  await notice?.discard();
  return notice === undefined ? 'none' : done;
}

const failed: Outcome = { kind: 'failed', reply: '550 5.1.1 <arts@ziekenhuis.test>: no such user here' };

test('a failure tells in Dutch and English what happened and what to do', async (t) => {
  const region = await open(t);
  await region.send({ envelope: { envid: 'QQ314159' }, originalRecipient: 'rfc822;Arts@Ziekenhuis.test' });
  assert.equal(await settle(region, failed), 'settled');
  const [notice = ''] = await filed(region.store, 'huisarts@brug.test');
  matchesGolden('failed.eml', notice);
});

test('a failure after days of trying tells that in English first where the organisation reads English', async (t) => {
  const region = await open(t);
  await region.store.registry.addOrganisation({ name: 'clinic', title: 'Clinic', language: 'en' }, { name: 'test' });
  await region.store.registry.addAccount(
    { login: 'clinic@clinic.test', organisation: 'clinic', kind: 'mail', addresses: [address('clinic@clinic.test')] },
    { name: 'test' },
  );
  await region.send({ from: 'clinic@clinic.test' });
  const outcome: Outcome = { kind: 'failed', reply: 'Cannot connect: no answer within 30 s' };
  assert.equal(await settle(region, outcome, { theirs: false, status: '5.4.7' }), 'settled');
  const [notice = ''] = await filed(region.store, 'clinic@clinic.test');
  matchesGolden('failed-en.eml', notice);
});

test('a delay says until when it is tried, and is told once', async (t) => {
  const region = await open(t);
  await region.send({ notify: ['DELAY', 'FAILURE'] });
  region.clock.advance(hours(4));
  const now = region.clock.now();
  const late = (): Outcome => ({ kind: 'retry', at: region.clock.now(), reply: '451 4.3.2 try later', delayed: true });
  const until = instant(now + days(5));
  assert.equal(await settle(region, late(), { until }), 'settled');
  assert.equal(await settle(region, late(), { until }), 'settled');
  const notices = await filed(region.store, 'huisarts@brug.test');
  assert.equal(notices.length, 1);
  matchesGolden('delayed.eml', notices[0]!);
});

test('a server without DSN that took the message is reported as relayed, and says itself what it did where it has DSN', async (t) => {
  const region = await open(t);
  await region.send({ notify: ['SUCCESS'] });
  assert.equal(await settle(region, { kind: 'relayed', reply: '250 2.0.0 queued' }, { dsn: false }), 'settled');
  matchesGolden('relayed.eml', (await filed(region.store, 'huisarts@brug.test'))[0]!);
  await region.send({ notify: ['SUCCESS'] });
  assert.equal(await settle(region, { kind: 'relayed', reply: '250 2.0.0 queued' }, { dsn: true }), 'none');
});

test('an operator who fails a delivery is named as the cause, with the reason', async (t) => {
  const region = await open(t);
  await region.send();
  const reason = 'wrong addressee,\r\nasked by telephone';
  await settle(region, { kind: 'failed', reply: 'failed by the operator' }, { theirs: false, reason });
  const [notice = ''] = await filed(region.store, 'huisarts@brug.test');
  assert.match(notice, /De helpdesk schreef: "wrong\s+addressee, asked by telephone"/);
  assert.match(notice, /Diagnostic-Code: x-sluis; failed by the operator\r\n/);
});

test('a notice that was settled is not filed again, whatever the second final state is', async (t) => {
  const region = await open(t);
  await region.send({ notify: ['SUCCESS', 'FAILURE'] });
  const claim = await region.claim();
  for (const outcome of [failed, { kind: 'relayed', reply: '250 ok' } as const, failed]) {
    const notice = await region.writer.noticeFor(claim, outcome, attemptOf(region));
    await region.store.accept(notice!.acceptance);
    await notice!.discard();
  }
  const notices = await filed(region.store, 'huisarts@brug.test');
  assert.equal(notices.length, 1);
  assert.match(notices[0]!, /^Action: failed\r$/m);
});

test('RET=FULL brings the message back octet for octet, up to the limit', async (t) => {
  const region = await open(t);
  const content = `${CONTENT}.\r\n--x\r\n${'y'.repeat(700)}\r\n`;
  await region.send({ content, envelope: { ret: 'FULL' } });
  await settle(region, failed);
  await region.send({
    content: `${content}${'z'.repeat(70)}\r\n`.repeat(1) + `${'z'.repeat(78)}\r\n`.repeat(50),
    envelope: { ret: 'FULL' },
  });
  await settle(region, failed);
  await region.send({ content, envelope: { ret: 'HDRS' } });
  await settle(region, failed);
  await region.send({ content, envelope: { ret: 'FULL', requireTls: true } });
  await settle(region, failed);
  await region.send({ content, envelope: { ret: 'FULL' } });
  await settle(region, { kind: 'retry', at: region.clock.now(), reply: 'x', delayed: true });
  const [full = '', ...others] = await filed(region.store, 'huisarts@brug.test');
  assert(full.includes(`Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n${content}\r\n--`));
  assert.equal(others.length, 4);
  for (const headers of others) {
    assert.match(headers, /Content-Type: text\/rfc822-headers\r\n\r\nFrom: Huisartsenpraktijk/);
    assert.doesNotMatch(headers, /Geachte collega/);
  }
});

test('a failure is told with the header alone where the message is damaged, or cannot be protected as a whole', async (t) => {
  const tooLarge: NoticeProtected = { kind: 'refused', refusal: { text: 'it is too large' }, busy: false };
  const closed = await open(t, {
    protect: ({ head }: WrittenNotice) =>
      Promise.resolve(head.includes('message/rfc822') ? tooLarge : { kind: 'plain', audit: [] }),
  });
  const damaged = await open(t);
  const { deliveries } = damaged.store;
  const openMessage: typeof deliveries.openMessage = async (id) => {
    const content = await deliveries.openMessage(id);
    if (content === undefined) return undefined;
    let reads = 0;
    const slices = (): AsyncIterable<Uint8Array> => {
      // The header is read first, and can be.
      if (reads++ > 0) throw new ContentDamaged('a chunk does not open');
      return content.slices();
    };
    return { id: content.id, octets: content.octets, slices };
  };
  const writer = createNoticeWriter(damaged.noticeWriter, {
    deliveries: { openMessage, submittedHeader: (id) => deliveries.submittedHeader(id) },
  });
  for (const region of [closed, { ...damaged, writer }]) {
    await region.send({ envelope: { ret: 'FULL' } });
    assert.equal(await settle(region, failed), 'settled');
    const [notice = ''] = await filed(region.store, 'huisarts@brug.test');
    assert.match(notice, /Content-Type: text\/rfc822-headers/);
    assert.doesNotMatch(notice, /Geachte collega/);
  }
});

test('a message with letters outside ASCII comes back as RFC 6533 has it where its sender speaks SMTPUTF8', async (t) => {
  const region = await open(t);
  const content = CONTENT.replace('De Brug <', 'Zoë <');
  await region.send({
    content,
    envelope: { smtpUtf8: true, body: '8BITMIME' },
    originalRecipient: 'utf-8;zo\u00c3\u00ab@ziekenhuis.test',
  });
  await settle(region, { kind: 'failed', reply: '550 5.1.1 geen <zoë>' });
  await region.send({ content, originalRecipient: 'utf-8;zo\u00c3\u00ab@ziekenhuis.test' });
  await settle(region, { kind: 'failed', reply: '550 5.1.1 geen <zoë>' });
  const [global = '', plain = ''] = (await filed(region.store, 'huisarts@brug.test')).map((n) =>
    Buffer.from(n, 'latin1').toString(),
  );
  assert.match(global, /Content-Type: message\/global-delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n/);
  assert.match(global, /Original-Recipient: utf-8; zoë@ziekenhuis\.test\r\n/);
  assert.match(
    global,
    /Content-Type: message\/global-headers\r\nContent-Transfer-Encoding: 8bit\r\n\r\nFrom: Huisartsenpraktijk Zoë/,
  );
  assert.match(plain, /Original-Recipient: utf-8; zo\\x\{EB\}@ziekenhuis\.test\r\n/);
  assert.match(
    plain,
    /Content-Transfer-Encoding: quoted-printable\r\n\r\nFrom: Huisartsenpraktijk Zo=C3=AB <huisarts@brug\.test>\r\n/,
  );
  assert.equal(Buffer.byteLength(plain), plain.length);
});

test('a notice about mail of a system goes to its contact and never into the maildrop that it empties', async (t) => {
  const region = await open(t);
  await region.send({ from: 'lab@lab.test' });
  await settle(region, failed);
  assert.equal((await filed(region.store, 'lab@lab.test')).length, 0);
  assert.match((await filed(region.store, 'balie@lab.test'))[0]!, /^To: <balie@lab\.test>\r$/m);
});

test('where nobody can be told, log and audit tell it, and the delivery is settled all the same', async (t) => {
  const region = await open(t, { operator: address('gone@mail.test') });
  await region.store.registry.setAddressState(address('balie@lab.test'), 'ended', { name: 'test' });
  const message = await region.send({ from: 'lab@lab.test' });
  assert.equal(await settle(region, failed), 'none');
  assert(region.log.names.includes('notice.nowhere'));
  const rows = await region.store.audit.read({ message: message.id, limit: 100 });
  assert(rows.some((row) => row.event === 'notice.nowhere' && row.outcome === 'failure'));
});

test('the failure of a message without a reverse path is told to nobody', async (t) => {
  const region = await open(t);
  await region.send({ from: '' });
  assert.equal(await settle(region, failed), 'none');
});

test('a notice stands in the trace of the message that it is about', async (t) => {
  const region = await open(t);
  const message = await region.send();
  await settle(region, failed);
  const rows = await region.store.audit.read({ message: message.id, limit: 100 });
  const row = rows.find((r) => r.event === 'notice.filed');
  assert.equal(row?.facts?.notice, 'failed');
  const [notice = ''] = await filed(region.store, 'huisarts@brug.test');
  assert(notice.includes(`Message-ID: <${String(row.facts.as)}@mail.test>\r\n`));
});

test('a reply with line ends, controls and a thousand letters stays in its field', async (t) => {
  const region = await open(t);
  await region.send();
  await settle(region, {
    kind: 'failed',
    reply: `550 5.7.1 no\r\nBcc: evil@x.test\r\n\r\n--x\u2028${'w'.repeat(2000)}`,
  });
  const [notice = ''] = await filed(region.store, 'huisarts@brug.test');
  assert.doesNotMatch(notice, /^Bcc/m);
  assert(notice.split('\r\n').every((line) => line.length <= 998));
});
