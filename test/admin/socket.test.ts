import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connectControl } from '../../src/admin/client.ts';
import type { AdminContext } from '../../src/admin/context.ts';
import { AdminError } from '../../src/admin/error.ts';
import type { GatewayStatus, ReloadReport } from '../../src/admin/running-gateway.ts';
import { CONTROL_PROTOCOL, type Spoken, ourSpeech } from '../../src/admin/control-protocol.ts';
import { type ControlSocket, openControlSocket } from '../../src/admin/socket.ts';
import { usablePath } from '../../src/admin/socket-path.ts';
import { days, milliseconds, seconds } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { Actor } from '../../src/store/actor.ts';
import type { Store } from '../../src/store/port/store.ts';
import { LEAST_KEPT } from '../../src/trail/retention.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryLog } from '../support/log.ts';

const status: GatewayStatus = {
  hostname: 'mail.test',
  process: 1,
  since: '2026-11-25T12:00:00.000Z',
  reasons: [],
  listeners: [],
  connections: 0,
  free: 1,
  waiting: 0,
  partners: [],
};

interface Opened {
  readonly path: string;
  readonly log: MemoryLog;
  readonly clock: FakeClock;
  readonly socket: ControlSocket;
  /** Who added which organisation. */
  readonly added: { readonly name: string; readonly actor: Actor }[];
}

const NOTHING_CHANGED: ReloadReport = { applied: [], restart: [] };

async function open(
  t: TestContext,
  options: { folder?: string; reload?: () => Promise<ReloadReport>; speech?: Spoken } = {},
): Promise<Opened> {
  const { speech } = options;
  const base = mkdtempSync(join(tmpdir(), 'sluis-socket-'));
  const path = join(base, options.folder ?? 'run', 'control.sock');
  const log = new MemoryLog();
  const clock = new FakeClock();
  const added: Opened['added'] = [];
  // Only what these tests call.
  const registry = {
    addOrganisation: async ({ name }: { name: string }, actor: Actor) => void added.push({ name, actor }),
    listOrganisations: async () => [],
    findAccount: async () => undefined,
    findRecipient: async () => undefined,
  };
  const context: AdminContext = {
    store: { registry, audit: { note: () => undefined, head: async () => ({ seq: 0 }) } } as unknown as Store,
    clock,
    hashPassword: async () => '',
    ca: {} as AdminContext['ca'],
    partners: {} as AdminContext['partners'],
    webhooks: {} as AdminContext['webhooks'],
    console: {} as AdminContext['console'],
    configuration: {} as AdminContext['configuration'],
    probe: {} as AdminContext['probe'],
    mail: {} as AdminContext['mail'],
    keys: {} as AdminContext['keys'],
    secondPerson: [],
    backups: { drills: { due: async () => [] } } as unknown as AdminContext['backups'],
    evidence: {} as AdminContext['evidence'],
    longestAbsence: days(90),
    auditKeep: LEAST_KEPT,
    certificates: () => Promise.resolve({ certificates: [], unread: [] }),
    noticeWriter: {} as AdminContext['noticeWriter'],
    notices: {} as AdminContext['notices'],
    letters: {} as AdminContext['letters'],
    gateway: {
      status: () => status,
      figures: () => Promise.resolve([]),
      anchor: () => Promise.resolve(),
      sessions: () => [],
      voidTickets: () => undefined,
      webhooksChanged: () => undefined,
      probes: () => Promise.resolve([]),
      channel: () => undefined,
      writeCounted: () => undefined,
      writeClientNetworks: () => Promise.resolve(),
      stuck: () => [],
      drain: () => Promise.resolve({ changed: false }),
      reload: options.reload ?? (() => Promise.resolve(NOTHING_CHANGED)),
    },
  };
  const socket = await openControlSocket({
    ...{ path, context, log, clock, maxLine: 1000, role: 'owner' },
    ...(speech === undefined ? {} : { speech }),
  });
  t.after(async () => {
    await socket.stop(milliseconds(0));
    rmSync(base, { recursive: true, force: true });
  });
  return { path, log, clock, socket, added };
}

