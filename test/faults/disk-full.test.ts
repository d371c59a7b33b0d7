/** A full disk is weather, not damage: mail waits at the sender, everything else goes on, and nothing that was accepted is lost. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Instance, type Served, addressOf, loginOf } from '../support/instance.ts';
import { Ledger } from '../support/ledger.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { mayMount, present } from '../support/require.ts';
import { SmtpClient, UnexpectedReply, acceptedId } from '../support/smtp-client.ts';
import { collect } from './support/traffic.ts';

const mount = realpathSync(mkdtempSync(join(tmpdir(), 'sluis-full-')));
const skip = present('the right to mount a small tmpfs', mayMount(mount), 'run the suite as root');
let instance: Instance;
let served: Served;

before(async () => {
  if (skip !== false) return;
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', mount]).status, 0);
  instance = await Instance.create({ under: mount, configuration: '[store]\nreserve = "8MiB"\n' });
  instance.addAccounts(['sender', 'anna', 'bram']);
  served = await instance.serve();
});
after(async () => {
  if (skip === false) {
    if (!served.over) await served.kill();
    assert.equal(spawnSync('umount', [mount]).status, 0);
  }
  rmSync(mount, { recursive: true, force: true });
});

test(
  'on a full disk MAIL is answered 452 4.3.1, pickup and deletion work, and mail flows again when there is space',
  { skip },
  async (t) => {
    const ledger = new Ledger(addressOf('sender'));
    const sender = await SmtpClient.open(instance.target('submission'), loginOf('sender'));
    const submit = async (size: number, to = 'anna'): Promise<void> => {
      const message = ledger.compose(size);
      ledger.acknowledge(message, acceptedId(await sender.submit(addressOf('sender'), [addressOf(to)], message.wire)));
    };
    for (let i = 0; i < 20; i++) await submit(100_000, i % 2 === 0 ? 'anna' : 'bram');

    // Somebody else fills the disk: a log, a copy. What is left is less than the smallest message needs beside the reserve.
    const hog = join(mount, 'hog');
    const { bavail, bsize } = statfsSync(mount);
    writeFileSync(hog, Buffer.alloc(Math.max(0, bavail * bsize - 2_000_000)));
    let accepted = 0;
    let refusal: unknown;
    while (refusal === undefined && accepted < 200)
      await submit(30_000).then(
        () => (accepted += 1),
        (error: unknown) => (refusal = error),
      );
    assert.ok(refusal instanceof UnexpectedReply, `${accepted} accepted, then ${String(refusal)}`);
    assert.match(refusal.reply, /^452 4\.3\.1 /);
    t.diagnostic(`${accepted} messages of 30 KB were still accepted after the disk was filled`);

    await sender.command('RSET', '250');
    const again = sender.command(`MAIL FROM:<${addressOf('sender')}> SIZE=30000`, '250');
    await assert.rejects(again, (error) => error instanceof UnexpectedReply && error.reply.startsWith('452 4.3.1 '));

    // Log in, list, retrieve, delete, leave: each commits something.
    const { messages } = await Pop3Client.open(instance.target('pop3'), loginOf('anna')).then(async (client) => {
      const stat = await client.stat();
      await client.quit();
      return stat;
    });
    assert.ok(messages >= 10);
    assert.equal(await collect(instance, ledger, ['anna'], { remove: true }), messages);
    const emptied = await Pop3Client.open(instance.target('pop3'), loginOf('anna'));
    assert.deepEqual(await emptied.stat(), { messages: 0, octets: 0 });
    await emptied.quit();
    assert.equal(served.over, false, 'the gateway ended');

    rmSync(hog);
    for (let i = 0; i < 10; i++) await submit(100_000, 'bram');
    await sender.quit();
    assert.equal(await served.stop(), 0);

    served = await instance.serve();
    await collect(instance, ledger, ['anna', 'bram'], { remove: true });
    const report = ledger.report();
    assert.deepEqual([report.lost, report.duplicated, report.damaged], [[], [], []]);
    assert.equal(await served.stop(), 0);
  },
);
