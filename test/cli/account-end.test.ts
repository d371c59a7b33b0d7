/**
 * Ends of accounts and addresses beside a running gateway: what the operator sees, and what
 * sessions that are open meet.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { EndingsView } from '../../src/commands/account-end-text.ts';
import type { AddressEnd } from '../../src/commands/address.ts';
import type { AccountView, AddressView } from '../../src/admin/views.ts';
import { readableTime } from '../../src/cli/output.ts';
import { days } from '../../src/domain/units.ts';
import { FakeClock } from '../support/clock.ts';
import { type Ran, sluisHere } from '../support/command-line.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';

const [anna, bert, carl] = [addressOf('anna'), addressOf('bert'), addressOf('carl')];

async function gatewayFor(t: TestContext, clock?: FakeClock): Promise<TestGateway> {
  const gateway = await startTestGateway({
    accounts: ['anna', 'bert', 'carl'],
    ...(clock === undefined ? {} : { clock }),
  });
  t.after(() => gateway.remove());
  return gateway;
}

const run = (gateway: TestGateway, ...args: string[]): Promise<Ran> =>
  sluisHere([...args, '--config', gateway.config.file]);
async function done(gateway: TestGateway, ...args: string[]): Promise<string> {
  const ran = await run(gateway, ...args);
  assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.stderr}`);
  return ran.stdout;
}

const letter = (n: number): string => `From: ${bert}\r\nTo: ${anna}\r\nSubject: ${n}\r\n\r\n.text ${n}\r\n`;
async function send(gateway: TestGateway, ...letters: string[]): Promise<void> {
  const client = await SmtpClient.open(gateway.target('submissions'), loginOf('bert'));
  for (const text of letters) await client.submit(bert, [anna], Buffer.from(text, 'latin1'));
  await client.quit();
}

test('an account ends with a time of grace: no mail in or out, collected until then, closed after', async (t) => {
  const clock = new FakeClock();
  const gateway = await gatewayFor(t, clock);
  await send(gateway, letter(1), letter(2));
  const sender = await SmtpClient.open(gateway.target('submissions'), loginOf('bert'));
  const own = await SmtpClient.open(gateway.target('submissions'), loginOf('anna'));
  const reader = await Pop3Client.open(gateway.target('pop3s'), loginOf('anna'));

  const closes = new Date(clock.now() + days(30)).toISOString();
  const shown = readableTime(closes);
  const ended = (first: string): string =>
    [
      first,
      `- senders to ${anna} are told to write to ${carl} (551 5.1.6)`,
      '- it no longer sends anything',
      `- until ${shown} it collects what waits (2 messages), then it is closed`,
      `Until ${shown} "sluis account resume ${anna}" brings all of it back; then it is for ever. Nobody else can have its names and addresses.`,
      '',
    ].join('\n');
  const end = ['account', 'end', anna, '--grace', '30d', '--successor', carl, '--yes', '--reason', 'practice stops'];
  assert.equal(await done(gateway, ...end, '--dry-run'), ended(`Nothing was done. Account ${anna} would end:`));
  await sender.command(`MAIL FROM:<${bert}>`, '250');
  await sender.command(`RCPT TO:<${anna}>`, '250');
  await sender.command('RSET', '250');
  assert.equal(await done(gateway, ...end), ended(`Account ${anna} is ending:`));

  // Sessions that are open meet it at their next command.
  await sender.command(`MAIL FROM:<${bert}>`, '250');
  assert.match(
    await sender.command(`RCPT TO:<${anna}>`, '551'),
    new RegExp(`^551 5\\.1\\.6 <${anna}> no longer exists; send to <${carl}> instead`),
  );
  await own.command(`MAIL FROM:<${anna}>`, '550 5.7.1 This account may no longer send');
  assert.equal((await reader.stat()).messages, 2);
  await reader.quit();
  const again = await Pop3Client.open(gateway.target('pop3s'), loginOf('anna'));
  assert.match((await again.fetch(1)).toString('latin1'), /\.text 1/);

  const account = JSON.parse(await done(gateway, 'account', 'show', anna, '--json')) as AccountView;
  assert.deepEqual([account.state, account.ends], ['ending', closes]);
  assert.deepEqual(
    account.addresses.map(({ state, successor }) => [state, successor]),
    [['ending', carl]],
  );
  assert.match(await done(gateway, 'account', 'show', anna), new RegExp(`State: +ending, until ${shown}`));

  clock.advance(days(30));
  // By the clock alone: nothing was written down yet.
  assert.equal((await gateway.store.registry.findLogin(anna))?.account.state, 'ended');
  const late = await run(gateway, ...end);
  assert.equal(late.code, 4, late.stderr);
  assert.match(late.stderr, /has ended, which cannot be undone/);
  // The daily round may have done it already.
  await gateway.store.registry.endDue();
  assert.equal(await gateway.store.registry.endDue(), 0);
  const trail = await done(gateway, 'audit', 'list', '--account', anna, '--json');
  for (const part of ['registry.account-ending', 'practice stops', 'registry.account-state'])
    assert(trail.includes(part), part);
});

test('an account that ends at once: sessions are cut, what waits is exported octet for octet', async (t) => {
  const gateway = await gatewayFor(t);
  await send(gateway, letter(1), letter(2));
  const file = join(gateway.folder, 'anna.tar');
  const end = ['account', 'end', anna, '--export', file, '--now', '--yes'];
  const without = await run(gateway, ...end);
  assert.deepEqual([without.code, without.stderr.includes('add --yes and --reason TEXT')], [2, true], without.stderr);
  const reader = await Pop3Client.open(gateway.target('pop3s'), loginOf('anna'));
  const busy = await run(gateway, ...end, '--reason', 'moved');
  assert.match(busy.stderr, /a session reads it now; try again when that has ended/);
  assert.equal(existsSync(file), false, 'no half export');
  const whole = (await reader.fetch(2)).toString('latin1');
  await reader.quit();
  const kept = await Pop3Client.open(gateway.target('pop3s'), loginOf('anna'));
  await kept.quit();

  const told = await done(gateway, ...end, '--reason', 'moved');
  assert.match(
    told,
    /are refused \(550 5\.1\.1\)\n.*\n- it can no longer log in, and open sessions are closed; 2 messages in its mailbox cannot be collected\nIt is final/,
  );
  assert.match(told, /Wrote 2 messages \(.*\) to ".*anna\.tar", as they were filed/);
  const names = execFileSync('tar', ['-tf', file], { encoding: 'utf8' }).trim().split('\n');
  assert.deepEqual(
    names.map((name) => name.slice(0, 7)),
    ['000001-', '000002-'],
  );
  assert.equal(execFileSync('tar', ['-xOf', file, names[1] ?? ''], { encoding: 'latin1' }), whole);
  assert.equal(readFileSync(file).length % 512, 0);
  await assert.rejects(Pop3Client.open(gateway.target('pop3s'), loginOf('anna')), /AUTH|-ERR/);
  // What waits is still there for whoever may ask for it.
  await done(gateway, 'mailbox', 'export', anna, join(gateway.folder, 'again.tar'), '--reason', 'asked again');
  const trail = await done(gateway, 'audit', 'list', '--event', 'message.exported', '--json');
  assert.equal(trail.split('message.exported').length - 1, 4);
});

test('an address ends with a successor; one that takes no mail is none', async (t) => {
  const gateway = await gatewayFor(t);
  await done(gateway, 'address', 'add', anna, 'balie@group.test');
  const refused = async (...args: string[]): Promise<string> =>
    (await run(gateway, 'address', 'end', ...args, '--yes', '--reason', 'test')).stderr;
  assert.match(
    await refused('balie@group.test', '--successor', 'nobody@group.test'),
    /"nobody@group\.test" cannot succeed .* it was never registered/,
  );
  assert.match(await refused('balie@group.test', '--successor', 'balie@group.test'), /it ends with it/);
  await done(gateway, 'address', 'suspend', carl);
  assert.match(
    await refused('balie@group.test', '--successor', carl),
    /accepts no mail; name an address that is active/,
  );
  await done(gateway, 'address', 'resume', carl);
  assert.match(
    (await run(gateway, 'account', 'end', anna, '--successor', anna, '--yes', '--reason', 'test')).stderr,
    /it ends with it; name an address that is active and of another account/,
  );
  assert.match(
    (await run(gateway, 'account', 'end', anna, '--successor', 'x@nowhere.test', '--dry-run')).stderr,
    /"x@nowhere\.test" cannot succeed account "anna@group\.test": it was never registered/,
  );

  for (const [address, successor, text] of [
    [
      'balie@group.test',
      bert,
      /^Nothing was done\. Address balie@group\.test of account anna@group\.test would end:\n- senders to it are told to write to bert/,
    ],
    [
      anna,
      undefined,
      /- mail for it is refused \(550 5\.1\.1\)\n- 1 other address leads to account anna@group\.test as before\nUntil /,
    ],
    [bert, carl, /no address leads to account bert@group\.test then: it accepts no mail, and sends none\nUntil /],
  ] as const) {
    const named = successor === undefined ? [] : ['--successor', successor];
    assert.match(await done(gateway, 'address', 'end', address, ...named, '--dry-run'), text);
  }
  assert.match(await refused(anna, '--successor', anna, '--dry-run'), /cannot succeed .* it ends with it/);
  const dry = JSON.parse(await done(gateway, 'address', 'end', anna, '--dry-run', '--json')) as AddressEnd;
  const { closes, ...rest } = dry;
  assert.deepEqual(rest, { address: anna, state: 'active', applied: false, account: anna, left: 1 });
  assert.match(closes ?? '', /^\d{4}-/);
  assert.equal(
    await done(
      gateway,
      ...['address', 'end', 'balie@group.test', '--successor', carl, '--now', '--yes', '--reason', 'one desk less'],
    ),
    [
      `Address balie@group.test of account ${anna} has ended:`,
      `- senders to it are told to write to ${carl} (551 5.1.6)`,
      `- 1 other address leads to account ${anna} as before`,
      'It is final: names and addresses are never given to anybody again.',
      '',
    ].join('\n'),
  );
  const view = JSON.parse(await done(gateway, 'address', 'show', 'balie@group.test', '--json')) as AddressView;
  assert.deepEqual([view.state, view.successor], ['ended', carl]);
  const client = await SmtpClient.open(gateway.target('submissions'), loginOf('bert'));
  await client.command(`MAIL FROM:<${bert}>`, '250');
  await client.command(
    'RCPT TO:<balie@group.test>',
    `551 5.1.6 <balie@group.test> no longer exists; send to <${carl}> instead`,
  );
  await client.quit();
});

test('many accounts end from a file: planned, all wrong lines at once, sessions that are open, and given again', async (t) => {
  const gateway = await gatewayFor(t);
  await send(gateway, letter(1));
  const file = (...lines: string[]): string => {
    const path = join(gateway.folder, 'end.csv');
    writeFileSync(path, ['login,grace,successor', ...lines, ''].join('\n'));
    return path;
  };
  const wrong = file(
    `${anna},5 weeks,`,
    `nobody,,`,
    `${bert},,${anna}`,
    `${bert},,`,
    `${anna},,${anna}`,
    'x,,y@nowhere.test',
  );
  const sure = ['--yes', '--reason', 'practice stops'];
  const first = await run(gateway, 'account', 'end', '--from', wrong, ...sure);
  assert.match(
    first.stderr,
    /line 2, grace: Cannot use "5 weeks": expected a number of days from 0 to 366, such as 30d/,
  );
  assert.match(first.stderr, /line 5: "bert@group\.test" is in line 4 as well/);
  const second = await run(
    gateway,
    'account',
    'end',
    '--from',
    file('nobody,,', `${bert},,${anna}`, `${anna},,gone@x.test`),
    ...sure,
  );
  assert.equal(
    second.stderr,
    [
      'Cannot end accounts, nothing was changed:',
      '  line 2: Cannot find account "nobody": none logs in with that name; "sluis account list" shows them',
      `  line 3: "${anna}" cannot be a successor: its account ends by this file; name another address`,
      '  line 4: "gone@x.test" cannot be a successor: it was never registered; name another address',
      '',
    ].join('\n'),
  );
  for (const [args, text] of [
    [[], /expected either an account or a file with --from/],
    [[anna, '--from', wrong], /expected either an account or a file with --from/],
    [['--from', wrong, '--export', 'x.tar', '--yes', '--reason', 'r'], /Cannot export the mailboxes of many/],
  ] as const)
    assert.match((await run(gateway, 'account', 'end', ...args)).stderr, text);

  const both = file(`${anna},0d,`, `${bert},30d,${carl}`);
  const told = (line: string): string =>
    [
      line,
      '- 2 addresses no longer accept mail',
      '- 1 account has no successor: its senders are refused (550 5.1.1)',
      '- 1 account collects what waits until its time is over, and no longer sends anything; "sluis account resume" takes that back until then',
      '- 1 account is closed at once: 1 message in it cannot be collected',
      '',
    ].join('\n');
  assert.equal(
    await done(gateway, 'account', 'end', '--from', both, '--dry-run'),
    told('Nothing was done. 2 of 2 accounts would end:'),
  );
  const reader = await Pop3Client.open(gateway.target('pop3s'), loginOf('anna'));
  const sender = await SmtpClient.open(gateway.target('submissions'), loginOf('carl'));
  const own = await SmtpClient.open(gateway.target('submissions'), loginOf('bert'));
  assert.equal(await done(gateway, 'account', 'end', '--from', both, ...sure), told('2 of 2 accounts end:'));
  await until('the session is cut', () =>
    reader.stat().then(
      () => false,
      () => true,
    ),
  );
  await own.command(`MAIL FROM:<${bert}>`, '550 5.7.1 This account may no longer send');
  await sender.command(`MAIL FROM:<${carl}>`, '250');
  await sender.command(`RCPT TO:<${anna}>`, '550 5.1.1');
  await sender.command(`RCPT TO:<${bert}>`, `551 5.1.6 <${bert}> no longer exists; send to <${carl}> instead`);
  const again = JSON.parse(await done(gateway, 'account', 'end', '--from', both, ...sure, '--json')) as EndingsView;
  assert.deepEqual([again.applied, again.accounts, again.already, again.ended], [true, 2, 2, []]);
  assert.match(await done(gateway, 'audit', 'list', '--event', 'registry.account-ending', '--json'), /practice stops/);
});

test('accounts of one call end all or none, and 200 at most', async (t) => {
  const { store } = await gatewayFor(t);
  const actor = { name: 'test' };
  await assert.rejects(
    store.registry.endAccounts([{ login: anna }, { login: 'nobody' }], actor),
    /no account "nobody"/,
  );
  assert.equal((await store.registry.findAccount(anna))?.account.state, 'active');
  await assert.rejects(
    store.registry.endAccounts(
      Array.from({ length: 201 }, () => ({ login: anna })),
      actor,
    ),
    RangeError,
  );
});
