/**
 * The body of a request: judged by its headers before an octet of it is asked for, then read with
 * back-pressure, a limit and a least rate.
 *
 * A client that sends `Expect: 100-continue` is told to continue when a handler begins to read, so
 * that a body that is refused before costs it nothing.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../domain/effects.ts';
import type { Milliseconds } from '../../domain/units.ts';
import { RateWatch } from '../../platform/deadline.ts';
import { readStrictJson } from '../../platform/strict-json.ts';
import {
  type Body,
  type BodyLimits,
  JSON_TYPE,
  type JsonBody,
  type StreamBody,
  type Streamed,
  typesOf,
} from './body.ts';
import { type MediaType, readMediaType } from './content-type.ts';
import type { Head } from './head.ts';
import { MIB } from './limits.ts';
import { malformed, problem } from './problem.ts';

/** A body that is accepted, and how it is read. */
export interface Taken {
  readonly media: MediaType;
  readonly as: JsonBody | StreamBody;
  readonly limit: number;
}

const typeOf = (as: JsonBody | StreamBody): string => (as.kind === 'json' ? JSON_TYPE : as.type);

/** Undefined: there is no body, and none is needed. Throws Problem (400, 413, 415). */
export function judgeBody(
  body: Body | undefined,
  { headers, hasBody, length }: Head,
  limits: BodyLimits,
): Taken | undefined {
  if (body === undefined) {
    if (!hasBody) return undefined;
    throw malformed('This request has no body; send none', { close: true });
  }
  if (headers['content-encoding'] !== undefined && headers['content-encoding'].toLowerCase() !== 'identity')
    throw problem(
      415,
      'content-encoding',
      'Compressed bodies are not accepted',
      'Send the body as it is, without Content-Encoding',
      {
        headers: { 'accept-encoding': 'identity' },
      },
    );
  const kinds = body.kind === 'either' ? [body.json, ...body.streams] : [body];
  if (!hasBody) {
    if (body.kind === 'json' && body.optional) return undefined;
    // An empty text is neither JSON nor a message.
    throw malformed(`There is no body; send ${typesOf(body).join(' or ')}`);
  }
  const media = readMediaType(headers['content-type'] ?? '');
  const as = kinds.find((kind) => typeOf(kind) === media?.type);
  const charset = media?.parameters.get('charset')?.toLowerCase() ?? 'utf-8';
  if (media === undefined || as === undefined || (as.kind === 'json' && charset !== 'utf-8'))
    throw problem(
      415,
      'content-type',
      'A body of this type is not accepted',
      `Content-Type must be ${typesOf(body).join(' or ')}`,
      {
        headers: { accept: typesOf(body).join(', ') },
      },
    );
  const limit = as.kind === 'json' ? jsonLimit(as, limits) : as.limit(limits);
  if (length !== undefined && length > limit) throw tooLarge(limit);
  return { media, as, limit };
}

/** Streamed JSON may be as long as a message in base64, with escapes. */
const jsonLimit = ({ limit, streamed }: JsonBody, { message }: BodyLimits): number =>
  streamed === true ? Math.ceil(1.5 * message) + MIB : limit;

const tooLarge = (limit: number): Error =>
  problem(413, 'too-large', 'The body is too large', `A body has at most ${limit} octets here`, { close: true });

/** The client has gone, or was cut off: an answer would reach nobody. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

export interface ReadingParts {
  readonly clock: Clock;
  readonly dataMinimum: number;
  readonly dataInterval: Milliseconds;
  /** Aborted when the incoming octets are not HTTP. */
  readonly broken: AbortSignal;
}

/**
 * The octets of a body; read it once. `begin` is called before it waits for the first octet.
 *
 * It uses the event `readable`, as Node's own iterator does, but without that iterator's set-up and
 * promises, which were a fiftieth of the cost of a message of 10 KB.
 */
export async function* octetsOf(
  request: IncomingMessage,
  limit: number,
  { clock, dataMinimum, dataInterval, broken }: ReadingParts,
  begin: () => void,
): AsyncGenerator<Buffer, void, undefined> {
  const rate = new RateWatch(dataMinimum, dataInterval);
  let failure: Error | undefined;
  let wake = (): void => undefined;
  const fail = (why: Error): void => {
    failure ??= why;
    wake();
  };
  const woken = (): void => wake();
  const gone = (cause?: unknown): void => {
    if (!request.readableEnded) fail(new ClientGone('the client has gone', { cause }));
  };
  const watch = (): void => {
    if (rate.tooSlow(clock.monotonic())) fail(tooSlow(dataMinimum, dataInterval));
    timer = clock.after(dataInterval, watch);
  };
  const breaks = (): void => fail(malformed('The body is not framed as RFC 9112 has it', { close: true }));
  broken.addEventListener('abort', breaks, { once: true });
  if (broken.aborted) breaks();
  begin();
  rate.begin(clock.monotonic());
  let timer = clock.after(dataInterval, watch);
  request.on('readable', woken).on('end', woken).on('error', gone).on('close', gone);
  let count = 0;
  try {
    rate.hold(false);
    while (!request.readableEnded) {
      if (failure !== undefined) throw failure;
      const piece = request.read() as Buffer | null;
      if (piece === null) {
        if (request.destroyed) gone();
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (failure !== undefined || request.readableEnded) resolve();
        });
        continue;
      }
      rate.add(piece.length);
      count += piece.length;
      if (count > limit) throw tooLarge(limit);
      rate.hold(true);
      yield piece;
      rate.hold(false);
    }
  } finally {
    timer.cancel();
    broken.removeEventListener('abort', breaks);
    // Remove the listeners, since another reader may take the rest of the body.
    request.off('readable', woken).off('end', woken).off('error', gone).off('close', gone);
  }
}

const tooSlow = (octets: number, interval: Milliseconds): Error =>
  problem(
    408,
    'too-slow',
    'The body came too slowly',
    `At least ${octets} octets must come in ${interval / 1000} seconds`,
    { close: true },
  );

/**
 * Reads a JSON body. `digest`: SHA-256 of `said` and the octets, hexadecimal. Throws Problem (400,
 * 408, 413).
 */
export async function readJson(
  octets: AsyncIterable<Buffer>,
  said: string,
): Promise<{ readonly value: unknown; readonly digest: string }> {
  const hash = createHash('sha256').update(said);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let text = '';
  try {
    for await (const piece of octets) {
      hash.update(piece);
      text += decoder.decode(piece, { stream: true });
    }
    text += decoder.decode();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw malformed('The body is not UTF-8');
  }
  return { value: parseJson(text), digest: hash.digest('hex') };
}

/**
 * Reads JSON. Throws Problem (400) if it is not JSON, or if two programs could read it in two ways.
 */
export function parseJson(text: string): unknown {
  const read = readStrictJson(text);
  if (read.ok) return read.value;
  const { why, at } = read.error;
  throw malformed(why, at === undefined ? {} : { errors: [{ at, detail: why }] });
}

export const streamedOf = (
  { media, limit }: Taken,
  length: number | undefined,
  read: (limit: number) => AsyncIterable<Buffer>,
): Streamed => ({
  ...media,
  octets: read(limit),
  ...(length === undefined ? {} : { length }),
});
