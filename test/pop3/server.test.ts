// @own-process: it measures memory, and its connections end late on a busy machine.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { milliseconds, minutes, seconds } from '../../src/domain/units.ts';
import { StoreUnavailable } from '../../src/store/store.ts';
import { type Pop3Fixture, startPop3 } from '../support/pop3.ts';
import { Line } from '../support/transcript.ts';

const MiB = 1024 * 1024;
const big = (size: number): Buffer => Buffer.alloc(size, `${'0123456789abcdef'.repeat(4)}0123456789\r\n`);

/** Over implicit TLS, before PASS. */
const enter = async (pop3: Pop3Fixture, login = 'alice'): Promise<Line> => {
  const line = await Line.open({ protocol: 'pop3', port: pop3.listener.port, ca: pop3.ca });
  await line.startTls();
  assert.match((await line.line()) ?? '', /^\+OK mail\.test/);
  assert.match(await say(line, `USER ${login}`), /^\+OK/);
  return line;
};

/** Logged in as `login`. */
const open = async (pop3: Pop3Fixture, login = 'alice'): Promise<Line> => {
  const line = await enter(pop3, login);
  const answer = await say(line, 'PASS secret');
  assert.match(answer, /^(\+OK maildrop|-ERR \[IN-USE\])/);
  return line;
};

const say = async (line: Line, command: string): Promise<string> => {
  line.send(`${command}\r\n`);
  return (await line.line()) ?? 'closed';
};

/** Waits for something that another turn of the loop brings, without sleeping for a fixed time. */
const until = async (what: () => boolean, name: string): Promise<void> => {
  for (let turn = 0; turn < 5000; turn += 1) {
    if (what()) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.fail(`never: ${name}`);
};

const endings = (pop3: Pop3Fixture): unknown[] =>
  pop3.log.events.filter((e) => e.event === 'pop3.ended').map((e) => e.fields.ending);

test('a second login on a held maildrop is answered [IN-USE] at once, and may try again', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  const first = await open(pop3);
  const second = await Line.open({ protocol: 'pop3', port: pop3.listener.port, ca: pop3.ca });
  await second.startTls();
  await second.line();
  await say(second, 'USER alice');
  assert.equal(
    await say(second, 'PASS secret'),
    '-ERR [IN-USE] another session has the maildrop open; try again when it has ended / De postbus is al geopend, op een andere computer of in een ander programma; probeer het over een minuut opnieuw',
  );
  assert.equal(await say(first, 'QUIT'), '+OK bye');
  await say(second, 'USER alice');
  assert.match(await say(second, 'PASS secret'), /^\+OK maildrop locked/);
  second.close();
});

test('a session that only meets the back-off, or a held maildrop, ends as one with wrong passwords does', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  const first = await open(pop3);
  for (const [answer, meet] of [
    ['-ERR [IN-USE] *', () => undefined],
    ['-ERR [SYS/TEMP] *', () => (pop3.authenticator.busy = true)],
  ] as const) {
    meet();
    await pop3.dialog(`@tls\nS: +OK *\n${`C: USER alice\nS: +OK*\nC: PASS secret\nS: ${answer}\n`.repeat(5)}@closed`);
  }
  first.close();
  await until(() => endings(pop3).length === 3, 'the ends');
  assert.deepEqual(endings(pop3).slice(0, 2), ['failed-logins', 'failed-logins']);
  const ended = pop3.log.events.filter(({ event }) => event === 'pop3.ended');
  assert.deepEqual(
    ended.map(({ fields }) => fields.failedLogins),
    [5, 5, undefined],
  );
});

