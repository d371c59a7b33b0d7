/**
 * What every store must do with ends that can be taken back: accounts, addresses, partners and
 * organisations that are ending.
 */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { type Address, addressKey } from '../../src/domain/address.ts';
import { decideReach } from '../../src/domain/policy.ts';
import { type Instant, days, instant } from '../../src/domain/units.ts';
import { address } from '../support/store.ts';
import type { Store } from '../../src/store/port/store.ts';
import { type ContractStore, registryError } from './contract.ts';

const actor = { name: 'operator', reason: 'contract ended' };
const [anna, noticeWriter, bert, carl] = ['anna@a.test', 'desk@a.test', 'bert@a.test', 'carl@b.test'].map(address) as [
  Address,
  Address,
  Address,
  Address,
];
const IDENTITY = { id: '8714200000001', qualifier: '14', organisation: 'a' };

/**
 * Organisation `a` with anna (who has two addresses) and bert, `b` with carl; anna may send as carl
 * and bert as anna.
 */
async function group({ registry }: Store): Promise<void> {
  for (const name of ['a', 'b']) await registry.addOrganisation({ name, title: name, language: 'nl' }, actor);
  for (const [login, organisation, addresses] of [
    [anna, 'a', [anna, noticeWriter]],
    [bert, 'a', [bert]],
    [carl, 'b', [carl]],
  ] as const)
    await registry.addAccount({ login, organisation, kind: 'mail', addresses, password: PASSWORD }, actor);
  await registry.setDelegation(carl, anna, true, actor);
  await registry.setDelegation(anna, bert, true, actor);
  await registry.addIdentities([IDENTITY], actor);
}
const PASSWORD = { name: 'first', hash: '$argon2id$x' };

/**
 * What RCPT answers: 250, or the enhanced status of the refusal with whom the sender is told of.
 */
async function reached({ registry }: Store, to: Address): Promise<string> {
  const refusal = decideReach(to, await registry.findRecipient(addressKey(to)), false);
  const named = /send to <(.*)> instead/.exec(refusal?.text ?? '')?.[1];
  return refusal === undefined ? '250' : `${refusal.status}${named === undefined ? '' : ` ${named}`}`;
}

/** Everything of the group that an end takes away, in one value. */
async function standing(store: Store): Promise<unknown> {
  const { registry } = store;
  const accounts = await Promise.all(
    [anna, bert, carl].map(async (login) => {
      const summary = await registry.findAccount(login);
      const { account, addresses, passwords, sendsAs } = summary!;
      const record = await registry.findLogin(login);
      return {
        ...{
          login,
          state: account.state,
          ends: account.endsAt,
          logs: [record?.account.state, record?.passwords.length],
        },
        addresses: addresses.map((a) => [a.address, a.state, a.finalAt, a.successor]),
        sends: await Promise.all(
          [anna, noticeWriter, bert, carl].map((a) => registry.maySendAs(account.id, addressKey(a))),
        ),
        ...{ passwords: passwords.length, sendsAs, called: await registry.identitiesOf(account.id) },
      };
    }),
  );
  return { accounts, reached: await Promise.all([anna, noticeWriter, bert, carl].map((to) => reached(store, to))) };
}

