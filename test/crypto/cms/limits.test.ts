/** Messages that ask for too much: each limit is reached, nothing is bought on a claim. */
// @own-process: it measures processor time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerStream } from '../../../src/crypto/cms/ber-stream.ts';
import { decrypt, describeEnvelope } from '../../../src/crypto/cms/decrypt.ts';
import { encrypt } from '../../../src/crypto/cms/encrypt.ts';
import { kindOf } from '../../../src/crypto/cms/content-info.ts';
import { CMS_LIMITS, type CmsLimits } from '../../../src/crypto/cms/limits.ts';
import { signOpaque } from '../../../src/crypto/cms/sign.ts';
import { describeSignedData } from '../../../src/crypto/cms/signed-data.ts';
import { verifyOpaque } from '../../../src/crypto/cms/verify.ts';
import { BerError } from '../../../src/crypto/certificates/ber.ts';
import {
  encode,
  explicit,
  integer,
  octetString,
  oid,
  sequence,
  setOf,
  value as der,
} from '../../../src/crypto/certificates/der.ts';
import { Oid } from '../../../src/crypto/certificates/oids.ts';
import { MiB } from '../../../src/domain/units.ts';
import { NOW, problem } from '../support.ts';
import { bucket, collect, everybody, person, random, signerOf, sliced, trust } from './support.ts';

const nothing = (): void => undefined;
const limited = (limits: Partial<CmsLimits>): CmsLimits => ({ ...CMS_LIMITS, ...limits });
const signedOid = encode(oid(Oid.signedData));

/** The answers of all readers to octets that are no sound message. */
async function answers(
  octets: Buffer,
  limits = CMS_LIMITS,
): Promise<readonly { readonly kind: string; readonly text: string }[]> {
  const [anna] = await everybody();
  const source = sliced(octets, 10_000);
  return [
    problem(await decrypt(source, nothing, { keys: [anna!], limits })),
    problem(await verifyOpaque(() => source, nothing, await trust(anna!.address, { limits }))),
  ];
}

test('nesting of 1,000 levels is refused, of definite and of indefinite length, and in a content in parts', async () => {
  for (const level of ['3080', '3084ffffff00', 'a080', '2480'])
    for (const answer of await answers(Buffer.from(level.repeat(1000), 'hex')))
      assert.match(answer.kind, /^(malformed|limit|unsupported)$/);
  const parts = Buffer.from(
    `3080${signedOid.toString('hex')}a08030800201013100308006092a864886f70d010701a080${'2480'.repeat(1000)}`,
    'hex',
  );
  const error = problem(await verifyOpaque(() => [parts], nothing, await trust(undefined)));
  assert.match(error.text, /nested deeper than 32 levels/);
  const attribute = Buffer.from(`3080${signedOid.toString('hex')}a0803080${'3080'.repeat(1000)}`, 'hex');
  assert.match(problem(await verifyOpaque(() => [attribute], nothing, await trust(undefined))).text, /nested deeper/);
});

test('a claim of 100 MB is not believed before its octets are there', async () => {
  const claim = '8405f5e100';
  const before = process.memoryUsage();
  const id = signedOid.toString('hex');
  const content = `3080${id}a08030800201013100308006092a864886f70d010701a08004${claim}00`;
  for (const text of [
    `30${claim}`,
    `06${claim}`,
    `30${claim}06${claim}`,
    `3080${id}a08030800201013100308006${claim}`,
    content,
  ])
    for (const answer of await answers(Buffer.from(text, 'hex')))
      assert.match(answer.kind, /^(malformed|limit|unsupported)$/);
  const now = process.memoryUsage();
  assert.ok(now.external + now.arrayBuffers - before.external - before.arrayBuffers < 8 * MiB);
  const error = problem(await verifyOpaque(() => [Buffer.from(content, 'hex')], nothing, await trust(undefined)));
  assert.match(error.text, /cut off, 99999999 octets are missing/);
  for (const length of ['88ffffffffffffffff', '89010000000000000000', 'ff'])
    for (const answer of await answers(Buffer.from(`30${length}00`, 'hex')))
      assert.match(answer.kind, /^(malformed|limit)$/);
});

