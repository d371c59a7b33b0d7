/** One request, from its head to the last octet of its answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { hash } from 'node:crypto';
import { defined } from '../../domain/defined.ts';
import type { Clock, Log } from '../../domain/effects.ts';
import { seconds } from '../../domain/units.ts';
import type { Answer } from './answer.ts';
import { isStreamed } from './body.ts';
import type { Callers } from './caller.ts';
import type { Access, Caller } from './callers.ts';
import type { ApiConnection } from './connection.ts';
import { preferred } from './content-type.ts';
import { type Head, readHead } from './head.ts';
import { answeredOnce } from './idempotency.ts';
import { type Inputs, readBy, readInputs } from './inputs.ts';
import type { ApiTimes } from './limits.ts';
import { type Problem, malformed, notFound, problem, problemOf } from './problem.ts';
import { type RateLimit, type Spent, rateHeader } from './rate.ts';
import { ClientGone, type Taken, judgeBody, octetsOf, readJson, streamedOf } from './request-body.ts';
import { type Line, writeAnswer, writeProblem } from './respond.ts';
import type { Router } from './router.ts';
import { type Asked, type Route, successesOf } from './route.ts';
import type { ApiServices } from './services.ts';

export interface PerformParts {
  readonly router: Router;
  readonly services: ApiServices;
  readonly callers: Callers;
  readonly rate: RateLimit;
  readonly times: ApiTimes;
  readonly clock: Clock;
  readonly log: Log;
  readonly stopping: () => boolean;
}

interface Exchange {
  readonly connection: ApiConnection;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly id: string;
}

/** What became of a request, for the log. */
export interface Outcome {
  readonly route?: Route;
  readonly status: number;
  /** The kind of the problem. */
  readonly why?: string;
}

/** How long we read what a refused client still sends, so that it comes to read the answer. */
const LINGER = seconds(2);
const MOST_LINGERED = 4 * 1_048_576;
const KEY = /^[\x21-\x7e]{1,64}$/;
const MAX_CLIENT = 200;

export class Performance {
  readonly #parts: PerformParts;
  readonly #x: Exchange;
  #head: Head | undefined;
  #route: Route | undefined;
  #spent: Spent | undefined;
  /** The client waits until it is told to continue with its body. */
  #holdsBack = false;

  constructor(parts: PerformParts, exchange: Exchange) {
    this.#parts = parts;
    this.#x = exchange;
  }

