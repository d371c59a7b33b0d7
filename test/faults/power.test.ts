/**
 * The current fails at any time: nothing that was acknowledged is lost.
 *
 * support/power-disk.ts says what the model is. The suite is red unless two controls lose mail
 * under the same model: a store that does not sync at each commit (`synchronous=NORMAL`), and one
 * that answers before COMMIT. A check that cannot fail proves nothing.
 */
// @beside
import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Instance, type ServeOptions, addressOf } from '../support/instance.ts';
import { Ledger, type LedgerReport } from '../support/ledger.ts';
import { PowerDisk } from './support/power-disk.ts';
import { withoutCompiler } from './support/shims.ts';
import { collect, pause, submitting, until } from './support/traffic.ts';
import { between } from '../support/chance.ts';
import { effort } from '../support/effort.ts';

const skip = withoutCompiler();
const CUTS = effort(1, 10);
const recipients = ['anna', 'bram', 'chris'];
const TAMPERED = fileURLToPath(new URL('support/tampered-gateway.ts', import.meta.url));

interface Trial {
  readonly rounds: number;
  readonly unsynced: 'none' | 'some';
  readonly serve?: ServeOptions;
  /** Ends early when mail was lost: what a control is for. */
  readonly untilLost?: boolean;
}

async function lightsOut({ rounds, unsynced, serve = {}, untilLost = false }: Trial): Promise<LedgerReport> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluis-power-')));
  const instance = await Instance.create({ under: folder, configuration: '[store]\nreserve = "1MiB"\n' });
  const disk = new PowerDisk(instance.folder, join(folder, 'shadow'));
  const ledger = new Ledger(addressOf('sender'));
  try {
    instance.addAccounts(['sender', ...recipients]);
    for (let round = 0; round < rounds; round++) {
      disk.arm();
      const served = await instance.serve({ ...serve, env: { ...serve.env, ...disk.environment } });
      const before = ledger.acknowledged;
      const traffic = submitting(instance, ledger, { sender: 'sender', recipients, connections: 6 });
      await until('some acknowledgements', () => ledger.acknowledged >= before + 12 || served.over);
      await pause(between(20, 250));
      await traffic.nextAcknowledgement();
      await served.kill();
      await traffic.ended;
      disk.cut(unsynced);
      const again = await instance.serve();
      await collect(instance, ledger, recipients, { remove: true });
      assert.equal(await again.stop(), 0);
      if (untilLost && ledger.report().lost.length > 0) break;
    }
    return ledger.report();
  } finally {
    instance.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const unsynced of ['none', 'some'] as const)
  test(
    `${CUTS} power cuts after which ${unsynced} of the unsynced octets are there lose nothing`,
    { skip },
    async (t) => {
      const report = await lightsOut({ rounds: CUTS, unsynced });
      t.diagnostic(`${report.acknowledged} acknowledged, ${report.unacknowledged} filed whose 250 was not read`);
      assert.ok(report.acknowledged >= CUTS * 12, 'too few messages to prove anything');
      assert.deepEqual([report.lost, report.duplicated, report.damaged], [[], [], []]);
    },
  );

for (const tampering of ['synchronous=NORMAL', 'answer-before-commit'] as const)
  test(`control: with ${tampering} the same power cuts do lose mail`, { skip }, async (t) => {
    const report = await lightsOut({
      rounds: 30,
      unsynced: 'none',
      untilLost: true,
      serve: { script: TAMPERED, env: { TAMPER: tampering } },
    });
    t.diagnostic(`${report.lost.length} of ${report.acknowledged} acknowledged messages were lost`);
    assert.ok(report.lost.length > 0, 'the control lost nothing: this test cannot see a lost message');
  });
