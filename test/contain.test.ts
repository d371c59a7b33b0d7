/**
 * The bad day, from outside: programs of others hold sessions while an operator contains their
 * account, and try to come back with all that they had.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import type { ContainmentView } from '../src/commands/account-contain.ts';
import type { AuditRowView } from '../src/commands/audit/list.ts';
import type { SessionView } from '../src/admin/sessions.ts';
import type { SessionEnd } from '../src/commands/session.ts';
import type { AccountView } from '../src/admin/views.ts';
import { registrationOf } from '../src/crypto/certificates/certificate-register.ts';
import { value } from './crypto/support.ts';
import { makeClientAuthority } from './support/client-certificates.ts';
import { type Ran, sluisHere } from './support/command-line.ts';
import {
  type TestGateway,
  type TestGatewayOptions,
  addressOf,
  loginOf,
  passwordOf,
  startTestGateway,
} from './support/gateway.ts';
import { Pop3Client } from './support/pop3-client.ts';
import { withoutProgram } from './support/require.ts';
import { SmtpClient, acceptedId } from './support/smtp-client.ts';

async function open(t: TestContext, options: TestGatewayOptions = {}): Promise<TestGateway> {
  const gateway = await startTestGateway({ accounts: ['anna', 'bram', 'carl'], ...options });
  t.after(() => gateway.remove());
  return gateway;
}

const run = (gateway: TestGateway, args: readonly string[], input?: string): Promise<Ran> =>
  sluisHere([...args, '--config', join(gateway.folder, 'sluis.toml')], input);

async function json<T>(gateway: TestGateway, ...args: string[]): Promise<T> {
  const ran = await run(gateway, [...args, '--json']);
  assert.equal(ran.code, 0, ran.stderr);
  return JSON.parse(ran.stdout) as T;
}

/** A program of somebody else that holds a line: `said` is what it printed, by lines. */
class Held {
  readonly child: ChildProcess;
  #out = '';
  readonly #ended: Promise<unknown>;

  constructor(t: TestContext, program: string, args: readonly string[]) {
    this.child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#out += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#out += text));
    this.#ended = once(this.child, 'close');
    t.after(() => this.child.kill('SIGKILL'));
  }

