/**
 * What the gateway protected, read by OpenSSL; what OpenSSL protected, opened by the gateway. Over
 * SMTP and POP3.
 */
// @beside
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makePkcs12 } from '../../src/crypto/key-files/pkcs12-export.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { fetchAll, send } from '../support/mail.ts';
import { type MailGateway, startMailGateway } from '../support/mail-people.ts';
import { withoutProgram } from '../support/require.ts';
import { partsOf } from './parts.ts';
import { attempt } from './run.ts';

const options = { skip: withoutProgram('openssl', 'openssl') };
const nss = { skip: withoutProgram('cmsutil', 'libnss3-tools') };

interface NoticeWriter {
  readonly folder: string;
  readonly gateway: MailGateway;
  put(name: string, octets: string | Buffer): void;
  get(name: string): Buffer;
  program(name: string, ...args: readonly string[]): Promise<void>;
  openssl(...args: readonly string[]): Promise<void>;
}

async function noticeWriter(t: TestContext): Promise<NoticeWriter> {
  const gateway = await startMailGateway({ accounts: ['anna', 'bram', 'cor', 'dora'] });
  t.after(() => gateway.remove());
  const folder = mkdtempSync(join(tmpdir(), 'sluis-smime-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const put = (name: string, octets: string | Buffer): void => writeFileSync(join(folder, name), octets);
  put('root.pem', gateway.mailRoot);
  const program = async (name: string, ...args: readonly string[]): Promise<void> => {
    const ran = await attempt(name, args, { home: folder });
    assert.equal(ran.status, 0, `${name} ${args.join(' ')}: ${ran.err}`);
  };
  return {
    ...{ folder, gateway, put, program },
    get: (name) => readFileSync(join(folder, name)),
    openssl: (...args) => program('openssl', ...args),
  };
}

const BODY = "Uitslag \xe9\r\nUNA:+.? 'UNB+UNOC:3+1+2'\r\n--\r\n\r\n \t\r\n";
const CONTENT = 'Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n';
const letter = (to: string, body: string): Buffer =>
  Buffer.from(
    `From: <${addressOf('anna')}>\r\nTo: ${to}\r\nSubject: Uitslag\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\n${body}`,
    'latin1',
  );

const sent = async ({ gateway }: NoticeWriter, to: readonly string[], content: Buffer): Promise<void> => {
  const from = addressOf('anna');
  await send(gateway.target('submission'), loginOf('anna'), { from, to, content });
};
const fetched = async ({ gateway }: NoticeWriter, who: string): Promise<Buffer> => {
  const [first] = await fetchAll(gateway.target('pop3s'), loginOf(who));
  return Buffer.from(first ?? '', 'latin1');
};

test(
  'OpenSSL verifies what was signed, and decrypts and verifies both profiles, for RSA and EC',
  options,
  async (t) => {
    const d = await noticeWriter(t);
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
    // Signed and nothing else: in 7 bits, for whoever takes no others; decoded it is what was sent.
    const out = d.get('out');
    assert.ok(out.every((octet) => octet < 128));
    const { parts } = await partsOf(out, d.folder);
    // Python reads with its own line ends.
    assert.equal(Buffer.from(parts[0]?.text ?? '', 'base64').toString('latin1'), BODY.replaceAll('\r\n', '\n'));
  },
);

const BY_ANNA = ['-signer', 'anna.crt', '-inkey', 'anna.key'];
/** Content of `entity`, with line ends as programs of Unix write them. */
const LINES = `Content-Type: text/plain; charset=utf-8\n\nuitslag\nvan vandaag\n`;

/** Anna signs for herself, and the gateway opens for Bram. */
async function opening(t: TestContext, entity: string | Buffer): Promise<NoticeWriter> {
  const d = await noticeWriter(t);
  const anna = await d.gateway.give('anna');
  const bram = await d.gateway.give('bram', { kind: 'rsa2048', keep: true });
  await d.gateway.set('bram', { open: true });
  d.put('anna.crt', anna.certificatePem);
  d.put('anna.key', anna.keyPem);
  d.put('bram.crt', bram.certificatePem);
  d.put('entity', entity);
  return d;
}

/**
 * What a command made, with line ends as it makes them, sent as a mail program would send it; and
 * what Bram fetches.
 */
async function throughGateway(d: NoticeWriter, made: Buffer): Promise<string> {
  const content = made.toString('latin1').replace(/\r?\n/g, '\r\n').replace('MIME-Version: 1.0\r\n', '');
  await sent(d, [addressOf('bram')], letter(addressOf('bram'), content.replaceAll('\r\n.', '\r\n..')));
  return (await fetched(d, 'bram')).toString('latin1');
}

test('a signature is valid with every boundary that RFC 2046 allows', options, async (t) => {
  const d = await opening(t, Buffer.from(`${CONTENT}${BODY}`, 'latin1'));
  await d.openssl('cms', '-sign', ...BY_ANNA, '-in', 'entity', '-out', 'signed', '-binary', '-crlfeol');
  const signed = d.get('signed').toString('latin1');
  const [, written = ''] = /boundary="([^"]+)"/.exec(signed) ?? [];
  assert.notEqual(written, '');
  for (const boundary of ["=_('+_,-./:=?)_x y", `=?${'b'.repeat(68)}`]) {
    const got = await throughGateway(d, Buffer.from(signed.replaceAll(written, boundary), 'latin1'));
    assert.match(got, /smime=pass/, boundary);
    assert.ok(got.includes(`boundary="${boundary}"`), boundary);
  }
});

