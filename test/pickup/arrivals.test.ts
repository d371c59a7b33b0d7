import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId } from '../../src/domain/ids.ts';
import { seconds } from '../../src/domain/units.ts';
import { Arrivals, MOST_WAITING, MOST_WAITING_IN_ALL } from '../../src/pickup/arrivals.ts';
import { FakeClock } from '../support/clock.ts';

const [anna, bert] = [1, 2] as [AccountId, AccountId];
const never = new AbortController().signal;

function arrivals(): { waits: Arrivals; clock: FakeClock; commit: (account: AccountId) => void } {
  const clock = new FakeClock();
  const listeners: ((account: AccountId) => void)[] = [];
  const waits = new Arrivals({ deliveries: { onMailbox: (one) => void listeners.push(one) }, clock });
  return { waits, clock, commit: (account) => listeners.forEach((one) => one(account)) };
}

test('who waits hears of a commit for its own mailbox, also of one between two waits', async () => {
  const { waits, clock, commit } = arrivals();
  const watch = waits.watch(anna);
  const waiting = watch?.next(seconds(30), never);
  commit(bert);
  commit(anna);
  assert.equal(await waiting, true);
  commit(anna);
  assert.equal(await watch?.next(seconds(30), never), true);
  assert.equal(clock.waiting, 0, 'no timer is left');
});

test('a wait ends with its time, and with the client', async () => {
  const { waits, clock, commit } = arrivals();
  const watch = waits.watch(anna);
  const waiting = watch?.next(seconds(30), never);
  clock.advance(seconds(30));
  assert.equal(await waiting, false);
  const client = new AbortController();
  const left = watch?.next(seconds(30), client.signal);
  client.abort();
  commit(anna);
  assert.equal(await left, false);
  assert.equal(clock.waiting, 0);
});

test('so many wait for one account and in all; a place that is given back is free', () => {
  const { waits } = arrivals();
  const places = Array.from({ length: MOST_WAITING }, () => waits.watch(anna));
  assert.ok(places.every((place) => place !== undefined));
  assert.equal(waits.watch(anna), undefined);
  assert.notEqual(waits.watch(bert), undefined);
  places[0]?.end();
  places[0]?.end();
  assert.notEqual(waits.watch(anna), undefined);
  for (let account = 3; waits.waiting < MOST_WAITING_IN_ALL; account += 1) waits.watch(account as AccountId);
  assert.equal(waits.watch(999_999 as AccountId), undefined);
});