test('a maildrop is free as soon as its session is closed, whether the client closes or not', async () => {
  await using pop3 = await startPop3({ tls: 'implicit', limits: { badCommands: 3 } });
  const line = await open(pop3);
  assert.equal(pop3.store.locked, 1);
  // It has heard that it is closed, and stays.
  line.pause();
  line.send('NONSENSE\r\nNONSENSE\r\nNONSENSE\r\n');
  await until(() => pop3.store.locked === 0, 'the maildrop');
  assert.equal(pop3.connections.open, 1, 'without a tick of the clock, and before the line has ended');
  assert.deepEqual(endings(pop3), ['bad-commands']);
  const second = await open(pop3);
  assert.match(await say(second, 'STAT'), /^\+OK/);
  line.close();
  second.close();
  await until(() => pop3.connections.open === 0, 'the places');
  assert.deepEqual(endings(pop3), ['bad-commands', 'dropped'], 'each ends once');
});

test('QUIT is answered only after the store has committed', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  pop3.store.file(1, 'a: b\r\n\r\n');
  const line = await open(pop3);
  await say(line, 'DELE 1');
  let commit = (): void => undefined;
  pop3.store.commitGate = new Promise((resolve) => (commit = resolve));
  line.send('QUIT\r\n');
  await until(() => pop3.store.calls.includes('commit 1/0'), 'the commit');
  assert.equal(line.unread, '');
  assert.equal(pop3.store.bodiesOf(1).length, 1);
  commit();
  assert.equal(await line.line(), '+OK bye');
  assert.equal(pop3.store.bodiesOf(1).length, 0);
});

test('a session that only looked frees its maildrop without a commit', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  pop3.store.file(1, 'a: b\r\n\r\n');
  const line = await open(pop3);
  assert.equal(await say(line, 'STAT'), '+OK 1 8');
  assert.equal(await say(line, 'QUIT'), '+OK bye');
  assert.deepEqual(pop3.store.calls, ['lock', 'release'], 'a poll reads no listing either');
});

test('damage in the middle of a message drops the line without the final dot and counts nothing as retrieved', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  pop3.store.file(1, big(2 * MiB));
  pop3.store.damagedAt = 5;
  const line = await open(pop3);
  assert.match(await say(line, 'RETR 1'), /^\+OK 2097152 octets/);
  for (let text = await line.line(); text !== undefined; text = await line.line()) assert.notEqual(text, '.');
  await until(() => endings(pop3).length === 1, 'the end');
  assert.deepEqual(endings(pop3), ['damaged']);
  assert.ok(pop3.log.names.includes('pop3.damaged'));
  assert.deepEqual(pop3.store.notes, []);
  assert.equal(pop3.store.locked, 0);
});

test('a large message arrives octet for octet and counts as progress', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  const body = Buffer.alloc(600_002, 'text\r\n.dot\r\n..\r\n');
  body.write('\r\n', body.length - 2);
  pop3.store.file(1, body);
  const line = await open(pop3);
  assert.equal(await say(line, 'RETR 1'), `+OK ${body.length} octets`);
  const received: string[] = [];
  for (let text = await line.line(); text !== '.'; text = await line.line())
    received.push(text?.replace(/^\./, '') ?? '');
  assert.equal(`${received.join('\r\n')}\r\n`, body.toString('latin1'));
  assert.match(await say(line, 'QUIT'), /bye/);
});

test('fifty sessions that ask for 20 MB and do not read hold a few hundred KB each, and are cut in the end', async () => {
  await using pop3 = await startPop3({
    tls: 'implicit',
    limits: { sendTime: seconds(30) },
    connections: { perAccount: 100 },
  });
  const body = big(20 * MiB);
  const logins = 50;
  const sockets: Line[] = [];
  // One account a session would need fifty accounts; the lock is not what is tested here.
  for (let n = 0; n < logins; n += 1) {
    pop3.store.file(1, ...(n === 0 ? [body] : []));
    const line = await open(pop3);
    line.pause();
    line.send('RETR 1\r\n');
    sockets.push(line);
    await until(() => pop3.store.calls.filter((c) => c === 'open').length === n + 1, 'RETR runs');
    pop3.store.forgetLock(1);
  }
  // The kernel's socket buffers take a few MB each; then nothing moves, though 80 slices a session
  // are asked for.
  for (let before = -1; before !== pop3.store.slicesRead;) {
    before = pop3.store.slicesRead;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(pop3.store.slicesRead < logins * 40, `${pop3.store.slicesRead} slices were read`);
  assert.equal(endings(pop3).length, 0);
  pop3.clock.advance(seconds(32));
  await until(() => endings(pop3).length === logins, 'all are cut');
  assert.deepEqual(new Set(endings(pop3)), new Set(['stalled']));
  for (const line of sockets) line.close();
});

test('a client that does not read its listings runs no further command', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  pop3.store.file(1, ...Array<string>(5000).fill('a: b\r\n\r\n'));
  const line = await open(pop3);
  line.pause();
  line.send('UIDL\r\n'.repeat(2000));
  await until(() => pop3.store.calls.includes('list'), 'the listing');
  await new Promise((resolve) => setTimeout(resolve, 50));
  line.close();
  await until(() => endings(pop3).length === 1, 'the end');
  const { commands } = pop3.log.events.find((e) => e.event === 'pop3.ended')?.fields ?? {};
  assert.ok(Number(commands) < 200, `${String(commands)} commands ran`);
});

