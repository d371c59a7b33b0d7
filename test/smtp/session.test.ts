import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { minutes, seconds } from '../../src/domain/units.ts';
import { assertNoSecret } from '../support/no-secret.ts';
import { startSmtp } from '../support/smtp.ts';
import { Line, runTranscript } from '../support/transcript.ts';
import { Wire, trusting } from '../support/wire.ts';

const HELLO = `
S: 220 mail.test ESMTP
C: EHLO client.test
S... 250 *
@starttls
C: EHLO client.test
S... 250 *
`;

test('EHLO offers a login within TLS only, and the same extensions before and after', async (t) => {
  const { port, ca } = await startSmtp(t);
  await runTranscript(
    `
S: 220 mail.test ESMTP
C: EHLO client.test
S: 250-mail.test
S: 250-PIPELINING
S: 250-SIZE 50000000
S: 250-8BITMIME
S: 250-SMTPUTF8
S: 250-ENHANCEDSTATUSCODES
S: 250-DSN
S: 250-LIMITS RCPTMAX=1000
S: 250 STARTTLS
@starttls
# RFC 3207 section 4.2: what was said before is forgotten
C: MAIL FROM:<alice@group.test>
S: 503 5.5.1 *
C: EHLO client.test
S... 250-LIMITS RCPTMAX=1000
S: 250 AUTH PLAIN LOGIN
C: STARTTLS
S: 503 5.5.1 *
@auth alice alice-pw
C: EHLO client.test
S... 250 LIMITS RCPTMAX=1000
C: HELO client.test
S: 250 mail.test
C: QUIT
S: 221 2.0.0 *
@closed
`,
    { protocol: 'smtp', port, ca },
  );
});

test('the first word of a line chooses no words of the answer', async (t) => {
  const { port, ca } = await startSmtp(t);
  const unknown = 'S: 500 5.5.1 The command is unknown; use the commands of RFC 5321';
  // An empty line, one that begins with a space, and enhanced status codes: as the first word each
  // once was taken for a status of the gateway's own.
  const lines = ['', ' NOOP', '2.0.0 OK', '5.7.1'].map((line) => `C: ${line}\n${unknown}`).join('\n');
  await runTranscript(`${HELLO}${lines}\nC: QUIT\nS: 221 2.0.0 *\n@closed\n`, { protocol: 'smtp', port, ca });
});

test('nobody logs in or sends before TLS', async (t) => {
  const { port, ca, log } = await startSmtp(t);
  await runTranscript(
    `
S: 220 *
C: MAIL FROM:<alice@group.test>
S: 503 5.5.1 *
C: EHLO client.test
S... 250 *
@base64 C: AUTH PLAIN {{\\0alice\\0alice-pw}}
S: 538 5.7.11 *
C: AUTH LOGIN
S: 538 5.7.11 *
C: MAIL FROM:<alice@group.test>
S: 530 5.7.0 *TLS*
C: RCPT TO:<bob@group.test>
S: 530 5.7.0 *
C: DATA
S: 530 5.7.0 *
`,
    { protocol: 'smtp', port, ca },
  );
  assert.ok(!log.names.includes('smtp.login'));
});

test('what is pipelined behind STARTTLS is dropped', async (t) => {
  const { port, ca } = await startSmtp(t);
  const line = await Line.open({ protocol: 'smtp', port, ca });
  t.after(() => line.close());
  await line.line();
  line.send('EHLO client.test\r\n');
  while ((await line.line())?.startsWith('250-'));
  line.send('STARTTLS\r\nEHLO evil.test\r\nMAIL FROM:<alice@group.test>\r\nNOOP\r\n');
  assert.match((await line.line()) ?? '', /^220 2\.0\.0 /);
  await line.startTls();
  line.send('RCPT TO:<bob@group.test>\r\n');
  // EHLO was dropped with the rest: the session does not know a name.
  assert.match((await line.line()) ?? '', /^503 5\.5\.1 /);
  line.send('NOOP\r\n');
  assert.equal(await line.line(), '250 2.0.0 OK');
});

