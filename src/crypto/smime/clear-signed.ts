/**
 * The two parts of multipart/signed (RFC 1847 section 2.1): the signed octets, exactly as they
 * stand between the delimiters, and the signature.
 *
 * Exactly two parts: with a third one, what a mail program shows and what was signed may be two
 * things.
 */
import { type Result, fail, ok } from '../../domain/result.ts';
import { Base64Decoder } from '../../mime/base64-decoder.ts';
import { type ContentFields, contentFields } from '../../mime/content-fields.ts';
import { anyHeaderEnd } from '../../mime/canonical.ts';
import { asBuffer, joinSmall } from '../../platform/bytes.ts';
import { type Message, entityWithin, letterFields, part, partAsCame, readMessage } from './message.ts';
import { type PartRange, Parts, partOf } from './parts.ts';

/**
 * Of the signature part as it stands: a chain of four RSA-4096 certificates and their lists, in
 * base64, stay far below.
 */
export const MAX_SIGNATURE_PART = 192 * 1024;

export interface ClearSigned {
  /** The signature, decoded. */
  readonly signature: Buffer;
  /** The signed octets, as they came; may be read again and again. */
  readonly content: () => AsyncGenerator<Uint8Array, void, void>;
  /**
   * The signed part as a message, behind the header of the letter. The error: its own header cannot
   * be read.
   */
  readonly inside: () => Promise<Result<Message, string>>;
}

/** Numbers of the parts. */
const CONTENT = 1;
const SIGNATURE = 2;

/** Where the two parts lie in the message. The error says what is not as it must be. */
export async function twoParts(
  message: Message,
  { type, boundary }: ContentFields,
): Promise<Result<Readonly<Record<'first' | 'second', PartRange>>, string>> {
  if (boundary === '') return fail(`${type} has no boundary`);
  const parts = new Parts(boundary, 0);
  for await (const slice of part(message.source, message.bodyAt)) parts.take(asBuffer(slice));
  parts.end();
  if (parts.count !== 2) return fail(`${type} has ${parts.count ?? 'unfinished'} parts; expected 2`);
  const within = ({ from, to }: PartRange): PartRange => ({ from: message.bodyAt + from, to: message.bodyAt + to });
  return ok({ first: within(parts.range(CONTENT)), second: within(parts.range(SIGNATURE)) });
}

/** Reads a message whose content is multipart/signed. The error says what is not as it must be. */
export async function readClearSigned(message: Message, fields: ContentFields): Promise<Result<ClearSigned, string>> {
  const parts = await twoParts(message, fields);
  if (!parts.ok) return parts;
  const { first, second } = parts.value;
  if (second.to - second.from > MAX_SIGNATURE_PART)
    return fail(`the signature part is larger than ${MAX_SIGNATURE_PART} octets`);
  const pieces: Uint8Array[] = [];
  for await (const piece of partAsCame(message, second.from, second.to)) pieces.push(piece);
  const signature = decodeSignature(joinSmall(pieces));
  if (!signature.ok) return signature;
  return ok({
    signature: signature.value,
    content: () => partAsCame(message, first.from, first.to),
    inside: () => entityWithin(message, first),
  });
}

/**
 * The first part of a multipart, as far as its header goes, behind the header of the letter: enough
 * to tell what it is. Undefined if there is none. Nothing behind it is read.
 */
export async function firstPart(message: Message, boundary: string): Promise<Message | undefined> {
  if (boundary === '') return undefined;
  const { octets, count } = letterFields(message);
  let found = 0;
  const read = await readMessage({
    octets: octets.length + message.source.octets,
    slices: async function* () {
      yield octets;
      for await (const slice of partOf(message, boundary, CONTENT)) {
        found += slice.length;
        yield slice;
      }
    },
  });
  return read.ok && found > 0 ? { ...read.value, outside: count } : undefined;
}

function decodeSignature(partOctets: Buffer): Result<Buffer, string> {
  const end = anyHeaderEnd(partOctets);
  if (end < 0) return fail('the signature part has no end of its header');
  const fields = contentFields(partOctets.subarray(0, end));
  const body = partOctets.subarray(end);
  if (fields.encoding === 'binary') return ok(body);
  if (fields.encoding !== 'base64')
    return fail(`the signature part has the transfer encoding ${fields.encoding}; expected base64`);
  const decoder = new Base64Decoder();
  return ok(joinSmall([Buffer.from(decoder.push(body)), decoder.end()]));
}
