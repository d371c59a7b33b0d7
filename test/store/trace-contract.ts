/**
 * What every store must do with notices, resubmissions, the trace and what becomes of copies.
 * Promises of src/store/deliveries.ts and store.ts.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { type Address, addressKey } from '../../src/domain/address.ts';
import { defined } from '../../src/domain/defined.ts';
import type { AccountId, EntryUid, MessageId } from '../../src/domain/ids.ts';
import { type Instant, days, hours, instant, minutes } from '../../src/domain/units.ts';
import type { MessageParts } from '../../src/domain/message-part.ts';
import type { MessageQuery, ReferenceQuery, SentQuery, Whereabouts } from '../../src/store/deliveries.ts';
import type { MaildropLock } from '../../src/store/maildrop.ts';
import type { Acceptance } from '../../src/store/acceptance.ts';
import type { Store } from '../../src/store/port/store.ts';
import {
  acceptanceOf,
  addAccount,
  address,
  deliver,
  messagesIn,
  noticeTo,
  readAll,
  sealBody,
} from '../support/store.ts';
import { until } from '../support/until.ts';
import type { ContractStore } from './contract.ts';
import { addPartner } from './partner-contract.ts';

const actor = { name: 'operator', reason: 'misaddressed' };
const here = { session: 's1', network: '192.0.2.1' };
const LEASE = minutes(10);

const locked = async (store: Store, account: AccountId): Promise<MaildropLock> => {
  const lock = await store.lockMaildrop(account, here);
  assert(lock !== 'in-use', 'expected the maildrop to be free');
  return lock;
};

const uidsIn = async (store: Store, lock: MaildropLock): Promise<EntryUid[]> => {
  const listing = await store.listMaildrop(lock);
  return Array.from({ length: listing.count }, (_, i) => listing.uidOf(i));
};

/** Fetches all to the end, confirmed by QUIT or not. */
async function collect(store: Store, account: AccountId, end: 'quit' | 'delete' | 'cut'): Promise<void> {
  const lock = await locked(store, account);
  const uids = await uidsIn(store, lock);
  if (end === 'cut') await store.releaseMaildrop(lock, uids);
  else await store.commitMaildrop(lock, end === 'delete' ? uids : [], uids, []);
}

const post = async (store: Store, ...to: string[]): Promise<MessageId> =>
  (await deliver(store, randomBytes(2000), ...to)).id;

async function whereIs(store: Store, message: MessageId): Promise<string[]> {
  const record = await store.deliveries.findMessage(message);
  assert(record !== undefined);
  return (await store.deliveries.whereabouts(record)).map(told);
}

const told = (where: Whereabouts): string =>
  `${where.recipient}: ${where.kind === 'mailbox' ? where.state : where.delivery.state}`;

async function addHospital(store: Store) {
  const partner = await addPartner(store);
  await store.registry.setPartnerDomain('hospital', 'hospital.test', 'add', actor);
  return partner;
}