test('AUTH takes PLAIN and LOGIN, with and without an initial response', async (t) => {
  const { port, ca } = await startSmtp(t);
  for (const dialog of [
    '@base64 C: AUTH PLAIN {{\\0alice\\0alice-pw}}',
    'C: AUTH PLAIN\nS: 334 \n@base64 C: {{\\0alice\\0alice-pw}}',
    '@base64 C: AUTH PLAIN {{alice\\0alice\\0alice-pw}}',
    'C: auth login\nS: 334 VXNlcm5hbWU6\n@base64 C: {{alice}}\nS: 334 UGFzc3dvcmQ6\n@base64 C: {{alice-pw}}',
    '@base64 C: AUTH LOGIN {{alice}}\nS: 334 UGFzc3dvcmQ6\n@base64 C: {{alice-pw}}',
  ])
    await runTranscript(`${HELLO}${dialog}\nS: 235 2.7.0 *\nC: NOOP\nS: 250 2.0.0 *`, { protocol: 'smtp', port, ca });
});

test('AUTH refuses what is not one login of one account', async (t) => {
  const { port, ca } = await startSmtp(t, { limits: { failedLogins: 100, commandsBeforeLogin: 100 } });
  await runTranscript(
    `${HELLO}
# another identity than the one that logs in (RFC 4616)
@base64 C: AUTH PLAIN {{bob\\0alice\\0alice-pw}}
S: 535 5.7.8 *
# extra NULs
@base64 C: AUTH PLAIN {{\\0alice\\0alice-pw\\0}}
S: 501 5.5.2 *
@base64 C: AUTH PLAIN {{alice\\0alice-pw}}
S: 501 5.5.2 *
# the library takes the identity for the login when the login is empty; we do not
@base64 C: AUTH PLAIN {{alice\\0\\0alice-pw}}
S: 501 5.5.2 *
C: AUTH PLAIN !!!!
S: 501 5.5.2 *
C: AUTH PLAIN AGFsaWNlAGFsaWNlLXB3 extra
S: 501 5.5.4 *
C: AUTH
S: 501 5.5.4 *
C: AUTH CRAM-MD5
S: 504 5.5.4 *
C: AUTH XOAUTH2 AAAA
S: 504 5.5.4 *
C: AUTH LOGIN
S: 334 *
C: *
S: 501 5.7.0 *
C: AUTH PLAIN
S: 334 *
C: *
S: 501 5.7.0 *
@base64 C: AUTH PLAIN {{\\0alice\\0wrong}}
S: 535 5.7.8 *
@base64 C: AUTH PLAIN {{\\0nobody\\0wrong}}
S: 535 5.7.8 *
@auth alice alice-pw
@base64 C: AUTH PLAIN {{\\0bob\\0bob-pw}}
S: 503 5.5.1 *
C: MAIL FROM:<bob@group.test>
S: 550 5.7.1 *
`,
    { protocol: 'smtp', port, ca },
  );
});

test('an overloaded login is temporary, and five failures end the session', async (t) => {
  const { port, ca } = await startSmtp(t, { authenticate: (login) => (login === 'busy' ? 'busy' : undefined) });
  await runTranscript(
    `${HELLO}
@base64 C: AUTH PLAIN {{\\0busy\\0secret}}
S: 454 4.7.0 *
@base64 C: AUTH PLAIN {{\\0alice\\0wrong}}
S: 535 5.7.8 *
@base64 C: AUTH PLAIN {{\\0alice\\0wrong}}
S: 535 5.7.8 *
@base64 C: AUTH PLAIN {{\\0alice\\0wrong}}
S: 535 5.7.8 *
@base64 C: AUTH PLAIN {{\\0alice\\0wrong}}
S: 421 4.7.0 *
@closed
`,
    { protocol: 'smtp', port, ca },
  );
});

