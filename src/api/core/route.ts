/**
 * A route of the API, declared once: what it takes, what it answers, who may call it and what it
 * does. The server, the OpenAPI document and its page are made from this.
 *
 *   export const getMessage = route({
 *     id: 'getMessage', method: 'GET', path: '/messages/{messageId}', tag: 'messages',
 *     summary: 'Show what became of a message that you sent',
 *     access: { kind: 'account', scope: 'send' },
 *     params: { messageId },
 *     answers: { 200: { about: 'The message', json: message }, 404: 'You sent no such message' },
 *     async run({ params, caller }, { store }) { return { status: 200, json: ... }; },
 *   });
 *
 * A route need not declare these answers: 400 (what was sent is malformed), 401, 403 (operators),
 * 405, 406, 408, 409 and 422 of the Idempotency-Key, 411, 413, 415, 429, 500, 503; it declares one
 * of them only if it has a reason of its own.
 */
import type { z } from '../../config/zod.ts';
import { type Answer, type AnswerOf, type Answers, type SaidAnswer, type Success } from './answer.ts';
import type { Body, BodyOf } from './body.ts';
import type { Access, Caller, CallerOf, OperatorCaller } from './callers.ts';
import type { ApiServices } from './services.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type Tag = 'messages' | 'mailbox' | 'directory' | 'webhooks' | 'account' | 'administration' | 'service';

/** zod types that take text: parameters of a path or a query, and headers. */
export type Texts = Readonly<Record<string, z.ZodType>>;
type Read<T extends Texts> = { readonly [K in keyof T]: z.output<T[K]> };

/** Where a request came from. */
export interface Remote {
  /** Id of the connection, as in the log. */
  readonly session: string;
  readonly address: string;
  /** `networkOf(address)`. */
  readonly network: string;
  readonly listener: string;
  /** For example `TLSv1.3`. */
  readonly tls: string;
  readonly cipher?: string;
  /** The client's User-Agent, at most 200 characters, made printable. */
  readonly client?: string;
}

/** One request, read and judged. */
export interface Asked<P = unknown, Q = unknown, H = unknown, B = unknown, C = Caller | undefined> {
  /** Id of this request: in the log, and in the answer to a failure. */
  readonly id: string;
  readonly params: P;
  readonly query: Q;
  /** Headers that the route names, in lower case. */
  readonly headers: H;
  readonly body: B;
  readonly caller: C;
  /**
   * The media type of success that the client likes best, of those that the route answers; empty if
   * it answers no content.
   */
  readonly accepts: string;
  /** Present with every POST. */
  readonly idempotencyKey?: string;
  /**
   * SHA-256 of method, path with query, and the body's octets, hexadecimal. Not there for a body
   * that is streamed.
   */
  readonly digest?: string;
  /** Aborted when the client has gone or the gateway cuts the request. */
  readonly signal: AbortSignal;
  readonly remote: Remote;
  /** True if the login of the account still holds. */
  readonly stands: () => Promise<boolean>;
}

export interface Deprecated {
  /** Days, YYYY-MM-DD. */
  readonly since: string;
  readonly sunset: string;
  /** The operation to use instead. */
  readonly instead: string;
}

/** The members of a route that do not depend on the types of its inputs. */
interface Said {
  /** operationId: camelCase, unique. */
  readonly id: string;
  readonly method: Method;
  /** Below `/v1`; parameters in braces. */
  readonly path: string;
  readonly tag: Tag;
  /** In the imperative, without a full stop. */
  readonly summary: string;
  readonly description?: string;
  readonly access: Access;
  /**
   * For a POST. `key`: the answer is kept for 24 hours and given again for the same key. `secret`:
   * it shows something once, so it is not kept; the same key again is a 409. `own`: the route keeps
   * the key itself.
   */
  readonly idempotent?: 'key' | 'secret' | 'own';
  readonly deprecated?: Deprecated;
  /**
   * Set if the answer waits for something to happen: the only deadline for the whole answer, in
   * seconds.
   */
  readonly waits?: number;
  /** Scripts of every web page may read it. */
  readonly openToPages?: true;
}

export interface Route extends Said {
  /**
   * Judges an operator before anything of the request is read, if a refusal must leave a row in the
   * trail. Then `access` is only for the document. Throws Problem or AdminError.
   */
  readonly judge?: (caller: OperatorCaller, services: ApiServices) => Promise<void>;
  readonly params: Texts;
  readonly query: Texts;
  readonly headers: Texts;
  readonly body?: Body;
  readonly answers: Answers;
  readonly run: (asked: Asked, services: ApiServices) => Promise<Answer>;
}

interface Declared<
  P extends Texts,
  Q extends Texts,
  H extends Texts,
  B extends Body | undefined,
  C extends Access,
  A extends Answers,
> extends Said {
  readonly params?: P;
  readonly query?: Q;
  readonly headers?: H;
  readonly body?: B;
  readonly access: C;
  readonly answers: A;
  readonly run: (
    asked: Asked<Read<P>, Read<Q>, Read<H>, BodyOf<B>, CallerOf<C>>,
    services: ApiServices,
  ) => Promise<AnswerOf<NoInfer<A>>>;
}

type None = Record<string, never>;

/**
 * Declares a route. Throws for a declaration that contradicts itself: that is a mistake in the
 * program, and every start would find it.
 */
export function route<
  const A extends Answers,
  const C extends Access,
  P extends Texts = None,
  Q extends Texts = None,
  H extends Texts = None,
  B extends Body | undefined = undefined,
>(declared: Declared<P, Q, H, B, C, A>): Route {
  const made: Route = {
    ...(declared as Said & Pick<Route, 'answers' | 'body'>),
    params: declared.params ?? {},
    query: declared.query ?? {},
    headers: declared.headers ?? {},
    // What the server hands over was read by exactly these types; only the compiler cannot see
    // that.
    run: declared.run as unknown as Route['run'],
  };
  const wrong = contradiction(made);
  if (wrong !== undefined) throw new Error(`Route ${made.id}: ${wrong}`);
  return made;
}

const PATH = /^(?:\/(?:[a-z0-9-]+(?:\.json)?|\{[a-z][A-Za-z0-9]*\}))+$/;

function contradiction(r: Route): string | undefined {
  const named = [...r.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  if (!PATH.test(r.path) && r.path !== '/') return `the path ${r.path} is not of kebab-case nouns and {parameters}`;
  if (named.toSorted().join() !== Object.keys(r.params).toSorted().join()) return 'params are not those of the path';
  if (r.body !== undefined && (r.method === 'GET' || r.method === 'DELETE')) return `${r.method} has no body`;
  if (r.idempotent !== undefined && r.method !== 'POST') return 'idempotent is of POST alone';
  if (Object.keys(r.query).some((name) => !/^[a-z][A-Za-z0-9]*$/.test(name))) return 'names in a query are camelCase';
  if (Object.keys(r.headers).some((name) => name !== name.toLowerCase())) return 'headers are named in lower case';
  if (successesOf(r).length === 0) return 'it has no answer of success';
  return undefined;
}

/** The answers of success, in rising order. */
export const successesOf = ({ answers }: Pick<Route, 'answers'>): readonly (readonly [Success, SaidAnswer])[] =>
  Object.entries(answers as Readonly<Record<string, SaidAnswer | string>>).flatMap(([status, said]) =>
    typeof said === 'string' ? [] : [[Number(status) as Success, said] as const],
  );
