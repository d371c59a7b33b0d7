/**
 * PGP/MIME through a whole gateway: submitted over SMTP, fetched over POP3 by a program that knows
 * PGP, or by one that does not.
 */
import assert from 'node:assert/strict';
import * as openpgp from 'openpgp';
import { type TestContext, after, test } from 'node:test';
import { armoured } from '../src/crypto/pgp/armour.ts';
import { Pgp } from '../src/crypto/pgp/pgp.ts';
import type { PgpKey } from '../src/crypto/pgp/protocol.ts';
import { openPgp } from '../src/crypto/pgp/unwrap.ts';
import { addressKey } from '../src/domain/address.ts';
import { instant } from '../src/domain/units.ts';
import { gathered, makeKey, messageOf, must, protectedBy, secretOf, withoutIntegrity } from './crypto/pgp/support.ts';
import { memoryStage } from './crypto/smime/support.ts';
import { registered } from './protection/pgp-support.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from './support/gateway.ts';
import { fetchAll, send } from './support/mail.ts';
import { seeded } from './support/seeded.ts';
import { SmtpClient } from './support/smtp-client.ts';
import { address } from './support/store.ts';

const actor = { name: 'test' };
const pgp = new Pgp();
after(() => pgp.close());

type Settings = Readonly<Record<string, string | boolean>>;

async function start(t: TestContext, settings: Readonly<Record<string, Settings>>, more = ''): Promise<TestGateway> {
  const gateway = await startTestGateway({ accounts: ['anna', 'bram', 'cor'], configuration: more });
  t.after(() => gateway.remove());
  for (const [name, changes] of Object.entries(settings))
    await gateway.store.registry.changeSettings({ scope: 'account', login: addressOf(name) }, changes, actor);
  return gateway;
}

/**
 * A key for an account, and the whole of it for the test; `held`: the gateway has its secret key.
 */
async function give(gateway: TestGateway, name: string, held = false, life?: number): Promise<PgpKey> {
  const key = await makeKey(pgp, name, 'curve25519', life);
  await register(gateway, name, key, held);
  return key;
}

async function register(gateway: TestGateway, name: string, key: PgpKey, held: boolean): Promise<void> {
  const { seals } = gateway.admin.mail.pgp;
  const sealed = held ? { sealedKey: await seals.seal(key.fingerprint, secretOf(key)) } : {};
  const record = registered(key, { emails: [addressOf(name)] });
  await gateway.store.pgpKeys.add(addressOf(name), { ...record, ...sealed }, 'imported', actor);
}

/** 8-bit EDI beside text, as an old system writes it. */
const BODY = "Uitslag van mevrouw Zo\xe9\r\nUNA:+.? 'UNB+UNOC:3+1+2'\r\n--\r\n";
const letter = (to: string, from = 'anna', extra = ''): Buffer =>
  Buffer.from(
    `From: <${addressOf(from)}>\r\nTo: ${to}\r\nSubject: Uitslag\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <${Math.random()}@group.test>\r\n${extra}` +
      `MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${BODY}`,
    'latin1',
  );

const submit = async (gateway: TestGateway, to: string, content: Buffer, from = 'anna'): Promise<string> =>
  await send(gateway.target('submission'), loginOf(from), { from: addressOf(from), to: [addressOf(to)], content });

async function fetched(gateway: TestGateway, who: string): Promise<string> {
  const [first, ...more] = await fetchAll(gateway.target('pop3s'), loginOf(who));
  assert(first !== undefined && more.length === 0);
  return first;
}

const events = async (gateway: TestGateway, event: string) =>
  (await gateway.store.audit.read({ limit: 1000 })).filter((row) => row.event === event);

