/**
 * `account show` as the screen that answers a support call: what it says, within 80 columns, and
 * that it reads from the end of the trail.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { RecentViews } from '../src/commands/account-recent.ts';
import type { AccountView } from '../src/admin/views.ts';
import { runOperation } from '../src/admin/operations.ts';
import { registrationOf } from '../src/crypto/certificates/certificate-register.ts';
import { days, instant } from '../src/domain/units.ts';
import { meaningOfReply } from '../src/pages/causes.ts';
import { smtpRows } from '../src/pages/replies.ts';
import { value } from './crypto/support.ts';
import { makeClientAuthority } from './support/client-certificates.ts';
import { sluisHere } from './support/command-line.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from './support/gateway.ts';
import { Pop3Client } from './support/pop3-client.ts';
import { SmtpClient } from './support/smtp-client.ts';
import { OWNER_SAID, type Standing } from '../src/domain/roles.ts';

const [anna, bram] = [addressOf('anna'), addressOf('bram')];
const GOLDEN = [
  'Account:            bram@group.test',
  'Organisation:       group',
  'Kind:               mail',
  'State:              active',
  'Mailbox:            1 message, SIZE',
  'Oldest not fetched: TIME',
  'Last fetched:       TIME from 127.0.0.1: 1 fetched, 1 removed',
  'Last login:         DAY',
  '',
  'Open sessions',
  '  SESSION  pop3 from 127.0.0.1 since TIME, idle',
  '    TLSv1.3 CIPHER, SIZE read, SIZE written',
  '',
  'Last logins',
  '  TIME  pop3 from 127.0.0.1, password "first"',
  '    TLSv1.3 CIPHER',
  '  TIME  smtp from 127.0.0.1, password "first"',
  '    TLSv1.3 CIPHER, calls itself client.test',
  '  TIME  pop3 from 127.0.0.1, password "first"',
  '    TLSv1.3 CIPHER',
  '',
  'Last refusals',
  '  TIME  mail to nobody@group.test, 550 5.1.1',
  '    Reply: <nobody@group.test> is not registered in this group; check the',
  '    address',
  '    Cause: Nobody has the address, or it has ended.',
  '  TIME  mail, 550 5.7.1',
  '    Reply: The address in MAIL FROM is not one that this account may send as;',
  '    use your own registered address',
  '    Cause: MAIL FROM, From or Sender holds an address of somebody else, or one',
  '    that is not registered.',
  '    Helps: Correct the sender address in the program; for a shared address ask',
  '    the helpdesk for `address delegate`',
  '  TIME  login, pop3 from 127.0.0.1',
  '    Cause: The password is not one of the account, or has ended',
  '    Helps: Type it again in the program; else "sluis account password add LOGIN',
  '    --name NAME --generate --out FILE"',
  '',
  'Habits of its programs in four weeks',
  '  helo: 2 seen, by OldMail 3.1: HELO instead of EHLO',
  '  no-uidl: 1 seen: messages are fetched without UIDL, so a message that stays',
  '    may be taken for a new one',
  '',
  'Certificates that end',
  '  TIME  for login: laptop',
  '',
  'Absences',
  '  bram@group.test is away from TIME up to and including',
  '    DAY (refuse)',
  '',
  'ADDRESS          STATE',
  'bram@group.test  active',
  '',
].join('\n');
const actor = { name: 'jan', reason: 'ticket 7' };

async function open(t: TestContext): Promise<TestGateway> {
  const gateway = await startTestGateway({ accounts: ['anna', 'bram', 'carl'] });
  t.after(() => gateway.remove());
  return gateway;
}

async function run(gateway: TestGateway, ...args: string[]): Promise<string> {
  const ran = await sluisHere([...args, '--config', join(gateway.folder, 'sluis.toml')]);
  assert.equal(ran.code, 0, ran.stderr);
  return ran.stdout;
}
const idOf = async (gateway: TestGateway, login: string) =>
  (await gateway.store.registry.findAccount(login))!.account.id;

const shownTo = (gateway: TestGateway, login: string, who: Standing) =>
  runOperation('account.show', gateway.admin, { login }, { actor, who, progress: () => undefined }, gateway.log);
const recentOf = async (gateway: TestGateway, login: string): Promise<RecentViews> =>
  (await shownTo(gateway, login, OWNER_SAID)) as RecentViews;

/** What differs from run to run, by its form. */
const still = (text: string): string =>
  text
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d CES?T/g, 'TIME')
    .replace(/\d{4}-\d\d-\d\d/g, 'DAY')
    .replace(/^ {2}[^T]\S+ {2}(pop3|smtp) from/gm, '  SESSION  $1 from')
    .replace(/[\d.]+ (bytes|KiB)/g, 'SIZE')
    .replace(/(TLSv1\.3) TLS_\w+/g, '$1 CIPHER');

