/** What every store promises about the networks that accounts are known from. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { days } from '../../src/domain/units.ts';
import { NETWORKS_OF_ACCOUNT } from '../../src/store/registry.ts';
import { type Cleanup, addAccount } from '../support/store.ts';
import type { ContractStore } from './contract.ts';

const actor = { name: 'test' };

export function networkContract(name: string, open: (t: Cleanup) => Promise<ContractStore>): void {
  test(`${name}: networks of accounts survive a restart, the latest of each, read in pages`, async (t) => {
    const first = await open(t);
    const [anna, bert] = [await addAccount(first.store, 'anna'), await addAccount(first.store, 'bert')];
    const since = first.clock.now();
    first.store.registry.noteNetwork(bert, '192.0.2.7', since);
    for (let i = 0; i < NETWORKS_OF_ACCOUNT + 4; i += 1) {
      first.clock.advance(1000);
      first.store.registry.noteNetwork(anna, `2001:db8:0:${i}::/64`, first.clock.now());
    }
    first.store.registry.noteNetwork(bert, '192.0.2.7', first.clock.now());
    const { store, clock } = await first.reopen();
    const page = await store.registry.knownNetworks({ since, limit: 10 });
    const rest = await store.registry.knownNetworks({ since, limit: 10, after: page[9]! });
    assert.deepEqual([page.length, rest.length], [10, NETWORKS_OF_ACCOUNT + 1 - 10]);
    const all = [...page, ...rest];
    assert.ok(!all.some(({ network }) => ['2001:db8:0:0::/64', '2001:db8:0:3::/64'].includes(network)));
    assert.deepEqual(all.at(-1), { account: bert, login: 'bert', network: '192.0.2.7', at: clock.now() });
    const later = await store.registry.knownNetworks({ since: clock.now(), limit: 10 });
    assert.equal(later.length, 2, 'those of before are not asked for');
  });

  test(`${name}: networks go after their time, and with their account`, async (t) => {
    const { store, clock } = await open(t);
    const [anna, bert] = [await addAccount(store, 'anna'), await addAccount(store, 'bert')];
    const since = clock.now();
    store.registry.noteNetwork(anna, '192.0.2.1', clock.now());
    clock.advance(days(31));
    store.registry.noteNetwork(bert, '192.0.2.2', clock.now());
    store.registry.noteNetwork(anna, '192.0.2.3', clock.now());
    await store.sweep();
    const networks = async (): Promise<string[]> =>
      (await store.registry.knownNetworks({ since, limit: 10 })).map(({ network }) => network);
    assert.deepEqual(await networks(), ['192.0.2.3', '192.0.2.2']);
    await store.registry.setAccountState('bert', 'ended', actor);
    assert.deepEqual(await networks(), ['192.0.2.3']);
  });
}
