/**
 * A partner that runs Postfix: a thousand messages pushed by a whole gateway arrive, each once and
 * octet for octet.
 */
// @beside
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { testCertificates } from '../support/certificates.ts';
import { effort } from '../support/effort.ts';
import { Instance, addressOf, freePort, loginOf } from '../support/instance.ts';
import { Postfix, mayRunPostfix } from '../support/postfix.ts';
import { hasProgram, present } from '../support/require.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';

const MESSAGES = effort(300, 1000);
const skip = present(
  'Postfix, or the right to start it',
  hasProgram('postfix') && mayRunPostfix(),
  'install it with "apt-get install postfix" and run as root',
);
let instance: Instance;
let postfix: Postfix;

before(async () => {
  if (skip !== false) return;
  const { server, ca } = await testCertificates();
  postfix = await Postfix.start({ ...server, port: await freePort(), domain: 'hospital.test', transport: 'maildir' });
  instance = await Instance.create();
  instance.addAccounts(['sender']);
  instance.addPartner('hospital', postfix.port, ca.certificate, '--connections', '5');
});
after(async () => {
  if (skip !== false) return;
  await postfix.stop();
  instance.remove();
});

const idOf = (mail: Buffer): string => /^Message-ID: <([^>]+)>/m.exec(mail.toString('latin1'))?.[1] ?? '';
const bodyOf = (mail: Buffer): string =>
  mail
    .toString('latin1')
    .replaceAll('\r\n', '\n')
    .split(/\n\n(.*)/s)[1] ?? '';

/** 8-bit text, dots at the beginning of lines, and lines of up to 998 octets. */
function compose(i: number): Buffer {
  const lines = Array.from({ length: 1 + (i % 40) }, (_, n) => `${'.'.repeat(n % 3)}${i} ${'é'.repeat((i * n) % 200)}`);
  const head = `From: <${addressOf('sender')}>\r\nTo: <ward@hospital.test>\r\nMessage-ID: <${i}@ledger.test>\r\nDate: Wed, 25 Nov 2026 01:00:00 +0000\r\nSubject: ${i}\r\n`;
  return Buffer.from(`${head}\r\n${lines.join('\r\n')}\r\n`, 'utf8');
}

test(`Postfix gets ${MESSAGES} messages, each once and with its octets`, { skip }, async (t) => {
  const served = await instance.serve();
  const began = performance.now();
  const sent = new Map<string, Buffer>();
  const submit = async (from: number): Promise<void> => {
    const client = await SmtpClient.open(instance.target('submission'), loginOf('sender'));
    for (let i = from; i < MESSAGES; i += 4) {
      const mail = compose(i);
      sent.set(idOf(mail), mail);
      const wire = Buffer.from(mail.toString('latin1').replaceAll('\r\n.', '\r\n..'), 'latin1');
      await client.submit(addressOf('sender'), [`ward${i % 7}@hospital.test`], wire, { pipelined: true });
    }
    await client.quit();
  };
  await Promise.all([0, 1, 2, 3].map(submit));
  await until('all are delivered', () => postfix.count >= MESSAGES, 120_000);
  t.diagnostic(
    `${MESSAGES} messages from submission to Postfix's Maildir in ${Math.round(performance.now() - began)} ms`,
  );
  assert.equal(await served.stop(), 0);
  const found = postfix.delivered;
  assert.equal(found.length, MESSAGES);
  for (const mail of found) {
    const original = sent.get(idOf(mail));
    assert.ok(original !== undefined, `a message nobody sent, or a second copy: ${idOf(mail)}`);
    assert.equal(bodyOf(mail), bodyOf(original));
    sent.delete(idOf(mail));
  }
  assert.equal(sent.size, 0);
});

test(
  'Postfix with a certificate of another name gets nothing, and all of it once the record is right',
  { skip },
  async () => {
    instance.sluis('partner', 'set', 'hospital', '--server-name', 'mx.elsewhere.test');
    const served = await instance.serve();
    const client = await SmtpClient.open(instance.target('submission'), loginOf('sender'));
    const before = postfix.count;
    for (let i = 0; i < 5; i++)
      await client.submit(addressOf('sender'), ['ward@hospital.test'], compose(MESSAGES + i), { pipelined: true });
    await until('the alarm is raised', () => served.log.includes('partner.untrusted'));
    assert.equal(postfix.count, before);
    assert.match(instance.sluis('status'), /hospital .*certificate/);
    instance.sluis('partner', 'set', 'hospital', '--clear', 'server-name');
    await until('all are delivered', () => postfix.count === before + 5, 30_000);
    await client.quit();
    assert.equal(await served.stop(), 0);
  },
);
