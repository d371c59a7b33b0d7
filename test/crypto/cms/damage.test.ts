/** Encrypted messages that were changed, cut or made to ask questions. */
import assert from 'node:assert/strict';
import { constants, privateDecrypt, publicEncrypt } from 'node:crypto';
import { test } from 'node:test';
import { type ContentCipher } from '../../../src/crypto/cms/algorithms.ts';
import { decrypt, describeEnvelope } from '../../../src/crypto/cms/decrypt.ts';
import { encrypt, type Recipient } from '../../../src/crypto/cms/encrypt.ts';
import { signOpaque } from '../../../src/crypto/cms/sign.ts';
import { isValid } from '../../../src/crypto/cms/verdict.ts';
import { verifyOpaque } from '../../../src/crypto/cms/verify.ts';
import { oid } from '../../../src/crypto/certificates/der.ts';
import { Oid } from '../../../src/crypto/certificates/oids.ts';
import { NOW, problem, seededBytes, value } from '../support.ts';
import { type Person, bucket, collect, person, random, signerOf, sliced, trust } from './support.ts';

const CONTENT = Buffer.from(seededBytes(5)(1000));
const nothing = (): void => undefined;

async function messageTo(
  who: Person,
  cipher: ContentCipher,
  more: Partial<Recipient> = {},
  content: Buffer = CONTENT,
): Promise<Buffer> {
  const recipients = [{ certificate: who.certificate, transport: 'oaep' as const, ...more }];
  return collect(encrypt([content], { recipients, cipher, random }));
}
const flipped = (octets: Buffer, at: number): Buffer => {
  const copy = Buffer.from(octets);
  copy[at]! ^= 0x01;
  return copy;
};
/**
 * Where the content begins in a message: behind everything that the same message has without
 * content.
 */
const contentAt = (message: Buffer, cipher: ContentCipher): number =>
  message.length - CONTENT.length - (cipher.endsWith('gcm') ? 18 : 16 - (CONTENT.length % 16));

test('a changed octet of a GCM message is always noticed, wherever in the content or the tag it is', async () => {
  const anna = await person('p256');
  const message = await messageTo(anna, 'aes-256-gcm');
  for (let at = contentAt(message, 'aes-256-gcm'); at < message.length; at += 7) {
    const answer = await decrypt([flipped(message, at)], nothing, { keys: [anna] });
    // The head of the tag stands between the content and the tag.
    assert.match(
      problem(answer).kind,
      at >= message.length - 18 && at < message.length - 16 ? /malformed|damaged/ : /^damaged$/,
    );
  }
});

test('a changed octet of a CBC message can come out as another content: the caller is told that nothing proves it', async () => {
  const anna = await person('p256');
  const message = await messageTo(anna, 'aes-256-cbc');
  const into = bucket();
  const opened = value(
    await decrypt([flipped(message, contentAt(message, 'aes-256-cbc') + 500)], into.take, { keys: [anna] }),
  );
  assert.equal(opened.authenticated, false);
  assert.equal(into.octets().length, CONTENT.length);
  assert.ok(!into.octets().equals(CONTENT));
  const last = flipped(message, message.length - 17); // decides the padding of the last block
  assert.equal(problem(await decrypt([last], nothing, { keys: [anna] })).kind, 'damaged');
});

test('a content that carries a signature inside CBC shows the change', async () => {
  const [anna, boris] = [await person('rsa2048'), await person('p256')];
  const signed = await collect(signOpaque([CONTENT], { signers: [signerOf(anna)], signingTime: NOW }));
  const message = await messageTo(boris, 'aes-128-cbc', {}, signed);
  const begin = message.length - (signed.length + 16 - (signed.length % 16));
  const into = bucket();
  value(await decrypt([flipped(message, begin + signed.indexOf(CONTENT) + 100)], into.take, { keys: [boris] }));
  const verdict = value(await verifyOpaque(() => [into.octets()], nothing, await trust(anna.address)));
  assert.equal(verdict.signers[0]?.checks['message-digest'].kind, 'failed');
  assert.equal(isValid(verdict), false);
});

/** Replaces the encrypted key of the only recipient. */
function withKey(message: Buffer, key: Buffer): Buffer {
  const at = message.indexOf(Buffer.from('04820100', 'hex'));
  assert.ok(at > 0);
  const copy = Buffer.from(message);
  key.copy(copy, at + 4);
  return copy;
}

