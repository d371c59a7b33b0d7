/**
 * What every store must do with EDI: identities, the memory of interchanges, copies that are held
 * from mailboxes.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import type { Address } from '../../src/domain/address.ts';
import type { AccountId, MessageId } from '../../src/domain/ids.ts';
import { days, minutes } from '../../src/domain/units.ts';
import { MAX_IDENTITIES, type RegisteredIdentity } from '../../src/store/edi-identities.ts';
import { INTERCHANGES_FOR, type SeenInterchange } from '../../src/store/interchanges.ts';
import type { Acceptance } from '../../src/store/acceptance.ts';
import type { Store } from '../../src/store/port/store.ts';
import { acceptanceOf, addAccount, messagesIn, noticeTo, sealBody } from '../support/store.ts';
import { type ContractStore, registryError } from './contract.ts';
import { addPartner } from './partner-contract.ts';

const actor = { name: 'operator', reason: 'held by a guard' };

const identity = (id: string, qualifier = '', organisation = 'practice', login?: string): RegisteredIdentity => ({
  ...{ id, qualifier, organisation },
  ...(login === undefined ? {} : { login }),
});
const key = (text: string): Uint8Array => createHash('sha256').update(text).digest().subarray(0, 16);
const seen = (reference: string, messages: string): SeenInterchange => ({
  reference: key(`r ${reference}`),
  messages: key(`m ${messages}`),
});

/** Files a message whose recipients are all held, or those of `held`. */
async function post(
  store: Store,
  to: readonly string[],
  held: readonly string[] = to,
  more: Partial<Acceptance> = {},
): Promise<MessageId> {
  const body = await sealBody(store, randomBytes(2000));
  const acceptance = await acceptanceOf(store, body, to, more);
  const recipients = acceptance.recipients.map((r) => (held.includes(r.address) ? { ...r, held: true as const } : r));
  assert.deepEqual(await store.accept({ ...acceptance, recipients }), { kind: 'filed' });
  return body.id;
}

const statesOf = async (store: Store, id: MessageId): Promise<string[]> => {
  const message = await store.deliveries.findMessage(id);
  assert.ok(message !== undefined);
  return (await store.deliveries.whereabouts(message)).map((where) =>
    where.kind === 'mailbox' ? where.state : where.delivery.state,
  );
};

