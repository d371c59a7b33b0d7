/** What every store must do with organisations of which one becomes part of another. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { type Address, addressKey } from '../../src/domain/address.ts';
import type { AccountId } from '../../src/domain/ids.ts';
import { isSameOrganisation } from '../../src/domain/registry.ts';
import { days, instant } from '../../src/domain/units.ts';
import { MAX_IDENTITIES } from '../../src/store/edi-identities.ts';
import { type AccountMerge, MERGED_AT_ONCE } from '../../src/store/organisation-merge.ts';
import type { Store } from '../../src/store/port/store.ts';
import { address } from '../support/store.ts';
import { type ContractStore, registryError } from './contract.ts';

const actor = { name: 'operator', reason: 'practices join' };
const [first, second, other] = ['first@a.test', 'second@a.test', 'desk@b.test'].map(address) as [
  Address,
  Address,
  Address,
];

/** Organisation `a` with two accounts, `b` with one; login names are their addresses. */
async function twoOf(store: Store): Promise<readonly [AccountId, AccountId, AccountId]> {
  for (const name of ['a', 'b']) await store.registry.addOrganisation({ name, title: name, language: 'nl' }, actor);
  const added = async (organisation: string, of: Address): Promise<AccountId> =>
    await store.registry.addAccount({ login: of, organisation, kind: 'edi', addresses: [of] }, actor);
  return [await added('a', first), await added('a', second), await added('b', other)];
}

const plain = (of: Address): AccountMerge => ({ login: of, settings: {}, addresses: [{ address: of }] });

