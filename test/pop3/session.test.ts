import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startPop3 } from '../support/pop3.ts';
import { until } from '../support/until.ts';

const one = 'Subject: one\r\n\r\nfirst line\r\n.dot line\r\n..two dots\r\nlast\r\n';
const two = 'Subject: two\r\n\r\n.\r\n';

test('a whole session: every command of RFC 1939 in its order', async () => {
  await using pop3 = await startPop3();
  pop3.store.file(1, one, two, 'Subject: three\r\n\r\n');
  const uidls = pop3.store.uidlsOf(1);
  await pop3.dialog(`
# RFC 1939 section 10, inside TLS
S: +OK mail.test POP3 server ready
@starttls
@auth alice secret
C: STAT
S: +OK 3 ${one.length + two.length + 18}
C: LIST
S: +OK 3 messages (*octets)
S: 1 ${one.length}
S: 2 ${two.length}
S: 3 18
S: .
C: LIST 2
S: +OK 2 ${two.length}
C: UIDL
S: +OK *
S: 1 ${uidls[0]}
S: 2 ${uidls[1]}
S: 3 ${uidls[2]}
S: .
C: UIDL 3
S: +OK 3 ${uidls[2]}
C: RETR 1
S: +OK ${one.length} octets
S: Subject: one
S:${' '}
S: first line
S: ..dot line
S: ...two dots
S: last
S: .
C: RETR 2
S: +OK ${two.length} octets
S: Subject: two
S:${' '}
S: ..
S: .
C: TOP 1 2
S: +OK *
S: Subject: one
S:${' '}
S: first line
S: ..dot line
S: .
C: TOP 3 10
S: +OK *
S: Subject: three
S:${' '}
S: .
C: DELE 1
S: +OK*
C: DELE 1
S: -ERR this message is marked as deleted*
C: RETR 1
S: -ERR this message is marked as deleted*
C: LIST 1
S: -ERR this message is marked as deleted*
C: STAT
S: +OK 2 ${two.length + 18}
C: LIST
S: +OK 2 messages *
S: 2 ${two.length}
S: 3 18
S: .
C: UIDL
S: +OK *
S: 2 ${uidls[1]}
S: 3 ${uidls[2]}
S: .
C: RSET
S: +OK *3 messages
C: STAT
S: +OK 3 *
C: DELE 2
S: +OK*
C: NOOP
S: +OK*
C: QUIT
S: +OK bye
@closed
`);
  await pop3.stop();
  assert.deepEqual(pop3.store.bodiesOf(1), [one, 'Subject: three\r\n\r\n']);
  assert.equal(pop3.store.locked, 0);
  const collected = pop3.store.committed.filter((e) => e.event === 'message.collected');
  assert.deepEqual(
    collected.map((e) => e.facts?.removed),
    [false, true],
  );
  assert.deepEqual(pop3.store.committed.at(-1)?.facts, { protocol: 'pop3', retrieved: 2, deleted: 1 });
  const ended = pop3.log.events.find((e) => e.event === 'pop3.ended');
  const { ending, retrieved, deleted, octets } = ended?.fields ?? {};
  assert.deepEqual([ending, retrieved, deleted, octets], ['quit', 2, 1, one.length + two.length]);
});

test('no command that carries a password is taken before TLS, and the text says so', async () => {
  await using pop3 = await startPop3();
  await pop3.dialog(`
S: +OK *
C: CAPA
S: +OK *
S... STLS
S... .
C: USER alice
S: -ERR no login without TLS: use STLS first*
C: PASS secret
S: -ERR no login without TLS*
@base64 C: AUTH PLAIN {{\\0alice\\0secret}}
S: -ERR no login without TLS*
C: STAT
S: -ERR use STLS, then log in
C: QUIT
S: +OK bye
@closed
`);
  assert.equal(pop3.authenticator.asked.length, 0);
});

test('implicit TLS greets inside TLS and offers no STLS', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  await pop3.dialog(`
@tls
S: +OK mail.test POP3 server ready
C: STLS
S: -ERR TLS is active already
@auth alice secret
C: STLS
S: -ERR already logged in
C: QUIT
S: +OK bye
@closed
`);
});

test('what is pipelined after STLS is dropped, and the name said before it is forgotten', async () => {
  await using pop3 = await startPop3();
  await pop3.dialog(`
S: +OK *
C~ STLS\\r\\nUSER alice\\r\\nPASS secret\\r\\nQUIT\\r\\n
S: +OK begin TLS now
@tls
C: NOOP
S: -ERR log in first / Log eerst in; zet in het mailprogramma verificatie aan
C: PASS secret
S: -ERR USER comes before PASS
@auth alice secret
C: QUIT
S: +OK bye
`);
  assert.ok(pop3.log.names.includes('pop3.injection'));
  assert.equal(pop3.authenticator.asked.length, 1);
});

