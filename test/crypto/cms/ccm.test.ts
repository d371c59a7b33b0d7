import assert from 'node:assert/strict';
import { type CipherCCMTypes, createCipheriv } from 'node:crypto';
import { test } from 'node:test';
import { CcmOpening, ccmHolds } from '../../../src/crypto/cms/ccm.ts';
import { decrypt } from '../../../src/crypto/cms/decrypt.ts';
import { wrapForRsa } from '../../../src/crypto/cms/key-transport.ts';
import {
  Tag,
  context,
  encode,
  explicit,
  indefinite,
  END_OF_CONTENTS,
  integer,
  octetString,
  oid,
  sequence,
  setOf,
  value,
} from '../../../src/crypto/certificates/der.ts';
import { Oid } from '../../../src/crypto/certificates/oids.ts';
import { seeded } from '../../support/seeded.ts';
import { bucket, person, sliced } from './support.ts';

const seed = 3610;

interface Made {
  readonly ciphertext: Buffer;
  readonly mac: Buffer;
}

/** By OpenSSL, in one piece. */
function sealed(key: Buffer, nonce: Buffer, tag: number, plain: Buffer, additional?: Buffer): Made {
  const cipher = createCipheriv(`aes-${key.length * 8}-ccm` as CipherCCMTypes, key, nonce, { authTagLength: tag });
  if (additional !== undefined) cipher.setAAD(additional, { plaintextLength: plain.length });
  const ciphertext = cipher.update(plain);
  cipher.final();
  return { ciphertext, mac: cipher.getAuthTag() };
}

test(`what OpenSSL encrypts with AES-CCM is decrypted in slices of any size (seed ${seed})`, () => {
  const random = seeded(seed);
  for (let round = 0; round < 200; round += 1) {
    const octets = 1 + random.below(random.pick([1, 40, 700]));
    const [key, nonce] = [random.octets(random.pick([16, 24, 32])), random.octets(7 + random.below(7))];
    const tag = random.pick([12, 14, 16]);
    const plain = random.octets(octets);
    const additional = random.below(2) === 0 ? undefined : random.octets(1 + random.below(300));
    const { ciphertext, mac } = sealed(key, nonce, tag, plain, additional);
    const parameters = { key, nonce, tag, octets, additional };
    const opening = new CcmOpening(parameters);
    const opened = sliced(ciphertext, 1 + random.below(64)).map((slice) => opening.update(Buffer.from(slice)));
    assert.ok(Buffer.concat(opened).equals(plain), `round ${round}`);
    assert.equal(opening.end(mac), true, `round ${round}: ${octets} octets, nonce of ${nonce.length}, tag of ${tag}`);
    const wrong = new CcmOpening(parameters);
    for (const slice of sliced(ciphertext, 64)) wrong.update(Buffer.from(slice));
    mac[0]! ^= 1;
    assert.equal(wrong.end(mac), false);
  }
});

test('a content longer than its counter can tell has no encryption', () => {
  assert.deepEqual(
    [65_535, 65_536].map((octets) => ccmHolds({ nonce: Buffer.alloc(13), octets })),
    [true, false],
  );
  assert.equal(ccmHolds({ nonce: Buffer.alloc(7), octets: 2 ** 40 }), true);
});

/**
 * AuthEnvelopedData (RFC 5083, RFC 5084 section 3.1) to one RSA key; `stream`: the content in parts
 * of unknown total length.
 */
async function message({
  bits = 256,
  tag = 16,
  stream = false,
  attributes = true,
  change = (m: Made): Made => m,
} = {}) {
  const to = await person('rsa2048');
  const random = seeded(seed);
  const [key, nonce] = [random.octets(bits / 8), random.octets(12)];
  const plain = random.octets(100_000);
  const covered = [encode(sequence(oid(Oid.contentType), setOf([encode(oid(Oid.data))])))];
  const made = sealed(key, nonce, tag, plain, attributes ? encode(setOf(covered)) : undefined);
  const { ciphertext, mac } = change(made);
  const cipher = { 128: Oid.aes128Ccm, 192: Oid.aes192Ccm, 256: Oid.aes256Ccm }[bits]!;
  const parameters = tag === 12 ? sequence(octetString(nonce)) : sequence(octetString(nonce), integer(tag));
  const content = stream
    ? Buffer.concat([
        indefinite(context(0)),
        ...sliced(ciphertext, 30_000).map((part) => encode(octetString(Buffer.from(part)))),
        END_OF_CONTENTS,
      ])
    : encode(value(context(0, 'primitive'), ciphertext));
  const octets = encode(
    sequence(
      oid(Oid.authEnvelopedData),
      explicit(
        0,
        sequence(
          integer(0),
          setOf([wrapForRsa(key, to.certificate, 'oaep', 'issuer')]),
          sequence(oid(Oid.data), sequence(oid(cipher), parameters), content),
          ...(attributes ? [setOf(covered, context(1))] : []),
          value(Tag.octetString, mac),
        ),
      ),
    ),
  );
  const into = bucket();
  const opened = await decrypt(() => sliced(octets, 9000), into.take, { keys: [to] });
  return { opened, whole: opened.ok && into.octets().equals(plain) };
}

test('AuthEnvelopedData with AES-CCM is opened: three keys, tags of 12 to 16 octets, attributes, DER and BER', async () => {
  for (const bits of [128, 192, 256])
    for (const tag of [12, 14, 16])
      for (const stream of [false, true]) {
        const { opened, whole } = await message({ bits, tag, stream, attributes: tag !== 14 });
        assert.ok(opened.ok && whole, `${bits} ${tag} ${stream}: ${opened.ok ? 'other octets' : opened.error.text}`);
        assert.deepEqual([opened.value.cipher, opened.value.authenticated], [`aes-${bits}-ccm`, true]);
      }
});

test('a changed content, tag or length is damaged, and a short tag is not accepted', async () => {
  for (const change of [
    ({ ciphertext, mac }: Made) => ({
      ciphertext: Buffer.concat([ciphertext.subarray(0, 9), Buffer.from('x'), ciphertext.subarray(10)]),
      mac,
    }),
    ({ ciphertext, mac }: Made) => ({ ciphertext: ciphertext.subarray(1), mac }),
    ({ ciphertext, mac }: Made) => ({ ciphertext, mac: Buffer.from(mac).reverse() }),
    ({ ciphertext, mac }: Made) => ({ ciphertext, mac: mac.subarray(4) }),
  ])
    for (const stream of [false, true]) {
      const { opened } = await message({ change, stream });
      assert.equal(opened.ok ? 'opened' : opened.error.kind, 'damaged');
    }
  const { opened } = await message({ tag: 8 });
  assert.equal(opened.ok ? 'opened' : opened.error.kind, 'unsupported');
});
