/**
 * Opens PGP/MIME (RFC 3156): decrypts, verifies, takes the header that travelled inside. Only the
 * root of a message, as a whole entity; armour inside a text is left as it is (inline PGP has no
 * header that says what it covers).
 */
import { type Result, fail, ok } from '../../domain/result.ts';
import { Base64Decoder } from '../../mime/base64-decoder.ts';
import { type ContentFields, contentFields } from '../../mime/content-fields.ts';
import { headerEnd } from '../../mime/header.ts';
import { QuotedPrintableDecoder } from '../../mime/quoted-printable-decoder.ts';
import { asBuffer, joinSmall } from '../../platform/bytes.ts';
import { twoParts } from '../smime/clear-signed.ts';
import { layerOf } from '../smime/layer.ts';
import { type Message, entityWithin, part, partAsCame } from '../smime/message.ts';
import type { Staging } from '../smime/open.ts';
import type { PartRange } from '../smime/parts.ts';
import { carriedBy, contentHeader, differing, differingBelow, letterHeader } from '../smime/protected-header.ts';
import { unarmoured } from './armour.ts';
import { PgpFailure } from './failure.ts';
import { InnerHeader } from './inner-header.ts';
import type { Pgp } from './pgp.ts';
import type { PgpProblem, PgpSignature } from './protocol.ts';

export interface PgpOpenOptions {
  readonly pgp: Pick<Pgp, 'run'>;
  /** Keys to decrypt with, OpenPGP packets; none: only signatures are looked at. */
  readonly secretKeys: readonly Uint8Array[];
  /** Keys registered for the address in From. */
  readonly publicKeys: readonly Uint8Array[];
  readonly stage: () => Staging;
  /** Octets of decrypted content. */
  readonly maxContent: number;
}

export interface PgpOpened {
  /** The message without its encryption; a clear signature stays on it. */
  readonly message: Message;
  readonly encrypted: boolean;
  /** Signatures inside; undefined: nobody signed, or only around the encryption. */
  readonly signatures?: readonly PgpSignature[];
  /** Signatures around the encryption. */
  readonly outside?: readonly PgpSignature[];
  /**
   * Subject from the header of a part that was signed below the encryption; octets of the field.
   */
  readonly subject?: Buffer;
  /**
   * A header that travelled inside says something else than the one outside: names of the fields.
   */
  readonly differs: readonly string[];
}

/** A signature with several signers is armoured in a few KB. */
const MAX_SIGNATURE_PART = 64 * 1024;
const MAX_PART_HEADER = 16 * 1024;

/**
 * Undefined if the message is not PGP/MIME. Staged content that is not in the result was given up.
 */
export async function openPgp(
  given: Message,
  options: PgpOpenOptions,
): Promise<Result<PgpOpened | undefined, PgpProblem>> {
  try {
    return ok(await opened(given, options));
  } catch (error) {
    if (!(error instanceof PgpFailure)) throw error;
    return fail({ kind: error.kind, text: error.message });
  }
}

async function opened(given: Message, options: PgpOpenOptions): Promise<PgpOpened | undefined> {
  const layer = await layerOf(given);
  if (layer.kind === 'pgp-encrypted') return await decrypted(given, layer.fields, options);
  if (layer.kind !== 'pgp-signed') return undefined;
  const { signatures, content } = await verified(given, layer.fields, options);
  const below = await layerOf(content);
  // Encrypted first, then signed: the signature is over the ciphertext.
  const inside = below.kind === 'pgp-encrypted' ? await decrypted(content, below.fields, options) : undefined;
  if (inside !== undefined) return { ...inside, outside: signatures };
  const differs = (await differingBelow(content)) ?? [];
  return { message: given, encrypted: false, differs, signatures };
}

/** The first octet of every packet has its highest bit set (RFC 9580 section 4.2). */
const PACKET = 0x80;

/**
 * Whether the second part of a multipart/encrypted holds armour that is whole, with packets in it.
 * Nothing is decrypted, and no key is needed.
 */
export async function holdsPackets(message: Message, fields: ContentFields): Promise<boolean> {
  try {
    const { second } = await partsOf(message, fields);
    let first: number | undefined;
    for await (const packets of unarmoured('MESSAGE', bodyOf(part(message.source, second.from, second.to))))
      first ??= packets[0];
    return first !== undefined && first >= PACKET;
  } catch (error) {
    if (error instanceof PgpFailure) return false;
    throw error;
  }
}

/** Decrypts; undefined: there is no key to try. */
async function decrypted(
  message: Message,
  fields: ContentFields,
  options: PgpOpenOptions,
): Promise<PgpOpened | undefined> {
  if (options.secretKeys.length === 0) return undefined;
  const inside = await takenOff(message, fields, options);
  if (inside.signatures !== undefined) return inside;
  // Signed first, then encrypted, as two layers (RFC 3156 section 6.1).
  const inner = await layerOf(inside.message);
  if (inner.kind !== 'pgp-signed') return inside;
  const { signatures, content } = await verified(inside.message, inner.fields, options);
  return { ...inside, ...carriedBelow(inside, content), signatures };
}