export function mergeContract(name: string, open: (t: TestContext) => Promise<ContractStore>): void {
  const promise = (text: string, run: (s: ContractStore) => Promise<void>): void => {
    test(`${name}: ${text}`, async (t) => run(await open(t)));
  };

  promise('in the middle of a merge both parts are one organisation to the roads, also after a restart', async (s) => {
    const [one, two, three] = await twoOf(s.store);
    await s.store.registry.addIdentities(
      [
        { id: 'ofA', qualifier: '14', organisation: 'a' },
        { id: 'ofFirst', qualifier: '', organisation: 'a', login: first },
        { id: 'ofB', qualifier: '', organisation: 'b' },
      ],
      actor,
    );
    const called = async (store: Store): Promise<readonly (readonly string[])[]> =>
      await Promise.all([one, two, three].map((account) => store.registry.identitiesOf(account)));
    assert.deepEqual(await called(s.store), [['ofA:14', 'ofFirst'], ['ofA:14'], ['ofB']]);
    assert.equal(await s.store.registry.beginMerge('a', 'b', actor), 2);
    assert.equal(await s.store.registry.beginMerge('a', 'b', actor), 0, 'asked for again it is as it is');
    assert.equal(await s.store.registry.mergeAccounts('a', 'b', [plain(second)], actor), 1);
    const all = ['ofA:14', 'ofB'];
    assert.deepEqual(await called(s.store), [['ofA:14', 'ofB', 'ofFirst'], all, all]);
    const { store } = await s.reopen();
    assert.deepEqual(await called(store), [['ofA:14', 'ofB', 'ofFirst'], all, all]);
    const [moved, left] = [await store.registry.findLogin(second), await store.registry.findLogin(first)];
    assert.deepEqual([moved?.organisation.name, left?.organisation.name], ['b', 'a']);
    assert(isSameOrganisation(moved!.organisation, left!.organisation));
    assert.equal(await store.registry.finishMerge('a', 'b', actor), 1, 'one account is left');
    assert.equal(await store.registry.mergeAccounts('a', 'b', [plain(second), plain(first)], actor), 1);
    assert.equal(await store.registry.finishMerge('a', 'b', actor), 0);
    assert.equal(await store.registry.finishMerge('a', 'b', actor), 0);
    const a = await store.registry.findOrganisation('a');
    assert.deepEqual([a?.state, a?.mergedInto?.name], ['ended', 'b']);
    assert.equal((await store.registry.findLogin(first))?.account.state, 'active');
  });

  promise('a step is whole or nothing, and of accounts that changed meanwhile nothing', async ({ store }) => {
    await twoOf(store);
    const { registry } = store;
    await registry.beginMerge('a', 'b', actor);
    await registry.addAddress(first, address('new@a.test'), actor);
    const merge = (...merges: AccountMerge[]) => registry.mergeAccounts('a', 'b', merges, actor);
    await assert.rejects(
      merge(plain(second), plain(first)),
      registryError('invalid', /addresses of "first@a.test" were/),
    );
    assert.equal((await registry.findLogin(second))?.organisation.name, 'a');
    const gone = { ...plain(second), addresses: [{ address: second, endsAt: instant(9e14), successor: first }] };
    await registry.endAddress(first, { successor: other }, actor);
    await assert.rejects(
      merge(gone),
      registryError('invalid', /"first@a.test" cannot succeed address "second@a.test"/),
    );
    assert.equal((await registry.findAccount(second))?.addresses[0]?.endsAt, undefined);
    await assert.rejects(
      merge(...Array.from({ length: MERGED_AT_ONCE + 1 }, () => plain(second))),
      registryError('invalid', /101 accounts are to go over at once; expected at most 100/),
    );
    // It is on its way: nothing else may be done with it meanwhile.
    for (const [refused, text] of [
      [
        () => registry.setOrganisationState('a', 'suspended', actor),
        /on its way into "b"; "sluis organisation merge a --into b"/,
      ],
      [() => registry.endOrganisation('a', {}, actor), /on its way into "b"/],
      [() => registry.addIdentities([{ id: '1', qualifier: '', organisation: 'a' }], actor), /has become part of "b"/],
      [() => registry.beginMerge('b', 'a', actor), /"a" is part of "b" already, or becomes so/],
      [() => registry.finishMerge('b', 'a', actor), /"b" is not on its way into "a"/],
    ] as const)
      await assert.rejects(refused, text);
    await registry.addOrganisation({ name: 'c', title: 'c', language: 'nl' }, actor);
    await assert.rejects(registry.beginMerge('b', 'c', actor), /"a" is on its way into "b"; .* ends that first/);
  });

  promise('who may send as an address that ends may do so until then, though it was asked before', async (s) => {
    const { store, clock } = s;
    const [one] = await twoOf(store);
    const { registry } = store;
    await registry.setDelegation(first, other, true, actor);
    await registry.beginMerge('a', 'b', actor);
    const [endsAt, successor] = [instant(clock.now() + days(1)), address('first@b.test')];
    const ending = { ...plain(first), addresses: [{ address: first, endsAt, successor }] };
    await registry.mergeAccounts('a', 'b', [ending], actor);
    const [three] = [(await registry.findAccount(other))!.account.id];
    const may = async (account: AccountId, of: Address): Promise<boolean> =>
      await registry.maySendAs(account, addressKey(of));
    assert.deepEqual([await may(one, first), await may(three, first), await may(one, successor)], [true, true, true]);
    clock.advance(days(1));
    assert.deepEqual([await may(one, first), await may(three, first), await may(one, successor)], [false, false, true]);
    assert.equal((await registry.findRecipient(addressKey(first)))?.address.successor, successor);
    // What ends can take nobody's mail over.
    await assert.rejects(
      registry.endAddress(second, { successor: first }, actor),
      registryError('invalid', /accepts no mail then/),
    );
  });

  promise('the trail of an account is parted where it became the other organisation’s', async ({ store }) => {
    const [one, two, three] = await twoOf(store);
    const { registry } = store;
    await registry.addOrganisation({ name: 'c', title: 'c', language: 'nl' }, actor);
    const join = async (from: string, into: string, ...of: Address[]): Promise<void> => {
      await registry.beginMerge(from, into, actor);
      await registry.mergeAccounts(from, into, of.map(plain), actor);
      assert.equal(await registry.finishMerge(from, into, actor), 0);
    };
    await join('a', 'b', first, second);
    await join('b', 'c', first, second, other);
    const formerOf = async (organisation: string, limit = 1000) => {
      const found = await registry.listFormerAccounts({ organisation, limit });
      return found.map(({ account, organisation: to, fromSeq, untilSeq }) => ({ account, to, fromSeq, untilSeq }));
    };
    const [a, b] = [await formerOf('a'), await formerOf('b')];
    assert.deepEqual(
      a.map(({ account, to, fromSeq }) => [account, to, fromSeq]),
      [
        [one, 'b', 0],
        [two, 'b', 0],
      ],
    );
    assert.deepEqual(
      b.map(({ account, to, fromSeq }) => [account, to, fromSeq]),
      [
        [one, 'c', a[0]?.untilSeq],
        [two, 'c', a[1]?.untilSeq],
        [three, 'c', 0],
      ],
    );
    assert.equal(await registry.trailFrom(one), b[0]?.untilSeq);
    assert.equal(await registry.trailFrom(three), b[2]?.untilSeq);
    assert.deepEqual(await formerOf('c'), []);
    const [last] = await store.audit.read({ account: one, fromSeq: a[0]!.untilSeq, limit: 1 });
    assert.deepEqual([last?.event, last?.personal?.organisation], ['registry.account-organisation', 'b']);
    assert.deepEqual(
      (
        await registry.listFormerAccounts({
          organisation: 'b',
          limit: 1,
          after: { account: one, untilSeq: b[0]!.untilSeq },
        })
      ).map(({ account }) => account),
      [two],
    );
  });

  promise(
    'more EDI identities than one organisation may have, and those of accounts that have ended',
    async ({ store }) => {
      await twoOf(store);
      const { registry } = store;
      const many = (organisation: string, n: number) =>
        Array.from({ length: n }, (_, i) => ({ id: `${organisation}${i}`, qualifier: '', organisation }));
      await registry.addIdentities(
        [...many('a', 1), { id: 'second', qualifier: '', organisation: 'a', login: second }],
        actor,
      );
      await registry.addIdentities(many('b', MAX_IDENTITIES), actor);
      await assert.rejects(
        registry.beginMerge('a', 'b', actor),
        registryError('invalid', /"b" has 1000 EDI identities and "a" 2/),
      );
      assert.equal((await registry.findOrganisation('a'))?.mergedInto, undefined);
      await registry.removeIdentity({ id: 'b0', qualifier: '' }, actor);
      await registry.endAccount(second, {}, actor);
      assert.equal(await registry.beginMerge('a', 'b', actor), 1);
      assert.deepEqual(
        (await registry.listIdentities({ limit: 10, organisation: 'a' })).map(({ id }) => id),
        ['second'],
      );
    },
  );
}
