/** The running gateway, as far as an operator may steer it. */
import type { ClusterState } from '../cluster/cluster.ts';
import type { ProbeCause } from '../domain/availability.ts';
import type { AccountId } from '../domain/ids.ts';
import type { Figure } from '../domain/monitor.ts';
import type { OpenSession } from '../platform/connections.ts';
import type { Whose } from '../platform/tally.ts';
import type { Actor } from '../store/actor.ts';
import type { StuckMessage } from '../domain/stuck.ts';

/** What operations ask of the running gateway. */
export interface RunningGateway {
  status(): GatewayStatus;
  probes(): Promise<readonly ProbeStatus[]>;
  /**
   * How this gateway stands with those that it shares its store with; undefined: with nobody, or
   * without a channel between them.
   */
  channel(): ClusterState | undefined;
  /** The figures of /metrics with these names. */
  figures(names: ReadonlySet<string>): Promise<readonly Figure[]>;
  /**
   * Reads configuration, keys and certificates again; everything stays as it was when one of them
   * cannot be used.
   */
  reload(actor: Actor): Promise<ReloadReport>;
  /**
   * Keeps new sessions away, as far as load balancers go by /ready or other units share the ports,
   * or ends that. Until the process ends. Rejects with ListenerRefused if a port cannot be opened
   * again.
   */
  drain(wanted: boolean, actor: Actor): Promise<DrainReport>;
  /** Signs the head of the audit trail now. */
  anchor(): Promise<void>;
  /** Open now. */
  sessions(): readonly OpenSession[];
  /** Makes every TLS ticket void that was given out so far. */
  voidTickets(): void;
  /**
   * Refusals of logins, codes and mail are counted for a minute, logins of a program that polls for
   * an hour. From now on they stand in the trail, and not only at the end of that time: of `whose`
   * all of them; without it those of the minute, of everybody. Those of the hour would be a row for
   * each account that polls, at each look.
   */
  writeCounted(whose?: Whose): void;
  /**
   * A webhook was added, changed or ended: it gets events, or none any more, from the next second
   * on.
   */
  webhooksChanged(): void;
  /**
   * The sessions of the account that were counted in memory stand in the store when it resolves.
   */
  writeClientNetworks(account: AccountId): Promise<void>;
  /**
   * Messages at which the sessions of a mail program end again and again, as far as was seen since
   * the start.
   */
  stuck(): readonly StuckMessage[];
}

export interface DrainReport {
  /** The other units on its ports take what comes. */
  readonly portsClosed?: boolean;
  /** False: the state was the same before. */
  readonly changed: boolean;
  /** ISO 8601. Absent: new sessions are sent here. */
  readonly since?: string;
}

/** What of a configuration that was read again differs, by the names of settings. */
export interface ReloadReport {
  /** Holds now. */
  readonly applied: readonly string[];
  /** Waits for a restart. */
  readonly restart: readonly string[];
}

export interface ListenerStatus {
  readonly name: string;
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
  readonly tls: string;
  readonly profile: string;
  /** Last day of a legacy profile. */
  readonly until?: string;
  /** True: that day is over, so the listener serves nobody. */
  readonly closed: boolean;
}

/** Why no mail would be taken now; `name` as /ready has it. */
export interface ReadyReason {
  readonly name: string;
  readonly text: string;
}

export interface GatewayStatus {
  /**
   * Version with the build (platform/version.ts). Absent from gateways that are older than the
   * build.
   */
  readonly version?: string;
  /** Reasons why it is not ready; empty: it is. */
  readonly reasons: readonly ReadyReason[];
  readonly hostname: string;
  readonly process: number;
  /** ISO 8601. */
  readonly since: string;
  readonly listeners: readonly ListenerStatus[];
  readonly connections: number;
  readonly free: number;
  readonly waiting: number;
  /** That something is pushed to now, or that do not answer; `why` is empty if all is well. */
  readonly partners: readonly {
    readonly name: string;
    readonly breaker: 'closed' | 'open' | 'half-open';
    readonly active: number;
    readonly why: string;
  }[];
}

/** What the probe of a site has seen lately. */
export interface ProbeStatus {
  readonly site: string;
  readonly host: string;
  /** When a visit last went well. ISO 8601; absent: none did since the start. */
  readonly good?: string;
  /** Failures in a row. */
  readonly failures: number;
  readonly cause?: ProbeCause;
  readonly why?: string;
  /** Ratio of this month, 0 to 1. */
  readonly ratio?: number;
}
