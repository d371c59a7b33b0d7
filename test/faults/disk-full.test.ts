/**
 * A full disk is weather, not damage: mail waits at the sender, everything else goes on, and
 * nothing that was accepted is lost.
 */
// @beside
import assert from 'node:assert/strict';
import { rmSync, statSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import { MiB } from '../../src/domain/units.ts';
import { Instance, type Served, addressOf, loginOf } from '../support/instance.ts';
import { Ledger } from '../support/ledger.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient, UnexpectedReply, acceptedId } from '../support/smtp-client.ts';
import { SmallDisk } from './support/small-disk.ts';
import { collect, pause } from './support/traffic.ts';

const disk = new SmallDisk();
const { folder: mount, skip } = disk;
let instance: Instance;
let served: Served;

before(async () => {
  if (skip !== false) return;
  disk.mount(96 * MiB);
  instance = await Instance.create({ under: mount, configuration: '[store]\nreserve = "8MiB"\n' });
  instance.addAccounts(['sender', 'anna', 'bram', 'clara', 'daan', 'eva']);
  served = await instance.serve();
});
after(async () => {
  if (skip === false && !served.over) await served.kill();
  disk.remove();
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
    disk.fill(hog);
    // The log was copied back and began again, perhaps: then what it was long before still takes
    // mail.
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

test(
  'a disk that the gateway filled with mail, and that nobody makes room on, takes mail again once mail was fetched and deleted',
  { skip },
  async () => {
    const names = ['clara', 'daan', 'eva'];
    const log: string[] = [];
    const hear = (text: string): void => void log.push(text);
    served = await instance.serve({ hear });
    const ledger = new Ledger(addressOf('sender'));
    let sender = await SmtpClient.open(instance.target('submission'), loginOf('sender'));
    let turn = 0;
    const submit = async (size: number): Promise<void> => {
      const to = names[turn++ % names.length] ?? 'clara';
      const message = ledger.compose(size);
      ledger.acknowledge(message, acceptedId(await sender.submit(addressOf('sender'), [addressOf(to)], message.wire)));
    };
    /** Messages that are taken until one is refused, which must be for want of room. */
    const submitUntilFull = async (size: number, most: number): Promise<number> => {
      for (let taken = 0; taken < most; taken += 1) {
        const error = await submit(size).catch((e: unknown) => e);
        if (error === undefined) continue;
        assert.ok(error instanceof UnexpectedReply && error.reply.startsWith('452 4.3.1 '), inspect(error));
        await sender.command('RSET', '250');
        return taken;
      }
      return most;
    };
    /** What a person would look at. */
    const room = (): string => {
      const { bavail, bsize } = statfsSync(mount);
      const octets = (name: string): number =>
        statSync(join(instance.data, name), { throwIfNoEntry: false })?.size ?? 0;
      const files = ['reserve', 'sluis.db', 'sluis.db-wal'].map((name) => `${name} ${octets(name)}`);
      return `${bavail * bsize} octets free, ${files.join(', ')}`;
    };
    /**
     * As a sender that tries again: on a short disk the log may be what has no room for a moment.
     */
    const submitAll = async (size: number, messages: number): Promise<void> => {
      let taken = 0;
      for (let tries = 0; tries < 150 && taken < messages; tries += 1) {
        if (tries > 0) await pause(200);
        taken += await submitUntilFull(size, messages - taken);
      }
      assert.equal(taken, messages, `mail was refused for 30 s: ${room()}`);
    };
    const filled = await submitUntilFull(300_000, 300);
    assert.ok(filled > 50 && filled < 300, `${filled} messages of 300 KB filled the disk`);

    // What is deleted beyond the quota of its mailbox goes for good at once.
    for (const name of names) instance.sluis('account', 'set', name, 'quota=1MiB');
    await collect(instance, ledger, names, { remove: true });
    for (const name of names) instance.sluis('account', 'set', name, 'quota=1GiB');
    // The log may take tens of megabytes first, so that 60 messages fill the disk and not 200: as
    // much as the whole reserve must stay free for what follows.
    await submitAll(300_000, 5);

    // And when somebody else takes what is left of the disk, but for room for the log: free pages
    // stand in for half of the reserve.
    const reserved = (): number => statSync(join(instance.data, 'reserve'), { throwIfNoEntry: false })?.size ?? 0;
    const { bavail, bsize } = statfsSync(mount);
    writeFileSync(join(mount, 'hog'), Buffer.alloc(Math.max(0, bavail * bsize - 9 * MiB), 1));
    await submitAll(300_000, 5);
    for (let tries = 0; tries < 50 && reserved() !== 4 * MiB; tries += 1) {
      await pause(200);
      await submitAll(3000, 1);
    }
    assert.equal(reserved(), 4 * MiB);
    await served.kill();
    served = await instance.serve({ hear });
    assert.equal(reserved(), 4 * MiB, 'after a kill it serves as before');
    sender = await SmtpClient.open(instance.target('submission'), loginOf('sender'));
    await submitAll(300_000, 20);
    await sender.quit();
    assert.equal(await served.stop(), 0);

    served = await instance.serve({ hear });
    await collect(instance, ledger, names, { remove: true });
    const report = ledger.report();
    assert.deepEqual([report.lost, report.duplicated, report.damaged], [[], [], []]);
    assert.equal(await served.stop(), 0);
    assert.doesNotMatch(log.join(''), /store\.failed/);
  },
);
