/**
 * Every scenario of the sandbox with programs of others, as docs/systems.md sets them up, and with
 * two of our own that must be caught. What the table there says of each program is what they did
 * here.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { badReceiver, badSender, commandOf, trial } from '../peers/sandbox-programs.ts';
import { makeDevelopmentCertificates } from '../../src/crypto/certificates/development-ca.ts';
import { days, instant } from '../../src/domain/units.ts';
import { MAIN, start } from '../support/command-line.ts';
import { withoutProgram } from '../support/require.ts';
import { Thunderbird } from './thunderbird.ts';

const TIMEOUT = 600_000;

function home(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-vendor-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What it failed, by name. What this machine cannot try is the same for every program. */
async function failures(folder: string, args: readonly string[]): Promise<Record<string, string>> {
  const { told } = await trial(folder, args);
  for (const { name, verdict, why } of told.scenarios)
    if (verdict === 'not tried') assert.match(why ?? '', /IPv6|::1/, name);
  return Object.fromEntries(
    told.scenarios
      .filter(({ verdict }) => verdict === 'failed')
      .map(({ name, findings }) => [name, findings[0]?.says ?? '']),
  );
}

const REPEATS = ['line-lost-before-quit', 'line-lost-in-message', 'quit-refused'];
const fetchers = [
  ['mpop', 'mpop', []],
  ['fetchmail', 'fetchmail', REPEATS],
  ['getmail', 'getmail6', REPEATS],
] as const;

for (const [program, apt, expected] of fetchers)
  test(
    `${program}, every scenario of fetching`,
    { skip: withoutProgram(program, apt), timeout: TIMEOUT },
    async (t) => {
      const folder = home(t);
      const failed = await failures(folder, ['--fetch', commandOf(program, folder), '--stored', join(folder, 'inbox')]);
      assert.deepEqual(Object.keys(failed), expected, JSON.stringify(failed));
      for (const says of Object.values(failed)) assert.match(says, /fetched twice, and 2 copies are stored/);
    },
  );

test('msmtp, every scenario of sending', { skip: withoutProgram('msmtp', 'msmtp'), timeout: TIMEOUT }, async (t) => {
  const folder = home(t);
  const failed = await failures(folder, ['--send', commandOf('msmtp', folder)]);
  assert.deepEqual(Object.keys(failed), ['refused-recipient']);
});

test(
  'the two bad programs are caught in every scenario that they can fail',
  { skip: withoutProgram('python3', 'python3'), timeout: TIMEOUT },
  async (t) => {
    const folder = home(t);
    const store = join(folder, 'store');
    mkdirSync(store);
    const receiver = await failures(folder, ['--fetch', badReceiver(store), '--stored', store]);
    for (const name of [
      'line-lost-before-quit',
      'line-lost-in-message',
      'quit-answer-lost',
      'fail-over',
      'poison-message',
      'fifty-megabytes',
    ])
      assert.match(receiver[name] ?? '', /deleted before it was stored/, name);
    const sender = await failures(folder, ['--send', badSender]);
    for (const name of ['accepted-answer-lost', 'line-lost-before-the-dot', 'busy-hour', 'shut-down', 'quota-full'])
      assert.match(sender[name] ?? '', /took silence for success/, name);
  },
);

const curl = (more: string): string =>
  `exec curl --silent --show-error ${more} --cacert "$SANDBOX_CA" --user "$SANDBOX_LOGIN:$SANDBOX_PASSWORD" "pop3s://$SANDBOX_HOST:$SANDBOX_POP3S_PORT/"`;
const everyProgram =
  withoutProgram('curl', 'curl') ||
  withoutProgram('mpop', 'mpop') ||
  withoutProgram('fetchmail', 'fetchmail') ||
  withoutProgram('getmail', 'getmail6') ||
  withoutProgram('msmtp', 'msmtp');
/** In mounts of its own a process has a hosts file of its own: the machine's stays as it is. */
const apart =
  spawnSync('unshare', ['--mount', 'true']).status === 0
    ? false
    : 'no mounts of its own here (unshare --mount): be root';

