/**
 * Absences: a time in which an address takes no mail for its owner. Its mail goes to a substitute
 * who has agreed, or is refused with the substitute's name.
 *
 * A substitute is one step: the substitute's own absence is never followed, and an absence that
 * would need that is refused when it is made.
 */
import type { Address } from './address.ts';
import type { Instant } from './units.ts';

/**
 * `substitute`: mail is filed with the substitute. `refuse`: mail is refused, naming the substitute
 * where there is one.
 */
export type AbsenceMode = 'substitute' | 'refuse';

export interface Absence {
  readonly from: Instant;
  /** The first moment at which the owner is back. */
  readonly until: Instant;
  readonly mode: AbsenceMode;
  /** Always there in mode `substitute`. */
  readonly substitute?: Address;
}

/** Most absences that one address has ahead of it. */
export const MAX_ABSENCES = 24;

export const overlaps = (a: Pick<Absence, 'from' | 'until'>, b: Pick<Absence, 'from' | 'until'>): boolean =>
  a.from < b.until && b.from < a.until;
