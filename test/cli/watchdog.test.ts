import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startWatchdog } from '../../src/cli/run.ts';
import { seconds } from '../../src/domain/units.ts';
import type { Supervisor } from '../../src/platform/supervisor.ts';
import { StoreUnavailable } from '../../src/store/store.ts';
import { FakeClock } from '../support/clock.ts';

class Manager implements Supervisor {
  readonly aliveEvery = seconds(20);
  readonly heard: string[] = [];
  ready = (): void => undefined;
  reloading = (): void => undefined;
  stopping = (): void => undefined;
  close = (): void => undefined;
  alive = (status: string): void => void this.heard.push(status);
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('alive is said at each interval, and only after the store has answered', async () => {
  const [clock, manager] = [new FakeClock(), new Manager()];
  let answer = (): void => undefined;
  let asked = 0;
  const store = {
    alive: (): Promise<void> => {
      asked += 1;
      return new Promise((resolve) => (answer = resolve));
    },
  };
  const watch = startWatchdog(store, manager, clock, () => `asked ${asked} times`);
  clock.advance(seconds(20));
  assert.deepEqual(manager.heard, []);
  answer();
  await turn();
  assert.deepEqual(manager.heard, ['asked 1 times']);
  // A store that hangs: nothing is said, however long it takes, and nothing piles up behind it.
  clock.advance(seconds(600));
  await turn();
  assert.deepEqual([manager.heard.length, asked], [1, 2]);
  answer();
  await turn();
  assert.equal(manager.heard.length, 2);
  watch.end();
  assert.equal(clock.waiting, 0);
});

test('a store that has failed is not alive', async () => {
  const [clock, manager] = [new FakeClock(), new Manager()];
  const watch = startWatchdog({ alive: () => Promise.reject(new Error('failed')) }, manager, clock, () => '');
  for (let i = 0; i < 3; i += 1) {
    clock.advance(seconds(20));
    await turn();
  }
  assert.deepEqual(manager.heard, []);
  watch.end();
});

test('a store whose database is away for a while is alive: a restart would not bring it back', async () => {
  const [clock, manager] = [new FakeClock(), new Manager()];
  const away = { alive: () => Promise.reject(new StoreUnavailable('no connection')) };
  const watch = startWatchdog(away, manager, clock, () => 'away');
  for (let i = 0; i < 3; i += 1) {
    clock.advance(seconds(20));
    await turn();
  }
  assert.deepEqual(manager.heard, ['away', 'away', 'away']);
  watch.end();
});

test('nobody is told where nobody waits for it', () => {
  const clock = new FakeClock();
  startWatchdog({ alive: () => Promise.resolve() }, undefined, clock, () => '').end();
  assert.equal(clock.waiting, 0);
});
