/**
 * Under systemd, as far as it can be had without one that runs: its own judge of the units, its own
 * tools for notification and sockets, and the system calls that the unit allows, by strace.
 */
// @release: what a real systemd says of the units; gateway/ and platform/activation try the protocol.
// @beside
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, after, before, test } from 'node:test';
import { Instance, addressOf, loginOf } from '../support/instance.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { withoutProgram } from '../support/require.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';
import { root } from './shell.ts';

const MAIN = join(root, 'scripts', 'sluis.mjs');
const UNITS = join(root, 'docs', 'systemd');
const skip = withoutProgram('systemd-analyze', 'systemd') || withoutProgram('python3', 'python3');

let folder = '';
let instance: Instance;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluis-systemd-'));
  instance = await Instance.create();
  instance.addAccounts(['anna']);
});
after(() => {
  rmSync(folder, { recursive: true, force: true });
  instance.remove();
});

const run = (program: string, ...words: readonly string[]): { readonly code: number | null; readonly text: string } => {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8', cwd: folder });
  return { code: status, text: stdout + stderr };
};

/** What the unit allows; it stands in for the filter of the kernel. */
function allowedCalls(): readonly string[] {
  const unit = readFileSync(join(UNITS, 'sluis.service'), 'utf8');
  const lines = [...unit.matchAll(/^SystemCallFilter=(~?)(.*)$/gm)].map(([, sign, sets = '']) => ({
    deny: sign === '~',
    sets: sets.split(' '),
  }));
  const members = (set: string): readonly string[] =>
    run('systemd-analyze', 'syscall-filter', set)
      .text.split('\n')
      .slice(1)
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
      .flatMap((name) => (name.startsWith('@') ? members(name) : [name]));
  const allowed = new Set<string>();
  for (const { deny, sets } of lines)
    for (const name of sets.flatMap(members))
      if (deny) allowed.delete(name);
      else allowed.add(name);
  return [...allowed];
}

/**
 * Takes datagrams, and closes what comes with them, as the service manager does; prints each on a
 * line.
 */
const RECEIVER = `
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    data, extra, _, _ = s.recvmsg(4096, 1024)
    for level, kind, fds in extra:
        if kind == socket.SCM_RIGHTS:
            for fd in array.array("i", fds): os.close(fd)
    print(" ".join(data.decode().split("\\n")), flush=True)
`;

/**
 * Holds sockets open over any number of processes, as socket units do: for each line "start" it
 * runs the command with them.
 */
const HOLDER = `
import os, socket, subprocess, sys
names, command = sys.argv[1], sys.argv[2:]
held = []
for _ in names.split(":"):
    s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(64); held.append(s)
print(" ".join(str(s.getsockname()[1]) for s in held), flush=True)
def hand():
    high = [os.dup2(s.fileno(), 50 + i) for i, s in enumerate(held)]
    for i, fd in enumerate(high): os.dup2(fd, 3 + i)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(held)), LISTEN_FDNAMES=names)
    os.execvp(command[0], command)
for line in sys.stdin:
    pid = os.fork()
    if pid == 0: hand()
    print("started", pid, flush=True)
    print("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
`;

class Program {
  readonly lines: string[] = [];
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  /** It and what it starts end with the test, whatever became of that. */
  constructor(t: TestContext, program: string, words: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const child = spawn(program, words, {
      ...{ cwd: folder, detached: true },
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child = child;
    let rest = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        const parts = (rest + text).split('\n');
        rest = parts.pop() ?? '';
        this.lines.push(...parts);
      });
    this.ended = new Promise((resolve) => child.once('close', resolve));
    t.after(() => {
      // The group: a gateway that it started would outlive it. There is none if all has ended.
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    });
  }
  async until(pattern: RegExp, from = 0): Promise<string> {
    let found: string | undefined;
    await until(
      `${String(pattern)} is said`,
      () => (found = this.lines.slice(from).find((line) => pattern.test(line))) !== undefined,
      30_000,
    );
    return found ?? '';
  }
}

const letter = Buffer.from(`From: ${addressOf('anna')}\r\nTo: ${addressOf('anna')}\r\n\r\nBody.\r\n`);

async function mailGoesThrough(): Promise<void> {
  const sender = await SmtpClient.open(instance.target('submission'), loginOf('anna'));
  await sender.submit(addressOf('anna'), [addressOf('anna')], letter);
  await sender.quit();
  const reader = await Pop3Client.open(instance.target('pop3s'), loginOf('anna'));
  assert.ok((await reader.stat()).messages > 0);
  await reader.quit();
}

