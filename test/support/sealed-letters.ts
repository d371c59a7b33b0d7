/**
 * Encrypted letters as an attacker would replay them: the encrypted entity alone, without the
 * header that it came with.
 */
import * as openpgp from 'openpgp';
import { instant } from '../../src/domain/units.ts';
import { encrypted, opaqueSigned, clearSigned, protect } from '../../src/crypto/smime/protect.ts';
import { readMessage, sourceOf } from '../../src/crypto/smime/message.ts';
import type { Pgp } from '../../src/crypto/pgp/pgp.ts';
import type { PgpKey } from '../../src/crypto/pgp/protocol.ts';
import { type Person, collect, random, signerOf } from '../crypto/cms/support.ts';
import { protectedBy, secretOf } from '../crypto/pgp/support.ts';
import { value } from '../crypto/support.ts';

/** The content. Each part has a length of its own. */
export interface Secret {
  readonly subject: string;
  readonly file: string;
  readonly text: string;
}

export interface Correspondents {
  /** The person who wrote the letter. */
  readonly author: Person;
  readonly authorKey: PgpKey;
  /** The persons for whom it is encrypted. */
  readonly readers: readonly Person[];
  readonly readerKeys: readonly PgpKey[];
  readonly pgp: Pgp;
}

export const FORMS = [
  'smime-cbc',
  'smime-gcm',
  'smime-interop',
  'smime-strong',
  'smime-octet-stream',
  'smime-signed-outside',
  'smime-clear-signed-outside',
  'pgp-interop',
  'pgp-strong',
  'pgp-compressed',
] as const;
export type Form = (typeof FORMS)[number];

const letterOf = ({ subject, file, text }: Secret, from: string): Buffer =>
  Buffer.from(
    `From: <${from}>\r\nTo: <cor@group.test>\r\nSubject: ${subject}\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <secret@group.test>\r\n` +
      'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=inside\r\n\r\n--inside\r\n' +
      `Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${text}\r\n--inside\r\n` +
      `Content-Type: application/pdf; name="${file}"\r\nContent-Disposition: attachment; filename="${file}"\r\n` +
      `Content-Transfer-Encoding: base64\r\n\r\n${Buffer.from(text, 'latin1').toString('base64')}\r\n--inside--\r\n`,
    'latin1',
  );

/** The content fields of the header, and the body. */
function entityOf(message: Buffer): Buffer {
  const text = message.toString('latin1');
  const end = text.indexOf('\r\n\r\n') + 2;
  const fields = text.slice(0, end).match(/^[^\s:]+:.*\r\n(?:[ \t].*\r\n)*/gm) ?? [];
  const own = fields.filter((field) => /^content-/i.test(field)).join('');
  return Buffer.from(`MIME-Version: 1.0\r\n${own}${text.slice(end)}`, 'latin1');
}

const wrapping = { random, eightBit: true };

/**
 * Makes a letter. Two of the same form and length look the same from outside: even the outer
 * boundary is the same.
 */
export async function sealedLetter(form: Form, secret: Secret, people: Correspondents): Promise<Buffer> {
  const made = (await make(form, secret, people)).toString('latin1');
  return Buffer.from(made.replace(/sluis-[0-9a-f]{32}/g, `sluis-${'0'.repeat(32)}`), 'latin1');
}

async function make(form: Form, secret: Secret, people: Correspondents): Promise<Buffer> {
  const { author, readers, pgp } = people;
  const letter = letterOf(secret, author.address);
  const signing = { signers: [signerOf(author)], signingTime: instant(Date.now()) };
  const recipients = readers.map(({ certificate }) => ({ certificate, transport: 'pkcs1' as const }));
  const closed = (cipher: 'aes-256-cbc' | 'aes-256-gcm') => ({ recipients, cipher, random });
  const slices = async function* (octets: Buffer): AsyncGenerator<Buffer, void, void> {
    yield await Promise.resolve(octets);
  };
  const cbc = async (): Promise<Buffer> => await collect(encrypted(slices(entityOf(letter)), closed('aes-256-cbc')));
  const mime = (entity: Buffer): Buffer => Buffer.concat([Buffer.from('MIME-Version: 1.0\r\n'), entity]);
  const whole = async (): Promise<Parameters<typeof protect>[0]> => value(await readMessage(sourceOf(letter)));
  switch (form) {
    case 'smime-cbc':
      return mime(await cbc());
    case 'smime-gcm':
      return mime(await collect(encrypted(slices(entityOf(letter)), closed('aes-256-gcm'))));
    case 'smime-interop':
      return entityOf(
        await collect(
          protect(await whole(), { kind: 'interop', signing, encryption: closed('aes-256-cbc') }, wrapping),
        ),
      );
    case 'smime-strong':
      return entityOf(
        await collect(protect(await whole(), { kind: 'strong', signing, encryption: closed('aes-256-gcm') }, wrapping)),
      );
    case 'smime-octet-stream':
      return Buffer.from(
        mime(await cbc())
          .toString('latin1')
          .replace(/application\/pkcs7-mime; smime-type=enveloped-data/, 'application/octet-stream'),
        'latin1',
      );
    case 'smime-signed-outside':
      return mime(await collect(opaqueSigned(slices(await cbc()), signing)));
    case 'smime-clear-signed-outside':
      return mime(await collect(clearSigned(slices(await cbc()), signing, wrapping)));
    case 'pgp-interop':
    case 'pgp-strong':
      return entityOf(
        await protectedBy(pgp, letter, {
          secretKeys: [secretOf(people.authorKey)],
          publicKeys: people.readerKeys.map(({ publicKey }) => publicKey),
          profile: form === 'pgp-strong' ? 'strong' : 'interop',
        }),
      );
    case 'pgp-compressed':
      return await compressed(letter, people.readerKeys);
  }
}

/** Compressed as GnuPG does it, so the content may be many times larger than the letter. */
async function compressed(letter: Buffer, readers: readonly PgpKey[]): Promise<Buffer> {
  const armour = await openpgp.encrypt({
    message: await openpgp.createMessage({ binary: entityOf(letter) }),
    encryptionKeys: await Promise.all(readers.map(({ publicKey }) => openpgp.readKey({ binaryKey: publicKey }))),
    config: { preferredCompressionAlgorithm: openpgp.enums.compression.zlib },
  });
  return Buffer.from(
    'MIME-Version: 1.0\r\nContent-Type: multipart/encrypted; boundary=b; protocol="application/pgp-encrypted"\r\n\r\n' +
      '--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n' +
      `${armour.replace(/\r?\n/g, '\r\n')}\r\n--b--\r\n`,
  );
}
