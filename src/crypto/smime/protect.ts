/**
 * Wraps a message: signed, signed and encrypted, or with its whole header inside (RFC 8551 sections
 * 3.1 to 3.7).
 *
 * Profile *interop*: multipart/signed, and around it EnvelopedData; the header stays outside, as
 * every mail program expects. Profile *strong*: the whole message as message/rfc822, opaque signed,
 * in AuthEnvelopedData; outside stay the addresses, the date and the Message-ID, and a subject that
 * says nothing.
 *
 * Everything is a stream: what comes out is a whole message, header first, canonical, ending in
 * CRLF.
 */
import type { RandomBytes } from '../../domain/effects.ts';
import { base64Lines } from '../../mime/base64-encoder.ts';
import { joinSmall } from '../../platform/bytes.ts';
import { MICALG } from '../cms/algorithms.ts';
import { type EncryptionOptions, encrypt } from '../cms/encrypt.ts';
import { type SigningOptions, Signing, hashOf, signOpaque } from '../cms/sign.ts';
import { type Slices, paced } from '../cms/slices.ts';
import { type Message, entityOf, fieldOctets, outerFields, part } from './message.ts';

/** An entity: the fields of its content, then, behind the empty line, its body. */
export type Entity = AsyncGenerator<Uint8Array, void, void>;

/** A subject that tells nobody anything; the real one is inside. */
export const NEUTRAL_SUBJECT = 'Beveiligd bericht (secured message)';

const text = (value: string): Buffer => Buffer.from(value, 'latin1');
const CRLF = text('\r\n');

const boundaryOf = (random: RandomBytes): string => `sluis-${Buffer.from(random(16)).toString('hex')}`;

export interface WrapOptions {
  readonly random: RandomBytes;
  /**
   * The content has octets above 127 outside any transfer encoding: whatever is around it must say
   * so (RFC 2045 section 6.4).
   */
  readonly eightBit: boolean;
}

/** RFC 8551 section 3.5.3: what is signed stays readable for whoever knows no S/MIME. */
export async function* clearSigned(
  content: Entity,
  signing: SigningOptions,
  { random, eightBit }: WrapOptions,
): Entity {
  const boundary = boundaryOf(random);
  const micalg = [...new Set(signing.signers.map((signer) => MICALG[hashOf(signer)]))].join(',');
  yield text(
    `Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n\tmicalg=${micalg}; boundary="${boundary}"\r\n` +
      (eightBit ? 'Content-Transfer-Encoding: 8bit\r\n\r\n' : '\r\n') +
      `This is a signed message (RFC 8551).\r\n\r\n--${boundary}\r\n`,
  );
  const signer = new Signing(signing);
  for await (const slice of paced(content)) {
    signer.update(slice);
    yield slice;
  }
  // The line end before a boundary belongs to the boundary: the content keeps its own.
  yield text(
    `\r\n--${boundary}\r\nContent-Type: application/pkcs7-signature; name="smime.p7s"\r\nContent-Transfer-Encoding: base64\r\n` +
      `Content-Disposition: attachment; filename="smime.p7s"\r\n\r\n`,
  );
  yield* base64Lines([await signer.detached()]);
  yield text(`\r\n--${boundary}--\r\n`);
}

const cmsHeader = (type: 'signed-data' | 'enveloped-data' | 'authEnveloped-data'): Buffer =>
  text(
    `Content-Type: application/pkcs7-mime; smime-type=${type}; name="smime.p7m"\r\nContent-Transfer-Encoding: base64\r\n` +
      `Content-Disposition: attachment; filename="smime.p7m"\r\n\r\n`,
  );

/**
 * RFC 8551 section 3.5.2: nothing on the way can change it unnoticed, and nothing but S/MIME can
 * read it.
 */
export async function* opaqueSigned(content: Entity, signing: SigningOptions): Entity {
  yield cmsHeader('signed-data');
  yield* base64Lines(signOpaque(content, signing));
}

/** RFC 8551 sections 3.3 and 3.4. With CBC the content must be signed. */
export async function* encrypted(content: Slices, encryption: EncryptionOptions): Entity {
  yield cmsHeader(encryption.cipher.endsWith('-gcm') ? 'authEnveloped-data' : 'enveloped-data');
  yield* base64Lines(encrypt(content, encryption));
}

/** The letter's own header around a new content. */
async function* around(header: Buffer, content: Entity): Entity {
  yield joinSmall([header, text('MIME-Version: 1.0\r\n')]);
  yield* content;
}

/** A message whose content is `content` and whose header stays outside. */
export const withHeader = (message: Message, content: Entity): Entity => around(outerFields(message.header), content);

/**
 * Fields that stay readable around a message whose header is inside: what carries it, and what
 * threads it.
 */
const CARRIED: ReadonlySet<string> = new Set([
  'return-path',
  'received',
  'authentication-results',
  'date',
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'message-id',
  'in-reply-to',
  'references',
  'auto-submitted',
  'disposition-notification-to',
]);
/** Fields of the journey: they grow on the way and say nothing about the letter. */
const TRACE: ReadonlySet<string> = new Set(['return-path', 'received', 'authentication-results']);

/**
 * The whole message, the fields of its journey left out, as the content of another one (RFC 8551
 * section 3.1).
 */
export async function* wholeMessage(message: Message): Entity {
  yield text('Content-Type: message/rfc822\r\n\r\n');
  const { header, source, bodyAt } = message;
  yield joinSmall([fieldOctets(header, (field) => !TRACE.has(field.name)), CRLF]);
  yield* part(source, bodyAt);
}

/** A message with only what must be seen outside, and a subject that says nothing. */
export const withNeutralHeader = (message: Message, content: Entity): Entity =>
  around(
    joinSmall([
      fieldOctets(message.header, (field) => CARRIED.has(field.name)),
      text(`Subject: ${NEUTRAL_SUBJECT}\r\n`),
    ]),
    content,
  );

/**
 * The letter's header with a subject that says nothing: for content that takes no other field
 * along.
 */
export const withNeutralSubject = (message: Message, content: Entity): Entity =>
  around(
    joinSmall([
      fieldOctets(
        message.header,
        ({ name }) => !name.startsWith('content-') && name !== 'mime-version' && name !== 'subject',
      ),
      text(`Subject: ${NEUTRAL_SUBJECT}\r\n`),
    ]),
    content,
  );

/** What a protection needs: who signs, and to whom it is encrypted. */
export type Protection =
  | { readonly kind: 'signed'; readonly signing: SigningOptions }
  | { readonly kind: 'interop'; readonly signing: SigningOptions; readonly encryption: EncryptionOptions }
  | { readonly kind: 'strong'; readonly signing: SigningOptions; readonly encryption: EncryptionOptions };

/**
 * The protected message. Throws what the source throws; an unfinished message is never a valid one.
 */
export function protect(message: Message, protection: Protection, options: WrapOptions): Entity {
  switch (protection.kind) {
    case 'signed':
      return withHeader(message, clearSigned(entityOf(message), protection.signing, options));
    case 'interop':
      return withHeader(
        message,
        encrypted(clearSigned(entityOf(message), protection.signing, options), protection.encryption),
      );
    case 'strong':
      return withNeutralHeader(
        message,
        encrypted(opaqueSigned(wholeMessage(message), protection.signing), protection.encryption),
      );
  }
}
