/**
 * SCRAM over the whole gateway, on both protocols: who gets in, who does not, and what can be told
 * from outside.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test, { after, before } from 'node:test';
import { runOperation } from '../src/admin/operations.ts';
import { hashPassword } from '../src/crypto/passwords/password.ts';
import { adminContext } from '../src/gateway/admin.ts';
import { systemClock } from '../src/platform/clock.ts';
import { readScramVerifier, scramSalt, scramVerifier } from '../src/crypto/passwords/scram.ts';
import type { SettingChanges } from '../src/store/registry.ts';
import { value } from './crypto/support.ts';
import { type TestGateway, addressOf, passwordOf, startTestGateway } from './support/gateway.ts';
import { assertNoSecret } from './support/no-secret.ts';
import { ScramClient, type ScramClientOptions, attribute } from './support/scram-client.ts';
import { Line, type TranscriptOptions, runTranscript } from './support/transcript.ts';
import { OWNER_SAID } from '../src/domain/roles.ts';

const actor = { name: 'test' };
const ITERATIONS = 4096;
const accounts = ['anna', 'bert', 'cora', 'dora', 'erna', 'frits', 'gijs', 'hans', 'ida'];
let gateway: TestGateway;

before(async () => {
  gateway = await startTestGateway({
    accounts,
    scram: true,
    // What is slowed down, and how, is auth/authenticate.test.ts.
    configuration: `[auth]
exempt-networks = ["127.0.0.0/8"]
[[listener]]
name = "few"
protocol = "pop3"
address = "127.0.0.1"
port = 0
tls = "implicit"
scram = "offer"
accounts = ["${addressOf('hans')}"]`,
  });
});
after(async () => {
  const kept = await Promise.all(accounts.map((name) => gateway.store.registry.findLogin(addressOf(name))));
  const verifiers = kept.flatMap((record) => record?.passwords.flatMap((p) => p.scram ?? []) ?? []);
  const parts = verifiers.flatMap((text) => {
    const { storedKey, serverKey } = readScramVerifier(text)!;
    return [storedKey.toString('base64'), serverKey.toString('base64')];
  });
  assert.ok(parts.length > 0);
  assertNoSecret(gateway.log, ...accounts.map(passwordOf), 'Another-cora-pw', 'Password-of-desk', ...parts);
  await gateway.remove();
});

const set = (name: string, changes: SettingChanges): Promise<void> =>
  gateway.store.registry.changeSettings({ scope: 'account', login: addressOf(name) }, changes, actor);

/** Gives the account SCRAM and a password of this name, with a verifier that costs little. */
async function allow(name: string, password = passwordOf(name), called = 'scram'): Promise<void> {
  const { registry } = gateway.store;
  await set(name, { scram: true });
  const salt = scramSalt(await registry.scramSaltKey(), addressOf(name));
  const scram = value(await scramVerifier(password, salt, ITERATIONS));
  await registry.addPassword(addressOf(name), { name: called, hash: await hashPassword(password), scram }, actor);
}

type Protocol = 'smtp' | 'pop3';
const PROTOCOLS = ['smtp', 'pop3'] as const;
const PLUS = 'SCRAM-SHA-256-PLUS';
const BARE = 'SCRAM-SHA-256';
const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

async function open(protocol: Protocol, extra: Partial<TranscriptOptions> = {}): Promise<Line> {
  const line = await Line.open({ ...gateway.transcript(protocol === 'smtp' ? 'submissions' : 'pop3s'), ...extra });
  await line.startTls();
  assert.match((await line.line()) ?? '', protocol === 'smtp' ? /^220 / : /^\+OK /);
  if (protocol === 'smtp') {
    line.send('EHLO client.test\r\n');
    while (!((await line.line()) ?? '250 ').startsWith('250 ')) continue;
  }
  return line;
}

const challenge = (reply: string | undefined): string | undefined => {
  const [, text] = /^(?:334|\+) (.*)$/.exec(reply ?? '') ?? [];
  return text === undefined ? undefined : Buffer.from(text, 'base64').toString('utf8');
};