test('between a program that knows PGP and a legacy POP3 client, both ways, octet for octet', async (t) => {
  const gateway = await start(t, {
    anna: { open: true },
    bram: { encrypt: 'required', 'protection-by': 'pgp' },
  });
  const anna = await give(gateway, 'anna', true);
  const bram = await give(gateway, 'bram');
  // Out: the legacy system writes plain text, the gateway signs and encrypts for it.
  await submit(gateway, 'bram', letter(addressOf('bram')));
  const closed = await fetched(gateway, 'bram');
  assert.doesNotMatch(closed, /mevrouw|UNB/);
  const opened = must(
    await openPgp(await messageOf(Buffer.from(closed, 'latin1')), {
      ...{ pgp, secretKeys: [secretOf(bram)], publicKeys: [anna.publicKey] },
      ...{ stage: memoryStage().stage, maxContent: 1_000_000 },
    }),
  );
  assert(opened !== undefined);
  assert.deepEqual(
    opened.signatures?.map(({ state }) => state),
    ['valid'],
  );
  assert((await gathered(opened.message.source.slices())).toString('latin1').endsWith(`\r\n\r\n${BODY}`));
  const [audited] = await events(gateway, 'message.protected');
  assert.deepEqual([audited?.facts?.protection, audited?.facts?.key], ['pgp interop', anna.fingerprint]);

  // Back: what bram's program signed and encrypted is in clear text in the legacy mailbox.
  const answer = await protectedBy(
    pgp,
    letter(addressOf('anna'), 'bram', 'Autocrypt: addr=bram@group.test; keydata=AAAA\r\n'),
    {
      secretKeys: [secretOf(bram)],
      publicKeys: [anna.publicKey],
      profile: 'strong',
    },
  );
  assert.doesNotMatch(answer.toString('latin1'), /Uitslag/);
  await submit(gateway, 'anna', answer, 'bram');
  const clear = await fetched(gateway, 'anna');
  assert(clear.endsWith(`\r\n\r\n${BODY}`));
  assert.match(clear, /^Subject: Uitslag\r$/m);
  assert.match(clear, /^Sluis-Opened: whole \(OpenPGP\)\r$/m);
  assert.match(
    clear,
    new RegExp(
      `x-pgp=pass\\r\\n\\theader.from=${addressOf('bram')}\\r\\n\\tbody.x-pgp-fingerprint=${bram.fingerprint}`,
    ),
  );
  assert.match(clear, /^Autocrypt: addr=bram/m, 'neither believed nor removed');
  assert.equal((await events(gateway, 'pgp.opened'))[0]?.outcome, 'success');
  await gateway.stop();
  const after = await gateway.admin.mail.pgp.thread.run({ kind: 'read-keys', octets: anna.publicKey });
  assert.equal(!after.ok && after.error.kind, 'busy', 'its thread has ended with it');
});

test('signatures are judged by registered keys alone: changed, stripped, forged, foreign, revoked', async (t) => {
  const gateway = await start(t, {});
  const anna = await give(gateway, 'anna');
  const signed = async (key: PgpKey): Promise<string> =>
    (await protectedBy(pgp, letter(addressOf('cor')), { secretKeys: [secretOf(key)] })).toString('latin1');
  const result = async (mail: string): Promise<string | undefined> => {
    await submit(gateway, 'cor', Buffer.from(mail, 'latin1'));
    const text = await fetched(gateway, 'cor');
    assert(text.includes(BODY) || mail.includes('ZOE'), 'a wrong signature refuses nothing');
    return /^Authentication-Results: [^\r]*;\r\n\tx-pgp=(\w+)/m.exec(text)?.[1];
  };
  assert.equal(await result(await signed(anna)), 'pass');
  assert.equal(await result((await signed(anna)).replace('Zo\xe9', 'ZOE')), 'fail');
  assert.equal(
    await result(await signed(await makeKey(pgp, 'anna'))),
    'permerror',
    "a key that names anna and is nobody's here",
  );
  const broken = (await signed(anna)).replace(
    /(-----BEGIN PGP SIGNATURE-----\r\n\r\n)[\s\S]*?(-----END)/,
    '$1AAAA\r\n$2',
  );
  assert.equal(await result(broken), 'neutral');
  // A stripped signature leaves a plain message: nothing says that it was checked, whatever it
  // claims itself.
  const claim = 'Authentication-Results: mail.test; x-pgp=pass header.from=anna@group.test\r\n';
  const stripped = letter(addressOf('cor'), 'anna', claim).toString('latin1');
  assert.equal(await result(stripped), undefined);
  assert.equal(await result(claim + (await signed(await makeKey(pgp, 'anna')))), 'permerror');
  await gateway.store.pgpKeys.revoke(anna.fingerprint, 'lost', actor);
  assert.equal(await result(await signed(anna)), 'policy');
  const outcomes = (await events(gateway, 'pgp.verified')).map(({ outcome, facts }) => [outcome, facts?.signature]);
  assert.deepEqual(outcomes, [
    ['success', 'valid'],
    ...[1, 2].map(() => ['failure', 'invalid']),
    ['failure', 'unreadable'],
    ...[1, 2].map(() => ['failure', 'invalid']),
  ]);
});

const asMessage = async (packets: Uint8Array): Promise<Buffer> =>
  Buffer.concat([
    Buffer.from(
      `From: <${addressOf('anna')}>\r\nTo: <${addressOf('cor')}>\r\nSubject: x\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <${Math.random()}@group.test>\r\n` +
        'MIME-Version: 1.0\r\nContent-Type: multipart/encrypted; boundary=b; protocol="application/pgp-encrypted"\r\n\r\n' +
        '--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n',
    ),
    await gathered(armoured('MESSAGE', [packets])),
    Buffer.from('\r\n--b--\r\n'),
  ]);

