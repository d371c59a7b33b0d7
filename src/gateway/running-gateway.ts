/** Answers what operators ask of the running gateway, from its parts. */
import type { ReloadReport, RunningGateway } from '../admin/running-gateway.ts';
import type { PasswordAuthenticator } from '../auth/authenticator-options.ts';
import type { Config } from '../config/schema.ts';
import { defined } from '../domain/defined.ts';
import type { Clock } from '../domain/effects.ts';
import type { ConnectionLimits } from '../platform/connections.ts';
import { buildVersion } from '../platform/version.ts';
import type { Dispatcher } from '../push/dispatcher.ts';
import type { Actor } from '../store/actor.ts';
import type { Store } from '../store/port/store.ts';
import type { Anchors } from '../trail/anchors.ts';
import type { GatewayLife } from '../trail/gateway-life.ts';
import type { WebhookDeliverer } from '../webhooks/deliverer.ts';
import type { GatewayCluster } from './cluster.ts';
import type { GatewayHttp } from './http.ts';
import type { GatewayListeners } from './listeners.ts';
import type { GatewayProbe } from './probe.ts';
import type { GatewayProtocols } from './protocols.ts';
import type { GatewayTls } from './tls.ts';

export interface RunningGatewayParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly life: GatewayLife;
  readonly anchors: Anchors;
  readonly authenticator: PasswordAuthenticator;
  readonly connections: ConnectionLimits;
  readonly listeners: GatewayListeners;
  readonly protocols: GatewayProtocols;
  readonly pushes: readonly Dispatcher[];
  readonly webhooks: WebhookDeliverer;
  readonly tls: GatewayTls;
  readonly http: GatewayHttp;
  readonly probe: Pick<GatewayProbe, 'status'>;
  readonly cluster: GatewayCluster;
  readonly reload: (actor: Actor) => Promise<ReloadReport>;
}

/** The operations of a gateway that starts now. */
export function runningGateway(config: Config, parts: RunningGatewayParts): RunningGateway {
  const { anchors, authenticator, cluster, connections, http, probe, protocols, reload, tls, webhooks } = parts;
  // Read at the start, for the program that runs: an upgrade may replace its files meanwhile.
  const begun = { version: buildVersion(), since: new Date(parts.clock.now()).toISOString() };
  return {
    reload,
    drain: (wanted, actor) => drain(config, parts, wanted, actor),
    anchor: () => anchors.now(),
    sessions: () => connections.sessions,
    voidTickets: () => tls.voidTickets(),
    writeCounted: (whose) => {
      authenticator.writeCounted(whose);
      protocols.writeCounted(whose);
    },
    writeClientNetworks: (account) => protocols.consumersOf(account),
    stuck: () => protocols.stuck.all,
    webhooksChanged: () => webhooks.changed(),
    figures: (names) => http.figures(names),
    probes: probe.status,
    channel: () => cluster.state,
    status: () => statusOf(config, parts, begun),
  };
}

async function drain(
  config: Config,
  { clock, http, life, listeners }: RunningGatewayParts,
  wanted: boolean,
  actor: Actor,
): ReturnType<RunningGateway['drain']> {
  const shared = config.cluster['share-ports'] === 'yes';
  // The ports first: if one cannot be opened again, the drain does not end.
  if (shared && !wanted) await listeners.resume();
  const changed = http.drain(wanted ? clock.now() : undefined);
  if (changed) life.drained(wanted, actor);
  if (shared && wanted) listeners.rest();
  const since = http.drainedSince;
  return {
    changed,
    ...defined({
      since: since === undefined ? undefined : new Date(since).toISOString(),
      portsClosed: shared && wanted ? true : undefined,
    }),
  };
}

function statusOf(
  { hostname }: Config,
  { connections, http, listeners, pushes, store }: RunningGatewayParts,
  { version, since }: { readonly version: string; readonly since: string },
): ReturnType<RunningGateway['status']> {
  const { free, waiting } = store.health();
  return {
    version,
    hostname,
    process: process.pid,
    since,
    free,
    waiting,
    reasons: http.reasons(),
    listeners: listeners.status(),
    connections: connections.open,
    partners: pushes.flatMap(({ states }) =>
      states.map(({ name, breaker, active, why }) => ({ name, breaker, active, why: why ?? '' })),
    ),
  };
}