interface Attempt {
  readonly mechanism?: typeof PLUS | typeof BARE;
  /** Changes what the client says last. */
  readonly twist?: (final: string) => string;
  readonly initial?: boolean;
}

/**
 * One exchange on an open line. Returns the reply that ended it, and what the server asked with.
 */
async function exchange(
  line: Line,
  options: ScramClientOptions,
  { mechanism = BARE, twist = (final) => final, initial = true }: Attempt = {},
): Promise<{ readonly reply: string; readonly serverFirst: string }> {
  const bound = mechanism === PLUS;
  const client = new ScramClient({
    nonce: randomBytes(9).toString('base64'),
    ...(bound ? { header: 'p=tls-exporter,,', binding: line.exporter } : {}),
    ...options,
  });
  if (initial) line.send(`AUTH ${mechanism} ${base64(client.first)}\r\n`);
  else {
    line.send(`AUTH ${mechanism}\r\n`);
    assert.equal(challenge(await line.line()), '');
    line.send(`${base64(client.first)}\r\n`);
  }
  const asked = await line.line();
  const serverFirst = challenge(asked);
  if (serverFirst === undefined) return { reply: asked ?? 'closed', serverFirst: '' };
  line.send(`${base64(twist(client.final(serverFirst)))}\r\n`);
  const answer = await line.line();
  const proof = challenge(answer);
  if (proof === undefined) return { reply: answer ?? 'closed', serverFirst };
  assert.equal(proof, client.expected, 'the server must prove that it knows the verifier');
  line.send('\r\n');
  return { reply: (await line.line()) ?? 'closed', serverFirst };
}

async function logIn(
  protocol: Protocol,
  options: ScramClientOptions,
  attempt: Attempt = {},
  extra: Partial<TranscriptOptions> = {},
): Promise<{ readonly reply: string; readonly serverFirst: string }> {
  const line = await open(protocol, extra);
  try {
    return await exchange(line, options, attempt);
  } finally {
    line.close();
  }
}

const GRANTED = { smtp: /^235 2\.7\.0 /, pop3: /^\+OK maildrop locked/ };
const REFUSED = {
  smtp: /^535 5\.7\.8 The login failed/,
  pop3: /^-ERR \[AUTH\] the login failed: user name or password is wrong/,
};
const lastReason = (): unknown => gateway.log.events.findLast((e) => e.event === 'auth.failed')?.fields.reason;
const own = (name: string, password = passwordOf(name)): ScramClientOptions => ({ login: addressOf(name), password });

test('SCRAM is listed first inside TLS, with -PLUS from TLS 1.3 on, and not before TLS', async () => {
  const options = gateway.transcript('submission');
  await runTranscript(
    'S: 220 *\nC: EHLO c.test\nS... 250 STARTTLS\nC: AUTH SCRAM-SHA-256 biws\nS: 538 5.7.11 *\n@starttls\nC: EHLO c.test\nS... 250 AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN',
    options,
  );
  const old = { maxVersion: 'TLSv1.2' } as const;
  await runTranscript(
    'S: 220 *\nC: EHLO c.test\nS... 250 STARTTLS\n@starttls\nC: EHLO c.test\nS... 250 AUTH SCRAM-SHA-256 PLAIN LOGIN\nC: AUTH SCRAM-SHA-256-PLUS\nS: 504 5.5.4 *',
    { ...options, ...old },
  );
  const pop3 = gateway.transcript('pop3');
  await runTranscript(
    'S: +OK *\nC: CAPA\nS... .\nC: AUTH SCRAM-SHA-256\nS: -ERR no login without TLS*\n@starttls\nC: CAPA\nS... SASL SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN\nS... .\nC: AUTH\nS: +OK*\nS: SCRAM-SHA-256-PLUS\nS... .',
    pop3,
  );
  await runTranscript(
    'S: +OK *\n@starttls\nC: CAPA\nS... SASL SCRAM-SHA-256 PLAIN LOGIN\nS... .\nC: AUTH SCRAM-SHA-256-PLUS\nS: -ERR this mechanism is not offered*',
    { ...pop3, ...old },
  );
});

