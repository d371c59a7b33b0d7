/**
 * What every store must do with exemptions from scanning: they are of an account as two people knew
 * it, and end where it becomes another organisation's.
 */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { AccountId } from '../../src/domain/ids.ts';
import { ediExemptions, exemptUntil, exemptionsIn } from '../../src/domain/scan-exemption.ts';
import { days, instant } from '../../src/domain/units.ts';
import { address } from '../support/store.ts';
import { type ContractStore, registryError } from './contract.ts';

const actor = { name: 'jan, approved by piet', reason: 'false alarms' };
const ANNA = address('anna@a.test');
const PARTIES = { from: '500123456:ZZ', to: '' };

export function exemptionContract(name: string, open: (t: TestContext) => Promise<ContractStore>): void {
  const promise = (text: string, run: (s: ContractStore) => Promise<void>): void => {
    test(`${name}: ${text}`, async (t) => {
      const s = await open(t);
      for (const each of ['a', 'b'])
        await s.store.registry.addOrganisation({ name: each, title: each, language: 'nl' }, actor);
      await s.store.registry.addAccount(
        { login: ANNA, organisation: 'a', kind: 'edi', addresses: [ANNA], settings: { quota: 5_000_000 } },
        actor,
      );
      await run(s);
    });
  };
  const settingsOf = async ({ store }: ContractStore, login: string = ANNA) =>
    (await store.registry.findLogin(login))!.account.settings;
  const exempt = async ({ store, clock }: ContractStore): Promise<void> => {
    await store.registry.changeScanExemption(ANNA, 0, actor);
    await store.registry.changeEdiExemption(ANNA, PARTIES, clock.now() + days(14), actor);
  };
  const rows = async ({ store }: ContractStore, event: string) =>
    (await store.audit.read({ limit: 1000 })).filter((row) => row.event === event);
  const ended = async (s: ContractStore): Promise<(AccountId | undefined)[]> =>
    (await rows(s, 'scan.exemption-ended')).map(({ account }) => account);

  promise('exemptions are kept beside the settings, which change without them, and survive a restart', async (s) => {
    await exempt(s);
    const until = instant(s.clock.now() + days(14));
    await s.store.registry.changeSettings({ scope: 'account', login: ANNA }, { quota: 6_000_000 }, actor);
    const settings = await settingsOf(await s.reopen());
    assert.equal(settings.quota, 6_000_000);
    assert.equal(exemptUntil({ settings }), 'no end');
    assert.deepEqual(ediExemptions(settings), [{ ...PARTIES, until }]);
  });

  promise('the same parties again have the later end; one of many is ended, and the others stay', async (s) => {
    const { registry } = s.store;
    const other = { from: '500123456:ZZ', to: 'LAB' };
    await exempt(s);
    const until = instant(s.clock.now() + days(30));
    for (const parties of [PARTIES, other]) await registry.changeEdiExemption(ANNA, parties, until, actor);
    assert.deepEqual(ediExemptions(await settingsOf(s)), [
      { ...PARTIES, until },
      { ...other, until },
    ]);
    await registry.changeEdiExemption(ANNA, PARTIES, null, actor);
    assert.deepEqual(ediExemptions(await settingsOf(s)), [{ ...other, until }]);
    const [row] = await rows(s, 'scan.exemption-ended');
    assert.deepEqual(row?.facts, { ediFrom: '500123456:ZZ', ediTo: 'anybody' });
    assert.equal((await rows(s, 'scan.exempted')).length, 4);
  });

  promise('no road on which settings change takes the name of an exemption', async (s) => {
    const target = { scope: 'account', login: ANNA } as const;
    for (const setting of ['scan-exempt', 'scan-exempt-edi'])
      for (const value of [0, '[["1","",9999999999999]]', null]) {
        const refused = registryError('invalid', new RegExp(`"${setting}" is not a setting, since one person`));
        await assert.rejects(s.store.registry.changeSettings(target, { [setting]: value }, actor), refused);
        const many = [{ target, changes: { [setting]: value } }];
        await assert.rejects(s.store.registry.changeManySettings(many, actor), refused);
      }
    assert.equal(exemptionsIn(await settingsOf(s)), 0);
  });

  promise('an account that goes to another organisation is scanned there, and the trail of both says so', async (s) => {
    await exempt(s);
    const move = { login: ANNA, organisation: 'b', since: s.clock.now(), endsAt: instant(s.clock.now() + days(30)) };
    assert.equal((await s.store.accountMoves.plan(move)).exemptions, 2);
    assert.equal(exemptionsIn(await settingsOf(s)), 2, 'a plan changes nothing');
    const moved = await s.store.accountMoves.move(move, actor);
    assert.equal(moved.exemptions, 2);
    assert.deepEqual(await settingsOf(s), { quota: 5_000_000 }, 'its settings went along');
    assert.deepEqual(await settingsOf(s, moved.former.login), { quota: 5_000_000 });
    assert.deepEqual((await ended(s)).sort(), [moved.former.account, moved.account].sort());
  });

  promise(
    'so is one whose organisation becomes part of another; one that was not exempt has no row of it',
    async (s) => {
      const bert = address('bert@a.test');
      await s.store.registry.addAccount({ login: bert, organisation: 'a', kind: 'edi', addresses: [bert] }, actor);
      await exempt(s);
      await s.store.registry.beginMerge('a', 'b', actor);
      const merges = [ANNA, bert].map((login) => ({
        login,
        settings: { quota: 7_000_000 },
        addresses: [{ address: login }],
      }));
      assert.equal(await s.store.registry.mergeAccounts('a', 'b', merges, actor), 2);
      assert.deepEqual(await settingsOf(s), { quota: 7_000_000 });
      const { account } = (await s.store.registry.findLogin(ANNA))!;
      assert.deepEqual(await ended(s), [account.id]);
      const [row] = await rows(s, 'scan.exemption-ended');
      assert.deepEqual(row?.facts, { why: 'moved to another organisation' });
    },
  );

  promise('an account that ends takes them along: whoever is registered behind it is scanned', async (s) => {
    await exempt(s);
    await s.store.registry.setAccountState(ANNA, 'ended', actor);
    const next = address('anna2@a.test');
    await assert.rejects(
      s.store.registry.addAccount({ login: ANNA, organisation: 'a', kind: 'edi', addresses: [next] }, actor),
      registryError('exists', /anna@a\.test/),
    );
    await s.store.registry.addAccount({ login: next, organisation: 'a', kind: 'edi', addresses: [next] }, actor);
    assert.deepEqual(await settingsOf(s, next), {});
  });
}
