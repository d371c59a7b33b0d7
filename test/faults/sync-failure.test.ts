/** A sync that fails: the disk no longer promises anything, so neither do we. */
// @beside
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Instance, addressOf, loginOf } from '../support/instance.ts';
import { Ledger } from '../support/ledger.ts';
import { SmtpClient, UnexpectedReply } from '../support/smtp-client.ts';
import { WireEnded } from '../support/wire.ts';
import { shim, withoutCompiler } from './support/shims.ts';
import { collect, pause, submitting, until } from './support/traffic.ts';

const skip = withoutCompiler();
const recipients = ['anna', 'bram'];
let instance: Instance;

before(async () => {
  if (skip !== false) return;
  instance = await Instance.create();
  instance.addAccounts(['sender', ...recipients]);
});
after(() => skip === false && instance.remove());

test(
  'after a failed sync no 250 follows, the process ends with an error, and the data opens with all that was acknowledged',
  { skip },
  async (t) => {
    const trigger = join(instance.folder, 'fail-now');
    const env = { LD_PRELOAD: shim('syncfail'), SHIM_ROOT: instance.data, SHIM_TRIGGER: trigger };
    const ledger = new Ledger(addressOf('sender'));
    const served = await instance.serve({ env });
    const idle = await SmtpClient.open(instance.target('submission'), loginOf('sender'));
    const traffic = submitting(instance, ledger, { sender: 'sender', recipients, connections: 4 });
    await until('some acknowledgements', () => ledger.acknowledged > 50);
    writeFileSync(trigger, '');
    // A commit that was past its sync when the file appeared may still be answered; one that began
    // later may not.
    await pause(500);
    const settled = ledger.acknowledged;
    await traffic.ended;
    assert.equal(ledger.acknowledged, settled, 'a 250 followed the failed sync');

    // A session that was open before: refused for now, or cut.
    const late = ledger.compose(2000);
    const refused = await idle.submit(addressOf('sender'), [addressOf('anna')], late.wire).then(
      () => assert.fail('a message was acknowledged after the failed sync'),
      (error: unknown) => error,
    );
    assert.ok(
      refused instanceof WireEnded || (refused instanceof UnexpectedReply && /^4(21|51|52)/.test(refused.reply)),
      String(refused),
    );
    const exit = await Promise.race([served.exit, pause(10_000).then(() => 'still running' as const)]);
    assert.ok(exit !== 'still running' && exit !== 0, `the process ended with ${exit}`);

    rmSync(trigger);
    const again = await instance.serve();
    await collect(instance, ledger, recipients, { remove: true });
    const report = ledger.report();
    t.diagnostic(`${report.acknowledged} acknowledged, ${report.unacknowledged} filed whose 250 was not read`);
    assert.deepEqual([report.lost, report.duplicated, report.damaged], [[], [], []]);
    assert.equal(await again.stop(), 0);
  },
);
