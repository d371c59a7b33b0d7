/**
 * A gateway that an operator drains: what load balancers are told, and that whoever comes all the
 * same is served.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connectControl } from '../../src/admin/client.ts';
import { controlSocketOf } from '../../src/config/load.ts';
import { type Readiness, READY_ROLES } from '../../src/domain/readiness.ts';
import { commandsOn } from '../support/command-line.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { Scrape, get } from '../support/scrape.ts';
import { SmtpClient, acceptedId } from '../support/smtp-client.ts';

const CONFIGURATION = '[http]\nport = 0\nready-from = ["127.0.0.0/8"]\nready-address = "127.0.0.1"\nready-port = 0\n';

async function open(t: TestContext): Promise<TestGateway> {
  const gateway = await startTestGateway({ accounts: ['anna', 'bram'], configuration: CONFIGURATION });
  t.after(() => gateway.remove());
  return gateway;
}

/** Status for the whole and for each role, at both ports. */
async function statuses({ http, ready }: TestGateway, more = ''): Promise<readonly number[]> {
  const paths = ['/ready?x', ...READY_ROLES.map((role) => `/ready?role=${role}`)];
  const all = [http, ready].flatMap((listener) => paths.map((path) => get(listener?.port ?? 0, `${path}${more}`)));
  return (await Promise.all(all)).map(({ status }) => status);
}

const content = Buffer.from(`From: ${addressOf('anna')}\r\nTo: ${addressOf('bram')}\r\n\r\nBody.\r\n`);

test('sluis drain: every role is refused to load balancers, sessions that run and new ones are served, and --end ends it', async (t) => {
  const gateway = await open(t);
  const { done, json, refused } = commandsOn(() => gateway.config.file);
  const before = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  assert.deepEqual(new Set(await statuses(gateway)), new Set([200]));

  const text = await done('drain', '--reason', 'new kernel');
  assert.match(text, /^From now on \/ready answers 503[^]*\n1 connection continues /);
  assert.deepEqual(await statuses(gateway), Array(8).fill(503));
  assert.deepEqual(await statuses(gateway, '&drained=404'), Array(8).fill(404));
  const { body } = await get(gateway.http?.port ?? 0, '/ready?role=pickup');
  assert.match(
    body,
    /^not ready\ndrained: since \d{4}-.*Z an operator keeps new sessions away; "sluis drain --end" ends it\n$/,
  );
  assert.equal((await get(gateway.ready?.port ?? 0, '/ready')).body, 'not ready\ndrained\n');
  assert.doesNotMatch(body, /new kernel|beheer/, 'who and why are in the trail');

  const to = [addressOf('bram')] as const;
  acceptedId(await before.submit(addressOf('anna'), to, content));
  const after = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  acceptedId(await after.submit(addressOf('anna'), to, content));
  const pop3 = await Pop3Client.open(gateway.target('pop3'), loginOf('bram'));
  assert.match(await pop3.command('STAT'), /^\+OK 2 /);

  await refused(7, /Not ready, drained: since /, 'status');
  const scrape = await Scrape.of(gateway);
  assert.equal(scrape.value('sluis_drained'), 1);
  assert.deepEqual(
    READY_ROLES.map((role) => scrape.value('sluis_ready_for', { role })),
    [0, 0, 0],
  );
  const again = await json<{ changed: boolean; drained: boolean }>('drain');
  assert.deepEqual([again.changed, again.drained], [false, true]);

  assert.match(await done('drain', '--end'), /^New sessions are taken again\./);
  assert.match(await done('drain', '--end'), /^New sessions are taken; nothing was drained\./);
  assert.deepEqual(new Set(await statuses(gateway)), new Set([200]));
  assert.equal((await Scrape.of(gateway)).value('sluis_drained'), 0);

  const rows = await gateway.store.audit.read({ fromSeq: 1, limit: 1000 });
  assert.deepEqual(
    rows
      .filter(({ event }) => event.startsWith('gateway.drain'))
      .map(({ event, personal }) => [event, personal?.reason]),
    [
      ['gateway.drained', 'new kernel'],
      ['gateway.drain-ended', undefined],
    ],
  );
});

test('a restart ends a drain', async (t) => {
  const gateway = await open(t);
  const admin = await connectControl(controlSocketOf(gateway.config), { name: 'jan' });
  await admin?.call('gateway.drain', { end: false });
  await admin?.close();
  assert.equal((await statuses(gateway))[0], 503);
  const again = await gateway.restart();
  t.after(() => again.stop());
  assert.equal((await statuses(again))[0], 200);
});

test('what the engine of the store says of a role is told for that role', async (t) => {
  const gateway = await startTestGateway({
    readiness: {
      against: (role) => (role === 'submit' ? [{ name: 'not-acknowledging', text: 'no second place holds it' }] : []),
    } satisfies Readiness,
    configuration: CONFIGURATION,
  });
  t.after(() => gateway.remove());
  const [whole, submit, pickup, serve] = await statuses(gateway);
  assert.deepEqual([whole, submit, pickup, serve], [503, 503, 200, 200]);
  const { refused } = commandsOn(() => gateway.config.file);
  await refused(6, /Not ready, not-acknowledging: no second place holds it/, 'status');
});
