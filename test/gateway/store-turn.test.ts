/**
 * A start, and a command that needs the data folder alone, wait a bounded time for a command that
 * has it open.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LogFields } from '../../src/domain/effects.ts';
import type { LockHolder } from '../../src/domain/lock-holder.ts';
import { startGateway } from '../../src/gateway.ts';
import { type Waits, whenFree } from '../../src/gateway/store-turn.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { lockHolder } from '../../src/platform/lock-holder.ts';
import { FolderLock } from '../../src/store/sqlite/folder-lock.ts';
import { StoreRefused } from '../../src/store/store.ts';
import { LOCK, holding } from '../support/folder-holder.ts';
import { startTestGateway } from '../support/gateway.ts';
import { MemoryLog } from '../support/log.ts';

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'sluis-turn-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const HELD = { held: true, holder: { process: 1, command: 'sluis status' } };
const noSocket = join(tmpdir(), 'sluis-no-such-folder', 'control.sock');

/**
 * Calls of `work`, of `pause`, and who was waited for, of a folder that is held the first `times`
 * times.
 */
async function waited(times: number, socket = noSocket, refused: object = HELD) {
  const seen = { tried: 0, paused: 0, told: [] as (LockHolder | undefined)[] };
  const waits: Waits = (holder) => seen.told.push(holder);
  const work = (): Promise<string> => {
    seen.tried += 1;
    return seen.tried <= times ? Promise.reject(new StoreRefused('held', refused)) : Promise.resolve('open');
  };
  const pause = (): Promise<void> => {
    seen.paused += 1;
    return Promise.resolve();
  };
  const ended = await whenFree(work, { socket, waits, pause }).catch((error: unknown) => (error as Error).message);
  return { ended, ...seen };
}

test('what is held is tried again, and whoever waits is told once who holds it', async () => {
  assert.deepEqual(await waited(0), { ended: 'open', tried: 1, paused: 0, told: [] });
  assert.deepEqual(await waited(3), { ended: 'open', tried: 4, paused: 3, told: [HELD.holder] });
});

test('the wait ends after ten seconds of a quarter each, and nothing else is waited for', async () => {
  assert.deepEqual(await waited(1000), { ended: 'held', tried: 41, paused: 40, told: [HELD.holder] });
  assert.deepEqual(await waited(1000, noSocket, {}), { ended: 'held', tried: 1, paused: 0, told: [] });
});

test('a gateway that serves is not waited for', async (t) => {
  const socket = join(folder(t), 'control.sock');
  const server = createServer().listen(socket);
  t.after(() => server.close());
  await once(server, 'listening');
  assert.deepEqual(await waited(1000, socket), { ended: 'held', tried: 1, paused: 0, told: [] });
});

test('whoever holds the folder is named, by the first word of its command alone', async (t) => {
  const data = folder(t);
  const child = await holding(t, data);
  const holder = { process: child.pid, command: 'sluis account' };
  assert.deepEqual(lockHolder(join(data, 'lock')), holder);
  assert.throws(
    () => FolderLock.take(data),
    (error: unknown) => {
      assert(error instanceof StoreRefused && error.held);
      assert.deepEqual(error.holder, holder);
      assert.match(error.message, new RegExp(`in use by process ${child.pid} \\(sluis account\\); stop`));
      return true;
    },
  );
  child.stdin!.end();
  await once(child, 'exit');
  assert.equal(lockHolder(join(data, 'lock')), undefined);
  FolderLock.take(data).release();
});

test('a process that asks for its own folder again is refused, and others still are', async (t) => {
  const data = folder(t);
  const own = FolderLock.take(data);
  assert.throws(() => FolderLock.take(data), /in use by another process; stop that one/);
  const other = spawn(
    process.execPath,
    ['--input-type=module', '--eval', `(await import('${LOCK}')).FolderLock.take(${JSON.stringify(data)});`],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  other.stderr.on('data', (text: Buffer) => (said += text.toString()));
  await once(other, 'close');
  assert.match(said, new RegExp(`in use by process ${process.pid}; stop that one`));
  own.release();
});

test('a gateway that starts while a command has the store open waits for it, and says so', async (t) => {
  const gateway = await startTestGateway();
  t.after(() => gateway.remove());
  await gateway.stop();
  const child = await holding(t, gateway.config.data.folder);
  // The command is done as soon as it is waited for.
  class Ending extends MemoryLog {
    override warn = (event: string, fields?: LogFields): void => {
      this.events.push({ level: 'warn', event, fields: fields ?? {} });
      if (event === 'store.in-use') child.stdin!.end();
    };
  }
  const log = new Ending();
  const started = await startGateway(gateway.config, { clock: systemClock, log });
  await started.stop({ drain: 'none' });
  const [first] = log.events;
  assert.deepEqual(first, {
    level: 'warn',
    event: 'store.in-use',
    fields: { folder: gateway.config.data.folder, by: `process ${child.pid} (sluis account)`, seconds: 10 },
  });
  assert.equal(log.names.filter((name) => name === 'store.in-use').length, 1);
  assert(log.names.includes('gateway.started'));
});
