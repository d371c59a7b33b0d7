/**
 * `npm start` on free ports in a folder of its own: what it prints must work exactly as it was
 * printed.
 */
// @release: the demo, whole. At a merge peers/readme starts it as a fresh clone does, and uses what it prints.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { freshDevelopmentCertificates } from '../../src/commands/init/development.ts';
import { days, instant } from '../../src/domain/units.ts';
import { type Running, sluis, start } from '../support/command-line.ts';
import { withoutProgram } from '../support/require.ts';

const LAST_LINE = 'the next start finds everything again.';
let folder = '';
let gateway: Running;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluis-dev-'));
  gateway = start(['dev', '--free-ports'], { cwd: folder });
  await gateway.until(LAST_LINE);
});
after(async () => {
  await gateway.end('SIGINT');
  rmSync(folder, { recursive: true, force: true });
});

const printed = (begin: string): string => {
  const line = gateway
    .stdout()
    .split('\n')
    .find((l) => l.startsWith(`  ${begin} `));
  assert.ok(line, `no line begins with ${begin}: ${gateway.stdout()}`);
  return line.trim();
};
const shell = (command: string): { status: number | null; stdout: string; stderr: string } =>
  spawnSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8' });

test('it shows three accounts with passwords and keeps these for its owner only', () => {
  const file = join(folder, 'data', 'demo-accounts.txt');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const accounts = readFileSync(file, 'utf8').trim().split('\n');
  assert.equal(accounts.length, 3);
  for (const line of accounts) {
    const [login = '', password = ''] = line.split(' ');
    assert.match(gateway.stdout(), new RegExp(`${login} +${password}\\n`));
    assert.ok(!gateway.stderr().includes(password), 'the log has no password');
  }
});

test('the printed curl lines send a message and fetch it', { skip: withoutProgram('curl', 'curl') }, () => {
  const sent = shell(printed('printf'));
  assert.equal(sent.status, 0, sent.stderr);
  const fetched = shell(printed('curl'));
  assert.equal(fetched.status, 0, fetched.stderr);
  assert.match(
    fetched.stdout,
    /^Authentication-Results: localhost; none\r\nReceived: [\s\S]*Subject: Proef\r\n\r\nGoedemorgen\.\r\n$/,
  );
});

test(
  'the printed lines of the API send a message and list the accounts',
  { skip: withoutProgram('curl', 'curl') },
  () => {
    const lines = gateway
      .stdout()
      .split('\n')
      .filter((line) => /^ {2}curl .* https:/.test(line));
    assert.equal(lines.length, 2);
    const [sent, listed] = lines.map((line) => shell(line.trim()));
    assert.equal(sent!.status, 0, sent!.stderr);
    const { recipients } = JSON.parse(sent!.stdout) as { readonly recipients: readonly object[] };
    assert.equal(recipients.length, 1, sent!.stdout);
    const { items } = JSON.parse(listed!.stdout) as { readonly items: readonly { readonly login: string }[] };
    assert.ok(
      items.some(({ login }) => login === 'uitslagen@lab.test'),
      listed!.stdout,
    );
    const file = join(folder, 'data', 'demo-token.txt');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.ok(!gateway.stderr().includes(readFileSync(file, 'utf8').trim()), 'the log has no token');
  },
);

test('the printed address tells metrics and health', async () => {
  const [address = ''] = /http:\/\/127\.0\.0\.1:\d+/.exec(gateway.stdout()) ?? [];
  const answers = await Promise.all(['/metrics', '/ready', '/live'].map((path) => fetch(address + path)));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.match((await answers[0]?.text()) ?? '', /^sluis_sessions\{listener="pop3s",protocol="pop3"\} 0$/m);
});

test('the printed command lists the accounts', async () => {
  const [, ...args] = printed('npx').replace('sluis ', '').split(' ');
  assert.ok(args.length > 2);
  const listed = await sluis(args, { cwd: folder });
  assert.equal(listed.code, 0, listed.stderr);
  assert.match(listed.stdout, /uitslagen@lab\.test +laboratorium +edi +active/);
});

test('a second start finds accounts and mail, with the same passwords', async () => {
  const first = readFileSync(join(folder, 'data', 'demo-accounts.txt'), 'utf8');
  assert.equal(await gateway.end('SIGINT'), 0);
  gateway = start(['dev'], { cwd: folder });
  await gateway.until(LAST_LINE);
  assert.equal(readFileSync(join(folder, 'data', 'demo-accounts.txt'), 'utf8'), first);
  assert.ok(gateway.stdout().includes(first.split(/[ \n]/)[1] ?? '?'));
});

test('development certificates live 90 days, and are made anew in the last 30 of them', async () => {
  const place = mkdtempSync(join(tmpdir(), 'sluis-dev-certs-'));
  after(() => rmSync(place, { recursive: true, force: true }));
  const now = instant(Date.now());
  const shown = (): string => readFileSync(join(place, 'server.pem'), 'utf8');
  assert.equal(await freshDevelopmentCertificates(place, 'localhost', now), true);
  const first = shown();
  for (const file of ['server.pem', 'ca.pem']) {
    const { validTo } = new X509Certificate(readFileSync(join(place, file)));
    assert.equal(Math.round((Date.parse(validTo) - now) / days(1)), 90, file);
  }
  assert.equal(await freshDevelopmentCertificates(place, 'localhost', instant(now + days(59))), false);
  assert.equal(shown(), first);
  assert.equal(await freshDevelopmentCertificates(place, 'localhost', instant(now + days(61))), true);
  assert.notEqual(shown(), first);
  writeFileSync(join(place, 'server.pem'), 'rubbish');
  assert.equal(await freshDevelopmentCertificates(place, 'localhost', now), true);
});

test('a second one beside it is refused with a clear text', async () => {
  const second = await sluis(['dev'], { cwd: folder });
  assert.equal(second.code, 7);
  assert.match(second.stderr, /is in use by (?:another )?process/);
});
