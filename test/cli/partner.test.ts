/**
 * `sluis partner` as a person gives it, against a gateway in this process's neighbourhood and a
 * partner's server that a test plays.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { PartnerTest } from '../../src/commands/partner/test.ts';
import type { PartnerView } from '../../src/commands/partner/view.ts';
import { testCertificates } from '../support/certificates.ts';
import { type Ran, type Running, commandsOn, serving, sluis, sluisHere } from '../support/command-line.ts';
import { ScriptedPartner } from '../support/partner.ts';

const PASSWORD = 'Zomer-op-Terschelling-27';
const certificates = await testCertificates();
let folder = '';
let config = '';
let gateway: Running;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluis-partner-'));
  config = join(folder, 'sluis.toml');
  const made = await sluis(['init', '--config', config, '--hostname', 'mail.group.test', '--dev-certificates']);
  assert.equal(made.code, 0, made.stderr);
  gateway = await serving(config);
  await done('organisation', 'add', 'umc', '--title', 'UMC Noord');
});
after(async () => {
  assert.equal(await gateway.end(), 0);
  rmSync(folder, { recursive: true, force: true });
});

const run = (args: readonly string[], input?: string): Promise<Ran> =>
  sluisHere([...args, '--config', config], input ?? '');
const { done, json, refused } = commandsOn(() => config);
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

test('a partner is added with its account, shown without its secrets, changed and cleared', async () => {
  const ca = file('ca.pem', certificates.ca.certificate);
  const certificate = file('client.pem', certificates.server.certificate);
  const key = file('client.key', certificates.server.key);
  const pin = `key:${'ab'.repeat(32)}`;
  const added = await done(
    ...['partner', 'add', 'umc-noord', '--organisation', 'umc', '--host', 'mx.umc.test', '--account', 'mta@umc.test'],
    ...['--ca', ca, '--pin', pin, '--client-certificate', certificate, '--client-key', key],
    ...['--login', 'gateway', '--password-file', file('password', `${PASSWORD}\n`), '--max-message', '25MiB'],
  );
  assert.match(added, /Registered partner umc-noord of umc, at mx\.umc\.test port 25\./);
  assert.match(added, /sluis address add mta@umc\.test ADDRESS/);

  const shown = await json<PartnerView>('partner', 'show', 'umc-noord');
  assert.deepEqual(
    [shown.account, shown.state, shown.tls, shown.serverName, shown.login, shown.maxMessage, shown.connections],
    ['mta@umc.test', 'active', 'starttls', 'mx.umc.test', 'gateway', 25 * 1024 * 1024, 2],
  );
  assert.deepEqual([shown.pins, shown.ehlo], [[pin], 'mail.group.test']);
  assert.notEqual(shown.authorities, 'public');
  assert.ok(shown.clientCertificate?.ends.startsWith('20'));
  assert.equal((await json<{ kind: string }>('account', 'show', 'mta@umc.test')).kind, 'partner');

  const changed = await json<PartnerView>(
    ...['partner', 'set', 'umc-noord', '--tls', 'implicit', '--port', '465', '--clear', 'pin', '--clear', 'login'],
    ...['--server-name', 'mail.umc.test', '--connections', '5', '--dane', 'required'],
  );
  assert.equal(changed.dane, 'required');
  assert.match(await done('partner', 'show', 'umc-noord'), /TLSA records: +required/);
  assert.equal((await json<PartnerView>('partner', 'set', 'umc-noord', '--clear', 'dane')).dane, undefined);
  assert.deepEqual(
    [changed.tls, changed.port, changed.pins, changed.login, changed.serverName, changed.connections],
    ['implicit', 465, [], undefined, 'mail.umc.test', 5],
  );
  assert.deepEqual(changed.authorities, shown.authorities);
  assert.deepEqual(changed.clientCertificate, shown.clientCertificate);
});

test('neither password nor key is readable in what is stored or shown', async () => {
  const key = Buffer.from(certificates.server.key.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const text = (await done('partner', 'show', 'umc-noord')) + (await done('partner', 'list', '--json'));
  const stored = readdirSync(join(folder, 'data')).filter((name) => name.startsWith('sluis.db'));
  assert.ok(stored.length > 0);
  for (const octets of [Buffer.from(text), ...stored.map((name) => readFileSync(join(folder, 'data', name)))]) {
    assert.equal(octets.includes(PASSWORD), false);
    assert.equal(octets.includes(key.subarray(40, 72)), false);
    assert.equal(octets.includes('PRIVATE KEY'), false);
  }
});

test('what cannot be used is refused with what to do', async () => {
  const add = (...more: string[]): readonly string[] => [
    ...['partner', 'add', 'other', '--organisation', 'umc', '--host', 'mx.other.test'],
    ...more,
  ];
  const certificate = file('client.pem', certificates.server.certificate);
  const wrongKey = file('wrong.key', certificates.ca.key);
  await refused(2, /expected both the certificate and its key/, ...add('--client-certificate', certificate));
  await refused(
    2,
    /the key is that of another certificate/,
    ...add('--client-certificate', certificate, '--client-key', wrongKey),
  );
  await refused(2, /as pin: expected cert:SHA256 or key:SHA256/, ...add('--pin', 'sha1:00'));
  await refused(2, /connections: expected a whole number from 1 to 20/, ...add('--connections', '21'));
  await refused(2, /host: expected a host name or an IP address/, ...add('--host', 'no host'));
  await refused(2, /it holds no certificate/, ...add('--ca', file('empty.pem', 'nothing\n')));
  await refused(3, /no organisation "nobody"/, ...add('--organisation', 'nobody'));
  await refused(4, /partner "umc-noord" already/, ...add().map((word) => (word === 'other' ? 'umc-noord' : word)));
  await refused(
    2,
    /expected a user name and its password/,
    'partner',
    'set',
    'umc-noord',
    '--password-file',
    file('p', 'x\n'),
  );
  await refused(2, /Cannot use "host" as clear/, 'partner', 'set', 'umc-noord', '--clear', 'host');
  await refused(3, /Cannot find partner "nobody"/, 'partner', 'show', 'nobody');
});

test('test connects, reports each step, and ends with a code of its own when it fails', async () => {
  const server = await ScriptedPartner.start({ ...certificates.server, tls: 'starttls' });
  try {
    await done(
      ...['partner', 'add', 'lab', '--organisation', 'umc', '--host', 'localhost', '--port', String(server.port)],
      ...['--ca', file('ca.pem', certificates.ca.certificate)],
    );
    assert.match(await done('partner', 'test', 'lab'), /Partner lab can be reached; nothing was sent\./);
    const report = await json<PartnerTest>('partner', 'test', 'lab');
    assert.deepEqual(
      report.checks.map(({ result }) => result),
      ['ok', 'ok', 'ok', 'ok', 'ok', 'ok'],
    );
    const [certPin = '', keyPin = ''] = report.certificate?.pins ?? [];
    await done('partner', 'set', 'lab', '--pin', keyPin, '--pin', certPin);
    await done('partner', 'test', 'lab');

    await done('partner', 'set', 'lab', '--pin', `key:${'00'.repeat(32)}`);
    const failed = await run(['partner', 'test', 'lab']);
    assert.equal(failed.code, 7);
    assert.match(failed.stdout, /^certificate +failed/m);
    // What it was instead, to be asked for.
    assert.ok(failed.stdout.includes(keyPin));
    assert.equal(server.taken.length, 0);
  } finally {
    await server.stop();
  }
});

test('suspend, resume, domains and end', async () => {
  const state = async (): Promise<string> => (await json<PartnerView>('partner', 'show', 'lab')).state;
  assert.match(await done('partner', 'suspend', 'lab'), /mail for it is accepted and waits/);
  assert.equal(await state(), 'suspended');
  assert.match(
    await done('partner', 'suspend', 'lab', '--refuse'),
    /new mail for it is refused, and its account is not let in/,
  );
  assert.equal(await state(), 'refusing');
  await done('partner', 'resume', 'lab');
  assert.match(await done('partner', 'domain', 'add', 'lab', '@Lab.Example'), /Every address of lab\.example/);
  await refused(4, /leads to partner "lab" already/, 'partner', 'domain', 'add', 'umc-noord', 'lab.example');
  await refused(2, /as domain: expected a domain such as/, 'partner', 'domain', 'add', 'lab', 'no domain');
  await done('address', 'add', 'lab', 'uitslag@lab.example');
  assert.match(await done('partner', 'list'), /^lab +umc +active +localhost:\d+ +starttls +1 +lab\.example$/m);
  await done('partner', 'domain', 'remove', 'lab', 'lab.example');
  await done('partner', 'end', 'lab', '--now', '--yes', '--reason', 'moved');
  assert.equal(await state(), 'ended');
  await refused(4, /has ended, which cannot be undone/, 'partner', 'resume', 'lab');
  assert.equal((await json<{ state: string }>('address', 'show', 'uitslag@lab.example')).state, 'ended');
});
