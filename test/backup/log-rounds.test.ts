/** When somebody is told that the log behind base backups is not brought up to date. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { BackupFailures } from '../../src/backup/failures.ts';
import { KnownBackups } from '../../src/backup/known-backups.ts';
import { LogEnded } from '../../src/backup/log-archive.ts';
import { LogRounds } from '../../src/backup/log-rounds.ts';
import { milliseconds, minutes } from '../../src/domain/units.ts';
import { CopyFailed, type LogSource } from '../../src/store/copies.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryLog } from '../support/log.ts';
import { logScene } from './log-scene.ts';

function rounds(t: TestContext) {
  const { folder, bringing } = logScene(t);
  const [clock, log] = [new FakeClock(), new MemoryLog()];
  const keys = generateKeyPairSync('ed25519');
  let receive: LogSource['receive'] = bringing(1, 2);
  const source: LogSource = { receive: (to) => receive(to), kept: () => Promise.resolve({ kept: 0 }) };
  const mailed: string[] = [];
  const failures = new BackupFailures({
    ...{ log, audit: { note: () => undefined } },
    tell: ({ step }) => Promise.resolve(void mailed.push(step)),
  });
  const parts = {
    ...{ store: { id: 'store', log: source }, hostname: 'mail.test', clock, log, folder, offsite: {} },
    keys: () => Promise.resolve(keys),
  };
  const made = new LogRounds(parts, new KnownBackups({ folder, anchorKeyFile: '' }), failures);
  return {
    ...{ clock, mailed, log, made },
    /** From now on. */
    brings: () => void (receive = bringing(1, 2)),
    fails: (gap = false) => void (receive = () => Promise.reject(new CopyFailed('nobody answers', { gap }))),
    after: async (time: number): Promise<readonly string[]> => {
      clock.advance(milliseconds(time));
      await assert.rejects(made.round());
      return mailed.splice(0);
    },
  };
}

test('a log that is behind for 15 minutes is told of by mail, and before only in the log', async (t) => {
  const { log, made, fails, brings, after } = rounds(t);
  await made.round();
  fails();
  assert.deepEqual(await after(minutes(14)), []);
  assert.deepEqual(await after(minutes(1)), [], 'a switch of the primary takes less');
  assert.deepEqual(log.names, ['backup.log-behind', 'backup.log-behind']);
  assert.deepEqual(await after(1), ['log']);
  assert.equal(log.names.at(-1), 'backup.failed');
  brings();
  await made.round();
  fails();
  assert.deepEqual(await after(minutes(15)), [], 'it counts from when the log was last whole');
});

test('a process that begins while nobody answers waits as long, and a log that ended is told of at once', async (t) => {
  const { fails, after } = rounds(t);
  fails();
  assert.deepEqual(await after(minutes(15)), []);
  assert.deepEqual(await after(1), ['log']);
  const ended = rounds(t);
  await ended.made.round();
  ended.fails(true);
  await assert.rejects(ended.made.round(), LogEnded);
  assert.deepEqual(ended.mailed, ['log']);
});
