/** An accepted message: to whom it goes, what is filed with it, and what became of that. */
import type { Address } from '../domain/address.ts';
import type { AccountId, MessageId, PartnerId } from '../domain/ids.ts';
import type { MessageParts } from '../domain/message-part.ts';
import { type Instant, type Milliseconds, type Octets, hours } from '../domain/units.ts';
import type { AuditEvent } from './audit.ts';
import type { SeenInterchange } from './interchanges.ts';
import type { SealedBody } from './body.ts';

/**
 * One recipient of an accepted message. Where it leads was found by `Registry.findRecipient`.
 *
 * `held`: its copy waits for a release and is neither filed nor queued until then: a delivery in
 * state `held`. A mailbox to which another recipient leads that is not held gets the message at
 * once.
 */
export type AcceptedRecipient = RecipientFacts &
  (
    | { readonly mailbox: AccountId; readonly partner?: undefined }
    /**
     * Queued for the partner in the transaction that accepts the message, one delivery for each
     * recipient.
     */
    | { readonly partner: PartnerId; readonly mailbox?: undefined }
  );

interface RecipientFacts {
  /** As the sender wrote it; with `substituteFor` the substitute's. */
  readonly address: Address;
  /** RFC 3461 sections 4.1 and 4.2, decoded; absent where the sender gave none. */
  readonly notify?: readonly string[];
  readonly originalRecipient?: string;
  /** The sender wants to be told when it is collected (`MaildropListing.receiptWanted`). */
  readonly receipt?: true;
  /** The addressee, who is absent: the message goes to `address` instead. */
  readonly substituteFor?: Address;
  /**
   * In `MessageRecord.recipients`: the copy that went there, where it is not the message as it was
   * submitted.
   */
  readonly copy?: MessageId;
  readonly held?: true;
  /**
   * The sender's system wants an EDI acknowledgement (CONTRL) when it is collected or relayed, or
   * fails.
   */
  readonly contrl?: true;
}

/** What protection made of a message for some of its recipients. */
export interface MessageCopy {
  readonly body: SealedBody;
  /** At least one. */
  readonly recipients: readonly AcceptedRecipient[];
  /**
   * It holds what the sender had encrypted. Room in a mailbox is asked for by the size of what was
   * submitted, and a courier judges it by that size as well, so that no refusal tells what was
   * inside.
   */
  readonly opened?: boolean;
}

/** Most copies of one message. */
export const MAX_COPIES = 64;

/** Most notices that one acceptance carries along. */
export const MAX_WITH = 8;