test('a client that pipelines megabytes of commands and reads slowly is answered in order and holds one packet', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  pop3.store.file(1, big(76 * 500));
  const line = await open(pop3);
  line.send('RETR 1\r\n'.repeat(250_000));
  for (let answer = 0; answer < 400; answer += 1) {
    assert.equal(await line.line(), '+OK 38000 octets');
    for (let n = 0; n < 500; n += 1) await line.line();
    assert.equal(await line.line(), '.', `answer ${answer}`);
  }
  line.close();
  await until(() => endings(pop3).length === 1, 'the end');
  assert.deepEqual(endings(pop3), ['dropped']);
  assert.ok(!pop3.log.names.includes('pop3.failed'));
});

test('nobody holds a place before the login longer than the login time, whatever is said', async () => {
  await using pop3 = await startPop3({ limits: { badCommands: 1000 } });
  const options = { protocol: 'pop3', port: pop3.listener.port, ca: pop3.ca } as const;
  const silent = await Line.open(options);
  const talking = await Line.open(options);
  const secure = await Line.open(options);
  for (const line of [silent, talking, secure]) await line.line();
  await say(secure, 'STLS');
  await secure.startTls();
  for (let minute = 0; minute < 3; minute += 0.25) {
    if (minute < 0.5) {
      assert.match(await say(talking, 'CAPA'), /^\+OK/);
      while ((await talking.line()) !== '.');
    }
    if (minute < 2) {
      assert.match(await say(secure, 'USER alice'), /^\+OK/);
    }
    pop3.clock.advance(minutes(0.25));
  }
  for (const line of [silent, talking, secure]) await line.closed();
  assert.deepEqual(endings(pop3), ['start-time', 'start-time', 'login-time'], 'words outside TLS count for nothing');
  assert.equal(pop3.connections.open, 0);
});

test('a handshake that never comes ends with the login time', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  const socket = connect(pop3.listener.port, '127.0.0.1');
  await until(() => pop3.connections.open === 1, 'the connection');
  pop3.clock.advance(minutes(2) + 1000);
  await new Promise((resolve) => socket.once('close', resolve));
  await until(() => pop3.connections.open === 0, 'the place');
});

test('clear text on an implicit TLS port ends at once', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  const socket = connect(pop3.listener.port, '127.0.0.1').on('error', () => undefined);
  socket.write('USER alice\r\nPASS secret\r\n');
  await new Promise((resolve) => socket.once('close', resolve));
  await until(() => endings(pop3).length === 1, 'the end');
  assert.deepEqual(endings(pop3), ['tls-failed']);
});

test('an idle session is logged out after ten minutes, not before, and nothing is deleted', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  pop3.store.file(1, 'a: b\r\n\r\n');
  const line = await open(pop3);
  await say(line, 'DELE 1');
  pop3.clock.advance(minutes(9.5));
  assert.match(await say(line, 'NOOP'), /^\+OK/);
  pop3.clock.advance(minutes(9.5));
  assert.match(await say(line, 'NOOP'), /^\+OK/);
  pop3.clock.advance(minutes(10) + 2000);
  await line.closed();
  await until(() => pop3.store.locked === 0, 'the lock');
  assert.equal(pop3.store.bodiesOf(1).length, 1);
  assert.deepEqual(endings(pop3), ['idle']);
});

