/**
 * The body of a request: judged by its headers before an octet of it is asked for, then read with back-pressure, a limit and a least rate.
 *
 * A client that sends `Expect: 100-continue` is told to go on when somebody begins to read, so what is refused before costs it nothing.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock, Timer } from '../../domain/effects.ts';
import type { Milliseconds } from '../../domain/units.ts';
import { RateWatch } from '../../platform/deadline.ts';
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

/** What of a body is taken, and how it is read. */
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
    throw malformed('There is nothing that a body could mean here; send none', { close: true });
  }
  if (headers['content-encoding'] !== undefined && headers['content-encoding'].toLowerCase() !== 'identity')
    throw problem(
      415,
      'content-encoding',
      'Compressed bodies are not taken',
      'Send the body as it is, without Content-Encoding',
      {
        headers: { 'accept-encoding': 'identity' },
      },
    );
  const kinds = body.kind === 'either' ? [body.json, ...body.streams] : [body];
  if (!hasBody) {
    if (body.kind === 'json' && body.optional) return undefined;
    // An empty text is no JSON, and no message.
    throw malformed(`There is no body; send ${typesOf(body).join(' or ')}`);
  }
  const media = readMediaType(headers['content-type'] ?? '');
  const as = kinds.find((kind) => typeOf(kind) === media?.type);
  const charset = media?.parameters.get('charset')?.toLowerCase() ?? 'utf-8';
  if (media === undefined || as === undefined || (as.kind === 'json' && charset !== 'utf-8'))
    throw problem(
      415,
      'content-type',
      'A body of this type is not taken',
      `Content-Type must be ${typesOf(body).join(' or ')}`,
      {
        headers: { accept: typesOf(body).join(', ') },
      },
    );
  const limit = as.kind === 'json' ? jsonLimit(as, limits) : as.limit(limits);
  if (length !== undefined && length > limit) throw tooLarge(limit);
  return { media, as, limit };
}

/** What is streamed is as long as a message in base64, with what escapes make of it. */
const jsonLimit = ({ limit, streamed }: JsonBody, { message }: BodyLimits): number =>
  streamed === true ? Math.ceil(1.5 * message) + MIB : limit;

const tooLarge = (limit: number): Error =>
  problem(413, 'too-large', 'The body is too large', `A body has at most ${limit} octets here`, { close: true });

/** The client has gone, or was cut: nobody hears an answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

export interface ReadingParts {
  readonly clock: Clock;
  readonly dataMinimum: number;
  readonly dataInterval: Milliseconds;
  /** Aborted when what comes is no HTTP any more. */
  readonly broken: AbortSignal;
}

/** Read it once. `begin` is called before the first octet is waited for. */
export async function* octetsOf(
  request: IncomingMessage,
  limit: number,
  { clock, dataMinimum, dataInterval, broken }: ReadingParts,
  begin: () => void,
): AsyncGenerator<Buffer, void, undefined> {
  const octets = request.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer, undefined>;
  const rate = new RateWatch(dataMinimum, dataInterval);
  let fail: (why: Error) => void = () => undefined;
  let timer: Timer | undefined;
  const watch = (): void => {
    if (rate.tooSlow(clock.monotonic()))
      fail(
        problem(
          408,
          'too-slow',
          'The body came too slowly',
          `At least ${dataMinimum} octets must come in ${dataInterval / 1000} seconds`,
          {
            close: true,
          },
        ),
      );
    timer = clock.after(dataInterval, watch);
  };
  const breaks = (): void => fail(malformed('The body is not framed as RFC 9112 has it', { close: true }));
  broken.addEventListener('abort', breaks, { once: true });
  begin();
  rate.begin(clock.monotonic());
  timer = clock.after(dataInterval, watch);
  let count = 0;
  try {
    for (;;) {
      rate.hold(false);
      const next = await new Promise<IteratorResult<Buffer, undefined>>((resolve, reject) => {
        fail = reject;
        if (broken.aborted) breaks();
        octets
          .next()
          .then(resolve, (error: unknown) => reject(new ClientGone('the client has gone', { cause: error })));
      });
      if (next.done === true) return;
      const { value } = next;
      rate.add(value.length);
      count += value.length;
      if (count > limit) throw tooLarge(limit);
      rate.hold(true);
      yield value;
    }
  } finally {
    timer.cancel();
    broken.removeEventListener('abort', breaks);
    // What is left may be read by somebody else. Not awaited: it would wait behind an octet that never comes.
    octets.return?.().catch(() => undefined);
  }
}

/** `digest`: SHA-256 of `said` and the octets, hexadecimal. Throws Problem (400, 408, 413). */
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

/** How deep JSON is nested at most, and how many members and elements it has: a list has 1000 at most. */
export const MAX_DEPTH = 32;
export const MAX_VALUES = 20_000;

/**
 * Throws Problem (400): no JSON, half of a surrogate pair in it, or more values than a request can have. A megabyte of brackets holds the parser for a quarter
 * of a second, and whoever else is served waits as long.
 */
export function parseJson(text: string): unknown {
  mustBeBounded(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('The body is no JSON (RFC 8259)');
  }
  // Half of a pair of surrogates is no character: it could not be stored, nor sent on.
  if (/\\u[dD][89a-fA-F]/.test(text) && !isWellFormed(value))
    throw malformed('A text in the body has half of a surrogate pair');
  return value;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

function mustBeBounded(text: string): void {
  let depth = 0;
  let values = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (quoted) {
      if (code === BACKSLASH) at += 1;
      else if (code === QUOTE) quoted = false;
    } else if (code === QUOTE) quoted = true;
    else if (code === COMMA) values += 1;
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      values += 1;
      depth += 1;
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth -= 1;
    if (depth > MAX_DEPTH) throw malformed(`The body is nested deeper than ${MAX_DEPTH}`);
    if (values > MAX_VALUES) throw malformed(`The body has more than ${MAX_VALUES} values`);
  }
}

/** A surrogate without its other half: as a pair they are one character. */
const LONE = /\p{Cs}/u;

/** In names and in texts. How deep it goes was bounded before. */
const isWellFormed = (value: unknown): boolean =>
  typeof value === 'string'
    ? !LONE.test(value)
    : typeof value !== 'object' ||
      value === null ||
      Object.entries(value).every(([name, member]) => !LONE.test(name) && isWellFormed(member));

export const streamedOf = (
  { media, limit }: Taken,
  length: number | undefined,
  read: (limit: number) => AsyncIterable<Buffer>,
): Streamed => ({
  ...media,
  octets: read(limit),
  ...(length === undefined ? {} : { length }),
});
