/**
 * Opens PGP/MIME (RFC 3156): decrypts, verifies, takes the header that travelled inside. Only the root of a message, as a whole entity; armour inside
 * a text is left as it is (inline PGP has no header that says what it covers).
 */
import { type Result, fail, ok } from '../../domain/result.ts';
import { Base64Decoder } from '../../mime/base64-decoder.ts';
import { contentFields } from '../../mime/content-fields.ts';
import { headerEnd } from '../../mime/header.ts';
import { QuotedPrintableDecoder } from '../../mime/quoted-printable-decoder.ts';
import { asBuffer, joinSmall } from '../../platform/bytes.ts';
import { layerOf } from '../smime/layer.ts';
import { type Message, part, readMessage } from '../smime/message.ts';
import type { Staging } from '../smime/open.ts';
import { Parts, partOf } from '../smime/parts.ts';
import { unarmoured } from './armour.ts';
import { PgpFailure } from './failure.ts';
import { InnerHeader } from './inner-header.ts';
import type { Pgp } from './pgp.ts';
import type { PgpProblem, PgpSignature } from './protocol.ts';

export interface PgpOpenOptions {
  readonly pgp: Pick<Pgp, 'run'>;
  /** To decrypt with; none: only signatures are looked at. OpenPGP packets. */
  readonly secretKeys: readonly Uint8Array[];
  /** Of the address in From, as they are registered. */
  readonly publicKeys: readonly Uint8Array[];
  readonly stage: () => Staging;
  /** Octets of decrypted content. */
  readonly maxContent: number;
}

export interface PgpOpened {
  /** Without its encryption; a signature in the clear stays on it. */
  readonly message: Message;
  readonly encrypted: boolean;
  /** Undefined: nobody signed. */
  readonly signatures?: readonly PgpSignature[];
  /** A header that travelled inside says something else than the one outside: names of the fields. */
  readonly differs: readonly string[];
}

/** A signature with several signers is armoured in a few KB. */
const MAX_SIGNATURE_PART = 64 * 1024;
const MAX_PART_HEADER = 16 * 1024;

/** Undefined where the message is not PGP/MIME. What was staged and is not in the answer was given up. */
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
  if (layer.kind === 'pgp-signed')
    return {
      message: given,
      encrypted: false,
      differs: [],
      signatures: await verified(given, layer.fields.boundary, options),
    };
  if (layer.kind !== 'pgp-encrypted' || options.secretKeys.length === 0) return undefined;
  const inside = await decrypted(given, layer.fields.boundary, options);
  if (inside.signatures !== undefined) return inside;
  // Signed first, then encrypted, as two layers (RFC 3156 section 6.1).
  const inner = await layerOf(inside.message);
  if (inner.kind !== 'pgp-signed') return inside;
  return { ...inside, signatures: await verified(inside.message, inner.fields.boundary, options) };
}

async function verified(
  message: Message,
  boundary: string,
  { pgp, publicKeys }: PgpOpenOptions,
): Promise<readonly PgpSignature[]> {
  await mustHaveTwoParts(message, boundary);
  const pieces: Uint8Array[] = [];
  let octets = 0;
  for await (const piece of unarmoured('SIGNATURE', bodyOf(partOf(message, boundary, 2)))) {
    octets += piece.length;
    if (octets > MAX_SIGNATURE_PART)
      throw new PgpFailure('limit', `The signature is larger than ${MAX_SIGNATURE_PART} octets`);
    pieces.push(piece);
  }
  const job = { kind: 'verify', signature: joinSmall(pieces), publicKeys } as const;
  const outcome = await pgp.run(job, { input: partOf(message, boundary, 1) });
  if (!outcome.ok) throw new PgpFailure(outcome.error.kind, outcome.error.text);
  return outcome.value;
}

async function decrypted(
  message: Message,
  boundary: string,
  { pgp, secretKeys, publicKeys, stage, maxContent }: PgpOpenOptions,
): Promise<PgpOpened> {
  await mustHaveTwoParts(message, boundary);
  const staging = stage();
  let kept = false;
  try {
    const header = new InnerHeader(message, staging.write);
    const input = unarmoured('MESSAGE', bodyOf(partOf(message, boundary, 2)));
    const job = { kind: 'decrypt', secretKeys, publicKeys, maxContent } as const;
    const outcome = await pgp.run(job, { input, output: (slice) => header.write(slice) });
    if (!outcome.ok) throw new PgpFailure(outcome.error.kind, outcome.error.text);
    await header.end();
    const inside = await readMessage(await staging.seal());
    if (!inside.ok) throw new PgpFailure('malformed', `Cannot read what was inside: ${inside.error}`);
    kept = true;
    const { signatures } = outcome.value;
    return {
      message: inside.value,
      encrypted: true,
      differs: header.differs,
      ...(signatures.length === 0 ? {} : { signatures }),
    };
  } finally {
    if (!kept) await staging.abort();
  }
}

async function mustHaveTwoParts(message: Message, boundary: string): Promise<void> {
  if (boundary === '') throw new PgpFailure('malformed', 'The multipart has no boundary');
  const parts = new Parts(boundary, 0);
  for await (const slice of part(message.source, message.bodyAt)) parts.take(asBuffer(slice));
  parts.end();
  if (parts.count !== 2)
    throw new PgpFailure('malformed', `The multipart has ${parts.count ?? 'unfinished'} parts; expected 2`);
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