test('a listener that does not offer SCRAM neither lists nor takes it', async () => {
  const plain = await startTestGateway();
  try {
    await runTranscript(
      'S: 220 *\nC: EHLO c.test\nS... 250 STARTTLS\n@starttls\nC: EHLO c.test\nS... 250 AUTH PLAIN LOGIN\nC: AUTH SCRAM-SHA-256\nS: 504 5.5.4 *',
      plain.transcript('submission'),
    );
    await runTranscript(
      'S: +OK *\n@starttls\nC: CAPA\nS... SASL PLAIN LOGIN\nS... .\nC: AUTH SCRAM-SHA-256\nS: -ERR this mechanism is not offered*',
      plain.transcript('pop3'),
    );
  } finally {
    await plain.remove();
  }
});

test('SCRAM-SHA-256 and -PLUS log in on both protocols, and the log tells how', async () => {
  await allow('anna');
  for (const protocol of PROTOCOLS) {
    for (const mechanism of [BARE, PLUS] as const)
      for (const initial of [true, false]) {
        const { reply } = await logIn(protocol, own('anna'), { mechanism, initial });
        assert.match(reply, GRANTED[protocol]);
        const granted = gateway.log.events.findLast((e) => e.event === 'auth.granted')?.fields;
        assert.deepEqual(
          [granted?.login, granted?.password, granted?.how],
          [addressOf('anna'), 'scram', mechanism.toLowerCase()],
        );
      }
    // In any case, and with the identity of the login itself.
    const upper = { ...own('anna'), login: addressOf('anna').toUpperCase() };
    assert.match((await logIn(protocol, upper)).reply, GRANTED[protocol]);
    const identity = { ...own('anna'), header: `n,a=${addressOf('anna')},` };
    assert.match((await logIn(protocol, identity)).reply, GRANTED[protocol]);
    // TLS 1.2 has no channel binding that counts; "y" says that the client has seen none offered.
    const old = { maxVersion: 'TLSv1.2' } as const;
    for (const header of ['n,,', 'y,,'])
      assert.match((await logIn(protocol, { ...own('anna'), header }, {}, old)).reply, GRANTED[protocol]);
  }
  const found = await gateway.store.registry.findAccount(addressOf('anna'));
  assert.notEqual(found?.passwords.find((p) => p.name === 'scram')?.lastUsedAt, undefined);
  assert.equal(found?.passwords.find((p) => p.name === 'first')?.lastUsedAt, undefined);
});

test('a session that SCRAM opened is like any other', async () => {
  const line = await open('smtp');
  assert.match((await exchange(line, own('anna'))).reply, GRANTED.smtp);
  for (const [command, reply] of [
    [`MAIL FROM:<${addressOf('anna')}>`, /^250 2\.1\.0/],
    [`RCPT TO:<${addressOf('bert')}>`, /^250 2\.1\.5/],
    ['AUTH PLAIN', /^503 5\.5\.1/],
  ] as const) {
    line.send(`${command}\r\n`);
    assert.match((await line.line()) ?? '', reply);
  }
  line.close();
});

test('wrong password, foreign identity, given up, and an answer behind our proof: nobody is logged in', async () => {
  for (const protocol of PROTOCOLS) {
    assert.match((await logIn(protocol, own('anna', 'not the password'))).reply, REFUSED[protocol]);
    assert.equal(lastReason(), 'wrong');
    const foreign = { ...own('anna'), header: `n,a=${addressOf('bert')},` };
    assert.match((await logIn(protocol, foreign)).reply, /An account acts only|an account acts only/);
    assert.match(
      (await logIn(protocol, own('anna'), { twist: () => 'c=biws' })).reply,
      protocol === 'smtp' ? /^501 5\.5\.2/ : /^-ERR this is not a final message of SCRAM/,
    );
    for (const [answer, reply] of [
      ['*', protocol === 'smtp' ? /^501 5\.7\.0/ : /^-ERR the login was cancelled/],
      [base64('more'), protocol === 'smtp' ? /^501 5\.5\.2/ : /^-ERR after our proof/],
    ] as const) {
      const line = await open(protocol);
      const client = new ScramClient(own('anna'));
      line.send(`AUTH ${BARE} ${base64(client.first)}\r\n`);
      line.send(`${base64(client.final(challenge(await line.line()) ?? ''))}\r\n`);
      assert.equal(challenge(await line.line()), client.expected);
      line.send(`${answer}\r\n`);
      assert.match((await line.line()) ?? '', reply);
      line.send(protocol === 'smtp' ? `MAIL FROM:<${addressOf('anna')}>\r\n` : 'STAT\r\n');
      assert.match((await line.line()) ?? '', protocol === 'smtp' ? /^530 / : /^-ERR log in first/);
      line.close();
    }
  }
});

