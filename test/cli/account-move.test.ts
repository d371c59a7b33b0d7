/**
 * An account goes to another organisation beside a running gateway: what the operator sees, what
 * stays, and what open sessions meet.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import type { AccountMovesView } from '../../src/commands/account-move-text.ts';
import type { AuditRowView } from '../../src/commands/audit/list.ts';
import type { CertificateView } from '../../src/admin/cert-views.ts';
import type { AccountView } from '../../src/admin/views.ts';
import { runOperation } from '../../src/admin/operations.ts';
import { readableTime } from '../../src/cli/output.ts';
import { addressKey } from '../../src/domain/address.ts';
import { days, instant } from '../../src/domain/units.ts';
import { dayOf, isoDay } from '../../src/domain/working-days.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';
import { FakeClock } from '../support/clock.ts';
import { type Ran, sluisHere } from '../support/command-line.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient } from '../support/smtp-client.ts';

const [anna, bert, carl] = [addressOf('anna'), addressOf('bert'), addressOf('carl')];
const actor = { name: 'test' };

async function world(t: TestContext, configuration = ''): Promise<{ gateway: TestGateway; clock: FakeClock }> {
  const clock = new FakeClock();
  const gateway = await startTestGateway({ accounts: ['anna', 'bert', 'carl'], clock, configuration });
  t.after(() => gateway.remove());
  await done(gateway, 'organisation', 'add', 'zuid', '--title', 'Zorggroep Zuid');
  return { gateway, clock };
}

const run = (gateway: TestGateway, ...args: string[]): Promise<Ran> =>
  sluisHere([...args, '--config', gateway.config.file]);
async function done(gateway: TestGateway, ...args: string[]): Promise<string> {
  const ran = await run(gateway, ...args);
  assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.stderr}`);
  return ran.stdout;
}

const letter = (text: string, from = bert): Buffer =>
  Buffer.from(`From: ${from}\r\nTo: ${anna}\r\nSubject: ${text}\r\n\r\n${text}\r\n`);
async function send(gateway: TestGateway, ...texts: string[]): Promise<void> {
  const client = await SmtpClient.open(gateway.target('submissions'), loginOf('bert'));
  for (const text of texts) await client.submit(bert, [anna], letter(text));
  await client.quit();
}
/** Subject by UIDL, in the order of the maildrop. */
async function maildrop(gateway: TestGateway, login = loginOf('anna')): Promise<[string, string][]> {
  const client = await Pop3Client.open(gateway.target('pop3s'), login);
  const found: [string, string][] = [];
  for (const [n, uidl] of await client.uidl())
    found.push([uidl, /^Subject: (.*)\r$/m.exec((await client.fetch(n)).toString('latin1'))?.[1] ?? '']);
  await client.quit();
  return found;
}
const subjects = (found: readonly [string, string][]): string[] => found.map(([, subject]) => subject);
const shown = (at: number): string => readableTime(new Date(at).toISOString());

