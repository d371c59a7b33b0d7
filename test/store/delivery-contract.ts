/**
 * What every store must do with the queue of deliveries. Each test is a promise of
 * src/store/deliveries.ts.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import type { AccountId, DeliveryId, MessageId, PartnerId } from '../../src/domain/ids.ts';
import { days, instant, minutes } from '../../src/domain/units.ts';
import type { Claim, Outcome } from '../../src/store/deliveries.ts';
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
import type { ContractStore } from './contract.ts';
import { addPartner } from './partner-contract.ts';

const actor = { name: 'operator', reason: 'asked by telephone' };
const LEASE = minutes(10);
const relayed: Outcome = { kind: 'relayed', reply: '250 2.0.0 Ok' };
const failed: Outcome = { kind: 'failed', reply: '550 5.1.1 No such user' };

/** A partner with a domain of its own, `NAME.test`. */
async function partnerNamed(store: Store, name = 'hospital'): Promise<PartnerId> {
  const partner = await addPartner(store, name);
  await store.registry.setPartnerDomain(name, `${name}.test`, 'add', actor);
  return partner;
}

const post = async (store: Store, ...to: string[]): Promise<MessageId> =>
  (await deliver(store, randomBytes(2000), ...to)).id;

async function claimOf(store: Store, partner: PartnerId): Promise<Claim> {
  const [claim] = await store.deliveries.claim(partner, 1, LEASE);
  assert(claim !== undefined, 'expected a delivery that is due');
  return claim;
}

const settle = (store: Store, claim: Claim, outcome: Outcome, notice?: Acceptance): Promise<'settled' | 'lost'> =>
  store.deliveries.settle({
    claim,
    outcome,
    ...(notice === undefined ? {} : { notice }),
    audit: [{ event: `delivery.${outcome.kind}`, outcome: 'success', message: claim.message.id }],
  });

const uidlsIn = async (store: Store, account: AccountId): Promise<string[]> => {
  const lock = await store.lockMaildrop(account, { session: 'look', network: 'look' });
  assert(lock !== 'in-use');
  const listing = await store.listMaildrop(lock);
  await store.releaseMaildrop(lock);
  return Array.from({ length: listing.count }, (_, i) => listing.uidlOf(i));
};

const eventsOf = async (store: Store, message: MessageId): Promise<string[]> =>
  (await store.audit.read({ message, limit: 1000 })).map((row) => row.event);

