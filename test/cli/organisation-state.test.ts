/**
 * All accounts of an organisation at once, beside a running gateway: what the operator sees, and
 * what sessions that are open meet.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { AccountView, OrganisationView } from '../../src/admin/views.ts';
import { type Ran, sluisHere } from '../support/command-line.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient } from '../support/smtp-client.ts';

const [anna, bert] = [addressOf('anna'), addressOf('bert')];
/** Another organisation than that of the others. */
const carl = 'carl@lab.test';

async function gatewayFor(t: TestContext): Promise<TestGateway> {
  const gateway = await startTestGateway({ accounts: ['anna', 'bert'] });
  t.after(() => gateway.remove());
  await done(gateway, 'organisation', 'add', 'lab');
  const added = await sluisHere(
    ['account', 'add', carl, '--organisation', 'lab', '--config', gateway.config.file],
    'Secret-carl-pw\n',
  );
  assert.equal(added.code, 0, added.stderr);
  return gateway;
}

const run = (gateway: TestGateway, ...args: string[]): Promise<Ran> =>
  sluisHere([...args, '--config', gateway.config.file]);
async function done(gateway: TestGateway, ...args: string[]): Promise<string> {
  const ran = await run(gateway, ...args);
  assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.stderr}`);
  return ran.stdout;
}
const organisationOf = async (gateway: TestGateway): Promise<string> =>
  (JSON.parse(await done(gateway, 'account', 'show', anna, '--json')) as AccountView).organisation;
const asCarl = { login: carl, password: 'Secret-carl-pw' };
const closed = async (client: Pop3Client): Promise<void> => {
  await assert.rejects(client.stat());
};

test('suspended and resumed: logins, open sessions, mail, what waits, and accounts of their own state', async (t) => {
  const gateway = await gatewayFor(t);
  const name = await organisationOf(gateway);
  const sender = await SmtpClient.open(gateway.target('submissions'), asCarl);
  await sender.submit(carl, [anna], Buffer.from(`From: ${carl}\r\n\r\nwaits\r\n`));
  await done(gateway, 'account', 'suspend', bert);
  const reader = await Pop3Client.open(gateway.target('pop3s'), loginOf('anna'));
  const own = await SmtpClient.open(gateway.target('submissions'), loginOf('anna'));

  const told = [
    `Organisation ${name} is suspended:`,
    '- 2 accounts can no longer log in, and open sessions are closed',
    '- mail for 2 addresses is refused (550 5.2.1)',
    `- 1 message in its mailboxes wait until "sluis organisation resume ${name}"`,
    '',
  ].join('\n');
  assert.equal(
    await done(gateway, 'organisation', 'suspend', name, '--dry-run'),
    `Nothing was done. This would happen:\n${told}`,
  );
  assert.equal((await reader.stat()).messages, 1);
  assert.equal(await done(gateway, 'organisation', 'suspend', name, '--reason', 'contract in doubt'), told);

  await own.expect('421 4.7.0 This account may no longer log in');
  await closed(reader);
  await sender.command(`MAIL FROM:<${carl}>`, '250');
  await sender.command(`RCPT TO:<${anna}>`, `550 5.2.1 <${anna}> is registered but suspended`);
  await sender.command(`RCPT TO:<${carl}>`, '250');
  await sender.command('RSET', '250');
  await assert.rejects(Pop3Client.open(gateway.target('pop3s'), loginOf('anna')));
  const one = await run(gateway, 'account', 'resume', anna);
  assert.match(one.stderr, /its organisation ".*" is suspended; "sluis organisation resume .*" takes that back/);
  const shown = JSON.parse(await done(gateway, 'organisation', 'show', name, '--json')) as OrganisationView;
  assert.equal(shown.state, 'suspended');

  assert.equal(
    await done(gateway, 'organisation', 'resume', name),
    `Organisation ${name} is active: 1 account log in and accept mail again.\n1 account stay suspended, each by itself.\n`,
  );
  const again = await Pop3Client.open(gateway.target('pop3s'), loginOf('anna'));
  assert.equal((await again.stat()).messages, 1);
  await again.quit();
  await assert.rejects(Pop3Client.open(gateway.target('pop3s'), loginOf('bert')));
  await sender.submit(carl, [anna], Buffer.from(`From: ${carl}\r\n\r\nagain\r\n`));
  const trail = await done(gateway, 'audit', 'list', '--event', 'registry.organisation-state', '--json');
  assert.match(trail, /contract in doubt/);
});

test('ended: for ever, with a successor, sessions cut, mail stays for an export', async (t) => {
  const gateway = await gatewayFor(t);
  const name = await organisationOf(gateway);
  const sure = ['--yes', '--reason', 'moved away'];
  const sender = await SmtpClient.open(gateway.target('submissions'), asCarl);
  await sender.submit(carl, [anna], Buffer.from(`From: ${carl}\r\n\r\nwaits\r\n`));
  const reader = await Pop3Client.open(gateway.target('pop3s'), loginOf('anna'));
  const within = await run(gateway, 'organisation', 'end', name, '--successor', bert, ...sure);
  assert.match(within.stderr, /cannot succeed organisation ".*": it ends with it/);
  // A plan says what would be done, so it is refused as the deed is.
  const plan = await run(gateway, 'organisation', 'end', name, '--successor', bert, '--dry-run');
  assert.match(plan.stderr, /cannot succeed organisation ".*": it ends with it/);
  const stranger = await run(gateway, 'organisation', 'end', name, '--successor', 'x@nowhere.test', '--dry-run');
  assert.match(stranger.stderr, /"x@nowhere\.test" cannot succeed organisation ".*": it was never registered/);
  assert.equal((await reader.stat()).messages, 1, 'a refusal ends nothing');

  const told = await done(gateway, 'organisation', 'end', name, '--successor', carl, '--now', ...sure);
  assert.match(
    told,
    /has ended:\n- senders to 2 addresses are told to write to carl.*\n- 2 accounts can no longer log in/,
  );
  await closed(reader);
  await sender.command(`MAIL FROM:<${carl}>`, '250');
  await sender.command(`RCPT TO:<${anna}>`, `551 5.1.6 <${anna}> no longer exists; send to <${carl}> instead`);
  await done(gateway, 'mailbox', 'export', anna, `${gateway.folder}/anna.tar`, '--reason', 'asked');
  for (const [args, text] of [
    [['organisation', 'resume', name], /has ended, which cannot be undone/],
    [['account', 'resume', anna], /has ended, which cannot be undone/],
    [
      ['account', 'add', 'new@group.test', '--organisation', name, '--no-password'],
      /has ended, which cannot be undone/,
    ],
    [['organisation', 'suspend', 'nobody'], /no organisation "nobody"|Cannot find organisation "nobody"/],
  ] as const) {
    const ran = await run(gateway, ...args);
    assert.notEqual(ran.code, 0);
    assert.match(ran.stderr, text);
  }
  // Again: nothing is left to do, and nothing breaks.
  assert.match(await done(gateway, 'organisation', 'end', name, '--now', ...sure), /- 0 accounts can no longer log in/);
});

test('an organisation of many accounts ends in parts, each whole', async (t) => {
  const gateway = await gatewayFor(t);
  const { registry } = gateway.store;
  const actor = { name: 'test' };
  await registry.addOrganisation({ name: 'large', title: 'Large', language: 'nl' }, actor);
  await registry.importAccounts(
    Array.from({ length: 450 }, (_, i) => ({
      login: `l${i}`,
      organisation: 'large',
      kind: 'edi' as const,
      addresses: [],
    })),
    actor,
  );
  const steps: number[] = [];
  assert.equal(await registry.endOrganisation('large', {}, actor, (n) => steps.push(n)), 450);
  assert.deepEqual(steps, [200, 400, 450]);
  const states = new Set(
    (await registry.listAccounts({ limit: 1000, organisation: 'large' })).map((a) => a.account.state),
  );
  assert.deepEqual([...states], ['ended']);
});
