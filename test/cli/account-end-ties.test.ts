/**
 * What ends with an account: certificates that we issued, and rights to send, at the moment at
 * which it is closed.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { AccountEnd } from '../../src/commands/account-end-text.ts';
import type { EndingsView } from '../../src/commands/account-end-text.ts';
import type { AuditRowView } from '../../src/commands/audit/list.ts';
import type { CertificateView } from '../../src/admin/cert-views.ts';
import type { AccountView } from '../../src/admin/views.ts';
import { createCa } from '../../src/ca/create.ts';
import type { CaParts } from '../../src/ca/parts.ts';
import { authorityKeys } from '../../src/crypto/keys/authority-keys.ts';
import { readCrl } from '../../src/crypto/certificates/crl.ts';
import { decodePem } from '../../src/crypto/certificates/pem.ts';
import { addressKey } from '../../src/domain/address.ts';
import { days, hours, instant, minutes } from '../../src/domain/units.ts';
import { startEndings } from '../../src/gateway/daily-rounds.ts';
import { value } from '../crypto/support.ts';
import { type Ran, sluisHere } from '../support/command-line.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { addAccount, address, openTestStore } from '../support/store.ts';

const [anna, bert, carl, dora] = [addressOf('anna'), addressOf('bert'), addressOf('carl'), addressOf('dora')];

const run = (gateway: TestGateway, ...args: string[]): Promise<Ran> =>
  sluisHere([...args, '--config', gateway.config.file]);
async function done(gateway: TestGateway, ...args: string[]): Promise<string> {
  const ran = await run(gateway, ...args);
  assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.stderr}`);
  return ran.stdout;
}
const json = async <T>(gateway: TestGateway, ...args: string[]): Promise<T> =>
  JSON.parse(await done(gateway, ...args, '--json')) as T;

async function world(t: TestContext): Promise<TestGateway> {
  const gateway = await startTestGateway({
    accounts: ['anna', 'bert', 'carl', 'dora'],
    configuration: '[ca]\ncrl-file = "crl.pem"',
  });
  t.after(() => gateway.remove());
  await done(gateway, 'ca', 'init', '--name', 'Test group');
  return gateway;
}

/** Serial numbers of a new one for login and a new one for mail, in the order of `account end`. */
async function certified(gateway: TestGateway, login: string): Promise<readonly [string, string]> {
  const out = (name: string): string => join(gateway.folder, `${login}.${name}`);
  const files = ['--out', out('p12'), '--password-out', out('txt')];
  await done(gateway, 'cert', 'issue', '--account', login, '--for', 'login', '--key', 'p256', ...files);
  await done(gateway, 'cert', 'issue', '--account', login, '--for', 'mail', '--keep-key', '--key', 'p256');
  const all = await json<CertificateView[]>(gateway, 'cert', 'list', '--account', login);
  const serial = (use: string): string => all.find((c) => c.use === use)?.serial ?? assert.fail(use);
  return [serial('login'), serial('mail')];
}

async function reasonsIn(file: string, serials: readonly string[]): Promise<(string | undefined)[]> {
  const [block] = value(decodePem(readFileSync(file, 'latin1')));
  const crl = value(await readCrl(block!.octets));
  return serials.map((serial) => crl.find(serial)?.reason);
}