test('AUTH PLAIN and LOGIN, with and without initial response', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  for (const exchange of [
    '@base64 C: AUTH PLAIN {{\\0alice\\0secret}}',
    'C: auth plain\nS: + \n@base64 C: {{alice\\0alice\\0secret}}',
    'C: AUTH LOGIN\nS: + VXNlcm5hbWU6\n@base64 C: {{alice}}\nS: + UGFzc3dvcmQ6\n@base64 C: {{secret}}',
    '@base64 C: AUTH LOGIN {{alice}}\nS: + UGFzc3dvcmQ6\n@base64 C: {{secret}}',
    'C: USER alice\nS: +OK *\nC: PASS se cret ',
    'C: USER alice\nS: +OK *\nC: PASS s\\xc3\\xa9cret',
    'C: USER alice\nS: +OK *\nC: PASS s\\xe9cret',
    'C: UTF8\nS: +OK *\n@base64 C: AUTH PLAIN {{\\0alice\\0secret}}',
    'C: AUTH\nS: +OK *\nS: PLAIN\nS: LOGIN\nS: .\n@base64 C: AUTH PLAIN {{\\0alice\\0secret}}',
  ])
    await pop3.dialog(`
@tls
S: +OK *
${exchange}
S: +OK maildrop locked, 0 messages (0 octets)
C: USER alice
S: -ERR already logged in
@base64 C: AUTH PLAIN {{\\0alice\\0secret}}
S: -ERR already logged in
C: UTF8
S: -ERR already logged in
C: QUIT
S: +OK bye
@closed
`);
});

test('a wrong password, an unknown name and one that is not active get the same answer; too many close', async () => {
  await using pop3 = await startPop3({ tls: 'implicit', limits: { failedLogins: 4 } });
  const same =
    '-ERR [AUTH] the login failed: user name or password is wrong, or the account is suspended / Inloggen is niet gelukt: de gebruikersnaam of het wachtwoord klopt niet, of het account is opgeschort';
  await pop3.dialog(`
@tls
S: +OK *
C: USER alice
S: +OK password, please
C: PASS wrong
S: ${same}
C: USER nobody
S: +OK password, please
C: PASS secret
S: ${same}
@base64 C: AUTH PLAIN {{\\0alice\\0wrong}}
S: ${same}
C: PASS secret
S: -ERR USER comes before PASS
@base64 C: AUTH LOGIN {{nobody}}
S: + *
@base64 C: {{x}}
S: ${same}
@closed
`);
  assert.equal(pop3.store.calls.length, 0);
});

test('overload is never called a wrong password', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  await pop3.dialog(`
@tls
S: +OK *
@busy
C: USER alice
S: +OK *
C: PASS secret
S: -ERR [SYS/TEMP] the gateway cannot check the login at present*
@busy off
@auth alice secret
C: QUIT
S: +OK bye
`);
});

test('bad SASL responses are refused: foreign identity, NULs, no base64; "*" gives up', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  await pop3.dialog(`
@tls
S: +OK *
@base64 C: AUTH PLAIN {{bob\\0alice\\0secret}}
S: -ERR [AUTH] an account acts only for itself*
@base64 C: AUTH PLAIN {{\\0alice\\0secret\\0x}}
S: -ERR a PLAIN response has exactly two NULs
C: AUTH PLAIN !!!!
S: -ERR the response is not base64
C: AUTH PLAIN
S: +${' '}
C: *
S: -ERR the login was cancelled
C: AUTH CRAM-MD5
S: -ERR this mechanism is not offered*
C: AUTH PLAIN
S: +${' '}
C: QUIT
S: -ERR *
C: QUIT
S: +OK bye
`);
  assert.equal(pop3.authenticator.asked.length, 0);
});

test('a dropped line deletes nothing and frees the maildrop at once', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  pop3.store.file(1, one);
  // Each dialog ends by dropping the line; the next one logs in at once.
  for (let round = 0; round < 10; round += 1)
    await pop3.dialog(`
@tls
S: +OK *
@auth alice secret
C: RETR 1
S... .
C: DELE 1
S: +OK*
`);
  await pop3.stop();
  assert.deepEqual(pop3.store.bodiesOf(1), [one]);
  assert.deepEqual(
    pop3.store.notes.map((e) => [e.event, e.facts?.removed]),
    Array(10).fill(['message.collected', false]),
    'what was sent is noted all the same',
  );
});

