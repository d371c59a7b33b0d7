/**
 * What a load balancer may send to a gateway. `submit`: mail that is to be acknowledged. `pickup`:
 * mailboxes that are opened, and what is deleted there. `serve`: what is there is handed out, and
 * nothing is written.
 */
export const READY_ROLES = ['submit', 'pickup', 'serve'] as const;
export type ReadyRole = (typeof READY_ROLES)[number];

/** Why `/ready` answers 503. The names are stable: load balancers and alarms may look at them. */
export const READY_REASONS = {
  draining: 'The gateway is stopping.',
  drained: 'An operator keeps new sessions away (`sluis drain`).',
  'store-failed': 'A write failed, and the store accepts nothing more.',
  'store-away': 'On PostgreSQL: no primary is reached.',
  'not-acknowledging': 'On PostgreSQL: no second place would hold what is acknowledged.',
  'disk-full': 'Only the reserve is left on the disk.',
  certificate: 'The certificate of a listener has ended, or is not valid yet.',
} as const;

export type ReasonName = keyof typeof READY_REASONS;

export interface Reason {
  readonly name: ReasonName;
  readonly text: string;
}

export interface ReadyNote {
  readonly name: 'alone';
  readonly text: string;
}

/**
 * What the engine of the store says of each role, at once and from memory: a load balancer asks
 * twice a second. An engine whose servers stand elsewhere answers `store-away` where it reaches
 * none, and `not-acknowledging` where no second place would hold what is written.
 */
export interface Readiness {
  against(role: ReadyRole): readonly Reason[];
  /** Notes for an operator although mail is accepted. */
  notes?(): readonly ReadyNote[];
}

/** Of an engine in the gateway's own process: its failures are told by the store's health. */
export const ALWAYS_READY: Readiness = { against: () => [] };
