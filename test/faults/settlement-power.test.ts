/**
 * Power cuts between the settlement of a delivery and its notice. A sender must hear of each
 * failure, once: a failed delivery has exactly one notice in the sender's mailbox, and a delivery
 * that has not failed has none, whatever the moment. On PostgreSQL:
 * test/postgres/settlement.test.ts.
 */
// @release: power cuts between settlements; `store-power` and `power` cut it at every merge.
// @beside
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { octets } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createSqliteStore, openSqliteStore } from '../../src/store/sqlite/open.ts';
import { effort } from '../support/effort.ts';
import { MemoryLog } from '../support/log.ts';
import { PowerDisk } from './support/power-disk.ts';
import { type Tally, settledThrough, toldOf } from './support/settlements.ts';
import { withoutCompiler } from './support/shims.ts';

const skip = withoutCompiler();
const CUTS = effort(4, 10);

async function lightsOut(rounds: number, unsynced: 'none' | 'some', tampering = ''): Promise<Tally> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'sluis-settle-power-')));
  const [dataFolder, keyFolder] = [join(root, 'disk', 'data'), join(root, 'disk', 'keys')];
  const disk = new PowerDisk(join(root, 'disk'), join(root, 'shadow'));
  const masterKey = randomBytes(32);
  const options = {
    ...{ dataFolder, keyFolder, masterKey, hostname: 'mail.test' },
    ...{ clock: systemClock, log: new MemoryLog(), reserve: octets(0) },
  };
  try {
    await createSqliteStore(options);
    return await settledThrough(
      {
        open: () => openSqliteStore(options),
        begin: async () => {
          await Promise.resolve();
          disk.arm();
          return { arguments: [dataFolder, keyFolder, masterKey.toString('hex')], env: disk.environment };
        },
        cut: async (kill) => {
          await kill();
          disk.cut(unsynced);
        },
      },
      rounds,
      tampering,
    );
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

for (const unsynced of ['none', 'some'] as const)
  test(
    `${CUTS} power cuts between settlements, ${unsynced} of the unsynced octets arrived: each failure has one notice`,
    { skip },
    async (t) => {
      const tally = await lightsOut(CUTS, unsynced);
      t.diagnostic(toldOf(tally));
      assert.ok(tally.settled >= CUTS * 20, 'too few settlements to prove anything');
      assert.deepEqual([tally.silent, tally.doubled, tally.false, tally.lost], [0, 0, 0, 0]);
    },
  );

test('control: notices that are filed behind the settlement do get lost', { skip }, async (t) => {
  const tally = await lightsOut(30, 'none', 'notice-apart');
  t.diagnostic(toldOf(tally));
  assert.ok(tally.silent > 0, 'the control lost no notice: this test cannot see a lost one');
});
