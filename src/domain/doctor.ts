/** What `doctor` finds: by hand, and by itself in the running gateway. */
import type { Instant } from './units.ts';

/** failure: something is wrong now. warning: something will be, or nobody knows. */
export const SEVERITIES = ['failure', 'warning'] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface DoctorFinding {
  /** The same finding has the same one at the next run: `clock`, `listener.pop3s`. */
  readonly id: string;
  readonly severity: Severity;
  /** What, and what to do; no name of a person. */
  readonly what: string;
}

export interface DoctorState {
  /** Absent before the first run. */
  readonly ranAt?: Instant;
  readonly findings: readonly DoctorFinding[];
}
