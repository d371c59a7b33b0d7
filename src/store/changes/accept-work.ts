/** What is filed: a message with all that its acceptance writes. */
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
  /** As its sender gave it, without what we added. */
  readonly submitted: number;
  /** What a mailbox must have room for. Of what was opened the size as it was submitted: a full mailbox must not tell what was inside. */
  readonly charged: number;
  readonly sha256: Uint8Array;
  readonly day: string;
  readonly dataKey: Uint8Array;
  readonly chunks: number;
  readonly body: Uint8Array | null;
  /** Rows in which PostgreSQL has the body already; left out everywhere else. */
  readonly bodyParts?: number;
  /** Of a copy: the header as it was submitted, sealed with its key. */
  readonly submittedHeader: Uint8Array | null;
  /** For each recipient the account of the mailbox that gets the message. 0: it goes to a partner, or is held. */
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
  /** Two keys of 16 octets each as one text of 32 characters: a view of a buffer would be cloned with all that lies beside it. */
  readonly interchanges: readonly string[];
  /** Ignores quotas. */
  readonly system: boolean;
  readonly once: string | null;
  readonly resubmission: { readonly key: Uint8Array; readonly since: number } | null;
  /** `hashes`: key and digest of 16 octets each, one text as in `interchanges`. */
  readonly request: { readonly hashes: string; readonly answer: string } | null;
  /** Filed under this message; without copies, notices and the rest of their own. */
  readonly copies: readonly AcceptWork[];
  readonly audit: readonly AuditItem[];
  readonly notices: Notices;
  /** The number of the registry that its sender and recipients were judged by; null: nobody judged, or nobody else changes it. */
  readonly judged: number | null;
}

/** Filed behind something else, or left out. */
export type Notices = readonly AcceptWork[];

/** What a change is told of its notices: they come with it, or came ahead. */
export interface SentNotices {
  readonly notices: Notices;
  /** Names those that came. */
  readonly partsToken?: number;
}

export interface NewDelivery {
  /** 0: held from `mailbox`. */
  readonly partner: number;
  readonly mailbox: number | null;
  readonly held: boolean;
  readonly recipient: string;
  /** JSON of `notify` and `originalRecipient`. */
  readonly dsn: string | null;
}