test('an account goes to another organisation with the mail since a day; what was before stays, and no program notices', async (t) => {
  const { gateway, clock } = await world(t);
  const { registry } = gateway.store;
  await send(gateway, 'one', 'two');
  clock.advance(days(3));
  await send(gateway, 'three', 'four');
  const from = isoDay(dayOf(clock.now()));
  const former = `${anna}~${new Date(clock.now()).toISOString().slice(0, 10)}`;
  // Two was deleted before, and can be handed out again.
  const before = await maildrop(gateway);
  const deleting = await Pop3Client.open(gateway.target('pop3s'), loginOf('anna'));
  await deleting.command('DELE 2');
  await deleting.quit();
  // Ties of each kind, and one that stays.
  await done(gateway, 'address', 'delegate', anna, bert);
  await done(gateway, 'address', 'delegate', carl, anna);
  await done(gateway, 'address', 'consent', carl, '--for', anna);
  await done(gateway, 'organisation', 'edi', 'add', 'group', '500123456:ZZ', '--account', anna);
  for (const [name, about] of [
    ['laptop', 'CN=anna, O=Group'],
    ['card', 'CN=anna'],
  ] as const)
    await registry.addCertificate(
      anna,
      {
        ...{ name, about, key: `fp:${(name === 'card' ? 'a' : 'b').repeat(64)}` },
        fingerprint: (name === 'card' ? 'a' : 'b').repeat(64),
        ...{ notBefore: instant(1000), notAfter: instant(clock.now() + days(300)) },
      },
      actor,
    );

  const move = [
    'account',
    'move',
    anna,
    '--organisation',
    'zuid',
    '--from',
    from,
    '--reason',
    'practice merges',
    '--grace',
    '2d',
  ];
  const text = (first: string, sessions: string): string =>
    [
      first,
      `- it logs in as before (1 password, 1 certificate)${sessions}`,
      `- addresses that go along: ${anna}`,
      `- mail received since ${shown(Date.parse(`${from}T00:00:00+01:00`))} goes along: 2 messages (SIZE); programs fetch nothing twice`,
      `- earlier mail, what can be handed out again and the trail stay with group, as account ${former}: 1 message (SIZE)`,
      `- ${former} closes ${shown(clock.now() + days(2))}; until then: sluis mailbox export ${former} FILE --reason TEXT, or sluis account password add ${former} --name NAME`,
      '- revoked, since it names group: certificate laptop for login, CN=anna, O=Group',
      `- taken back: ${bert} may send as ${anna}`,
      `- taken back: ${anna} may send as ${carl}`,
      `- taken back: ${carl} stands in for ${anna}`,
      '- stays with group: EDI identity 500123456:ZZ; for zuid: sluis organisation edi remove 500123456:ZZ, then sluis organisation edi add zuid 500123456:ZZ',
      '',
    ].join('\n');
  const plain = (output: string): string => output.replace(/\(\d+ bytes\)/g, '(SIZE)');
  assert.equal(
    plain(await done(gateway, ...move, '--dry-run')),
    text(`Nothing was done. Account ${anna} would move from group to zuid:`, ''),
  );
  assert.equal((await registry.findAccount(anna))?.organisation, 'group');

  // Sessions that are open: of a sender who gave RCPT before, of the account's own programs, and
  // one in the middle of a message.
  const sender = await SmtpClient.open(gateway.target('submissions'), loginOf('bert'));
  await sender.command(`MAIL FROM:<${bert}>`, '250');
  await sender.command(`RCPT TO:<${anna}>`, '250');
  const own = await SmtpClient.open(gateway.target('submissions'), loginOf('anna'));
  const half = await SmtpClient.open(gateway.target('submissions'), loginOf('anna'));
  await half.command(`MAIL FROM:<${anna}>`, '250');
  await half.command(`RCPT TO:<${bert}>`, '250');
  await half.command('DATA', '354');
  half.wire.send(letter('half', anna));
  const reader = await Pop3Client.open(gateway.target('pop3s'), loginOf('anna'));
  await reader.command('DELE 3');

  const told = plain(await done(gateway, ...move));
  assert.equal(
    told.replace(/\n\nNew certificates[\s\S]*/, '\n'),
    text(`Moved account ${anna} from group to zuid:`, '; 3 open sessions ended'),
  );
  assert.match(told, /New certificates: sluis cert issue --account LOGIN .*\nTell the issuers of the others as well/);

  await assert.rejects(own.command(`MAIL FROM:<${anna}>`, '250'));
  half.wire.send(Buffer.from('.\r\n'));
  await assert.rejects(half.expect('250'));
  await assert.rejects(reader.command('QUIT'));
  // What was on its way lands in the new mailbox.
  await sender.command('DATA', '354');
  sender.wire.send(Buffer.concat([letter('between'), Buffer.from('.\r\n')]));
  await sender.expect('250');
  await sender.submit(bert, [anna], letter('after'));
  await sender.command(`MAIL FROM:<${anna}>`, '550');
  await sender.quit();

  // The same password, the same UIDLs: nothing is seen twice, nothing is missing, and DELE of the
  // session that ended deleted nothing.
  const after = await maildrop(gateway);
  assert.deepEqual(subjects(after), ['three', 'four', 'between', 'after']);
  assert.deepEqual(after.slice(0, 2), before.slice(2));
  const again = await SmtpClient.open(gateway.target('submissions'), loginOf('anna'));
  await again.submit(anna, [bert], letter('as zuid', anna));
  await again.command(`MAIL FROM:<${carl}>`, '550');
  await again.quit();

  const show = async (login: string): Promise<AccountView> =>
    JSON.parse(await done(gateway, 'account', 'show', login, '--json')) as AccountView;
  const [now, then] = [await show(anna), await show(former)];
  assert.deepEqual([now.organisation, now.messages, now.addresses.map((a) => a.address)], ['zuid', 4, [anna]]);
  assert.deepEqual([then.organisation, then.messages, then.addresses], ['group', 1, []]);
  assert.deepEqual([then.state, then.ends], ['ending', new Date(clock.now() + days(2)).toISOString()]);
  assert.deepEqual(
    now.certificates.map(({ name }) => name),
    ['card'],
  );
  assert.equal((await registry.findCertificate([`fp:${'a'.repeat(64)}`]))?.login, anna);
  assert.notEqual((await registry.findCertificate([`fp:${'b'.repeat(64)}`]))?.certificate.revokedAt, undefined);
  const stays = (await registry.findAccount(former))!.account.id;
  assert.equal(await registry.maySendAs(stays, addressKey(carl)), false);
  for (const view of [now, then]) assert.equal(view.used > 0, true);

  // The people of the old organisation come by a new password, or by an export; what was deleted
  // before comes back there.
  writeFileSync(join(gateway.folder, 'new'), 'Secret-former-pw\n');
  await done(
    gateway,
    'account',
    'password',
    'add',
    former,
    '--name',
    'x',
    '--password-file',
    join(gateway.folder, 'new'),
  );
  assert.match(
    await done(gateway, 'mailbox', 'restore', former, '--since', from, '--reason', 'asked for'),
    /^1 message /,
  );
  const theirs = { login: former, password: 'Secret-former-pw' };
  assert.deepEqual(subjects(await maildrop(gateway, theirs)), ['one', 'two']);
  const file = join(gateway.folder, 'former.tar');
  await done(gateway, 'mailbox', 'export', former, file, '--reason', 'asked for');
  assert.equal(execFileSync('tar', ['-tf', file], { encoding: 'utf8' }).trim().split('\n').length, 2);
  const sending = await SmtpClient.open(gateway.target('submissions'), theirs);
  await sending.command(`MAIL FROM:<${anna}>`, '550 5.7.1 This account may no longer send');
  await sending.quit();
  clock.advance(days(2));
  // By the clock alone: nothing was written down yet.
  assert.equal((await registry.findLogin(former))?.account.state, 'ended');

  // Each trail tells it, with the person and the reason; given again the command finds it done.
  for (const login of [anna, former]) {
    const rows = JSON.parse(await done(gateway, 'audit', 'list', '--account', login, '--json')) as AuditRowView[];
    const moved = rows.find(({ event }) => event === 'registry.account-moved');
    assert.deepEqual([moved?.facts.from, moved?.facts.to, moved?.facts.reason], ['group', 'zuid', 'practice merges']);
    const follows = rows.find(({ event }) => event === 'maildrop.moved');
    assert.deepEqual([follows?.facts.messages, follows?.facts.held], [2, 0]);
  }
  assert.equal(await done(gateway, ...move), `Account ${anna} belongs to zuid already; nothing was changed.\n`);
});