const dial = async (path: string): Promise<Socket> => {
  const usable = usablePath(path);
  const socket = connect(usable.path);
  await new Promise((resolve) => socket.once('connect', resolve));
  usable.close();
  return socket;
};

/** Sends octets, reads until the other end closes or `lines` lines came. */
async function exchange(path: string, octets: string, lines = Number.POSITIVE_INFINITY): Promise<string[]> {
  const socket = await dial(path);
  socket.write(octets);
  let text = '';
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    text += chunk.toString();
    if (text.split('\n').length > lines) break;
  }
  socket.destroy();
  return text.split('\n').filter((l) => l !== '');
}

const errorOf = (line: string | undefined): { kind: string; message: string } =>
  (JSON.parse(line ?? '{}') as { error: { kind: string; message: string } }).error;

const resultOf = (line: string | undefined): unknown => (JSON.parse(line ?? '{}') as { result: unknown }).result;

test('the control socket is open to its own user only', async (t) => {
  const { path } = await open(t);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
  const other = join(dirname(path), 'other');
  mkdirSync(other);
  assert.notEqual(statSync(other).mode & 0o700, 0o600, 'the umask of the process is what it was');
});

test('a call is answered, and the next one on the same connection too', async (t) => {
  const { path } = await open(t);
  const client = await connectControl(path, { name: 'jan' });
  assert.ok(client);
  assert.deepEqual(await client.call('gateway.status', {}), { ...status, probes: [], drills: [], warnings: [] });
  assert.deepEqual(await client.call('organisation.list', {}), []);
  await client.close();
});

test('the person behind a call and the reason reach the registry and the log', async (t) => {
  const { path, added, log } = await open(t);
  const client = await connectControl(path, { name: 'jan', reason: 'ticket 12' });
  await client?.call('organisation.add', { name: 'praktijk', title: 'Praktijk' });
  await client?.close();
  assert.deepEqual(added, [{ name: 'praktijk', actor: { name: 'jan', reason: 'ticket 12' } }]);
  const done = log.events.find((e) => e.event === 'admin.done');
  assert.equal(done?.fields.actor, 'jan');
  assert.equal(done.fields.reason, 'ticket 12');
});

test('an actor cannot forge a line of the log', async (t) => {
  const { path, added } = await open(t);
  const request = {
    protocol: 2,
    call: 'organisation.add',
    actor: { name: 'jan\nroot' },
    input: { name: 'a', title: 'A' },
  };
  await exchange(path, `${JSON.stringify(request)}\n`, 1);
  assert.equal(added[0]?.actor.name, 'jan root');
});

test('an error comes back with its kind and its text, and the connection goes on', async (t) => {
  const { path } = await open(t);
  const client = await connectControl(path, { name: 'jan' });
  await assert.rejects(
    async () => await client?.call('account.show', { login: 'nobody' }),
    (error) =>
      error instanceof AdminError && error.kind === 'unknown' && error.message.includes('Cannot find account "nobody"'),
  );
  assert.deepEqual(await client?.call('organisation.list', {}), []);
  await client?.close();
});

test('an unexpected error is told without its stack and logged', async (t) => {
  const { path, log } = await open(t, { reload: () => Promise.reject(new Error('disk on fire')) });
  const client = await connectControl(path, { name: 'jan' });
  await assert.rejects(async () => await client?.call('gateway.reload', {}), /disk on fire/);
  await client?.close();
  assert.ok(log.names.includes('admin.failed'));
});

test('garbage, an unknown operation and a value that is no object are refused, and the connection goes on', async (t) => {
  const { path } = await open(t);
  const lines = await exchange(
    path,
    'EHLO client.test\n\x00\xff\n[]\nnull\n{"protocol":2,"call":"account.explode"}\n{"protocol":2,"call":"toString"}\n{"protocol":2,"call":"organisation.list"}\n',
    7,
  );
  assert.deepEqual(
    lines.slice(0, 4).map((line) => errorOf(line).kind),
    ['invalid', 'invalid', 'invalid', 'invalid'],
  );
  assert.match(errorOf(lines[4]).message, /Cannot run "account\.explode": the gateway runs version/);
  assert.match(errorOf(lines[5]).message, /Cannot run "toString"/);
  assert.deepEqual(resultOf(lines[6]), []);
});