test('a take-over ends the old session within a second, without a word from it', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  pop3.store.file(1, 'a: b\r\n\r\n');
  const line = await open(pop3);
  await say(line, 'DELE 1');
  pop3.store.takeOver(1);
  pop3.clock.advance(seconds(1));
  await line.closed();
  await until(() => endings(pop3).length === 1, 'the end');
  assert.deepEqual(endings(pop3), ['taken-over']);
  assert.equal(pop3.store.bodiesOf(1).length, 1);
});

test('a session of an account that was suspended ends at once, others go on', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  pop3.store.file(1, big(20 * MiB));
  const alice = await open(pop3);
  const bob = await open(pop3, 'bob');
  alice.pause();
  alice.send('RETR 1\r\n');
  await until(() => pop3.store.slicesRead > 0, 'RETR runs');
  pop3.store.suspended.add('alice').add('bob');
  pop3.store.changed(1);
  await until(() => endings(pop3).length === 1, 'the end');
  assert.deepEqual(endings(pop3), ['account-closed']);
  assert.match(await say(bob, 'NOOP'), /^\+OK/);
  pop3.store.changed(1, 2);
  await bob.closed();
  await until(() => pop3.store.locked === 0, 'both maildrops are free');
});

test('no command is answered between a change of an account and the look at what it means for its session', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  pop3.store.file(1, 'a: b\r\n\r\n');
  const alice = await open(pop3);
  const bob = await open(pop3, 'bob');
  let answer = (): void => undefined;
  pop3.store.registryAnswers = new Promise((resolve) => (answer = resolve));
  pop3.store.suspended.add('alice');
  pop3.store.changed(1, 2);
  alice.send('STAT\r\n');
  bob.send('NOOP\r\n');
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  answer();
  assert.match((await bob.line()) ?? '', /^\+OK/, 'who may stay gets the answer then');
  assert.doesNotMatch((await alice.line()) ?? '', /^\+OK/);
  assert.deepEqual(endings(pop3), ['account-closed']);
});

test('a take-over ends the old session also in the middle of a message', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  pop3.store.file(1, big(20 * MiB));
  const line = await open(pop3);
  line.pause();
  line.send('RETR 1\r\n');
  await until(() => pop3.store.slicesRead > 0, 'RETR runs');
  pop3.store.takeOver(1);
  pop3.clock.advance(seconds(1));
  await until(() => endings(pop3).length === 1, 'the end');
  assert.deepEqual(endings(pop3), ['taken-over']);
  assert.deepEqual(pop3.store.notes, []);
});

test('octets behind STLS in the same packet are never read as said inside TLS, and are told of in the log', async () => {
  await using pop3 = await startPop3();
  const line = await Line.open({ protocol: 'pop3', port: pop3.listener.port, ca: pop3.ca });
  await line.line();
  const behind = 'USER alice\r\nPASS secret\r\n';
  line.send(`STLS\r\n${behind}`);
  assert.equal(await line.line(), '+OK begin TLS now');
  await line.startTls();
  // An answer to what was injected would come first.
  assert.equal(await say(line, 'NOOP'), '-ERR log in first / Log eerst in; zet in het mailprogramma verificatie aan');
  assert.equal(pop3.authenticator.asked.length, 0);
  const told = pop3.log.events.filter(({ event }) => event === 'pop3.injection');
  assert.deepEqual(
    told.map(({ fields }) => fields.octets),
    [behind.length],
  );
  line.close();
});

test('a handshake that fails after STLS ends the session and gives its place back', async () => {
  await using pop3 = await startPop3();
  const line = await Line.open({ protocol: 'pop3', port: pop3.listener.port, ca: pop3.ca });
  await line.line();
  assert.match(await say(line, 'STLS'), /^\+OK/);
  line.send('USER alice\r\nPASS secret\r\n');
  await until(() => endings(pop3).length === 1, 'the end');
  assert.deepEqual(endings(pop3), ['tls-failed']);
  assert.equal(pop3.connections.open, 0);
  assert.equal(pop3.authenticator.asked.length, 0);
});

