/**
 * `account suspend` and `resume`, of one and of many: what the operator sees, and what open
 * sessions of mail programs see.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { StatesView } from '../src/commands/account-states.ts';
import { type Ran, sluisHere } from './support/command-line.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from './support/gateway.ts';
import { Pop3Client } from './support/pop3-client.ts';
import { SmtpClient } from './support/smtp-client.ts';

async function open(t: TestContext): Promise<TestGateway> {
  const gateway = await startTestGateway({ accounts: ['anna', 'bram', 'carl'] });
  t.after(() => gateway.remove());
  return gateway;
}
const [anna, bram, carl] = [addressOf('anna'), addressOf('bram'), addressOf('carl')];
const actor = { name: 'test' };

const run = (gateway: TestGateway, args: readonly string[], input?: string): Promise<Ran> =>
  sluisHere([...args, '--config', join(gateway.folder, 'sluis.toml')], input);
async function said(gateway: TestGateway, args: readonly string[], input?: string): Promise<string> {
  const ran = await run(gateway, args, input);
  assert.equal(ran.code, 0, ran.stderr);
  return ran.stdout;
}

test('many are suspended and resumed from a list, at once for the sessions that are open', async (t) => {
  const gateway = await open(t);
  const smtp = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  const pop3 = await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'));
  const list = `account\n${anna}\n${bram}\n${anna}\n`;

  assert.equal(
    await said(gateway, ['account', 'suspend', '--from', '-', '--dry-run'], list),
    '2 accounts would be suspended.\nNothing was changed.\n',
  );
  await pop3.stat();
  await smtp.command('NOOP', '250');

  const suspended = ['account', 'suspend', '--from', '-', '--reason', 'ticket 7'];
  assert.equal(await said(gateway, suspended, list), '2 accounts are suspended.\n');
  await smtp.command(`MAIL FROM:<${anna}>`, '421 4.7.0');
  await assert.rejects(pop3.stat());
  await assert.rejects(Pop3Client.open(gateway.target('pop3s'), loginOf('bram')));
  const writer = await SmtpClient.open(gateway.target('submission'), loginOf('carl'));
  await writer.command(`MAIL FROM:<${carl}>`, '250');
  await writer.command(`RCPT TO:<${bram}>`, '550 5.2.1');

  // A run that was cut short is given again.
  assert.equal(await said(gateway, [...suspended], `${list}${carl}\n`), '3 accounts are suspended. 2 were before.\n');
  const rows = (await gateway.store.audit.read({ limit: 1000 })).filter(({ event }) =>
    event.endsWith('.account-state'),
  );
  assert.deepEqual(
    rows.map(({ personal }) => [personal?.login, personal?.reason]),
    [anna, bram, carl].map((login) => [login, 'ticket 7']),
  );

  assert.equal(await said(gateway, ['account', 'resume', anna, bram, carl]), '3 accounts are active.\n');
  await (await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'))).quit();
  assert.deepEqual(JSON.parse(await said(gateway, ['account', 'resume', anna, '--json'])), {
    ...{ applied: true, state: 'active', accounts: 1, changed: 0, login: anna },
    closed: { accounts: 0, logins: [] },
  } satisfies StatesView);
});

test('resume says to whom nobody can log in, since contain took what opened them', async (t) => {
  const gateway = await open(t);
  assert.equal((await run(gateway, ['account', 'contain', anna, bram])).code, 0);
  assert.equal(
    await said(gateway, ['account', 'resume', anna, '--dry-run']),
    [
      `Account ${anna} would be active.`,
      'Nothing was changed.',
      'Nobody can log in to it: it has neither a password nor a certificate. "account contain" takes them for good; give new ones:',
      `  sluis account password add ${anna} --name first --generate --out FILE`,
      `  sluis cert issue --account ${anna} --use login --code`,
      '',
    ].join('\n'),
  );
  assert.equal(
    await said(gateway, ['account', 'resume', anna, bram, carl]),
    [
      '3 accounts are active. 1 were before.',
      `Nobody can log in to 2 of them, which have neither a password nor a certificate: ${anna} ${bram}`,
      '"account contain" takes them for good; give each a new one:',
      '  sluis account password add LOGIN --name first --generate --out FILE',
      '  sluis cert issue --account LOGIN --use login --code',
      '',
    ].join('\n'),
  );
  await assert.rejects(Pop3Client.open(gateway.target('pop3s'), loginOf('anna')));
});

test('all names are looked up before the first is touched, and each that is wrong is told', async (t) => {
  const gateway = await open(t);
  await gateway.store.registry.setAccountState(carl, 'ended', actor);
  const wrong = await run(gateway, ['account', 'suspend', anna, 'nobody@group.test', carl]);
  assert.equal(wrong.code, 3);
  assert.equal(
    wrong.stderr,
    [
      'Cannot suspend 2 of 3 accounts, nothing was changed:',
      '  Cannot find account "nobody@group.test": none logs in with that name; "sluis account list" shows them',
      `  Cannot suspend account "${carl}": it has ended, which cannot be undone; add a new account`,
      '',
    ].join('\n'),
  );
  assert.equal((await gateway.store.registry.findAccount(anna))?.account.state, 'active');
  const none = await run(gateway, ['account', 'resume']);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /Cannot resume: name an account, or a file with --from/);
  const empty = await run(gateway, ['account', 'resume', '--from', '-'], 'account\n');
  assert.match(empty.stderr, /Cannot resume: name an account, or a file with --from/);
  const bad = await run(gateway, ['account', 'suspend', '--from', '-'], 'account\nanna group\n');
  assert.match(bad.stderr, /nothing was changed:\n {2}line 2, account: Cannot use "anna group" as account/);
  const many = `account\n${Array.from({ length: 20_001 }, (_, n) => `a${n}@group.test`).join('\n')}\n`;
  assert.match((await run(gateway, ['account', 'suspend', '--from', '-'], many)).stderr, /20,?000/);

  await gateway.store.registry.setOrganisationState('group', 'suspended', actor);
  const out = await run(gateway, ['account', 'resume', anna]);
  assert.match(out.stderr, /its organisation "group" is suspended; "sluis organisation resume group" takes that back/);
});

test('without a gateway the lists work on the store itself', async (t) => {
  const gateway = await open(t);
  await gateway.stop();
  assert.equal(await said(gateway, ['account', 'suspend', anna, bram]), '2 accounts are suspended.\n');
  const again = await gateway.restart();
  t.after(() => again.stop());
  await assert.rejects(Pop3Client.open(again.target('pop3s'), loginOf('anna')));
});
