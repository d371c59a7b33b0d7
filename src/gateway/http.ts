/** Health and metrics of the running gateway, assembled. */
import type { Config } from '../config/schema.ts';
import type { GatewayCertificates } from '../crypto/gateway-certificates.ts';
import type { Counts } from '../domain/counts.ts';
import type { Clock, Log } from '../domain/effects.ts';
import type { GatewayListeners } from './listeners.ts';
import type { Backups } from '../backup/backups.ts';
import type { Milliseconds } from '../domain/units.ts';
import { doctorMetrics } from './doctor.ts';
import { backupMetrics } from './backup-metrics.ts';
import { type TrafficParts, trafficMetrics } from './traffic-metrics.ts';
import { storeMetrics } from './store-metrics.ts';
import type { TrailCounts } from './trail-metrics.ts';
import type { GatewayTls } from './tls.ts';
import { exposition } from '../http/exposition.ts';
import { type Reason, reasonsAgainst } from '../http/health.ts';
import { figuresOf } from '../http/figures.ts';
import type { Figure } from '../domain/monitor.ts';
import { type HttpListener, startHttpListener } from '../http/server.ts';
import { watchLoopDelay } from '../platform/loop-delay.ts';
import type { Store } from '../store/port/store.ts';
import type { Doctor } from '../trail/doctor.ts';

export interface GatewayHttpParts extends Omit<TrafficParts, 'listeners' | 'loop' | 'ready'> {
  readonly store: Store;
  readonly listeners: GatewayListeners;
  readonly tls: GatewayTls;
  readonly certificates: () => Promise<GatewayCertificates>;
  readonly backups: Backups;
  readonly doctor: Doctor;
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
  #stop: () => Promise<void> = () => Promise.resolve();
  #listener: HttpListener | undefined;
  /** Why the gateway is not ready; for the command line too, and where the port is switched off. */
  reasons: () => readonly Reason[] = () => [];
  /** What is told at /metrics of these names; for the command line too, and where the port is switched off. */
  figures: (names: ReadonlySet<string>) => Promise<readonly Figure[]> = () => Promise.resolve([]);

  /** Undefined until it is open, and where the configuration switches it off. */
  get listener(): HttpListener | undefined {
    return this.#listener;
  }

  /** Rejects with ListenerRefused. */
  async open({ http }: Config, parts: GatewayHttpParts): Promise<void> {
    const reasons = (): readonly Reason[] => this.#reasons(parts);
    this.reasons = reasons;
    const kept = [
      ...storeMetrics(parts),
      ...doctorMetrics(parts.doctor),
      ...backupMetrics({ ...parts, maxAge: parts.maxBackupAge, maxDrillAge: parts.maxDrillAge }),
    ];
    this.figures = (names) => figuresOf(kept, names);
    if (http.enabled === 'no') return;
    const { listeners, clock, log } = parts;
    const loop = watchLoopDelay(clock);
    const metrics = [
      ...trafficMetrics({ ...parts, loop, listeners: () => listeners.sessions(), ready: () => reasons().length === 0 }),
      ...kept,
    ];
    this.#stop = async () => {
      loop.stop();
      await this.#listener?.stop();
    };
    this.#listener = await startHttpListener({ ...http, metrics: exposition(metrics, log), reasons, log });
  }

  #reasons({ store, tls, listeners, clock }: GatewayHttpParts): readonly Reason[] {
    return reasonsAgainst({
      draining: this.#draining,
      store: store.health(),
      certificates: tls.served.filter(({ listener }) => listeners.isOpen(listener)),
      now: clock.now(),
    });
  }

  /** From now on the gateway is not ready. */
  drain(): void {
    this.#draining = true;
  }

  stop(): Promise<void> {
    return this.#stop();
  }
}
