/**
 * Sockets of roles on a whole gateway: other users of the machine come in processes of their own,
 * and the kernel says which socket lets them in.
 */
import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { AuditRowView } from '../../src/commands/audit/list.ts';
import { listenAt } from '../../src/admin/socket-file.ts';
import { openControlSockets } from '../../src/gateway/control.ts';
import { milliseconds } from '../../src/domain/units.ts';
import { groupId } from '../../src/platform/group.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { MAIN, type Ran, commandsOn } from '../support/command-line.ts';
import { type TestGateway, startTestGateway } from '../support/gateway.ts';
import { MemoryLog } from '../support/log.ts';

/**
 * A user and groups that nobody is in otherwise. Who is not root has only his own, and comes in by
 * those.
 */
const isRoot = process.getuid?.() === 0;
const USER = 61_000;
const HELPDESK = isRoot ? 61_001 : (process.getgid?.() ?? 0);
const AUDITORS = isRoot ? 61_002 : (process.getgid?.() ?? 0);
const run = mkdtempSync(join(tmpdir(), 'sluis-run-'));
const helpdesk = join(run, 'helpdesk.sock');
const auditors = join(run, 'auditors.sock');
let gateway: TestGateway;

before(async () => {
  chmodSync(run, 0o711);
  gateway = await startTestGateway({
    accounts: ['anna'],
    configuration: [
      `[[control]]\nrole = "support"\ngroup = "${HELPDESK}"\nsocket = "${helpdesk}"`,
      `[[control]]\nrole = "security"\ngroup = "${AUDITORS}"\nsocket = "${auditors}"`,
    ].join('\n'),
  });
  // The configuration may be read, the keys that it names may not.
  chmodSync(gateway.folder, 0o711);
  chmodSync(gateway.config.file, 0o644);
});
after(async () => {
  await gateway.remove();
  rmSync(run, { recursive: true, force: true });
});
const { done, json } = commandsOn(() => gateway.config.file);

/** `sluis` in a process of another user of the machine, who is in this group and no other. */
function as(group: number, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const words = [process.execPath, MAIN, ...args, '--config', gateway.config.file];
  const other = ['--reuid', String(USER), '--regid', String(group), '--clear-groups', '--', ...words];
  const [program = '', ...rest] = isRoot ? ['setpriv', ...other] : words;
  // Not spawnSync: the gateway lives in this process, and must answer.
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { env: { PATH: process.env.PATH, SUDO_USER: 'els', ...env }, cwd: '/' });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    child.on('error', reject).on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
const rows = (event: string): Promise<AuditRowView[]> => json('audit', 'list', '--event', event, '--limit', '50');

test("each socket belongs to its group, mode 0660; the owner's to nobody else", () => {
  for (const [path, group] of [
    [helpdesk, HELPDESK],
    [auditors, AUDITORS],
  ] as const) {
    const { mode, gid } = statSync(path);
    assert.deepEqual([(mode & 0o777).toString(8), gid], ['660', group]);
  }
  assert.equal(statSync(join(gateway.config.data.folder, 'run', 'control.sock')).mode & 0o777, 0o600);
});

test('somebody of the group comes in by himself, may do what the role may, and is named as he says', async () => {
  const list = await as(HELPDESK, ['account', 'list', '--json']);
  assert.equal(list.code, 0, list.stderr);
  assert.match(list.stdout, /anna@group\.test/);
  const stopped = await as(HELPDESK, ['account', 'suspend', 'anna@group.test', '--reason', 'stolen']);
  assert.equal(stopped.code, 0, stopped.stderr);
  const [row] = (await rows('operator.changed')).filter(({ facts }) => facts.operation === 'account.suspend');
  assert.deepEqual([row?.facts.actor, row?.facts.role, row?.facts.proof], ['els', 'support', undefined]);

  if (!isRoot) return;
  const back = await as(HELPDESK, ['account', 'resume', 'anna@group.test', '--reason', 'found']);
  assert.equal(back.code, 10, back.stderr);
  assert.match(back.stderr, /it takes the right "registry", and the role "support" does not have it/);
  const trail = await as(HELPDESK, ['audit', 'list']);
  assert.equal(trail.code, 10, trail.stderr);
  assert.equal((await as(AUDITORS, ['audit', 'list'])).code, 0);
  const refused = (await rows('operator.')).filter(({ facts }) => facts.why === 'forbidden');
  assert.deepEqual(refused.map(({ facts }) => facts.operation).sort(), ['account.resume', 'audit.list']);
});

