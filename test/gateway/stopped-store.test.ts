/**
 * What needs the data folder alone waits for a command that has it open: compacting, moving, a
 * rotation of the master key, and a start on PostgreSQL.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readMasterKey } from '../../src/config/master-key.ts';
import type { Config } from '../../src/config/schema.ts';
import type { Clock, LogFields } from '../../src/domain/effects.ts';
import type { LockHolder } from '../../src/domain/lock-holder.ts';
import { seconds } from '../../src/domain/units.ts';
import { startGateway } from '../../src/gateway.ts';
import {
  type Waits,
  checkMove,
  compactStore,
  finishRotation,
  rotateMasterKey,
} from '../../src/gateway/stopped-store.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { holding } from '../support/folder-holder.ts';
import { type TestGateway, startTestGateway } from '../support/gateway.ts';
import { MemoryLog } from '../support/log.ts';

async function stopped(t: TestContext): Promise<TestGateway> {
  const gateway = await startTestGateway();
  t.after(() => gateway.remove());
  await gateway.stop();
  return gateway;
}

/**
 * Runs `work` while another process has the folder, which ends when it is waited for; answers who
 * was waited for.
 */
async function whileHeld(
  t: TestContext,
  { data }: Config,
  work: (waits: Waits) => Promise<unknown>,
): Promise<readonly (LockHolder | undefined)[]> {
  const child = await holding(t, data.folder);
  const told: (LockHolder | undefined)[] = [];
  await work((holder) => {
    told.push(holder);
    child.stdin!.end();
  });
  assert.deepEqual(told, [{ process: child.pid, command: 'sluis account' }]);
  if (child.exitCode === null) await once(child, 'exit');
  return told;
}

test('compacting, moving and the rotation of a master key wait for a command that has the store open', async (t) => {
  const { config } = await stopped(t);
  const rotation = {
    keyFolder: config.keys.folder,
    masterKey: await readMasterKey(config),
    newKeyFile: join(config.keys.folder, 'new-master.key'),
    actor: { name: 'test' },
    clock: systemClock,
  };
  await whileHeld(t, config, async (waits) => {
    assert((await compactStore(config, { told: () => undefined }, waits)).tables > 10);
  });
  await whileHeld(t, config, async (waits) => {
    assert.equal(await checkMove(config, waits), join(config.data.folder, 'sluis.db'));
  });
  await whileHeld(t, config, async (waits) => {
    const step = (what: string): void => {
      if (what === 'clear away') throw new Error('cut off');
    };
    await assert.rejects(rotateMasterKey(config, { ...rotation, step }, waits), /cut off/);
  });
  await whileHeld(t, config, async (waits) => {
    assert.equal((await finishRotation(config, rotation, waits))?.resumed, true);
  });
});

test('a gateway on PostgreSQL waits for a command in its data folder before it looks for its servers', async (t) => {
  const { config } = await stopped(t);
  const child = await holding(t, config.data.folder);
  class Ending extends MemoryLog {
    override warn = (event: string, fields?: LogFields): void => {
      this.events.push({ level: 'warn', event, fields: fields ?? {} });
      if (event === 'store.in-use') child.stdin!.end();
    };
  }
  const log = new Ending();
  // Each look at it is a second: a start has ten for its servers.
  let looks = 0;
  const clock: Clock = { ...systemClock, monotonic: () => seconds((looks += 1)) };
  const onPostgres: Config = {
    ...config,
    store: { ...config.store, engine: 'postgres', hosts: [{ host: '127.0.0.1', port: 1 }] },
  };
  await assert.rejects(startGateway(onPostgres, { clock, log }), /127\.0\.0\.1:1: nothing listens there/);
  assert.deepEqual(
    log.events.filter(({ event }) => event === 'store.in-use').map(({ fields }) => fields.by),
    [`process ${child.pid} (sluis account)`],
  );
});
