/**
 * OpenID providers on this machine: the real oidc-provider, and one whose answers the test decides.
 */
import { createPublicKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Server, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { testCertificates } from './certificates.ts';

/** The person who logs in at the provider. */
export interface Person {
  readonly sub: string;
  readonly preferred_username?: string;
  readonly groups?: readonly string[];
  readonly amr?: readonly string[];
  readonly acr?: string;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(t: TestContext, handler: Handler): Promise<{ readonly origin: string; readonly server: Server }> {
  const { key, certificate } = (await testCertificates()).server;
  const server = createServer({ key, cert: certificate }, handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, origin: `https://localhost:${(server.address() as AddressInfo).port}` };
}

export interface RealProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly secret: string;
  /** The person who logs in from now on, in a browser that the provider does not know yet. */
  person: Person;
  /** How often somebody was asked to log in. */
  readonly asked: () => number;
  /**
   * A browser goes to the address and logs in. Resolves to the address to which it is sent back.
   */
  readonly visit: (address: string) => Promise<URL>;
}

/** The parts of oidc-provider that are used here; it has no types. */
type Library = new (issuer: string, configuration: object) => LibraryProvider;
interface LibraryGrant {
  addOIDCScope(scope: string): void;
  save(): Promise<string>;
}
interface LibraryContext {
  readonly client: { readonly clientId: string };
  readonly session: { readonly accountId: string; grantIdFor(clientId: string): string | undefined };
}
interface LibraryProvider {
  readonly Grant: { new (facts: object): LibraryGrant; find(id: string): Promise<LibraryGrant | undefined> };
  callback(): Handler;
  interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>;
}

export async function startRealProvider(t: TestContext, redirect: string): Promise<RealProvider> {
  const name = 'oidc-provider' as string;
  const { default: Provider } = (await import(name)) as { default: Library };
  const [clientId, secret] = ['sluis', randomUUID()];
  let asked = 0;
  let handler: Handler = (_request, response) => response.destroy();
  const { origin: issuer } = await serve(t, (request, response) => handler(request, response));
  const provider = new Provider(issuer, {
    clients: [{ client_id: clientId, client_secret: secret, redirect_uris: [redirect] }],
    pkce: { required: () => true },
    acrValues: ['two-factors'],
    claims: {
      openid: ['sub', 'amr', 'acr', 'auth_time'],
      profile: ['preferred_username'],
      groups: ['groups'],
    },
    scopes: ['openid', 'profile', 'groups'],
    cookies: { keys: ['a key'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    findAccount: (_context: unknown, accountId: string) => ({
      accountId,
      claims: () => ({ ...real.person, sub: accountId }),
    }),
    loadExistingGrant: async ({ oidc }: { oidc: LibraryContext }) => {
      // One grant for all tabs of a browser. With another grant, codes of earlier tabs would be
      // void.
      const known = oidc.session.grantIdFor(oidc.client.clientId);
      // The grant is gone once one of its codes was used twice.
      const found = known === undefined ? undefined : await provider.Grant.find(known);
      if (found !== undefined) return found;
      const grant = new provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope('openid profile groups');
      await grant.save();
      return grant;
    },
  });
  const call = provider.callback();
  handler = (request, response) => {
    if (!request.url?.startsWith('/interaction/')) return call(request, response);
    asked += 1;
    const { sub: accountId, amr, acr } = real.person;
    provider
      .interactionFinished(request, response, { login: { accountId, amr, acr, remember: true } })
      .catch(() => response.destroy());
  };
  let person: Person = { sub: 'nobody' };
  let visit = visitor(issuer);
  const real: RealProvider = {
    ...{ issuer, clientId, secret },
    get person() {
      return person;
    },
    set person(next) {
      person = next;
      visit = visitor(issuer);
    },
    asked: () => asked,
    visit: (address) => visit(address),
  };
  return real;
}

/** A browser that keeps the provider's cookies, and follows it until it is sent elsewhere. */
function visitor(issuer: string): (address: string) => Promise<URL> {
  const cookies = new Map<string, string>();
  return async (address) => {
    let url = new URL(address);
    for (let n = 0; n < 10; n += 1) {
      const { location, set } = await get(url, [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
      for (const line of set) {
        const [, key = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        cookies.set(key, value);
      }
      if (location === undefined) throw new Error(`The provider sends nobody on from ${url.href}`);
      url = new URL(location, url);
      if (url.origin !== issuer) return url;
    }
    throw new Error('The provider sends in a circle');
  };
}

async function get(
  url: URL,
  cookie: string,
): Promise<{ readonly location: string | undefined; readonly set: readonly string[] }> {
  const { certificate: ca } = (await testCertificates()).ca;
  return await new Promise((resolve, reject) => {
    request(url, { ca, headers: { cookie }, agent: false }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve({ location: answer.headers.location, set: answer.headers['set-cookie'] ?? [] }));
    })
      .on('error', reject)
      .end();
  });
}

/** Claims of an ID token and other answers, as a test wants them. */
export interface FalseAnswers {
  /** Fields of /.well-known/openid-configuration that replace the right ones. */
  readonly metadata?: object;
  readonly claims?: object;
  /** Signs with a key that the provider does not publish. */
  readonly foreignKey?: boolean;
  /** Answers at a path, in place of the right one. `hang`: never answers. `pour`: never stops. */
  readonly at?: Readonly<Record<string, 'hang' | 'pour' | 'fail' | 'redirect'>>;
}

export interface FalseProvider {
  readonly issuer: string;
  answers: FalseAnswers;
  /** Paths that were requested. */
  readonly asked: readonly string[];
}

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A provider that is right, except for what `answers` says. Its code is the nonce. */
export async function startFalseProvider(t: TestContext): Promise<FalseProvider> {
  const pairs = [
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ];
  const asked: string[] = [];
  const { origin: issuer } = await serve(t, (request, response) => {
    const { pathname } = new URL(request.url ?? '/', issuer);
    asked.push(pathname);
    const told = JSON.stringify;
    const send = (value: object): void => void response.setHeader('content-type', 'application/json').end(told(value));
    switch (provider.answers.at?.[pathname]) {
      case 'hang':
        return;
      case 'fail':
        return void response.writeHead(502).end();
      case 'redirect':
        return void response.writeHead(302, { location: `${issuer}/elsewhere` }).end();
      case 'pour': {
        response.setHeader('content-type', 'application/json');
        const more = (): void => {
          while (!response.destroyed && response.write(' '.repeat(65_536)));
        };
        response.on('drain', more);
        return more();
      }
      case undefined:
    }
    if (pathname === '/.well-known/openid-configuration')
      return send({
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
        authorization_response_iss_parameter_supported: true,
        ...provider.answers.metadata,
      });
    if (pathname === '/keys')
      return send({
        keys: [
          { ...createPublicKey(pairs[0]!.privateKey).export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' },
        ],
      });
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => (body += piece));
    request.on('end', () => {
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        ...{ iss: issuer, sub: 'person', aud: 'sluis', iat: now, exp: now + 60, auth_time: now },
        ...{ nonce: new URLSearchParams(body).get('code'), groups: ['help'], amr: ['mfa'] },
        ...provider.answers.claims,
      };
      const head = `${base64url({ alg: 'RS256', kid: 'one' })}.${base64url(claims)}`;
      const key = pairs[provider.answers.foreignKey === true ? 1 : 0]!.privateKey;
      const token = `${head}.${sign('sha256', Buffer.from(head), key).toString('base64url')}`;
      send({ access_token: 'x', token_type: 'Bearer', id_token: token });
    });
  });
  const provider: FalseProvider = { issuer, answers: {}, asked };
  return provider;
}