test('certificates of the own authority that name the old organisation are on its revocation list; a held key still opens mail', async (t) => {
  const { gateway, clock } = await world(t);
  await done(gateway, 'ca', 'init', '--name', 'Test group');
  const out = (name: string): string => join(gateway.folder, name);
  const issue = ['cert', 'issue', '--account', anna];
  await done(
    gateway,
    ...issue,
    '--for',
    'login',
    '--key',
    'p256',
    '--out',
    out('login.p12'),
    '--password-out',
    out('login.txt'),
  );
  await done(gateway, ...issue, '--for', 'mail', '--keep-key', '--key', 'p256');
  await done(gateway, ...issue, '--for', 'login', '--code');
  const certs = async (login: string): Promise<CertificateView[]> =>
    JSON.parse(await done(gateway, 'cert', 'list', '--account', login, '--json')) as CertificateView[];
  const before = await certs(anna);
  assert.deepEqual(before.map(({ use, state }) => [use, state]).sort(), [
    ['login', 'valid'],
    ['mail', 'valid'],
  ]);

  const today = isoDay(dayOf(clock.now()));
  const move = ['account', 'move', anna, '--organisation', 'zuid', '--from', today, '--reason', 'merges'];
  const view = JSON.parse(await done(gateway, ...move, '--json')) as AccountMovesView;
  const [moved] = view.accounts;
  assert.deepEqual([view.applied, moved?.codes, moved?.certificates], [true, 1, 0]);
  assert.deepEqual(moved?.revoked?.map(({ use, own }) => [use, own]).sort(), [
    ['login', true],
    ['mail', true],
  ]);
  const lists = await gateway.store.certificates.listAuthorities();
  const issuing = lists.find(({ role }) => role === 'issuing')!;
  const page = { limit: 10, endsAfter: clock.now() };
  const revoked = await gateway.store.certificates.listRevoked(issuing.id, page);
  assert.deepEqual(
    revoked.map(({ serial, reason }) => [serial, reason]).sort(),
    before.map(({ serial }) => [serial, 'affiliationChanged']).sort(),
  );
  // The mail certificate follows the address, so that mail which was encrypted to it opens.
  const [mail] = (await gateway.store.certificates.findMail(addressKey(anna))).certificates;
  const account = (await gateway.store.registry.findAccount(anna))?.account.id;
  assert.deepEqual(
    [mail?.account, mail?.sealedKey !== undefined, mail?.revoked?.reason],
    [account, true, 'affiliationChanged'],
  );
  assert.deepEqual(
    (await certs(moved.former ?? '')).map(({ use }) => use),
    ['login'],
  );
  await done(
    gateway,
    ...issue,
    '--for',
    'login',
    '--key',
    'p256',
    '--out',
    out('new.p12'),
    '--password-out',
    out('new.txt'),
  );
  const valid = (await certs(anna)).filter(({ state }) => state === 'valid');
  assert.deepEqual(
    valid.map(({ subject }) => subject),
    [`CN=${anna}, O=Zorggroep Zuid`],
  );
});

