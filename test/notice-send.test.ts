/**
 * `notice send`: what the operator sees, what a contact fetches, and that no system ever finds it
 * in its mailbox.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { SendingView } from '../src/admin/notice-send.ts';
import { type Ran, sluisHere } from './support/command-line.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from './support/gateway.ts';
import { Pop3Client } from './support/pop3-client.ts';
import { address } from './support/store.ts';

const actor = { name: 'test' };
const TEXT =
  'Beste lezer,\n\nDinsdag van 22:00 tot 23:00 is er onderhoud. Berichten blijven bewaard.\n  - geen actie nodig\n';
const ENGLISH = 'Dear reader,\n\nOn Tuesday from 22:00 to 23:00 there is maintenance.\n';

/**
 * group: anna (first of its people), system (a system). lab: its contact is a system. clinic: Anna
 * reads for it. hospital: English, Bram.
 */
async function open(t: TestContext): Promise<TestGateway> {
  const gateway = await startTestGateway({ accounts: ['anna', 'bram', 'edi'] });
  t.after(() => gateway.remove());
  const { registry } = gateway.store;
  const add = (name: string, more: object): Promise<unknown> =>
    registry.addOrganisation({ name, title: name, language: 'nl', ...more }, actor);
  await add('lab', { contact: 'results@lab.test', telephone: '020 123 45 67' });
  await add('clinic', { contact: addressOf('anna') });
  await add('hospital', { language: 'en', contact: addressOf('bram') });
  await add('gone', {});
  await registry.setOrganisationState('gone', 'suspended', actor);
  const results = {
    login: 'results@lab.test',
    organisation: 'lab',
    kind: 'edi',
    addresses: [address('results@lab.test')],
  };
  await registry.addAccount({ ...results, kind: 'edi' }, actor);
  await registry.changeSettings({ scope: 'account', login: 'results@lab.test' }, { notices: 'mailbox' }, actor);
  writeFileSync(join(gateway.folder, 'nl.txt'), TEXT);
  writeFileSync(join(gateway.folder, 'en.txt'), ENGLISH);
  return gateway;
}

const send = (gateway: TestGateway, ...args: string[]): Promise<Ran> =>
  sluisHere([
    ...['notice', 'send', join(gateway.folder, 'nl.txt')],
    ...args,
    '--config',
    join(gateway.folder, 'sluis.toml'),
  ]);
async function said(gateway: TestGateway, ...args: string[]): Promise<string> {
  const ran = await send(gateway, ...args);
  assert.equal(ran.code, 0, ran.stderr);
  return ran.stdout;
}

test('contacts fetch it, once however many organisations they read for, and systems do not', async (t) => {
  const gateway = await open(t);
  const held = await Pop3Client.open(gateway.target('pop3s'), loginOf('edi'));
  const missing = [
    'not told: gone (the organisation is suspended; telephone unknown)',
    'not told: lab (its contact results@lab.test is not a mailbox here that people read, and it has no account for people; telephone 020 123 45 67)',
  ];
  const english = ['--en', join(gateway.folder, 'en.txt')];
  assert.equal(
    await said(gateway, '--all', ...english, '--id', 'onderhoud-1', '--dry-run'),
    [
      'clinic: anna@group.test',
      'hospital: bram@group.test',
      'system: postmaster@mail.test',
      '3 mailboxes would be told. Sending onderhoud-1.',
      '1 organisation more reads there.',
      ...missing,
      'Nothing was sent.',
      '',
    ].join('\n'),
  );
  const all = ['--all', ...english, '--id', 'onderhoud-1', '--subject', 'Onderhoud', '--reason', 'ticket 9'];
  assert.equal(
    await said(gateway, ...all),
    ['3 mailboxes were told. Sending onderhoud-1.', '1 organisation more reads there.', ...missing, ''].join('\n'),
  );
  const anna = await Pop3Client.open(gateway.target('pop3s'), loginOf('anna'));
  assert.equal((await anna.stat()).messages, 1);
  const message = (await anna.fetch(1)).toString('latin1');
  for (const line of [
    /^From: .*postmaster@mail\.test/m,
    /^To: .*anna@group\.test/m,
    /^Subject: Onderhoud\r$/m,
    /^Date: /m,
    /^Message-ID: <\S+@mail\.test>\r$/im,
    /^Auto-Submitted: auto-generated\r$/im,
    /\r\n {2}- geen actie nodig\r\n/,
    /maintenance/,
  ])
    assert.match(message, line);
  assert.ok(message.indexOf('Beste lezer') < message.indexOf('Dear reader'));
  const bram = await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'));
  const other = (await bram.fetch(1)).toString('latin1');
  assert.ok(other.indexOf('Dear reader') < other.indexOf('Beste lezer'), 'their own language first');
  assert.equal((await held.stat()).messages, 0);
  const summary = await gateway.store.registry.findAccount('results@lab.test');
  assert.equal(summary?.messages, 0, 'not even where its settings take notices');

  // The same again reaches nobody twice, and says so.
  const again = JSON.parse(await said(gateway, ...all, '--json')) as SendingView;
  assert.deepEqual(
    [again.applied, again.id, again.organisations, again.told, again.before, again.shared, again.notTold],
    [true, 'onderhoud-1', 6, 0, 3, 1, 2],
  );
  assert.equal((await gateway.store.registry.findAccount(addressOf('anna')))?.messages, 1);

  const rows = await gateway.store.audit.read({ limit: 1000 });
  const sent = rows.find(({ event }) => event === 'notice.sent');
  assert.deepEqual(sent?.facts, { id: 'onderhoud-1', organisations: 6, told: 3, before: 0, shared: 1, 'not-told': 2 });
  assert.equal(sent.personal?.reason, 'ticket 9');
  assert.equal(rows.filter(({ facts }) => facts?.notice === 'operator').length, 3, 'a row for each that was filed');
});

