/** Promises of the pages that no other test shows. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { TRIES } from '../../src/ca/enrol.ts';
import { parseConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problem.ts';
import { makeAppPassword } from '../../src/crypto/passwords/app-password.ts';
import { newEnrolmentCode, readEnrolmentCode } from '../../src/crypto/passwords/enrolment-code.ts';
import type { ChainRow } from '../../src/domain/audit-row.ts';
import { instant } from '../../src/domain/units.ts';
import { nen7513Of } from '../../src/domain/nen7513.ts';
import { addressOf, loginOf, passwordOf, startTestGateway } from '../support/gateway.ts';
import { fetchAll, send } from '../support/mail.ts';
import { leaves } from '../cli/frozen/tree.ts';
import { SmtpClient } from '../support/smtp-client.ts';

const LEAST = `hostname = "mail.example.nl"
[keys]
master-key-file = "master.key"
[tls]
key = "a.pem"
certificate = "b.pem"
`;
const LISTENER = '[[listener]]\nname = "one"\nprotocol = "pop3"\nport = 995\ntls = "implicit"\n';
const read = (text: string) => parseConfig(text, '/x/sluis.toml', { files: false });

test('a listener speaks what the pages name, and neither IMAP nor web mail', () => {
  for (const protocol of ['imap', 'webmail', 'jmap'])
    assert.throws(
      () => read(LEAST + LISTENER.replace('pop3', protocol)),
      (error) => error instanceof ConfigError && /protocol.*expected.*smtp.*pop3/s.test(error.message),
    );
});

test('what the security page calls off by default is off', () => {
  const { scan, delivery, audit, listener } = read(LEAST + LISTENER);
  assert.deepEqual(
    [scan.clamd, delivery['dane-resolver'], audit['forward-to'], listener.map(({ protocol }) => protocol)],
    [undefined, undefined, undefined, ['pop3']],
  );
});

test('a scanner on another machine is refused by the configuration', () => {
  const clamd = (place: string) => read(`${LEAST}[scan]\nclamd = "${place}"\n${LISTENER}`).scan.clamd;
  for (const place of ['192.0.2.7:3310', 'scanner.example.nl:3310', '0.0.0.0:3310', '[2001:db8::7]:3310'])
    assert.throws(() => clamd(place), /clamd.*loopback/s, place);
  assert.deepEqual(clamd('127.0.0.1:3310'), { host: '127.0.0.1', port: 3310 });
  assert.deepEqual(clamd('/run/clamav/clamd.ctl'), { path: '/run/clamav/clamd.ctl' });
});

test('a one-time code has 79 bits, and five tries', () => {
  // Eight characters name it; the others are the secret.
  const codes = Array.from({ length: 500 }, () => newEnrolmentCode(randomBytes));
  const secrets = codes.map(({ id, code }) => code.replaceAll('-', '').slice(id.length));
  const alphabet = new Set(secrets.join(''));
  assert.deepEqual([...new Set(secrets.map(({ length }) => length))], [16]);
  assert.equal(Math.floor(16 * Math.log2(alphabet.size)), 79);
  assert.equal(new Set(secrets).size, secrets.length);
  for (const { code, hash } of codes) assert.deepEqual(readEnrolmentCode(code)?.hash, hash);
  assert.equal(TRIES, 5);
});

test('a password of a program has 256 random bits', () => {
  const asked: number[] = [];
  const { token } = makeAppPassword((octets) => {
    asked.push(octets);
    return randomBytes(octets);
  });
  assert.deepEqual(asked, [32]);
  assert.equal(Buffer.from(token.slice(token.indexOf('_') + 1), 'base64url').length, 32);
});

test('rows go to a collector with who and from where, and without where the operator says so', () => {
  const row: ChainRow = {
    ...{ seq: 1, at: instant(0), event: 'login.granted', outcome: 'success', message: null, account: null },
    ...{ facts: '{}', salt: null, commitment: null, hash: Buffer.alloc(32) },
    personal: JSON.stringify({ login: 'anna@group.test', peer: '192.0.2.9' }),
  };
  const line = (personal: boolean): string =>
    JSON.stringify(nen7513Of(row, { hostname: 'mail.test', personal, account: undefined }));
  assert.match(line(true), /anna@group\.test/);
  assert.doesNotMatch(line(false), /anna|192\.0\.2/);
});

test('no command takes a password or a secret as a word', () => {
  const secret = /password|passphrase|secret|token|(?:^|-)code$/;
  // What ends a token is named by its id.
  const asking = leaves.filter(({ path }) => path !== 'operator token end');
  const taken = asking.flatMap(({ path, command }) =>
    [
      ...command.options.filter(({ required, optional }) => required || optional).map(({ flags }) => flags),
      ...command.registeredArguments.map((one) => `<${one.name()}>`),
    ]
      .filter((flags) => secret.test(flags) && !/<(?:file|name|id|email)>$/.test(flags))
      .map((flags) => `${path} ${flags}`),
  );
  assert.deepEqual(taken, []);
});

test('a name that shows an address of somebody else is refused in From, Sender and Reply-To', async (t) => {
  const gateway = await startTestGateway({ accounts: ['anna', 'bert'] });
  t.after(() => gateway.remove());
  const own = 'From: Anna <anna@group.test>';
  for (const fields of [
    'From: "bert@group.test" <anna@group.test>',
    `${own}\r\nSender: "bert@group.test" <anna@group.test>`,
    `${own}\r\nReply-To: "bert@group.test" <anna@group.test>`,
  ]) {
    const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
    await client.command('MAIL FROM:<anna@group.test>', '250');
    await client.command('RCPT TO:<bert@group.test>', '250');
    await client.command('DATA', '354');
    client.wire.send(`${fields}\r\nTo: bert@group.test\r\n\r\nx\r\n`);
    const reply = await client.command('.', '550');
    assert.match(reply, /5\.7\.1 The name in the field (From|Sender|Reply-To)/);
    await client.command('QUIT', '221');
  }
  assert.deepEqual(await fetchAll(gateway.target('pop3s'), loginOf('bert')), []);
});

test('a sender of somebody else and one of nobody get one answer', async (t) => {
  const gateway = await startTestGateway({ accounts: ['anna', 'bert'] });
  t.after(() => gateway.remove());
  const others = ['bert@group.test', 'nobody@group.test', 'x@elsewhere.example'];
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  const replies = new Set<string>();
  for (const other of others) replies.add(await client.command(`MAIL FROM:<${other}>`, '550'));
  assert.match([...replies].join(), /^550 5\.7\.1 The address in MAIL FROM is not one/);
  assert.equal(replies.size, 1);
  const inHeader = new Set<string>();
  for (const other of others) {
    await client.command('MAIL FROM:<anna@group.test>', '250');
    await client.command('RCPT TO:<bert@group.test>', '250');
    await client.command('DATA', '354');
    client.wire.send(`From: ${other}\r\nTo: bert@group.test\r\n\r\nx\r\n`);
    inHeader.add(await client.command('.', '550'));
  }
  await client.command('QUIT', '221');
  assert.match([...inHeader].join(), /^550 5\.7\.1 The address in header From is not one/);
  assert.equal(inHeader.size, 1);
});

/** Where this process connects to while the test runs. */
function connections(t: TestContext): string[] {
  const made: string[] = [];
  const real = Reflect.get(Socket.prototype, 'connect') as (...given: unknown[]) => Socket;
  Socket.prototype.connect = function connect(this: Socket, ...given: unknown[]): Socket {
    const [first] = (Array.isArray(given[0]) ? given[0] : given) as [unknown];
    made.push(JSON.stringify(first));
    return Reflect.apply(real, this, given);
  };
  t.after(() => {
    Socket.prototype.connect = real;
  });
  return made;
}