test('a session that only meets the back-off ends as well, and its logins are one count in the log', async (t) => {
  const { port, ca, log, connections } = await startSmtp(t, { authenticate: () => 'busy' });
  const busy = '@base64 C: AUTH PLAIN {{\\0alice\\0alice-pw}}\nS: ';
  await runTranscript(
    `${HELLO}\n${`${busy}454 4.7.0 *\n`.repeat(4)}${busy}421 4.7.0 The gateway could not check several logins*\n@closed`,
    { protocol: 'smtp', port, ca },
  );
  while (connections.open > 0) await new Promise((resolve) => setImmediate(resolve));
  const told = log.events
    .filter(({ event, level }) => event.startsWith('smtp.') && level !== 'debug')
    .map(({ event, fields }) => [event, fields.failedLogins]);
  assert.deepEqual(told, [['smtp.closed', 5]]);
});

test('no password reaches the log, in clear or in base64, right or wrong', async (t) => {
  const { port, ca, log } = await startSmtp(t);
  await runTranscript(
    `${HELLO}
@base64 C: AUTH PLAIN {{\\0alice\\0sesame-open}}
S: 535 *
@base64 C: AUTH PLAIN {{\\0alice\\0sesame-open\\0}}
S: 501 *
C: AUTH LOGIN
S: 334 *
@base64 C: {{alice}}
S: 334 *
@base64 C: {{sesame-open}}
S: 535 *
# a client that thinks it is logged in
C: sesame-open
S: 500 *
@auth alice alice-pw
`,
    { protocol: 'smtp', port, ca },
  );
  assert.ok(log.names.includes('smtp.login'));
  assertNoSecret(log, 'sesame-open', 'alice-pw');
});

test('commands out of order and unknown ones get a code that says so', async (t) => {
  const { port, ca } = await startSmtp(t);
  await runTranscript(
    `${HELLO}
@auth alice alice-pw
C: RCPT TO:<bob@group.test>
S: 503 5.5.1 *
C: DATA
S: 503 5.5.1 *
C: MAIL FROM:<alice@group.test>
S: 250 2.1.0 *
C: MAIL FROM:<alice@group.test>
S: 503 5.5.1 *
C: DATA
S: 503 5.5.1 *
C: DATA now
S: 501 5.5.4 *
C: RSET
S: 250 2.0.0 *
C: RCPT TO:<bob@group.test>
S: 503 5.5.1 *
C: VRFY bob@group.test
S: 252 2.5.0 *
C: VRFY
S: 501 5.5.4 *
C: EXPN staff
S: 502 5.5.1 *
C: HELP
S: 502 5.5.1 *
C: BDAT 10 LAST
S: 500 5.5.1 *
C: WIZ
S: 500 5.5.1 *
C: XCLIENT ADDR=192.0.2.1
S: 500 5.5.1 *
C: EHLO
S: 501 5.5.4 *
C: HELO
S: 501 5.5.4 *
C: NOOP
S: 250 2.0.0 *
`,
    { protocol: 'smtp', port, ca },
  );
});