test('message numbers: 0, overflow, missing and nonsense get a clear refusal', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  pop3.store.file(1, one);
  await pop3.dialog(`
@tls
S: +OK *
@auth alice secret
C: RETR 0
S: -ERR RETR needs one message number: message numbers start at 1
C: RETR 4294967297
S: -ERR RETR needs one message number: the number is above 2147483647
C: DELE 99999999999999999999
S: -ERR DELE needs one message number: the number is above 2147483647
C: RETR 2
S: -ERR no such message; the maildrop has messages 1 to 1
C: LIST 2147483647
S: -ERR no such message*
C: UIDL x
S: -ERR UIDL takes one message number: a number is expected
C: TOP 1 -1
S: -ERR TOP needs a message number and a number of lines: a number is expected
C: RETR
S: -ERR RETR needs one message number*
C: QUIT
S: +OK bye
`);
  assert.deepEqual(pop3.store.bodiesOf(1), [one]);
});

test('an empty maildrop says so', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  await pop3.dialog(`
@tls
S: +OK *
@auth bob secret
C: STAT
S: +OK 0 0
C: LIST
S: +OK 0 messages (0 octets)
S: .
C: UIDL
S: +OK *
S: .
C: RETR 1
S: -ERR no such message; the maildrop is empty
C: QUIT
S: +OK bye
`);
});

test('an overlong line is refused whole and its rest is never a command', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  pop3.store.file(1, one);
  await pop3.dialog(`
@tls
S: +OK *
@auth alice secret
C: ${'x'.repeat(600)}
S: -ERR the line is too long and was not read
C: NOOP ${'x'.repeat(506)} DELE 1
S: -ERR the line is too long and was not read
C: STAT
S: +OK 1 *
C: QUIT
S: +OK bye
`);
  await pop3.dialog(`
@tls
S: +OK *
C: AUTH PLAIN
S: +${' '}
C: ${'A'.repeat(13_000)}
S: -ERR the line is too long and was not read
C: AUTH PLAIN ${'A'.repeat(12_000)}
S: -ERR a PLAIN response has exactly two NULs
C: QUIT
S: +OK bye
`);
  assert.deepEqual(pop3.store.bodiesOf(1), [one]);
});

test('ten bad commands close, in every state; good ones between do not help', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  const nine = 'C: XYZZY\nS: -ERR unknown command*\nC: CAPA\nS... .\n'.repeat(9);
  await pop3.dialog(`@tls\nS: +OK *\n${nine}C: PASS\nS: -ERR *too many such commands, closing\n@closed\n`);
  await pop3.dialog(`@tls\nS: +OK *\n@auth alice secret\n${nine}C: RETR 0\nS: -ERR *closing\n@closed\n`);
  await pop3.dialog(
    `@tls\nS: +OK *\nC~ ${'z'.repeat(70_000)}\nS: -ERR the line does not end; the connection is closed\n@closed\n`,
  );
  assert.equal(pop3.store.locked, 0);
});

test('a NUL in a command is refused by name', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  await pop3.dialog(`
@tls
S: +OK *
C~ USER al\\x00ice\\r\\n
S: -ERR the command holds a NUL or another control character
@auth alice secret
C: QUIT
S: +OK bye
`);
});

test('pipelined commands are answered in their order', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  pop3.store.file(1, one, two);
  await pop3.dialog(`
@tls
S: +OK *
C~ USER alice\\r\\nPASS secret\\r\\nSTAT\\r\\nRETR 1\\r\\nDELE 1\\r\\nNOOP\\r\\nTOP 2 0\\r\\nRETR 2\\r\\nDELE 2\\r\\nSTAT\\r\\nQUIT\\r\\nNOOP\\r\\n
S: +OK password, please
S: +OK maildrop locked*
S: +OK 2 *
S: +OK ${one.length} octets
S... .
S: +OK*
S: +OK*
S: +OK top of the message
S... .
S: +OK ${two.length} octets
S... .
S: +OK*
S: +OK 0 0
S: +OK bye
@closed
`);
  assert.deepEqual(pop3.store.bodiesOf(1), []);
});

test('five thousand pipelined commands are all answered, in turns', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  await pop3.dialog(`
@tls
S: +OK *
@auth alice secret
C~ ${'NOOP\\r\\n'.repeat(5000)}STAT\\r\\n
${'S: +OK\n'.repeat(5000)}S: +OK 0 0
C: QUIT
S: +OK bye
`);
});

