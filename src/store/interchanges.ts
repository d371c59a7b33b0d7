/**
 * The store's memory of interchanges: a guard's question whether a reference, or the messages in
 * it, came before.
 *
 * Each one that was accepted under a reference is remembered, so that every exact repetition is
 * known as one, not the latest alone. Kept for 90 days and the last 200,000 interchanges, whichever
 * is less; written with the acceptance of their message. It answers for what is filed: of two
 * submissions at the same moment neither knows the other.
 */
import type { Earlier } from '../domain/edi-guard.ts';
import { days } from '../domain/units.ts';

export const INTERCHANGES_FOR = days(90);
export const MOST_INTERCHANGES = 200_000;

/** 16 octets each, from a hash over all that must agree. */
export interface SeenInterchange {
  /** Sender, recipient and reference. */
  readonly reference: Uint8Array;
  /** Sender, recipient and messages, whatever reference they came under. */
  readonly messages: Uint8Array;
  /**
   * Held, because its reference was used for other messages. What becomes of the copies does not
   * matter: a release is for them alone, and a repetition is held again.
   */
  readonly held?: true;
}

export interface Interchanges {
  /**
   * Looks for earlier interchanges with the same reference or content. One answer for each that is
   * asked about, in the same order.
   */
  earlier(asked: readonly SeenInterchange[]): Promise<readonly Earlier[]>;
}
