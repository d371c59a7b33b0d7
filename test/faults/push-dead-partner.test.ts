/**
 * Ten thousand messages for a partner that is dead: the others wait no longer for theirs, and the
 * gateway's memory does not grow with the queue.
 */
// @release: minutes of a partner that hangs; its waits and places are tried in delivery/.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { testCertificates } from '../support/certificates.ts';
import { Instance, type Served, addressOf, loginOf } from '../support/instance.ts';
import { Ledger } from '../support/ledger.ts';
import { ScriptedPartner } from '../support/partner.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { until } from './support/traffic.ts';

const QUEUED = 10_000;
const PROBES = 60;
let instance: Instance;

before(async () => {
  instance = await Instance.create({ configuration: '[delivery]\nlease = "2m"\n' });
  instance.addAccounts(['sender']);
});
after(() => instance.remove());

const median = (all: readonly number[]): number => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;

test('the other partner is as quick as before, memory is flat, and the dead one sees one connection at a time', async (t) => {
  const { server, ca } = await testCertificates();
  // It takes the connection and says nothing: the worst way to be dead.
  const dead = await ScriptedPartner.start({ ...server, tls: 'starttls', act: () => 'stall' });
  const living = await ScriptedPartner.start({ ...server, tls: 'starttls' });
  t.after(() => Promise.all([dead.stop(), living.stop()]));
  instance.addPartner('dead', dead.port, ca.certificate);
  instance.addPartner('living', living.port, ca.certificate);
  const ledger = new Ledger(addressOf('sender'));
  const served: Served = await instance.serve();
  // Also where an assertion fails: a gateway that goes on would keep the suite from ending.
  t.after(() => served.kill());
  const client = await SmtpClient.open(instance.target('submission'), loginOf('sender'));
  const send = async (...to: string[]): Promise<void> => {
    await client.submit(addressOf('sender'), to, ledger.compose(3000).wire, { pipelined: true });
  };
  // The thread that copies the log of the store begins with the first 32 MB: 10 MB once, and no
  // part of the queue.
  for (let i = 0; i < 8; i++)
    await client.submit(addressOf('sender'), ['ward@living.test'], ledger.compose(5_000_000).wire, { pipelined: true });
  await until('they are pushed', () => living.taken.length === 8);
  const latencies = async (): Promise<number> => {
    const all: number[] = [];
    for (let i = 0; i < PROBES; i++) {
      const [began, count] = [performance.now(), living.taken.length];
      await send(`ward${i}@living.test`);
      await until('it is pushed', () => living.taken.length > count);
      all.push(performance.now() - began);
    }
    return median(all);
  };
  await latencies();
  const alone = await latencies();
  const each = 1000;
  const queueMore = (i: number): Promise<void> =>
    send(...Array.from({ length: each }, (_, n) => `ward${i * each + n}@dead.test`));
  await queueMore(0);
  await until('it is tried', () => dead.connections > 0);
  const before = served.memory().now;
  served.resetPeak();
  for (let i = 1; i < QUEUED / each; i++) await queueMore(i);
  const beside = await latencies();
  const { peak } = served.memory();
  t.diagnostic(
    `median from submission to the partner: ${alone.toFixed(1)} ms alone, ${beside.toFixed(1)} ms beside ${QUEUED} for a dead one; memory ${Math.round(before / 1024)} MB with ${each}, at most ${Math.round(peak / 1024)} MB`,
  );
  // Two connections stall at first, until the greeting's time is over; never more.
  assert.ok(dead.mostOpen <= 2, `${dead.mostOpen} connections`);
  assert.ok(beside < alone * 2 + 10, `${beside} ms beside, ${alone} ms alone`);
  // Measured 33 to 35 MB; 10,000 deliveries in memory would be far more.
  assert.ok(peak - before < 40 * 1024, `memory grew by ${peak - before} KiB`);
  client.wire.destroy();
  assert.equal(await served.stop(), 0);
});