test('MAIL and RCPT: every parameter that is taken, and a code for each that is not', async (t) => {
  const { port, ca } = await startSmtp(t);
  const mail: [string, string][] = [
    ['MAIL FROM:<alice@group.test> SIZE=123 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ314159 AUTH=<>', '250 2.1.0'],
    ['mail from:<alice@group.test> body=7bit ret=full', '250 2.1.0'],
    ['MAIL FROM: <alice@group.test>', '250 2.1.0'],
    ['MAIL FROM:<@relay.test,@b.test:alice@group.test>', '250 2.1.0'],
    ['MAIL FROM:<"alice"@group.test>', '250 2.1.0'],
    ['MAIL FROM:<@relay.test:"alice"@group.test>', '250 2.1.0'],
    ['MAIL FROM:<"ali\\ce"@group.test>', '501 5.1.7'],
    ['MAIL FROM:<"bob"@group.test>', '550 5.7.1'],
    ['MAIL FROM:<>', '250 2.1.0'],
    ['MAIL FROM:<alice@group.test> XFOO=1', '555 5.5.4'],
    ['MAIL FROM:<alice@group.test> SIZE=50000001', '552 5.3.4'],
    ['MAIL FROM:<alice@group.test> SIZE=-1', '501 5.5.4'],
    ['MAIL FROM:<alice@group.test> SIZE=99999999999999999999999', '501 5.5.4'],
    ['MAIL FROM:<alice@group.test> SIZE=1 SIZE=2', '501 5.5.4'],
    ['MAIL FROM:<alice@group.test> BODY=BINARYMIME', '501 5.5.4'],
    ['MAIL FROM:<alice@group.test> RET=ALL', '501 5.5.4'],
    ['MAIL FROM:<alice@group.test> ENVID=a+0D+0Ab', '501 5.5.4'],
    ['MAIL FROM:<alice@group.test> SMTPUTF8=yes', '501 5.5.4'],
    ['MAIL FROM:<alice@group.test', '501 5.5.4'],
    ['MAIL FROM:<alice@@group.test>', '501 5.1.7'],
    ['MAIL TO:<alice@group.test>', '501 5.5.4'],
    ['MAIL', '501 5.5.4'],
    ['MAIL FROM:<alice@elsewhere.test>', '550 5.7.1'],
  ];
  const rcpt: [string, string][] = [
    ['RCPT TO:<bob@group.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;bob+2B1@group.test', '250 2.1.5'],
    ['rcpt to:<BOB@GROUP.TEST>', '250 2.1.5'],
    ['RCPT TO:<postmaster>', '250 2.1.5'],
    ['RCPT TO:<Postmaster@mail.test>', '250 2.1.5'],
    ['RCPT TO:<bob@group.test> NOTIFY=NEVER,SUCCESS', '501 5.5.4'],
    ['RCPT TO:<bob@group.test> NOTIFY=SOMETIMES', '501 5.5.4'],
    ['RCPT TO:<bob@group.test> ORCPT=bob', '501 5.5.4'],
    ['RCPT TO:<bob@group.test> XBAR', '555 5.5.4'],
    ['RCPT TO:<>', '501 5.1.3'],
    ['RCPT TO:<bob>', '501 5.1.3'],
    ['RCPT TO:<"bob"@group.test>', '250 2.1.5'],
    ['RCPT TO:<"Postmaster"@mail.test>', '250 2.1.5'],
    ['RCPT TO:<"carol"@group.test>', '550 5.1.1'],
    ['RCPT TO:<"bob">', '501 5.1.3'],
    ['RCPT TO:<""@group.test>', '501 5.1.3'],
    ['RCPT TO:<"b\\ob"@group.test>', '501 5.1.3'],
    ['RCPT TO:<"b ob"@group.test>', '501 5.1.3'],
    ['RCPT TO:<"b"ob@group.test>', '501 5.1.3'],
    ['RCPT TO:<"bob@group.test"@group.test>', '501 5.1.3'],
    ['RCPT TO:<"bob>"@group.test>', '501 5.5.4'],
    ['RCPT TO:<carol@group.test>', '550 5.1.1'],
    ['RCPT TO:<bob@group.test> <carol@group.test>', '555 5.5.4'],
  ];
  await runTranscript(
    [
      HELLO,
      '@auth alice alice-pw',
      ...mail.flatMap(([command, status]) => [`C: ${command}`, `S: ${status} *`, 'C: RSET', 'S: 250 2.0.0 *']),
      'C: MAIL FROM:<alice@group.test>',
      'S: 250 *',
      ...rcpt.flatMap(([command, status]) => [`C: ${command}`, `S: ${status} *`]),
    ].join('\n'),
    { protocol: 'smtp', port, ca },
  );
});