test('what cannot be opened is handed out wrapped, with one text for all causes, and the sender hears nothing of it', async (t) => {
  const gateway = await start(t, { cor: { open: true } });
  const cor = await give(gateway, 'cor', true);
  const whole = await protectedBy(pgp, letter(addressOf('cor')), { publicKeys: [cor.publicKey] });
  const changed = Buffer.from(whole);
  const middle = whole.indexOf('\r\n', whole.indexOf('BEGIN PGP') + 300) + 20;
  changed[middle] = whole[middle] === 0x41 ? 0x42 : 0x41;
  const foreign = await protectedBy(pgp, letter(addressOf('cor')), {
    publicKeys: [(await makeKey(pgp, 'else')).publicKey],
  });
  const bomb = await openpgp.encrypt({
    message: await openpgp.createMessage({ binary: Buffer.alloc(60_000_000) }),
    encryptionKeys: await openpgp.readKey({ binaryKey: cor.publicKey }),
    format: 'binary',
    config: { preferredCompressionAlgorithm: openpgp.enums.compression.zlib },
  });
  const unproven = await withoutIntegrity(Buffer.from(`Content-Type: text/plain\r\n\r\nmevrouw\r\n`), cor);
  const texts = new Set<string>();
  for (const [name, mail, problem] of [
    ['changed', changed, 'damaged'],
    ['another key', foreign, 'no-key'],
    ['a bomb', await asMessage(bomb), 'limit'],
    ['no integrity check', await asMessage(unproven), 'damaged'],
    // Bit 7 of a packet's first octet is set (RFC 9580 section 4.2): octets that anything may stand
    // in are a packet now and then.
    ['no packets', await asMessage(Buffer.concat([Buffer.of(0x41), seeded(300).octets(299)])), 'malformed'],
    ['another sender inside', await namingAnother(cor), 'malformed'],
  ] as const) {
    await submit(gateway, 'cor', mail);
    const text = await fetched(gateway, 'cor');
    assert.match(text, /^Sluis-Opened: failed\r$/m, name);
    assert.match(text, /x-pgp=permerror\r\n\treason="the message could not be opened"/, name);
    assert(text.includes(mail.toString('latin1').slice(mail.indexOf('MIME-Version:'))), `${name}: as it came`);
    assert.doesNotMatch(text, /mevrouw/, name);
    texts.add(/charset=[\s\S]*?message\/rfc822/.exec(text)?.[0].replace(/sluis-\w+/g, '') ?? '');
    assert.equal((await events(gateway, 'pgp.opened')).at(-1)?.facts?.problem, problem, name);
  }
  assert.equal(texts.size, 1, 'the text tells no cause from another');
  assert(gateway.log.names.includes('pgp.not-opened'));
});

async function namingAnother(cor: PgpKey): Promise<Buffer> {
  const content = `From: <someone@else.test>\r\nSubject: y\r\nContent-Type: text/plain; hp="cipher"; protected-headers="v1"\r\n\r\nmevrouw\r\n`;
  const packets = await openpgp.encrypt({
    message: await openpgp.createMessage({ binary: Buffer.from(content) }),
    encryptionKeys: await openpgp.readKey({ binaryKey: cor.publicKey }),
    format: 'binary',
  });
  return await asMessage(packets);
}

test('old keys open old mail; nothing is sent to them, and required without another is refused at RCPT', async (t) => {
  const gateway = await start(t, { cor: { open: true }, bram: { encrypt: 'required', 'protection-by': 'pgp' } });
  const old = await give(gateway, 'cor', true);
  const mail = await protectedBy(pgp, letter(addressOf('cor')), { publicKeys: [old.publicKey] });
  await gateway.store.pgpKeys.revoke(old.fingerprint, 'superseded', actor);
  await submit(gateway, 'cor', mail);
  assert((await fetched(gateway, 'cor')).endsWith(`\r\n\r\n${BODY}`));

  const rcpt = async (reply: string): Promise<string> => {
    const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
    await client.command(`MAIL FROM:<${addressOf('anna')}>`, '250');
    const answer = await client.command(`RCPT TO:<${addressOf('bram')}>`, reply);
    await client.quit();
    return answer;
  };
  const key = await makeKey(pgp, 'bram');
  const ended = registered(key, { emails: [addressOf('bram')], encryptsUntil: instant(Date.now() - 1000) });
  assert.match(await rcpt('550'), /5\.7\.5 .*no certificate or OpenPGP key for it is registered/);
  await gateway.store.pgpKeys.add(addressOf('bram'), ended, 'imported', actor);
  assert.match(await rcpt('550'), /5\.7\.5 .*it expired on/);
  await give(gateway, 'bram');
  await rcpt('250');
  const known = await gateway.store.pgpKeys.findMail(addressKey(address(addressOf('bram'))));
  assert.equal(known.length, 2);
});