export function deliveryContract(name: string, open: (t: TestContext) => Promise<ContractStore>): void {
  const promise = (text: string, run: (s: ContractStore) => Promise<void>): void => {
    test(`${name}: ${text}`, async (t) => run(await open(t)));
  };

  // --- acceptance

  promise('a message for mailboxes and partners is one acceptance; it is queued also after a restart', async (s) => {
    const partner = await partnerNamed(s.store);
    const anna = await addAccount(s.store, 'anna');
    const body = await sealBody(s.store, randomBytes(300_000));
    const acceptance = await acceptanceOf(s.store, body, ['anna@group.test', 'Lab@hospital.test', 'er@hospital.test']);
    const [a, lab, er] = acceptance.recipients;
    const recipients = [a!, { ...lab!, notify: ['FAILURE', 'DELAY'], originalRecipient: 'lab@old.test' }, er!];
    const envelope = { body: '8BITMIME', smtpUtf8: true, ret: 'HDRS', envid: 'e 1', requireTls: true } as const;
    assert.deepEqual(await s.store.accept({ ...acceptance, recipients, envelope }), { kind: 'filed' });
    for (const again of [() => s, () => s.reopen()]) {
      const { store } = await again();
      const waiting = await store.deliveries.list({ limit: 10, partner });
      assert.deepEqual(
        waiting.map((d) => [d.recipient, d.state, d.attempts, d.notify, d.originalRecipient]),
        [
          ['Lab@hospital.test', 'waiting', 0, ['FAILURE', 'DELAY'], 'lab@old.test'],
          ['er@hospital.test', 'waiting', 0, undefined, undefined],
        ],
      );
      const { message } = waiting[0]!;
      assert.deepEqual(
        { ...message, recipients: message.recipients.length },
        {
          ...{ id: body.id, receivedAt: acceptance.receivedAt, submitter: acceptance.submitter },
          ...{ sender: acceptance.sender, messageIdField: 'a@b', octets: 300_000, sha256: body.sha256, envelope },
          recipients: 3,
        },
      );
      assert.deepEqual(await messagesIn(store, anna), [body.id]);
    }
  });

  promise('nothing is filed for a partner that has ended; mail for a suspended one waits', async ({ store }) => {
    const partner = await partnerNamed(store);
    await addAccount(store, 'anna');
    const acceptances = [];
    for (let i = 0; i < 2; i += 1)
      acceptances.push(
        await acceptanceOf(store, await sealBody(store, randomBytes(10)), ['anna@group.test', 'lab@hospital.test']),
      );
    await store.registry.setPartnerState('hospital', 'suspended', actor);
    assert.equal((await store.accept(acceptances[0]!)).kind, 'filed');
    await store.registry.setPartnerState('hospital', 'ended', actor);
    assert.deepEqual(await store.accept(acceptances[1]!), {
      ...{ kind: 'refused', why: 'gone', address: 'lab@hospital.test' },
    });
    assert.equal((await store.deliveries.list({ limit: 10, partner })).length, 1);
  });

  // --- claims

  promise(
    'a delivery is claimed by one at a time, and due again when the lease has ended',
    async ({ store, clock }) => {
      const partner = await partnerNamed(store);
      await post(store, 'lab@hospital.test');
      const first = await claimOf(store, partner);
      assert.equal(first.attempts, 1);
      assert.deepEqual(await store.deliveries.claim(partner, 10, LEASE), []);
      clock.advance(LEASE - 1);
      assert.deepEqual(await store.deliveries.claim(partner, 10, LEASE), []);
      clock.advance(1);
      const second = await claimOf(store, partner);
      assert.deepEqual([second.id, second.attempts], [first.id, 2]);
      assert(second.fence > first.fence);
      // Whoever had it before comes too late, whatever it brings.
      assert.equal(await settle(store, first, failed), 'lost');
      assert.equal(await settle(store, second, relayed), 'settled');
      assert.equal((await store.deliveries.find(first.id))?.state, 'relayed');
    },
  );

  promise('claims of one time share nothing, go by age, and know no other partner', async ({ store, clock }) => {
    const [one, two] = [await partnerNamed(store), await partnerNamed(store, 'clinic')];
    const ids = [];
    for (let i = 0; i < 9; i += 1) ids.push(await post(store, 'lab@hospital.test'));
    await post(store, 'lab@clinic.test');
    const claims = await Promise.all([1, 2, 3].map(() => store.deliveries.claim(one, 3, LEASE)));
    const claimed = claims.map((claim) => claim.map((c) => c.message.id));
    for (const own of claimed) assert.deepEqual([own.length, own], [3, own.toSorted()]);
    assert.deepEqual(claimed.flat().sort(), ids);
    assert.equal((await store.deliveries.claim(two, 10, LEASE)).length, 1);
    // What failed for now goes behind what was due earlier.
    const [first, ...others] = claims.flat();
    await settle(store, first!, { kind: 'retry', at: instant(clock.now() + 2), reply: '450 later' });
    for (const other of others)
      await settle(store, other, { kind: 'retry', at: instant(clock.now() + 1), reply: '450 later' });
    assert.deepEqual(await store.deliveries.claim(one, 10, LEASE), []);
    clock.advance(2);
    const again = await store.deliveries.claim(one, 10, LEASE);
    assert.deepEqual(
      again.map((c) => c.message.id),
      // Which of the three claims got the oldest is nobody's promise.
      [...ids.filter((id) => id !== first!.message.id), first!.message.id],
    );
  });

  promise('leases of a former run are void at the start: what it attempted is due, at its old place', async (s) => {
    const partner = await partnerNamed(s.store);
    const ids = [await post(s.store, 'lab@hospital.test'), await post(s.store, 'lab@hospital.test')];
    const before = await claimOf(s.store, partner);
    const { store } = await s.reopen();
    const claims = await store.deliveries.claim(partner, 10, LEASE);
    assert.deepEqual(
      claims.map((c) => [c.message.id, c.attempts]),
      [
        [ids[0], 2],
        [ids[1], 1],
      ],
    );
    assert.equal(await settle(store, before, relayed), 'lost');
  });

  promise('one delivery can be claimed by itself, due or not, held or not', async ({ store, clock }) => {
    const partner = await partnerNamed(store);
    await post(store, 'lab@hospital.test');
    assert.equal(await store.deliveries.claimOne(9 as DeliveryId, LEASE), 'unknown');
    const claim = await claimOf(store, partner);
    assert.equal(await store.deliveries.claimOne(claim.id, LEASE), 'busy');
    await settle(store, claim, { kind: 'retry', at: instant(clock.now() + days(1)), reply: '450 later' });
    await store.deliveries.change([claim.id], 'hold', actor);
    const held = await store.deliveries.claimOne(claim.id, LEASE);
    assert(typeof held !== 'string');
    assert.deepEqual([held.state, held.lastReply], ['held', '450 later']);
    assert.equal(await settle(store, held, failed), 'settled');
    assert.equal(await store.deliveries.claimOne(claim.id, LEASE), 'settled');
  });

  // --- settlements

  promise('the first final state wins, and its content goes when nobody needs it', async ({ store, clock }) => {
    const partner = await partnerNamed(store);
    const message = await post(store, 'lab@hospital.test', 'er@hospital.test');
    const claims = await store.deliveries.claim(partner, 2, LEASE);
    assert.equal(await settle(store, claims[0]!, relayed), 'settled');
    assert.equal(await settle(store, claims[0]!, failed), 'lost');
    await store.sweep();
    assert.equal((await readAll((await store.deliveries.openMessage(message))!)).length, 2000);
    assert.equal(await settle(store, claims[1]!, failed), 'settled');
    await store.sweep();
    assert.equal(await store.deliveries.openMessage(message), undefined);
    const record = (await store.deliveries.findMessage(message))!;
    assert.deepEqual(
      (await store.deliveries.whereabouts(record)).map((w) => w.kind === 'partner' && w.delivery.state),
      ['relayed', 'failed'],
    );
    const settled = await store.deliveries.find(claims[1]!.id);
    assert.deepEqual([settled?.lastReply, settled?.settledAt], [failed.reply, clock.now()]);
    assert.deepEqual(await eventsOf(store, message), ['message.accepted', 'delivery.relayed', 'delivery.failed']);
    // The facts go when the trace is over, and the deliveries with them.
    clock.advance(days(89));
    await store.sweep();
    assert((await store.deliveries.findMessage(message)) !== undefined);
    clock.advance(days(2));
    await store.sweep();
    assert.equal(await store.deliveries.findMessage(message), undefined);
    assert.equal(await store.deliveries.find(claims[1]!.id), undefined);
  });

  for (const size of [500, 300_000])
    promise(`a settlement and its notice of ${size} octets stand together; a lost one files nothing`, async (s) => {
      const { store } = s;
      const partner = await partnerNamed(store);
      const anna = await addAccount(store, 'anna', { quota: 1_000_000 });
      await post(store, 'lab@hospital.test');
      const claim = await claimOf(store, partner);
      const notice = await noticeTo(store, 'anna@group.test', { once: `failed:${claim.id}` }, size);
      const twin = await noticeTo(store, 'anna@group.test', { once: `failed:${claim.id}` }, size);
      const stranger = await noticeTo(store, 'anna@group.test', { once: 'another' }, size);
      assert.equal(await settle(store, { ...claim, fence: claim.fence - 1 }, failed, stranger), 'lost');
      assert.deepEqual(await messagesIn(store, anna), []);
      assert.equal(await settle(store, claim, failed, notice), 'settled');
      assert.deepEqual(await messagesIn(store, anna), [notice.body.id]);
      // Filed once, by whatever road it comes; and what was not filed can be filed by another.
      assert.deepEqual(await store.accept(twin), { kind: 'already' });
      assert.deepEqual(await store.deliveries.usedKeys(['another', `failed:${claim.id}`]), [`failed:${claim.id}`]);
      assert.equal((await store.accept(stranger)).kind, 'filed');
      assert.deepEqual(await messagesIn(store, anna), [notice.body.id, stranger.body.id]);
      await assert.rejects(store.accept(notice), RangeError);
    });

  promise('a settlement stands when the addressee of its notice is gone, and a row tells', async ({ store }) => {
    const partner = await partnerNamed(store);
    await addAccount(store, 'anna');
    await post(store, 'lab@hospital.test');
    const claim = await claimOf(store, partner);
    const notice = await noticeTo(store, 'anna@group.test', { once: `failed:${claim.id}` });
    await store.registry.setAddressState(address('anna@group.test'), 'ended', actor);
    assert.equal(await settle(store, claim, failed, notice), 'settled');
    assert.equal((await store.deliveries.find(claim.id))?.state, 'failed');
    assert.deepEqual(await eventsOf(store, notice.body.id), ['notice.not-filed']);
    // Its key is free: another addressee may be found for it.
    assert.deepEqual(await store.deliveries.usedKeys([`failed:${claim.id}`]), []);
  });

  promise('a notice for a partner is queued by the settlement that files it', async ({ store }) => {
    const [one, two] = [await partnerNamed(store), await partnerNamed(store, 'clinic')];
    const due: (readonly PartnerId[])[] = [];
    store.deliveries.onDue((partners) => due.push(partners));
    await post(store, 'lab@hospital.test');
    const notice = await noticeTo(store, 'sender@clinic.test');
    await settle(store, await claimOf(store, one), failed, notice);
    assert.deepEqual(due, [[one], [two]]);
    assert.equal((await claimOf(store, two)).message.id, notice.body.id);
  });

  promise('a retry keeps the reply and the time of the delay notice', async ({ store, clock }) => {
    const partner = await partnerNamed(store);
    await post(store, 'lab@hospital.test');
    const told = clock.now();
    const at = (): Pick<Extract<Outcome, { kind: 'retry' }>, 'kind' | 'at'> => ({ kind: 'retry', at: clock.now() });
    await settle(store, await claimOf(store, partner), { ...at(), reply: '451 one', delayed: true });
    clock.advance(1000);
    await settle(store, await claimOf(store, partner), { ...at(), reply: '451 two' });
    const third = await claimOf(store, partner);
    assert.deepEqual([third.delayedAt, third.lastReply, third.attempts], [told, '451 two', 3]);
  });

  // --- operators

  promise('held deliveries wait for a release; an attempt under way still counts', async ({ store, clock }) => {
    const partner = await partnerNamed(store);
    const message = await post(store, 'lab@hospital.test', 'er@hospital.test');
    const claim = await claimOf(store, partner);
    const all = (await store.deliveries.list({ limit: 10, message })).map((d) => d.id);
    assert.equal(await store.deliveries.change(all, 'hold', actor), 2);
    assert.equal(await store.deliveries.change(all, 'hold', actor), 0);
    clock.advance(days(1));
    assert.deepEqual(await store.deliveries.claim(partner, 10, LEASE), []);
    assert.equal(await settle(store, claim, { kind: 'retry', at: clock.now(), reply: '450 later' }), 'settled');
    assert.equal((await store.deliveries.find(claim.id))?.state, 'held');
    const due: (readonly PartnerId[])[] = [];
    store.deliveries.onDue((partners) => due.push(partners));
    assert.equal(await store.deliveries.change([claim.id], 'release', actor), 1);
    assert.deepEqual(due, [[partner]]);
    assert.equal(await settle(store, await claimOf(store, partner), relayed), 'settled');
    assert.equal(await store.deliveries.change(all, 'release', actor), 1);
    assert.deepEqual(await eventsOf(store, message), [
      ...['message.accepted', 'delivery.held', 'delivery.held', 'delivery.retry', 'delivery.released'],
      ...['delivery.relayed', 'delivery.released'],
    ]);
  });

  promise(
    'an entry that is set aside is held with its notice, and goes back as a new one; the others keep their UIDLs',
    async (s) => {
      const { store } = s;
      const account = await addAccount(store, 'anna');
      const content = randomBytes(3000);
      const before = await post(store, 'anna@group.test');
      const { id } = await deliver(store, content, 'anna@group.test');
      const behind = await post(store, 'anna@group.test');
      const listed = await uidlsIn(store, account);
      const entry = await store.deliveries.mailboxEntry(account, id);
      assert(entry !== undefined);
      const notice = await noticeTo(store, 'anna@group.test');
      const aside = { reply: 'Set aside: 5 sessions', facts: { sessions: 5 }, notices: [notice] };
      // While a session reads, nothing is taken from under it.
      const lock = await store.lockMaildrop(account, { session: 'reader', network: 'home' });
      assert(lock !== 'in-use');
      assert.equal(await store.deliveries.setAside(account, entry.uid, aside), 'in-use');
      await store.releaseMaildrop(lock);
      assert.equal(await store.deliveries.setAside(account, (entry.uid + 100) as typeof entry.uid, aside), 'gone');

      const delivery = await store.deliveries.setAside(account, entry.uid, aside);
      assert(typeof delivery === 'number');
      const told = notice.body.id;
      assert.deepEqual(await messagesIn(store, account), [before, behind, told]);
      const now = await uidlsIn(store, account);
      assert.deepEqual(now.slice(0, 2), [listed[0], listed[2]], 'the others are who they were');
      assert(!listed.includes(now[2]!), 'the notice is nobody that was there before');
      const found = await store.deliveries.find(delivery);
      assert.deepEqual([found?.state, found?.mailbox, found?.lastReply], ['held', account, 'Set aside: 5 sessions']);
      const record = await store.deliveries.findMessage(id);
      assert(record !== undefined);
      const whereIs = async () =>
        (await store.deliveries.whereabouts(record)).map(({ kind, ...w }) => [kind, 'state' in w && w.state]);
      assert.deepEqual(await whereIs(), [['mailbox', 'held']]);
      assert.deepEqual(await readAll((await store.deliveries.openMessage(id))!), Buffer.from(content));
      assert.equal(await store.deliveries.setAside(account, entry.uid, aside), 'gone');
      assert.equal((await store.registry.findAccountById(account))?.messages, 3);

      assert.equal(await store.deliveries.change([delivery], 'release', actor), 1);
      assert.deepEqual(await messagesIn(store, account), [before, behind, told, id]);
      const after = await uidlsIn(store, account);
      assert.deepEqual(after.slice(0, 3), now);
      assert(!listed.includes(after[3]!), 'a UIDL is never used again');
      assert.deepEqual(await whereIs(), [['mailbox', 'waiting']]);
      // And once more: the later delivery is the one that tells.
      const again = await store.deliveries.mailboxEntry(account, id);
      assert.equal(typeof (await store.deliveries.setAside(account, again!.uid, { ...aside, notices: [] })), 'number');
      assert.deepEqual(await whereIs(), [['mailbox', 'held']]);
      assert.deepEqual(await eventsOf(store, id), [
        ...['message.accepted', 'delivery.held', 'delivery.released', 'delivery.held'],
      ]);
    },
  );

  promise('what was set aside may be given up: it is in no mailbox then', async ({ store }) => {
    const account = await addAccount(store, 'anna');
    const id = await post(store, 'anna@group.test');
    const entry = await store.deliveries.mailboxEntry(account, id);
    const delivery = await store.deliveries.setAside(account, entry!.uid, { reply: 'r', facts: {}, notices: [] });
    assert(typeof delivery === 'number');
    const claim = await store.deliveries.claimOne(delivery, LEASE);
    assert(typeof claim !== 'string');
    assert.equal(await settle(store, claim, failed), 'settled');
    assert.deepEqual(await messagesIn(store, account), []);
    assert.equal((await store.deliveries.find(delivery))?.state, 'failed');
    await store.sweep();
    assert.equal(await store.deliveries.openMessage(id), undefined, 'nothing needs its content any more');
  });

  promise('an operator can have a delivery tried at once', async ({ store, clock }) => {
    const partner = await partnerNamed(store);
    await post(store, 'lab@hospital.test');
    const claim = await claimOf(store, partner);
    await settle(store, claim, { kind: 'retry', at: instant(clock.now() + days(1)), reply: '450 later' });
    assert.equal(await store.deliveries.change([claim.id], 'retry', actor), 1);
    const again = await claimOf(store, partner);
    assert.equal(await store.deliveries.change([claim.id], 'retry', actor), 1);
    const third = await claimOf(store, partner);
    assert.equal(await settle(store, again, relayed), 'lost');
    assert.equal(await settle(store, third, relayed), 'settled');
    assert.equal(await store.deliveries.change([claim.id], 'retry', actor), 0);
  });

  promise('queues tell for each partner what waits, what is held, what is due and how old it is', async (s) => {
    const { store, clock } = s;
    const [one, two] = [await partnerNamed(store), await partnerNamed(store, 'clinic')];
    assert.deepEqual(await store.deliveries.queues(), []);
    const start = clock.now();
    for (let i = 0; i < 3; i += 1) {
      const body = await sealBody(store, randomBytes(10));
      const to = ['a@hospital.test', 'b@hospital.test'];
      await store.accept(await acceptanceOf(store, body, to, { receivedAt: instant(start + i) }));
    }
    await post(store, 'a@clinic.test');
    const [held] = await store.deliveries.list({ limit: 1, partner: two });
    await store.deliveries.change([held!.id], 'hold', actor);
    clock.advance(10);
    const claims = await store.deliveries.claim(one, 2, LEASE);
    await settle(store, claims[0]!, relayed);
    assert.deepEqual(await store.deliveries.queues(), [
      { partner: one, waiting: 5, held: 0, dueAt: start + 1, oldest: start },
      { partner: two, waiting: 0, held: 1 },
    ]);
  });

  promise('deliveries are listed by partner, message and state, in pages', async ({ store }) => {
    const [one, two] = [await partnerNamed(store), await partnerNamed(store, 'clinic')];
    const ids = [];
    for (let i = 0; i < 5; i += 1) ids.push(await post(store, 'lab@hospital.test', `nr${i}@clinic.test`));
    await settle(store, await claimOf(store, one), failed);
    const recipients = async (query: Partial<Parameters<Store['deliveries']['list']>[0]>): Promise<string[]> =>
      (await store.deliveries.list({ limit: 100, ...query })).map((d) => `${d.message.id} ${d.recipient}`);
    const lab = ids.map((id) => `${id} lab@hospital.test`);
    const clinic = ids.map((id, i) => `${id} nr${i}@clinic.test`);
    assert.deepEqual(await recipients({ partner: one }), lab.slice(1));
    assert.deepEqual(await recipients({ partner: two }), clinic);
    assert.deepEqual(await recipients({ states: ['failed'] }), lab.slice(0, 1));
    assert.deepEqual(await recipients({ message: ids[0]!, states: ['failed', 'waiting'] }), [lab[0], clinic[0]]);
    assert.deepEqual(await recipients({ message: ids[0]! }), [clinic[0]]);
    const page = await store.deliveries.list({ limit: 2, partner: two });
    assert.deepEqual(await recipients({ partner: two, after: page[1]!.id, limit: 2 }), clinic.slice(2, 4));
    assert.equal((await recipients({})).length, 9);
    await assert.rejects(store.deliveries.list({ limit: 1001 }), RangeError);
    await assert.rejects(store.deliveries.claim(one, 0, LEASE), RangeError);
  });
}
