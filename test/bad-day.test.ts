/**
 * The chapter "The bad day" of docs/run.md: its commands as printed, and what they find of a real
 * break-in.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { IncidentPage } from '../src/commands/report/incident-rows.ts';
import { type IncidentSummary, summarised } from '../src/commands/report/incident-summary.ts';
import { type Ran, sluisHere } from './support/command-line.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from './support/gateway.ts';
import { Pop3Client } from './support/pop3-client.ts';
import { SmtpClient, acceptedId } from './support/smtp-client.ts';
import { OWNER_SAID } from '../src/domain/roles.ts';

async function open(t: TestContext): Promise<TestGateway> {
  const gateway = await startTestGateway({ accounts: ['anna', 'bram', 'carl'] });
  t.after(() => gateway.remove());
  return gateway;
}
const run = (gateway: TestGateway, ...args: string[]): Promise<Ran> =>
  sluisHere([...args, '--config', join(gateway.folder, 'sluis.toml')]);

async function send(gateway: TestGateway, from: string, to: string): Promise<string> {
  const client = await SmtpClient.open(gateway.target('submission'), loginOf(from));
  const content = `From: ${addressOf(from)}\r\nTo: ${addressOf(to)}\r\nSubject: result\r\n\r\nBody.\r\n`;
  const id = acceptedId(await client.submit(addressOf(from), [addressOf(to)], Buffer.from(content)));
  await client.quit();
  return id;
}

/**
 * Anna and Carl write to Bram; somebody with Bram's password reads it, looks at one more, writes to
 * Carl.
 */
async function breakIn(gateway: TestGateway): Promise<{ readonly read: readonly string[]; readonly sent: string }> {
  const read = [await send(gateway, 'anna', 'bram'), await send(gateway, 'carl', 'bram')];
  await send(gateway, 'anna', 'bram');
  const thief = await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'));
  await thief.fetch(1);
  await thief.fetch(2);
  await thief.command('TOP 3 0');
  await thief.wire.message();
  await thief.quit();
  return { read, sent: await send(gateway, 'bram', 'carl') };
}

test('report incident tells by organisation what was fetched, seen, sent, and by how many', async (t) => {
  const gateway = await open(t);
  const { read, sent } = await breakIn(gateway);
  const ran = await run(
    gateway,
    'report',
    'incident',
    '--account',
    addressOf('bram'),
    '--from',
    '2026-01-01',
    '--json',
  );
  assert.equal(ran.code, 0, ran.stderr);
  const summary = JSON.parse(ran.stdout) as IncidentSummary;
  assert.deepEqual(
    summary.organisations.map((o) => o.name),
    ['group'],
  );
  const [account, more] = summary.organisations[0]?.accounts ?? [];
  assert.equal(more, undefined, 'one account was asked for');
  assert.ok(account);
  const { first: _, last: __, octets, ...counts } = account;
  assert.ok(octets > 100);
  assert.deepEqual(counts, {
    ...{ account: addressOf('bram'), logins: 2, refusedLogins: 0, networks: 1, fetched: 2, previewed: 1, removed: 0 },
    ...{ senders: 2, sent: 1, refused: 0, recipients: 1 },
  });

  const lines = await run(gateway, 'report', 'incident', '--network', '127.0.0.0/8', '--from', '2026-01-01', '--csv');
  const rows = lines.stdout.trim().split('\n');
  assert.equal(rows[0], 'at,organisation,account,what,count,message,sender,recipients,octets,network');
  for (const id of read) assert.match(lines.stdout, new RegExp(`,group,bram@group.test,fetched,1,${id},(anna|carl)@`));
  assert.match(lines.stdout, new RegExp(`,group,bram@group.test,sent,1,${sent},bram@group.test,carl@group.test,`));
  assert.match(lines.stdout, /,group,anna@group.test,sent,/, 'everybody came from that network');

  const elsewhere = await run(gateway, 'report', 'incident', '--network', '192.0.2.0/24', '--from', '2026-01-01');
  assert.match(elsewhere.stdout, /Nothing was found: no login, no message\./);
  const before = await run(
    gateway,
    ...['report', 'incident', '--account', addressOf('bram'), '--from', '2026-01-01', '--to', '2026-01-02'],
  );
  assert.match(before.stdout, /Nothing was found/);
  // Days are those of Amsterdam, with their first and last moment, and the report says which zone
  // that is.
  assert.match(before.stdout, /^From: +2026-01-01 00:00 CET \(2025-12-31 23:00Z\)$/m);
  assert.match(before.stdout, /^Until: +2026-01-02 23:59 CET \(2026-01-02 22:59Z\)$/m);
  const summer = await run(gateway, ...['report', 'incident', '--network', '::1', '--from', '2026-07-01', '--json']);
  assert.equal((JSON.parse(summer.stdout) as IncidentSummary).since, '2026-06-30T22:00:00.000Z');

  // Who asked stands in the trail, once for each report however many pages it took.
  const looked = (await gateway.store.audit.read({ limit: 1000 })).filter(
    ({ event, facts }) => event === 'operator.looked' && facts?.operation === 'report.incident',
  );
  assert.equal(looked.length, 5);
  assert.equal(looked[1]?.personal?.network, '127.0.0.0/8');
});