test('account show answers a call in one screen of 80 columns', async (t) => {
  const gateway = await open(t);
  const { store } = gateway;
  const sender = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  const content = `From: ${anna}\r\nTo: ${bram}\r\nSubject: result\r\n\r\nBody.\r\n`;
  await sender.submit(anna, [bram], Buffer.from(content));
  await sender.submit(anna, [bram], Buffer.from(content.replace('Body', 'Another')));
  const pop3 = await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'));
  await pop3.fetch(1);
  await pop3.command('DELE 1');
  await pop3.quit();
  const smtp = await SmtpClient.open(gateway.target('submission'), loginOf('bram'));
  await smtp.command(`MAIL FROM:<${addressOf('carl')}>`, '550 5.7.1');
  await smtp.command(`MAIL FROM:<${bram}>`, '250');
  await smtp.command('RCPT TO:<nobody@group.test>', '550 5.1.1');
  await smtp.quit();
  await assert.rejects(Pop3Client.open(gateway.target('pop3s'), { login: bram, password: 'no' }));
  const held = await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'));

  const id = await idOf(gateway, bram);
  store.quirks.note(id, 'helo', 'tolerated', 'OldMail 3.1');
  store.quirks.note(id, 'helo', 'tolerated', 'OldMail 3.1');
  const authority = await makeClientAuthority('Group');
  const leaf = (await authority.issue('bram', { notAfter: Date.now() + days(20) })).leaf;
  const registration = value(registrationOf(leaf, { match: 'pin' }));
  await store.registry.addCertificate(bram, { ...registration, name: 'laptop' }, actor);
  const now = gateway.admin.clock.now();
  const absence = { address: bram, from: instant(now - 1000), until: instant(now + days(7)), mode: 'refuse' } as const;
  await store.registry.addAbsences([absence], actor);

  const shown = await run(gateway, 'account', 'show', bram);
  for (const line of shown.split('\nPASSWORD')[0]!.split('\n')) assert.ok(line.length <= 80, `${line.length}: ${line}`);
  assert.equal(still(shown).split('\nPASSWORD')[0], GOLDEN);
  held.wire.destroy();
});

test('an account that has just logged in has a last login', async (t) => {
  const gateway = await open(t);
  const pop3 = await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'));
  const call = { actor, who: OWNER_SAID, progress: () => undefined };
  const { lastLogin } = await runOperation('account.show', gateway.admin, { login: bram }, call, gateway.log);
  assert.equal(lastLogin?.length, '2026-11-25'.length);
  await pop3.quit();
});

test('from where an account logs in is told to the helpdesk, and not to whoever may only read', async (t) => {
  const gateway = await open(t);
  const pop3 = await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'));
  const [reader, helpdesk] = await Promise.all(
    (['read', 'support'] as const).map((role) => shownTo(gateway, bram, { ...OWNER_SAID, role })),
  );
  assert.equal(helpdesk?.sessions?.length, 1);
  assert.equal(reader?.state, 'active');
  const told = ['sessions', 'logins', 'refusals', 'fetched', 'standing', 'quirks', 'ending', 'absences'];
  assert.deepEqual(
    told.filter((name) => name in reader),
    [],
  );
  await pop3.quit();
});