test('an exchange that is played back, or answers another nonce, is refused with a reason in the log', async () => {
  for (const protocol of PROTOCOLS) {
    let kept = '';
    const nonce = 'the-same-nonce-again';
    const recorded = { ...own('anna'), nonce };
    const first = await logIn(protocol, recorded, { twist: (final) => (kept = final) });
    assert.match(first.reply, GRANTED[protocol]);
    const again = await logIn(protocol, recorded, { twist: () => kept });
    assert.match(again.reply, REFUSED[protocol]);
    assert.equal(lastReason(), 'wrong-nonce');
    assert.notEqual(attribute(first.serverFirst, 'r'), attribute(again.serverFirst, 'r'));
    assert.ok(attribute(again.serverFirst, 'r').startsWith(nonce));
    // Right nonce, proof of another exchange.
    const mixed = await logIn(protocol, recorded, {
      twist: (final) => final.replace(/,p=.*$/, kept.slice(kept.lastIndexOf(',p='))),
    });
    assert.match(mixed.reply, REFUSED[protocol]);
    assert.equal(lastReason(), 'wrong');
  }
});

test('a login bound to another TLS session, or talked out of its binding, is refused with a reason in the log', async () => {
  for (const protocol of PROTOCOLS)
    for (const [options, mechanism, reason] of [
      [{ header: 'y,,' }, BARE, 'binding-downgrade'],
      [{ header: 'p=tls-exporter,,', binding: randomBytes(32) }, PLUS, 'other-channel'],
      [{ header: 'p=tls-unique,,', binding: randomBytes(12) }, PLUS, 'binding-type'],
      [{ header: 'p=tls-server-end-point,,', binding: randomBytes(32) }, PLUS, 'binding-type'],
    ] as const) {
      const { reply } = await logIn(protocol, { ...own('anna'), ...options }, { mechanism });
      assert.match(reply, REFUSED[protocol], reason);
      assert.equal(lastReason(), reason);
    }
  // Somebody between us with a TLS session on each side passes everything on: the client binds to
  // the other session.
  const [theirs, ours] = [await open('smtp'), await open('smtp')];
  const { reply } = await exchange(ours, { ...own('anna'), binding: theirs.exporter }, { mechanism: PLUS });
  assert.match(reply, REFUSED.smtp);
  theirs.close();
  ours.close();
});

test('a name that nobody has, an account without SCRAM and one with it cannot be told apart', async () => {
  const { registry } = gateway.store;
  await registry.setAccountState(addressOf('gijs'), 'suspended', actor);
  // As operators make it: the cost is the one that every challenge tells.
  await set('cora', { scram: true });
  const password = 'Another-cora-pw';
  await runOperation(
    'account.password.add',
    adminContext(gateway.store, gateway.config, { clock: systemClock, log: gateway.log }),
    { login: addressOf('cora'), name: 'scram', password },
    { actor, who: OWNER_SAID, progress: () => undefined },
    gateway.log,
  );

  const names = ['cora', 'dora', 'gijs', 'nobody'];
  for (const protocol of PROTOCOLS) {
    const seen = new Map<string, string[]>();
    const guess = async (name: string): Promise<void> => {
      const { reply, serverFirst } = await logIn(protocol, { ...own(name, 'not the password'), iterations: 1 });
      assert.match(reply, REFUSED[protocol], name);
      const [cost, used, nonce] = ['i', 's', 'r'].map((attr) => attribute(serverFirst, attr));
      seen.set(name, [...(seen.get(name) ?? []), `i=${cost} s=${used} r=${nonce?.length}`]);
    };
    await Promise.all([...names, ...names].map(guess));
    for (const [name, [first = '', second]] of seen) {
      assert.equal(first, second, `${name}: the same challenge each time`);
      assert.match(first, /^i=600000 s=[A-Za-z0-9+/]{22}== r=\d+$/, name);
    }
    assert.equal(new Set([...seen.values()].map(([first]) => first)).size, names.length, 'each has a salt of its own');
  }
  assert.match((await logIn('smtp', own('cora', password))).reply, GRANTED.smtp);
});

