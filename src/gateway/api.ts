/**
 * The HTTPS API of the running gateway: the services of its routes, and how one of its listeners
 * starts.
 */
import type { AdminContext } from '../admin/context.ts';
import { TokenNotes } from '../admin/token-notes.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { Callers } from '../api/core/caller.ts';
import { problem } from '../api/core/problem.ts';
import { RateLimit } from '../api/core/rate.ts';
import type { ApiDocument } from '../api/core/document.ts';
import { ROOT, Router } from '../api/core/router.ts';
import { operatorOf } from '../config/helpdesk.ts';
import { originOf } from '../config/listeners.ts';
import type { ApiServices } from '../api/core/services.ts';
import { type ApiCounts, newApiCounts, startApiListener } from '../api/server.ts';
import type { Config } from '../config/schema.ts';
import type { ConnectionLimits } from '../platform/connections.ts';
import { NetworkSet } from '../platform/network.ts';
import type { GatewayEffects } from './effects.ts';
import { apiTimesOf, authLimitsOf } from './limits.ts';
import type { StartListener } from './listeners.ts';
import type { GatewayTls } from './tls.ts';

export interface ApiParts
  extends Required<GatewayEffects>, Pick<ApiServices, 'store' | 'submission' | 'pickup' | 'directory'> {
  readonly authenticator: Authenticator;
  readonly connections: ConnectionLimits;
  readonly tls: GatewayTls;
}

export interface GatewayApi {
  readonly start: StartListener;
  readonly counts: ApiCounts;
  /** The context of operations is made last; until then callers are told to come again. */
  begin(admin: AdminContext): void;
  /** Refused tokens that are still only counted. */
  readonly tokens: TokenNotes;
}

/** The OpenAPI document, with the address of the API and whom clients can ask. */
export async function gatewayDocument(config: Config): Promise<ApiDocument> {
  const { API_ROUTES, API_WEBHOOKS } = await import('../api/table.ts');
  const { documentOf } = await import('../api/core/document.ts');
  const { api, helpdesk, hostname } = config;
  const facts = {
    routes: API_ROUTES,
    webhooks: API_WEBHOOKS,
    url: apiUrlOf(config),
    contact: {
      name: api['contact-name'] ?? helpdesk.name ?? `Helpdesk of ${hostname}`,
      email: api['contact-address'] ?? operatorOf(config),
      url: api['contact-page'] ?? `https://${hostname}/`,
    },
  };
  return await documentOf(facts, () => new Promise((resolve) => setImmediate(resolve)));
}

/** URL with `/v1`, and no slash at the end. */
export function apiUrlOf(config: Config): string {
  const given = config.api.url?.replace(/\/+$/, '');
  if (given !== undefined) return given.endsWith(ROOT) ? given : `${given}${ROOT}`;
  return `${originOf(config, 'https') ?? `https://${config.hostname}`}${ROOT}`;
}

export function gatewayApi(config: Config, parts: ApiParts): GatewayApi {
  const { clock, log, random, store, authenticator, connections, tls, submission, pickup, directory } = parts;
  let context: AdminContext | undefined;
  const admin = (): AdminContext => {
    if (context === undefined)
      throw problem(503, 'starting', 'The gateway starts', 'It will be there in a moment; try again', {
        retryAfter: 1,
      });
    return context;
  };
  const services: ApiServices = {
    store,
    submission,
    pickup,
    clock,
    log,
    random,
    get admin() {
      return admin();
    },
    document: () => (document ??= gatewayDocument(config)),
    directory,
    limits: { message: config.smtp['max-message'] },
    hostname: config.hostname,
  };
  // The table of routes is loaded with the first listener: a gateway without one does not hold it
  // in memory.
  let router: Promise<Router> | undefined;
  const routed = (): Promise<Router> =>
    (router ??= import('../api/table.ts').then(({ API_ROUTES }) => new Router(API_ROUTES)));
  let document: Promise<ApiDocument> | undefined;
  const rate = new RateLimit(clock, config.api.requests);
  const exempt = new NetworkSet(config.auth['exempt-networks']);
  const tokens = new TokenNotes(store.audit, clock);
  const limits = authLimitsOf(config);
  const callers = new Callers({
    authenticator,
    store,
    admin,
    clock,
    random,
    exempt,
    tokens,
    limits,
    shared: store.shared.of('tokens'),
  });
  const counts = newApiCounts();
  const times = apiTimesOf(config);
  return {
    counts,
    tokens,
    begin: (made) => (context = made),
    start: async (spec) =>
      await startApiListener({
        spec,
        router: await routed(),
        services,
        callers,
        rate,
        times,
        counts,
        connections,
        clock,
        log,
        tls: tls.materialFor(spec.name),
      }),
  };
}