test('what is wrong with a move is said before anything has moved, of one account and of a file', async (t) => {
  const { gateway, clock } = await world(t);
  const refused = async (code: number, expected: RegExp, ...args: string[]): Promise<void> => {
    const ran = await run(gateway, 'account', 'move', ...args);
    assert.equal(ran.code, code, ran.stdout + ran.stderr);
    assert.match(ran.stderr, expected);
  };
  const today = isoDay(dayOf(clock.now()));
  const to = (organisation: string, from = today): string[] => ['--organisation', organisation, '--from', from];
  await refused(2, /expected LOGIN --organisation NAME --since DATE, or a file/, anna);
  await refused(3, /There is no organisation "noord" for account "anna@/, anna, ...to('noord'));
  await refused(3, /Cannot find account "nobody"/, 'nobody', ...to('zuid'));
  await refused(2, /is in the future; give the command on that day or later/, anna, ...to('zuid', '2027-01-01'));
  await refused(2, /more than 92 days back; earlier mail stays/, anna, ...to('zuid', '2026-08-01'));
  await refused(2, /Cannot use "2026-02-30" as since/, anna, ...to('zuid', '2026-02-30'));
  await done(gateway, 'organisation', 'suspend', 'zuid');
  await refused(2, /"zuid" is suspended: nobody could log in there/, anna, ...to('zuid'));
  await done(gateway, 'organisation', 'resume', 'zuid');
  await done(gateway, 'account', 'end', carl, '--grace', '10d', '--yes', '--reason', 'test');
  await refused(4, /is ending; "sluis account resume carl@group\.test" takes that back/, carl, ...to('zuid'));

  const file = join(gateway.folder, 'moves.csv');
  const moves = (...rows: string[]): void => writeFileSync(file, `login,organisation,from\n${rows.join('\n')}\n`);
  moves(`${anna},zuid,${today}`, `${carl},zuid,${today}`, `nobody,zuid,${today}`);
  await refused(2, /nothing was changed:\n.*carl@.*\n.*"nobody"/, '--from-file', file);
  assert.equal((await gateway.store.registry.findAccount(anna))?.organisation, 'group');
  moves(`${anna},zuid,${today}`, `${anna},zuid,${today}`);
  await refused(2, /line 3: "anna@group\.test" is in line 2 as well/, '--from-file', file);
  await refused(2, /with --from FILE and an account/, anna, '--from-file', file);

  moves(`${anna},zuid,${today}`, `${bert},zuid,${today}`);
  await done(gateway, 'account', 'move', anna, ...to('zuid'));
  const former = (name: string): string => `${name}~${today}`;
  const line = (verb: string): string =>
    `${bert}: ${verb} from group to zuid; 0 messages along, 0 messages left in ${former(bert)}; 0 certificates revoked, 0 delegations ended`;
  assert.equal(
    await done(gateway, 'account', 'move', '--from-file', file, '--dry-run'),
    `${anna}: belongs to zuid already\n${line('would move')}\n1 account would move.\nNothing was changed.\n`,
  );
  assert.equal(
    await done(gateway, 'account', 'move', '--from-file', file, '--reason', 'merge'),
    `${anna}: belongs to zuid already\n${line('moved')}\n1 account moved.\n`,
  );
  // There and back on one day: each time another name for what stays.
  await done(gateway, 'account', 'move', bert, ...to('group'));
  assert.deepEqual(
    (await gateway.store.registry.listAccounts({ limit: 100 }))
      .map((a) => a.account.login)
      .filter((l) => l.includes('bert')),
    [bert, former(bert), `${former(bert)}.2`],
  );
});

test('without a running gateway the same happens on the store', async (t) => {
  const { gateway, clock } = await world(t);
  await send(gateway, 'one');
  await gateway.stop();
  const today = isoDay(dayOf(clock.now()));
  const view = JSON.parse(
    await done(gateway, 'account', 'move', anna, '--organisation', 'zuid', '--from', today, '--json'),
  ) as AccountMovesView;
  assert.deepEqual([view.accounts[0]?.moved?.messages, view.accounts[0]?.sessions], [1, 0]);
});

test('whoever waits for a move sees messages counted of one account, and accounts of a file', async (t) => {
  const { gateway } = await world(t);
  await send(gateway, 'one', 'two');
  const told: string[] = [];
  const call = (upload?: string) => ({
    actor: { ...actor, reason: 'merge' },
    who: OWNER_SAID,
    progress: (done: number, total: number) => void told.push(`${done} of ${total}`),
    ...(upload !== undefined && { upload: Readable.from([upload]) as AsyncIterable<string> }),
  });
  const move = (input: Record<string, unknown>, upload?: string) =>
    runOperation('account.move', gateway.admin, input, call(upload), gateway.log);
  const since = new Date(gateway.admin.clock.now() - 1000).toISOString();
  await move({ login: anna, organisation: 'zuid', since });
  assert.deepEqual([...new Set(told.map((line) => line.replace(/^\d+/, 'n')))], ['n of 0']);
  told.length = 0;
  await move({}, `account,organisation,since\n${bert},zuid,${since}\n${carl},zuid,${since}\n`);
  assert.deepEqual(told, ['1 of 2', '2 of 2']);
});
