/**
 * Whole S/MIME messages both ways with OpenSSL, and their structure as Python's email package reads
 * it.
 */
// @beside
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readMessage, sourceOf } from '../../src/crypto/smime/message.ts';
import { openMessage, standingOf } from '../../src/crypto/smime/open.ts';
import { type Protection, protect } from '../../src/crypto/smime/protect.ts';
import { type Person, collect, random, signerOf, trust } from '../crypto/cms/support.ts';
import { memoryStage } from '../crypto/smime/support.ts';
import { value } from '../crypto/support.ts';
import { withoutProgram } from '../support/require.ts';
import { NoticeWriter } from './cms-parts.ts';

const options = { skip: withoutProgram('openssl', 'openssl') || withoutProgram('python3', 'python3') };
let noticeWriter: NoticeWriter;
before(async () => (noticeWriter = await NoticeWriter.open()));
after(() => noticeWriter.close());

const run = async (program: string, ...args: readonly string[]): Promise<void> => {
  const ran = await noticeWriter.run(program, ...args);
  assert.equal(ran.status, 0, `${program} ${args.join(' ')}: ${ran.err}`);
};

/** 8-bit EDI, a delimiter-like line, no trailing line but one: what a repair would change. */
const BODY = Buffer.from("UNA:+.? 'UNB+UNOC:3+1+2'\xe9\xe8\r\n--\r\n\r\n \t\r\nUNZ+1+1'\r\n", 'latin1');
const HEADER = 'Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n';

const letter = (from: Person, to: Person): Buffer =>
  Buffer.concat([
    Buffer.from(
      `From: ${from.address}\r\nTo: ${to.address}\r\nSubject: Uitslag\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@x.example>\r\nMIME-Version: 1.0\r\n${HEADER}\r\n`,
    ),
    BODY,
  ]);

const wrap = async (octets: Buffer, protection: Protection): Promise<Buffer> =>
  collect(protect(value(await readMessage(sourceOf(octets))), protection, { random, eightBit: true }));

const signing = (from: Person) => ({ signers: [signerOf(from)], signingTime: noticeWriter.circle.now });

test('OpenSSL verifies a clear-signed message of ours, and Python sees its two parts', options, async () => {
  const { rsa2048, p256 } = noticeWriter.circle.people;
  noticeWriter.put('message', await wrap(letter(p256, rsa2048), { kind: 'signed', signing: signing(p256) }));
  // Without -binary: with it OpenSSL reads the line end before a boundary as content.
  await run('openssl', 'cms', '-verify', '-in', 'message', '-CAfile', 'root.pem', '-out', 'out');
  assert.ok(noticeWriter.get('out').equals(Buffer.concat([Buffer.from(`${HEADER}\r\n`), BODY])), 'octet for octet');
  const look = await noticeWriter.run(
    'python3',
    '-c',
    "import email;m=email.message_from_binary_file(open('message','rb'));p=m.get_payload();print(m.get_content_type(),m.get_param('protocol'),m.get_param('micalg'),len(p),p[0].get_content_type(),p[1].get_content_type(),p[1].get_filename(),m['Subject'],m.defects)",
  );
  assert.equal(
    look.out.toString().trim(),
    'multipart/signed application/pkcs7-signature sha-256 2 text/plain application/pkcs7-signature smime.p7s Uitslag []',
  );
});

test('OpenSSL decrypts and verifies both profiles', options, async () => {
  const { rsa2048, p256 } = noticeWriter.circle.people;
  const interop = await wrap(letter(p256, rsa2048), {
    kind: 'interop',
    signing: signing(p256),
    encryption: {
      recipients: [{ certificate: rsa2048.certificate, transport: 'oaep' }],
      cipher: 'aes-256-cbc',
      random,
    },
  });
  const strong = await wrap(letter(rsa2048, p256), {
    kind: 'strong',
    signing: { signers: [{ ...signerOf(rsa2048), rsa: 'pss' }], signingTime: noticeWriter.circle.now },
    encryption: { recipients: [{ certificate: p256.certificate }], cipher: 'aes-256-gcm', random },
  });
  for (const [message, to] of [
    [interop, 'rsa2048'],
    [strong, 'p256'],
  ] as const) {
    noticeWriter.put('message', message);
    await run(
      'openssl',
      'cms',
      '-decrypt',
      '-in',
      'message',
      '-recip',
      `${to}.crt`,
      '-inkey',
      `${to}.key`,
      '-binary',
      '-out',
      'inner',
    );
    await run('openssl', 'cms', '-verify', '-in', 'inner', '-CAfile', 'root.pem', '-out', 'out');
    assert.ok(noticeWriter.get('out').includes(BODY), to);
  }
});

test('we open what OpenSSL signed, encrypted, and both', options, async () => {
  const { rsa2048, p256 } = noticeWriter.circle.people;
  noticeWriter.put('entity', Buffer.concat([Buffer.from(`${HEADER}\r\n`), BODY]));
  const names = ['-from', rsa2048.address, '-to', p256.address, '-subject', 'Uitslag'];
  const sign = ['-sign', '-in', 'entity', '-signer', 'rsa2048.crt', '-inkey', 'rsa2048.key', '-binary', '-crlfeol'];
  await run('openssl', 'cms', ...sign, ...names, '-out', 'clear');
  await run('openssl', 'cms', ...sign, '-nodetach', ...names, '-out', 'opaque');
  await run('openssl', 'cms', ...sign, '-out', 'inner');
  await run(
    'openssl',
    'cms',
    '-encrypt',
    '-aes256',
    '-in',
    'inner',
    '-binary',
    '-crlfeol',
    ...names,
    '-out',
    'both',
    'p256.crt',
  );
  for (const [file, kinds] of [
    ['clear', ['signed']],
    ['opaque', ['signed']],
    ['both', ['encrypted', 'signed']],
  ] as const) {
    const { address: _, ...known } = await trust(undefined, {}, noticeWriter.circle);
    const opened = await openMessage(value(await readMessage(sourceOf(noticeWriter.get(file)))), {
      keys: [{ certificate: p256.certificate, privateKey: p256.privateKey }],
      trust: known,
      stage: memoryStage().stage,
      maxContent: 50_000_000,
    });
    assert.ok(opened.ok, `${file}: ${opened.ok ? '' : opened.error.problem.text}`);
    assert.deepEqual(
      opened.value.layers.map((layer) => layer.kind),
      kinds,
    );
    assert.deepEqual(standingOf(opened.value.layers), { standing: 'valid', flagged: false }, file);
    assert.ok((await collect(opened.value.message.source.slices())).includes(BODY), file);
  }
});