test('systemd takes the units, and grades their hardening', { skip }, () => {
  for (const name of readdirSync(UNITS)) {
    const text = readFileSync(join(UNITS, name), 'utf8');
    // Only the paths of a server are not those of this machine.
    writeFileSync(join(folder, name), text.replace(/^ExecStart=\S+ \S+/m, `ExecStart=${process.execPath} ${MAIN}`));
  }
  const units = readdirSync(folder).map((name) => `./${name}`);
  assert.equal(units.length, 6);
  assert.deepEqual(run('systemd-analyze', 'verify', ...units), { code: 0, text: '' });
  // In tenths; 1.6 when this was written, against 9.4 of a unit without any of it.
  const graded = run(
    'systemd-analyze',
    'security',
    '--offline=true',
    '--threshold=18',
    '--no-pager',
    './sluis.service',
  );
  assert.equal(graded.code, 0, graded.text);
});

/** What a unit of several on one machine has of its own. */
const OF_UNITS = [
  /^#/,
  /^Description=Sluis mail gateway, unit %i$/,
  /^ExecStart=.* serve --config \/etc\/sluis\/%i\.toml$/,
  /^WatchdogSec=/,
  /^StateDirectory=sluis\/%i sluis-keys\/%i$/,
  /^RuntimeDirectory=sluis\/%i$/,
  /^SyslogIdentifier=sluis-%i$/,
];

test('the unit of several on one machine is that of one, but for what is its own', () => {
  const linesOf = (name: string): readonly string[] => readFileSync(join(UNITS, name), 'utf8').split('\n');
  const one = new Set(linesOf('sluis.service'));
  const differing = linesOf('sluis@.service').filter((line) => !one.has(line));
  for (const line of differing)
    assert(
      OF_UNITS.some((pattern) => pattern.test(line)),
      line,
    );
  assert.equal(differing.filter((line) => !line.startsWith('#')).length, OF_UNITS.length - 1);
});

test('it hears of ready, reloading, alive and stopping, with the status', { skip }, async (t) => {
  const socket = join(folder, 'notify');
  const manager = new Program(t, 'python3', ['-c', RECEIVER, socket]);
  await manager.until(/^bound$/);
  const served = await instance.serve({ env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '600000' } });
  t.after(() => (served.over ? undefined : served.kill()));
  // Whoever looks whether the ports are open may be the one connection.
  await manager.until(/^READY=1 STATUS=\d+ connections?, \d+ waiting for a commit$/);
  await manager.until(/^WATCHDOG=1 STATUS=/);
  const before = manager.lines.length;
  served.signal('SIGHUP');
  await manager.until(/^RELOADING=1 MONOTONIC_USEC=[0-9]+$/, before);
  await manager.until(/^READY=1 STATUS=\d/, before);
  // The start, not the wall clock: what systemd compares it with.
  const told = Number(/MONOTONIC_USEC=(\d+)/.exec(manager.lines.join(' '))?.[1]);
  const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1e6;
  assert.ok(Math.abs(uptime - told) < 60e6, `${told} beside ${uptime}`);
  writeFileSync(instance.config, readFileSync(instance.config, 'utf8').replace('drain = "2s"', 'drain = "soon"'));
  served.signal('SIGHUP');
  await manager.until(/^READY=1 STATUS=the last reload was refused, see the log; /, before);
  assert.match(served.log, /"config\.refused".*connections\.drain: .*soon/);
  writeFileSync(instance.config, readFileSync(instance.config, 'utf8').replace('drain = "soon"', 'drain = "2s"'));
  await mailGoesThrough();
  assert.equal(await served.stop(), 0);
  await manager.until(/^STOPPING=1 STATUS=stopping; /);
  assert.doesNotMatch(served.log, /supervisor\.failed/);
  manager.child.kill();
  await manager.ended;
});

test('a manager that does not listen is a line in the log, and mail goes on', { skip }, async () => {
  const served = await instance.serve({ env: { NOTIFY_SOCKET: join(folder, 'nobody') } });
  await until('the log says so', () => served.log.includes('"supervisor.failed"'));
  await mailGoesThrough();
  assert.equal(await served.stop(), 0);
});

