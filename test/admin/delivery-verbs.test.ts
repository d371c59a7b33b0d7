/**
 * What an operator does with messages and deliveries, on a real store and with the letters that
 * people get.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { LEAST_KEPT } from '../../src/trail/retention.ts';
import type { AdminContext } from '../../src/admin/context.ts';
import type { Input } from '../../src/admin/input.ts';
import { type OperationName, runOperation } from '../../src/admin/operations.ts';
import { NoticeWriter } from '../../src/notices/notice-writer.ts';
import { createNoticeWriter } from '../../src/notices/notice.ts';
import type { Address } from '../../src/domain/address.ts';
import { days, minutes, octets } from '../../src/domain/units.ts';
import { addPartner } from '../store/partner-contract.ts';
import { filed } from '../support/filed.ts';
import { MemoryLog } from '../support/log.ts';
import { acceptanceOf, addAccount, openTestStore, sealBody } from '../support/store.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';

const reason = 'wrong addressee, ticket 7';

async function world(t: TestContext) {
  const { store, clock } = await openTestStore(t);
  const sender = await addAccount(store, 'sender', { notices: 'mailbox' });
  const bob = await addAccount(store, 'bob', { notices: 'mailbox' });
  const partner = await addPartner(store, 'hospital');
  await store.registry.setPartnerDomain('hospital', 'hospital.test', 'add', { name: 'test' });
  const log = new MemoryLog();
  const noticeWriter = new NoticeWriter({
    ...{ store, clock, log, random: randomBytes, hostname: 'mail.group.test' },
    operator: 'postmaster@mail.group.test' as Address,
    returnLimit: octets(1000),
  });
  const context: AdminContext = {
    store,
    clock,
    noticeWriter,
    notices: createNoticeWriter(noticeWriter, store),
    letters: {} as AdminContext['letters'],
    hashPassword: () => Promise.resolve(''),
    ca: {} as AdminContext['ca'],
    partners: {} as AdminContext['partners'],
    webhooks: {} as AdminContext['webhooks'],
    console: {} as AdminContext['console'],
    configuration: {} as AdminContext['configuration'],
    probe: {} as AdminContext['probe'],
    mail: {} as AdminContext['mail'],
    keys: {} as AdminContext['keys'],
    secondPerson: [],
    backups: {} as AdminContext['backups'],
    evidence: {} as AdminContext['evidence'],
    longestAbsence: days(90),
    auditKeep: LEAST_KEPT,
    certificates: () => Promise.resolve({ certificates: [], unread: [] }),
  };
  const call = <N extends OperationName>(name: N, input: Input) =>
    runOperation(name, context, input, { actor: { name: 'jan' }, who: OWNER_SAID, progress: () => undefined }, log);
  const post = async (...to: string[]): Promise<string> => {
    const body = await sealBody(store, Buffer.from('From: sender@group.test\r\nSubject: x\r\n\r\nhello\r\n'));
    const message = await acceptanceOf(store, body, to, {
      submitter: sender,
      messageIdField: `${body.id}@client.test`,
      receivedAt: clock.now(),
    });
    assert.equal((await store.accept(message)).kind, 'filed');
    return body.id;
  };
  const collect = async (removed: boolean): Promise<void> => {
    const lock = await store.lockMaildrop(bob, { session: 's', network: '192.0.2.1' });
    assert.ok(lock !== 'in-use');
    const listing = await store.listMaildrop(lock);
    const uids = Array.from({ length: listing.count }, (_, i) => listing.uidOf(i));
    const entry = await store.openEntry(lock, uids[0]!);
    await store.commitMaildrop(lock, removed ? uids : [], uids, [
      {
        event: 'message.collected',
        outcome: 'success',
        message: entry.id,
        account: bob,
        personal: { address: '192.0.2.1' },
      },
    ]);
  };
  return { store, clock, partner, call, post, collect, log };
}

test('the queue is shown by partner and by delivery; hold, release and retry change what is due', async (t) => {
  const { store, partner, call, post } = await world(t);
  const message = await post('a@hospital.test', 'b@hospital.test');
  const [queue] = await call('queue.partners', {});
  assert.deepEqual([queue?.partner, queue?.waiting, queue?.held], ['hospital', 2, 0]);
  const all = await call('queue.list', { limit: 10 });
  assert.deepEqual(
    all.map((d) => [d.message, d.partner, d.sender, d.recipient, d.state, d.attempts]),
    [
      [message, 'hospital', 'sender@group.test', 'a@hospital.test', 'waiting', 0],
      [message, 'hospital', 'sender@group.test', 'b@hospital.test', 'waiting', 0],
    ],
  );
  assert.deepEqual(await call('queue.hold', { ids: [all[0]!.id] }), { changed: 1 });
  assert.deepEqual(
    (await store.deliveries.claim(partner, 10, minutes(10))).map((c) => c.id),
    [all[1]!.id],
  );
  assert.deepEqual(await call('queue.release', { message: `<${message}@client.test>` }), { changed: 1 });
  assert.equal((await store.deliveries.claim(partner, 10, minutes(10))).length, 1);
  assert.deepEqual(await call('queue.retry', { partner: 'hospital' }), { changed: 2 });
  assert.equal((await store.deliveries.claim(partner, 10, minutes(10))).length, 2);
  assert.equal((await call('queue.show', { id: all[0]!.id })).recipient, 'a@hospital.test');
});

test('what is chosen wrongly is refused with what to do', async (t) => {
  const { call, post } = await world(t);
  await post('a@hospital.test');
  await assert.rejects(call('queue.hold', {}), /expected their numbers, or a partner, or a message/);
  await assert.rejects(call('queue.hold', { ids: [1], partner: 'hospital' }), /expected their numbers/);
  await assert.rejects(call('queue.hold', { ids: [999] }), /Cannot find delivery 999: "sluis queue list"/);
  await assert.rejects(call('queue.hold', { ids: ['1'] }), /the number of a delivery/);
  await assert.rejects(call('queue.hold', { partner: 'nobody' }), /Cannot find partner "nobody"/);
  await assert.rejects(call('trace.show', { message: 'nothing@x' }), /Cannot find message "nothing@x"/);
});

test('copies that are held, also protected ones, are listed, released and given up by the message they came with', async (t) => {
  const { store, call } = await world(t);
  const body = await sealBody(store, Buffer.from('From: sender@group.test\r\n\r\nhello\r\n'));
  const made = await sealBody(store, Buffer.from('From: sender@group.test\r\n\r\nprotected\r\n'));
  const acceptance = await acceptanceOf(store, body, ['sender@group.test', 'bob@group.test'], {
    submitter: (await store.registry.findAccount('sender'))!.account.id,
  });
  const [sender, bob] = acceptance.recipients.map(
    (r) => ({ ...r, held: true, notify: ['SUCCESS', 'FAILURE'] }) as const,
  );
  const copies = [{ body: made, recipients: [bob!] }];
  assert.equal((await store.accept({ ...acceptance, recipients: [sender!], copies })).kind, 'filed');
  const held = await call('queue.list', { limit: 10, message: body.id });
  assert.deepEqual(
    held.map((d) => [d.account, d.partner, d.state]),
    [
      ['sender', undefined, 'held'],
      ['bob', undefined, 'held'],
    ],
  );
  assert.deepEqual(
    (await call('trace.show', { message: body.id })).copies.map((c) => [c.account, c.state, c.delivery?.id]),
    held.map((d) => [d.account, 'held', d.id]),
  );
  assert.deepEqual(await call('queue.fail', { ids: [held[0]!.id], reason }), { failed: 1, busy: [] });
  assert.ok((await filed(store, 'sender')).some((letter) => letter.includes(reason)));
  assert.deepEqual(await call('queue.release', { message: body.id }), { changed: 1 });
  assert.match((await filed(store, 'bob'))[0] ?? '', /protected/);
  // Each of the two copies has its one final notice.
  for (let i = 0; i < 2; i += 1) await call('queue.release', { ids: [held[1]!.id] });
  assert.deepEqual(
    (await filed(store, 'sender')).map((letter) => /^Action: (.*)\r$/m.exec(letter)?.[1]),
    ['failed', 'delivered'],
  );
  assert.equal((await call('queue.show', { id: held[1]!.id })).state, 'filed');
});

test('giving a delivery up tells its sender why, once', async (t) => {
  const { store, call, post } = await world(t);
  const message = await post('a@hospital.test');
  const [delivery] = await call('queue.list', { limit: 10 });
  await assert.rejects(call('queue.fail', { ids: [delivery!.id] }), /without a reason/);
  assert.deepEqual(await call('queue.fail', { ids: [delivery!.id], reason }), { failed: 1, busy: [] });
  assert.deepEqual(await call('queue.fail', { ids: [delivery!.id], reason }), { failed: 0, busy: [] });
  const letters = await filed(store, 'sender');
  assert.equal(letters.length, 1);
  assert.match(letters[0]!, /Action: failed/);
  assert.ok(letters[0]!.includes(reason));
  const trace = await call('trace.show', { message });
  assert.equal(trace.copies[0]?.state, 'failed');
  assert.ok(
    trace.events.some((e) => e.event === 'delivery.failed' && e.outcome === 'failure' && e.facts.reason === reason),
  );
});

test('a delivery that is being attempted is not given up under the attempt', async (t) => {
  const { store, partner, call, post } = await world(t);
  await post('a@hospital.test');
  const [claim] = await store.deliveries.claim(partner, 1, minutes(10));
  assert.deepEqual(await call('queue.fail', { ids: [claim!.id], reason }), { failed: 0, busy: [claim!.id] });
});

test('a trace shows where each copy is and what happened, by id and by Message-ID', async (t) => {
  const { call, post, collect } = await world(t);
  const message = await post('bob@group.test', 'a@hospital.test');
  const before = await call('trace.show', { message });
  assert.deepEqual(
    before.copies.map((c) => [c.recipient, c.account ?? c.partner, c.state]),
    [
      ['bob@group.test', 'bob', 'waiting'],
      ['a@hospital.test', 'hospital', 'waiting'],
    ],
  );
  assert.equal(before.account, 'sender');
  // 90 days, unless the account or its organisation says otherwise; a partner's copy has none.
  assert.deepEqual(
    before.copies.map(({ expires }) => expires?.slice(0, 10)),
    [new Date(Date.parse(before.received) + 90 * 86_400_000).toISOString().slice(0, 10), undefined],
  );
  await collect(true);
  const after = await call('trace.show', { message: `<${message}@client.test>` });
  assert.deepEqual([after.copies[0]?.state, after.copies[0]?.expires], ['deleted', undefined]);
  assert.deepEqual(
    after.events.map((e) => e.event),
    // The first look was by our id, and is told to whoever looks later; a look joins the next
    // commit.
    ['message.accepted', 'message.collected', 'operator.looked'],
  );
  assert.equal(after.events[1]?.account, 'bob');
});

test('a trace says until when a message waits that was handed out again, counted from that day', async (t) => {
  const { clock, call, post, collect } = await world(t);
  const message = await post('bob@group.test');
  await collect(true);
  clock.advance(days(10));
  const restored = clock.now();
  await call('mailbox.restore', { login: 'bob', message, reason });
  const [copy] = (await call('trace.show', { message })).copies;
  const iso = (at: number): string => new Date(at).toISOString();
  assert.deepEqual([copy?.state, copy?.restored, copy?.expires], ['waiting', iso(restored), iso(restored + days(90))]);
  await collect(false);
  const [left] = (await call('trace.show', { message })).copies;
  assert.deepEqual([left?.state, left?.restored, left?.expires], ['collected', iso(restored), undefined]);
});

test('messages are found by sender, by addressee and by time', async (t) => {
  const { clock, call, post } = await world(t);
  const first = await post('bob@group.test');
  clock.advance(minutes(10));
  const second = await post('a@hospital.test');
  const ids = async (input: Input) =>
    (await call('trace.search', { limit: 10, ...input })).found.map((m) => m.kind === 'accepted' && m.id);
  assert.deepEqual(await ids({ sender: 'Sender@group.test' }), [second, first]);
  assert.deepEqual(await ids({ recipient: 'bob@group.test' }), [first]);
  assert.deepEqual(await ids({ recipient: 'a@hospital.test' }), [second]);
  assert.deepEqual(await ids({ since: new Date(clock.now() - 1000).toISOString() }), [second]);
  assert.deepEqual(await ids({ 'message-id': `<${first}@client.test>` }), [first]);
  assert.deepEqual(await ids({ sender: 'bob@group.test' }), []);
});

test('a withdrawal takes back what nobody collected, says who had the rest, and tells the sender', async (t) => {
  const { store, call, post, collect } = await world(t);
  const message = await post('bob@group.test', 'a@hospital.test');
  await collect(false);
  const done = await call('message.withdraw', { message, reason });
  assert.deepEqual(
    done.copies.map((c) => [c.recipient, c.done]),
    [
      ['bob@group.test', 'too-late'],
      ['a@hospital.test', 'withdrawn'],
    ],
  );
  assert.equal(done.copies[0]?.collected[0]?.from, '192.0.2.1');
  const [letter] = await filed(store, 'sender');
  assert.match(letter!, /Auto-Submitted: auto-replied/);
  assert.ok(letter!.includes('a@hospital.test') && letter!.includes(reason));
  assert.equal((await call('queue.list', { limit: 10 })).length, 0);
  await assert.rejects(
    call('message.withdraw', { message, recipient: ['stranger@x.test'], reason }),
    /it was not sent there/,
  );
});

test('a withdrawal that is repeated tells nobody that somebody has it', async (t) => {
  const { store, call, post } = await world(t);
  const message = await post('bob@group.test', 'a@hospital.test');
  await call('message.withdraw', { message, recipient: ['bob@group.test'], reason });
  const done = await call('message.withdraw', { message, reason });
  assert.deepEqual(
    done.copies.map((c) => [c.recipient, c.done, c.earlier]),
    [
      ['bob@group.test', 'withdrawn', true],
      ['a@hospital.test', 'withdrawn', undefined],
    ],
  );
  const letters = await filed(store, 'sender');
  assert.equal(letters.length, 2);
  for (const letter of letters) assert.ok(!/te laat|too late/.test(letter), letter);
  // Nothing was left to take back: no third letter.
  assert.ok((await call('message.withdraw', { message, reason })).copies.every(({ earlier }) => earlier === true));
  assert.equal((await filed(store, 'sender')).length, 2);
});

test('a withdrawn message is gone from the mailbox, and cannot be handed out again', async (t) => {
  const { store, call, post } = await world(t);
  const message = await post('bob@group.test');
  const done = await call('message.withdraw', { message, recipient: ['bob@group.test'], reason });
  assert.equal(done.copies[0]?.done, 'withdrawn');
  assert.equal((await filed(store, 'bob')).length, 0);
  await assert.rejects(call('mailbox.restore', { login: 'bob', message, reason }), /did not delete it/);
});

test('what was deleted is handed out again under a new UIDL, and the owner hears why and until when', async (t) => {
  const { store, clock, call, post, collect } = await world(t);
  const message = await post('bob@group.test');
  await collect(true);
  assert.equal((await filed(store, 'bob')).length, 0);
  await assert.rejects(call('mailbox.restore', { login: 'bob', message }), /without a reason/);
  await assert.rejects(call('mailbox.restore', { login: 'bob', reason }), /either a moment \(since\) or a message/);
  assert.deepEqual(await call('mailbox.restore', { login: 'bob', message, reason }), {
    ...{ login: 'bob', messages: 1 },
    until: new Date(clock.now() + days(90)).toISOString(),
  });
  const [again, letter] = await filed(store, 'bob');
  assert.match(again!, /hello/);
  assert.ok(letter!.includes(reason) && letter!.includes('Auto-Submitted'));
  assert.match(letter!, /fetch before|ophalen v/);
});

test('consumers of a mailbox are listed', async (t) => {
  const { store, clock, call } = await world(t);
  const bob = (await store.registry.findAccount('bob'))!.account.id;
  await store.deliveries.noteConsumer(bob, '192.0.2.1', { sessions: 3, retrieved: 2, deleted: 1 }, clock.now());
  // Unawaited, it joins the next group: whatever is awaited after it comes behind it.
  await store.registry.setAccountState('bob', 'active', { name: 'test' });
  const [consumer] = await call('mailbox.consumers', { login: 'bob' });
  assert.deepEqual(
    [consumer?.network, consumer?.sessions, consumer?.retrieved, consumer?.deleted],
    ['192.0.2.1', 3, 2, 1],
  );
});
