/** What a route answers, and what it declares that it may answer. */
import type { OutgoingHttpHeaders } from 'node:http';
import type { z } from '../../config/zod.ts';

/** Statuses of success that a route may give. */
export type Success = 200 | 201 | 202 | 204 | 206 | 304;
/** Statuses of refusals that a route names; `route` adds those that every route has. */
export type Failure =
  400 | 403 | 404 | 408 | 409 | 410 | 412 | 413 | 415 | 416 | 422 | 428 | 429 | 500 | 501 | 502 | 503 | 504 | 507;

/** Headers of an answer, each with what it says; the document shows that text. */
export type HeaderAbouts = Readonly<Record<string, string>>;

export interface SaidAnswer {
  /** For the document: a sentence or a few words. */
  readonly about: string;
  /**
   * What the JSON looks like; absent if none is sent. A schema with `.meta({ id: 'Message' })`
   * stands under that name in the document.
   */
  readonly json?: z.ZodType;
  /** Media types of octets, if the answer is or may be a stream. */
  readonly stream?: string | readonly string[];
  readonly headers?: HeaderAbouts;
}

/** Answers by status. A text alone says why a request is refused with that status. */
export type Answers = Readonly<Partial<Record<Success, SaidAnswer>>> & Readonly<Partial<Record<Failure, string>>>;

interface Sent {
  readonly headers?: OutgoingHttpHeaders;
}
export interface JsonAnswer<S extends number = number, T = unknown> extends Sent {
  readonly status: S;
  readonly json: T;
}
export interface StreamAnswer<S extends number = number> extends Sent {
  readonly status: S;
  /**
   * A piece has left to its last octet before the next one is asked for: its memory may be used
   * again then.
   */
  readonly stream: AsyncIterable<Uint8Array>;
  readonly type: string;
  /**
   * Length in octets; absent: chunks are sent. With HEAD the length is given and nothing is read.
   */
  readonly length?: number;
}
export interface EmptyAnswer<S extends number = number> extends Sent {
  readonly status: S;
}
export type Answer = JsonAnswer | StreamAnswer | EmptyAnswer;

type AnswerWith<S extends Success, A> =
  | (A extends { readonly json: z.ZodType } ? JsonAnswer<S, z.input<A['json']>> : never)
  | (A extends { readonly stream: string | readonly string[] } ? StreamAnswer<S> : never)
  | (A extends { readonly json: z.ZodType } | { readonly stream: string | readonly string[] } ? never : EmptyAnswer<S>);

/** A key that came by a spread is a text to the compiler. */
type StatusOf<K> = K extends Success ? K : K extends `${infer N extends Success}` ? N : never;

/** What the handler of a route with these answers may give. */
export type AnswerOf<A extends Answers> = {
  [K in keyof A]: AnswerWith<StatusOf<K>, A[K]>;
}[keyof A];