test('a gateway that is told of nobody calls nobody', async (t) => {
  const made = connections(t);
  const gateway = await startTestGateway({ accounts: ['anna', 'bert'] });
  await send(gateway.target('submission'), loginOf('anna'), {
    ...{ from: addressOf('anna'), to: [addressOf('bert')] },
    content: 'From: anna@group.test\r\nTo: bert@group.test\r\nSubject: secret subject\r\n\r\nsecret content\r\n',
  });
  assert.equal((await fetchAll(gateway.target('pop3s'), loginOf('bert'))).length, 1);
  await gateway.remove();
  const ours = ['submission', 'pop3s'] as const;
  assert.ok(made.length >= ours.length, 'the test sees its own');
  assert.deepEqual(
    made.filter(
      (to) =>
        !ours.some(
          (name) => to.includes(`"port":${gateway.port(name)},`) || to.endsWith(`"port":${gateway.port(name)}}`),
        ),
    ),
    [],
  );
});

test('an anchor of the trail has numbers and hashes, and no person', async (t) => {
  const gateway = await startTestGateway({ accounts: ['anna'] });
  t.after(() => gateway.remove());
  await fetchAll(gateway.target('pop3s'), loginOf('anna'));
  await gateway.stop();
  const folder = join(gateway.folder, 'keys', 'anchors');
  const text = readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('');
  assert.match(text, /"seq":[1-9]/);
  const lines = text
    .trim()
    .split('\n')
    .map((line) =>
      Object.keys(JSON.parse(line) as object)
        .sort()
        .join(),
    );
  assert.deepEqual(new Set(lines), new Set(['at,hash,hostname,key,seq,signature']));
  assert.doesNotMatch(text, new RegExp(`anna|127\\.0\\.0|${passwordOf('anna')}`));
});
