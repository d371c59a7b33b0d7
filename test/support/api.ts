/**
 * A gateway with a listener of the HTTPS API, and a client that asks it on one kept connection.
 *
 *   const api = await startApi(t, { accounts: ['anna'] });
 *   const answer = await api.as('anna').get('/messages/0123456789abc');
 *   assert.equal(answer.status, 404);
 */
import { Agent, request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { defined } from '../../src/domain/defined.ts';
import type { Role } from '../../src/domain/roles.ts';
import { days, instant } from '../../src/domain/units.ts';
import { makeToken } from '../../src/crypto/keys/operator-token.ts';
import { judgeOf } from './api-judge.ts';
import { type TestGateway, type TestGatewayOptions, loginOf, startTestGateway } from './gateway.ts';

export interface ApiOptions extends TestGatewayOptions {
  /** More lines for the listener, such as `client-certificates = "ask"`. */
  readonly listener?: string;
}

export interface ApiRequest {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as application/json. */
  readonly json?: unknown;
  /** Sent as it is; give its type in the headers. An iterable is sent in chunks. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** Idempotency-Key. A POST gets a new one by default; `null` sends none. */
  readonly key?: string | null;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The body if it is JSON; otherwise undefined. */
  readonly json: unknown;
}

/** Judges an answer. */
export type Judge = (method: string, path: string, answer: ApiAnswer) => Promise<void> | void;

export interface ApiTarget {
  readonly port: number;
  readonly ca: string;
  readonly key?: string;
  readonly cert?: string;
}

export class ApiClient {
  readonly #target: ApiTarget;
  readonly #agent: Agent;
  readonly #authorization: string | undefined;
  readonly #judge: Judge;

  constructor(target: ApiTarget, authorization: string | undefined, judge: Judge) {
    this.#target = target;
    this.#authorization = authorization;
    this.#judge = judge;
    const { ca, key, cert } = target;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 1,
      ca,
      servername: 'mail.test',
      ...(key === undefined ? {} : { key }),
      ...(cert === undefined ? {} : { cert }),
    });
  }

  get(path: string, asked: ApiRequest = {}): Promise<ApiAnswer> {
    return this.ask('GET', path, asked);
  }
  post(path: string, json?: unknown, asked: ApiRequest = {}): Promise<ApiAnswer> {
    return this.ask('POST', path, json === undefined ? asked : { ...asked, json });
  }
  delete(path: string, asked: ApiRequest = {}): Promise<ApiAnswer> {
    return this.ask('DELETE', path, asked);
  }

  /** `path`: what follows `/v1`. Every answer is judged by the OpenAPI document. */
  async ask(method: string, path: string, asked: ApiRequest = {}): Promise<ApiAnswer> {
    const answer = await this.#send(method, `/v1${path}`, asked);
    await this.#judge(method, path, answer);
    return answer;
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(method: string, path: string, { headers = {}, json, body, key }: ApiRequest): Promise<ApiAnswer> {
    const text = json === undefined ? body : JSON.stringify(json);
    const sent: Record<string, string> = {
      host: `mail.test:${this.#target.port}`,
      ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...(method === 'POST' && key !== null ? { 'idempotency-key': key ?? randomUUID() } : {}),
      ...(typeof text === 'string' || text instanceof Uint8Array
        ? { 'content-length': String(Buffer.byteLength(text)) }
        : {}),
      ...headers,
    };
    return new Promise((resolve, reject) => {
      const out = request(
        { agent: this.#agent, host: '127.0.0.1', port: this.#target.port, method, path, headers: sent },
        (response) => {
          const pieces: Buffer[] = [];
          response
            .on('data', (piece: Buffer) => pieces.push(piece))
            .on('error', reject)
            .on('end', () => {
              const whole = Buffer.concat(pieces);
              resolve({
                status: response.statusCode ?? 0,
                headers: response.headers,
                body: whole,
                json: parsed(response.headers, whole),
              });
            });
        },
      );
      out.on('error', reject);
      if (text === undefined || typeof text === 'string' || text instanceof Uint8Array) return void out.end(text);
      send(out, text).catch(reject);
    });
  }
}

async function send(
  out: ReturnType<typeof request>,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  for await (const piece of pieces) {
    if (out.destroyed || out.writableEnded) return;
    if (!out.write(piece)) await new Promise((resolve) => out.once('drain', resolve).once('close', resolve));
  }
  out.end();
}

const parsed = ({ 'content-type': type = '' }: IncomingHttpHeaders, body: Buffer): unknown =>
  /^application\/(?:[a-z.]+\+)?json\b/.test(type) && body.length > 0 ? JSON.parse(body.toString('utf8')) : undefined;

export interface TestApi {
  readonly gateway: TestGateway;
  readonly target: ApiTarget;
  /** A client without a login. */
  readonly anyone: ApiClient;
  /** A client with the password of an account in `accounts`. */
  as(name: string): ApiClient;
  /** A client with this Authorization header and this certificate. */
  client(authorization?: string, certificate?: { readonly key: string; readonly certificate: string }): ApiClient;
  /**
   * A client with the token of an operator in this role. `organisation`: he acts for that one
   * alone.
   */
  operator(role: Role, organisation?: string): Promise<ApiClient>;
}

export const basic = (login: string, password: string): string =>
  `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`;

export const API_LISTENER =
  '[[listener]]\nname = "api"\nprotocol = "https"\naddress = "127.0.0.1"\nport = 0\ntls = "implicit"\n';

/** Starts the gateway. Everything is closed when the test ends. */
export async function startApi(t: TestContext, options: ApiOptions = {}): Promise<TestApi> {
  const { configuration = '', listener = '', ...rest } = options;
  const gateway = await startTestGateway({ ...rest, configuration: `${configuration}\n${API_LISTENER}${listener}` });
  t.after(() => gateway.remove());
  return apiOf(t, gateway);
}

/** The API of a gateway that has a listener named `api`. */
export function apiOf(t: TestContext, gateway: TestGateway): TestApi {
  const target: ApiTarget = { port: gateway.port('api'), ca: gateway.ca };
  let text: Promise<string> | undefined;
  const judge: Judge = async (method, path, answer) => {
    text ??= documentAt(target);
    (await judgeOf(await text)).judge(method, path, answer);
  };
  let operators = 0;
  const client: TestApi['client'] = (authorization, certificate) => {
    const shown = certificate === undefined ? {} : { key: certificate.key, cert: certificate.certificate };
    const made = new ApiClient({ ...target, ...shown }, authorization, judge);
    t.after(() => made.close());
    return made;
  };
  return {
    gateway,
    target,
    client,
    anyone: client(),
    as: (name) => {
      const { login, password } = loginOf(name);
      return client(basic(login, password));
    },
    operator: async (role, organisation) => {
      const token = await addOperator(gateway, `operator-${(operators += 1)}`, role, organisation);
      return client(`Bearer ${token}`);
    },
  };
}

async function documentAt(target: ApiTarget): Promise<string> {
  const client = new ApiClient(target, undefined, () => undefined);
  try {
    return (await client.get('/openapi.json')).body.toString('utf8');
  } finally {
    client.close();
  }
}

async function addOperator({ store }: TestGateway, name: string, role: Role, organisation?: string): Promise<string> {
  const actor = { name: 'test' };
  const { token, id, hash } = makeToken();
  await store.operators.add({ name, role, ...defined({ organisation }) }, actor);
  const endsAt = instant(Date.now() + days(30));
  await store.operators.addToken({ id, hash, operator: name, role, networks: [], endsAt }, actor);
  return token;
}
