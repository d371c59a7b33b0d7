/**
 * The two parts of multipart/signed (RFC 1847 section 2.1): the signed octets, exactly as they stand between the delimiters, and the
 * signature.
 *
 * Exactly two parts: with a third one, what a mail program shows and what was signed may be two things.
 */
import { type Result, fail, ok } from '../../domain/result.ts';
import { Base64Decoder } from '../../mime/base64-decoder.ts';
import { type ContentFields, contentFields } from '../../mime/content-fields.ts';
import { DelimiterScanner } from '../../mime/delimiters.ts';
import { headerEnd } from '../../mime/header.ts';
import { asBuffer, joinSmall } from '../../platform/bytes.ts';
import { type Message, part } from './message.ts';

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

/** Preamble, signed content, signature, and whatever must not be there. */
const CONTENT = 1;
const SIGNATURE = 2;

/** Walks the parts; pieces of the part that is asked for are collected for each slice of the source. */
class Parts {
  readonly #boundary: Buffer;
  readonly #scanner: DelimiterScanner;
  readonly #wanted: number;
  #pieces: Uint8Array[] = [];
  /** Delimiters so far. */
  #part = 0;
  /** The last delimiter was the closing one. */
  #closed = false;
  #closing = false;

  constructor(boundary: string, wanted: number) {
    this.#boundary = Buffer.from(boundary, 'latin1');
    this.#wanted = wanted;
    this.#scanner = new DelimiterScanner({
      content: (octets) => {
        if (this.#part === this.#wanted && !this.#closed) this.#pieces.push(octets);
      },
      matches: (octets, from, to) => this.#matches(octets, from, to),
      delimiter: () => {
        this.#part += 1;
        this.#closed ||= this.#closing;
      },
    });
    this.#scanner.begin();
  }

  /** Parts that were begun, the closing delimiter not counted; undefined while it has not come. */
  get count(): number | undefined {
    return this.#closed ? this.#part - 1 : undefined;
  }

  get done(): boolean {
    return this.#closed || this.#part > this.#wanted;
  }

  take(slice: Buffer): readonly Uint8Array[] {
    this.#pieces = [];
    for (let at = 0; at < slice.length;) {
      const part = this.#part;
      at = this.#scanner.scan(slice, at);
      if (this.#part !== part) this.#scanner.begin();
    }
    return this.#pieces;
  }

  end(): readonly Uint8Array[] {
    this.#pieces = [];
    this.#scanner.finish();
    return this.#pieces;
  }

  #matches(octets: Buffer, from: number, to: number): boolean {
    if (this.#closed) return false;
    const after = from + this.#boundary.length;
    if (to < after || octets.compare(this.#boundary, 0, this.#boundary.length, from, after) !== 0) return false;
    this.#closing = to === after + 2 && octets.toString('latin1', after, to) === '--';
    return this.#closing || to === after;
  }
}

async function* piecesOf(message: Message, boundary: string): AsyncGenerator<Uint8Array, void, void> {
  const parts = new Parts(boundary, CONTENT);
  for await (const slice of part(message.source, message.bodyAt)) {
    yield* parts.take(asBuffer(slice));
    if (parts.done) return;
  }
  yield* parts.end();
}

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
  for await (const piece of piecesOf(message, boundary)) octets += piece.length;
  return ok({ signature: signature.value, octets, content: () => piecesOf(message, boundary) });
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