test('wrong paddings, wrong lengths and wrong keys all give one answer, after the whole content was read', async () => {
  const anna = await person('rsa2048');
  const message = await messageTo(anna, 'aes-256-gcm', { transport: 'pkcs1' });
  const { publicKey } = anna.certificate;
  const raw = (block: Buffer): Buffer => publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, block);
  const block = (change: (octets: Uint8Array) => void): Buffer => {
    const octets = Buffer.alloc(256, 0x55);
    octets[0] = 0;
    octets[1] = 2;
    octets[256 - 33] = 0;
    change(octets);
    return raw(octets);
  };
  const keys = {
    'a right padding around another key': block(() => undefined),
    'a wrong first octet': block((b) => (b[0] = 1)),
    'a block for a signature': block((b) => (b[1] = 1)),
    'no end of the padding': block((b) => (b[256 - 33] = 9)),
    'an early end of the padding': block((b) => (b[20] = 0)),
    'a key of 16 octets': block((b) => ((b[256 - 33] = 7), (b[256 - 17] = 0))),
    'a number larger than the modulus': Buffer.alloc(256, 0xff),
  };
  const told = new Set<string>();
  for (const [name, key] of Object.entries(keys)) {
    const into = bucket();
    const error = problem(await decrypt([withKey(message, key)], into.take, { keys: [anna] }));
    assert.equal(error.kind, 'damaged', name);
    assert.equal(into.octets().length, CONTENT.length, `${name}: the whole content was decrypted, to nonsense`);
    assert.ok(!into.octets().equals(CONTENT));
    told.add(JSON.stringify(error));
  }
  assert.equal(told.size, 1, 'the answers do not differ in a letter');
});

test('the same wrong key gives the same nonsense each time: asking twice tells no more than asking once', async () => {
  const anna = await person('rsa2048');
  const message = withKey(await messageTo(anna, 'aes-256-gcm', { transport: 'pkcs1' }), Buffer.alloc(256, 1));
  const [one, two] = [bucket(), bucket()];
  await decrypt([message], one.take, { keys: [anna] });
  await decrypt([message], two.take, { keys: [anna] });
  assert.ok(one.octets().equals(two.octets()));
  const block = privateDecrypt({ key: anna.privateKey, padding: constants.RSA_NO_PADDING }, Buffer.alloc(256, 1));
  assert.ok(block.length === 256, 'the key itself can be used; only the padding was wrong');
});

test('a key that is not meant opens nothing, and an old key opens old mail', async () => {
  const [anna, boris, carla] = [await person('rsa2048'), await person('p256'), await person('p384')];
  const message = await messageTo(boris, 'aes-256-gcm');
  assert.equal(problem(await decrypt([message], nothing, { keys: [anna, carla] })).kind, 'no-key');
  assert.equal(problem(await decrypt([message], nothing, { keys: [] })).kind, 'no-key');
  const opened = value(await decrypt([message], nothing, { keys: [anna, carla, boris] }));
  assert.equal(opened.certificate.fingerprint, boris.certificate.fingerprint);
  // The right name with another key: as if the key had been changed.
  const wrong = { certificate: boris.certificate, privateKey: carla.privateKey };
  assert.equal(problem(await decrypt([message], nothing, { keys: [wrong] })).kind, 'damaged');
});

test('what can be seen without a key is told', async () => {
  const anna = await person('rsa2048');
  const seen = value(await describeEnvelope([await messageTo(anna, 'aes-128-cbc', { transport: 'pkcs1' })]));
  assert.equal(seen.cipher, 'aes-128-cbc');
  assert.equal(seen.kind, 'enveloped');
  assert.equal(seen.octets, 1008);
  const [recipient] = seen.recipients;
  assert.ok(recipient?.kind === 'transport');
  assert.equal(recipient.algorithm.kind, 'pkcs1');
  assert.equal(recipient.identifier.kind, 'issuer');
});

test('a message that was cut anywhere opens never, and is told as cut', async () => {
  const anna = await person('p256');
  for (const cipher of ['aes-128-cbc', 'aes-256-gcm'] as const) {
    const message = await messageTo(anna, cipher);
    for (let length = 0; length < message.length; length += length < 400 ? 1 : 37) {
      const error = problem(await decrypt(sliced(message.subarray(0, length), 100), nothing, { keys: [anna] }));
      assert.equal(error.kind, 'malformed', `${cipher} cut at ${length}`);
    }
  }
});

test('octets behind a message are refused, except a few line ends and zeros', async () => {
  const anna = await person('p256');
  const message = await messageTo(anna, 'aes-256-gcm');
  const answer = (tail: Buffer): ReturnType<typeof decrypt> => decrypt([message, tail], nothing, { keys: [anna] });
  value(await answer(Buffer.from('\r\n\r\n')));
  value(await answer(Buffer.alloc(64)));
  assert.match(problem(await answer(Buffer.alloc(65))).text, /followed by unexpected octets/);
  assert.match(problem(await answer(Buffer.from('x'))).text, /followed by unexpected octets/);
});

