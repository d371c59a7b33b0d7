import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failures } from '../../../src/crypto/cms/verdict.ts';
import { entityOf, readMessage, sourceOf } from '../../../src/crypto/smime/message.ts';
import { type OpenOptions, openMessage, standingOf } from '../../../src/crypto/smime/open.ts';
import { NEUTRAL_SUBJECT, type Protection, encrypted, protect, withHeader } from '../../../src/crypto/smime/protect.ts';
import { type Person, collect, person, random, signerOf, trust } from '../cms/support.ts';
import { NOW, seededBytes, value } from '../support.ts';
import { memoryStage } from './support.ts';

const letter = (from: Person, to: Person, body: string | Buffer = 'Uitslag: positief.\r\n--\r\nsluis-\r\n'): Buffer =>
  Buffer.concat([
    Buffer.from(
      `Received: from a by b; today\r\nFrom: ${from.address}\r\nTo: ${to.address}\r\nSubject: Uitslag\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\n` +
        `Message-ID: <1@praktijk.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n`,
    ),
    Buffer.from(body as string, 'latin1'),
  ]);

const staging = memoryStage();

async function optionsFor(to: Person | undefined): Promise<OpenOptions> {
  const { address: _, ...rest } = await trust(undefined);
  return {
    keys: to === undefined ? [] : [{ certificate: to.certificate, privateKey: to.privateKey }],
    trust: rest,
    stage: staging.stage,
    maxContent: 10_000_000,
  };
}

const wrap = async (octets: Buffer, protection: Protection): Promise<Buffer> =>
  collect(protect(value(await readMessage(sourceOf(octets))), protection, { random, eightBit: true }));

const open = async (octets: Buffer, to: Person | undefined) =>
  openMessage(value(await readMessage(sourceOf(octets))), await optionsFor(to));

const signing = (from: Person) => ({ signers: [signerOf(from)], signingTime: NOW });
const body = (octets: Buffer): Buffer => octets.subarray(octets.indexOf('\r\n\r\n') + 4);

test('a signed message keeps its header outside and its content octet for octet', async () => {
  const [from, to] = [await person('p256'), await person('rsa2048')];
  for (const content of ['', '\r\n', 'a\r\n', Buffer.from([0xe9, 0x0d, 0x0a]), Buffer.from(seededBytes(3)(600_000))]) {
    // Content in a mail has CRLF line ends only.
    const clean = Buffer.from(
      Buffer.from(content as string, 'latin1')
        .toString('latin1')
        .replace(/\r?\n|\r/g, '\r\n'),
      'latin1',
    );
    const octets = letter(from, to, clean);
    const signed = await wrap(octets, { kind: 'signed', signing: signing(from) });
    assert.match(signed.toString('latin1', 0, 900), /^Received: .*\r\nFrom: .*\r\nTo: .*\r\nSubject: Uitslag\r\n/);
    const opened = value(await open(signed, undefined));
    const [layer] = opened.layers;
    assert.ok(layer?.kind === 'signed');
    assert.deepEqual(layer.verification.signers.map(failures), [[]]);
    assert.deepEqual(standingOf(opened.layers), { standing: 'valid', flagged: false });
    assert.ok(signed.includes(clean), 'the content is in it as it was');
  }
});

test('interop: opened it is the signed message, its content octet for octet', async () => {
  const [from, to] = [await person('rsa2048'), await person('p256')];
  const octets = letter(from, to, Buffer.from(seededBytes(5)(400_000)).toString('hex'));
  const sealed = await wrap(octets, {
    kind: 'interop',
    signing: signing(from),
    encryption: { recipients: [{ certificate: to.certificate }], cipher: 'aes-256-cbc', random },
  });
  assert.match(sealed.toString('latin1', 0, 900), /Subject: Uitslag\r\n/);
  assert.doesNotMatch(sealed.toString('latin1'), /iso-8859-1/);
  const opened = value(await open(sealed, to));
  assert.deepEqual(
    opened.layers.map((layer) => layer.kind),
    ['encrypted', 'signed'],
  );
  assert.deepEqual(standingOf(opened.layers), { standing: 'valid', flagged: false });
  const plain = await collect(opened.message.source.slices());
  assert.ok(plain.includes(body(octets)));
});