export function traceContract(name: string, open: (t: TestContext) => Promise<ContractStore>): void {
  const promise = (text: string, run: (s: ContractStore) => Promise<void>): void => {
    test(`${name}: ${text}`, async (t) => run(await open(t)));
  };

  // --- notices

  promise('notices ride on an acceptance: with it or not at all', async ({ store }) => {
    const anna = await addAccount(store, 'anna', { quota: 10_000 });
    const bert = await addAccount(store, 'bert');
    const filing = async (size: number, more: Partial<Acceptance>): Promise<Acceptance> =>
      await acceptanceOf(store, await sealBody(store, randomBytes(size)), ['anna@group.test'], more);
    const filed = await noticeTo(store, 'bert@group.test', { once: 'filed:1' });
    assert.equal((await store.accept(await filing(10, { with: [filed] }))).kind, 'filed');
    assert.deepEqual(await messagesIn(store, bert), [filed.body.id]);
    // The message is refused: nothing of its notice stands, its key is free.
    const refused = await noticeTo(store, 'bert@group.test', { once: 'filed:2' });
    assert.equal((await store.accept(await filing(20_000, { with: [refused] }))).kind, 'refused');
    assert.deepEqual(await messagesIn(store, bert), [filed.body.id]);
    assert.deepEqual(await store.deliveries.usedKeys(['filed:1', 'filed:2']), ['filed:1']);
    // The key was used: the message is filed, the notice is not.
    const again = await noticeTo(store, 'bert@group.test', { once: 'filed:1' });
    assert.equal((await store.accept(await filing(10, { with: [again, refused] }))).kind, 'filed');
    assert.deepEqual(await messagesIn(store, bert), [filed.body.id, refused.body.id]);
    assert.equal((await messagesIn(store, anna)).length, 2);
    const nine = await Promise.all(Array.from({ length: 9 }, () => noticeTo(store, 'bert@group.test')));
    await assert.rejects(store.accept(await filing(10, { with: nine })), RangeError);
    const nested = { ...nine[0]!, with: [nine[1]!] };
    await assert.rejects(store.accept(await filing(10, { with: [nested] })), RangeError);
  });

  promise('no mailbox is too full for a message of the gateway itself', async ({ store }) => {
    const anna = await addAccount(store, 'anna', { quota: 100 });
    assert.equal((await deliver(store, randomBytes(500), 'anna@group.test')).outcome.kind, 'refused');
    const notice = await noticeTo(store, 'anna@group.test');
    assert.equal((await store.accept(notice)).kind, 'filed');
    assert.deepEqual(await messagesIn(store, anna), [notice.body.id]);
    assert.equal((await store.deliveries.findMessage(notice.body.id))?.submitter, 0);
  });

  promise('keys of notices are remembered for 400 days', async ({ store, clock }) => {
    await addAccount(store, 'anna');
    await store.accept(await noticeTo(store, 'anna@group.test', { once: 'k' }));
    clock.setWall(clock.now() + days(399));
    await store.sweep();
    assert.deepEqual(await store.deliveries.usedKeys(['k']), ['k']);
    clock.setWall(clock.now() + days(2));
    await store.sweep();
    assert.deepEqual(await store.deliveries.usedKeys(['k']), []);
    await assert.rejects(store.accept(await noticeTo(store, 'anna@group.test', { once: '' })), RangeError);
    await assert.rejects(store.accept(await noticeTo(store, 'anna@group.test', { once: 'k'.repeat(201) })), RangeError);
  });

  // --- of one account

  promise('a page of what an account sent ends at its bounds, and says where the next one begins', async (s) => {
    const { store } = s;
    const anna = await addAccount(store, 'anna');
    await addAccount(store, 'bert');
    const accepted = async (): Promise<MessageId> => {
      const body = await sealBody(store, randomBytes(50));
      const audit = [{ event: 'message.accepted', outcome: 'success' as const, message: body.id, account: anna }];
      const found = await acceptanceOf(store, body, ['bert@group.test'], { submitter: anna, audit });
      const recipients = Array.from({ length: 600 }, () => found.recipients[0]!);
      assert.equal((await store.accept({ ...found, recipients })).kind, 'filed');
      return body.id;
    };
    const first = await accepted();
    for (let n = 0; n < 2010; n += 1) store.audit.note({ event: 'login.granted', outcome: 'success', account: anna });
    // They are written behind what is accepted, or beside it.
    let [fromSeq, rows] = [0, 0];
    await until('2010 rows are in the trail', async () => {
      const found = await store.audit.read({ account: anna, fromSeq, limit: 1000 });
      rows += found.length;
      fromSeq = (found.at(-1)?.seq ?? fromSeq - 1) + 1;
      return rows >= 2010;
    });
    const later = [await accepted(), await accepted(), await accepted()].toReversed();
    const pages: (readonly MessageId[])[] = [];
    for (let before: number | undefined; pages.length < 9;) {
      const page = await store.deliveries.sentPage({ account: anna, limit: 100, ...defined({ before }) });
      pages.push(page.sent.map(({ message }) => message.id));
      before = page.next;
      if (before === undefined) break;
    }
    assert.deepEqual(pages, [later.slice(0, 2), later.slice(2), [first]]);
  });

  promise('the latest that an account sent and got, newest first, with what became of it', async (s) => {
    const { store } = s;
    const [anna, bert] = [await addAccount(store, 'anna'), await addAccount(store, 'bert')];
    const submitted: MessageId[] = [];
    for (let n = 0; n < 4; n += 1) {
      const body = await sealBody(store, randomBytes(50));
      const found = await acceptanceOf(store, body, ['bert@group.test'], { submitter: anna });
      const audit = [{ event: 'message.accepted', outcome: 'success' as const, message: body.id, account: anna }];
      assert.equal((await store.accept({ ...found, audit })).kind, 'filed');
      submitted.unshift(body.id);
      // Rows of other things stand between.
      store.audit.note({ event: 'login.granted', outcome: 'success', account: anna });
      if (n === 0) await collect(store, bert, 'delete');
      if (n === 1) await collect(store, bert, 'quit');
    }
    const sentBy = async (limit: number): Promise<MessageId[]> =>
      (await store.deliveries.submittedBy(anna, limit)).map(({ id }) => id);
    assert.deepEqual(await sentBy(10), submitted);
    assert.deepEqual(await sentBy(2), submitted.slice(0, 2));
    assert.deepEqual(await store.deliveries.submittedBy(bert, 10), []);
    const paged = async (query: Partial<SentQuery>): Promise<(readonly [MessageId, number])[]> => {
      const all: (readonly [MessageId, number])[] = [];
      for (let before: number | undefined, pages = 0; pages < 10; pages += 1) {
        const { sent, next } = await store.deliveries.sentPage({
          ...{ account: anna, limit: 3 },
          ...query,
          ...defined({ before }),
        });
        assert(sent.length <= (query.limit ?? 3));
        all.push(...sent.map(({ message, places }) => [message.id, places.length] as const));
        before = next;
        if (before === undefined) return all;
      }
      return assert.fail('it continues for ever');
    };
    const all = submitted.map((id) => [id, 1] as const);
    assert.deepEqual(await paged({}), all);
    assert.deepEqual(await paged({ limit: 1 }), all);
    assert.deepEqual(await paged({ recipient: 'BERT@group.test' as Address }), all);
    assert.deepEqual(await paged({ recipient: 'anna@group.test' as Address }), []);
    const { receivedAt } = (await store.deliveries.findMessage(submitted[0]!))!;
    assert.deepEqual(await paged({ until: instant(receivedAt - 1000 * 60 * 60) }), []);
    assert.deepEqual(await paged({ since: instant(receivedAt + days(3)) }), []);
    assert.deepEqual(await paged({ account: bert }), []);
    const gotBy = async (limit: number): Promise<(readonly [MessageId, string])[]> =>
      (await store.deliveries.latestIn(bert, limit)).map(({ message, state }) => [message.id, state]);
    const states = ['waiting', 'waiting', 'collected', 'deleted'];
    assert.deepEqual(
      await gotBy(10),
      submitted.map((id, n) => [id, states[n]]),
    );
    assert.equal((await gotBy(3)).length, 3);
    assert.deepEqual(await store.deliveries.latestIn(anna, 10), []);
    // Handed out again it is there once, as it lies there now.
    await store.restoreEntries(bert, { message: submitted[3]! }, actor);
    assert.deepEqual((await gotBy(10))[3], [submitted[3], 'waiting']);
  });

  // --- resubmissions

  promise('a repeated submission is known while nobody has the first, in its window, over a restart', async (s) => {
    const anna = await addAccount(s.store, 'anna');
    await addAccount(s.store, 'bert');
    const key = randomBytes(16);
    const submit = async ({ store, clock }: ContractStore, more: Partial<Acceptance> = {}) => {
      const body = await sealBody(store, randomBytes(100));
      const outcome = await store.accept(
        await acceptanceOf(store, body, ['anna@group.test', 'bert@group.test'], {
          receivedAt: clock.now(),
          resubmission: { key, window: minutes(15) },
          ...more,
        }),
      );
      return { id: body.id, outcome };
    };
    const first = await submit(s);
    const duplicate = { kind: 'duplicate', of: first.id };
    assert.deepEqual((await submit(s)).outcome, duplicate);
    const other = { key: randomBytes(16), window: minutes(15) };
    assert.equal((await submit(s, { resubmission: other })).outcome.kind, 'filed');
    const again = await s.reopen();
    again.clock.advance(minutes(15));
    assert.deepEqual((await submit(again)).outcome, duplicate);
    again.clock.advance(1);
    const second = await submit(again);
    assert.equal(second.outcome.kind, 'filed');
    assert.deepEqual((await submit(again)).outcome, { kind: 'duplicate', of: second.id });
    // One of the two has it, even if no QUIT confirmed it: who sends again means it.
    await collect(again.store, anna, 'cut');
    assert.equal((await submit(again)).outcome.kind, 'filed');
    await assert.rejects(submit(again, { resubmission: { key: randomBytes(15), window: minutes(1) } }), RangeError);
    await assert.rejects(submit(again, { resubmission: { key, window: hours(2) } }), RangeError);
  });

  promise('the fingerprint of a message is of its octets alone, over a restart too', async (s) => {
    const of = ({ store }: Pick<ContractStore, 'store'>, ...slices: readonly string[]): string => {
      const fingerprint = store.fingerprint();
      for (const slice of slices) fingerprint.update(Buffer.from(slice));
      return Buffer.from(fingerprint.digest()).toString('hex');
    };
    const known = of(s, 'the octets');
    assert.equal(known.length, 32);
    assert.equal(of(s, 'the ', '', 'octets'), known);
    assert.notEqual(of(s, 'the octetS'), known);
    assert.equal(of(await s.reopen(), 'the octets'), known);
  });

  promise('a repeated submission to a partner is known until the partner took the first', async ({ store }) => {
    const partner = await addHospital(store);
    const key = randomBytes(16);
    const submit = async () =>
      await store.accept(
        await acceptanceOf(store, await sealBody(store, randomBytes(100)), ['lab@hospital.test'], {
          resubmission: { key, window: minutes(15) },
        }),
      );
    assert.equal((await submit()).kind, 'filed');
    const [claim] = await store.deliveries.claim(partner, 1, LEASE);
    assert.equal((await submit()).kind, 'duplicate');
    await store.deliveries.settle({ claim: claim!, outcome: { kind: 'relayed', reply: '250 ok' }, audit: [] });
    assert.equal((await submit()).kind, 'filed');
  });

  // --- the trace

  promise('messages are found by id, Message-ID, sender, recipient and time, newest first, in pages', async (s) => {
    const { store, clock } = s;
    await addHospital(store);
    await addAccount(store, 'anna');
    await addAccount(store, 'bert');
    const start = clock.now();
    const ids: MessageId[] = [];
    for (let i = 0; i < 6; i += 1) {
      clock.advance(1000);
      const body = await sealBody(store, randomBytes(10));
      const to = i % 2 === 0 ? ['anna@group.test', 'lab@hospital.test'] : ['bert@group.test'];
      const sender = (i < 3 ? 'GP@Group.test' : 'other@group.test') as Address;
      const more = { sender, receivedAt: clock.now(), messageIdField: `${i % 3}@gp.test` };
      await store.accept(await acceptanceOf(store, body, to, more));
      ids.push(body.id);
    }
    const find = async (query: Partial<MessageQuery>): Promise<number[]> =>
      (await store.deliveries.findMessages({ limit: 100, since: instant(0), ...query })).map((m) => ids.indexOf(m.id));
    assert.deepEqual(await find({}), [5, 4, 3, 2, 1, 0]);
    assert.deepEqual(await find({ messageIdField: '1@gp.test' }), [4, 1]);
    assert.deepEqual(await find({ sender: address('gp@group.TEST') }), [2, 1, 0]);
    assert.deepEqual(await find({ recipient: address('LAB@hospital.test') }), [4, 2, 0]);
    assert.deepEqual(await find({ recipient: address('anna@group.test'), sender: address('gp@group.test') }), [2, 0]);
    assert.deepEqual(await find({ since: instant(start + 2000), until: instant(start + 4000) }), [3, 2, 1]);
    assert.deepEqual(await find({ limit: 2 }), [5, 4]);
    assert.deepEqual(await find({ limit: 2, before: ids[4]! }), [3, 2]);
    assert.deepEqual(await find({ sender: address('nobody@group.test') }), []);
    assert.equal((await store.deliveries.findMessage(ids[0]!))?.messageIdField, '0@gp.test');
    assert.equal(await store.deliveries.findMessage('0000000000001' as MessageId), undefined);
    await assert.rejects(find({ limit: 0 }), RangeError);
  });

  promise('the content of a message can be read by its id, short and long', async ({ store }) => {
    await addAccount(store, 'anna');
    for (const size of [1000, 700_000]) {
      const content = randomBytes(size);
      const { id } = await deliver(store, content, 'anna@group.test');
      const stored = await store.deliveries.openMessage(id);
      assert.deepEqual([stored?.id, stored?.octets], [id, size]);
      assert.deepEqual(await readAll(stored!), content);
    }
    assert.equal(await store.deliveries.openMessage('0000000000001' as MessageId), undefined);
  });

  promise('it is told of every copy where it is', async ({ store, clock }) => {
    const accounts = [];
    for (const login of ['anna', 'bert', 'carl']) accounts.push(await addAccount(store, login));
    await addHospital(store);
    const to = ['anna@group.test', 'bert@group.test', 'carl@group.test', 'lab@hospital.test'];
    const id = await post(store, ...to);
    const states = async (): Promise<string[]> => (await whereIs(store, id)).map((text) => text.split(': ')[1] ?? '');
    assert.deepEqual(await states(), ['waiting', 'waiting', 'waiting', 'waiting']);
    await collect(store, accounts[0]!, 'quit');
    await collect(store, accounts[1]!, 'delete');
    assert.deepEqual(await states(), ['collected', 'deleted', 'waiting', 'waiting']);
    clock.setWall(clock.now() + days(15));
    await store.sweep();
    assert.deepEqual(await states(), ['collected', 'gone', 'waiting', 'waiting']);
    // Handed out again: waiting again.
    await collect(store, accounts[2]!, 'delete');
    await store.restoreEntries(accounts[2]!, { message: id }, actor);
    assert.deepEqual(await states(), ['collected', 'gone', 'waiting', 'waiting']);
  });

  // --- withdrawals

  promise('a message is taken back where it was neither collected nor relayed, with its notices', async (s) => {
    const { store } = s;
    const accounts = [];
    for (const login of ['anna', 'bert', 'carl', 'dora']) accounts.push(await addAccount(store, login));
    const dora = accounts[3]!;
    const partner = await addHospital(store);
    const id = await post(
      store,
      ...['anna@group.test', 'bert@group.test', 'carl@group.test', 'lab@hospital.test', 'er@hospital.test'],
    );
    await collect(store, accounts[1]!, 'cut');
    const session = await locked(store, accounts[2]!);
    await store.deliveries.claim(partner, 1, LEASE);
    const notice = await noticeTo(store, 'dora@group.test', { once: `withdrawn:${id}` });
    const withdrawals = await store.deliveries.withdraw(id, 'all', actor, [notice]);
    assert(withdrawals !== 'unknown');
    // What a session has listed, or an attempt has begun with, may be on its way.
    assert.deepEqual(
      withdrawals.map(({ where, done }) => `${told(where)}, ${done}`),
      [
        'anna@group.test: withdrawn, withdrawn',
        'bert@group.test: collected, too-late',
        'carl@group.test: waiting, too-late',
        'lab@hospital.test: waiting, too-late',
        'er@hospital.test: withdrawn, withdrawn',
      ],
    );
    assert.deepEqual(await messagesIn(store, dora), [notice.body.id]);
    assert.deepEqual(await messagesIn(store, accounts[0]!), []);
    const [row] = (await store.audit.read({ message: id, limit: 10 })).filter((r) => r.event === 'message.withdrawn');
    assert.deepEqual([row?.facts, row?.personal?.reason], [{ mailboxes: 1, deliveries: 1 }, actor.reason]);
    // Nothing is left to take back but what the session gave up: no second notice for nothing.
    const more = await noticeTo(store, 'dora@group.test');
    const again = await store.deliveries.withdraw(
      id,
      [address('ANNA@group.test'), address('er@hospital.test')],
      actor,
      [more],
    );
    assert.deepEqual(again !== 'unknown' && again.map(({ done }) => done), ['earlier', 'earlier']);
    assert.deepEqual(await messagesIn(store, dora), [notice.body.id]);
    await store.releaseMaildrop(session);
    const rest = await store.deliveries.withdraw(id, [address('carl@group.test')], actor, []);
    assert.deepEqual(rest !== 'unknown' && rest.map((w) => w.done), ['withdrawn']);
    // A withdrawn copy is not handed out again by those who restore deleted ones.
    assert.equal(await store.restoreEntries(accounts[0]!, { message: id }, actor), 0);
    assert.equal(await store.restoreEntries(accounts[0]!, { since: instant(0) }, actor), 0);
    assert.equal(await store.deliveries.withdraw('0000000000001' as MessageId, 'all', actor, []), 'unknown');
  });

  promise('two addresses of one mailbox share one copy: it is taken back for both', async ({ store }) => {
    const anna = await addAccount(store, 'anna');
    await store.registry.addAddress('anna', address('info@group.test'), actor);
    const id = await post(store, 'anna@group.test', 'info@group.test');
    const withdrawals = await store.deliveries.withdraw(id, [address('info@group.test')], actor, []);
    assert.deepEqual(withdrawals !== 'unknown' && withdrawals.map(({ where, done }) => [where.recipient, done]), [
      ['anna@group.test', 'withdrawn'],
      ['info@group.test', 'withdrawn'],
    ]);
    assert.deepEqual(await messagesIn(store, anna), []);
  });

  // --- collected or not

  promise('a receipt is wanted of whoever asked; sent twice without QUIT counts as collected', async ({ store }) => {
    const anna = await addAccount(store, 'anna');
    const body = await sealBody(store, randomBytes(100));
    const acceptance = await acceptanceOf(store, body, ['anna@group.test']);
    await store.accept({ ...acceptance, recipients: acceptance.recipients.map((r) => ({ ...r, receipt: true })) });
    await post(store, 'anna@group.test');
    const look = async (): Promise<string> => {
      const lock = await locked(store, anna);
      const listing = await store.listMaildrop(lock);
      const marks = [0, 1].map(
        (i) => `${listing.receiptWanted(i) ? 'r' : '-'}${listing.retrievedBefore(i) ? 's' : '-'}`,
      );
      await store.releaseMaildrop(lock);
      return marks.join(' ');
    };
    assert.equal(await look(), 'r- --');
    const receipt = (): Promise<Acceptance> => noticeTo(store, 'anna@group.test', { once: `collected:${body.id}` });
    const lock = await locked(store, anna);
    const [first] = await uidsIn(store, lock);
    await store.releaseMaildrop(lock, [first!]);
    assert.equal(await look(), 'rs --');
    const again = await locked(store, anna);
    const notice = await receipt();
    await store.releaseMaildrop(again, [first!], async () => [notice]);
    const third = await locked(store, anna);
    await store.commitMaildrop(third, [], [first!], [], [await receipt()]);
    const messages = await messagesIn(store, anna);
    assert.deepEqual([messages.length, messages[2]], [3, notice.body.id]);
    // A lock that was lost counts nothing, and is no error.
    await store.releaseMaildrop(third, [first!], async () => [await noticeTo(store, 'anna@group.test')]);
    assert.equal((await messagesIn(store, anna)).length, 3);
  });

  promise('a session ends with up to a thousand notices, all or none', async ({ store }) => {
    const anna = await addAccount(store, 'anna');
    const bert = await addAccount(store, 'bert');
    await post(store, 'anna@group.test');
    const notices: Acceptance[] = [];
    for (let i = 0; i < 1001; i += 1) notices.push(await noticeTo(store, 'bert@group.test', {}, 50));
    const lock = await locked(store, anna);
    const uids = await uidsIn(store, lock);
    await assert.rejects(store.commitMaildrop(lock, [], uids, [], notices), RangeError);
    const again = await locked(store, anna);
    await store.commitMaildrop(again, [], uids, [], notices.slice(1));
    const found = await messagesIn(store, bert);
    assert.deepEqual(
      found,
      notices.slice(1).map(({ body }) => body.id),
    );
  });

  promise('mailboxes and entries that nobody fetched are found, in pages', async ({ store, clock }) => {
    const accounts: AccountId[] = [];
    for (const login of ['anna', 'bert', 'carl', 'dora']) accounts.push(await addAccount(store, login));
    const [anna, bert, carl] = accounts as [AccountId, AccountId, AccountId];
    const start = clock.now();
    const at = async (...to: string[]): Promise<MessageId> => {
      const body = await sealBody(store, randomBytes(10));
      await store.accept(await acceptanceOf(store, body, to, { receivedAt: clock.now() }));
      return body.id;
    };
    const ids = [await at('anna@group.test', 'bert@group.test')];
    await collect(store, bert, 'quit');
    clock.advance(1000);
    ids.push(await at('anna@group.test', 'bert@group.test', 'carl@group.test'));
    clock.advance(1000);
    const before = clock.now();
    ids.push(await at('anna@group.test', 'dora@group.test'));
    const uncollected = async (limit: number, after?: AccountId) =>
      await store.deliveries.uncollected({ before, limit, ...(after === undefined ? {} : { after }) });
    const all = [
      { account: anna, messages: 2, oldest: start },
      { account: bert, messages: 1, oldest: start + 1000 },
      { account: carl, messages: 1, oldest: start + 1000 },
    ];
    assert.deepEqual(await uncollected(10), all);
    assert.deepEqual(await uncollected(1), all.slice(0, 1));
    assert.deepEqual(await uncollected(10, anna), all.slice(1));
    const entries = async (limit: number, after?: EntryUid): Promise<number[]> =>
      (
        await store.deliveries.uncollectedEntries(anna, { before, limit, ...(after === undefined ? {} : { after }) })
      ).map(({ uid, message }) => uid * 10 + ids.indexOf(message.id));
    assert.deepEqual(await entries(10), [10, 21]);
    assert.deepEqual(await entries(1), [10]);
    assert.deepEqual(await entries(10, 1 as EntryUid), [21]);
  });

  promise('entries expire with their notices unless they were collected meanwhile', async ({ store, clock }) => {
    const anna = await addAccount(store, 'anna');
    const bert = await addAccount(store, 'bert');
    const ids = [];
    for (let i = 0; i < 3; i += 1) ids.push(await post(store, 'anna@group.test'));
    const lock = await locked(store, anna);
    const uids = await uidsIn(store, lock);
    const event = { event: 'message.expired', outcome: 'failure', account: anna } as const;
    const expiry = await Promise.all(
      uids.map(async (uid) => ({ uid, audit: event, notice: await noticeTo(store, 'bert@group.test') })),
    );
    // A session holds the maildrop: another time.
    assert.deepEqual(await store.deliveries.expire(anna, expiry), []);
    await store.commitMaildrop(lock, [], [uids[1]!], []);
    assert.deepEqual(await store.deliveries.expire(anna, expiry), [uids[0], uids[2]]);
    assert.deepEqual(await messagesIn(store, anna), [ids[1]]);
    assert.deepEqual(await messagesIn(store, bert), [expiry[0]!.notice.body.id, expiry[2]!.notice.body.id]);
    assert.deepEqual(await whereIs(store, ids[0]!), ['anna@group.test: expired']);
    assert.equal(
      (await store.audit.read({ account: anna, limit: 100 })).filter((r) => r.event === event.event).length,
      2,
    );
    assert.equal(await store.restoreEntries(anna, { since: clock.now() }, actor), 2);
    const many = Array.from({ length: 101 }, (_, i) => ({ uid: (i + 1) as EntryUid, audit: event }));
    await assert.rejects(store.deliveries.expire(anna, many), RangeError);
  });

  promise('the latest 16 places that fetch a mailbox are remembered', async ({ store, clock }) => {
    const anna = await addAccount(store, 'anna');
    const bert = await addAccount(store, 'bert');
    const note = (account: AccountId, network: string, at: Instant): Promise<void> =>
      store.deliveries.noteConsumer(account, network, { sessions: 2, retrieved: 3, deleted: 1 }, at);
    const start = clock.now();
    const noted = Array.from({ length: 20 }, (_, i) => note(anna, `192.0.2.${i}`, instant(start + i)));
    noted.push(note(anna, '192.0.2.19', instant(start + 100)), note(bert, '192.0.2.19', instant(start)));
    await Promise.all(noted);
    // One that is told late, as another gateway may: what was known stays.
    await note(anna, '192.0.2.18', instant(start + 17));
    const consumers = await store.deliveries.consumers(anna);
    assert.equal(consumers.length, 16);
    assert.deepEqual(consumers[0], {
      ...{ network: '192.0.2.19', firstAt: start + 19, lastAt: start + 100, sessions: 4, retrieved: 6, deleted: 2 },
    });
    assert.deepEqual(
      [consumers[1]?.network, consumers[1]?.firstAt, consumers[1]?.lastAt],
      ['192.0.2.18', start + 17, start + 18],
    );
    assert.equal(consumers[15]?.network, '192.0.2.4');
    assert.equal(await store.deliveries.accountsAt('192.0.2.19', 10), 2);
    assert.equal(await store.deliveries.accountsAt('192.0.2.19', 1), 1);
    assert.equal(await store.deliveries.accountsAt('192.0.2.0', 10), 0);
  });

  promise('an organisation may have deleted messages kept longer or shorter than others', async ({ store, clock }) => {
    const anna = await addAccount(store, 'anna');
    const id = await post(store, 'anna@group.test');
    const target = { scope: 'organisation', name: 'practice' } as const;
    await store.registry.changeSettings(target, { 'keep-deleted': 20 }, actor);
    await collect(store, anna, 'delete');
    clock.setWall(clock.now() + days(19));
    await store.sweep();
    assert.equal(await store.restoreEntries(anna, { message: id }, actor), 1);
    await store.registry.changeSettings(target, { 'keep-deleted': 0 }, actor);
    await collect(store, anna, 'delete');
    clock.setWall(clock.now() + 1);
    await store.sweep();
    assert.equal(await store.restoreEntries(anna, { message: id }, actor), 0);
  });

  promise(
    'a Message-ID is found over years, among others that begin alike, newest first and page by page',
    async ({ store, clock }) => {
      await addAccount(store, 'anna');
      const alike = 'é'.repeat(40);
      const ids: MessageId[] = [];
      for (const [i, field] of [`${alike}1`, `${alike}2`, `${alike}1`, 'short', `${alike}1`].entries()) {
        clock.setWall(clock.now() + days(i === 0 ? 0 : 300));
        const body = await sealBody(store, randomBytes(10));
        const more = { receivedAt: clock.now(), messageIdField: field };
        await store.accept(await acceptanceOf(store, body, ['anna@group.test'], more));
        ids.push(body.id);
      }
      const find = async (query: Partial<MessageQuery>): Promise<number[]> =>
        (await store.deliveries.findMessages({ limit: 100, since: instant(0), ...query })).map((m) =>
          ids.indexOf(m.id),
        );
      assert.deepEqual(await find({ messageIdField: `${alike}1` }), [4, 2, 0]);
      assert.deepEqual(await find({ messageIdField: `${alike}1`, limit: 1 }), [4]);
      assert.deepEqual(await find({ messageIdField: `${alike}1`, before: ids[4]! }), [2, 0]);
      assert.deepEqual(await find({ messageIdField: `${alike}1`, since: instant(clock.now() - days(700)) }), [4, 2]);
      assert.deepEqual(await find({ messageIdField: `${alike}1`, until: instant(clock.now() - days(700)) }), [0]);
      assert.deepEqual(await find({ messageIdField: 'short' }), [3]);
      assert.deepEqual(await find({ messageIdField: alike }), []);
      assert.deepEqual(await find({ messageIdField: '' }), []);
    },
  );

  promise(
    'a message is found by the reference of an interchange in it, to the letter, and where it was left off is told',
    async ({ store, clock }) => {
      await addAccount(store, 'anna');
      const ids: MessageId[] = [];
      const party = { id: '1', qualifier: '' };
      const interchange = (reference: string) => ({
        ...{ part: '1', format: 'edifact', syntax: '', sender: party, recipient: party, reference, preparedAt: '' },
        ...{ application: '', messages: [], controls: 'right', test: false, acknowledge: false, remarks: [] },
      });
      const write = async (...references: string[]): Promise<void> => {
        const body = await sealBody(store, randomBytes(10));
        const parts = { leaves: [], limits: [], interchanges: references.map(interchange) } as unknown as MessageParts;
        await store.accept(await acceptanceOf(store, body, ['anna@group.test'], { receivedAt: clock.now(), parts }));
        ids.push(body.id);
      };
      const odd = 'a_%!"\\';
      await write('REF1');
      await write();
      await write('REF10', 'REF1');
      await write('ref1');
      await write(odd);
      const find = async (reference: string, more: Partial<ReferenceQuery> = {}) => {
        const { messages, next } = await store.deliveries.findByReference({
          ...{ limit: 100, since: instant(0), reference },
          ...more,
        });
        return [messages.map(({ id }) => ids.indexOf(id)), next === undefined ? undefined : ids.indexOf(next)];
      };
      assert.deepEqual(await find('REF1'), [[2, 0], undefined]);
      assert.deepEqual(await find('REF1', { before: ids[2]! }), [[0], undefined]);
      assert.deepEqual(await find('REF1', { limit: 1 }), [[2], 2]);
      assert.deepEqual(await find('REF'), [[], undefined]);
      assert.deepEqual(await find(odd), [[4], undefined]);
      assert.deepEqual(await find('REF1', { since: instant(clock.now() + days(2)) }), [[], undefined]);
      assert.deepEqual(await find('REF1', { recipient: address('bob@group.test') }), [[], undefined]);
    },
  );

  promise('messages are counted by the hour, those of hours that are over once', async ({ store, clock }) => {
    await addAccount(store, 'anna');
    await post(store, 'anna@group.test');
    await post(store, 'anna@group.test');
    clock.setWall(clock.now() + hours(1));
    await post(store, 'anna@group.test');
    clock.setWall(clock.now() + hours(3));
    const count = async (): Promise<number[]> =>
      (await store.deliveries.acceptedByHour(clock.now(), 5)).map(({ messages }) => messages);
    assert.deepEqual(await count(), [2, 1, 0, 0, 0]);
    await post(store, 'anna@group.test');
    assert.deepEqual(await count(), [2, 1, 0, 0, 1]);
    assert.equal((await store.deliveries.acceptedByHour(clock.now(), 1000)).length, 48);
  });

  promise('a day loses its key while the facts of its messages stay', async ({ store, clock }) => {
    const anna = await addAccount(store, 'anna');
    const id = await post(store, 'anna@group.test');
    await collect(store, anna, 'delete');
    clock.setWall(clock.now() + days(20));
    await store.sweep();
    assert.equal(await store.deliveries.openMessage(id), undefined);
    const found = await store.deliveries.findMessages({
      ...{ limit: 10, since: instant(0), recipient: address('anna@group.test') },
    });
    assert.deepEqual(
      found.map((m) => [m.id, m.recipients.map((r) => addressKey(r.address))]),
      [[id, ['anna@group.test']]],
    );
  });
}
