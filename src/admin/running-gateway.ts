/** The running gateway, as far as operators may control it. */
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
   * How this gateway is connected with the others that share its store. Undefined if there are
   * none, or no channel between them.
   */
  channel(): ClusterState | undefined;
  /** The figures of /metrics that have these names. */
  figures(names: ReadonlySet<string>): Promise<readonly Figure[]>;
  /**
   * Reads configuration, keys and certificates again. If one of them cannot be used, nothing
   * changes.
   */
  reload(actor: Actor): Promise<ReloadReport>;
  /**
   * Keeps new sessions away, or lets them in again. It works for load balancers that watch /ready,
   * and for other units that share the ports. It lasts until the process ends. Rejects with
   * ListenerRefused if a port cannot be opened again.
   */
  drain(wanted: boolean, actor: Actor): Promise<DrainReport>;
  /** Signs the head of the audit trail now. */
  anchor(): Promise<void>;
  /** The sessions that are open now. */
  sessions(): readonly OpenSession[];
  /** Makes all TLS tickets void that were given out so far. */
  voidTickets(): void;
  /**
   * Refusals of logins, codes and mail are counted for a minute before they are written, and logins
   * of a program that polls for an hour. This writes counts to the trail now: with `whose`, all
   * counts of those; without it, the counts of the minute, of everybody. To write everybody's
   * counts of the hour would make a row for each account that polls, at each look.
   */
  writeCounted(whose?: Whose): void;
  /** A webhook was added, changed or ended. This takes effect within a second. */
  webhooksChanged(): void;
  /**
   * Writes the sessions of the account that were counted in memory. They are in the store when it
   * resolves.
   */
  writeClientNetworks(account: AccountId): Promise<void>;
  /**
   * Messages at which the sessions of a mail program end again and again, as far as this gateway
   * has seen since its start.
   */
  stuck(): readonly StuckMessage[];
}

export interface DrainReport {
  /** True if the other units on its ports now take all connections. */
  readonly portsClosed?: boolean;
  /** False if it was in that state before. */
  readonly changed: boolean;
  /** Since when it has been draining, in ISO 8601. Absent if it takes new sessions. */
  readonly since?: string;
}

/** Names of the settings that differ after the configuration was read again. */
export interface ReloadReport {
  /** Those that hold now. */
  readonly applied: readonly string[];
  /** Those that wait for a restart. */
  readonly restart: readonly string[];
}

export interface ListenerStatus {
  readonly name: string;
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
  readonly tls: string;
  readonly profile: string;
  /** The last day of a legacy profile. */
  readonly until?: string;
  /** True if that day is over: the listener then serves nobody. */
  readonly closed: boolean;
}

/** A reason why no mail is accepted now. `name` is the one that /ready shows. */
export interface ReadyReason {
  readonly name: string;
  readonly text: string;
}

export interface GatewayStatus {
  /** The version with its build (platform/version.ts). Older gateways do not tell it. */
  readonly version?: string;
  /** Why the gateway is not ready; empty if it is. */
  readonly reasons: readonly ReadyReason[];
  readonly hostname: string;
  readonly process: number;
  /** ISO 8601. */
  readonly since: string;
  readonly listeners: readonly ListenerStatus[];
  readonly connections: number;
  readonly free: number;
  readonly waiting: number;
  /**
   * Partners to which something is being pushed, or that do not answer. `why` is empty if all is
   * well.
   */
  readonly partners: readonly {
    readonly name: string;
    readonly breaker: 'closed' | 'open' | 'half-open';
    readonly active: number;
    readonly why: string;
  }[];
}

/** What the probe of a site saw lately. */
export interface ProbeStatus {
  readonly site: string;
  readonly host: string;
  /** When a visit last went well, in ISO 8601. Absent if none did since the start. */
  readonly good?: string;
  /** Number of failures in a row. */
  readonly failures: number;
  readonly cause?: ProbeCause;
  readonly why?: string;
  /** The availability in this month, from 0 to 1. */
  readonly ratio?: number;
}