test('short tags are refused: a tag of 4 octets can be guessed', async () => {
  const anna = await person('p256');
  const message = await messageTo(anna, 'aes-256-gcm');
  const parameters = message.indexOf(
    Buffer.from('020110', 'hex'),
    message.indexOf(Buffer.from('60864801650304012e', 'hex')),
  );
  const with4 = Buffer.from(message);
  with4[parameters + 2] = 4;
  assert.equal(problem(await decrypt([with4], nothing, { keys: [anna] })).kind, 'unsupported');
  const with12 = Buffer.from(message);
  with12[parameters + 2] = 12; // the tag still has 16 octets
  assert.equal(problem(await decrypt([with12], nothing, { keys: [anna] })).kind, 'damaged');
});

test('slices of one octet give the same as one slice', async () => {
  const [anna, boris] = [await person('rsa2048'), await person('p256')];
  const content = CONTENT.subarray(0, 100);
  const message = await messageTo(boris, 'aes-256-gcm', {}, content);
  const into = bucket();
  value(await decrypt(sliced(message, 1), into.take, { keys: [boris] }));
  assert.ok(into.octets().equals(content));
  const signed = await collect(signOpaque(sliced(content, 1), { signers: [signerOf(anna)], signingTime: NOW }));
  const out = bucket();
  value(await verifyOpaque(() => sliced(signed, 1), out.take, await trust(anna.address)));
  assert.ok(out.octets().equals(content));
});

test('what the source throws comes through, and a source is let go where reading stops', async () => {
  const anna = await person('p256');
  const message = await messageTo(anna, 'aes-256-gcm');
  let closed = 0;
  async function* broken(): AsyncGenerator<Uint8Array> {
    try {
      yield message.subarray(0, 300);
      throw new Error('the disk is gone');
    } finally {
      closed++;
    }
  }
  await assert.rejects(decrypt(broken(), nothing, { keys: [anna] }), /the disk is gone/);
  async function* long(): AsyncGenerator<Uint8Array> {
    try {
      yield Buffer.from('no message at all');
      yield* sliced(message, 10);
    } finally {
      closed++;
    }
  }
  assert.equal(problem(await decrypt(long(), nothing, { keys: [anna] })).kind, 'malformed');
  await assert.rejects(
    decrypt([message], () => Promise.reject(new Error('the store is full')), { keys: [anna] }),
    /the store is full/,
  );
  assert.equal(closed, 2);
});

test('attributes beside a GCM message are covered by its tag, at sizes in DER and in BER', async () => {
  const anna = await person('p256');
  const authenticated = [{ type: '1.3.6.1.4.1.99999.1', values: [Buffer.from('0c0568616c6c6f', 'hex')] }];
  const unprotected = [{ type: '1.3.6.1.4.1.99999.2', values: [Buffer.from('0500', 'hex')] }];
  for (const size of [0, 100, 300_000]) {
    const content = Buffer.from(seededBytes(6)(size));
    const options = { recipients: [anna], cipher: 'aes-256-gcm', random, authenticated, unprotected } as const;
    const message = await collect(encrypt([content], options));
    const into = bucket();
    const opened = value(await decrypt(sliced(message, 5000), into.take, { keys: [anna] }));
    assert.ok(into.octets().equals(content));
    assert.deepEqual(
      opened.attributes.find((a) => a.type === authenticated[0]?.type),
      authenticated[0],
    );
    assert.deepEqual(opened.unprotected, unprotected);
    const changed = Buffer.from(message);
    changed[message.lastIndexOf('hallo')]! ^= 1;
    assert.equal(problem(await decrypt([changed], nothing, { keys: [anna] })).kind, 'damaged');
  }
  const cbc = { recipients: [anna], cipher: 'aes-256-cbc', random, authenticated } as const;
  await assert.rejects(collect(encrypt([], cbc)), /Cannot authenticate attributes with aes-256-cbc/);
});

test('the type of an authenticated content is authenticated, and is told only then', async () => {
  const anna = await person('p256');
  const contentType = Oid.signedData;
  const message = await collect(encrypt([CONTENT], { recipients: [anna], cipher: 'aes-128-gcm', random, contentType }));
  assert.equal(value(await decrypt([message], nothing, { keys: [anna] })).contentType, contentType);
  const plain = await messageTo(anna, 'aes-128-gcm');
  const encoded = oid(Oid.data);
  oid(contentType).copy(plain, plain.indexOf(encoded, plain.length - CONTENT.length - 100));
  assert.equal(problem(await decrypt([plain], nothing, { keys: [anna] })).kind, 'damaged');
});