test(
  'somebody of no group is let in nowhere, and is told so',
  { skip: isRoot ? false : 'only root can be somebody else' },
  async () => {
    const ran = await as(USER, ['account', 'list']);
    assert.equal(ran.code, 7, ran.stderr);
    assert.match(ran.stderr, /is open to others, and not to you/);
    for (const socket of [helpdesk, join(gateway.config.data.folder, 'run', 'control.sock')])
      assert.equal((await as(USER, ['account', 'list'], { SLUIS_SOCKET: socket })).code, 7);
  },
);

test('where the configuration cannot be read, a socket is named, and no other is tried', async () => {
  chmodSync(gateway.config.file, 0o600);
  try {
    const ran = await as(HELPDESK, ['account', 'list', '--json'], { SLUIS_SOCKET: helpdesk });
    assert.equal(ran.code, 0, ran.stderr);
    const none = await as(HELPDESK, ['account', 'list'], { SLUIS_SOCKET: join(run, 'none.sock') });
    assert.equal(none.code, 7, none.stderr);
    assert.match(none.stderr, /nobody answers on ".*none\.sock"/);
  } finally {
    chmodSync(gateway.config.file, 0o644);
  }
});

test('with a token the name is proven, and no more is allowed than socket and token both do', async () => {
  await done('operator', 'add', 'piet', '--role', 'owner', '--reason', 'trial');
  const made = await json<{ token: string; id: string }>('operator', 'token', 'add', 'piet', '--ends', '2d');
  const file = join(run, 'token');
  writeFileSync(file, `${made.token}\n`, { mode: 0o644 });
  const ran = await as(HELPDESK, ['session', 'list'], { SLUIS_TOKEN_FILE: file, SLUIS_SOCKET: helpdesk });
  assert.equal(ran.code, 0, ran.stderr);
  const [row] = (await rows('operator.looked')).filter(({ facts }) => facts.operation === 'session.list');
  assert.deepEqual([row?.facts.actor, row?.facts.role, row?.facts.proof], ['piet', 'support', 'token']);
  const [shown] = await json<{ lastUsed?: string }[]>('operator', 'token', 'list');
  assert.match(shown?.lastUsed ?? '', /^20/);
  // An owner's token on the helpdesk's socket does not make an owner.
  const more = await as(HELPDESK, ['account', 'resume', 'anna@group.test'], {
    SLUIS_TOKEN_FILE: file,
    SLUIS_SOCKET: helpdesk,
  });
  assert.equal(more.code, 10, more.stderr);

  await done('operator', 'token', 'end', made.id);
  const ended = await as(HELPDESK, ['session', 'list'], { SLUIS_TOKEN_FILE: file, SLUIS_SOCKET: helpdesk });
  writeFileSync(file, `sluis_${'A'.repeat(43)}`);
  const unknown = await as(HELPDESK, ['session', 'list'], { SLUIS_TOKEN_FILE: file, SLUIS_SOCKET: helpdesk });
  assert.deepEqual([ended.code, unknown.code], [10, 10]);
  assert.equal(ended.stderr, unknown.stderr, 'who comes with a token is not told whether it was one');
  const whys = (await rows('operator.token-refused')).map(({ facts }) => facts.why);
  assert.deepEqual(whys, ['ended', 'unknown']);
});

const parts = () => ({ context: gateway.admin, log: new MemoryLog(), clock: systemClock });
const withControl = (group: string, socket: string) => ({
  ...gateway.config,
  data: { ...gateway.config.data, 'control-socket': join(run, 'own', 'control.sock') },
  control: [{ role: 'read' as const, group, socket }],
});

