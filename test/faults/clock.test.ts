/** Somebody sets the wall clock back an hour, in the running gateway and across a restart. */
// @release: a gateway whose clock jumps; ids, locks and UIDLs are tried in store/ with such clocks.
// @beside
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Instance, addressOf, loginOf } from '../support/instance.ts';
import { Ledger } from '../support/ledger.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient, UnexpectedReply, acceptedId } from '../support/smtp-client.ts';
import { shim, withoutCompiler } from './support/shims.ts';
import { collect, pause } from './support/traffic.ts';

const skip = withoutCompiler();
let instance: Instance;

before(async () => {
  if (skip !== false) return;
  instance = await Instance.create();
  instance.addAccounts(['sender', 'anna']);
});
after(() => skip === false && instance.remove());

test(
  'a clock set back an hour leaves ids in order, UIDLs as they were, locks held and mail flowing',
  { skip },
  async () => {
    const setting = join(instance.folder, 'clock');
    const env = { LD_PRELOAD: shim('clock'), SHIM_CLOCK: setting };
    const setClock = async (seconds: number): Promise<void> => {
      writeFileSync(setting, `${seconds}\n`);
      await pause(50);
    };
    const ledger = new Ledger(addressOf('sender'));
    const ids: string[] = [];
    const submit = async (times: number): Promise<void> => {
      const sender = await SmtpClient.open(instance.target('submission'), loginOf('sender'));
      for (let i = 0; i < times; i++) {
        const message = ledger.compose(5000);
        const reply = await sender.submit(addressOf('sender'), [addressOf('anna')], message.wire);
        const id = acceptedId(reply);
        ids.push(id);
        ledger.acknowledge(message, id);
      }
      await sender.quit();
    };

    await setClock(0);
    let served = await instance.serve({ env });
    await submit(5);
    const holder = await Pop3Client.open(instance.target('pop3'), loginOf('anna'));
    const before = await holder.uidl();
    await setClock(-3600);
    await submit(5);
    // The lock neither lapses nor sticks.
    await assert.rejects(
      Pop3Client.open(instance.target('pop3'), loginOf('anna')),
      (error) => error instanceof UnexpectedReply && error.reply.startsWith('-ERR [IN-USE]'),
    );
    assert.deepEqual(await holder.uidl(), before);
    await holder.quit();
    const second = await Pop3Client.open(instance.target('pop3'), loginOf('anna'));
    const during = await second.uidl();
    assert.deepEqual([...during].slice(0, 5), [...before]);
    await second.quit();
    assert.equal(await served.stop(), 0);

    // Started again with the clock still an hour behind: the store remembers how far time had come.
    served = await instance.serve({ env });
    await submit(5);
    await setClock(0);
    await submit(5);
    assert.deepEqual(ids, [...new Set(ids)].sort(), 'ids must rise in the order of acceptance');
    const last = await Pop3Client.open(instance.target('pop3'), loginOf('anna'));
    assert.deepEqual([...(await last.uidl())].slice(0, during.size), [...during]);
    await last.quit();
    await collect(instance, ledger, ['anna'], { remove: true });
    const report = ledger.report();
    assert.equal(report.acknowledged, 20);
    assert.deepEqual([report.lost, report.duplicated, report.damaged], [[], [], []]);
    assert.equal(await served.stop(), 0);
  },
);
