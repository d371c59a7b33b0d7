/**
 * What `status` and `check` say, and how they end, when no mail would be taken; and what scripts
 * read of other endings.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { readyCode, ofDisk } from '../../src/cli/readiness.ts';
import { storeOptionsOf } from '../../src/gateway/store.ts';
import { commandsOn } from '../support/command-line.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { fetchAll, send } from '../support/mail.ts';
import { until } from '../support/until.ts';
import { openStoreAt } from '../support/store.ts';

async function open(t: TestContext, full: () => boolean = () => false): Promise<TestGateway> {
  const gateway = await startTestGateway({
    accounts: ['anna', 'bram'],
    openStore: async (config, effects) =>
      await openStoreAt({
        ...(await storeOptionsOf(config, effects)),
        testing: { freeOctets: () => (full() ? 0 : 1_000_000_000) },
      }),
  });
  t.after(() => gateway.remove());
  return gateway;
}

test('a full disk is told by status and check, with the exit code of the store', async (t) => {
  let full = false;
  const gateway = await open(t, () => full);
  const { run, done } = commandsOn(() => gateway.config.file);
  assert.match(await done('status'), /^Ready: +yes$/m);
  assert.equal((await run('check')).code, 0);
  full = true;
  await until('the disk is looked at', async () => (await run('status')).code !== 0);
  const status = await run('status');
  assert.equal(status.code, 6);
  assert.match(status.stdout, /^Ready: +no \(disk full\)$/m);
  assert.match(status.stderr, /^Not ready, disk-full: /m);
  const check = await run('check');
  assert.equal(check.code, 6);
  assert.match(check.stderr, /^No mail would be accepted, disk-full: /m);
});

test('without a gateway the disk itself is asked', () => {
  const statfs = (bavail: number) => () => ({ bavail, bsize: 4096 });
  assert.deepEqual(ofDisk('/data', statfs(1_000_000) as never), []);
  assert.deepEqual(
    ofDisk('/data', statfs(3) as never).map(({ name }) => name),
    ['disk-full'],
  );
  assert.deepEqual(ofDisk('/nowhere-at-all'), []);
  assert.equal(readyCode([{ name: 'certificate', text: '' }]), 7);
});

test('a withdrawal that comes too late says what the addressee did, and ends with 4', async (t) => {
  const gateway = await open(t);
  const { run } = commandsOn(() => gateway.config.file);
  const post = (): Promise<string> =>
    send(gateway.target('submission'), loginOf('anna'), {
      from: addressOf('anna'),
      to: [addressOf('bram')],
      content: `From: ${addressOf('anna')}\r\nSubject: x\r\n\r\nx\r\n`,
    });
  const early = await run('message', 'withdraw', await post(), '--reason', 'ticket 3');
  assert.deepEqual([early.code, early.stdout], [0, `${addressOf('bram')}: withdrawn.\n`]);
  const message = await post();
  await fetchAll(gateway.target('pop3s'), loginOf('bram'), 'delete');
  await until('the session has ended', async () => {
    const late = await run('message', 'withdraw', message, '--reason', 'ticket 4');
    return (
      late.code === 4 &&
      late.stdout.includes('too late, collected and deleted by the addressee; collected by bram@group.test at ')
    );
  });
});

test('audit list gives the newest rows, oldest of them first, also of one event and within a time', async (t) => {
  const gateway = await open(t);
  const { json } = commandsOn(() => gateway.config.file);
  for (let n = 0; n < 4; n += 1)
    gateway.store.audit.note({ event: 'gateway.reloaded', outcome: 'success', facts: { n } });
  const { seq } = await gateway.store.audit.head();
  const list = async (...options: string[]): Promise<readonly (number | undefined)[]> =>
    (await json<readonly { seq: number; facts: { n?: number } }[]>('audit', 'list', ...options)).map((row) => row.seq);
  assert.deepEqual(await list('--limit', '2'), [seq - 1, seq]);
  // The look itself is the newest row now.
  assert.deepEqual(await list('--limit', '2', '--event', 'gateway.reloaded'), [seq - 1, seq]);
  assert.deepEqual((await list('--limit', '1000')).slice(0, 2), [1, 2]);
  assert.deepEqual((await list('--limit', '1000', '--since', '2020-01-01')).at(0), 1);
});
