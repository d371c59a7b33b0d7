/** What the gateway protected, read by OpenSSL; what OpenSSL protected, opened by the gateway. Over SMTP and POP3. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { addressOf, loginOf } from '../support/gateway.ts';
import { fetchAll, send } from '../support/mail.ts';
import { type MailGateway, startMailGateway } from '../support/mail-people.ts';
import { withoutProgram } from '../support/require.ts';
import { attempt } from './run.ts';

const options = { skip: withoutProgram('openssl', 'openssl') };

interface Desk {
  readonly gateway: MailGateway;
  put(name: string, octets: string | Buffer): void;
  get(name: string): Buffer;
  openssl(...args: readonly string[]): Promise<void>;
}

async function desk(t: TestContext): Promise<Desk> {
  const gateway = await startMailGateway({ accounts: ['anna', 'bram', 'cor', 'dora'] });
  t.after(() => gateway.remove());
  const folder = mkdtempSync(join(tmpdir(), 'sluis-smime-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const put = (name: string, octets: string | Buffer): void => writeFileSync(join(folder, name), octets);
  put('root.pem', gateway.mailRoot);
  return {
    ...{ gateway, put },
    get: (name) => readFileSync(join(folder, name)),
    openssl: async (...args) => {
      const ran = await attempt('openssl', args, { home: folder });
      assert.equal(ran.status, 0, `openssl ${args.join(' ')}: ${ran.err}`);
    },
  };
}

const BODY = "Uitslag \xe9\r\nUNA:+.? 'UNB+UNOC:3+1+2'\r\n--\r\n\r\n \t\r\n";
const CONTENT = 'Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n';
const letter = (to: string, body: string): Buffer =>
  Buffer.from(
    `From: <${addressOf('anna')}>\r\nTo: ${to}\r\nSubject: Uitslag\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\n${body}`,
    'latin1',
  );

const sent = async ({ gateway }: Desk, to: readonly string[], content: Buffer): Promise<void> => {
  const from = addressOf('anna');
  await send(gateway.target('submission'), loginOf('anna'), { from, to, content });
};
const fetched = async ({ gateway }: Desk, who: string): Promise<Buffer> => {
  const [first] = await fetchAll(gateway.target('pop3s'), loginOf(who));
  return Buffer.from(first ?? '', 'latin1');
};

test(
  'OpenSSL verifies what was signed, and decrypts and verifies both profiles, for RSA and EC',
  options,
  async (t) => {
    const d = await desk(t);
    const { gateway } = d;
    await gateway.give('anna', { keep: true });
    for (const [name, kind, settings] of [
      ['bram', 'rsa2048', { encrypt: 'required' }],
      ['cor', 'p256', { encrypt: 'required' }],
      ['dora', 'rsa2048', { encrypt: 'required', 'protection-profile': 'strong' }],
    ] as const) {
      const who = await gateway.give(name, { kind });
      await gateway.set(name, settings);
      d.put(`${name}.crt`, who.certificatePem);
      d.put(`${name}.key`, who.keyPem);
    }
    const to = ['bram', 'cor', 'dora', 'anna'].map(addressOf);
    await sent(d, to, letter(to.join(', '), `${CONTENT}${BODY}`));
    const verify = async (file: string): Promise<void> =>
      await d.openssl('cms', '-verify', '-in', file, '-CAfile', 'root.pem', '-purpose', 'any', '-out', 'out');
    for (const name of ['bram', 'cor']) {
      d.put('message', await fetched(d, name));
      await d.openssl(
        'cms',
        '-decrypt',
        '-in',
        'message',
        '-recip',
        `${name}.crt`,
        '-inkey',
        `${name}.key`,
        '-out',
        'inner',
      );
      await verify('inner');
      assert.ok(d.get('out').toString('latin1').endsWith(`${CONTENT}${BODY}`), `${name}: octet for octet`);
    }
    d.put('message', await fetched(d, 'dora'));
    await d.openssl('cms', '-decrypt', '-in', 'message', '-recip', 'dora.crt', '-inkey', 'dora.key', '-out', 'inner');
    await verify('inner');
    assert.match(d.get('out').toString('latin1'), /^Content-Type: message\/rfc822\r\n\r\n[^]*\r\nSubject: Uitslag\r\n/);
    assert.ok(d.get('out').toString('latin1').endsWith(BODY));
    d.put('message', await fetched(d, 'anna'));
    await verify('message');
    assert.equal(d.get('out').toString('latin1'), `${CONTENT}${BODY}`);
  },
);

test('what OpenSSL signed is judged, what it encrypted is opened, in each form that it writes', options, async (t) => {
  const d = await desk(t);
  const anna = await d.gateway.give('anna');
  const bram = await d.gateway.give('bram', { kind: 'rsa2048', keep: true });
  await d.gateway.set('bram', { open: true });
  d.put('anna.crt', anna.certificatePem);
  d.put('anna.key', anna.keyPem);
  d.put('bram.crt', bram.certificatePem);
  d.put('entity', Buffer.from(`${CONTENT}${BODY}`, 'latin1'));
  const by = ['-signer', 'anna.crt', '-inkey', 'anna.key'];
  const cases: readonly (readonly [string, (readonly string[])[], RegExp])[] = [
    ['clear', [['-sign', ...by]], /smime=pass/],
    ['opaque', [['-sign', '-nodetach', ...by]], /smime=pass[^]*Sluis-Opened: whole\r\n/],
    [
      'signed, then encrypted in a stream',
      [
        ['-sign', ...by],
        ['-encrypt', '-stream', '-aes256', '-recip', 'bram.crt'],
      ],
      /smime=pass[^]*Sluis-Opened: whole \(aes-256-cbc\)/,
    ],
    [
      'GCM, unsigned',
      [['-encrypt', '-aes-256-gcm', '-recip', 'bram.crt']],
      /smime=none[^]*Sluis-Opened: whole \(aes-256-gcm\)/,
    ],
    [
      'CBC, unsigned',
      [['-encrypt', '-aes128', '-recip', 'bram.crt']],
      /smime=none[^]*Sluis-Opened: unproven \(aes-128-cbc\)/,
    ],
  ];
  for (const [name, steps, expected] of cases) {
    let from = 'entity';
    for (const [i, step] of steps.entries()) {
      await d.openssl(
        'cms',
        ...step,
        '-in',
        from,
        '-out',
        `step${i}`,
        ...(step[0] === '-encrypt' ? ['-binary'] : ['-binary', '-crlfeol']),
      );
      from = `step${i}`;
    }
    const made = d.get(from).toString('latin1').replace(/\r?\n/g, '\r\n').replace('MIME-Version: 1.0\r\n', '');
    await sent(d, [addressOf('bram')], letter(addressOf('bram'), made.replaceAll('\r\n.', '\r\n..')));
    const got = (await fetched(d, 'bram')).toString('latin1');
    assert.match(got, /^Authentication-Results: mail\.test;\r\n/, name);
    assert.match(got, expected, name);
    assert.ok(got.includes(BODY), `${name}: octet for octet`);
  }
});
