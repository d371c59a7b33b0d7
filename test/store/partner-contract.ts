/** What every store must do with partners. Each test is a promise of src/store/partners.ts. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { addressKey } from '../../src/domain/address.ts';
import type { AccountId, PartnerId } from '../../src/domain/ids.ts';
import type { PartnerServer } from '../../src/domain/partner.ts';
import { octets } from '../../src/domain/units.ts';
import type { Store } from '../../src/store/port/store.ts';
import { addAccount, address } from '../support/store.ts';
import { type ContractStore, registryError } from './contract.ts';

const actor = { name: 'operator', reason: 'test' };
const server: PartnerServer = { host: 'mx.hospital.test', port: 25, tls: 'starttls', connections: 2 };

export async function addPartner(store: Store, name = 'hospital', more: Partial<PartnerServer> = {}) {
  await store.registry.addOrganisation({ name, title: name, language: 'nl' }, actor).catch(() => undefined);
  return await store.registry.addPartner(
    { name, organisation: name, login: `mta-${name}`, server: { ...server, ...more } },
    actor,
  );
}

const routed = async ({ registry }: Store, text: string) => await registry.findRecipient(addressKey(address(text)));
const sendsAs = async ({ registry }: Store, login: string, text: string): Promise<boolean> =>
  await registry.maySendAs(
    (await registry.findAccount(login))?.account.id ?? (0 as AccountId),
    addressKey(address(text)),
  );

export function partnerContract(name: string, open: (t: TestContext) => Promise<ContractStore>): void {
  const promise = (text: string, run: (s: ContractStore) => Promise<void>): void => {
    test(`${name}: ${text}`, async (t) => run(await open(t)));
  };

  promise('a partner comes back whole, with its account, the same after a restart', async (s) => {
    const full: PartnerServer = {
      ...server,
      serverName: 'mail.hospital.test',
      pins: [{ of: 'key', sha256: 'ab'.repeat(32) }],
      maxMessage: octets(10_000_000),
    };
    await s.store.registry.addOrganisation({ name: 'hospital', title: 'Hospital', language: 'nl' }, actor);
    const sealed = new Uint8Array([1, 2, 3]);
    const id = await s.store.registry.addPartner(
      { name: 'hospital', organisation: 'hospital', login: 'MTA', server: full, sealed },
      actor,
    );
    for (const when of ['before', 'after']) {
      const { store } = when === 'before' ? s : await s.reopen();
      const found = await store.registry.findPartner(id);
      assert.deepEqual(found?.server, full);
      assert.deepEqual(found.sealed, sealed);
      assert.deepEqual([found.name, found.login, found.state, found.domains], ['hospital', 'mta', 'active', []]);
      assert.deepEqual(await store.registry.findPartnerNamed('hospital'), found);
      assert.deepEqual(await store.registry.listPartners({ limit: 10 }), [found]);
      assert.deepEqual(await store.registry.listPartners({ limit: 10, after: 'hospital' }), []);
      assert.equal((await store.registry.findAccount('mta'))?.account.kind, 'partner');
      assert.equal(await store.registry.findPartner(99 as PartnerId), undefined);
    }
  });

  promise(
    'an address of its account leads to it, with its limit, and the account may send as it',
    async ({ store }) => {
      const id = await addPartner(store, 'hospital', { maxMessage: octets(1000) });
      await store.registry.addAddress('mta-hospital', address('lab@hospital.test'), actor);
      const found = await routed(store, 'LAB@hospital.test');
      assert.deepEqual(found?.partner, { id, name: 'hospital', state: 'active', maxMessage: 1000 });
      assert.equal(await sendsAs(store, 'mta-hospital', 'lab@hospital.test'), true);
      assert.equal(await sendsAs(store, 'mta-hospital', 'other@hospital.test'), false);
      assert.equal(await routed(store, 'other@hospital.test'), undefined);
      await addAccount(store, 'anna');
      assert.equal((await routed(store, 'anna@group.test'))?.partner, undefined);
    },
  );

  promise(
    'a whole domain leads to it, but a registered address of that domain wins, in any state',
    async ({ store }) => {
      const id = await addPartner(store);
      await store.registry.setPartnerDomain('hospital', 'hospital.test', 'add', actor);
      assert.equal((await routed(store, 'anybody@Hospital.test'))?.partner?.id, id);
      assert.equal(await routed(store, 'anybody@sub.hospital.test'), undefined);
      assert.equal(await sendsAs(store, 'mta-hospital', 'anybody@hospital.test'), true);
      const anna = await addAccount(store, 'anna');
      assert.equal(await sendsAs(store, 'anna', 'anybody@hospital.test'), false);

      await store.registry.addAddress('anna', address('anna@hospital.test'), actor);
      for (const state of ['active', 'suspended', 'ended'] as const) {
        if (state !== 'active') await store.registry.setAddressState(address('anna@hospital.test'), state, actor);
        const found = await routed(store, 'anna@hospital.test');
        assert.deepEqual([found?.account.id, found?.address.state, found?.partner], [anna, state, undefined]);
        assert.equal(await sendsAs(store, 'mta-hospital', 'anna@hospital.test'), false, state);
      }
      assert.deepEqual((await store.registry.findPartner(id))?.domains, ['hospital.test']);

      await store.registry.setPartnerDomain('hospital', 'hospital.test', 'remove', actor);
      assert.equal(await routed(store, 'anybody@hospital.test'), undefined);
      assert.equal(await sendsAs(store, 'mta-hospital', 'anybody@hospital.test'), false);
    },
  );

  promise(
    'a domain with addresses of others is taken only when the operator says that it is shared',
    async ({ store }) => {
      await addPartner(store);
      await addPartner(store, 'clinic');
      await addAccount(store, 'anna');
      const add = (how: 'add' | 'add-shared', partner = 'hospital'): Promise<void> =>
        store.registry.setPartnerDomain(partner, 'group.test', how, actor);
      await assert.rejects(add('add'), registryError('exists', /group\.test" 1 addresses of other organisations/));
      await add('add-shared');
      await assert.rejects(add('add-shared', 'clinic'), registryError('exists', /leads to partner "hospital" already/));
      await assert.rejects(
        store.registry.setPartnerDomain('clinic', 'group.test', 'remove', actor),
        registryError('unknown', /does not lead to partner "clinic"/),
      );
    },
  );

  promise('a state holds for the next read, and an end is for ever', async ({ store }) => {
    const id = await addPartner(store);
    await store.registry.addAddress('mta-hospital', address('lab@hospital.test'), actor);
    await store.registry.setPartnerDomain('hospital', 'hospital.test', 'add', actor);
    for (const state of ['suspended', 'refusing', 'active'] as const) {
      await routed(store, 'lab@hospital.test');
      await store.registry.setPartnerState('hospital', state, actor);
      assert.equal((await routed(store, 'lab@hospital.test'))?.partner?.state, state);
    }
    await store.registry.setPartnerState('hospital', 'ended', actor);
    const found = await routed(store, 'lab@hospital.test');
    assert.deepEqual([found?.address.state, found?.account.state, found?.partner?.state], ['ended', 'ended', 'ended']);
    assert.equal(await routed(store, 'anybody@hospital.test'), undefined);
    assert.equal((await store.registry.findPartner(id))?.state, 'ended');
    await assert.rejects(
      store.registry.setPartnerState('hospital', 'active', actor),
      registryError('ended', /has ended, which cannot be undone/),
    );
    await assert.rejects(addPartner(store), registryError('exists', /a name is used once/));
  });

  promise(
    'a partner that refuses is not let in, its addresses have its own answer, and resume gives the login back',
    async ({ store }) => {
      const { registry } = store;
      await addPartner(store);
      await registry.addAddress('mta-hospital', address('lab@hospital.test'), actor);
      const changed: (readonly number[] | 'many')[] = [];
      registry.onChange((accounts) => changed.push(accounts));
      const login = async (): Promise<string | undefined> => (await registry.findLogin('mta-hospital'))?.account.state;
      for (const [state, expected] of [
        ['suspended', 'active'],
        ['refusing', 'suspended'],
        ['active', 'active'],
      ] as const) {
        await login();
        await registry.setPartnerState('hospital', state, actor);
        assert.equal(await login(), expected, state);
        assert.equal((await routed(store, 'lab@hospital.test'))?.account.state, 'active');
      }
      assert.equal(changed.length, 3, 'open sessions hear of each');
      await registry.setPartnerState('hospital', 'refusing', actor);
      await registry.setAccountState('mta-hospital', 'suspended', actor);
      await registry.setPartnerState('hospital', 'active', actor);
      assert.equal(await login(), 'suspended', 'what the operator did to the account stays');
    },
  );

  promise('the end of its account is its own', async ({ store }) => {
    const id = await addPartner(store);
    await store.registry.setPartnerDomain('hospital', 'hospital.test', 'add', actor);
    await store.registry.setAccountState('mta-hospital', 'ended', actor);
    assert.equal((await store.registry.findPartner(id))?.state, 'ended');
    assert.equal(await routed(store, 'anybody@hospital.test'), undefined);
  });

  promise('a change of its server keeps its secrets unless they change with it', async ({ store }) => {
    await addPartner(store);
    const now = async () => await store.registry.findPartnerNamed('hospital');
    const sealed = new Uint8Array([7]);
    await store.registry.changePartner('hospital', { server, sealed }, actor);
    await store.registry.changePartner('hospital', { server: { ...server, port: 465, tls: 'implicit' } }, actor);
    assert.deepEqual([(await now())?.server.port, (await now())?.sealed], [465, sealed]);
    await store.registry.changePartner('hospital', { server, sealed: null }, actor);
    assert.equal((await now())?.sealed, undefined);
  });

  promise('what cannot be a partner is refused by name, and leaves no account behind', async ({ store }) => {
    await store.registry.addOrganisation({ name: 'hospital', title: 'Hospital', language: 'nl' }, actor);
    const add = (more: Partial<PartnerServer>, partner = 'hospital', organisation = 'hospital') =>
      store.registry.addPartner({ name: partner, organisation, login: 'mta', server: { ...server, ...more } }, actor);
    await assert.rejects(add({}, 'No Name'), registryError('invalid', /is not a name for a partner/));
    await assert.rejects(add({}, 'hospital', 'nobody'), registryError('unknown', /no organisation "nobody"/));
    await assert.rejects(add({ port: 0 }), registryError('invalid', /port 0; expected 1 to 65535/));
    await assert.rejects(add({ connections: 21 }), registryError('invalid', /21 connections; expected 1 to 20/));
    assert.equal(await store.registry.findAccount('mta'), undefined);
    await add({});
    await assert.rejects(
      store.registry.setPartnerState('clinic', 'suspended', actor),
      registryError('unknown', /no partner "clinic"/),
    );
  });
}