test('stop() lets the command that runs end, closes without UPDATE, and leaves no timer', async () => {
  const pop3 = await startPop3({ tls: 'implicit' });
  pop3.store.file(1, 'a: b\r\n\r\n', big(4 * MiB));
  pop3.store.file(2, 'a: b\r\n\r\n');
  const busy = await open(pop3);
  const idle = await open(pop3, 'bob');
  await say(busy, 'DELE 1');
  await say(idle, 'DELE 1');
  busy.pause();
  busy.send('RETR 2\r\nQUIT\r\n');
  await until(() => pop3.store.slicesRead > 0, 'RETR runs');
  const stopped = pop3.listener.stop(seconds(30));
  await idle.closed();
  busy.resume();
  let last: string | undefined;
  for (let text = await busy.line(); text !== undefined; text = await busy.line()) last = text;
  assert.equal(last, '.', 'the message was sent to its end, and QUIT was not run');
  await stopped;
  assert.equal(pop3.store.bodiesOf(1).length + pop3.store.bodiesOf(2).length, 3);
  assert.equal(pop3.store.locked, 0);
  assert.equal(pop3.clock.waiting, 0);
  assert.deepEqual(endings(pop3), ['shutdown', 'shutdown']);
});

test('stop() cuts what has not ended when the drain time is over', async () => {
  const pop3 = await startPop3({ tls: 'implicit' });
  pop3.store.file(1, big(20 * MiB));
  const line = await open(pop3);
  line.pause();
  line.send('RETR 1\r\n');
  await until(() => pop3.store.slicesRead > 0, 'RETR runs');
  await pop3.stop(seconds(5));
  assert.equal(pop3.store.locked, 0);
  line.close();
});

test('seconds from the connect to TLS, and from there to the first command', async () => {
  await using pop3 = await startPop3({ connections: { startTime: seconds(10) } });
  const options = { protocol: 'pop3', port: pop3.listener.port, ca: pop3.ca } as const;
  const [silent, secure, talking] = [await Line.open(options), await Line.open(options), await Line.open(options)];
  for (const line of [silent, secure, talking]) await line.line();
  pop3.clock.advance(seconds(8));
  for (const line of [secure, talking]) {
    await say(line, 'STLS');
    await line.startTls();
  }
  assert.match(await say(talking, 'NOOP'), /^-ERR/);
  // The server's side of a handshake is done when it answers; the silent one has shown nothing of
  // the kind.
  await until(() => pop3.connections.sessions.filter((s) => s.facts().tls !== undefined).length === 2, 'TLS');
  pop3.clock.advance(seconds(3));
  await silent.closed();
  assert.equal(pop3.connections.open, 2, 'TLS gave the two others more time');
  pop3.clock.advance(seconds(8));
  await secure.closed();
  assert.match(await say(talking, 'USER alice'), /^\+OK/, 'the login time holds for who has said something');
  talking.close();
  await until(() => pop3.connections.open === 0, 'the places');
  const quiet = pop3.log.events.filter(({ event, level }) => event === 'pop3.ended' && level === 'debug');
  assert.deepEqual(
    quiet.map(({ fields }) => fields.ending),
    ['start-time', 'start-time'],
  );
});

