/**
 * One claim: messages of a mailbox that one worker has for a time, and nobody else gets meanwhile.
 */
import type { Clock, Timer } from '../domain/effects.ts';
import type { Address } from '../domain/address.ts';
import type { EntryUid, MessageId } from '../domain/ids.ts';
import {
  type Instant,
  type Milliseconds,
  type Octets,
  instant,
  milliseconds,
  minutes,
  seconds,
} from '../domain/units.ts';
import type { MailboxEntry } from '../store/deliveries.ts';

/** A claim lasts at most this long after it was made or renewed. */
export const LONGEST_CLAIM = seconds(60);
/** Longest life of a claim, with all its renewals. */
export const LONGEST_RENEWED = minutes(10);
/** Most messages of one claim. */
export const MOST_CLAIMED = 100;

/** A claimed message. */
export interface Item {
  readonly uid: EntryUid;
  readonly id: MessageId;
  readonly octets: Octets;
  /** SHA-256 of the stored content, hexadecimal. */
  readonly sha256: string;
  readonly sender: Address | '';
  /** When the message came into the mailbox. */
  readonly since: Instant;
  readonly receiptWanted: boolean;
  readonly sentBefore: boolean;
  /** The message, or a part of it, was sent to its last octet while it was claimed. */
  sent: boolean;
  /** Its acknowledgement is being written, so an end of the claim leaves the message alone. */
  writing: boolean;
}

export const itemOf = ({ message, uid, since, receiptWanted, sentBefore }: MailboxEntry): Item => ({
  uid,
  since,
  receiptWanted,
  sentBefore,
  id: message.id,
  octets: message.octets,
  sha256: message.sha256,
  sender: message.sender,
  sent: false,
  writing: false,
});

/** How a claim stands. `lapsed`: its time was over, or the maildrop was taken away. */
export type ClaimState = 'open' | 'acknowledged' | 'released' | 'lapsed';

export class Claim {
  readonly id: string;
  readonly items = new Map<MessageId, Item>();
  state: ClaimState = 'open';
  /** Messages that were acknowledged. */
  acknowledged = 0;
  /**
   * How many messages each request acknowledged, by the key of the request, so that a repeated
   * request hears the same number. Each has removed at least one, so there are no more entries than
   * messages.
   */
  readonly answered = new Map<string, number>();
  readonly #clock: Clock;
  readonly #begun: Milliseconds;
  #ends: Milliseconds;
  #timer: Timer | undefined;

  constructor(id: string, clock: Clock, lasts: Milliseconds) {
    this.id = id;
    this.#clock = clock;
    this.#begun = clock.monotonic();
    this.#ends = milliseconds(this.#begun + Math.min(lasts, LONGEST_CLAIM));
  }

  /** End of the claim by the wall clock, to be shown. */
  get endsAt(): Instant {
    return instant(this.#clock.now() + Math.max(0, this.#ends - this.#clock.monotonic()));
  }

  get over(): boolean {
    return this.#clock.monotonic() >= this.#ends;
  }

  /** Renews the claim, never beyond the longest life of all renewals together. */
  renew(lasts: Milliseconds): void {
    const now = this.#clock.monotonic();
    this.#ends = milliseconds(Math.min(now + Math.min(lasts, LONGEST_CLAIM), this.#begun + LONGEST_RENEWED));
  }

  /** Calls `lapsed` once its time is over, unless it ends before. */
  watch(lapsed: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(milliseconds(Math.max(0, this.#ends - this.#clock.monotonic())), lapsed);
  }

  end(state: Exclude<ClaimState, 'open'>): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.state = state;
  }
}
