/** What submission asks of the notice writer when an addressee is absent. */
import type { Address } from '../domain/address.ts';
import type { Instant } from '../domain/units.ts';
import type { Acceptance, PreparedNotice } from '../store/acceptance.ts';

/** What became of the copy of one recipient who is absent. */
export interface HandledAbsence {
  /** The address as the sender wrote it. */
  readonly addressee: Address;
  readonly from: Instant;
  /** The first moment at which the addressee is back. */
  readonly until: Instant;
  readonly substitute: Address;
  /**
   * `substitute`: the copy went to the substitute. `kept`: it is encrypted for the addressee, so
   * the substitute could not read it; it waits for the addressee, and the substitute has not got
   * it.
   */
  readonly went: 'substitute' | 'kept';
  /** RFC 3461 section 4.1. */
  readonly notify?: readonly string[];
}

export interface AbsenceNotices {
  /**
   * The notice that tells the sender, its body written and sealed, to be filed with the message;
   * undefined if none is owed: for a null sender, and if every recipient has NOTIFY=NEVER. One a
   * day for each sender and addressee is enough if mail went to the substitute (`Acceptance.once`
   * holds that; RFC 3834 section 2); of what was kept the sender is told each time.
   */
  noticeFor(message: Acceptance, handled: readonly HandledAbsence[]): Promise<PreparedNotice | undefined>;
}