test('an overlong line is refused whole, and its rest is never a command', async (t) => {
  const { port, ca, store } = await startSmtp(t);
  const line = await Line.open({ protocol: 'smtp', port, ca });
  t.after(() => line.close());
  await line.line();
  line.send('EHLO client.test\r\n');
  while ((await line.line())?.startsWith('250-'));
  await (line.send('STARTTLS\r\n'), line.line());
  await line.startTls();
  line.send('EHLO client.test\r\n');
  while ((await line.line())?.startsWith('250-'));
  // In the login dialog, longer than any limit: the login is over as well.
  line.send(`AUTH PLAIN\r\n`);
  assert.equal(await line.line(), '334 ');
  line.send(`${'A'.repeat(70_000)}NOOP\r\n`);
  assert.match((await line.line()) ?? '', /^500 5\.5\.2 /);
  line.send(`AUTH PLAIN ${Buffer.from('\0alice\0alice-pw').toString('base64')}\r\n`);
  assert.match((await line.line()) ?? '', /^235 /);
  line.send(`MAIL FROM:<alice@group.test> ENVID=${'x'.repeat(5000)}\r\nNOOP\r\n`);
  assert.match((await line.line()) ?? '', /^500 5\.5\.2 /);
  assert.match((await line.line()) ?? '', /^250 2\.0\.0 /);
  for (let i = 0; i < 40; i++) line.send('QUIT'.repeat(1000));
  line.send('\r\nMAIL FR\x00OM:<alice@group.test>\r\nMAIL FROM:<a\rlice@group.test>\r\nNOOP\r\n');
  assert.match((await line.line()) ?? '', /^500 5\.5\.2 .*too long/);
  assert.match((await line.line()) ?? '', /^500 5\.5\.2 .*control/);
  assert.match((await line.line()) ?? '', /^500 5\.5\.2 .*control/);
  assert.match((await line.line()) ?? '', /^250 2\.0\.0 /);
  assert.equal((await store.registry.findAccount('alice'))?.messages, 0);
});

test('ten commands that are not understood, or twenty before a login, end the session', async (t) => {
  const { port, ca } = await startSmtp(t);
  await runTranscript(
    `${HELLO}\n@auth alice alice-pw\n${'C: FOO\nS: 500 5.5.1 *\n'.repeat(9)}C: FOO\nS: 421 4.7.0 *\n@closed`,
    { protocol: 'smtp', port, ca },
  );
  await runTranscript(`S: 220 *\n${'C: NOOP\nS: 250 2.0.0 *\n'.repeat(19)}C: NOOP\nS: 421 4.7.0 *\n@closed`, {
    protocol: 'smtp',
    port,
    ca,
  });
});

test('a web page that was made to speak SMTP is cut off', async (t) => {
  const { port, ca } = await startSmtp(t);
  await runTranscript('S: 220 *\nC: POST / HTTP/1.1\nS: 421 4.7.0 *\n@closed', { protocol: 'smtp', port, ca });
});

test('who speaks before the greeting is told so and cut off', async (t) => {
  const { port, ca } = await startSmtp(t, { tls: 'implicit' });
  // Within TLS the client can speak as soon as its own side of the handshake is done.
  const socket = connectTls({ port, host: '127.0.0.1', ca, servername: 'mail.test' });
  t.after(() => socket.destroy());
  socket.write('EHLO early.test\r\n');
  let said = '';
  socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await new Promise<void>((resolve) => socket.once('close', () => resolve()).once('end', () => resolve()));
  assert.match(said, /^421 4\.7\.0 /);
});

test('the TLS port speaks TLS from the first octet, with our certificate and not below TLS 1.2', async (t) => {
  const { port, ca } = await startSmtp(t, { tls: 'implicit' });
  const wire = await Wire.open({ port, tls: 'implicit', servername: 'mail.test', context: trusting(ca) });
  t.after(() => wire.destroy());
  assert.match(await wire.line(), /^220 mail\.test ESMTP/);
  wire.send('EHLO client.test\r\n');
  const offered: string[] = [];
  do offered.push(await wire.line());
  while (offered.at(-1)?.startsWith('250-'));
  assert.deepEqual(offered.slice(-1), ['250 AUTH PLAIN LOGIN']);
  const old = connectTls({
    port,
    host: '127.0.0.1',
    ca,
    servername: 'mail.test',
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
  });
  await assert.rejects(
    new Promise((resolve, reject) => old.once('secureConnect', resolve).once('error', reject)),
    /protocol|version|alert/i,
  );
});