test("a gateway does not start where the group is not there, the folder is everybody's, or the place is taken", async () => {
  await assert.rejects(
    openControlSockets(withControl('no-such-group', join(run, 'a.sock')), parts()),
    /control\[0\]\.group: "no-such-group"; expected a group of this machine; make it \("groupadd no-such-group"\)/,
  );
  const open = join(run, 'open');
  mkdirSync(open);
  chmodSync(open, 0o777);
  await assert.rejects(
    openControlSockets(withControl(String(HELPDESK), join(open, 'a.sock')), parts()),
    /others than the gateway can write there \(mode 777\)/,
  );
  writeFileSync(join(run, 'file'), 'precious');
  await assert.rejects(
    openControlSockets(withControl(String(HELPDESK), join(run, 'file')), parts()),
    /a file is there that is not a socket/,
  );
  await assert.rejects(
    openControlSockets(withControl(String(HELPDESK), helpdesk), parts()),
    /another gateway has it open/,
  );
  assert.equal((await as(HELPDESK, ['status'])).code, 0, 'the one that was there answers still');
});

test('one that a killed gateway left behind is replaced, and none is left after a stop', async (t) => {
  const path = join(run, 'left.sock');
  const dead = spawnSync(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ]);
  assert.equal(dead.signal, 'SIGKILL');
  assert(statSync(path).isSocket());
  const sockets = await openControlSockets(withControl(String(HELPDESK), path), parts());
  const stop = (): Promise<void> => sockets.stop(milliseconds(0));
  t.after(stop);
  assert.equal(statSync(path).mode & 0o777, 0o660);
  await stop();
  assert.equal(statSync(path, { throwIfNoEntry: false }), undefined);
});

test(
  'a gateway that may not give its socket to the group says so, and opens none',
  { skip: isRoot ? false : 'only root can be somebody else' },
  () => {
    const folder = mkdtempSync(join(run, 'not-mine-'));
    chmodSync(folder, 0o777);
    const own = join(folder, 'own');
    const script = `
    const { mkdirSync, existsSync } = await import('node:fs');
    const { createServer } = await import('node:net');
    const { listenAt } = await import(${JSON.stringify(new URL('../../src/admin/socket-file.ts', import.meta.url).href)});
    mkdirSync(${JSON.stringify(own)}, { mode: 0o711 });
    const server = createServer();
    const path = ${JSON.stringify(join(own, 'a.sock'))};
    await listenAt(server, path, { name: 'helpdesk', id: ${HELPDESK} }).then(
      () => console.log('open'),
      (error) => console.log(error.name, error.message, existsSync(path)),
    );
    server.close();`;
    const ran: SpawnSyncReturns<string> = spawnSync(
      'setpriv',
      [
        '--reuid',
        String(USER),
        '--regid',
        String(USER),
        '--clear-groups',
        '--',
        process.execPath,
        '--input-type=module',
        '-e',
        script,
      ],
      { encoding: 'utf8', cwd: '/' },
    );
    assert.match(
      ran.stdout,
      /^ListenerRefused Cannot give the control socket .* to group "helpdesk" \(EPERM\): only a member of a group may.* false\n$/,
      ran.stderr,
    );
  },
);

test('groups are found by name, by number, and not where there are none', () => {
  const file = join(run, 'group');
  writeFileSync(file, 'root:x:0:\nhelpdesk:x:4711:els,jan\n');
  assert.deepEqual([groupId('helpdesk', file), groupId('815', file), groupId('help', file)], [4711, 815, undefined]);
  assert.equal(groupId('root', join(run, 'none')), 0, 'what is not a line of the file, getent knows');
});

test('a socket for nobody else has the folder of before', async () => {
  const server = createServer();
  const path = join(run, 'fresh', 'control.sock');
  await listenAt(server, path);
  assert.deepEqual([statSync(join(run, 'fresh')).mode & 0o777, statSync(path).mode & 0o777], [0o700, 0o600]);
  await new Promise((resolve) => server.close(resolve));
});
