/**
 * A listener of the API with routes of the test's own, and no gateway behind it: for what the
 * server does with any route.
 */
import { TokenNotes } from '../../src/admin/token-notes.ts';
import type { TestContext } from 'node:test';
import { Callers } from '../../src/api/core/caller.ts';
import { RateLimit } from '../../src/api/core/rate.ts';
import { Router } from '../../src/api/core/router.ts';
import type { Route } from '../../src/api/core/route.ts';
import type { ApiServices } from '../../src/api/core/services.ts';
import type { ApiTimes } from '../../src/api/core/limits.ts';
import { type ApiCounts, newApiCounts, startApiListener } from '../../src/api/server.ts';
import type { AdminContext } from '../../src/admin/context.ts';
import type { Authenticator } from '../../src/auth/authenticator.ts';
import { throttleDefaults } from '../../src/auth/throttle.ts';
import { milliseconds, minutes, seconds } from '../../src/domain/units.ts';
import { type ConnectionLimitOptions, ConnectionLimits } from '../../src/platform/connections.ts';
import type { Listener, ListenerSpec } from '../../src/platform/listener.ts';
import { NetworkSet } from '../../src/platform/network.ts';
import { ApiClient, type ApiTarget } from './api.ts';
import { testCertificates } from './certificates.ts';
import { FakeClock } from './clock.ts';
import { testConnectionLimits } from './connection-limits.ts';
import { MemoryLog } from './log.ts';

export interface BareOptions {
  readonly spec?: Partial<ListenerSpec>;
  readonly connections?: Partial<ConnectionLimitOptions>;
  readonly perMinute?: number;
  /** Default: nobody may log in. */
  readonly authenticator?: Authenticator;
  readonly admin?: AdminContext;
  readonly store?: Pick<ApiServices['store'], 'registry'>;
  /** Refused tokens are answered on it, in milliseconds; default: at once. */
  readonly refusalGrid?: number;
  /** Octets of a message. */
  readonly message?: number;
}

export interface BareApi extends ApiTarget {
  readonly listener: Listener;
  /** Clock of all deadlines. */
  readonly clock: FakeClock;
  readonly log: MemoryLog;
  readonly connections: ConnectionLimits;
  readonly counts: ApiCounts;
  /** A client without a login; its answers are not judged. */
  readonly client: ApiClient;
}

export const bareTimes: ApiTimes = {
  header: seconds(20),
  idle: seconds(60),
  request: minutes(30),
  send: minutes(2),
  dataMinimum: 1000,
  dataInterval: seconds(20),
};

export async function startBareApi(
  t: TestContext,
  routes: readonly Route[],
  options: BareOptions = {},
): Promise<BareApi> {
  const { server, ca } = await testCertificates();
  const clock = new FakeClock(Date.now());
  const log = new MemoryLog();
  const connections = new ConnectionLimits({ ...testConnectionLimits, ...options.connections });
  const nobody = (): Promise<{ readonly kind: 'refused' }> => Promise.resolve({ kind: 'refused' });
  const authenticator = options.authenticator ?? ({ password: nobody, external: nobody } as unknown as Authenticator);
  const nothing = {
    registry: { findLogin: () => Promise.resolve(undefined), onChange: () => undefined },
  } as unknown as ApiServices['store'];
  const { store = nothing } = options;
  const random = (length: number): Uint8Array => new Uint8Array(length);
  const callers = new Callers({
    authenticator,
    store,
    clock,
    random,
    admin: () => options.admin ?? ({} as AdminContext),
    limits: { throttle: throttleDefaults, refusalGrid: milliseconds(options.refusalGrid ?? 0) },
    exempt: new NetworkSet([]),
    tokens: new TokenNotes({ note: (event) => options.admin?.store.audit.note(event) }, clock),
  });
  const counts = newApiCounts();
  const limits = { message: options.message ?? 100_000 };
  const listener = await startApiListener({
    spec: { name: 'api', address: '127.0.0.1', port: 0, tls: 'implicit', ...options.spec },
    tls: [server],
    router: new Router(routes),
    services: { limits, clock, log, random, store, hostname: 'mail.test' } as unknown as ApiServices,
    callers,
    rate: new RateLimit(clock, options.perMinute ?? 6000),
    times: bareTimes,
    counts,
    connections,
    clock,
    log,
  });
  const target = { port: listener.port, ca: ca.certificate };
  const client = new ApiClient(target, undefined, () => undefined);
  t.after(async () => {
    client.close();
    await listener.stop(milliseconds(0));
  });
  return { ...target, listener, clock, log, connections, counts, client };
}
