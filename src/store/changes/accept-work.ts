/** The work of filing a message: everything that its acceptance writes. */
import type { AuditItem } from '../../domain/audit-row.ts';

export interface AcceptWork {
  readonly id: bigint;
  readonly receivedAt: number;
  readonly submitter: number;
  readonly sender: string;
  readonly messageIdField: string;
  readonly envelope: string;
  /** `MessageParts` as JSON. */
  readonly parts: string | null;
  readonly octets: number;
  /** Octets of the message as its sender gave it, without our additions. */
  readonly submitted: number;
  /**
   * Octets that count against the quota. For an opened message the size as submitted: a full
   * mailbox must not tell what was inside.
   */
  readonly charged: number;
  readonly sha256: Uint8Array;
  readonly day: string;
  readonly dataKey: Uint8Array;
  readonly chunks: number;
  readonly body: Uint8Array | null;
  /** Of a copy: the header as it was submitted, sealed with the copy's key. */
  readonly submittedHeader: Uint8Array | null;
  /**
   * For each recipient the account of the mailbox that gets the message. 0: it goes to a partner,
   * or is held.
   */
  readonly mailboxes: readonly number[];
  /** For each recipient the account that owns the copy, held or not. 0: it goes to a partner. */
  readonly owners: readonly number[];
  /** The partners of recipients, by their index; nearly always empty. */
  readonly partners: readonly number[];
  /** Folded addresses, one for each of `mailboxes`. */
  readonly keys: readonly string[];
  /** Random octets for the UIDLs, 16 for each of `mailboxes`. */
  readonly uidls: Uint8Array;
  /** Accounts whose entry wants a receipt. */
  readonly receipts: readonly number[];
  readonly deliveries: readonly NewDelivery[];
  /**
   * Two keys of 16 octets each as one text of 32 characters: a view of a buffer would be cloned
   * with all that lies beside it.
   */
  readonly interchanges: readonly string[];
  /** True: quotas are ignored. */
  readonly system: boolean;
  readonly once: string | null;
  readonly resubmission: { readonly key: Uint8Array; readonly since: number } | null;
  /** `hashes`: key and digest of 16 octets each, one text as in `interchanges`. */
  readonly request: { readonly hashes: string; readonly answer: string } | null;
  /**
   * Copies that are filed under this message; they have no copies, notices and the like of their
   * own.
   */
  readonly copies: readonly AcceptWork[];
  readonly audit: readonly AuditItem[];
  readonly notices: Notices;
  /**
   * The number of the registry that its sender and recipients were judged by; null: nobody judged,
   * or nobody else changes it.
   */
  readonly judged: number | null;
}

/** Notices that are filed together with something else, or left out. */
export type Notices = readonly AcceptWork[];

/** The notices of a change: they come with it, or were sent ahead. */
export interface SentNotices {
  readonly notices: Notices;
  /** Names the notices that were sent ahead. */
  readonly partsToken?: number;
}

export interface NewDelivery {
  /** 0: the message is held from `mailbox`. */
  readonly partner: number;
  readonly mailbox: number | null;
  readonly held: boolean;
  readonly recipient: string;
  /** JSON of `notify` and `originalRecipient`. */
  readonly dsn: string | null;
}
