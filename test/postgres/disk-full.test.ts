/**
 * The disk of the primary is full. As long as there is room for its log, senders are told so (452)
 * and come again; without that the server stops, and they hear that nothing can be stored (451).
 * Mail that was accepted stays, is fetched, and when there is room mail is taken again.
 */
// @release: fills a disk; guard and postgres-session try what a refused commit is answered with.
// @beside
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { MiB } from '../../src/domain/units.ts';
import { SmallDisk } from '../faults/support/small-disk.ts';
import { collect } from '../faults/support/traffic.ts';
import { NAMES, startCluster } from '../support/cluster.ts';
import { makeStore } from '../support/gateways.ts';
import { addressOf, loginOf } from '../support/instance.ts';
import { Ledger } from '../support/ledger.ts';
import type { PostgresServer } from '../support/postgres-server.ts';
import { SmtpClient, UnexpectedReply, acceptedId } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';
import { WireEnded } from '../support/wire.ts';

const disk = new SmallDisk();
const { skip } = disk;
// Behind the test's own: its server has files open there.
after(() => disk.remove());

test(
  'a full disk of the primary: 452 while its log has room, 451 when it has stopped, nothing is lost, and mail is taken again',
  { skip },
  async (t) => {
    disk.mount(200 * MiB);
    const folders = { 'noord-1': join(disk.folder, 'noord-1') };
    // A small log, which does not take the room that the test needs; what standbys still miss of it
    // stays.
    const cluster = await startCluster(t, {
      folders,
      settings: { wal_keep_size: '48MB', min_wal_size: '32MB', max_wal_size: '64MB', autovacuum: 'off' },
    });
    const store = await makeStore(t, cluster);
    const gateway = await store.gateway({ node: 'gw1', place: 'noord' });
    const served = await gateway.serve();
    gateway.addAccounts(['sender', 'anna']);
    const ledger = new Ledger(addressOf('sender'));
    const primary = cluster.server('noord-1');

    /** The reply that refused it; undefined: it was taken. */
    const submit = async (size: number): Promise<string | undefined> => {
      const message = ledger.compose(size);
      let client: SmtpClient | undefined;
      try {
        client = await SmtpClient.open(gateway.target('submission'), loginOf('sender'));
        ledger.acknowledge(
          message,
          acceptedId(await client.submit(addressOf('sender'), [addressOf('anna')], message.wire)),
        );
        return undefined;
      } catch (error) {
        if (error instanceof UnexpectedReply) return error.reply;
        if (error instanceof WireEnded) return 'the line was cut';
        throw error;
      } finally {
        client?.wire.destroy();
      }
    };
    const refused = async (as: RegExp): Promise<void> => {
      let reply: string | undefined;
      await until(`a refusal ${as.source}`, async () => (reply = await submit(60_000)) !== undefined, 60_000);
      assert.match(reply ?? '', as);
    };
    const taken = (): Promise<void> =>
      until('mail is accepted', async () => (await submit(20_000)) === undefined, 60_000, 200);

    for (let n = 0; n < 5; n += 1) await taken();
    // A whole new file of the log, begun before the disk is full.
    await endFile(primary);
    const hog = join(disk.folder, 'hog');
    disk.fill(hog);
    await refused(/^452 4\.3\.1 /);
    assert.equal(primary.runs, true);
    assert.match(served.log, /disk of the PostgreSQL server is full; free space on it/);
    rmSync(hog);
    await taken();

    // No room for its log either: it stops, as it must.
    disk.fill(hog);
    await until('it stops', () => endFile(primary).then(isOver(primary), isOver(primary)), 60_000, 50);
    await refused(/^4(51|21|54) |^the line was cut/);
    rmSync(hog);
    await cluster.startAgain('noord-1');
    await cluster.untilStreaming(NAMES.slice(1));
    await taken();
    await collect(gateway, ledger, ['anna'], { remove: true });
    const { lost, duplicated, damaged } = ledger.report();
    assert.deepEqual([lost, duplicated, damaged], [[], [], []]);
    assert.equal(await served.stop(), 0);
  },
);

const isOver = (server: PostgresServer) => (): boolean => !server.runs;

/**
 * The file of the log that there is ends, and the next begins: it needs room for a whole one.
 * Stands at another place then, so that no standby is left behind.
 */
async function endFile(server: PostgresServer): Promise<void> {
  const client = await server.open();
  try {
    await client.query('SELECT pg_switch_wal()');
    await client.query("SELECT pg_logical_emit_message(true, 'next', 'file')");
  } finally {
    await client.end().catch(() => undefined);
  }
}