test('content, parts, signers, certificates and recipients each have their limit', async () => {
  const [anna, boris] = [await person('rsa2048'), await person('p256')];
  const options = { signers: [signerOf(anna), signerOf(boris)], signingTime: NOW };
  const signed = await collect(signOpaque([Buffer.alloc(1000)], options));
  const recipients = [anna, boris].map(({ certificate }) => ({ certificate, transport: 'oaep' as const }));
  const encrypted = await collect(encrypt([Buffer.alloc(1000)], { recipients, cipher: 'aes-256-cbc', random }));
  const verifyWith = async (limits: Partial<CmsLimits>): Promise<string> =>
    problem(await verifyOpaque(() => [signed], nothing, await trust(undefined, { limits: limited(limits) }))).text;
  const decryptWith = async (limits: Partial<CmsLimits>): Promise<string> =>
    problem(await decrypt([encrypted], nothing, { keys: [anna], limits: limited(limits) })).text;
  assert.match(await verifyWith({ maxContent: 999 }), /content has more than 999 octets/);
  assert.match(await verifyWith({ maxSigners: 1 }), /more than 1 signers/);
  assert.match(await verifyWith({ maxCertificates: 1 }), /more than 1 certificates/);
  assert.match(await verifyWith({ maxPart: 500 }), /certificates has more than 500 octets/);
  assert.match(await verifyWith({ maxElements: 20 }), /more than 20 values/);
  assert.match(await decryptWith({ maxContent: 1007 }), /encrypted content has more than 1007 octets/);
  assert.match(await decryptWith({ maxRecipients: 1 }), /more than 1 recipients/);
  assert.match(await decryptWith({ maxPart: 300 }), /recipients has more than 300 octets/);
});

test('a part of unknown length in tiny slices is read in linear time', async () => {
  const part = Buffer.concat([
    Buffer.from('3180', 'hex'),
    Buffer.from('0500'.repeat(9000), 'hex'),
    Buffer.from([0, 0]),
  ]);
  const begin = performance.now();
  const stream = new BerStream(sliced(part, 1), CMS_LIMITS);
  const element = await stream.element('part');
  assert.equal([...element.children()].length, 9000);
  assert.ok(performance.now() - begin < 3000, `${performance.now() - begin} ms`);
});

test('the end of a structure holds for the one inside it', async () => {
  // The inner value claims to be longer than the one around it; with an indefinite one between,
  // only the end can tell.
  const inner = new BerStream([Buffer.from('30040482ffff', 'hex')], CMS_LIMITS);
  await inner.enter('outer', 0x30);
  await assert.rejects(
    inner.element('inner'),
    (error: unknown) => error instanceof BerError && error.message.includes('longer than the structure'),
  );
  const between = new BerStream([Buffer.from('3004308004040102030400000000', 'hex')], CMS_LIMITS);
  await between.enter('outer', 0x30);
  await between.enter('between', 0x30);
  await between.element('inner');
  await between.leave('between');
  await assert.rejects(between.leave('outer'), /shorter than the values in it/);
});

test('a large message passes in little memory, and the event loop turns', async () => {
  const anna = await person('p256');
  const slice = Buffer.alloc(256 * 1024, 0x41);
  async function* source(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < 400; i++) yield slice; // 100 MB
  }
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  let most = 0;
  let octets = 0;
  const signed = signOpaque(source(), { signers: [signerOf(anna)], signingTime: NOW });
  const message = encrypt(signed, { recipients: [anna], cipher: 'aes-128-gcm', random });
  const opened = await decrypt(
    message,
    (plain) => {
      octets += plain.length;
      most = Math.max(most, process.memoryUsage().rss);
    },
    { keys: [anna] },
  );
  clearInterval(timer);
  assert.ok(opened.ok);
  assert.ok(octets > 100 * MiB);
  assert.ok(most - before < 80 * MiB, `${Math.round((most - before) / MiB)} MiB more than before`);
  assert.ok(turns >= 20, `the loop turned ${turns} times`);
});

test('the kind of a message is told by its first octets', async () => {
  const anna = await person('p256');
  const signed = signOpaque(
    ['x', 'y'].map((t) => Buffer.from(t)),
    { signers: [signerOf(anna)], signingTime: NOW },
  );
  assert.equal(await kindOf(signed), 'signed');
  for (const [cipher, kind] of [
    ['aes-256-gcm', 'auth-enveloped'],
    ['aes-256-cbc', 'enveloped'],
  ] as const)
    assert.equal(await kindOf(encrypt([], { recipients: [anna], cipher, random })), kind);
  assert.equal(await kindOf([encode(sequence(oid(Oid.data), explicit(0, octetString())))]), 'other');
  assert.equal(await kindOf([Buffer.from('Content-Type: text/plain')]), 'none');
  assert.equal(await kindOf([]), 'none');
});