test('the certificate is never the one that the library publishes with its key', async (t) => {
  const { port, ca, listener } = await startSmtp(t, { tls: 'implicit' });
  const subjectOf = async (): Promise<string> => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, servername: 'mail.test' });
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    const certificate = socket.getPeerCertificate();
    socket.destroy();
    return certificate.subjectaltname ?? '';
  };
  assert.match(await subjectOf(), /DNS:mail\.test/);
  assert.throws(() => listener.updateTls([{ key: '', certificate: '' }]), /key/i);
  assert.match(await subjectOf(), /DNS:mail\.test/);
  assert.ok(ca.includes('BEGIN CERTIFICATE'));
});

test('a session without a login ends at its deadline, whatever it says meanwhile', async (t) => {
  const { port, ca, clock } = await startSmtp(t, { connections: { startTime: minutes(5) } });
  await runTranscript(
    `
S: 220 *
C: NOOP
S: 250 *
@wait 60
C: NOOP
S: 250 *
@wait 61
S: 421 4.4.2 *
@closed
`,
    { protocol: 'smtp', port, ca, directives: { wait: (s) => clock.advance(seconds(Number(s))) } },
  );
});

test('a handshake that does not come frees its place at the same deadline', async (t) => {
  const { port, clock, connections } = await startSmtp(t, { tls: 'implicit' });
  const line = await Line.open({ protocol: 'smtp', port, ca: '' });
  t.after(() => line.close());
  while (connections.open === 0) await new Promise((resolve) => setImmediate(resolve));
  clock.advance(seconds(121));
  await line.closed();
  while (connections.open > 0) await new Promise((resolve) => setImmediate(resolve));
});

test('a handshake that does not come after STARTTLS ends there as well', async (t) => {
  const { port, ca, clock, connections } = await startSmtp(t);
  await runTranscript('S: 220 *\nC: EHLO client.test\nS... 250 *\nC: STARTTLS\nS: 220 *\n@wait 121\n@closed', {
    protocol: 'smtp',
    port,
    ca,
    directives: { wait: (s) => clock.advance(seconds(Number(s))) },
  });
  while (connections.open > 0) await new Promise((resolve) => setImmediate(resolve));
});

test('an idle session ends after five minutes, each command begins them anew', async (t) => {
  const { port, ca, clock, connections } = await startSmtp(t);
  await runTranscript(
    `${HELLO}
@auth alice alice-pw
@wait 290
C: NOOP
S: 250 *
@wait 290
C: NOOP
S: 250 *
@wait 301
S: 421 4.4.2 *
@closed
`,
    { protocol: 'smtp', port, ca, directives: { wait: (s) => clock.advance(seconds(Number(s))) } },
  );
  while (connections.open > 0) await new Promise((resolve) => setImmediate(resolve));
});

test('seconds from the connect to TLS and the first command in it', async (t) => {
  const { port, ca, clock, connections, log } = await startSmtp(t, { connections: { startTime: seconds(10) } });
  const options = { protocol: 'smtp', port, ca } as const;
  const [silent, plain, talking] = [await Line.open(options), await Line.open(options), await Line.open(options)];
  t.after(() => talking.close());
  for (const line of [silent, plain, talking]) await line.line();
  for (const line of [plain, talking]) {
    line.send('EHLO client.test\r\n');
    while ((await line.line())?.startsWith('250-'));
  }
  talking.send('STARTTLS\r\n');
  await talking.line();
  await talking.startTls();
  talking.send('NOOP\r\n');
  assert.match((await talking.line()) ?? '', /^250 /);
  clock.advance(seconds(11));
  for (const line of [silent, plain]) {
    assert.match((await line.line()) ?? '', /^421 4\.4\.2 /);
    await line.closed();
  }
  while (connections.open > 1) await new Promise((resolve) => setImmediate(resolve));
  talking.send('NOOP\r\n');
  assert.match((await talking.line()) ?? '', /^250 /, 'the login time holds for who has said something');
  assert.ok(!log.events.some(({ event, level }) => ['smtp.cut', 'smtp.closed'].includes(event) && level !== 'debug'));
});

