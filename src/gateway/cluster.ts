/** Connects this gateway with the others of the same store, as the configuration says. */
import { randomBytes } from 'node:crypto';
import { Cluster, type ClusterParts, type ClusterState } from '../cluster/cluster.ts';
import { FEWEST_AHEAD } from '../cluster/peer-state.ts';
import type { TicketKeys } from '../cluster/tickets.ts';
import { readMasterKey } from '../config/master-key.ts';
import { nodeOf, readChannelFiles } from '../config/store.ts';
import type { Config } from '../config/schema.ts';
import { defined } from '../domain/defined.ts';
import type { Instant } from '../domain/units.ts';
import { type Metric, gauge } from '../http/metric.ts';
import { buildVersion } from '../platform/version.ts';
import type { MayMakeKey } from '../store/port/day-keys.ts';
import type { Store } from '../store/port/store.ts';
import type { GatewayEffects } from './effects.ts';

type Section = Config['cluster'];
interface Channel extends Section {
  readonly listen: NonNullable<Section['listen']>;
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

const isChannel = (cluster: Config['cluster']): cluster is Channel =>
  cluster.listen !== undefined &&
  cluster.ca !== undefined &&
  cluster.certificate !== undefined &&
  cluster.key !== undefined;

export interface GatewayClusterOptions extends GatewayEffects {
  /** Until when this site may continue alone. */
  readonly aloneUntil?: () => Instant | undefined;
  /** For tests: where the names of peers lead. */
  readonly peers?: Pick<ClusterParts, 'peers' | 'lookup'>;
}

export class GatewayCluster {
  readonly #config: Config;
  readonly #options: GatewayClusterOptions;
  #cluster: Cluster | undefined;

  constructor(config: Config, options: GatewayClusterOptions) {
    this.#config = config;
    this.#options = options;
  }

  /** Tells the store whether it may make a day key; undefined: it makes the keys that it needs. */
  get mayMakeKey(): MayMakeKey | undefined {
    if (!isChannel(this.#config.cluster)) return undefined;
    const { aloneUntil, clock } = this.#options;
    return (day) => {
      const until = aloneUntil?.();
      if (until !== undefined && clock.now() < until) return { may: true };
      const silent = this.state?.peers.filter(({ state }) => state !== 'heard').map(({ host }) => `"${host}"`) ?? [];
      const who = silent.length === 0 ? 'all nodes of cluster.peers' : `node ${silent.join(' and ')} of cluster.peers`;
      return {
        may: false,
        why: `There is no key of ${day} on this node: the nodes make them 14 days ahead, once all of them answer. Let this node reach ${who}, or let this site continue alone: "sluis site alone --until TIME"`,
      };
    };
  }

  /**
   * Call it before the first listener opens. Rejects with ConfigError, or with the system's error
   * about the port.
   */
  async start(store: Store): Promise<void> {
    const { cluster, keys } = this.#config;
    if (!isChannel(cluster)) return;
    const { clock, log, random = randomBytes, peers } = this.#options;
    const { node, site } = nodeOf(this.#config);
    this.#cluster = new Cluster({
      node,
      site,
      version: buildVersion(),
      storeId: store.id,
      keyFolder: keys.folder,
      masterKey: await readMasterKey(this.#config),
      listen: { address: cluster.listen.host, port: cluster.listen.port },
      peers: peers?.peers ?? cluster.peers,
      material: () => readChannelFiles(this.#config),
      store: store.days,
      mine: () => store.jobs.runs('day-keys'),
      proven: ({ day, node: other, at, proof }) =>
        store.audit.note({
          event: 'cluster.day-key-erased',
          outcome: 'success',
          facts: { day, node: other, destroyedAt: new Date(at).toISOString(), proof },
        }),
      clock,
      log,
      random,
      ...defined({ lookup: peers?.lookup }),
    });
    store.days.onErased(() => this.#cluster?.erased());
    await this.#cluster.start();
  }

  /** The ticket keys; undefined if this gateway shares its store with no other. */
  get tickets(): TicketKeys | undefined {
    return this.#cluster?.tickets;
  }

  get state(): ClusterState | undefined {
    return this.#cluster?.state;
  }

  /** The port in use; 0 if there is none. */
  get port(): number {
    return this.#cluster?.port ?? 0;
  }

  /** Asks all other gateways now. */
  async exchange(): Promise<void> {
    await this.#cluster?.exchange();
  }

  get metrics(): readonly Metric[] {
    return isChannel(this.#config.cluster) ? clusterMetrics(() => this.state) : [];
  }

  async stop(): Promise<void> {
    await this.#cluster?.stop();
  }
}

/** Metrics of a gateway with a channel to the others. */
export function clusterMetrics(state: () => ClusterState | undefined): readonly Metric[] {
  const peers = () => state()?.peers ?? [];
  return [
    gauge(
      'sluis_cluster_day_keys_ahead',
      `Days from today on whose keys are on all gateways of this store; 14 at best, an alarm below ${FEWEST_AHEAD}.`,
      [],
      () => [{ value: state()?.ahead ?? 0 }],
    ),
    gauge(
      'sluis_cluster_peer_heard',
      '1: that gateway answered in the last round (10 s), 0: it did not, or may not be spoken with.',
      ['peer'],
      () => peers().map(({ host, state: now }) => ({ labels: { peer: host }, value: now === 'heard' ? 1 : 0 })),
    ),
    gauge(
      'sluis_cluster_clock_seconds',
      'How far the clock of that gateway is ahead of this one; below zero: behind.',
      ['peer'],
      () =>
        peers().flatMap(({ host, clockAhead }) =>
          clockAhead === undefined ? [] : [{ labels: { peer: host }, value: clockAhead / 1000 }],
        ),
    ),
  ];
}