test('the policy of the account holds for SCRAM as for passwords', async () => {
  await allow('dora');
  assert.match((await logIn('smtp', own('dora'))).reply, GRANTED.smtp);
  for (const [login, reason] of [
    ['certificate', 'password-off'],
    ['both', 'certificate-missing'],
  ] as const) {
    await set('dora', { login });
    for (const protocol of PROTOCOLS) {
      assert.match((await logIn(protocol, own('dora'))).reply, REFUSED[protocol], login);
      assert.equal(lastReason(), reason);
    }
  }
  await set('dora', { login: null });
  await set('dora', { scram: false });
  assert.match((await logIn('smtp', own('dora'))).reply, REFUSED.smtp);
  await gateway.store.registry.setAccountState(addressOf('anna'), 'suspended', actor);
  assert.match((await logIn('pop3', own('anna'))).reply, REFUSED.pop3);
  assert.equal(lastReason(), 'suspended');
  await gateway.store.registry.setAccountState(addressOf('anna'), 'active', actor);
});

test('a listener for other accounts refuses a right proof like a wrong one', async () => {
  await allow('hans');
  await allow('ida');
  const few = { port: gateway.listeners.find(({ spec }) => spec.name === 'few')?.port ?? 0 };
  assert.match((await logIn('pop3', own('hans'), {}, few)).reply, GRANTED.pop3);
  assert.match((await logIn('pop3', own('ida'), {}, few)).reply, REFUSED.pop3);
  assert.equal(lastReason(), 'not-on-listener');
  assert.match((await logIn('pop3', own('ida'))).reply, GRANTED.pop3);
});

test('each of several passwords logs in by SCRAM, until it is revoked', async () => {
  await allow('erna', 'Password-of-desk-one', 'one');
  await allow('erna', 'Password-of-desk-two', 'two');
  for (const word of ['Password-of-desk-one', 'Password-of-desk-two'])
    assert.match((await logIn('pop3', own('erna', word))).reply, GRANTED.pop3);
  await gateway.store.registry.revokePassword(addressOf('erna'), 'one', actor);
  assert.match((await logIn('pop3', own('erna', 'Password-of-desk-one'))).reply, REFUSED.pop3);
  assert.match((await logIn('pop3', own('erna', 'Password-of-desk-two'))).reply, GRANTED.pop3);
});

test('a password that was there before gets its verifier at its next login by PLAIN', async () => {
  await set('frits', { scram: true });
  const { registry } = gateway.store;
  const verifier = async (): Promise<string | undefined> =>
    (await registry.findLogin(addressOf('frits')))?.passwords[0]?.scram;
  assert.equal(await verifier(), undefined);
  const line = await open('smtp');
  line.send(`AUTH PLAIN ${base64(`\0${addressOf('frits')}\0${passwordOf('frits')}`)}\r\n`);
  assert.match((await line.line()) ?? '', GRANTED.smtp);
  line.close();
  while ((await verifier()) === undefined) await new Promise((resolve) => setImmediate(resolve));
  assert.match((await logIn('pop3', own('frits'), { mechanism: PLUS })).reply, GRANTED.pop3);
});

test('five failures end the session, as with passwords', async () => {
  const line = await open('smtp');
  for (let i = 0; i < 4; i += 1)
    assert.match((await exchange(line, own('bert', 'wrong'), { twist: () => 'x' })).reply, /^501/);
  assert.match((await exchange(line, own('bert', 'wrong'), { twist: () => 'x' })).reply, /^421 4\.7\.0/);
  await line.closed();
});
