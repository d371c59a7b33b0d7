/**
 * The two parts of multipart/signed (RFC 1847 section 2.1): the signed octets, exactly as they stand between the delimiters, and the
 * signature.
 *
 * Exactly two parts: with a third one, what a mail program shows and what was signed may be two things.
 */
import { type Result, fail, ok } from '../../domain/result.ts';
import { Base64Decoder } from '../../mime/base64-decoder.ts';
import { type ContentFields, contentFields } from '../../mime/content-fields.ts';
import { headerEnd } from '../../mime/header.ts';
import { asBuffer, joinSmall } from '../../platform/bytes.ts';
import { type Message, part } from './message.ts';
import { Parts, partOf } from './parts.ts';

/** Of the signature part as it stands: a chain of four RSA-4096 certificates and their lists, in base64, stay far below. */
export const MAX_SIGNATURE_PART = 192 * 1024;

export interface ClearSigned {
  /** The signature, decoded. */
  readonly signature: Buffer;
  /** Octets of the signed part. */
  readonly octets: number;
  /** The signed part; may be read again and again. */
  readonly content: () => AsyncGenerator<Uint8Array, void, void>;
}

/** Numbers of the parts. */
const CONTENT = 1;
const SIGNATURE = 2;

/** Reads a message whose content is multipart/signed. The error says what is not as it must be. */
export async function readClearSigned(message: Message, fields: ContentFields): Promise<Result<ClearSigned, string>> {
  const { boundary } = fields;
  if (boundary === '') return fail('multipart/signed without a boundary');
  const parts = new Parts(boundary, SIGNATURE);
  let signaturePart: Buffer = Buffer.alloc(0);
  const collect = (pieces: readonly Uint8Array[]): boolean => {
    let length = signaturePart.length;
    for (const piece of pieces) length += piece.length;
    if (length > MAX_SIGNATURE_PART) return false;
    signaturePart = joinSmall([signaturePart, ...pieces]);
    return true;
  };
  const tooLarge = fail(`the signature part is larger than ${MAX_SIGNATURE_PART} octets`);
  for await (const slice of part(message.source, message.bodyAt))
    if (!collect(parts.take(asBuffer(slice)))) return tooLarge;
  if (!collect(parts.end())) return tooLarge;
  if (parts.count !== 2) return fail(`multipart/signed has ${parts.count ?? 'unfinished'} parts; expected 2`);
  const signature = decodeSignature(signaturePart);
  if (!signature.ok) return signature;
  let octets = 0;
  for await (const piece of partOf(message, boundary, CONTENT)) octets += piece.length;
  return ok({ signature: signature.value, octets, content: () => partOf(message, boundary, CONTENT) });
}

function decodeSignature(partOctets: Buffer): Result<Buffer, string> {
  const end = headerEnd(partOctets);
  if (end < 0) return fail('the signature part has no end of its header');
  const fields = contentFields(partOctets.subarray(0, end));
  const body = partOctets.subarray(end);
  if (fields.encoding === 'binary') return ok(body);
  if (fields.encoding !== 'base64')
    return fail(`the signature part has the transfer encoding ${fields.encoding}; expected base64`);
  const decoder = new Base64Decoder();
  return ok(joinSmall([Buffer.from(decoder.push(body)), decoder.end()]));
}
