/** Keys, letters and round trips for tests of OpenPGP. */
import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import * as openpgp from 'openpgp';
import type { Pgp } from '../../../src/crypto/pgp/pgp.ts';
import type { PgpKey, PgpKeyType } from '../../../src/crypto/pgp/protocol.ts';
import { type PgpProtection, protectPgp } from '../../../src/crypto/pgp/wrap.ts';
import { type Message, readMessage, sourceOf } from '../../../src/crypto/smime/message.ts';

export const YEAR = 365 * 24 * 3600;

export const must = <V>(result: { ok: true; value: V } | { ok: false; error: { text: string } | string }): V => {
  if (!result.ok) assert.fail(typeof result.error === 'string' ? result.error : result.error.text);
  return result.value;
};

export const makeKey = async (pgp: Pgp, name: string, type: PgpKeyType = 'curve25519', life = YEAR): Promise<PgpKey> =>
  must(await pgp.run({ kind: 'make-key', type, name, email: `${name}@group.test`, seconds: life }));

export const secretOf = (key: PgpKey): Uint8Array => {
  assert(key.secret !== undefined);
  return key.secret.key;
};

export async function gathered(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const slices: Uint8Array[] = [];
  for await (const slice of source) slices.push(slice);
  return Buffer.concat(slices);
}

/**
 * 8-bit EDI, a delimiter-like line, a dash at the beginning of a line, no trailing line but one:
 * what a repair would change.
 */
export const BODY = Buffer.from(
  "UNA:+.? 'UNB+UNOC:3+1+2'\xe9\xe8\r\n--\r\n- dash\r\n\r\n \t\r\nUNZ+1+1'\r\n",
  'latin1',
);
export const CONTENT = 'Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n';

export const letter = (body: Buffer = BODY, content = CONTENT): Buffer =>
  Buffer.concat([
    Buffer.from(
      `Received: from here\r\nFrom: Anna <anna@group.test>\r\nTo: bert@group.test\r\nSubject: Uitslag\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@x.test>\r\nMIME-Version: 1.0\r\n${content}\r\n`,
    ),
    body,
  ]);

export const messageOf = async (octets: Uint8Array): Promise<Message> => must(await readMessage(sourceOf(octets)));

export const protectedBy = async (pgp: Pgp, octets: Buffer, protection: Partial<PgpProtection>): Promise<Buffer> =>
  await gathered(
    protectPgp(
      await messageOf(octets),
      { secretKeys: [], publicKeys: [], profile: 'interop', ...protection },
      { pgp, random: randomBytes, eightBit: true },
    ),
  );

/** Whom a PGP/MIME message says that it is for. */
export async function encryptionKeyIdsOf(mail: Buffer): Promise<string[]> {
  const armour = /-----BEGIN PGP MESSAGE-----[\s\S]*-----END PGP MESSAGE-----\r\n/.exec(mail.toString('latin1'))?.[0];
  const message = await openpgp.readMessage({ armoredMessage: armour ?? '' });
  return message.getEncryptionKeyIDs().map((id) => id.toHex());
}

/**
 * Symmetrically encrypted data of old (RFC 4880 section 5.7), which nothing protects against
 * change: CFB that starts again behind its prefix.
 */
export async function withoutIntegrity(content: Buffer, to: PgpKey): Promise<Buffer> {
  const sessionKey = randomBytes(32);
  const forWhom = await openpgp.encryptSessionKey({
    ...{ data: sessionKey, algorithm: 'aes256', format: 'binary' },
    encryptionKeys: await openpgp.readKey({ binaryKey: to.publicKey }),
  });
  const literal = Buffer.concat([Buffer.from([0x80 | (11 << 2), content.length + 6, 0x62, 0, 0, 0, 0, 0]), content]);
  const random = randomBytes(16);
  const prefix = Buffer.concat([random, random.subarray(14)]);
  const first = createCipheriv('aes-256-cfb', sessionKey, Buffer.alloc(16)).update(prefix);
  const rest = createCipheriv('aes-256-cfb', sessionKey, first.subarray(2, 18)).update(literal);
  return Buffer.concat([forWhom, Buffer.from([0x80 | (9 << 2), first.length + rest.length]), first, rest]);
}
