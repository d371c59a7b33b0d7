/**
 * Work that must be done once, however many gateways share a store: rounds of the day, sweeps,
 * signed heads, revocation lists, letters, backups, events for webhooks, the trail for a collector
 * of logs, figures of usage, keys of days to come, moves of accounts that were cut short (decision
 * 1917 has the list, and what each node does for itself). Each is done by one of them at a time,
 * and by another one when that one has gone.
 */

export const JOBS = [
  'anchors',
  'availability',
  'backups',
  'certificates',
  'day-keys',
  'forwarding',
  'moves',
  'rounds',
  'sweeps',
  'usage',
  'webhooks',
] as const;
export type Job = (typeof JOBS)[number];

export interface Jobs {
  /**
   * Whether it is this gateway's to do, asked at the begin of each round. A gateway that hangs for
   * long and wakes up hears no: another one does it by then. What is under way in such a moment may
   * be done twice, so each round finds nothing to do where it was done.
   */
  runs(job: Job): boolean;
  /** False while nobody can say whose they are, because the database does not answer. */
  readonly known: boolean;
}

/** For a store that one gateway has for itself: it does all jobs. */
export const ALL_JOBS: Jobs = { runs: () => true, known: true };
