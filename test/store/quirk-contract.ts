/** What every store promises about counts of quirks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hours } from '../../src/domain/units.ts';
import { QUIRK_DAYS } from '../../src/store/quirks.ts';
import { type Cleanup, addAccount } from '../support/store.ts';
import type { ContractStore } from './contract.ts';

export function quirkContract(name: string, open: (t: Cleanup) => Promise<ContractStore>): void {
  test(`${name}: quirks are counted by account, kind and day, and the counts survive a restart`, async (t) => {
    const first = await open(t);
    const anna = await addAccount(first.store, 'anna');
    const bert = await addAccount(first.store, 'bert');
    const day = new Date(first.clock.now()).toISOString().slice(0, 10);
    for (let n = 0; n < 412; n += 1) first.store.quirks.note(anna, 'line-ends', 'tolerated', 'OldSys 2.1');
    first.store.quirks.note(anna, 'line-ends', 'refused');
    first.store.quirks.note(anna, 'helo', 'refused');
    first.store.quirks.note(bert, 'helo', 'tolerated');
    const at = first.clock.now();
    const expected = [
      { quirk: 'helo', day, tolerated: 0, refused: 1, lastAt: at },
      { quirk: 'line-ends', day, tolerated: 412, refused: 1, lastAt: at, client: 'OldSys 2.1' },
    ];
    assert.deepEqual(await first.store.quirks.of(anna), expected);
    // Noted and not asked for: closing writes them.
    first.store.quirks.note(bert, 'helo', 'tolerated');
    const { store, clock } = await first.reopen();
    assert.deepEqual(await store.quirks.of(anna), expected);
    assert.deepEqual(
      (await store.quirks.of(bert)).map((d) => d.tolerated),
      [2],
    );
    clock.advance(hours(24));
    store.quirks.note(anna, 'line-ends', 'tolerated', 'OldSys 3');
    assert.deepEqual(
      (await store.quirks.of(anna)).filter((d) => d.quirk === 'line-ends').map((d) => [d.tolerated, d.client]),
      [
        [412, 'OldSys 2.1'],
        [1, 'OldSys 3'],
      ],
    );
  });

  test(`${name}: no more than ${QUIRK_DAYS} days are kept of each quirk`, async (t) => {
    const { store, clock } = await open(t);
    const anna = await addAccount(store, 'anna');
    for (let day = 0; day < QUIRK_DAYS + 20; day += 1) {
      store.quirks.note(anna, 'helo', 'tolerated');
      await store.quirks.of(anna);
      clock.advance(hours(24));
    }
    assert.equal((await store.quirks.of(anna)).length, QUIRK_DAYS);
  });
}
