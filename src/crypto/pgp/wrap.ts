/**
 * PGP/MIME (RFC 3156): what S/MIME does with CMS, with OpenPGP packets. The header stays outside;
 * in profile *strong* a copy of it goes inside (RFC 9788), and the subject outside says nothing.
 *
 * Signed are the octets as they are given: `sevenBit` of S/MIME makes them 7 bits before, where
 * nothing is encrypted (RFC 3156 section 3).
 */
import type { RandomBytes } from '../../domain/effects.ts';
import { joinSmall } from '../../platform/bytes.ts';
import { type Message, entityOf, fieldOctets, part } from '../smime/message.ts';
import { type Entity, withHeader, withNeutralSubject } from '../smime/protect.ts';
import { armoured } from './armour.ts';
import { PgpFailure } from './failure.ts';
import type { Pgp } from './pgp.ts';
import { encryptedPackets } from './stream.ts';

export interface PgpProtection {
  /** Secret keys that sign, OpenPGP packets; none: encrypted only. */
  readonly secretKeys: readonly Uint8Array[];
  /** Public keys of the recipients; none: signed only. */
  readonly publicKeys: readonly Uint8Array[];
  readonly profile: 'interop' | 'strong';
}

export interface PgpWrapOptions {
  readonly pgp: Pick<Pgp, 'run'>;
  readonly random: RandomBytes;
  /** As in `WrapOptions` of S/MIME. */
  readonly eightBit: boolean;
}

const text = (value: string): Buffer => Buffer.from(value, 'latin1');
const boundaryOf = (random: RandomBytes): string => `sluis-${Buffer.from(random(16)).toString('hex')}`;

/** The protected message. Throws PgpFailure, and what the source throws. */
export function protectPgp(message: Message, protection: PgpProtection, options: PgpWrapOptions): Entity {
  if (protection.publicKeys.length === 0) return withHeader(message, clearSigned(message, protection, options));
  return protection.profile === 'strong'
    ? withNeutralSubject(message, encrypted(payload(message), protection, options))
    : withHeader(message, encrypted(entityOf(message), protection, options));
}

/**
 * RFC 3156 section 5. The content is read twice: `micalg` stands in front of it and is known when
 * it is signed.
 */
async function* clearSigned(
  message: Message,
  { secretKeys }: PgpProtection,
  { pgp, random, eightBit }: PgpWrapOptions,
): Entity {
  const signed = await pgp.run({ kind: 'sign', secretKeys }, { input: entityOf(message) });
  if (!signed.ok) throw new PgpFailure(signed.error.kind, signed.error.text);
  const { signature, hash } = signed.value;
  const boundary = boundaryOf(random);
  yield text(
    `Content-Type: multipart/signed; protocol="application/pgp-signature";\r\n\tmicalg=pgp-${hash}; boundary="${boundary}"\r\n` +
      (eightBit ? 'Content-Transfer-Encoding: 8bit\r\n\r\n' : '\r\n') +
      `This is a signed message (RFC 3156).\r\n\r\n--${boundary}\r\n`,
  );
  yield* entityOf(message);
  // The line end before a boundary belongs to the boundary: the content keeps its own.
  yield text(
    `\r\n--${boundary}\r\nContent-Type: application/pgp-signature; name="signature.asc"\r\n` +
      `Content-Disposition: attachment; filename="signature.asc"\r\n\r\n`,
  );
  yield* armoured('SIGNATURE', [signature]);
  yield text(`\r\n--${boundary}--\r\n`);
}

/** RFC 3156 section 4; signed inside if somebody signs (section 6.2). */
async function* encrypted(content: Entity, keys: PgpProtection, { pgp, random }: PgpWrapOptions): Entity {
  const boundary = boundaryOf(random);
  yield text(
    `Content-Type: multipart/encrypted; protocol="application/pgp-encrypted";\r\n\tboundary="${boundary}"\r\n\r\n` +
      `This is an encrypted message (RFC 3156).\r\n\r\n--${boundary}\r\nContent-Type: application/pgp-encrypted\r\n\r\n` +
      `Version: 1\r\n\r\n--${boundary}\r\nContent-Type: application/octet-stream; name="encrypted.asc"\r\n` +
      `Content-Disposition: inline; filename="encrypted.asc"\r\n\r\n`,
  );
  yield* armoured('MESSAGE', encryptedPackets(pgp, content, keys));
  yield text(`\r\n--${boundary}--\r\n`);
}

/**
 * Fields of the letter that are copied inside (RFC 9788 section 2.2: those that a mail program
 * shows).
 */
const INSIDE: ReadonlySet<string> = new Set([
  ...['from', 'sender', 'reply-to', 'to', 'cc', 'subject', 'date', 'message-id', 'in-reply-to', 'references'],
]);

/**
 * The content with a copy of the header in front, and the mark that tells so: RFC 9788's, and the
 * older one that Thunderbird reads.
 */
async function* payload(message: Message): Entity {
  const { header, source, bodyAt } = message;
  const marks = '; protected-headers="v1"; hp="cipher"\r\n';
  const type = header.fields.find(({ name }) => name === 'content-type');
  const typed =
    type === undefined
      ? text(`Content-Type: text/plain; charset=us-ascii${marks}`)
      : joinSmall([header.octets.subarray(type.start, lastLine(header.octets, type.end)), text(marks)]);
  yield joinSmall([
    fieldOctets(header, ({ name }) => INSIDE.has(name)),
    typed,
    fieldOctets(header, ({ name }) => name.startsWith('content-') && name !== 'content-type'),
    text('\r\n'),
  ]);
  yield* part(source, bodyAt);
}

/** End of a field before its line end, and before a semicolon that stands there already. */
function lastLine(octets: Buffer, end: number): number {
  let at = end;
  while (at > 0 && (octets[at - 1] === 10 || octets[at - 1] === 13 || octets[at - 1] === 59 || octets[at - 1] === 32))
    at -= 1;
  return at;
}