test('connections wait over a restart on the sockets of the manager', { skip }, async (t) => {
  const names = 'submission:submissions:pop3:pop3s';
  const unconfigured = readFileSync(instance.config, 'utf8').replaceAll(/^port = \d+$/gm, 'port = 0');
  const file = join(instance.folder, 'handed.toml');
  writeFileSync(file, unconfigured);
  const serve = [process.execPath, MAIN, 'serve', '--config', file];
  const manager = new Program(t, 'python3', ['-c', HOLDER, names, ...serve]);
  const [port = 0] = (await manager.until(/^\d+ \d+ \d+ \d+$/)).split(' ').map(Number);
  const dial = (): { readonly socket: Socket; readonly greeting: Promise<string> } => {
    const socket = connect(port, '127.0.0.1').setEncoding('utf8');
    return {
      socket,
      greeting: new Promise((resolve, reject) =>
        socket.once('data', (text) => resolve(String(text))).once('error', reject),
      ),
    };
  };
  for (let round = 0; round < 2; round += 1) {
    const from = manager.lines.length;
    // Before the process: it is not refused, and is greeted as soon as there is one.
    const early = dial();
    manager.child.stdin?.write('start\n');
    assert.match(await early.greeting, /^220 /);
    const pid = Number((await manager.until(/^started /, from)).split(' ')[1]);
    process.kill(pid, 'SIGTERM');
    await manager.until(/"gateway\.stopping"/, from);
    assert.equal(await manager.until(/^ended /, from), 'ended 0');
    early.socket.destroy();
  }
  manager.child.stdin?.end();
  await manager.ended;
});

test('a socket of another port, or of no listener, is refused with what to do', { skip }, async (t) => {
  for (const [names, expected] of [
    [
      'pop3',
      /socket that the service manager opened for listener "pop3": it is on port \d+, the configuration says \d+; correct one/,
    ],
    ['imap', /Cannot use the socket "imap" .*expected submission, submissions, pop3, pop3s; set FileDescriptorName=/],
  ] as const) {
    const manager = new Program(t, 'python3', [
      '-c',
      HOLDER,
      names,
      process.execPath,
      MAIN,
      'serve',
      '--config',
      instance.config,
    ]);
    manager.child.stdin?.end('start\n');
    assert.equal(await manager.until(/^ended /), 'ended 7');
    assert.match(manager.lines.join('\n'), expected);
    await manager.ended;
  }
});

test('the master key may come from the manager alone', { skip }, async () => {
  const [key, credentials] = [join(instance.folder, 'master.key'), join(folder, 'credentials')];
  mkdirSync(credentials);
  renameSync(key, join(credentials, 'sluis.master-key'));
  // As systemd gives it to a service that is not root's: by an access list, which shows as a right
  // of the group.
  chmodSync(join(credentials, 'sluis.master-key'), 0o440);
  const served = await instance.serve({ env: { CREDENTIALS_DIRECTORY: credentials } });
  await mailGoesThrough();
  assert.equal(await served.stop(), 0);
  renameSync(join(credentials, 'sluis.master-key'), key);
  chmodSync(key, 0o600);
  assert.ok(existsSync(key));
});

const withoutStrace = skip || withoutProgram('strace', 'strace');
test(
  'everything works with the system calls that the unit allows, and no other',
  { skip: withoutStrace },
  async (t) => {
    const denied = `!${allowedCalls()
      .map((name) => `?${name}`)
      .join(',')}`;
    const trace = join(folder, 'denied');
    const gateway = new Program(
      t,
      'strace',
      [
        ...['-f', '-qq', '-o', trace, '-e', `trace=${denied}`, '-e', `inject=${denied}:error=EPERM`],
        ...[process.execPath, MAIN, 'serve', '--config', instance.config],
      ],
      { NOTIFY_SOCKET: join(folder, 'nobody'), WATCHDOG_USEC: '600000' },
    );
    await gateway.until(/"gateway\.started"/);
    await mailGoesThrough();
    instance.sluis('reload');
    const status = JSON.parse(instance.sluis('status', '--json')) as { readonly process: number };
    process.kill(status.process, 'SIGTERM');
    assert.equal(await gateway.ended, 0, gateway.lines.join('\n'));
    assert.match(gateway.lines.join('\n'), /"gateway\.stopped"/);
    assert.doesNotMatch(gateway.lines.join('\n'), /EPERM(?!.*supervisor)/);
    // Looked for without need: protection of machine code by keys, and SQLite as root keeping the
    // owner of its files.
    const refused = [...readFileSync(trace, 'utf8').matchAll(/ (\w+)\(.*\(INJECTED\)/g)].map(([, name = '']) => name);
    t.diagnostic(`refused: ${[...new Set(refused)].join(', ')}`);
    assert.deepEqual(
      refused.filter((name) => name !== 'pkey_alloc' && name !== 'fchown'),
      [],
    );
  },
);
