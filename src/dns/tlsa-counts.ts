/**
 * How look-ups of TLSA records ended, and what servers showed; for metrics. A file of its own: it
 * loads nothing.
 */
import { Counts } from '../domain/counts.ts';

export interface TlsaCounts {
  /** `records`, `no-host`, `insecure`, `absent`, `unusable`, `failed`. */
  readonly lookups: Counts<'outcome'>;
  /** `met`, `unmet`. */
  readonly judged: Counts<'outcome'>;
}

export const newTlsaCounts = (): TlsaCounts => {
  const counts = { lookups: new Counts(['outcome']), judged: new Counts(['outcome']) };
  for (const outcome of ['records', 'no-host', 'insecure', 'absent', 'unusable', 'failed'])
    counts.lookups.add([outcome], 0);
  for (const outcome of ['met', 'unmet']) counts.judged.add([outcome], 0);
  return counts;
};
