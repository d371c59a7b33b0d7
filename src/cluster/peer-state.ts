/** What this node knows of each other node, and what of it an operator must hear. */
import type { Day } from '../domain/utc-day.ts';
import { many } from '../domain/counted.ts';
import type { Instant, Milliseconds } from '../domain/units.ts';
import type { RefusalCode } from './channel/refusals.ts';

export interface PeerState {
  /** As in `cluster.peers`. */
  readonly host: string;
  /** `new`: not asked yet since the start. */
  readonly state: 'new' | 'heard' | 'silent' | 'refused';
  readonly node?: string;
  readonly site?: string;
  readonly version?: string;
  readonly code?: RefusalCode;
  /** Why it is not well, in words, with what to do. */
  readonly why?: string;
  readonly heardAt?: Instant;
  /** How far its clock is ahead of this one's; negative: behind. */
  readonly clockAhead?: Milliseconds;
  /** Days of which it has every key of this node. */
  readonly acknowledged: ReadonlySet<Day>;
  /** What the other gateway could not do yet. */
  readonly left: readonly string[];
}

/**
 * Clock difference beyond which somebody is told; nothing is refused, since no exchange depends on
 * the clock.
 */
export const MOST_CLOCK = 60_000;
/** Days ahead that have keys on all nodes. */
export const DAYS_AHEAD = 14;
/** Below this an alarm is due. */
export const FEWEST_AHEAD = 7;

/** Warnings for `check`, `status` and the log: each with its remedy. */
export function warningsOf(peers: readonly PeerState[], ahead: number): readonly string[] {
  const found = peers.flatMap(({ host, state, why, clockAhead = 0, left }) => [
    ...(state === 'silent' || state === 'refused'
      ? [`${state === 'silent' ? 'cannot reach' : 'cannot speak with'} node "${host}" of cluster.peers: ${why ?? ''}`]
      : []),
    ...(Math.abs(clockAhead) > MOST_CLOCK
      ? [
          `the clock of node "${host}" is ${Math.round(Math.abs(clockAhead) / 1000)} s ${clockAhead > 0 ? 'ahead of' : 'behind'} this one: set both by NTP (chrony)`,
        ]
      : []),
    ...left,
  ]);
  if (ahead >= FEWEST_AHEAD) return found;
  return [
    `day keys are on all nodes for the next ${many(ahead, 'day')} only, ${DAYS_AHEAD} are expected: without one no mail is accepted that day. Let the nodes of cluster.peers reach each other`,
    ...found,
  ];
}