/**
 * A header that stands on the signed part (RFC 9788): its subject takes the place of the one
 * outside.
 */
function carriedBelow({ differs }: PgpOpened, content: Message): Pick<PgpOpened, 'subject' | 'differs'> {
  const inside = contentHeader(content);
  if (carriedBy(inside) !== 'copy') return { differs };
  const found = differing(letterHeader(content), inside, 'copy', true);
  const subject = inside.fields.find(({ name }) => name === 'subject');
  return {
    differs: [...new Set([...differs, ...found])],
    ...(subject !== undefined && { subject: inside.octets.subarray(subject.start, subject.end) }),
  };
}

interface Verified {
  readonly signatures: readonly PgpSignature[];
  /** What was signed, behind the letter's header. */
  readonly content: Message;
}

async function verified(
  message: Message,
  fields: ContentFields,
  { pgp, publicKeys }: PgpOpenOptions,
): Promise<Verified> {
  const { first, second } = await partsOf(message, fields);
  const pieces: Uint8Array[] = [];
  let octets = 0;
  for await (const piece of unarmoured('SIGNATURE', bodyOf(part(message.source, second.from, second.to)))) {
    octets += piece.length;
    if (octets > MAX_SIGNATURE_PART)
      throw new PgpFailure('limit', `The signature is larger than ${MAX_SIGNATURE_PART} octets`);
    pieces.push(piece);
  }
  const signature = joinSmall(pieces);
  const judge = async (input: AsyncIterable<Uint8Array>): Promise<readonly PgpSignature[]> => {
    const outcome = await pgp.run({ kind: 'verify', signature, publicKeys }, { input });
    if (!outcome.ok) throw new PgpFailure(outcome.error.kind, outcome.error.text);
    return outcome.value;
  };
  let signatures = await judge(partAsCame(message, first.from, first.to));
  // Signed in canonical form (RFC 3156 section 5), and kept with other line ends since.
  if (message.asCame !== undefined && signatures.some(({ state }) => state === 'wrong'))
    signatures = await judge(part(message.source, first.from, first.to));
  const content = await entityWithin(message, first);
  if (!content.ok) throw new PgpFailure('malformed', `Cannot read the header of what was signed: ${content.error}`);
  return { signatures, content: content.value };
}

async function takenOff(
  message: Message,
  fields: ContentFields,
  { pgp, secretKeys, publicKeys, stage, maxContent }: PgpOpenOptions,
): Promise<PgpOpened> {
  const { second } = await partsOf(message, fields);
  const staging = stage();
  let kept = false;
  try {
    const header = new InnerHeader(message, staging);
    const input = unarmoured('MESSAGE', bodyOf(part(message.source, second.from, second.to)));
    const job = { kind: 'decrypt', secretKeys, publicKeys, maxContent } as const;
    const outcome = await pgp.run(job, { input, output: (slice) => header.write(slice) });
    if (!outcome.ok) throw new PgpFailure(outcome.error.kind, outcome.error.text);
    const inside = await header.end();
    kept = true;
    const { signatures } = outcome.value;
    return {
      message: inside,
      encrypted: true,
      differs: header.differs,
      ...(signatures.length === 0 ? {} : { signatures }),
    };
  } finally {
    if (!kept) await staging.abort();
  }
}

async function partsOf(message: Message, fields: ContentFields): Promise<Record<'first' | 'second', PartRange>> {
  const parts = await twoParts(message, fields);
  if (!parts.ok) throw new PgpFailure('malformed', `Cannot take the message apart: ${parts.error}`);
  return parts.value;
}

/** The body of a part, its header passed over and its transfer encoding undone. */
async function* bodyOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, void> {
  let head: Buffer | undefined = Buffer.alloc(0);
  let decoder: Base64Decoder | QuotedPrintableDecoder | undefined;
  const decoded = (octets: Buffer): Buffer => (decoder === undefined ? octets : Buffer.from(decoder.push(octets)));
  for await (const slice of source) {
    if (head === undefined) {
      yield decoded(asBuffer(slice));
      continue;
    }
    const taken = Math.min(slice.length, MAX_PART_HEADER);
    head = joinSmall([head, slice.subarray(0, taken)]);
    const end = headerEnd(head);
    if (end < 0 && head.length > MAX_PART_HEADER) throw new PgpFailure('malformed', 'The header of a part has no end');
    if (end < 0) continue;
    decoder = decoderOf(contentFields(head.subarray(0, end)).encoding);
    yield decoded(head.subarray(end));
    yield decoded(asBuffer(slice).subarray(taken));
    head = undefined;
  }
  const last = decoder?.end();
  if (last !== undefined && last.length > 0) yield last;
}

function decoderOf(encoding: string): Base64Decoder | QuotedPrintableDecoder | undefined {
  if (encoding === 'base64') return new Base64Decoder();
  return encoding === 'quoted-printable' ? new QuotedPrintableDecoder() : undefined;
}
