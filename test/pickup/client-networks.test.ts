import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId } from '../../src/domain/ids.ts';
import { days, hours, minutes } from '../../src/domain/units.ts';
import { ClientNetworks, MAX_PENDING } from '../../src/pickup/client-networks.ts';
import type { Consumer } from '../../src/store/deliveries.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryLog } from '../support/log.ts';

const account = 7 as AccountId;

interface Noted {
  readonly account: AccountId;
  readonly network: string;
  readonly sessions: number;
  readonly retrieved: number;
  readonly deleted: number;
}

/** Keeps what was noted, as the store does, and counts its questions. */
function setUp(shared: Readonly<Record<string, number>> = {}) {
  const clock = new FakeClock();
  const log = new MemoryLog();
  const noted: Noted[] = [];
  const rows: Consumer[] = [];
  const warnings: string[][] = [];
  const asked = { consumers: 0 };
  const consumers = new ClientNetworks({
    clock,
    log,
    deliveries: {
      noteConsumer: (of, network, did, at) => {
        noted.push({ account: of, network, ...did });
        rows.push({ network, firstAt: at, lastAt: at, ...did });
        return Promise.resolve();
      },
      consumers: () => {
        asked.consumers += 1;
        return Promise.resolve(rows);
      },
      accountsAt: (network, limit) => Promise.resolve(Math.min(shared[network] ?? 1, limit)),
    },
    warn: (_, networks) => {
      warnings.push([...networks]);
      return Promise.resolve();
    },
  });
  return { clock, log, noted, warnings, asked, consumers };
}

const looked = { retrieved: 0, deleted: 0 };
const emptied = { retrieved: 2, deleted: 2 };

test('polls of one place are counted and written together, every five minutes', () => {
  const { clock, noted, consumers } = setUp();
  for (let i = 0; i < 5; i += 1) consumers.note(account, '10.0.0.1', looked);
  consumers.note(account, '10.0.0.2', looked);
  assert.deepEqual(noted, []);
  clock.advance(minutes(5));
  assert.deepEqual(noted, [
    { account, network: '10.0.0.1', sessions: 5, ...looked },
    { account, network: '10.0.0.2', sessions: 1, ...looked },
  ]);
  clock.advance(minutes(30));
  assert.equal(noted.length, 2, 'nothing new, nothing written');
});

test('closing writes what was counted', async () => {
  const { noted, consumers } = setUp();
  consumers.note(account, '10.0.0.1', looked);
  await consumers.close();
  assert.equal(noted.length, 1);
});

test('places in memory have a limit: the next one writes the others', () => {
  const { noted, consumers } = setUp();
  for (let i = 0; i < MAX_PENDING; i += 1) consumers.note(i as AccountId, '10.0.0.1', looked);
  assert.equal(noted.length, 0);
  consumers.note(account, '10.0.0.2', looked);
  assert.equal(noted.length, MAX_PENDING);
});

test('two places that both delete are warned of', async () => {
  const { clock, log, warnings, consumers } = setUp();
  consumers.note(account, '10.0.0.1', emptied);
  await consumers.close();
  clock.advance(hours(2));
  consumers.note(account, '10.0.0.2', emptied);
  await consumers.close();
  assert.deepEqual(warnings, [['10.0.0.2', '10.0.0.1']]);
  assert.equal(log.names.filter((n) => n === 'maildrop.two-consumers').length, 1);
});

test('a place that only fetches and leaves on the server takes nothing from another', async () => {
  const { clock, warnings, consumers } = setUp();
  consumers.note(account, '10.0.0.1', { retrieved: 5, deleted: 0 });
  clock.advance(hours(2));
  consumers.note(account, '10.0.0.2', emptied);
  await consumers.close();
  assert.deepEqual(warnings, []);
});

test('a place that was left more than a week ago is no second consumer', async () => {
  const { clock, warnings, consumers } = setUp();
  consumers.note(account, '10.0.0.1', emptied);
  await consumers.close();
  clock.advance(days(8));
  consumers.note(account, '10.0.0.2', emptied);
  await consumers.close();
  assert.deepEqual(warnings, []);
});

test('a program in a network that many accounts share is noticed beside one that has its own, and not where all are shared', async () => {
  const hosted = { '10.0.0.1': 2000, '10.0.0.3': 2000 };
  for (const [second, warned] of [
    ['10.0.0.2', [['10.0.0.2', '10.0.0.1']]],
    ['10.0.0.3', []],
  ] as const) {
    const { clock, warnings, consumers } = setUp(hosted);
    consumers.note(account, '10.0.0.1', emptied);
    await consumers.close();
    clock.advance(hours(2));
    consumers.note(account, second, emptied);
    await consumers.close();
    assert.deepEqual(warnings, warned, second);
  }
});

test('what the other place did and is not written yet counts', async () => {
  const { clock, noted, warnings, consumers } = setUp();
  consumers.note(account, '10.0.0.1', emptied);
  await consumers.close();
  clock.advance(minutes(58));
  consumers.note(account, '10.0.0.2', emptied);
  clock.advance(minutes(3));
  assert.equal(noted.length, 1, 'still counted in memory');
  consumers.note(account, '10.0.0.1', emptied);
  await consumers.close();
  assert.deepEqual(warnings, [['10.0.0.1', '10.0.0.2']]);
});

test('the store is asked once an hour for an account, however often it deletes', async () => {
  const { clock, asked, consumers } = setUp();
  for (let i = 0; i < 100; i += 1) consumers.note(account, '10.0.0.1', emptied);
  await consumers.close();
  assert.equal(asked.consumers, 1);
  clock.advance(hours(1));
  consumers.note(account, '10.0.0.1', emptied);
  await consumers.close();
  assert.equal(asked.consumers, 2);
});
