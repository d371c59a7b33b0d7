/**
 * Why a message, a recipient or a login was not taken: one face for the peer, one reason for the log.
 *
 * RFC 5321 section 4.2 (reply codes), RFC 3463 and RFC 5248 (enhanced status codes).
 */
import type { Quirk } from './quirks.ts';

export interface Refusal {
  /** SMTP reply code. 4xx: try again later; 5xx: do not. */
  readonly reply:
    | 421
    | 450
    | 451
    | 452
    | 454
    | 500
    | 501
    | 502
    | 503
    | 504
    | 530
    | 534
    | 535
    | 538
    | 550
    | 551
    | 552
    | 553
    | 554
    | 555;
  /** RFC 3463: `class.subject.detail`; the class agrees with `reply`. */
  readonly status: `${4 | 5}.${number}.${number}`;
  /** One line of ASCII for the peer and for notices: says what, why and what to do. Names no host or file of ours, and no setting
   * but the one that allows a quirk. */
  readonly text: string;
  /** For the log only. */
  readonly detail?: string;
  /** The deviation that the account may not have; the text names it too, and how it is allowed. */
  readonly quirk?: Quirk;
}

/** True where the same attempt may succeed later. What we do not understand counts as such: mail is never lost to a misreading. */
export const isTransient = (refusal: Refusal): boolean => refusal.reply < 500;