test('input of the wrong shape is refused by name', async (t) => {
  const { path } = await open(t);
  const actor = { name: 'jan' };
  for (const [operation, input, expected] of [
    ['organisation.add', {}, /Cannot use nothing as name: expected 1 to 64 characters/],
    ['organisation.add', { name: 7 }, /Cannot use 7 as name/],
    ['organisation.add', { name: 'Praktijk!' }, /a-z, 0-9 and -/],
    ['organisation.add', { name: 'a', title: 'two\nlines' }, /as title: expected one line/],
    ['organisation.add', { name: 'a', title: 'A', agb: '12' }, /as agb: expected 8 digits/],
    ['organisation.list', { limit: 1e9 }, /as limit: expected a whole number from 1 to 1000/],
    ['account.add', { login: 'a b', organisation: 'o' }, /as login: expected a login name/],
    ['account.add', { login: 'a', organisation: 'o', address: ['x'] }, /as address: expected an address/],
    ['account.add', { login: 'a', organisation: 'o', ends: 'soon' }, /as ends: expected a day/],
    ['account.set', { name: 'a b' }, /as name: expected a login name/],
    ['account.set', { name: 'a' }, /nothing was given; expected KEY=VALUE/],
    [
      'account.set',
      { name: 'a', settings: { quota: 'much' } },
      /as settings: expected a list of at most 1000, each KEY=VALUE/,
    ],
    ['account.set', { name: 'a', settings: ['quota'] }, /Cannot use "quota" as settings: expected KEY=VALUE/],
    ['account.set', { name: 'a', settings: ['quota=1GiB', 'quota=2GiB'] }, /Cannot set "quota" twice/],
    ['account.set', { name: 'a', settings: ['quota=1GiB'], 'dry-run': true }, /Cannot use --dry-run without --from/],
    ['account.set', { name: 'a', settings: ['quota=much'] }, /is not a value for quota/],
    ['account.set', { name: 'a', settings: ['other=1'] }, /"other" is not a setting of an account/],
  ] as const) {
    const [line] = await exchange(path, `${JSON.stringify({ protocol: 2, call: operation, actor, input })}\n`, 1);
    assert.equal(errorOf(line).kind, 'invalid', JSON.stringify(input));
    assert.match(errorOf(line).message, expected);
  }
});

test('an oversized line is refused before it is read to its end', async (t) => {
  const { path } = await open(t);
  const lines = await exchange(path, `{"protocol":2,"call":"${'x'.repeat(2000)}`);
  assert.equal(lines.length, 1);
  assert.match(errorOf(lines[0]).message, /a line is longer than 1000 octets/);
});

test('half a line is never run', async (t) => {
  const { path, added } = await open(t);
  const socket = await dial(path);
  socket.end('{"protocol":2,"call":"organisation.add","actor":{"name":"jan"},"input":{"name":"half","title":"Half"}}');
  let text = '';
  for await (const chunk of socket as AsyncIterable<Buffer>) text += chunk.toString();
  assert.match(text, /ended inside a line/);
  assert.deepEqual(added, []);
});

test('a connection that says nothing is closed after its time', async (t) => {
  const { path, clock } = await open(t);
  const socket = await dial(path);
  await exchange(path, '{"protocol":2,"call":"organisation.list"}\n', 1);
  clock.advance(seconds(31));
  for await (const chunk of socket as AsyncIterable<Buffer>) assert.fail(chunk.toString());
});

