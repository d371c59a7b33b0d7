/**
 * OpenPGP packets in numbers, in parts and in one another: what costs more than it brings is
 * refused, before and behind the decryption.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as openpgp from 'openpgp';
import { armoured } from '../../../src/crypto/pgp/armour.ts';
import { PgpFailure } from '../../../src/crypto/pgp/failure.ts';
import { MAX_PACKETS, PacketFrames } from '../../../src/crypto/pgp/packet-frames.ts';
import { Pgp } from '../../../src/crypto/pgp/pgp.ts';
import type { PgpKey } from '../../../src/crypto/pgp/protocol.ts';
import { openPgp } from '../../../src/crypto/pgp/unwrap.ts';
import { seeded } from '../../support/seeded.ts';
import { memoryStage } from '../smime/support.ts';
import { gathered, makeKey, messageOf, secretOf } from './support.ts';

const pgp = new Pgp();
let key: PgpKey;
let rsa: PgpKey;
before(async () => {
  key = await makeKey(pgp, 'anna');
  rsa = await makeKey(pgp, 'bert', 'rsa3072');
});
after(() => pgp.close());

const HEAD = 'Content-Type: text/plain\r\n\r\n';

/** What comes of a message of these packets. */
async function opened(packets: Uint8Array, by = key): Promise<string> {
  const slices: Uint8Array[] = [];
  for await (const slice of armoured('MESSAGE', [packets])) slices.push(slice);
  const message = await messageOf(
    Buffer.concat([
      Buffer.from(
        'From: a@b.test\r\nContent-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="b"\r\n\r\n' +
          '--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n',
      ),
      ...slices,
      Buffer.from('\r\n--b--\r\n'),
    ]),
  );
  const secretKeys = [secretOf(by)];
  const answer = await openPgp(message, {
    ...{ pgp, secretKeys, publicKeys: [], stage: memoryStage().stage, maxContent: 50_000_000 },
  });
  if (!answer.ok) return answer.error.text;
  assert.ok(answer.value !== undefined);
  return (await gathered(answer.value.message.source.slices())).toString('latin1');
}

async function encrypted(message: openpgp.Message<Uint8Array>, to = key): Promise<Buffer> {
  const encryptionKeys = await openpgp.readKey({ binaryKey: to.publicKey });
  const config = { preferredCompressionAlgorithm: openpgp.enums.compression.uncompressed };
  return Buffer.from(await openpgp.encrypt({ message, encryptionKeys, format: 'binary', config }));
}
const text = async (content: string, to = key): Promise<Buffer> =>
  await encrypted(await openpgp.createMessage({ binary: Buffer.from(content) }), to);

/** A compressed packet around octets that are packets, or are called so. */
function compressed(inside: Uint8Array): openpgp.CompressedDataPacket {
  const packet = new openpgp.CompressedDataPacket();
  return Object.assign(packet, { packets: { write: () => inside }, algorithm: openpgp.enums.compression.zlib });
}
const listOf = (...packets: openpgp.CompressedDataPacket[]): openpgp.PacketList<openpgp.CompressedDataPacket> => {
  const list = new openpgp.PacketList<openpgp.CompressedDataPacket>();
  list.push(...packets);
  return list;
};
const messageAround = (inside: Uint8Array): openpgp.Message<Uint8Array> =>
  new openpgp.Message(listOf(compressed(inside)));

/** A literal packet, in the old format: one of a binary file without a name. */
function literalOf(content: string): Uint8Array {
  const body = Buffer.concat([Buffer.from('b\0\0\0\0\0', 'latin1'), Buffer.from(`${HEAD}${content}\r\n`)]);
  return Buffer.concat([Buffer.from([0xac, body.length]), body]);
}

/** The session key in front, and the encrypted packet's content. */
function split(message: Buffer): { readonly keys: Buffer; readonly data: Buffer } {
  const length = message[1] ?? 0;
  const keys = message.subarray(0, 2 + length);
  const data = new PacketFrames();
  const rest = Buffer.concat(data.push(message.subarray(2 + length)));
  const size = rest[1] ?? 0;
  assert.ok(length < 192);
  const head = size < 192 ? 2 : size < 224 ? 3 : 6;
  return { keys, data: rest.subarray(head) };
}

/** New format, in parts of 2^n octets; the last one has a length of its own. */
function inParts(tag: number, data: Buffer, power: number): Buffer {
  const made: Uint8Array[] = [Buffer.from([tag])];
  let at = 0;
  for (; at + 2 ** power < data.length; at += 2 ** power)
    made.push(Buffer.from([0xe0 | power]), data.subarray(at, at + 2 ** power));
  const last = data.subarray(at);
  const head = Buffer.alloc(5, 0xff);
  head.writeUInt32BE(last.length, 1);
  return Buffer.concat([...made, head, last]);
}

