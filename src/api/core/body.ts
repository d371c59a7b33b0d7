/** What the body of a request may be: JSON that fits a schema, or octets as they come. */
import type { z } from '../../config/zod.ts';
import { MIB } from './limits.ts';

/** Octets as they come, with back-pressure: what is not read is not taken from the line. */
export interface Streamed {
  /** Media type of the request, in lower case, without parameters. */
  readonly type: string;
  /** Charset and other parameters of the type. */
  readonly parameters: ReadonlyMap<string, string>;
  /**
   * Read it once. Throws Problem: more than the limit (413), too slow (408), or the client has
   * gone.
   */
  readonly octets: AsyncIterable<Buffer>;
  /** Content-Length; absent if the client sends chunks. */
  readonly length?: number;
}

export interface JsonBody<T = unknown> {
  readonly kind: 'json';
  readonly schema: z.ZodType<T>;
  readonly about?: string;
  /** Most octets. */
  readonly limit: number;
  /** It comes as octets: the handler reads it, since it may be as long as a message. */
  readonly streamed?: true;
  /** The request may have no body at all; then the handler sees undefined. */
  readonly optional: boolean;
}
export interface StreamBody {
  readonly kind: 'stream';
  readonly type: string;
  readonly about: string;
  /** Most octets; called when the request comes, since the configuration decides. */
  readonly limit: (limits: BodyLimits) => number;
}
export interface EitherBody<T = unknown> {
  readonly kind: 'either';
  readonly json: JsonBody<T>;
  readonly streams: readonly StreamBody[];
}
export type Body = JsonBody | StreamBody | EitherBody;

/** What the configuration allows. */
export interface BodyLimits {
  /** Octets of a message. */
  readonly message: number;
}

/** What the handler of a route gets. If both kinds are accepted, one of the two is there. */
export type BodyOf<B> =
  B extends EitherBody<infer T>
    ? { readonly json: T; readonly stream?: undefined } | { readonly json?: undefined; readonly stream: Streamed }
    : B extends JsonBody<infer T>
      ? T
      : B extends StreamBody
        ? Streamed
        : undefined;

interface JsonOptions {
  readonly about?: string;
  readonly limit?: number;
}

/** `schema`: closed (`z.strictObject`), so that a misspelt member is refused and not forgotten. */
export const jsonBody = <T>(schema: z.ZodType<T>, { about, limit = MIB }: JsonOptions = {}): JsonBody<T> => ({
  kind: 'json',
  schema,
  limit,
  optional: false,
  ...(about === undefined ? {} : { about }),
});

/** A body that may be left out. */
export const maybeJsonBody = <T>(schema: z.ZodType<T>, options: JsonOptions = {}): JsonBody<T | undefined> => ({
  ...jsonBody<T | undefined>(schema, options),
  optional: true,
});

/**
 * JSON of the size of a message: the schema is for the document, and the handler gets the octets.
 */
export const streamedJson = (schema: z.ZodType, { about, limit = Infinity }: JsonOptions = {}): JsonBody<never> => ({
  ...jsonBody<never>(schema as z.ZodType<never>, { limit, ...(about === undefined ? {} : { about }) }),
  streamed: true,
});

export const isStreamed = (
  body: JsonBody | StreamBody,
): body is StreamBody | (JsonBody & { readonly streamed: true }) => body.kind === 'stream' || body.streamed === true;

export const streamBody = (
  type: string,
  about: string,
  limit: StreamBody['limit'] = ({ message }) => message,
): StreamBody => ({ kind: 'stream', type, about, limit });

export const eitherBody = <T>(json: JsonBody<T>, ...streams: readonly StreamBody[]): EitherBody<T> => ({
  kind: 'either',
  json,
  streams,
});

/** Media types that a body may have. */
export const typesOf = (body: Body): readonly string[] =>
  body.kind === 'json'
    ? [JSON_TYPE]
    : body.kind === 'stream'
      ? [body.type]
      : [JSON_TYPE, ...body.streams.map(({ type }) => type)];

export const JSON_TYPE = 'application/json';
