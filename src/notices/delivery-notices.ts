/**
 * What a delivery's end has to say to its sender, as far as the dispatcher and the operator's verbs
 * see it.
 *
 * Ask before `settle` and settle with the answer:
 * `settle({ claim, outcome, notice: prepared?.acceptance, audit })`, and call `discard` when the
 * settlement was lost or failed. One notice per delivery and final state: the key in
 * `Acceptance.once` holds that, whatever is asked twice.
 */
import type { Instant } from '../domain/units.ts';
import type { Claim, Outcome } from '../store/deliveries.ts';
import type { PreparedNotice } from '../store/acceptance.ts';

/** What the attempt itself knows and the outcome does not. */
export interface Attempt {
  /** When it ended. */
  readonly at: Instant;
  /**
   * Host name or address of the partner's server, where one was reached: Remote-MTA (RFC 3464
   * section 2.3.5).
   */
  readonly remote?: string;
  /**
   * Whether the partner's server offered DSN (RFC 3461): then NOTIFY went with the message, and
   * success is the partner's to tell.
   */
  readonly dsn?: boolean;
  /**
   * Enhanced status code (RFC 3463) where the outcome's reply does not begin with one or does not
   * tell it: `5.4.7` for a delivery whose time is over, `5.7.5` for TLS that could not be verified.
   * Class 4 in a failure is written as it is.
   */
  readonly status?: `${2 | 4 | 5}.${number}.${number}`;
  /** True when the outcome's reply is the partner's own line, false or absent for words of ours. */
  readonly theirs?: boolean;
  /** With `theirs`: the partner had read the content when it said so. */
  readonly content?: boolean;
  /** For a delay: when the delivery will be given up. */
  readonly until?: Instant;
  /** For a failure by an operator's hand: why, as the operator wrote it. */
  readonly reason?: string;
  /** For a failure because nobody decided about what was held. */
  readonly held?: true;
}

export interface DeliveryNoticeWriter {
  /**
   * The notice that belongs to this settlement; undefined if none is owed: by NOTIFY (RFC 3461
   * section 4.1; without one, failure and delay are told), for a null sender, where the partner's
   * server tells it, or for a retry that is no delay. `retry` asks for a notice only with
   * `delayed: true`; set that once for each delivery, when it is 4 h old (settings of the
   * operator), whether or not a notice is owed.
   *
   * Rejects with StoreFull or StoreFailed: settle later then, never without the notice.
   */
  noticeFor(claim: Claim, outcome: Outcome, attempt: Attempt): Promise<PreparedNotice | undefined>;
  /**
   * The EDI acknowledgement that belongs to this settlement, where the sender's system asked for
   * one. Rejects as `noticeFor`.
   */
  contrlFor?(claim: Claim, outcome: Outcome): Promise<PreparedNotice | undefined>;
}
