/**
 * The power fails just after a store was made: it is whole, though its draft was not synced before
 * it was done.
 */
// @beside
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { octets } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { MemoryLog } from '../support/log.ts';
import { PowerDisk } from './support/power-disk.ts';
import { withoutCompiler } from './support/shims.ts';

const MAKER = fileURLToPath(new URL('support/store-maker.ts', import.meta.url));

for (const unsynced of ['none', 'some'] as const)
  test(
    `a store that was just made is whole where ${unsynced} of the unsynced octets are there`,
    { skip: withoutCompiler() },
    async (t) => {
      const root = realpathSync(mkdtempSync(join(tmpdir(), 'sluis-create-power-')));
      t.after(() => rmSync(root, { recursive: true, force: true }));
      const [dataFolder, keyFolder] = [join(root, 'disk', 'data'), join(root, 'disk', 'keys')];
      for (const folder of [dataFolder, keyFolder]) mkdirSync(folder, { recursive: true, mode: 0o700 });
      const disk = new PowerDisk(join(root, 'disk'), join(root, 'shadow'));
      disk.arm();
      const masterKey = randomBytes(32);
      const made = spawnSync(process.execPath, [MAKER, dataFolder, keyFolder, masterKey.toString('hex')], {
        encoding: 'utf8',
        env: { ...process.env, ...disk.environment },
      });
      assert.equal(made.status, 0, made.stderr);
      disk.cut(unsynced);
      const store = await openSqliteStore({
        ...{ dataFolder, keyFolder, masterKey, hostname: 'mail.test' },
        ...{ clock: systemClock, log: new MemoryLog(), reserve: octets(0) },
      });
      t.after(() => store.close());
      assert.notEqual(await store.registry.findLogin('postmaster'), undefined);
    },
  );