test('strong: the header travels inside, and the opened message is the one that was sent', async () => {
  const [from, to] = [await person('rsa2048'), await person('rsa2048')];
  const octets = letter(from, to);
  const sealed = await wrap(octets, {
    kind: 'strong',
    signing: { signers: [{ ...signerOf(from), rsa: 'pss' }], signingTime: NOW },
    encryption: { recipients: [{ certificate: to.certificate, transport: 'oaep' }], cipher: 'aes-256-gcm', random },
  });
  const outside = sealed.toString('latin1');
  assert.doesNotMatch(outside, /Subject: Uitslag/);
  assert.ok(outside.includes(`Subject: ${NEUTRAL_SUBJECT}\r\n`));
  const opened = value(await open(sealed, to));
  assert.deepEqual(
    opened.layers.map((layer) => layer.kind),
    ['encrypted', 'signed', 'message'],
  );
  assert.deepEqual(standingOf(opened.layers), { standing: 'valid', flagged: false });
  assert.ok((await collect(opened.message.source.slices())).equals(octets), 'every octet, header included');
});

test('a To that was changed outside is found out', async () => {
  const [from, to] = [await person('rsa2048'), await person('p384')];
  const sealed = await wrap(letter(from, to), {
    kind: 'strong',
    signing: signing(from),
    encryption: { recipients: [{ certificate: to.certificate }], cipher: 'aes-256-gcm', random },
  });
  const changed = Buffer.from(
    sealed.toString('latin1').replace(/^To: .*\r\n/m, 'To: someone@else.example\r\n'),
    'latin1',
  );
  const opened = value(await open(changed, to));
  const inner = opened.layers.at(-1);
  assert.ok(inner?.kind === 'message');
  assert.deepEqual(inner.differs, ['to']);
  assert.equal(standingOf(opened.layers).standing, 'invalid');
});

test('CBC without a signature inside is flagged, and opened as what it is', async () => {
  const [from, to] = [await person('rsa2048'), await person('p256')];
  const message = value(await readMessage(sourceOf(letter(from, to))));
  const sealed = await collect(
    withHeader(
      message,
      encrypted(entityOf(message), { recipients: [{ certificate: to.certificate }], cipher: 'aes-256-cbc', random }),
    ),
  );
  const opened = value(await open(sealed, to));
  assert.deepEqual(standingOf(opened.layers), { standing: 'unsigned', flagged: true });
});

test('a message that cannot be decrypted leaves nothing staged, and says no more than that', async () => {
  const [from, to, other] = [await person('rsa2048'), await person('p256'), await person('p384')];
  const sealed = await wrap(letter(from, to), {
    kind: 'interop',
    signing: signing(from),
    encryption: { recipients: [{ certificate: to.certificate }], cipher: 'aes-256-cbc', random },
  });
  const before = staging.aborted;
  const foreign = await open(sealed, other);
  assert.ok(!foreign.ok);
  assert.equal(foreign.error.problem.kind, 'no-key');
  const lines = sealed.toString('latin1').split('\r\n');
  const late = lines.length - 6;
  lines[late] = (lines[late] ?? '').replace(/./, (c) => (c === 'A' ? 'B' : 'A'));
  const damaged = await open(Buffer.from(lines.join('\r\n'), 'latin1'), to);
  // What was changed lies in the signature inside or in its frame: either it cannot be read, or the
  // signature is not valid.
  if (damaged.ok) assert.equal(standingOf(damaged.value.layers).standing, 'invalid');
  assert.ok(staging.aborted > before, 'what was staged was given up');
});