  /** Runs the request. Rejects only for a bug in this file. */
  async run(): Promise<Outcome> {
    const { connection, request, id } = this.#x;
    let status: number;
    let why: string | undefined;
    try {
      const answer = await this.#answer();
      status = answer.status;
      await writeAnswer(this.#line(false), answer);
    } catch (error) {
      if (error instanceof ClientGone || connection.guest.signal.aborted) {
        connection.guest.end();
        return { status: 499, why: 'client-gone', ...defined({ route: this.#route }) };
      }
      const said = this.#problemOf(error);
      // Half an answer cannot be taken back; the client sees that it is cut.
      if (this.#x.response.headersSent) {
        this.#parts.log.error('https.broken', { session: connection.peer.session, request: id, error: String(error) });
        connection.guest.end();
        return { status: 500, why: 'broken', ...defined({ route: this.#route }) };
      }
      status = said.status;
      why = said.kind;
      writeProblem(this.#line(said.members.close === true), said);
    }
    if (!request.complete) await this.#linger();
    this.#x.response.end();
    return { status, ...defined({ route: this.#route, why }) };
  }

  async #answer(): Promise<Answer> {
    const { connection, request } = this.#x;
    const head = readHead(request);
    this.#head = head;
    this.#holdsBack = head.expects && head.hasBody;
    const { route, params } = this.#find(head);
    const taken = judgeBody(route.body, head, this.#parts.services.limits);
    const accepts = acceptedOf(route, head.headers.accept);
    const { signal } = connection.guest;
    const caller = await this.#caller(route, head, signal);
    if (caller?.kind === 'operator') await route.judge?.(caller, this.#parts.services);
    const idempotencyKey = route.method === 'POST' ? keyOf(head) : undefined;
    const inputs = readInputs(route, params, head.query, head.headers);
    connection.worthAnswer = () => route.method !== 'GET' && route.waits === undefined && request.complete;
    const asked = await this.#asked(route, head, taken, { inputs, accepts, caller, idempotencyKey });
    const { services } = this.#parts;
    return await answeredOnce(route, asked, services, (given) => route.run(given, services));
  }

  #find({ method, path }: Head): { readonly route: Route; readonly params: Readonly<Record<string, string>> } {
    const match = this.#parts.router.match(method, path);
    if (match.kind === 'none') throw notFound();
    if (match.kind === 'method')
      throw problem(405, 'method', 'The method is not allowed', `Use ${match.allow.join(', ')}`, {
        headers: { allow: match.allow.join(', ') },
      });
    this.#route = match.route;
    return match;
  }

  /**
   * Finds the caller, and counts the request. If no caller is known, it counts for the network,
   * which all strangers there share.
   */
  async #caller(route: Route, { headers }: Head, signal: AbortSignal): Promise<Caller | undefined> {
    const { connection } = this.#x;
    const { network } = connection.peer;
    let caller: Caller | undefined;
    try {
      caller = await this.#parts.callers.identify(connection, headers.authorization, accessOf(route), signal);
    } catch (error) {
      this.#spend(`network ${network}`);
      throw error;
    }
    this.#spend(caller === undefined ? `network ${network}` : nameOf(caller));
    return caller;
  }

  #spend(name: string): void {
    const spent = this.#parts.rate.spend(name);
    this.#spent = spent;
    if (!spent.allowed)
      throw problem(
        429,
        'too-many',
        'Too many requests',
        'You have reached the number of requests that you may make in a minute; Retry-After says when to try again',
        {
          retryAfter: spent.wait,
        },
      );
  }

  async #asked(
    route: Route,
    head: Head,
    taken: Taken | undefined,
    read: {
      readonly inputs: Inputs;
      readonly accepts: string;
      readonly caller: Caller | undefined;
      readonly idempotencyKey: string | undefined;
    },
  ): Promise<Asked> {
    const { connection, request, id } = this.#x;
    const { inputs, accepts, caller, idempotencyKey } = read;
    const said = `${route.method} ${request.url ?? ''}\n`;
    const octets = (limit: number): AsyncIterable<Buffer> =>
      octetsOf(
        request,
        limit,
        { clock: this.#parts.clock, broken: connection.guest.broken, ...this.#parts.times },
        () => this.#goOn(),
      );
    let body: unknown;
    let digest: string | undefined;
    if (taken === undefined) digest = route.method === 'POST' ? hash('sha256', said) : undefined;
    else if (isStreamed(taken.as)) body = streamedOf(taken, head.length, octets);
    else {
      const json = await readJson(octets(taken.limit), said);
      body = readBy(taken.as.schema, json.value, 'body');
      digest = json.digest;
    }
    if (route.body?.kind === 'either')
      body = taken !== undefined && isStreamed(taken.as) ? { stream: body } : { json: body };
    return {
      id,
      body,
      caller,
      accepts,
      ...inputs,
      signal: connection.guest.signal,
      remote: connection.remote(clientOf(head)),
      stands: () => this.#parts.callers.stands(connection),
      ...defined({ idempotencyKey, digest }),
    };
  }

  #goOn(): void {
    if (!this.#holdsBack) return;
    this.#holdsBack = false;
    this.#x.response.writeContinue();
  }

  /**
   * `close`: the connection cannot be used further. That also holds while a body still comes that
   * nothing will read.
   */
  #line(close: boolean): Line {
    const { connection, request, response } = this.#x;
    const { guest } = connection;
    const { stopping, rate, times } = this.#parts;
    const last = close || guest.last || stopping() || !request.complete;
    if (last) guest.last = true;
    const { deprecated, openToPages } = this.#route ?? {};
    return {
      guest,
      response,
      head: this.#head?.head ?? request.method === 'HEAD',
      close: last,
      sendTime: times.send,
      headers: {
        ...(this.#spent === undefined ? {} : { 'ratelimit-policy': rate.policy, ratelimit: rateHeader(this.#spent) }),
        ...(deprecated === undefined ? {} : deprecationOf(deprecated)),
        ...(openToPages === true ? OPEN : {}),
      },
    };
  }

  #problemOf(error: unknown): Problem {
    const { connection, id } = this.#x;
    const said = problemOf(error, id);
    if (said.status >= 500 && said.cause !== undefined)
      this.#parts.log.error('https.error', {
        session: connection.peer.session,
        request: id,
        error: textOf(said.cause),
      });
    return said;
  }

  /**
   * Reads for a while what the client still sends. Closing at once would be a reset, and the client
   * would lose the answer before it has read it.
   */
  #linger(): Promise<void> {
    const { request, connection } = this.#x;
    if (this.#holdsBack || connection.guest.broken.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      let read = 0;
      const end = (): void => {
        timer.cancel();
        resolve();
      };
      const timer = this.#parts.clock.after(LINGER, end);
      request.once('end', end).once('close', end);
      request.on('data', (piece: Buffer) => {
        read += piece.length;
        if (read > MOST_LINGERED) end();
      });
      connection.guest.signal.addEventListener('abort', end, { once: true });
      request.resume();
    });
  }
}

/** The access to check here. A route with a `judge` of its own lets every operator pass so far. */
const accessOf = ({ access, judge }: Route): Access =>
  judge === undefined || access.kind !== 'operator' ? access : { ...access, right: 'read' };

/** A page of any origin may read the answer: it holds no secret, and no cookie is used. */
const OPEN = { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' };

const textOf = (cause: unknown): string =>
  cause instanceof Error ? (cause.stack ?? cause.message) : typeof cause === 'string' ? cause : 'no error';

const nameOf = (caller: Caller): string =>
  caller.kind === 'account' ? `account ${caller.account.id}` : `operator ${caller.name}`;

const forms = new WeakMap<Route, readonly string[]>();

/** Media types of a route's successes. Every request asks for them, so they are found once. */
function formsOf(route: Route): readonly string[] {
  let known = forms.get(route);
  if (known === undefined) {
    const all = successesOf(route).flatMap(([, { json, stream = [] }]) => [
      ...(json === undefined ? [] : ['application/json']),
      ...[stream].flat(),
    ]);
    known = [...new Set(all)];
    forms.set(route, known);
  }
  return known;
}

function acceptedOf(route: Route, accept: string | undefined): string {
  const offered = formsOf(route);
  if (offered.length === 0) return '';
  const best = preferred(accept, offered);
  if (best === undefined)
    throw problem(406, 'accept', 'Not available in this type', `Accept must allow ${offered.join(' or ')}`);
  return best;
}

function keyOf({ headers }: Head): string {
  const key = headers['idempotency-key'];
  if (typeof key !== 'string' || !KEY.test(key))
    throw malformed(
      'Send an Idempotency-Key of 1 to 64 printable characters: the same one when you try again, another for something else',
    );
  return key;
}

/**
 * A day begins in UTC. RFC 9745 section 2 writes a moment as a number, RFC 8594 section 3 as an
 * HTTP date.
 */
const deprecationOf = ({ since, sunset }: NonNullable<Route['deprecated']>): Readonly<Record<string, string>> => ({
  deprecation: `@${Date.parse(`${since}T00:00:00Z`) / 1000}`,
  sunset: new Date(`${sunset}T00:00:00Z`).toUTCString(),
});

const clientOf = ({ headers }: Head): string | undefined =>
  headers['user-agent']?.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_CLIENT);