export function ediContract(name: string, open: (t: TestContext) => Promise<ContractStore>): void {
  const promise = (text: string, run: (s: ContractStore) => Promise<void>): void => {
    test(`${name}: ${text}`, async (t) => run(await open(t)));
  };

  // --- identities

  promise(
    'an account is called what it and its whole organisation are called, at once and after a restart',
    async (s) => {
      const anna = await addAccount(s.store, 'anna');
      const bob = await addAccount(s.store, 'bob');
      assert.deepEqual(await s.store.registry.identitiesOf(anna), []);
      await s.store.registry.addIdentities(
        [identity('500000002'), identity('500000001', 'ZZ'), identity('ANNA', '', 'practice', 'anna')],
        actor,
      );
      for (const when of ['before', 'after']) {
        const { store } = when === 'before' ? s : await s.reopen();
        const { registry } = store;
        assert.deepEqual(await registry.identitiesOf(anna), ['500000001:ZZ', '500000002', 'ANNA']);
        assert.deepEqual(await registry.identitiesOf(bob), ['500000001:ZZ', '500000002']);
        assert.deepEqual(await registry.identitiesOf(99 as AccountId), []);
        const all = await registry.listIdentities({ limit: 10 });
        assert.deepEqual(all, [
          identity('500000001', 'ZZ'),
          identity('500000002'),
          identity('ANNA', '', 'practice', 'anna'),
        ]);
        assert.deepEqual(await registry.listIdentities({ limit: 10, after: all[1]! }), all.slice(2));
        assert.deepEqual(await registry.listIdentities({ limit: 10, id: '500000001' }), all.slice(0, 1));
        assert.deepEqual(await registry.listIdentities({ limit: 10, organisation: 'nobody' }), []);
        assert.deepEqual(await registry.listIdentities({ limit: 1, organisation: 'practice' }), all.slice(0, 1));
        if (when === 'after') {
          await registry.removeIdentity({ id: '500000002', qualifier: '' }, actor);
          assert.deepEqual(await registry.identitiesOf(bob), ['500000001:ZZ']);
          const rows = await store.audit.read({ limit: 100 });
          assert.deepEqual(
            rows
              .filter(({ event }) => event.includes('edi'))
              .map(({ event, facts }) => [event.slice(22), facts?.identity]),
            [
              ['added', '500000002'],
              ['added', '500000001:ZZ'],
              ['added', 'ANNA'],
              ['removed', '500000002'],
            ],
          );
        }
      }
    },
  );

  promise('an identity has one holder, and nothing is registered where one of many cannot be', async ({ store }) => {
    await addAccount(store, 'anna');
    await store.registry.addOrganisation({ name: 'other', title: 'Other', language: 'nl' }, actor);
    await store.registry.addAccount({ login: 'olga', organisation: 'other', kind: 'edi', addresses: [] }, actor);
    const add = (...identities: RegisteredIdentity[]): Promise<void> => store.registry.addIdentities(identities, actor);
    await add(identity('1', 'ZZ'), identity('2'));
    await add(identity('1', 'ZZ'));
    await add(identity('1', '14'));
    await assert.rejects(
      add(identity('3'), identity('1', 'ZZ', 'other')),
      registryError('exists', /"practice" already/),
    );
    await assert.rejects(add(identity('2', '14', 'other')), registryError('exists', /^"2" is registered/));
    await assert.rejects(add(identity('1', '', 'other')), registryError('exists', /one holder/));
    await assert.rejects(
      add(identity('2', '', 'practice', 'anna')),
      registryError('exists', /organisation "practice"/),
    );
    await assert.rejects(add(identity('4', '', 'practice', 'olga')), registryError('invalid', /does not belong/));
    await assert.rejects(add(identity('4', '', 'nobody')), registryError('unknown', /no organisation "nobody"/));
    const wrong = await store.registry.judgeIdentities([
      ...[identity('3'), identity('1', 'ZZ', 'other'), identity('4', '', 'nobody'), identity('3', '', 'other')],
      identity('1', 'ZZ'),
    ]);
    assert.deepEqual(
      wrong.map(({ at }) => at),
      [1, 2, 3],
      'a look tells all of them, and adds none',
    );
    await assert.rejects(
      store.registry.removeIdentity({ id: '1', qualifier: '' }, actor),
      registryError('unknown', /for nobody/),
    );
    const many = Array.from({ length: MAX_IDENTITIES - 2 }, (_, n) => identity(`M${n}`));
    await assert.rejects(add(...many), registryError('invalid', /has 1000 EDI identities/));
    assert.equal((await store.registry.listIdentities({ limit: 10 })).length, 3);
  });

  // --- interchanges

  promise('a reference and messages are known again once their message is filed, also after a restart', async (s) => {
    const anna = 'anna@group.test';
    await addAccount(s.store, 'anna');
    const ask = [seen('R1', 'A'), seen('R1', 'B'), seen('R2', 'A'), seen('R2', 'B')];
    const earlier = async ({ store }: ContractStore): Promise<string[]> =>
      (await store.interchanges.earlier(ask)).map((e) => `${e.reference ? 'r' : '-'}${e.messages ? 'm' : '-'}`);
    await post(s.store, [anna], [], { interchanges: [seen('R0', 'Z')] });
    assert.deepEqual(await earlier(s), ['--', '--', '--', '--']);
    const refused = await acceptanceOf(s.store, await sealBody(s.store, randomBytes(10)), [anna]);
    const gone = { ...refused.recipients[0]!, address: 'nobody@group.test' as Address };
    await s.store.accept({ ...refused, recipients: [gone], interchanges: [seen('R2', 'B')] });
    assert.deepEqual(await earlier(s), ['--', '--', '--', '--']);
    await post(s.store, [anna], [], { receivedAt: s.clock.now(), interchanges: [seen('R1', 'A')] });
    assert.deepEqual(await earlier(s), ['rm', 'r-', '-m', '--']);
    await post(s.store, [anna], [], { receivedAt: s.clock.now(), interchanges: [seen('R2', 'B')] });
    // The messages are known, but not under this reference: it was used for others.
    assert.deepEqual(await earlier(s), ['rm', 'r-', 'r-', 'rm']);
    const again = await s.reopen();
    assert.deepEqual(await earlier(again), ['rm', 'r-', 'r-', 'rm']);
    s.clock.advance(INTERCHANGES_FOR + days(1));
    assert.deepEqual(await earlier(again), ['--', '--', '--', '--']);
    await again.store.sweep();
    assert.deepEqual(await earlier(await again.reopen()), ['--', '--', '--', '--']);
  });

  promise(
    'every interchange that was accepted under a reference is known again, and one that was held is not',
    async (s) => {
      const anna = 'anna@group.test';
      await addAccount(s.store, 'anna');
      const held = { ...seen('R1', 'C'), held: true } as const;
      const ask = [
        seen('R1', 'A'),
        seen('R1', 'B'),
        seen('R1', 'C'),
        seen('R1', 'D'),
        seen('R2', 'C'),
        seen('R2', 'A'),
      ];
      const earlier = async ({ store }: ContractStore): Promise<string[]> =>
        (await store.interchanges.earlier(ask)).map((e) => `${e.reference ? 'r' : '-'}${e.messages ? 'm' : '-'}`);
      const file = async (...interchanges: SeenInterchange[]): Promise<void> => {
        s.clock.advance(minutes(1));
        await post(s.store, [anna], [], { receivedAt: s.clock.now(), interchanges });
      };
      assert.deepEqual(await earlier(s), ['--', '--', '--', '--', '--', '--']);
      for (const one of [seen('R1', 'A'), seen('R1', 'B'), held]) await file(one);
      // Under a reference of its own, what was held is new: it reached nobody.
      const expected = ['rm', 'rm', 'r-', 'r-', '--', '-m'];
      assert.deepEqual(await earlier(s), expected);
      await file(held);
      assert.deepEqual(await earlier(s), expected, 'held again');
      const again = await s.reopen();
      assert.deepEqual(await earlier(again), expected);
      // Accepted after all: the guard was set to warn, for example.
      await post(again.store, [anna], [], { receivedAt: s.clock.now(), interchanges: [seen('R1', 'C')] });
      assert.deepEqual(await earlier(again), ['rm', 'rm', 'rm', 'r-', '-m', '-m']);
      s.clock.advance(INTERCHANGES_FOR + days(1));
      await again.store.sweep();
      assert.deepEqual(await earlier(await again.reopen()), ['--', '--', '--', '--', '--', '--']);
    },
  );

  promise(
    'more interchanges than one message may have, or keys of another length, break the contract',
    async ({ store }) => {
      await addAccount(store, 'anna');
      const many = Array.from({ length: 101 }, () => seen('R', 'M'));
      await assert.rejects(post(store, ['anna@group.test'], [], { interchanges: many }), RangeError);
      const short = [{ reference: new Uint8Array(15), messages: new Uint8Array(16) }];
      await assert.rejects(post(store, ['anna@group.test'], [], { interchanges: short }), RangeError);
    },
  );

  // --- held from mailboxes

  promise('a copy that is held is in no maildrop until its release files it, also after a restart', async (s) => {
    const anna = await addAccount(s.store, 'anna');
    const bob = await addAccount(s.store, 'bob');
    const id = await post(s.store, ['anna@group.test', 'bob@group.test'], ['anna@group.test']);
    assert.deepEqual(await messagesIn(s.store, anna), []);
    assert.deepEqual(await messagesIn(s.store, bob), [id]);
    assert.deepEqual(await statesOf(s.store, id), ['held', 'waiting']);
    assert.deepEqual(await s.store.deliveries.queues(), []);
    const { store } = await s.reopen();
    const [held, ...rest] = await store.deliveries.list({ limit: 10 });
    assert.ok(held !== undefined);
    assert.deepEqual(
      [rest, held.state, held.mailbox, held.partner, held.recipient, held.message.id],
      [[], 'held', anna, undefined, 'anna@group.test', id],
    );
    assert.equal(await store.deliveries.change([held.id], 'retry', actor), 0);
    assert.equal(await store.deliveries.change([held.id], 'hold', actor), 0);
    assert.equal(await store.deliveries.change([held.id], 'release', actor), 1);
    assert.deepEqual(await messagesIn(store, anna), [id]);
    assert.deepEqual(await statesOf(store, id), ['waiting', 'waiting']);
    assert.equal((await store.deliveries.find(held.id))?.state, 'filed');
    assert.equal(await store.deliveries.change([held.id], 'release', actor), 0);
    assert.equal((await store.registry.findAccount('anna'))?.messages, 1);
    const events = (await store.audit.read({ message: id, limit: 10 })).map(({ event }) => event);
    assert.deepEqual(events, ['message.accepted', 'delivery.released']);
  });

  promise(
    'a release files above the quota and keeps the receipt; not while the account is closed',
    async ({ store }) => {
      const anna = await addAccount(store, 'anna', { quota: 1024 * 1024 });
      const body = await sealBody(store, randomBytes(900_000));
      await store.accept(await acceptanceOf(store, body, ['anna@group.test']));
      const large = await sealBody(store, randomBytes(900_000));
      const acceptance = await acceptanceOf(store, large, ['anna@group.test']);
      const recipients = acceptance.recipients.map((r) => ({ ...r, held: true, receipt: true }) as const);
      assert.deepEqual(await store.accept({ ...acceptance, recipients }), { kind: 'filed' });
      const [held] = await store.deliveries.list({ limit: 10 });
      await store.registry.setAccountState('anna', 'suspended', actor);
      assert.equal(await store.deliveries.change([held!.id], 'release', actor), 0);
      await store.registry.setAccountState('anna', 'active', actor);
      assert.equal(await store.deliveries.change([held!.id], 'release', actor), 1);
      const lock = await store.lockMaildrop(anna, { session: 's', network: 'n' });
      assert.ok(lock !== 'in-use');
      const listing = await store.listMaildrop(lock);
      assert.deepEqual([listing.count, listing.receiptWanted(0), listing.receiptWanted(1)], [2, false, true]);
      assert.notEqual(listing.uidlOf(0), listing.uidlOf(1));
    },
  );

  promise('giving a held copy up settles it with its notice, and its content goes', async ({ store }) => {
    await addAccount(store, 'anna');
    const bob = await addAccount(store, 'bob');
    const id = await post(store, ['anna@group.test']);
    const [held] = await store.deliveries.list({ limit: 10 });
    const claim = await store.deliveries.claimOne(held!.id, minutes(1));
    assert.ok(typeof claim === 'object');
    assert.equal(await store.deliveries.change([held!.id], 'release', actor), 1);
    // Released while the operator's other hand gave it up: the first final state wins.
    const late = await noticeTo(store, 'bob@group.test');
    const failed = { kind: 'failed', reply: 'Given up' } as const;
    assert.equal(await store.deliveries.settle({ claim, outcome: failed, notice: late, audit: [] }), 'lost');
    const other = await post(store, ['anna@group.test']);
    const [next] = await store.deliveries.list({ limit: 10 });
    const second = await store.deliveries.claimOne(next!.id, minutes(1));
    assert.ok(typeof second === 'object');
    const notice = await noticeTo(store, 'bob@group.test');
    assert.equal(await store.deliveries.settle({ claim: second, outcome: failed, notice, audit: [] }), 'settled');
    assert.deepEqual(await statesOf(store, other), ['failed']);
    assert.deepEqual(await messagesIn(store, bob), [notice.body.id]);
    assert.equal((await store.sweep()).messages, 1);
    assert.equal(await store.deliveries.openMessage(other), undefined);
    assert.ok((await store.deliveries.openMessage(id)) !== undefined);
  });

  promise(
    'a held copy is taken back, while a session has the maildrop too, and is not handed out again',
    async ({ store }) => {
      const anna = await addAccount(store, 'anna');
      const id = await post(store, ['anna@group.test']);
      const lock = await store.lockMaildrop(anna, { session: 's', network: 'n' });
      assert.ok(lock !== 'in-use');
      const done = await store.deliveries.withdraw(id, 'all', actor, []);
      assert.ok(done !== 'unknown');
      assert.deepEqual(
        done.map((w) => [w.done, w.where.kind === 'mailbox' && w.where.state]),
        [['withdrawn', 'withdrawn']],
      );
      await store.releaseMaildrop(lock);
      const [held] = await store.deliveries.list({ limit: 10, states: ['withdrawn'] });
      assert.equal(await store.deliveries.change([held!.id], 'release', actor), 0);
      assert.equal(await store.restoreEntries(anna, { message: id }, actor), 0);
    },
  );

  promise(
    'two addresses of one mailbox: held together it is one copy; one that is not held files it',
    async ({ store }) => {
      const anna = await addAccount(store, 'anna');
      await store.registry.addAddress('anna', 'a@group.test' as Address, actor);
      const both = ['anna@group.test', 'a@group.test'];
      const id = await post(store, both);
      assert.equal((await store.deliveries.list({ limit: 10 })).length, 1);
      assert.deepEqual(await statesOf(store, id), ['held', 'held']);
      const one = await post(store, both, ['a@group.test']);
      assert.deepEqual(await messagesIn(store, anna), [one]);
      assert.deepEqual(await statesOf(store, one), ['waiting', 'waiting']);
    },
  );

  promise("a partner's delivery is held from the start, and due when it is released", async ({ store }) => {
    const partner = await addPartner(store);
    await store.registry.setPartnerDomain('hospital', 'hospital.test', 'add', actor);
    await post(store, ['lab@hospital.test', 'er@hospital.test'], ['lab@hospital.test']);
    const claims = await store.deliveries.claim(partner, 10, minutes(1));
    assert.deepEqual(
      claims.map((c) => c.recipient),
      ['er@hospital.test'],
    );
    const [held] = await store.deliveries.list({ limit: 10, states: ['held'] });
    assert.equal(await store.deliveries.change([held!.id], 'release', actor), 1);
    assert.equal((await store.deliveries.claim(partner, 10, minutes(1)))[0]?.recipient, 'lab@hospital.test');
  });

  promise('what is submitted again while its first copy is held is not filed twice', async ({ store, clock }) => {
    const anna = await addAccount(store, 'anna');
    const resubmission = { key: randomBytes(16), window: minutes(15) };
    const more = { resubmission, receivedAt: clock.now() };
    const id = await post(store, ['anna@group.test'], undefined, more);
    const again = async () => {
      const body = await sealBody(store, randomBytes(10));
      return await store.accept(await acceptanceOf(store, body, ['anna@group.test'], more));
    };
    assert.deepEqual(await again(), { kind: 'duplicate', of: id });
    const [held] = await store.deliveries.list({ limit: 10 });
    await store.deliveries.change([held!.id], 'release', actor);
    assert.deepEqual(await again(), { kind: 'duplicate', of: id });
    assert.deepEqual(await messagesIn(store, anna), [id]);
  });
}
