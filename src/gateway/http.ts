/** Assembles health and metrics of the running gateway. */
import type { Config } from '../config/schema.ts';
import type { GatewayCertificates } from '../crypto/certificates/gateway-certificates.ts';
import type { Counts } from '../domain/counts.ts';
import { defined } from '../domain/defined.ts';
import type { Clock, Log } from '../domain/effects.ts';
import type { GatewayListeners } from './listeners.ts';
import type { Backups } from '../backup/backups.ts';
import type { Readiness, ReadyNote, ReadyRole, Reason } from '../domain/readiness.ts';
import type { Instant, Milliseconds } from '../domain/units.ts';
import { doctorMetrics } from './doctor.ts';
import { backupMetrics } from './backup-metrics.ts';
import { type TrafficParts, trafficMetrics } from './traffic-metrics.ts';
import { storeMetrics } from './store-metrics.ts';
import type { TrailCounts } from './trail-metrics.ts';
import type { GatewayTls } from './tls.ts';
import { exposition } from '../http/exposition.ts';
import { reasonsAgainst } from '../http/health.ts';
import { figuresOf } from '../http/figures.ts';
import type { Figure } from '../domain/monitor.ts';
import type { Metric } from '../http/metric.ts';
import { type HttpListener, startHttpListener } from '../http/server.ts';
import { watchLoopDelay } from '../platform/loop-delay.ts';
import type { Store } from '../store/port/store.ts';
import type { Doctor } from '../trail/doctor.ts';

export interface GatewayHttpParts extends Omit<TrafficParts, 'listeners' | 'loop' | 'ready'> {
  readonly store: Store;
  readonly listeners: GatewayListeners;
  /** Readiness of the engine of the store. */
  readonly readiness: Readiness;
  readonly tls: GatewayTls;
  readonly certificates: () => Promise<GatewayCertificates>;
  readonly backups: Backups;
  readonly doctor: Doctor;
  readonly probe: readonly Metric[];
  /** Metrics of the engine of the store. */
  readonly engine: readonly Metric[];
  readonly cluster: readonly Metric[];
  readonly scan: readonly Metric[];
  readonly dane: readonly Metric[];
  readonly dkim: readonly Metric[];
  readonly maxBackupAge: Milliseconds;
  readonly maxDrillAge: Milliseconds;
  readonly clock: Clock;
  readonly trail: TrailCounts;
  readonly ended: { readonly held: number };
  /** Notices that were sent to nobody. */
  readonly unsent: Counts<'why'>;
  readonly log: Log;
}

export class GatewayHttp {
  #draining = false;
  #drainedSince: Instant | undefined;
  readonly #stops: (() => Promise<void>)[] = [];
  #listener: HttpListener | undefined;
  #readyListener: HttpListener | undefined;
  /**
   * Why the gateway is not ready. The command line asks this as well, even if the port is switched
   * off.
   */
  reasons: (role?: ReadyRole) => readonly Reason[] = () => [];
  /**
   * The figures of the metrics with these names. The command line asks this as well, even if the
   * port is switched off.
   */
  figures: (names: ReadonlySet<string>) => Promise<readonly Figure[]> = () => Promise.resolve([]);

  /** Undefined until the port is open, or if the configuration switches it off. */
  get listener(): HttpListener | undefined {
    return this.#listener;
  }

  /** For load balancers on other machines. Undefined if the configuration names none. */
  get readyListener(): HttpListener | undefined {
    return this.#readyListener;
  }

  /** Since when an operator keeps new sessions away. */
  get drainedSince(): Instant | undefined {
    return this.#drainedSince;
  }

  /** Opens the port. Rejects with ListenerRefused. */
  async open({ http }: Config, parts: GatewayHttpParts): Promise<void> {
    const reasons = (role?: ReadyRole): readonly Reason[] => this.#reasons(parts, role);
    this.reasons = reasons;
    const notes = () => parts.readiness.notes?.() ?? [];
    await this.#openReady(http, parts.log, notes);
    const kept = [
      ...storeMetrics(parts),
      ...doctorMetrics(parts.doctor),
      ...parts.probe,
      ...parts.engine,
      ...parts.cluster,
      ...parts.scan,
      ...parts.dane,
      ...parts.dkim,
      ...backupMetrics({ ...parts, maxAge: parts.maxBackupAge, maxDrillAge: parts.maxDrillAge }),
    ];
    this.figures = (names) => figuresOf(kept, names);
    if (http.enabled === 'no') return;
    const { listeners, clock, log } = parts;
    const loop = watchLoopDelay(clock);
    const metrics = [
      ...trafficMetrics({ ...parts, loop, listeners: () => listeners.sessions(), ready: reasons }),
      ...kept,
    ];
    this.#stops.push(async () => {
      loop.stop();
      await this.#listener?.stop();
    });
    this.#listener = await startHttpListener({ ...http, metrics: exposition(metrics, log), reasons, notes, log });
  }

  async #openReady(
    { 'ready-from': networks, 'ready-address': address, 'ready-port': port }: Config['http'],
    log: Log,
    notes: () => readonly ReadyNote[],
  ): Promise<void> {
    if (networks.length === 0) return;
    const listener = await startHttpListener({ address, port, networks, reasons: this.reasons, notes, log });
    this.#stops.push(() => listener.stop());
    this.#readyListener = listener;
  }

  #reasons({ store, readiness, tls, listeners, clock }: GatewayHttpParts, role?: ReadyRole): readonly Reason[] {
    const certificates = tls.served.flatMap(({ listener, from, until }) => {
      const protocol = listeners.protocolOf(listener);
      return protocol === undefined ? [] : [{ listener, protocol, from, until }];
    });
    return reasonsAgainst(
      {
        draining: this.#draining,
        store: store.health(),
        certificates,
        readiness,
        now: clock.now(),
        ...defined({ drainedSince: this.#drainedSince }),
      },
      role,
    );
  }

  /** Makes the gateway not ready from now on, since it stops. */
  stopping(): void {
    this.#draining = true;
  }

  /**
   * Keeps new sessions away because an operator wants that, or ends that. False if nothing changed.
   */
  drain(since: Instant | undefined): boolean {
    const changes = (this.#drainedSince === undefined) !== (since === undefined);
    if (changes) this.#drainedSince = since;
    return changes;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#stops.map((stop) => stop()));
  }
}
