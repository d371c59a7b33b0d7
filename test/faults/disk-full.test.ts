/** A full disk is weather, not damage: mail waits at the sender, everything else goes on, and nothing that was accepted is lost. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, realpathSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import { Instance, type Served, addressOf, loginOf } from '../support/instance.ts';
import { Ledger } from '../support/ledger.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { mayMount, present } from '../support/require.ts';
import { SmtpClient, UnexpectedReply, acceptedId } from '../support/smtp-client.ts';
import { collect, pause } from './support/traffic.ts';

const mount = realpathSync(mkdtempSync(join(tmpdir(), 'sluis-full-')));
const skip = present('the right to mount a small tmpfs', mayMount(mount), 'run the suite as root');
let instance: Instance;
let served: Served;

function fillDisk(file: string): void {
  const fd = openSync(file, 'w');
  try {
    for (const size of [1_000_000, 4096, 1]) {
      const octets = Buffer.alloc(size);
      try {
        for (;;) writeSync(fd, octets);
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
      }
    }
  } finally {
    closeSync(fd);
  }
}

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

    // Somebody else fills the disk to the last octet: a log, a copy.
    const hog = join(mount, 'hog');
    fillDisk(hog);
    // The log was copied back and began anew, perhaps: then what it was long before still takes mail.
    const refused = await (async () => {
      for (let taken = 0; taken < 200; taken += 1) {
        const error = await submit(30_000).catch((e: unknown) => e);
        if (error !== undefined) return error;
      }
      assert.fail('6 MB were accepted on a full disk');
    })();
    assert.ok(refused instanceof UnexpectedReply && refused.reply.startsWith('452 4.3.1 '), inspect(refused));
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
    // Free space is looked at now and then, not at every command.
    for (let tries = 1; ; tries++) {
      const error = await submit(100_000, 'bram').catch((e: unknown) => e);
      if (error === undefined) break;
      assert.ok(error instanceof UnexpectedReply && error.reply.startsWith('452 4.3.1 '), inspect(error));
      assert.ok(tries < 50, 'space has returned, and mail is refused for 10 s');
      await pause(200);
      t.diagnostic(`no mail flowed yet ${tries * 200} ms after there was space`);
    }
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