test('a message without recipients, or with a cipher for the wrong kind, is told so', async () => {
  const info = (cipher: string, parameters: Buffer): ReturnType<typeof sequence> =>
    sequence(oid(Oid.data), sequence(oid(cipher), parameters), der(0x80, Buffer.alloc(16)));
  const message = (cipher: string, parameters: Buffer): Buffer =>
    encode(sequence(oid(Oid.envelopedData), explicit(0, sequence(integer(0), setOf([]), info(cipher, parameters)))));
  const [empty] = await answers(message(Oid.aes128Cbc, encode(octetString(Buffer.alloc(16)))));
  assert.equal(empty?.kind, 'no-key');
  const gcm = encode(sequence(octetString(Buffer.alloc(12)), integer(16)));
  const [mixed] = await answers(message(Oid.aes128Gcm, gcm));
  assert.match(mixed?.text ?? '', /of kind enveloped with the cipher aes-128-gcm/);
  const [odd] = await answers(message('1.2.840.113549.3.4', encode(octetString(Buffer.alloc(16)))));
  assert.match(odd?.text ?? '', /1\.2\.840\.113549\.3\.4, which is not understood/);
  const into = bucket();
  assert.equal(into.octets().length, 0);
});

/** Opaque signed data whose content comes in these octets, and an enveloped one. */
const inPieces = (pieces: Buffer): readonly Buffer[] => {
  const end = Buffer.alloc(2);
  const data = encode(oid(Oid.data));
  const signed = Buffer.concat([
    ...[Buffer.from([0x30, 0x80]), signedOid, Buffer.from('a080308002010131003080', 'hex'), data],
    ...[Buffer.from([0xa0, 0x80, 0x24, 0x80]), pieces, end, end, end, Buffer.from([0x31, 0]), end, end, end],
  ]);
  const cipher = Buffer.from(`301d060960864801650304012a0410${'00'.repeat(16)}`, 'hex');
  const enveloped = Buffer.concat([
    ...[Buffer.from([0x30, 0x80]), encode(oid(Oid.envelopedData)), Buffer.from('a08030800201003100', 'hex')],
    ...[Buffer.from([0x30, 0x80]), data, cipher, Buffer.from([0xa0, 0x80]), pieces, end, end, end, end, end],
  ]);
  return [signed, enveloped];
};

test('a content may come in pieces of 16 octets, with some smaller ones, and not in a million of one octet', async () => {
  const piecesOf = (n: number, octets: number, wrapped = false): Buffer => {
    const plain = Buffer.concat([Buffer.from([4, octets]), Buffer.alloc(octets, 65)]);
    const one = wrapped ? Buffer.concat([Buffer.from([0x24, plain.length]), plain]) : plain;
    return Buffer.concat(Array.from({ length: n }, () => one));
  };
  const describe = async (octets: Buffer): Promise<string> => {
    const source = sliced(octets, 64 * 1024);
    const read = await (octets.includes(signedOid)
      ? describeSignedData(source, CMS_LIMITS)
      : describeEnvelope(source, CMS_LIMITS));
    return read.ok ? 'read' : read.error.text;
  };
  const sound = [
    piecesOf(20_000, 16),
    piecesOf(5000, 64),
    piecesOf(CMS_LIMITS.freePieces - 2, 0),
    piecesOf(4000, 100, true),
  ];
  for (const pieces of sound) for (const message of inPieces(pieces)) assert.equal(await describe(message), 'read');
  // Nested strings, empty strings and those of a few octets: each is a piece.
  const bombs = [
    piecesOf(20_000, 1),
    piecesOf(20_000, 0),
    piecesOf(20_000, 15, true),
    Buffer.alloc(20_000, '\x24\x00'),
  ];
  for (const pieces of bombs)
    for (const message of inPieces(pieces)) assert.match(await describe(message), /in pieces of less than 16 octets/);
});

test('small pieces come joined: what follows pays for a few', async () => {
  const pieces = Buffer.concat(Array.from({ length: 4000 }, (_, i) => Buffer.from([4, 2, i & 255, i >> 8])));
  const stream = new BerStream(
    sliced(Buffer.concat([Buffer.from('2480', 'hex'), pieces, Buffer.alloc(2)]), 1000),
    CMS_LIMITS,
  );
  const slices: Buffer[] = [];
  for await (const slice of stream.octets('content', 4)) slices.push(slice);
  assert.ok(slices.length < 40, `${slices.length} slices`);
  const octets = Buffer.concat(slices);
  assert.equal(octets.length, 8000);
  assert.ok(Array.from({ length: 4000 }, (_, i) => i).every((i) => octets.readUInt16LE(2 * i) === i));
});