test('report incident has what is still only counted: logins that failed, those that were repeated, mail that was refused', async (t) => {
  const gateway = await open(t);
  for (let n = 0; n < 3; n += 1) await (await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'))).quit();
  for (let n = 0; n < 2; n += 1)
    await assert.rejects(Pop3Client.open(gateway.target('pop3s'), { ...loginOf('bram'), password: 'a guess' }));
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('bram'));
  await client.command(`MAIL FROM:<${addressOf('bram')}>`, '250');
  await client.command('RCPT TO:<nobody@group.test>', '550');
  await client.command('RCPT TO:<nobody@group.test>', '550');
  await client.quit();

  const counted = async (...whose: string[]): Promise<Record<string, number>> => {
    const { stdout } = await run(gateway, 'report', 'incident', ...whose, '--from', '2026-01-01', '--json');
    const [organisation] = (JSON.parse(stdout) as IncidentSummary).organisations;
    const { logins = 0, refusedLogins = 0, refused = 0 } = organisation?.accounts[0] ?? {};
    return { logins, refusedLogins, refused };
  };
  assert.deepEqual(await counted('--network', '127.0.0.0/8'), { logins: 4, refusedLogins: 2, refused: 2 });
  await (await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'))).quit();
  await (await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'))).quit();
  assert.deepEqual(await counted('--account', addressOf('bram')), { logins: 6, refusedLogins: 2, refused: 2 });
});

test('report incident refuses what it cannot answer, and says what it expects', async (t) => {
  const gateway = await open(t);
  const asked = (...args: string[]): Promise<Ran> => run(gateway, 'report', 'incident', ...args);
  assert.match((await asked('--from', '2026-11-01')).stderr, /name --account LOGIN, or --network NETWORK/);
  assert.match((await asked('--account', 'nobody@group.test', '--from', '2026-11-01')).stderr, /Cannot find account/);
  assert.match(
    (await asked('--network', '192.0.2.0/99', '--from', '2026-11-01')).stderr,
    /"192.0.2.0\/99" is not a network/,
  );
  assert.match(
    (await asked('--network', '::1', '--from', 'someday')).stderr,
    /Cannot use "someday" as since: expected a day such as/,
  );
  const backwards = await asked('--network', '::1', '--from', '2026-11-02', '--to', '2026-11-01');
  assert.match(backwards.stderr, /ends before it begins/);
});

test('a report goes over the trail in pages, and each page goes on where the last one ended', async (t) => {
  const gateway = await open(t);
  const account = (await gateway.store.registry.findAccount(addressOf('bram')))?.account.id;
  assert.ok(account !== undefined);
  for (let n = 0; n < 2500; n += 1)
    gateway.store.audit.note({
      ...{ event: 'login.granted', outcome: 'success', account },
      facts: { protocol: 'pop3', logins: 2 },
      personal: { network: '2001:db8:0:1::/64' },
    });
  const { runOperation } = await import('../src/admin/operations.ts');
  const sizes: number[] = [];
  const summary = summarised({});
  let after: number | undefined;
  do {
    const input = { network: '2001:db8::/32', since: '2026-01-01', until: '2099-01-01', after };
    const call = { actor: { name: 'jan' }, who: OWNER_SAID, progress: () => undefined };
    const page: IncidentPage = await runOperation('report.incident', gateway.admin, input, call, gateway.log);
    sizes.push(page.rows.length);
    for (const row of page.rows) summary.add(row);
    after = page.next;
  } while (after !== undefined);
  assert.deepEqual(sizes, [1000, 1000, 500]);
  assert.equal(summary.result({ since: '', until: '' }).organisations[0]?.accounts[0]?.logins, 5000);
});

test('the commands of the chapter run as they are printed', async (t) => {
  const gateway = await open(t);
  await breakIn(gateway);
  const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'run.md'), 'utf8');
  const block = /\n## The bad day\n[\s\S]*?```\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const commands = block.trim().split('\n');
  assert.ok(commands.length >= 8, block);
  for (const command of commands) {
    const words = [...command.replaceAll('LOGIN', addressOf('bram')).matchAll(/"([^"]*)"|(\S+)/g)];
    const [program, ...args] = words.map(([, quoted, plain]) => quoted ?? plain ?? '');
    assert.equal(program, 'sluis', command);
    const ran = await run(gateway, ...args.map((arg) => (arg === 'new.password' ? join(gateway.folder, arg) : arg)));
    assert.equal(ran.code, 0, `${command}: ${ran.stderr}`);
    if (args[1] === 'contain') await assert.rejects(Pop3Client.open(gateway.target('pop3s'), loginOf('bram')), command);
  }
  const password = readFileSync(join(gateway.folder, 'new.password'), 'utf8').trim();
  const back = await Pop3Client.open(gateway.target('pop3s'), { login: addressOf('bram'), password });
  assert.equal((await back.stat()).messages, 3, 'nothing was lost');
  await back.quit();
});

test('the commands for telling everybody run as they are printed', async (t) => {
  const gateway = await open(t);
  const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'run.md'), 'utf8');
  const block = /\n### Telling everybody about maintenance\n[\s\S]*?```\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  writeFileSync(join(gateway.folder, 'maintenance.txt'), 'Dinsdag is er onderhoud.\n');
  const said: string[] = [];
  for (const command of block.trim().split('\n')) {
    const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)];
    const [, ...args] = words.map(([, quoted, plain]) => quoted ?? plain ?? '');
    const ran = await run(gateway, ...args.map((arg) => (arg.endsWith('.txt') ? join(gateway.folder, arg) : arg)));
    assert.equal(ran.code, 0, `${command}: ${ran.stderr}`);
    said.push(ran.stdout);
  }
  assert.match(said[0] ?? '', /would be told[\s\S]*Nothing was sent\.\n$/);
  assert.match(said[1] ?? '', /were told\. Sending maintenance-1\.\n$/);
  const reader = await Pop3Client.open(gateway.target('pop3s'), loginOf('anna'));
  assert.match((await reader.fetch(1)).toString('latin1'), /^Subject: Onderhoud dinsdag\r$/m);
});