test('a damaged message is refused before its first octet, and the others are still handed out', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  pop3.store.file(1, one, two);
  pop3.store.damagedAt = 0;
  await pop3.dialog(`
@tls
S: +OK *
@auth alice secret
C: RETR 1
S: -ERR [SYS/PERM] this message is damaged*
@damaged 99
C: RETR 2
S: +OK *
S... .
C: QUIT
S: +OK bye
`);
  const alarm = pop3.log.events.find((e) => e.event === 'pop3.damaged');
  assert.deepEqual([alarm?.level, alarm?.fields.number], ['error', 1]);
  assert.deepEqual(pop3.store.calls.at(-1), 'commit 0/1');
});

test('the store fails: the peer hears of a problem, nothing is deleted, and the session ends', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  pop3.store.file(1, one);
  await pop3.dialog(`
@tls
S: +OK *
@auth alice secret
C: DELE 1
S: +OK*
@failing
C: QUIT
S: -ERR [SYS/TEMP] the server has a problem, nothing was deleted*
@closed
`);
  assert.deepEqual(pop3.store.bodiesOf(1), [one]);
  assert.equal(pop3.log.events.filter((e) => e.event === 'pop3.failed').length, 1);
});

test('a database that is away, or does not say: a temporary failure, and of what is not known nothing is promised', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  pop3.store.file(1, one);
  for (const [how, said] of [
    ['away', 'the server has a problem, nothing was deleted*'],
    [
      'unknown',
      'the gateway does not know whether the messages were deleted; log in again and look / Het is niet bekend of de berichten zijn verwijderd; haal opnieuw op en controleer het',
    ],
  ] as const) {
    await pop3.dialog(`
@tls
S: +OK *
@auth alice secret
C: DELE 1
S: +OK*
@${how}
C: QUIT
S: -ERR [SYS/TEMP] ${said}
@closed
`);
    pop3.store.failing = false;
  }
});

test('QUIT of a session whose login has ended meanwhile says so, and deletes nothing', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  pop3.store.file(1, one);
  await pop3.dialog(`
@tls
S: +OK *
@auth alice secret
C: DELE 1
S: +OK*
@ended
C: QUIT
S: -ERR [SYS/TEMP] the login of this session is no longer valid, nothing was deleted; log in again / U bent niet meer ingelogd; log opnieuw in
@closed
`);
  assert.deepEqual(pop3.store.bodiesOf(1), [one]);
  await until('the end', () => pop3.log.names.includes('pop3.ended'));
  const ends = pop3.log.events.filter(({ event }) => event === 'pop3.ended' || event === 'pop3.failed');
  assert.deepEqual(
    ends.map(({ event, fields }) => [event, fields.ending]),
    [['pop3.ended', 'login-ended']],
  );
});

test('a maildrop that was taken over answers nothing more, at QUIT as elsewhere', async () => {
  await using pop3 = await startPop3({ tls: 'implicit' });
  pop3.store.file(1, one);
  for (const command of ['QUIT', 'STAT', 'RETR 1'])
    await pop3.dialog(`
@tls
S: +OK *
@auth alice secret
C: DELE 1
S: +OK*
@takeover 1
C: ${command}
S: -ERR [SYS/TEMP] this session no longer has the maildrop, another session may have it; nothing was deleted, log in again / Een andere verbinding heeft de postbus geopend; er is niets verwijderd, haal opnieuw op
@closed
`);
  assert.deepEqual(pop3.store.bodiesOf(1), [one]);
});

test('no password reaches the log, in clear or in base64', async () => {
  await using pop3 = await startPop3({ tls: 'implicit', limits: { failedLogins: 99 } });
  const passwords = ['secret', 'wrongpass'];
  for (const password of passwords)
    await pop3.dialog(`
@tls
S: +OK *
@base64 C: AUTH PLAIN {{\\0alice\\0${password}}}
S: *
C: USER alice
S: *
C: PASS ${password}
S: *
@base64 C: AUTH LOGIN {{alice}}
S: *
@base64 C: {{${password}}}
S: -ERR *
C: ${password}
S: -ERR *
C: PASS ${password} ${'x'.repeat(600)}
S: -ERR *
C: QUIT
S: +OK bye
`);
  const text = JSON.stringify([pop3.log.events, pop3.store.notes, pop3.store.committed]);
  assert.ok(text.includes('alice'));
  for (const password of passwords)
    for (const form of [password, btoa(password), btoa(`\0alice\0${password}`)])
      assert.ok(!text.includes(form.replace(/=+$/, '')), form);
});