test('the newest rows are shown of an account with 30,000, whatever its age', async (t) => {
  const gateway = await open(t);
  const account = await idOf(gateway, bram);
  const { audit } = gateway.store;
  const note = (event: string, facts: Record<string, string | number>): void =>
    audit.note({ event, outcome: 'success', account, facts, personal: { network: '192.0.2.1' } });
  note('login.granted', { protocol: 'smtp', logins: 1, password: 'old' });
  for (let n = 0; n < 30_000; n += 1) {
    note('message.accepted', { n });
    if (n % 10_000 === 0) await audit.head();
  }
  note('login.granted', { protocol: 'pop3', logins: 1, password: 'new' });
  await audit.head();
  const before = performance.now();
  const { logins } = await recentOf(gateway, bram);
  const took = performance.now() - before;
  t.diagnostic(`${took.toFixed(1)} ms`);
  assert.deepEqual(
    logins.map(({ facts }) => facts.password),
    ['new', 'old'],
  );
  assert.ok(took < 500, `${took} ms`);
});

test('logins that were counted stand where the last of them was, with their number and since when', async (t) => {
  const gateway = await open(t);
  const account = await idOf(gateway, bram);
  const { audit } = gateway.store;
  const note = (facts: Record<string, string | number | boolean>): void =>
    audit.note({ event: 'login.granted', outcome: 'success', account, facts });
  // The row of an hour is written at its end: behind the SMTP login that came after the last of
  // them.
  note({ protocol: 'smtp', logins: 1, password: 'first' });
  const [since, last] = ['2026-11-01T16:26:40.000Z', '2026-11-01T17:16:05.000Z'];
  note({ protocol: 'pop3', logins: 13, remembered: true, since, last });
  note({ protocol: 'imap', logins: 4, remembered: true, last: '2026-11-01T17:17:00.000Z' });
  await audit.head();
  const { logins } = await recentOf(gateway, bram);
  assert.deepEqual(
    logins.map(({ facts }) => facts.protocol),
    ['smtp', 'imap', 'pop3'],
  );
  assert.equal(logins[2]?.at, last);
  const text = await run(gateway, 'account', 'show', bram);
  assert.match(
    text,
    /^ {2}2026-11-01 18:17 CET {2}imap, a password, 4 times\n {2}2026-11-01 18:16 CET {2}pop3, a password, 13 times since 2026-11-01 17:26 CET$/m,
  );
});

test('who contained or suspended an account, and its organisation, is told, and no more once it is resumed', async (t) => {
  const gateway = await open(t);
  await run(gateway, 'account', 'contain', bram, '--reason', 'stolen laptop');
  const [contained] = (await recentOf(gateway, bram)).standing;
  assert.deepEqual([contained?.what, contained?.reason], ['contained', 'stolen laptop']);
  await run(gateway, 'organisation', 'suspend', 'group', '--reason', 'contract ends');
  const text = await run(gateway, 'account', 'show', bram);
  assert.match(text, /^State: +suspended$/m);
  assert.match(
    text.replace(/ by \S+:/g, ' by WHO:'),
    /^What holds it back\n {2}\S+ \S+ \S+ {2}contained by WHO: stolen laptop\n.* {2}organisation suspended by WHO: contract ends\n/m,
  );
  await run(gateway, 'organisation', 'resume', 'group');
  await run(gateway, 'account', 'resume', bram);
  assert.deepEqual((await recentOf(gateway, bram)).standing, []);
  const shown = JSON.parse(await run(gateway, 'account', 'show', bram, '--json')) as AccountView & RecentViews;
  assert.deepEqual([shown.state, shown.standing, shown.sessions, shown.logins], ['active', [], [], []]);
});

test('the reply of every row leads back to its cause, whatever values it was filled with', () => {
  for (const [name, row] of smtpRows) {
    const text = row.text.replace(/\{\w+\}/g, 'x@y.test (5 MB)');
    const meaning = meaningOfReply(row.status, text);
    const same = smtpRows.filter(([, { status, text: its }]) => status === row.status && its === row.text);
    assert.ok(
      same.some(([, { cause }]) => cause === meaning?.cause),
      name,
    );
  }
  assert.equal(meaningOfReply('5.1.1', 'of an earlier version'), undefined);
});