test('what OpenSSL signed is judged, what it encrypted is opened, in each form that it writes', options, async (t) => {
  const d = await opening(t, Buffer.from(`${CONTENT}${BODY}`, 'latin1'));
  const by = BY_ANNA;
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
    ['compressed', [['-compress']], /smime=none[^]*Sluis-Opened: /],
    ['compressed, then signed in the clear', [['-compress'], ['-sign', ...by]], /smime=pass[^]*Sluis-Opened: /],
    [
      'signed, compressed in a stream, then encrypted',
      [
        ['-sign', ...by],
        ['-compress', '-stream'],
        ['-encrypt', '-aes-256-gcm', '-recip', 'bram.crt'],
      ],
      /smime=pass[^]*Sluis-Opened: whole \(aes-256-gcm, compressed\)/,
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
    // What OpenSSL wrote itself has the line ends of Unix, and is signed in canonical form.
    for (const [i, step] of steps.entries()) {
      await d.openssl(
        'cms',
        ...step,
        '-in',
        from,
        '-out',
        `step${i}`,
        ...(step[0] === '-sign' && i > 0 ? [] : ['-binary']),
        ...(step[0] === '-encrypt' ? [] : ['-crlfeol']),
      );
      from = `step${i}`;
    }
    const got = await throughGateway(d, d.get(from));
    assert.match(got, /^Authentication-Results: mail\.test;\r\n/, name);
    assert.match(got, expected, name);
    assert.ok(got.includes(BODY), `${name}: octet for octet`);
  }
});

test(
  'what OpenSSL signs and encrypts with the line ends of Unix is opened and verified, and has CRLF',
  options,
  async (t) => {
    const d = await opening(t, LINES);
    const by = BY_ANNA;
    const to = ['-recip', 'bram.crt'];
    const cases: readonly (readonly [sign: readonly string[], encrypt: readonly string[]])[] = [
      [[], ['-binary']],
      [['-binary'], ['-binary']],
      [['-nodetach', '-binary'], ['-binary']],
      [[], ['-binary', '-stream', '-aes-256-gcm']],
      [[], []],
      [['-binary'], []],
    ];
    for (const [sign, encrypt] of cases) {
      const name = `sign ${sign.join(' ')}, encrypt ${encrypt.join(' ')}`;
      await d.openssl('cms', '-sign', ...sign, ...by, '-in', 'entity', '-out', 'signed');
      await d.openssl('cms', '-encrypt', ...encrypt, ...to, '-in', 'signed', '-out', 'sealed');
      const got = await throughGateway(d, d.get('sealed'));
      // Octets signed as they were, in a file that the second command wrote anew: OpenSSL itself
      // does not verify these.
      const rewritten = encrypt.length === 0 && sign.join() === '-binary';
      assert.match(got, rewritten ? /smime=fail[^]*Sluis-Opened/ : /smime=pass[^]*Sluis-Opened: whole/, name);
      assert.ok(got.includes(LINES.replaceAll('\n', '\r\n')), name);
      assert.doesNotMatch(got.replaceAll('\r\n', ''), /[\r\n]/, name);
    }
  },
);