test('with an account that is closed go its certificates, to the published list, and rights to send, also of open sessions', async (t) => {
  const gateway = await world(t);
  const list = join(gateway.folder, 'crl.pem');
  const [login, mail] = await certified(gateway, anna);
  const kept = await certified(gateway, bert);
  for (const [as, who] of [
    [anna, bert],
    [carl, anna],
    [carl, bert],
  ] as const)
    await done(gateway, 'address', 'delegate', as, who);
  const sender = await SmtpClient.open(gateway.target('submissions'), loginOf('bert'));
  await sender.command(`MAIL FROM:<${anna}>`, '250');
  await sender.command('RSET', '250');

  const ties = (when: string): string[] => [
    `- ${when}its certificate for login is revoked: ${login}`,
    `- ${when}its certificate for mail is revoked: ${mail}`,
    `- ${when}${bert} may no longer send as ${anna}`,
    `- ${when}${anna} may no longer send as ${carl}`,
  ];
  const end = ['account', 'end', anna, '--yes', '--reason', 'retired'];
  const referencesOf = (told: string): string[] => told.split('\n').slice(-6, -2);
  const later = await done(gateway, ...end, '--grace', '30d', '--dry-run');
  assert.deepEqual(referencesOf(later), ties('then '));
  // Within the grace all of it stays.
  assert.deepEqual(referencesOf(await done(gateway, ...end, '--grace', '30d')), ties('then '));
  assert.deepEqual(await reasonsIn(list, [login, mail]), [undefined, undefined]);
  assert.deepEqual((await json<AccountView>(gateway, 'account', 'show', bert)).sendsAs, [anna, carl]);

  const told = await done(gateway, ...end, '--now');
  assert.deepEqual(referencesOf(told), ties(''));
  assert.deepEqual(await reasonsIn(list, [login, mail, ...kept]), [
    ...['cessationOfOperation', 'cessationOfOperation'],
    ...[undefined, undefined],
  ]);
  await sender.command(`MAIL FROM:<${anna}>`, '550');
  assert.deepEqual((await json<AccountView>(gateway, 'account', 'show', bert)).sendsAs, [carl]);
  assert.deepEqual((await json<AccountView>(gateway, 'account', 'show', anna)).sendsAs, []);
  const [known] = (await gateway.store.certificates.findMail(addressKey(anna))).certificates;
  assert.equal(known?.revoked?.reason, 'cessationOfOperation');
  const rows = await json<AuditRowView[]>(gateway, 'audit', 'list', '--account', anna);
  const revoked = rows.filter(({ event }) => event === 'certificate.revoked');
  assert.deepEqual(
    revoked.map(({ facts }) => [facts.serial, facts.why, facts.reason]).sort(),
    [login, mail].map((serial) => [serial, 'cessationOfOperation', 'retired']).sort(),
  );
  assert.equal(rows.filter(({ event, facts }) => event === 'registry.delegation' && facts.allowed === false).length, 1);
});

test('an account that is the contact of an organisation says so at its end, alone and among many', async (t) => {
  const gateway = await world(t);
  await done(gateway, 'organisation', 'add', 'noord', '--title', 'Noord', '--contact', anna.toUpperCase());
  await done(gateway, 'organisation', 'add', 'oost', '--title', 'Oost', '--contact', carl);
  const told = /the contact of organisation (\S+): name another one \("sluis organisation set \1 --contact ADDRESS"\)/g;
  const named = (text: string): (string | undefined)[] => [...text.matchAll(told)].map(([, name]) => name);
  const end = ['account', 'end', '--dry-run'];
  assert.deepEqual(named(await done(gateway, ...end, anna)), ['noord']);
  assert.deepEqual(named(await done(gateway, ...end, bert)), []);
  const file = join(gateway.folder, 'leaving.csv');
  writeFileSync(file, `login\n${[anna, bert, carl].join('\n')}\n`);
  assert.deepEqual(named(await done(gateway, ...end, '--from', file)), ['noord', 'oost']);
  // An organisation that has ended needs none.
  await done(gateway, 'organisation', 'end', 'noord', '--now', '--yes', '--reason', 'merged');
  assert.deepEqual((await json<AccountEnd>(gateway, ...end, anna)).contactOf, []);
});