test('what an operation did not read of its upload is not taken for a request', async (t) => {
  const { path, added } = await open(t);
  const inner =
    '{"protocol":2,"call":"organisation.add","actor":{"name":"jan"},"input":{"name":"evil","title":"Evil"}}';
  const lines = await exchange(
    path,
    `{"protocol":2,"call":"account.set","input":{"name":7},"upload":true}\n{"piece":${JSON.stringify(inner)}}\n{"piece":"x"}\n{"end":true}\n{"protocol":2,"call":"organisation.list"}\n`,
    2,
  );
  assert.match(errorOf(lines[0]).message, /as name/);
  assert.deepEqual(resultOf(lines[1]), []);
  assert.deepEqual(added, []);
});

test('an upload that breaks off is refused', async (t) => {
  const { path } = await open(t);
  const lines = await exchange(
    path,
    '{"protocol":2,"call":"account.set","actor":{"name":"jan"},"input":{},"upload":true}\n{"piece":"account,quota\\n"}\n{"protocol":2,"call":"organisation.list"}\n',
  );
  assert.match(errorOf(lines[0]).message, /expected a piece of an upload or its end/);
  assert.equal(lines.length, 1);
});

test('a socket that a killed gateway left behind is replaced', async (t) => {
  const { path, socket } = await open(t);
  await socket.stop(milliseconds(0));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, 'left behind');
  const again = await openControlSocket({
    path,
    role: 'owner',
    context: {
      store: {} as Store,
      clock: systemClock,
      hashPassword: async () => '',
      ca: {} as AdminContext['ca'],
      partners: {} as AdminContext['partners'],
      webhooks: {} as AdminContext['webhooks'],
      console: {} as AdminContext['console'],
      configuration: {} as AdminContext['configuration'],
      probe: {} as AdminContext['probe'],
      mail: {} as AdminContext['mail'],
      keys: {} as AdminContext['keys'],
      secondPerson: [],
      backups: { drills: { due: async () => [] } } as unknown as AdminContext['backups'],
      evidence: {} as AdminContext['evidence'],
      longestAbsence: days(90),
      auditKeep: LEAST_KEPT,
      certificates: () => Promise.resolve({ certificates: [], unread: [] }),
      noticeWriter: {} as AdminContext['noticeWriter'],
      notices: {} as AdminContext['notices'],
      letters: {} as AdminContext['letters'],
    },
    log: new MemoryLog(),
    clock: systemClock,
  });
  const client = await connectControl(path, { name: 'jan' });
  await assert.rejects(async () => await client?.call('gateway.status', {}), /no gateway is running/);
  await client?.close();
  await again.stop(milliseconds(0));
});

test('connectControl() answers undefined when nobody listens', async (t) => {
  const { path, socket } = await open(t);
  await socket.stop(milliseconds(0));
  assert.equal(existsSync(path), false, 'the socket is gone');
  assert.equal(await connectControl(path, { name: 'jan' }), undefined);
  assert.equal(await connectControl('/nonexistent/folder/control.sock', { name: 'jan' }), undefined);
});

test(
  'a data folder with a path longer than a socket may have works',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const { path } = await open(t, { folder: 'deep/'.repeat(60) });
    assert.ok(path.length > 200);
    const client = await connectControl(path, { name: 'jan' });
    assert.deepEqual(await client?.call('organisation.list', {}), []);
    await client?.close();
  },
);

test('stop() lets a running operation end', async (t) => {
  let finish: () => void = () => undefined;
  let started: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (started = resolve));
  const { path, socket } = await open(t, {
    reload: () =>
      new Promise((resolve) => {
        finish = () => resolve(NOTHING_CHANGED);
        started();
      }),
  });
  const client = await connectControl(path, { name: 'jan' });
  const called = client?.call('gateway.reload', {});
  await begun;
  const stopped = socket.stop(seconds(5));
  finish();
  assert.deepEqual(await called, NOTHING_CHANGED);
  await stopped;
});

const OURS = ourSpeech().version;
const CHANGE = { name: 'a', title: 'A' };