test('one text for everybody stands once, and another text is another sending', async (t) => {
  const gateway = await open(t);
  assert.match(await said(gateway, '--organisation', 'hospital'), /^1 mailbox was told\. Sending [0-9a-f]{16}\.\n$/);
  assert.match(
    await said(gateway, '--organisation', 'hospital'),
    /^0 mailboxes were told.*\n1 mailbox had it before\.\n$/,
  );
  assert.match(await said(gateway, '--organisation', 'hospital', '--subject', 'Anders'), /^1 mailbox was told/);
  const bram = await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'));
  const message = (await bram.fetch(1)).toString('latin1');
  assert.equal(message.split('Beste lezer').length, 2);
  assert.match(message, /^Subject: Message from the helpdesk\r$|^Subject: Bericht van de helpdesk\r$/m);
});

test('a mailbox that is full takes it all the same', async (t) => {
  const gateway = await open(t);
  await gateway.store.registry.changeSettings({ scope: 'account', login: addressOf('bram') }, { quota: 1 }, actor);
  assert.match(await said(gateway, '--organisation', 'hospital'), /^1 mailbox was told/);
});

test('what cannot be sent is refused before anybody is told', async (t) => {
  const gateway = await open(t);
  const file = join(gateway.folder, 'nl.txt');
  const refused = async (text: string | Buffer, ...args: string[]): Promise<string> => {
    writeFileSync(file, text);
    const ran = await send(gateway, ...(args.length === 0 ? ['--all'] : args));
    assert.notEqual(ran.code, 0);
    assert.equal(ran.stdout, '');
    return ran.stderr;
  };
  assert.match(await refused(' \n'), /Cannot send the file: it is empty/);
  assert.match(await refused('a\nb\0'), /line 2 has a control character/);
  assert.match(await refused('a\u001b[2J'), /line 1 has a control character/);
  assert.match(await refused('x'.repeat(65_537)), /larger than 64KiB/);
  assert.match(await refused(Buffer.from([0xff, 0xfe])), /it is not UTF-8/);
  assert.match(await refused(TEXT, '--organisation', 'nowhere'), /Cannot find organisation "nowhere"/);
  assert.match(await refused(TEXT, '--all', '--organisation', 'lab'), /give --organisation NAME or --all/);
  assert.match(await refused(TEXT, '--dry-run'), /give --organisation NAME or --all/);
  assert.match(await refused(TEXT, '--all', '--id', 'a b'), /Cannot use "a b" as id/);
  assert.equal((await gateway.store.registry.findAccount(addressOf('anna')))?.messages, 0);
});

test('without a gateway it is filed in the store, and waits for the start', async (t) => {
  const gateway = await open(t);
  await gateway.stop();
  assert.match(await said(gateway, '--organisation', 'clinic'), /^1 mailbox was told/);
  const again = await gateway.restart();
  t.after(() => again.stop());
  const anna = await Pop3Client.open(again.target('pop3s'), loginOf('anna'));
  assert.equal((await anna.stat()).messages, 1);
});
