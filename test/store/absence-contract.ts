/**
 * What every store must do with absences and consents. Each test is a promise of
 * src/store/absences.ts.
 */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { MAX_ABSENCES } from '../../src/domain/absence.ts';
import { addressKey } from '../../src/domain/address.ts';
import { days, hours, instant } from '../../src/domain/units.ts';
import type { AddressAbsence } from '../../src/store/absences.ts';
import type { Store } from '../../src/store/port/store.ts';
import { addAccount, address } from '../support/store.ts';
import { type ContractStore, registryError } from './contract.ts';

const actor = { name: 'operator', reason: 'test' };
const anna = address('anna@group.test');
const ben = address('ben@group.test');
const carla = address('carla@group.test');

const absenceOf = async ({ registry }: Store, of = anna) => (await registry.findRecipient(addressKey(of)))?.absence;

export function absenceContract(name: string, open: (t: TestContext) => Promise<ContractStore>): void {
  /** With anna, ben and carla, and ben's consent for anna. `from` and `until` in days from now. */
  const promise = (
    text: string,
    run: (
      s: ContractStore,
      away: (from: number, until: number, more?: Partial<AddressAbsence>) => AddressAbsence,
    ) => Promise<void>,
  ): void => {
    test(`${name}: ${text}`, async (t) => {
      const s = await open(t);
      for (const who of ['anna', 'ben', 'carla']) await addAccount(s.store, who);
      await s.store.registry.setConsent(ben, anna, true, actor);
      const now = s.clock.now();
      await run(s, (from, until, more = {}) => ({
        address: anna,
        from: instant(now + days(from)),
        until: instant(now + days(until)),
        mode: 'substitute',
        substitute: ben,
        ...more,
      }));
    });
  };

  promise('an absence begins and ends by the clock, without a change, also after a restart', async (s, away) => {
    const absence = away(1, 3);
    await s.store.registry.addAbsences([absence], actor);
    assert.equal(await absenceOf(s.store), undefined);
    s.clock.advance(days(1));
    const { address: _, ...expected } = absence;
    assert.deepEqual(await absenceOf(s.store), expected);
    assert.equal(await absenceOf(s.store, ben), undefined);
    const again = await s.reopen();
    assert.deepEqual(await absenceOf(again.store), expected);
    again.clock.advance(days(2) - 1);
    assert.deepEqual(await absenceOf(again.store), expected);
    again.clock.advance(1);
    assert.equal(await absenceOf(again.store), undefined);
  });

  promise('without the consent of the substitute there is none', async ({ store }, away) => {
    await assert.rejects(
      store.registry.addAbsences([away(0, 1, { substitute: carla })], actor),
      registryError('invalid', /"carla@group\.test" has not agreed to stand in for "anna@group\.test"/),
    );
    const wrong = await store.registry.judgeAbsences([...[away(0, 1, { substitute: carla }), away(5, 6), away(5, 6)]]);
    assert.deepEqual(
      wrong.map(({ at }) => at),
      [0, 2],
      'a look tells all of them, and notes none',
    );
    // Consent is for one address, and from its giver only.
    await assert.rejects(
      store.registry.addAbsences([away(0, 1, { address: ben, substitute: anna })], actor),
      registryError('invalid', /has not agreed/),
    );
    assert.deepEqual(
      (await store.registry.listConsents(anna)).map((c) => [c.substitute, c.address]),
      [[ben, anna]],
    );
  });

  promise('a consent that is taken back ends what rests on it', async ({ store, clock }, away) => {
    await store.registry.addAbsences([away(0, 2), away(5, 6)], actor);
    clock.advance(hours(1));
    assert.notEqual(await absenceOf(store), undefined);
    assert.equal(await store.registry.setConsent(ben, anna, false, actor), 2);
    assert.equal(await absenceOf(store), undefined);
    const left = await store.registry.listAbsences({ limit: 10, endsAfter: clock.now() });
    assert.deepEqual(left, []);
    await assert.rejects(
      store.registry.setConsent(ben, anna, false, actor),
      registryError('unknown', /has not agreed to stand in/),
    );
  });

  promise('no chain and no loop: a substitute is there himself', async ({ store }, away) => {
    await store.registry.setConsent(carla, ben, true, actor);
    await store.registry.setConsent(anna, ben, true, actor);
    await store.registry.addAbsences([away(0, 5)], actor);
    const benAway = (more: Partial<AddressAbsence>) => away(4, 6, { address: ben, ...more });
    await assert.rejects(
      store.registry.addAbsences([benAway({ substitute: carla })], actor),
      registryError('invalid', /stands in for "anna@group\.test" in that time/),
    );
    await assert.rejects(
      store.registry.addAbsences([benAway({ substitute: anna })], actor),
      registryError('invalid', /substitute "anna@group\.test" is away in that time as well/),
    );
    // Afterwards ben may be away, and then may not stand in.
    await store.registry.addAbsences([away(5, 6, { address: ben, substitute: carla })], actor);
    await assert.rejects(
      store.registry.addAbsences([away(5, 7)], actor),
      registryError('invalid', /"ben@group\.test" is away in that time as well/),
    );
    await store.registry.addAbsences([away(6, 7)], actor);
  });

  promise('an absence that is refused leaves nothing of the others in the same call', async ({ store }, away) => {
    await assert.rejects(
      store.registry.addAbsences([away(0, 2), away(1, 3)], actor),
      registryError('exists', /"anna@group\.test" has an absence in that time already/),
    );
    assert.equal(await absenceOf(store), undefined);
  });

  promise('the same mailbox, a suspended substitute and an unknown address are refused', async ({ store }, away) => {
    await store.registry.addAddress('anna', address('second@group.test'), actor);
    await store.registry.setConsent(address('second@group.test'), anna, true, actor);
    await assert.rejects(
      store.registry.addAbsences([away(0, 1, { substitute: address('second@group.test') })], actor),
      registryError('invalid', /leads to the same mailbox/),
    );
    await assert.rejects(
      store.registry.addAbsences([away(0, 1, { address: address('nobody@group.test') })], actor),
      registryError('unknown', /no address "nobody@group\.test"/),
    );
    await assert.rejects(
      store.registry.setConsent(anna, anna, true, actor),
      registryError('invalid', /cannot stand in for itself/),
    );
    await store.registry.setAddressState(ben, 'suspended', actor);
    await assert.rejects(
      store.registry.addAbsences([away(0, 1)], actor),
      registryError('invalid', /"ben@group\.test" is suspended; expected an active one/),
    );
  });

  promise('an end stops the one under way at once and takes back a planned one', async ({ store, clock }, away) => {
    await store.registry.addAbsences([away(0, 2), away(5, 6, { mode: 'refuse' })], actor);
    clock.advance(hours(1));
    const listed = () => store.registry.listAbsences({ limit: 10, endsAfter: clock.now(), address: anna });
    const [first, second] = await listed();
    assert.deepEqual([first?.mode, second?.mode], ['substitute', 'refuse']);
    await store.registry.endAbsence(anna, first!.from, actor);
    assert.equal(await absenceOf(store), undefined);
    await assert.rejects(
      store.registry.endAbsence(anna, first!.from, actor),
      registryError('unknown', /no such absence, now or ahead/),
    );
    await store.registry.endAbsence(anna, second!.from, actor);
    assert.deepEqual(await listed(), []);
    // What was stays told.
    assert.equal((await store.registry.listAbsences({ limit: 10, endsAfter: instant(0) })).length, 1);
  });

  promise('absences are listed by address and time, page by page', async ({ store, clock }, away) => {
    const { substitute: _, ...refusing } = away(3, 4, { address: carla, mode: 'refuse' });
    await store.registry.addAbsences([refusing, away(2, 3), away(0, 1)], actor);
    const all: (readonly [string, number])[] = [];
    let after: AddressAbsence | undefined;
    for (;;) {
      const [next] = await store.registry.listAbsences({
        limit: 1,
        endsAfter: clock.now(),
        ...(after === undefined ? {} : { after }),
      });
      if (next === undefined) break;
      all.push([next.address, (next.from - clock.now()) / days(1)]);
      after = next;
    }
    assert.deepEqual(all, [
      [anna, 0],
      [anna, 2],
      [carla, 3],
    ]);
  });

  promise(`an address has at most ${MAX_ABSENCES} absences ahead`, async ({ store }, away) => {
    const many = Array.from({ length: MAX_ABSENCES }, (_, i) => away(i, i + 1));
    await store.registry.addAbsences(many, actor);
    await assert.rejects(
      store.registry.addAbsences([away(MAX_ABSENCES, MAX_ABSENCES + 1)], actor),
      registryError('invalid', /24 absences ahead, the most/),
    );
  });
}