test('a message in parts of one octet, of 64 and of 8,192 is the same message', async () => {
  const letter = `${HEAD}${'Uitslag\r\n'.repeat(3000)}`;
  const { keys, data } = split(await text(letter));
  for (const power of [0, 6, 13])
    assert.ok((await opened(Buffer.concat([keys, inParts(0xd2, data, power)]))).endsWith(letter));
});

test('frames give the same packets, however they are cut', (t) => {
  const seed = Date.now() % 1_000_000;
  t.diagnostic(`seed ${seed}`);
  const random = seeded(seed);
  const content = Buffer.from(Array.from({ length: 200_000 }, () => random.below(256)));
  const given = Buffer.concat([
    Buffer.from([0xca, 3, 0x50, 0x47, 0x50]),
    inParts(0xd2, content, 9),
    Buffer.from([0x99, 0, 2, 1, 2]),
    inParts(0xcb, content.subarray(0, 70_000), 0),
  ]);
  const whole = new PacketFrames();
  const expected = Buffer.concat(whole.push(given));
  whole.end();
  assert.ok(expected.length < given.length);
  assert.equal(whole.packets, 4);
  const frames = new PacketFrames();
  const made: Uint8Array[] = [];
  for (let at = 0; at < given.length;) {
    const next = at + 1 + random.below(2000);
    made.push(...frames.push(given.subarray(at, next)));
    at = next;
  }
  frames.end();
  assert.deepEqual(Buffer.concat(made), expected);
  // What comes out is in frames already.
  const again = new PacketFrames();
  assert.deepEqual(Buffer.concat(again.push(expected)), expected);
});

test('frames refuse what is cut off, what is no packet, and one packet too many', () => {
  for (const hex of ['d2', 'd205', 'd2050102', 'd2e901', 'd2ff0000', '99', '990001'])
    assert.throws(() => {
      const frames = new PacketFrames();
      frames.push(Buffer.from(hex, 'hex'));
      frames.end();
    }, PgpFailure);
  assert.throws(() => new PacketFrames().push(Buffer.from([0x41])), /begins with something else/);
  const marker = Buffer.from([0xca, 3, 0x50, 0x47, 0x50]);
  new PacketFrames(2).push(Buffer.concat([marker, marker]));
  assert.throws(() => new PacketFrames(2).push(Buffer.concat([marker, marker, marker])), /more than 2 packets/);
});

test('packets without number are refused: in front, of kinds that nobody knows, and inside what is compressed', async () => {
  const good = await text(`${HEAD}ok\r\n`);
  const marker = Buffer.from('ca03504750', 'hex');
  const many = (packet: string, n: number): Buffer => Buffer.from(packet.repeat(n), 'hex');
  assert.match(await opened(Buffer.concat([many('ca03504750', 1000), good])), /ok\r\n$/);
  for (const packet of ['ca03504750', 'd500', 'fc00'])
    assert.match(await opened(Buffer.concat([many(packet, MAX_PACKETS), good])), /more than 2000 packets/);
  // 10 KB become 10 MB of empty packets, which would hold the thread for a minute.
  assert.match(await opened(await encrypted(messageAround(many('fc00', 5_000_000)))), /not an OpenPGP message/);
  const hidden = Buffer.concat([many('ca03504750', MAX_PACKETS), literalOf('inside')]);
  assert.match(await opened(await encrypted(messageAround(hidden))), /not an OpenPGP message/);
  assert.match(
    await opened(await encrypted(messageAround(Buffer.concat([marker, literalOf('inside')])))),
    /inside\r\n$/,
  );
});

test('packets that are compressed twice are refused', async () => {
  const inside = listOf(compressed(literalOf('deep'))).write();
  assert.match(await opened(await encrypted(messageAround(inside))), /not an OpenPGP message/);
});

test('a message that is many times for us is tried a few times only', async () => {
  for (const [who, kind] of [
    [key, 'x25519'],
    [rsa, 'rsa'],
  ] as const) {
    const good = await text(`${HEAD}for you\r\n`, who);
    const two = (good[1] ?? 0) < 192 ? 2 + (good[1] ?? 0) : 3 + (((good[1] ?? 0) - 192) << 8) + (good[2] ?? 0) + 192;
    const wrong = Buffer.from(good.subarray(0, two));
    wrong[wrong.length - 1] = (wrong.at(-1) ?? 0) ^ 1;
    const with_ = (n: number): Promise<string> =>
      opened(Buffer.concat([...Array.from({ length: n }, () => wrong), good]), who);
    assert.match(await with_(3), /for you\r\n$/, kind);
    assert.match(await with_(200), /names our keys 201 times; expected at most 8 times/, kind);
  }
});

test('a header that comes in a small slice and then a large one is read', async () => {
  const letter = `X: ${'x'.repeat(200_000)}\r\n${HEAD}${'y'.repeat(300_000)}\r\n`;
  assert.ok((await opened(await text(letter))).endsWith(`${'y'.repeat(300_000)}\r\n`));
  assert.match(await opened(await text('x'.repeat(600_000))), /has no end of its header/);
});
