/**
 * Thunderbird against a whole gateway: set up, fetched, answered, sent with a file, refused, signed
 * and encrypted.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Person } from '../crypto/cms/support.ts';
import { run } from '../peers/run.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { agree } from '../support/ldap.ts';
import { fetchAll, send } from '../support/mail.ts';
import { type MailGateway, startMailGateway } from '../support/mail-people.ts';
import { withoutProgram } from '../support/require.ts';
import { Thunderbird } from './thunderbird.ts';

const options = { skip: withoutProgram('thunderbird', 'thunderbird'), timeout: 300_000 };
const HOST = 'mail.test';
const EDI = "UNA:+.? 'UNB+UNOC:3+LAB+PRAC+261127:1200+REF1'UNH+1+MEDLAB:1'UNT+2+1'UNZ+1+REF1'\r\n\x00\xff end";

interface NoticeWriter {
  readonly gateway: MailGateway;
  readonly thunderbird: Thunderbird;
  readonly at: (name: string) => string;
}

/**
 * Anna sits at Thunderbird, set up with the values of docs/clients.md; bram and cor have other
 * programs.
 */
async function noticeWriter(t: TestContext, configuration = ''): Promise<NoticeWriter> {
  const gateway = await startMailGateway({ accounts: ['anna', 'bram', 'cor'], configuration });
  t.after(() => gateway.remove());
  const home = mkdtempSync(join(tmpdir(), 'sluis-thunderbird-'));
  t.after(() => rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  const thunderbird = await Thunderbird.start(home, [HOST]);
  t.after(() => thunderbird.stop());
  await thunderbird.setUp({
    ...{ host: HOST, pop3s: gateway.port('pop3s'), submission: gateway.port('submission') },
    ...{ ...loginOf('anna'), address: addressOf('anna'), name: 'Anna', ca: gateway.ca },
  });
  return { gateway, thunderbird, at: (name) => join(home, name) };
}

/** Resolves to a file of PKCS #12 with the password `secret`. */
async function packed({ at }: NoticeWriter, { keyPem, certificatePem }: Person): Promise<string> {
  writeFileSync(at('key.pem'), keyPem, { mode: 0o600 });
  writeFileSync(at('cert.pem'), certificatePem);
  const pack = ['pkcs12', '-export', '-inkey', at('key.pem'), '-in', at('cert.pem'), '-out', at('own.p12')];
  await run('openssl', [...pack, '-passout', 'pass:secret', '-name', 'Anna'], { home: at('.') });
  return at('own.p12');
}

// Thunderbird takes a signature for forged whose time is an hour from the Date.
const letterTo = (to: string, subject: string): Buffer =>
  Buffer.from(
    `From: Bram <${addressOf('bram')}>\r\nTo: <${addressOf(to)}>\r\nSubject: ${subject}\r\nDate: ${new Date().toUTCString().replace('GMT', '+0000')}\r\nMessage-ID: <${subject}@group.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe result is in.\r\n`,
  );
const bySomebodyElse = async ({ gateway }: NoticeWriter, subject: string): Promise<unknown> =>
  await send(gateway.target('submission'), loginOf('bram'), {
    ...{ from: addressOf('bram'), to: [addressOf('anna')], content: letterTo('anna', subject) },
  });
const fetched = async ({ gateway }: NoticeWriter, name: string): Promise<string> => {
  const [first, ...more] = await fetchAll(gateway.target('pop3s'), loginOf(name));
  assert.equal(more.length, 0);
  return first ?? '';
};

test(
  'Thunderbird fetches, answers, sends a file octet for octet, and tells of a refused address',
  options,
  async (t) => {
    const d = await noticeWriter(t);
    await bySomebodyElse(d, 'uitslag-1');
    assert.deepEqual(await d.thunderbird.fetch(), ['uitslag-1']);
    assert.match((await d.thunderbird.read('uitslag-1')).text, /The result is in\./);
    // It deletes what it has fetched: the mailbox is empty, and nothing comes twice.
    assert.deepEqual(await fetchAll(d.gateway.target('pop3s'), loginOf('anna')), []);
    assert.deepEqual(await d.thunderbird.fetch(), ['uitslag-1']);

    assert.deepEqual(await d.thunderbird.answer('Thank you.'), { sent: true });
    const answer = await fetched(d, 'bram');
    assert.match(answer, /^Subject: Re: uitslag-1\r$/m);
    assert.match(answer, /^In-Reply-To: <uitslag-1@group\.test>\r$/m);
    assert.match(answer, /Thank you\./);

    const file = d.at('uitslag.bin');
    writeFileSync(file, EDI, 'latin1');
    const letter = { to: addressOf('bram'), subject: 'Uitslag met bestand', body: 'Zie bijlage', attachment: file };
    assert.deepEqual(await d.thunderbird.send(letter), { sent: true });
    const [, encoded = ''] =
      /filename="uitslag\.bin"[\s\S]*?\r\n\r\n([\s\S]*?)\r\n--/.exec(await fetched(d, 'bram')) ?? [];
    const sha256 = (octets: Buffer): string => createHash('sha256').update(octets).digest('hex');
    assert.equal(sha256(Buffer.from(encoded, 'base64')), sha256(Buffer.from(EDI, 'latin1')));

    const refused = await d.thunderbird.send({ to: 'nobody@group.test', subject: 'To nobody', body: 'x' });
    assert(!refused.sent);
    assert.match(refused.told.join('\n'), /<nobody@group\.test> is not registered in this group/);
    // What was wrong is the letter, not the account: the next one goes out.
    assert.deepEqual(await d.thunderbird.send({ to: addressOf('bram'), subject: 'Again', body: 'x' }), { sent: true });
  },
);

test(
  'Thunderbird signs and encrypts: the gateway verifies and opens it, and it opens what the gateway protects',
  options,
  async (t) => {
    const d = await noticeWriter(t);
    const { gateway, thunderbird } = d;
    const anna = await gateway.give('anna', { kind: 'rsa2048' });
    const bram = await gateway.give('bram', { kind: 'rsa2048', keep: true });
    await gateway.set('bram', { open: true });
    await gateway.set('anna', { encrypt: 'required' });
    await thunderbird.useCertificates(await packed(d, anna), 'secret', [bram.certificatePem], gateway.mailRoot);

    const signed = { to: addressOf('cor'), subject: 'Signed', body: 'Signed by Anna', sign: true };
    assert.deepEqual(await thunderbird.send(signed), { sent: true });
    const seen = await fetched(d, 'cor');
    assert.match(seen, /^Content-Type: multipart\/signed/m);
    assert.match(seen, /smime=pass/);

    const closed = { to: addressOf('bram'), subject: 'Closed', body: 'For Bram alone', sign: true, encrypt: true };
    assert.deepEqual(await thunderbird.send(closed), { sent: true });
    const opened = await fetched(d, 'bram');
    assert.match(opened, /^Sluis-Opened: /m);
    assert.match(opened, /For Bram alone/);

    // The other way round: the gateway encrypts to Anna, and the reading pane shows the text.
    await bySomebodyElse(d, 'uitslag-2');
    assert.deepEqual(await thunderbird.fetch(), ['uitslag-2']);
    const { text, ...icons } = await thunderbird.read('uitslag-2', true);
    assert.match(text, /The result is in\./);
    assert.deepEqual(icons, { encrypted: 'ok', signed: 'ok' });
  },
);

test(
  'Thunderbird finds an addressee in the directory over LDAPS, takes the certificate from there, and encrypts to it',
  options,
  async (t) => {
    const d = await noticeWriter(
      t,
      '[[listener]]\nname = "ldaps"\nprotocol = "ldap"\naddress = "127.0.0.1"\nport = 0\ntls = "implicit"\n',
    );
    const { gateway, thunderbird } = d;
    const anna = await gateway.give('anna', { kind: 'rsa2048' });
    await gateway.give('bram', { kind: 'rsa2048', keep: true });
    await gateway.set('bram', { open: true, role: 'Longarts' });
    // Nobody's certificate but her own lies in the program.
    await thunderbird.useCertificates(await packed(d, anna), 'secret', [], gateway.mailRoot);
    await thunderbird.useAddressBook({ host: HOST, port: gateway.port('ldaps'), ...loginOf('anna') });
    assert.deepEqual(await thunderbird.offered('longarts'), [], 'nobody has agreed to be listed');
    const closed = { to: addressOf('bram'), subject: 'Closed', body: 'For Bram alone', sign: true, encrypt: true };
    const refused = await thunderbird.send(closed);
    assert(!refused.sent);

    await agree(gateway);
    assert.deepEqual(await thunderbird.offered('longarts'), [`Group (Longarts) <${addressOf('bram')}>`]);
    assert.deepEqual(await thunderbird.send(closed), { sent: true });
    const opened = await fetched(d, 'bram');
    assert.match(opened, /^Sluis-Opened: /m);
    assert.match(opened, /For Bram alone/);
    const searched = gateway.log.events.filter(({ event }) => event === 'ldap.login');
    assert(searched.length > 0 && searched.every(({ fields }) => fields.account === addressOf('anna')));
  },
);