test('from a file and with a whole organisation too; a list that cannot be written is told, and the end stands', async (t) => {
  const gateway = await world(t);
  const list = join(gateway.folder, 'crl.pem');
  const [annas, carls] = [await certified(gateway, anna), await certified(gateway, carl)];
  const doras = await certified(gateway, dora);
  await done(gateway, 'address', 'delegate', carl, anna);
  const file = join(gateway.folder, 'end.csv');
  const sure = ['--now', '--yes', '--reason', 'test'];
  writeFileSync(file, `login,grace,successor\n${anna},0d,\n${bert},30d,\n`);
  const lines = [
    '- when closed, 2 certificates that we issued are revoked',
    '- when closed, 1 right to send as somebody else is taken back',
  ];
  for (const more of [['--dry-run'], []])
    assert.deepEqual(
      (await done(gateway, 'account', 'end', '--from', file, ...sure, ...more)).split('\n').slice(-3, -1),
      lines,
    );
  const gone = ['cessationOfOperation', 'cessationOfOperation'];
  assert.deepEqual(await reasonsIn(list, [...annas, ...carls]), [...gone, undefined, undefined]);

  rmSync(list);
  mkdirSync(list);
  const view = await json<AccountEnd>(gateway, 'account', 'end', carl, ...sure);
  assert.deepEqual([view.certificates.map(({ serial }) => serial), view.delegations], [carls, []]);
  assert.match(view.problem ?? '', /The revocation lists in ".*crl\.pem" could not be written/);
  // Given again, it publishes what the first one could not.
  writeFileSync(file, `login,grace,successor\n${carl},,\n`);
  const again = await json<EndingsView>(gateway, 'account', 'end', '--from', file, ...sure);
  assert.match(again.problem ?? '', /could not be written/);
  rmSync(list, { recursive: true });
  await done(gateway, 'account', 'end', '--from', file, ...sure);
  assert.deepEqual(await reasonsIn(list, [...carls, ...doras]), [...gone, undefined, undefined]);
  await done(gateway, 'organisation', 'end', 'group', ...sure);
  assert.deepEqual(await reasonsIn(list, doras), gone);
});

test('when the grace is over, the daily round revokes, publishes and takes back; a list that it cannot write is an error of the log', async (t) => {
  const { store, clock, log, options } = await openTestStore(t);
  const actor = { name: 'operator' };
  await addAccount(store, 'anna');
  const delegate = await addAccount(store, 'bert');
  const master = randomBytes(32);
  const folder = join(options.keyFolder, '..', 'crl');
  const parts: CaParts = {
    ...{ store, clock, random: randomBytes, crlFile: join(folder, 'crl.pem') },
    keys: authorityKeys(options.keyFolder, () => Promise.resolve(master), randomBytes),
  };
  await createCa(parts, { organisation: 'Test group', kind: 'p256' }, actor);
  const issuing = (await store.certificates.listAuthorities()).find(({ role }) => role === 'issuing');
  const certificate = (login: string, n: number) => ({
    ...{ fingerprint: `${n}`.repeat(64), serial: `${n}`.repeat(4), issuer: 'CN=I', use: 'login' as const },
    ...{ subject: `CN=${login}`, emails: [], notBefore: clock.now(), notAfter: instant(clock.now() + days(365)) },
    ...{ der: Buffer.from('x'), authority: issuing!.id },
  });
  await store.certificates.addCertificate('anna', certificate('anna', 1), 'issued', actor);
  await store.certificates.addCertificate('bert', certificate('bert', 2), 'issued', actor);
  await store.registry.setDelegation(address('anna@group.test'), 'bert', true, actor);
  const daily = startEndings(store, parts, { clock, log });
  t.after(() => daily.stop());
  await store.registry.endAccount('anna', { endsAt: instant(clock.now() + days(2)) }, actor);
  const pass = async (by: number): Promise<void> => {
    clock.advance(by);
    await daily.settled();
  };
  await pass(minutes(5));
  assert.equal((await store.registry.findAccount('bert'))?.sendsAs.length, 1);
  await pass(days(2));
  await pass(hours(24));
  assert.deepEqual(await reasonsIn(join(folder, 'crl.pem'), ['1111', '2222']), ['cessationOfOperation', undefined]);
  assert.deepEqual((await store.registry.findAccount('bert'))?.sendsAs, []);
  assert.equal(await store.registry.maySendAs(delegate, addressKey(address('anna@group.test'))), false);

  rmSync(join(folder, 'crl.pem'));
  mkdirSync(join(folder, 'crl.pem'));
  await store.registry.endAccount('bert', { endsAt: instant(clock.now() + hours(1)) }, actor);
  await pass(hours(25));
  const failed = log.events.filter(({ event }) => event === 'ca.upkeep-failed');
  assert.deepEqual(
    failed.map(({ level, fields }) => [level, fields.what]),
    [['error', 'lists']],
  );
});