test(
  'IPv6 alone: every program finds the second address of the name, and one that is kept to IPv4 is caught',
  { skip: everyProgram || apart, timeout: TIMEOUT },
  async (t) => {
    const folder = home(t);
    const hosts = join(folder, 'hosts');
    writeFileSync(hosts, '127.0.0.1 localhost\n::1 localhost\n');
    const tried = (...args: readonly string[]): string => {
      const quick = ['--free-ports', '--hour', '2', '--patience', '10', '--json'];
      const { stdout, stderr } = spawnSync(
        'unshare',
        [
          ...['--mount', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', hosts],
          ...[process.execPath, MAIN, 'sandbox', 'ipv6-only', ...args, ...quick],
        ],
        { cwd: folder, encoding: 'utf8', timeout: 60_000 },
      );
      assert.notEqual(stdout, '', stderr);
      return (JSON.parse(stdout) as Awaited<ReturnType<typeof trial>>['told']).scenarios[0]?.verdict ?? '';
    };
    for (const program of ['mpop', 'fetchmail', 'getmail'] as const)
      assert.equal(tried('--fetch', commandOf(program, folder)), 'passed', program);
    assert.equal(tried('--send', commandOf('msmtp', folder)), 'passed', 'msmtp');
    assert.equal(tried('--fetch', curl('')), 'passed', 'curl');
    assert.notEqual(tried('--fetch', curl('--ipv4')), 'passed', 'curl, IPv4 alone');
  },
);

test(
  'a client certificate that has ended is seen with curl, mpop and msmtp, which show it',
  { skip: everyProgram, timeout: TIMEOUT },
  async (t) => {
    const folder = home(t);
    const { server } = await makeDevelopmentCertificates(['client'], instant(Date.now() - days(400)));
    const [certificate, key] = [join(folder, 'old.pem'), join(folder, 'old-key.pem')];
    writeFileSync(certificate, server.certificate);
    writeFileSync(key, server.key, { mode: 0o600 });
    const scenario = ['client-certificate-asked'];
    const shows = (program: 'mpop' | 'msmtp'): string => {
      const command = commandOf(program, folder);
      const script = join(folder, `${program}.sh`);
      const told = `tls on\ntls_cert_file ${certificate}\ntls_key_file ${key}`;
      writeFileSync(script, readFileSync(script, 'utf8').replace(/^tls on$/m, told));
      return command;
    };
    for (const [program, args] of [
      ['curl', ['--fetch', curl(`--cert '${certificate}' --key '${key}'`)]],
      ['mpop', ['--fetch', shows('mpop')]],
      ['msmtp', ['--send', shows('msmtp')]],
    ] as const) {
      const { told } = await trial(folder, args, scenario);
      assert.match(told.scenarios[0]?.findings[0]?.says ?? '', /client certificate that has ended/, program);
    }
    const { told } = await trial(folder, ['--fetch', curl('')], scenario);
    assert.equal(told.scenarios[0]?.verdict, 'passed', 'curl, without one');
  },
);

/** It goes on by itself, and asks nobody: what would open a window with a question is not tried. */
const QUIETLY = [
  'line-lost-before-quit',
  'line-lost-in-message',
  'end-of-message-late',
  'quit-answer-lost',
  'fail-over',
  'same-message-twice',
  'eight-bit-edi',
  'poison-message',
  'tls13-only',
];

test(
  'Thunderbird, by itself, in scenarios that open no window',
  { skip: withoutProgram('thunderbird', 'thunderbird'), timeout: TIMEOUT },
  async (t) => {
    const folder = home(t);
    const place = join(folder, 'thunderbird');
    mkdirSync(place);
    const quick = ['--free-ports', '--slow', '1', '--hour', '2', '--patience', '60', '--stored', place, '--json'];
    const bench = start(['sandbox', ...QUIETLY, ...quick], { cwd: folder });
    let ended = false;
    const goesOn = (): boolean => !ended;
    const over = new Promise<void>((resolve) => bench.child.once('close', () => resolve())).then(() => (ended = true));
    await bench.until('Ctrl-C ends it');
    const said = (pattern: RegExp): string => pattern.exec(bench.stderr())?.[1] ?? '';
    const thunderbird = await Thunderbird.start(place, []);
    t.after(() => thunderbird.stop());
    await thunderbird.setUp({
      host: 'localhost',
      pop3s: Number(said(/POP3 +port (\d+)/)),
      submission: Number(said(/SMTP +port \d+ \(TLS\) or (\d+)/)),
      login: said(/account +(\S+)/),
      address: said(/account +(\S+)/),
      password: said(/password +(\S+)/),
      name: 'Programma',
      ca: readFileSync(said(/trust +(\S+)/), 'utf8'),
    });
    // A fetch that failed is what the scenarios are about; one that never ends is not waited for.
    // Fetched again at once, it is always connected: no scenario comes to its end, and the sandbox
    // says that it hammers, which is ours and not its own.
    const seconds = (n: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, n * 1000).unref());
    while (goesOn()) {
      await Promise.race([thunderbird.fetch().catch(() => undefined), over, seconds(20)]);
      await Promise.race([over, seconds(1)]);
    }
    const { scenarios } = JSON.parse(bench.stdout()) as Awaited<ReturnType<typeof trial>>['told'];
    const failed = scenarios.filter(({ verdict }) => verdict === 'failed');
    assert.deepEqual(
      failed.map(({ name }) => name),
      REPEATS.slice(0, 2),
      JSON.stringify(failed),
    );
    for (const { findings } of failed) assert.match(findings[0]?.says ?? '', /fetched twice, and 2 copies are stored/);
    for (const { name, verdict } of scenarios) assert.notEqual(verdict, 'not tried', name);
  },
);