test('a command and a gateway of other protocols say so in one sentence, and nothing was done', async (t) => {
  const newer = { protocol: CONTROL_PROTOCOL + 1, version: '9.1.0' };
  const older = { protocol: CONTROL_PROTOCOL - 1, version: '0.0.9' };
  for (const speech of [newer, older]) {
    const { path, added } = await open(t, { speech });
    const client = await connectControl(path, { name: 'jan' });
    await assert.rejects(
      async () => await client?.call('organisation.add', CHANGE),
      (error) =>
        error instanceof AdminError &&
        error.kind === 'unavailable' &&
        error.message ===
          `Cannot run "organisation.add": the gateway runs version ${speech.version}, this command is ${OURS}; restart the gateway, or use its command`,
    );
    assert.deepEqual(added, []);
    await client?.close();
  }
});

test('other versions that speak the same protocol work together, and only then the answer names the version', async (t) => {
  const { path } = await open(t, { speech: { protocol: CONTROL_PROTOCOL, version: '9.1.0' } });
  const client = await connectControl(path, { name: 'jan' });
  assert.deepEqual(await client?.call('organisation.list', {}), []);
  assert.equal(client?.otherVersion?.(), '9.1.0');
  await client.close();
  const same = await open(t);
  const request = { ...ourSpeech(), call: 'organisation.list' };
  assert.deepEqual(await exchange(same.path, `${JSON.stringify(request)}\n`, 1), ['{"result":[]}']);
});

test('an operation that the other version does not have is refused with both versions', async (t) => {
  const { path } = await open(t);
  const [line] = await exchange(
    path,
    '{"protocol":2,"version":"9.1.0","call":"account.levitate","upload":true}\n{"end":true}\n',
    1,
  );
  assert.equal(
    errorOf(line).message,
    `Cannot run "account.levitate": the gateway runs version ${OURS}, this command is 9.1.0; restart the gateway, or use its command`,
  );
});

test('an upload for an operation that is refused is not taken for requests', async (t) => {
  const { path, added } = await open(t);
  const inner =
    '{"protocol":2,"call":"organisation.add","actor":{"name":"jan"},"input":{"name":"evil","title":"Evil"}}';
  const lines = await exchange(
    path,
    `{"protocol":2,"version":"9.1.0","call":"account.levitate","upload":true}\n{"piece":${JSON.stringify(inner)}}\n{"end":true}\n{"protocol":2,"call":"organisation.list"}\n`,
    2,
  );
  assert.match(errorOf(lines[0]).message, /this command is 9\.1\.0/);
  assert.deepEqual(resultOf(lines[1]), []);
  assert.deepEqual(added, []);
});

test('a command from before versions were told is refused in the form that it reads', async (t) => {
  const { path, added } = await open(t);
  const before = { operation: 'organisation.add', actor: { name: 'jan' }, input: CHANGE };
  const [line] = await exchange(path, `${JSON.stringify(before)}\n`, 1);
  assert.match(errorOf(line).message, /^Cannot run "organisation\.add": .* this command is an older version; restart/);
  assert.deepEqual(added, []);
});

test('a gateway from before versions were told refuses, and the command says why', async (t) => {
  const base = mkdtempSync(join(tmpdir(), 'sluis-socket-'));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  // As such a gateway did: without "operation" nothing is run.
  const server = createServer((socket) => {
    socket.once('data', (line: Buffer) => {
      const { operation } = JSON.parse(line.toString()) as { operation?: string };
      assert.equal(operation, undefined);
      socket.end('{"error":{"kind":"invalid","message":"Cannot read the request: expected one JSON object a line"}}\n');
    });
  });
  t.after(() => server.close());
  const path = join(base, 'control.sock');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const client = await connectControl(path, { name: 'jan' });
  await assert.rejects(
    async () => await client?.call('organisation.add', CHANGE),
    (error) =>
      error instanceof AdminError &&
      error.message ===
        `Cannot run "organisation.add": the gateway runs an older version, this command is ${OURS}; restart the gateway, or use its command`,
  );
  await client?.close();
});

test('what a peer calls itself cannot forge a line', async (t) => {
  const { path } = await open(t);
  const [line] = await exchange(path, '{"protocol":2,"version":"9\\nroot","call":"a\\u001b[31m"}\n', 1);
  assert.match(errorOf(line).message, /^Cannot run "a\?\?31m": .* this command is an older version;/);
});