test('a stranger whose place goes to another hears why, also inside TLS, and without a line in the log', async () => {
  await using pop3 = await startPop3({ connections: { beforeLogin: 2 } });
  const options = { protocol: 'pop3', port: pop3.listener.port, ca: pop3.ca } as const;
  const [first, second] = [await Line.open(options), await Line.open(options)];
  for (const line of [first, second]) await line.line();
  await say(second, 'STLS');
  await second.startTls();
  assert.match(await say(second, 'USER alice'), /^\+OK/);
  const others = [await Line.open(options), await Line.open(options)];
  for (const line of others) assert.match((await line.line()) ?? '', /^\+OK/);
  for (const line of [first, second]) {
    assert.equal(
      await line.line(),
      '-ERR [SYS/TEMP] too many connections are waiting for a login and this one was the oldest; connect again and log in',
    );
    await line.closed();
  }
  assert.equal(pop3.connections.open, 2);
  for (const line of others) line.close();
  await until(() => pop3.connections.open === 0, 'the places');
  const told = pop3.log.events.filter(
    ({ fields, level }) => JSON.stringify(fields).includes('displaced') && level !== 'debug',
  );
  assert.deepEqual(
    told.map(({ event }) => event),
    ['pop3.refused'],
    'one line for both of them',
  );
});

test('connection limits: a refused client hears why, and a closed connection gives its place back', async () => {
  await using pop3 = await startPop3({ connections: { perNetwork: 1 } });
  const options = { protocol: 'pop3', port: pop3.listener.port, ca: pop3.ca } as const;
  const first = await Line.open(options);
  await first.line();
  const second = await Line.open(options);
  assert.equal(
    await second.line(),
    '-ERR [SYS/TEMP] too many connections are open from your network; try again later / Er zijn te veel verbindingen vanuit uw netwerk; probeer het later opnieuw',
  );
  await second.closed();
  first.close();
  await until(() => pop3.connections.open === 0, 'the place');
  const third = await Line.open(options);
  assert.match((await third.line()) ?? '', /^\+OK/);
  third.close();
});

test('an account with too many sessions is refused and its maildrop is left free', async () => {
  await using pop3 = await startPop3({ tls: 'implicit', connections: { perAccount: 0 } });
  await pop3.dialog(`
@tls
S: +OK *
C: USER alice
S: +OK*
C: PASS secret
S: -ERR [SYS/TEMP] this account has too many sessions open*
`);
  assert.equal(pop3.store.locked, 0);
});

test('a client that leaves during its login gives up its place in the queue and holds no maildrop', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  let judge = (): void => undefined;
  pop3.authenticator.gate = new Promise((resolve) => (judge = resolve));
  const line = await Line.open({ protocol: 'pop3', port: pop3.listener.port, ca: pop3.ca });
  await line.startTls();
  await line.line();
  line.send('USER alice\r\nPASS secret\r\n');
  await until(() => pop3.authenticator.asked.length === 1, 'the login');
  line.close();
  await until(() => pop3.authenticator.asked[0]?.signal.aborted === true, 'the abort');
  judge();
  await until(() => endings(pop3).length === 1, 'the end');
  assert.deepEqual(pop3.store.calls, []);
});

test('10,000 messages: STAT, LIST and UIDL, whole', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  pop3.store.file(1, ...Array<string>(10_001).fill('a: b\r\n\r\n'));
  const line = await open(pop3);
  for (const command of ['LIST', 'UIDL']) {
    assert.match(await say(line, command), /^\+OK/);
    let lines = 0;
    while ((await line.line()) !== '.') lines += 1;
    assert.equal(lines, 10_001);
  }
  assert.equal(await say(line, 'STAT'), '+OK 10001 80008');
  line.close();
});

test('updateTls() serves new sessions with the new certificate and refuses one that cannot be served', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  assert.throws(() => pop3.listener.updateTls([{ key: '', certificate: '' }]), /TLS key: it is missing/);
  const line = await open(pop3);
  line.close();
  await pop3.stop(milliseconds(0));
});

test('a login that fails behind the opening of the maildrop leaves it free', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  const away = Promise.reject(new StoreUnavailable('the database has not answered for a second'));
  away.catch(() => undefined);
  pop3.store.registryAnswers = away;
  const refused = await enter(pop3);
  assert.match(await say(refused, 'PASS secret'), /^-ERR \[SYS\/TEMP\] /);
  refused.close();
  pop3.store.registryAnswers = Promise.resolve();
  const line = await enter(pop3);
  assert.match(await say(line, 'PASS secret'), /^\+OK maildrop locked/);
  line.close();
});