test('a triple wrap of OpenSSL, and one that was signed after it was encrypted, are opened', options, async (t) => {
  const d = await opening(t, LINES);
  const by = BY_ANNA;
  for (const first of [true, false]) {
    if (first) await d.openssl('cms', '-sign', ...by, '-in', 'entity', '-out', 'inner');
    const inner = first ? 'inner' : 'entity';
    await d.openssl('cms', '-encrypt', '-aes-256-gcm', '-recip', 'bram.crt', '-binary', '-in', inner, '-out', 'sealed');
    await d.openssl('cms', '-sign', ...by, '-in', 'sealed', '-out', 'outer');
    const got = await throughGateway(d, d.get('outer'));
    assert.equal([...got.matchAll(/\tsmime=pass\r\n\treason="(?:in|out)side the encryption"/g)].length, first ? 2 : 1);
    assert.match(got, /Sluis-Opened: whole \(aes-256-gcm\)/);
    assert.ok(got.includes(LINES.replaceAll('\n', '\r\n')));
  }
});

test('what NSS signs and encrypts with the line ends of Unix is opened and verified', nss, async (t) => {
  const d = await noticeWriter(t);
  const anna = await d.gateway.give('anna', { kind: 'rsa2048' });
  const bram = await d.gateway.give('bram', { kind: 'rsa2048', keep: true });
  await d.gateway.set('bram', { open: true });
  const pkcs12 = { password: 'laboratorium', scheme: 'aes256', friendlyName: 'anna', random: randomBytes } as const;
  d.put('anna.p12', await makePkcs12(anna.privateKey, anna.certificate, pkcs12));
  d.put('bram.crt', bram.certificatePem);
  d.put('entity', LINES);
  const at = ['-d', 'sql:.'];
  await d.program('certutil', '-N', '--empty-password', ...at);
  await d.program('certutil', '-A', '-n', 'root', '-t', 'CT,C,C', '-a', '-i', 'root.pem', ...at);
  await d.program('certutil', '-A', '-n', 'bram', '-t', ',,', '-a', '-i', 'bram.crt', ...at);
  await d.program('pk12util', '-i', 'anna.p12', '-W', pkcs12.password, '-K', '', ...at);
  await d.program('cmsutil', '-S', '-G', '-T', '-N', 'anna', '-H', 'SHA256', '-i', 'entity', '-o', 'signature', ...at);
  const signature = d.get('signature').toString('base64').replace(/.{64}/g, '$&\n');
  d.put(
    'signed',
    `Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=b\n\n--b\n${LINES}` +
      `\n--b\nContent-Type: application/pkcs7-signature\nContent-Transfer-Encoding: base64\n\n${signature}\n--b--\n`,
  );
  await d.program('cmsutil', '-E', '-r', 'bram', '-i', 'signed', '-o', 'sealed', ...at);
  const sealed = `Content-Type: application/pkcs7-mime; smime-type=enveloped-data\nContent-Transfer-Encoding: base64\n\n${d.get('sealed').toString('base64').replace(/.{64}/g, '$&\n')}\n`;
  const got = await throughGateway(d, Buffer.from(sealed));
  assert.match(got, /smime=pass[^]*Sluis-Opened: whole/);
  assert.ok(got.includes(LINES.replaceAll('\n', '\r\n')));
});