export interface Acceptance {
  readonly body: SealedBody;
  readonly receivedAt: Instant;
  /** The account that submitted it; `OPERATOR` for messages of the gateway itself. */
  readonly submitter: AccountId;
  /** Empty for a null reverse path. */
  readonly sender: Address | '';
  /** Of the header, without angle brackets; for the trace. */
  readonly messageIdField: string;
  readonly envelope: {
    readonly body: '7BIT' | '8BITMIME';
    readonly smtpUtf8: boolean;
    readonly ret?: 'FULL' | 'HDRS';
    readonly envid?: string;
    /** RFC 8689: go only where TLS verifies, or come back. */
    readonly requireTls?: boolean;
  };
  /**
   * Who gets it as it is in `body`; with those of the copies 1 to 1000. Recipients that lead to the
   * same mailbox get one entry of each copy there. Where nobody gets it as it is, its facts stay
   * for the trace and its octets go.
   */
  readonly recipients: readonly AcceptedRecipient[];
  /** Filed with it, all or none; each is a message of its own (`MessageRecord.copyOf`). */
  readonly copies?: readonly MessageCopy[];
  /**
   * How many octets its sender gave us, before our own fields; absent: as many as `body` has.
   * Counted for the figures of usage.
   */
  readonly submittedOctets?: Octets;
  /**
   * With copies: the header as it was submitted, for whoever writes notices about them; kept with
   * each copy, as long as its content.
   */
  readonly header?: Uint8Array;
  /** What it was made of when it was submitted; absent for what we wrote ourselves. */
  readonly parts?: MessageParts;
  /** Remembered when it is filed: `Store.interchanges`. At most 100. */
  readonly interchanges?: readonly SeenInterchange[];
  readonly audit: readonly AuditEvent[];
  /** A message of the gateway itself: no mailbox is too full for it. */
  readonly system?: true;
  /**
   * Key of a notice, for example `failed:<delivery>` or `collected:<message>:<account>`; 1 to 200
   * characters. One that was filed under this key before is not filed again: `already`. Keys are
   * remembered for 400 days.
   */
  readonly once?: string;
  /**
   * Nothing is filed when a message with this key was accepted within `window` (at most an hour)
   * and nobody has it yet: no recipient collected or deleted it, no partner took it. 16 octets.
   */
  readonly resubmission?: { readonly key: Uint8Array; readonly window: Milliseconds };
  /**
   * A request that may come again under the same key: kept with the message, in the same
   * transaction. When one came under it before, nothing is filed: `answered`. What is refused
   * leaves the key free.
   */
  readonly request?: KeptRequest;
  /**
   * Notices filed in the same transaction, only when this is filed; at most 8. One whose own
   * addressee is gone stays out, with an audit row `notice.not-filed`; so does one whose `once` was
   * used, without a row. Abort their bodies afterwards: for those that were filed it does nothing.
   */
  readonly with?: readonly Acceptance[];
  /**
   * `Registry.seen` of before its sender was judged. Where another gateway has changed the registry
   * since, nothing is filed: `outdated`.
   */
  readonly judged?: number;
}

/** A notice with its body written and sealed, to be filed by whoever asked for it. */
export interface PreparedNotice {
  readonly acceptance: Acceptance;
  /** Gives the body up. Does nothing once it was filed; never rejects. */
  discard(): Promise<void>;
}

/** Submitter of messages that the gateway itself writes. No account has this number. */
export const OPERATOR = 0 as AccountId;

/** Of a request that accepts a message. */
export interface KeptRequest {
  /** 16 octets of a hash of whose key it is and of the key. */
  readonly key: Uint8Array;
  /** Of what was asked for, 16 octets: another request under the same key is told by it. */
  readonly digest: Uint8Array;
  /** Kept for whoever asks again, beside the message's id; at most `MAX_ANSWER` characters. */
  readonly answer: string;
}

/**
 * How long a request is remembered, from when its message was begun; the latest 500,000 of them.
 */
export const REQUESTS_FOR = hours(24);
/** Characters of an answer that is kept. */
export const MAX_ANSWER = 64 * 1024;

/** An earlier request under the same key, as it was kept. */
export interface Answered extends Pick<KeptRequest, 'digest' | 'answer'> {
  readonly message: MessageId;
}

export type AcceptOutcome =
  | { readonly kind: 'filed' }
  /** A message with the same `resubmission` key stands and waits: `of`. */
  | { readonly kind: 'duplicate'; readonly of: MessageId }
  /** The `request` was kept before, with this message; or another one under its key. */
  | ({ readonly kind: 'answered' } & Answered)
  /** `once` was used before. */
  | { readonly kind: 'already' }
  /**
   * Nothing was filed: the account of the submitter ends or has ended, or went to another
   * organisation.
   */
  | { readonly kind: 'closed' }
  /**
   * Nothing was filed: the registry was changed at another gateway, and what is remembered of it is
   * forgotten. Judge anew, and come again.
   */
  | { readonly kind: 'outdated' }
  /**
   * Nothing was filed for anybody: this mailbox is over its quota, or its account or address ended
   * since RCPT.
   */
  | { readonly kind: 'refused'; readonly why: 'quota' | 'gone'; readonly address: Address };