test('a stranger whose place goes to another hears it: before TLS, in the handshake, and inside it', async (t) => {
  const { port, ca, connections, log } = await startSmtp(t, { connections: { beforeLogin: 3 } });
  const options = { protocol: 'smtp', port, ca } as const;
  const [plain, shaking, secure] = [await Line.open(options), await Line.open(options), await Line.open(options)];
  for (const line of [plain, shaking, secure]) await line.line();
  for (const line of [shaking, secure]) {
    line.send('EHLO client.test\r\n');
    while ((await line.line())?.startsWith('250-'));
    line.send('STARTTLS\r\n');
    await line.line();
  }
  await secure.startTls();
  const others = [await Line.open(options), await Line.open(options), await Line.open(options)];
  for (const other of others) assert.match((await other.line()) ?? '', /^220 /);
  assert.match((await plain.line()) ?? '', /^421 4\.7\.0 Too many connections are waiting for a login/);
  assert.match((await secure.line()) ?? '', /^421 4\.7\.0 Too many connections are waiting for a login/);
  for (const line of [plain, shaking, secure]) await line.closed();
  assert.equal(connections.open, 3);
  for (const other of others) other.close();
  const free = (): boolean => connections.open === 0;
  while (!free()) await new Promise((resolve) => setImmediate(resolve));
  const told = log.events.filter(
    ({ fields, level }) => /displaced|wait for a login/.test(JSON.stringify(fields)) && level !== 'debug',
  );
  assert.deepEqual(
    told.map(({ event }) => event),
    ['smtp.connection-refused'],
    'one line for all three',
  );
});

test('implicit TLS: who is silent in the handshake is the first to make room', async (t) => {
  const { port, connections } = await startSmtp(t, { tls: 'implicit', connections: { beforeLogin: 1 } });
  const first = await Line.open({ protocol: 'smtp', port, ca: '' });
  while (connections.open === 0) await new Promise((resolve) => setImmediate(resolve));
  const second = await Line.open({ protocol: 'smtp', port, ca: '' });
  await first.closed();
  assert.equal(connections.open, 1);
  second.close();
});

test('connections over the limit are refused in words, an account with its share as well', async (t) => {
  const { port, ca, connections } = await startSmtp(t, { connections: { perNetwork: 3, perAccount: 1 } });
  const options = { protocol: 'smtp', port, ca } as const;
  const first = await Line.open(options);
  t.after(() => first.close());
  await first.line();
  first.send('EHLO client.test\r\n');
  while ((await first.line())?.startsWith('250-'));
  await (first.send('STARTTLS\r\n'), first.line());
  await first.startTls();
  first.send(`EHLO client.test\r\nAUTH PLAIN ${Buffer.from('\0alice\0alice-pw').toString('base64')}\r\n`);
  while (!(await first.line())?.startsWith('235'));
  await runTranscript(
    `${HELLO}\n@base64 C: AUTH PLAIN {{\\0alice\\0alice-pw}}\nS: 421 4.7.0 *account*\n@closed`,
    options,
  );
  while (connections.open > 1) await new Promise((resolve) => setImmediate(resolve));
  const others = await Promise.all([Line.open(options), Line.open(options)]);
  for (const other of others) assert.match((await other.line()) ?? '', /^220 /);
  await runTranscript('S: 421 4.7.0 *\n@closed', options);
  for (const other of others) other.close();
});