export function endingContract(name: string, open: (t: TestContext) => Promise<ContractStore>): void {
  const promise = (text: string, run: (s: ContractStore) => Promise<void>): void => {
    test(`${name}: ${text}`, async (t) => {
      const s = await open(t);
      await group(s.store);
      await run(s);
    });
  };
  const inDays = ({ clock }: ContractStore, n: number): Instant => instant(clock.now() + days(n));
  const close = async ({ registry }: Store): Promise<void> => {
    for (let step = -1; step !== 0;) step = await registry.endDue();
  };

  promise('an account that is ending takes and sends nothing, still logs in, and is resumed as it was', async (s) => {
    const { registry } = s.store;
    await registry.setAddressState(noticeWriter, 'suspended', actor);
    const before = await standing(s.store);
    const endsAt = inDays(s, 30);
    await registry.endAccount(anna, { endsAt, successor: carl }, actor);
    for (const when of ['now', 'after a restart']) {
      const { store } = when === 'now' ? s : await s.reopen();
      assert.deepEqual(
        [await reached(store, anna), await reached(store, noticeWriter)],
        [`5.1.6 ${carl}`, `5.1.6 ${carl}`],
      );
      const record = await store.registry.findLogin(anna);
      assert.deepEqual([record?.account.state, record?.account.endsAt], ['active', endsAt], 'it collects what waits');
      const [, its] = [record, await store.registry.findAccount(anna)];
      assert.deepEqual(
        its?.addresses.map((a) => [a.state, a.finalAt, a.successor]),
        [
          ['ended', endsAt, carl],
          ['ended', endsAt, carl],
        ],
      );
      const bertId = (await store.registry.findAccount(bert))!.account.id;
      assert.equal(await store.registry.maySendAs(bertId, addressKey(anna)), false, 'nobody sends as it');
      if (when !== 'now') {
        assert.equal(await store.registry.setAccountStates([anna], 'active', actor), 1);
        assert.deepEqual(await standing(store), before);
      }
    }
  });

  promise(
    'an organisation that is ending is one row: its accounts collect, and all of it is resumed as it was',
    async (s) => {
      const { registry } = s.store;
      await registry.setAccountState(bert, 'suspended', actor);
      const before = await standing(s.store);
      const endsAt = inDays(s, 30);
      assert.equal(await registry.endOrganisation('a', { endsAt, successor: carl }, actor), 0);
      assert.deepEqual(await Promise.all([anna, noticeWriter, bert, carl].map((to) => reached(s.store, to))), [
        `5.1.6 ${carl}`,
        `5.1.6 ${carl}`,
        `5.1.6 ${carl}`,
        '250',
      ]);
      const record = await registry.findLogin(anna);
      assert.deepEqual([record?.account.state, record?.account.endsAt], ['active', endsAt]);
      assert.equal((await registry.findLogin(bert))?.account.state, 'suspended', 'a suspension holds still');
      const found = await registry.findOrganisation('a');
      assert.deepEqual([found?.state, found?.endsAt], [undefined, endsAt]);
      const newcomer = { login: 'new@a.test', organisation: 'a', kind: 'mail', addresses: [] } as const;
      await assert.rejects(registry.addAccount(newcomer, actor), registryError('ended', /is ending; resume it/));
      await assert.rejects(registry.beginMerge('a', 'b', actor), registryError('ended', /"a" is ending.*resume/));
      await assert.rejects(registry.beginMerge('b', 'a', actor), registryError('ended', /"a" is ending.*resume/));
      await registry.setOrganisationState('a', 'active', actor);
      assert.deepEqual(await standing(s.store), before);
      const rows = await s.store.audit.latest({ event: 'registry.organisation-state', limit: 2 });
      assert.deepEqual(
        rows.map(({ facts }) => [facts?.from, facts?.to]),
        [
          ['ending', 'active'],
          ['active', 'ending'],
        ],
      );
    },
  );

  promise("an address that is ending keeps its owner, is nobody else's, and comes back", async (s) => {
    const { registry } = s.store;
    const before = await standing(s.store);
    const endsAt = inDays(s, 30);
    await registry.endAddress(noticeWriter, { endsAt, successor: bert }, actor);
    assert.deepEqual([await reached(s.store, noticeWriter), await reached(s.store, anna)], [`5.1.6 ${bert}`, '250']);
    const ending = /"desk@a\.test" is ending/;
    await assert.rejects(registry.addAddress(carl, noticeWriter, actor), registryError('exists', ending));
    await assert.rejects(registry.addAddress(anna, noticeWriter, actor), registryError('exists', ending));
    await assert.rejects(
      registry.moveAddresses([{ address: noticeWriter, login: bert }], actor),
      registryError('ended', ending),
    );
    await assert.rejects(registry.setAddressState(noticeWriter, 'suspended', actor), registryError('ended', ending));
    await assert.rejects(
      registry.endAddress(bert, { successor: noticeWriter }, actor),
      registryError('invalid', /accepts no mail/),
    );
    await registry.setAddressState(noticeWriter, 'active', actor);
    assert.deepEqual(await standing(s.store), before);
  });

  promise('what is suspended as well is resumed in two steps, the suspension first', async (s) => {
    const { registry } = s.store;
    const endsAt = inDays(s, 30);
    await registry.endAccount(anna, { endsAt }, actor);
    await registry.setAccountStates([anna], 'suspended', actor);
    assert.equal((await registry.findLogin(anna))?.account.state, 'suspended');
    await registry.setAccountStates([anna], 'active', actor);
    const between = await registry.findLogin(anna);
    assert.deepEqual([between?.account.state, between?.account.endsAt], ['active', endsAt]);
    assert.equal(await reached(s.store, anna), '5.1.1');
    await registry.setAccountStates([anna], 'active', actor);
    assert.equal(await reached(s.store, anna), '250');
    await registry.setAddressState(noticeWriter, 'suspended', actor);
    await registry.endAddress(noticeWriter, { endsAt }, actor);
    for (const expected of ['5.1.1', '250']) {
      await registry.setAddressState(noticeWriter, 'active', actor);
      assert.equal(await reached(s.store, noticeWriter), expected);
    }
    await registry.setOrganisationState('a', 'suspended', actor);
    await registry.endOrganisation('a', { endsAt }, actor);
    for (const expected of ['5.1.1', '250']) {
      await registry.setOrganisationState('a', 'active', actor);
      assert.equal(await reached(s.store, anna), expected);
    }
  });

  promise('when the time is over the end is final by the clock alone, and the round writes it down', async (s) => {
    const { registry } = s.store;
    await registry.endAddress(noticeWriter, { endsAt: inDays(s, 10), successor: bert }, actor);
    await registry.endAccount(bert, { endsAt: inDays(s, 10), successor: carl }, actor);
    await registry.endOrganisation('b', { endsAt: inDays(s, 10) }, actor);
    s.clock.advance(days(10));
    assert.equal((await registry.findLogin(bert))?.account.state, 'ended');
    assert.equal((await registry.findLogin(carl))?.account.state, 'ended');
    assert.equal((await registry.findOrganisation('b'))?.state, 'ended');
    assert.equal((await registry.findRecipient(addressKey(noticeWriter)))?.address.finalAt, undefined);
    const over = { kind: 'ended' };
    await assert.rejects(registry.setAccountStates([bert], 'active', actor), over);
    await assert.rejects(registry.setAddressState(noticeWriter, 'active', actor), over);
    await assert.rejects(registry.setOrganisationState('b', 'active', actor), over);
    const told = [`5.1.6 ${bert}`, `5.1.6 ${carl}`, '5.1.1'];
    const senders = async (store: Store): Promise<string[]> =>
      await Promise.all([noticeWriter, bert, carl].map((to) => reached(store, to)));
    assert.deepEqual(await senders(s.store), told);
    await close(s.store);
    const { store } = await s.reopen();
    assert.deepEqual(await senders(store), told, 'written down, it says the same');
    for (const login of [bert, carl]) assert.equal((await store.registry.findAccount(login))?.account.state, 'ended');
    assert.deepEqual((await store.registry.findAccount(carl))?.sendsAs, []);
    assert.deepEqual((await store.registry.findAccount(anna))?.sendsAs, [], 'rights end with whom they are of');
    assert.equal(await store.registry.endDue(), 0);
  });

  promise('an end of many that is cut between two steps continues with the round, to the same successor', async (s) => {
    const { registry } = s.store;
    await registry.addOrganisation({ name: 'large', title: 'Large', language: 'nl' }, actor);
    const of = (n: number): Address => address(`m${n}@large.test`);
    await registry.importAccounts(
      Array.from({ length: 450 }, (_, n) => ({
        ...{ login: `m${n}@large.test`, organisation: 'large', kind: 'edi' as const, addresses: [of(n)] },
      })),
      actor,
    );
    const cut = new Error('cut');
    const first = registry.endOrganisation('large', { successor: carl }, actor, () => {
      throw cut;
    });
    await assert.rejects(first, cut);
    const { store } = await s.reopen();
    const states = async (): Promise<readonly string[]> => {
      const db = (await store.registry.listAccounts({ limit: 1000, organisation: 'large' })).map(
        (a) => a.account.state,
      );
      return [...new Set(db)];
    };
    assert.deepEqual(await states(), ['ended'], 'to readers all of it has ended at once');
    assert.equal(await reached(store, of(449)), `5.1.6 ${carl}`);
    const steps: number[] = [];
    for (let step = -1; step !== 0; steps.push(step)) step = await store.registry.endDue();
    assert.deepEqual(steps, [200, 50, 0]);
    assert.deepEqual([await reached(store, of(0)), await reached(store, of(449))], [`5.1.6 ${carl}`, `5.1.6 ${carl}`]);
  });

  promise('a partner that is ending takes nothing new, keeps its domains, and is resumed', async (s) => {
    const { registry } = s.store;
    const server = { host: 'mx.b.test', port: 25, tls: 'starttls', connections: 2 } as const;
    const id = await registry.addPartner({ name: 'lab', organisation: 'b', login: 'mta', server }, actor);
    await registry.setPartnerDomain('lab', 'lab.test', 'add', actor);
    const anybody = address('anybody@lab.test');
    assert.equal(await reached(s.store, anybody), '250');
    const endsAt = inDays(s, 30);
    await registry.endAccount('mta', { endsAt }, actor);
    assert.equal(await reached(s.store, anybody), '5.1.1');
    const found = await registry.findPartner(id);
    assert.deepEqual(
      [found?.state, found?.endsAt, found?.domains],
      ['active', endsAt, ['lab.test']],
      'the queue continues',
    );
    await registry.addPartner({ name: 'other', organisation: 'a', login: 'mta-a', server }, actor);
    await assert.rejects(
      registry.setPartnerDomain('other', 'lab.test', 'add', actor),
      registryError('exists', /leads to partner "lab" already/),
    );
    await registry.setPartnerState('lab', 'active', actor);
    assert.equal(await reached(s.store, anybody), '250');
    assert.equal((await registry.findPartner(id))?.endsAt, undefined);
    await registry.endAccount('mta', { endsAt }, actor);
    s.clock.advance(days(30));
    await close(s.store);
    assert.equal((await registry.findPartner(id))?.state, 'ended');
  });

  promise('an account that is ending goes along with a merge, and what is left of a move is not resumed', async (s) => {
    const { registry } = s.store;
    const endsAt = inDays(s, 30);
    await registry.endAccount(bert, { endsAt }, actor);
    await registry.endAddress(noticeWriter, { endsAt }, actor);
    await registry.beginMerge('a', 'b', actor);
    const merges = [
      { login: anna, settings: {}, addresses: [{ address: anna }] },
      { login: bert, settings: {}, addresses: [] },
    ];
    assert.equal(await registry.mergeAccounts('a', 'b', merges, actor), 2);
    assert.equal(await registry.finishMerge('a', 'b', actor), 0);
    await registry.setAccountStates([bert], 'active', actor);
    await registry.setAddressState(noticeWriter, 'active', actor);
    assert.deepEqual([await reached(s.store, bert), await reached(s.store, noticeWriter)], ['250', '250']);
    await registry.addOrganisation({ name: 'c', title: 'C', language: 'nl' }, actor);
    const moved = await s.store.accountMoves.move(
      { login: carl, organisation: 'c', since: s.clock.now(), endsAt: inDays(s, 10) },
      actor,
    );
    await assert.rejects(
      registry.setAccountStates([moved.former.login], 'active', actor),
      registryError('ended', /went to another organisation/),
    );
    assert.equal(await reached(s.store, carl), '250');
  });
}