  async until(text: string): Promise<void> {
    const gone = this.#ended.then(() => 'gone');
    while (!this.#out.includes(text))
      if ((await Promise.race([once(this.child.stdout!, 'data'), gone])) === 'gone' && !this.#out.includes(text))
        throw new Error(`ended before "${text}": ${this.#out}`);
  }

  /** What it printed until it ended by itself. */
  async end(): Promise<string> {
    await this.#ended;
    return this.#out;
  }
}

const PYTHON = `
import poplib, smtplib, ssl, sys
mode, port, login, password = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
context = ssl._create_unverified_context()
def say(*words): print(*words, flush=True)
if mode == 'pop3':
    client = poplib.POP3_SSL('127.0.0.1', port, context=context)
    client.user(login); client.pass_(password); client.stat()
    say('ready')
    try: say('rest', client.file.read())
    except Exception as e: say('rest', e)
else:
    client = smtplib.SMTP('127.0.0.1', port)
    client.starttls(context=context); client.login(login, password)
    client.mail(login); client.rcpt(sys.argv[5]); client.putcmd('data'); client.getreply()
    client.send(b'From: ' + login.encode() + b'\\r\\nSubject: half\\r\\n\\r\\nand then')
    say('ready')
    try: say('rest', client.file.read())
    except Exception as e: say('rest', e)
`;

test(
  'account contain ends the sessions of other programs, and nothing they had opens the account again',
  { skip: withoutProgram('python3', 'python3') || withoutProgram('openssl', 'openssl') },
  async (t) => {
    const authority = await makeClientAuthority('Group');
    const gateway = await open(t, { clientAuthorities: authority.root });
    const shown = await authority.issue('anna');
    const registration = value(registrationOf(shown.leaf, { match: 'pin' }));
    const actor = { name: 'test' };
    await gateway.store.registry.addCertificate(addressOf('anna'), { ...registration, name: 'laptop' }, actor);
    const key = join(gateway.folder, 'anna.pem');
    writeFileSync(key, `${shown.key}\n${shown.certificate}`);
    const script = join(gateway.folder, 'hold.py');
    writeFileSync(script, PYTHON);
    // The one program logs in with its own password, the other with an app password.
    const app = await run(gateway, ['account', 'app-password', 'add', addressOf('anna'), '--name', 'app', '--json']);
    const { password: appPassword } = JSON.parse(app.stdout) as { password: string };
    const hold = (mode: 'pop3' | 'smtp'): Held =>
      new Held(t, 'python3', [
        ...[script, mode, String(gateway.port(mode === 'pop3' ? 'pop3s' : 'submission'))],
        ...[addressOf('anna'), mode === 'pop3' ? appPassword : passwordOf('anna'), addressOf('bram')],
      ]);
    const pop3 = hold('pop3');
    const smtp = hold('smtp');
    await Promise.all([pop3.until('ready'), smtp.until('ready')]);
    const bystander = await Pop3Client.open(gateway.target('pop3s'), loginOf('carl'));

    // A TLS session that openssl keeps, which was resumed before.
    const kept = join(gateway.folder, 'session.pem');
    const openssl = (...more: string[]): Held =>
      new Held(t, 'openssl', [
        ...[
          's_client',
          '-connect',
          `127.0.0.1:${gateway.port('pop3s')}`,
          '-cert',
          key,
          '-key',
          key,
          '-crlf',
          '-ign_eof',
          ...more,
        ],
      ]);
    const first = openssl('-sess_out', kept);
    await first.until('+OK');
    first.child.stdin?.end('QUIT\n');
    await first.end();
    const second = openssl('-sess_in', kept, '-sess_out', kept);
    await second.until('+OK');
    second.child.stdin?.end('QUIT\n');
    assert.match(await second.end(), /Reused, TLS/);

    const listed = await json<SessionView[]>(gateway, 'session', 'list', '--account', addressOf('anna'));
    assert.deepEqual(listed.map((s) => [s.protocol, s.account, s.address, s.state]).sort(), [
      ['pop3', addressOf('anna'), '127.0.0.1', 'idle'],
      ['smtp', addressOf('anna'), '127.0.0.1', 'content'],
    ]);
    for (const session of listed) {
      assert.match(session.tls ?? '', /^TLSv1\.3$/);
      assert.match(session.cipher ?? '', /^TLS_/);
      assert.ok(session.read > 0 && session.written > 0);
    }

    const plan = await json<ContainmentView>(gateway, 'account', 'contain', addressOf('anna'), '--dry-run');
    assert.equal(plan.applied, false);
    assert.equal(plan.sessions, 2);
    assert.equal((await gateway.store.registry.findAccount(addressOf('anna')))?.account.state, 'active');

    const done = await run(gateway, ['account', 'contain', addressOf('anna'), '--reason', 'stolen laptop']);
    assert.equal(done.code, 0, done.stderr);
    assert.equal(
      done.stdout.replace(
        /(Sessions ended: +)(.*)/,
        (_, name: string, of: string) => name + of.split(', ').sort().join(', '),
      ),
      [
        'Account anna@group.test of group is contained.',
        '  State:                suspended; was active',
        '  Passwords removed:    first',
        '  App passwords ended:  app',
        '  Certificates revoked: laptop',
        '  Sessions ended:       pop3 from 127.0.0.1, smtp from 127.0.0.1 in the middle of a message',
        'TLS tickets of all listeners are void: each client makes one full handshake.',
        '',
        'Mail for it is refused meanwhile (550 5.2.1), and its senders know. What to do next:',
        '  sluis report incident --account anna@group.test --from DATE     what was exposed, for the report of a breach',
        '  sluis account password add anna@group.test --name first --generate --out FILE     when its machines are clean',
        '  sluis account resume anna@group.test     and new certificates: sluis cert issue --account anna@group.test --use login --code',
        '',
      ].join('\n'),
    );
    assert.match(await smtp.end(), /rest b'421 4\.3\.2 The helpdesk ended this session/);
    assert.match(await pop3.end(), /rest/);
    assert.equal((await bystander.stat()).messages, 0, 'nobody else is cut');

    // The half message was filed nowhere.
    const bram = await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'));
    assert.equal((await bram.stat()).messages, 0);
    await bram.quit();

    // The password was remembered, the certificate is the right one, the TLS session was resumable.
    await assert.rejects(Pop3Client.open(gateway.target('pop3s'), loginOf('anna')));
    await assert.rejects(SmtpClient.open(gateway.target('submission'), loginOf('anna')));
    const third = openssl('-sess_in', kept);
    await third.until('+OK');
    third.child.stdin?.end('AUTH EXTERNAL =\nQUIT\n');
    const said = await third.end();
    assert.match(said, /New, TLS/);
    assert.doesNotMatch(said, /Reused/);
    assert.match(said, /-ERR/);

    // Resumed alone it is still closed to the old password; a new one opens it.
    assert.equal((await run(gateway, ['account', 'resume', addressOf('anna')])).code, 0);
    await assert.rejects(Pop3Client.open(gateway.target('pop3s'), loginOf('anna')));
    const added = await run(
      gateway,
      ['account', 'password', 'add', addressOf('anna'), '--name', 'first'],
      'Another-Secret-pw\n',
    );
    assert.equal(added.code, 0, added.stderr);
    const again = await Pop3Client.open(gateway.target('pop3s'), {
      login: addressOf('anna'),
      password: 'Another-Secret-pw',
    });
    await again.quit();

    const rows = await gateway.store.audit.read({ limit: 1000 });
    const row = rows.find(({ event }) => event === 'registry.account-contained');
    const taken = { passwords: 1, appPasswords: 1, certificates: 1, codes: 0 };
    assert.deepEqual(row?.facts, { from: 'active', to: 'suspended', ...taken });
    assert.equal(row.personal?.reason, 'stolen laptop');
  },
);

test('a message that is whole when its account is contained gets its reply, and the session ends behind it', async (t) => {
  const gateway = await open(t);
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  await client.begin(addressOf('anna'), [addressOf('bram')], false);
  client.wire.send(`From: ${addressOf('anna')}\r\nSubject: whole\r\n\r\nBody.\r\n.\r\n`);
  const done = run(gateway, ['account', 'contain', addressOf('anna'), '--json']);
  const reply = await client.reply();
  if (reply.startsWith('250')) acceptedId(reply);
  else assert.match(reply, /^421 4\.3\.2 /);
  assert.equal((await done).code, 0);
  await assert.rejects(client.command('NOOP', '250'));
});

test('account contain takes many, from a file too, all names checked before the first', async (t) => {
  const gateway = await open(t);
  const wrong = await run(gateway, ['account', 'contain', addressOf('anna'), 'nobody@group.test']);
  assert.equal(wrong.code, 3);
  assert.match(wrong.stderr, /Cannot find account "nobody@group.test"/);
  assert.equal((await gateway.store.registry.findAccount(addressOf('anna')))?.account.state, 'active');
  const bad = await run(gateway, ['account', 'contain', '--from', '-'], 'name\nanna@group.test\n');
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /line 1: the header has the unknown column "name"; expected the columns account/);
  const none = await run(gateway, ['account', 'contain']);
  assert.match(none.stderr, /Cannot contain: name an account, or a file with --from/);

  const many = await run(
    gateway,
    ['account', 'contain', '--from', '-'],
    'account\nanna@group.test\nbram@group.test\nanna@group.test\n',
  );
  assert.equal(many.code, 0, many.stderr);
  assert.match(many.stdout, /^2 accounts are contained, 0 sessions were ended\.$/m);
  for (const name of ['anna', 'bram']) {
    const account = await json<AccountView>(gateway, 'account', 'show', addressOf(name));
    assert.equal(account.state, 'suspended');
    assert.deepEqual(account.passwords, []);
  }
  // Once more does nothing new and is no error: a run that broke off is run again.
  assert.equal((await run(gateway, ['account', 'contain', addressOf('anna')])).code, 0);
  await gateway.store.registry.setAccountState(addressOf('carl'), 'ended', { name: 'test' });
  assert.match((await run(gateway, ['account', 'contain', addressOf('carl')])).stderr, /it has ended/);
});

test('session end ends what it is told to, by id, account or network, and shows it first with --dry-run', async (t) => {
  const gateway = await open(t);
  const anna = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  const bram = await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'));
  const stranger = await Pop3Client.open(gateway.target('pop3s'));
  const all = await json<SessionView[]>(gateway, 'session', 'list');
  assert.deepEqual(all.map((s) => `${s.protocol} ${s.state} ${s.client ?? ''}`).sort(), [
    'pop3 idle ',
    'pop3 login ',
    'smtp idle client.test',
  ]);
  assert.match(
    (await run(gateway, ['session', 'list'])).stdout,
    /^SESSION +PROTOCOL +ACCOUNT +ADDRESS +TLS +CLIENT +SINCE/,
  );
  assert.deepEqual(await json(gateway, 'session', 'list', '--network', '192.0.2.0/24'), []);
  const nothing = await run(gateway, ['session', 'end']);
  assert.match(nothing.stderr, /name their ids, --account or --network/);
  const wrong = await run(gateway, ['session', 'end', '--network', 'here']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /"here" is not a network; expected an address/);

  const asked = await json<SessionEnd>(gateway, 'session', 'end', '--network', '127.0.0.0/8', '--dry-run');
  assert.equal(asked.sessions.length, 3);
  await anna.command('NOOP', '250');
  const told = await json<AuditRowView[]>(gateway, 'audit', 'list', '--event', 'operator.changed');
  assert.equal(told.at(-1)?.facts['dry-run'], true, 'whoever reads the trail must not believe that it was done');
  // A name that was mistyped is not an account without sessions.
  for (const verb of ['list', 'end']) {
    const mistyped = await run(gateway, ['session', verb, '--account', addressOf('brma')]);
    assert.equal(mistyped.code, 3);
    assert.match(mistyped.stderr, /^Cannot find account "brma@/);
  }
  assert.deepEqual(await json(gateway, 'session', 'list', '--account', addressOf('carl')), []);

  const id = all.find((s) => s.account === addressOf('anna'))?.id ?? '';
  const one = await json<SessionEnd>(gateway, 'session', 'end', id, 'nosuch');
  assert.deepEqual([one.sessions.map((s) => s.id), one.unknown], [[id], ['nosuch']]);
  assert.match(await anna.reply(), /^421 4\.3\.2 The helpdesk ended this session/);
  for (const [ids, told] of [
    [['nosuch'], /^Cannot end session "nosuch": it is not open; "sluis session list" shows those that are$/m],
    [['nosuch', 'other'], /^Cannot end any of 2 sessions, such as "nosuch": they are not open;/],
  ] as const) {
    const mistyped = await run(gateway, ['session', 'end', ...ids]);
    assert.equal(mistyped.code, 3);
    assert.match(mistyped.stderr, told);
  }
  await bram.stat();

  const rest = await json<SessionEnd>(gateway, 'session', 'end', '--account', addressOf('bram'));
  assert.equal(rest.sessions.length, 1);
  await assert.rejects(bram.stat());
  await json<SessionEnd>(gateway, 'session', 'end', '--network', '127.0.0.1');
  await assert.rejects(stranger.command('NOOP'));
  assert.deepEqual(await json(gateway, 'session', 'list'), []);
  // The account is not in question: it may come again.
  await (await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'))).quit();
});

test('session end in the middle of DATA files nothing, and the client is told', async (t) => {
  const gateway = await open(t);
  const anna = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  await anna.begin(addressOf('anna'), [addressOf('bram')], false);
  anna.wire.send(`From: ${addressOf('anna')}\r\nSubject: half\r\n\r\nand then`);
  const killed = await json<SessionEnd>(gateway, 'session', 'end', '--account', addressOf('anna'));
  assert.deepEqual(
    killed.sessions.map(({ state }) => state),
    ['content'],
  );
  assert.match(await anna.reply(), /^421 4\.3\.2 The helpdesk ended this session/);
  const bram = await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'));
  assert.equal((await bram.stat()).messages, 0);
  await bram.quit();
});

/**
 * Bram, as soon as the mailbox is free: the line is gone a moment before the lock, which the store
 * takes back.
 */
async function backIn(gateway: TestGateway): Promise<Pop3Client> {
  for (let tries = 0; ; tries += 1)
    try {
      return await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'));
    } catch (error) {
      if (tries === 100 || !(error instanceof Error && error.message.includes('[IN-USE]'))) throw error;
    }
}

test('session end in the middle of RETR cuts the line, and the message waits as it was', async (t) => {
  const gateway = await open(t);
  const anna = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  const line = `${'x'.repeat(70)}\r\n`;
  // More than the buffers of a line hold: whoever does not read keeps the session in the middle of
  // it.
  const content = `From: ${addressOf('anna')}\r\nSubject: large\r\n\r\n${line.repeat(250_000)}`;
  acceptedId(await anna.submit(addressOf('anna'), [addressOf('bram')], Buffer.from(content)));
  const { port, context } = gateway.target('pop3s');
  const socket = connect({
    port,
    host: '127.0.0.1',
    secureContext: context,
    servername: 'mail.test',
    checkServerIdentity: () => undefined,
  });
  t.after(() => socket.destroy());
  socket.write(`USER ${addressOf('bram')}\r\nPASS ${loginOf('bram').password}\r\nRETR 1\r\n`);
  let got = '';
  for (; !got.includes('Subject: large');) got += String((await once(socket, 'data'))[0]);
  socket.pause();
  const killed = await json<SessionEnd>(gateway, 'session', 'end', '--account', addressOf('bram'));
  assert.deepEqual(
    killed.sessions.map(({ protocol, state }) => [protocol, state]),
    [['pop3', 'busy']],
  );
  let rest = 0;
  socket.on('error', () => undefined).on('data', (piece: Buffer) => (rest += piece.length));
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  assert.ok(got.length + rest < content.length, 'it did not come to its end');
  const again = await backIn(gateway);
  assert.equal((await again.stat()).messages, 1);
  assert.equal((await again.uidl()).size, 1);
  await again.quit();
});

test('account show has open sessions, last logins and last refusals with their causes', async (t) => {
  const gateway = await open(t);
  const bram = await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'));
  const anna = await SmtpClient.open(gateway.target('submission'), loginOf('bram'));
  await anna.command(`MAIL FROM:<${addressOf('carl')}>`, '550').catch(() => undefined);
  await anna.quit();
  gateway.store.audit.note({
    ...{ event: 'login.refused', outcome: 'failure', facts: { protocol: 'pop3', reason: 'wrong', count: 3 } },
    account: (await gateway.store.registry.findAccount(addressOf('bram')))!.account.id,
    personal: { network: '192.0.2.9' },
  });
  const shown = await run(gateway, ['account', 'show', addressOf('bram')]);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /^Open sessions\n {2}\S+ {2}pop3 from 127\.0\.0\.1 since .*, idle\n {4}TLSv1\.3 /m);
  assert.match(shown.stdout, /^Last logins\n.* {2}smtp from 127\.0\.0\.1, password "first"$/m);
  assert.match(
    shown.stdout,
    /login, pop3 from 192\.0\.2\.9, 3 times\n {4}Cause: The password is not one of the account/,
  );
  await bram.quit();
});

test('without a gateway contain works on the store, and session says what to do', async (t) => {
  const gateway = await open(t);
  await gateway.stop();
  const list = await run(gateway, ['session', 'list']);
  assert.match(list.stderr, /Cannot list sessions: no gateway is running.*start it with "sluis serve"/);
  const done = await run(gateway, ['account', 'contain', addressOf('anna')]);
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /No gateway was running: no session was open/);
  const again = await gateway.restart();
  t.after(() => again.stop());
  await assert.rejects(Pop3Client.open(again.target('pop3s'), loginOf('anna')));
});
