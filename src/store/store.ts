/**
 * The store port: mail events, each method one transaction.
 *
 * Contract, checked for every store by test/store/contract.ts:
 * - `accept` resolves only when message, entries, counters and audit rows are durable: a crash of the machine one instruction later loses
 *   none of them. A mailbox entry is visible to `lockMaildrop` from that moment.
 * - A method that rejects has changed nothing. After a failed write or sync (`StoreFailed`) the store accepts nothing more: it stays
 *   closed until it is opened again and checked.
 * - A database that cannot be reached, or a commit whose outcome is not known, is no failure either: `StoreUnavailable`, `OutcomeUnknown`. Who
 *   comes again later is served.
 * - Out of space is not a failure: `StoreFull`, and life goes on. Locking, listing, reading, deleting and noting still work.
 * - Content leaves the store only after its tags were verified, which bind position and end; `StoredContent` ends with `ContentDamaged` before
 *   its last slice when the whole is not as long as its row says. The stored hash is evidence, and proved by the proof of a copy.
 * - Nothing here holds a read transaction between two calls.
 */
import type { Address } from '../domain/address.ts';
import type { Counts, Distribution } from '../domain/counts.ts';
import type { AccountId, EntryUid, MessageId, PartnerId } from '../domain/ids.ts';
import type { LockHolder } from '../domain/lock-holder.ts';
import type { MessageParts } from '../domain/message-part.ts';
import { type Instant, type Milliseconds, type Octets, hours } from '../domain/units.ts';
import type { AuditEvent } from './audit.ts';
import type { SeenInterchange } from './interchanges.ts';

/** The disk (or the configured limit) has no room for this. Temporary: 452 4.3.1. */
export class StoreFull extends Error {
  override readonly name = 'StoreFull';
}
/** A write or sync failed, or the store was closed: nothing more is accepted. Temporary for the peer, fatal for this process. */
export class StoreFailed extends Error {
  override readonly name = 'StoreFailed';
}
/**
 * The store cannot serve this at present, and nothing was changed: no primary is found, its standby is away, or too many wait already. Temporary
 * for the peer (451 4.3.0, -ERR [SYS/TEMP], 503), and no reason for this process to end: it goes on by itself. The text names the cause and what to do.
 */
export class StoreUnavailable extends Error {
  override readonly name: string = 'StoreUnavailable';
}
/**
 * Whether this was done is not known, and may never be: the answer to a commit was lost, or the wait for the other place was ended. Never tell
 * anybody that it was done, nor that it was not. The peer gets a temporary failure and comes again, and is recognised by what it brings.
 */
export class OutcomeUnknown extends StoreUnavailable {
  override readonly name = 'OutcomeUnknown';
}
/** Stored content does not verify. Never hand out what was read; raise an alarm. */
export class ContentDamaged extends Error {
  override readonly name = 'ContentDamaged';
}
/** The maildrop lock was taken over or has ended; nothing was changed. */
export class LockLost extends Error {
  override readonly name = 'LockLost';
}
/** The login that somebody ends a session or a request by is no longer valid: the account was suspended or its password changed, here or at another gateway; nothing was changed. */
export class LoginEnded extends Error {
  override readonly name = 'LoginEnded';
}
/** Another gateway has changed the registry since whoever asks was judged; nothing was changed. */
export class RegistryMoved extends Error {
  override readonly name = 'RegistryMoved';
}
/** The store cannot be opened. The text names the file, what is wrong with it and what to do. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused';
  /** True when another process holds the data folder: the only refusal that waiting may cure. */
  readonly held: boolean;
  /** The process that holds the lock, if the system tells. */
  readonly holder: LockHolder | undefined;
  constructor(
    message: string,
    options: ErrorOptions & { readonly held?: boolean; readonly holder?: LockHolder | undefined } = {},
  ) {
    super(message, options);
    this.held = options.held ?? false;
    this.holder = options.holder;
  }
}

/**
 * Takes one message's octets (canonical: CRLF line ends, un-stuffed, ending in CRLF). Holds at most 512 KiB of them in memory: await each
 * write. Octets are copied or handed on before `write` resolves; the caller may not change `chunk` until then.
 */
export interface BodyWriter {
  readonly id: MessageId;
  /** Octets taken so far. */
  readonly written: Octets;
  /** Rejects with StoreFull or StoreFailed. */
  write(chunk: Uint8Array): Promise<void>;
  /** Ends the body. A sealed body is filed by one `accept`, or given up by `abort`. */
  seal(): Promise<SealedBody>;
  /** Gives the body up, also after `seal`. What was stored of it is gone when this resolves; what a crash leaves over is swept. Never rejects. */
  abort(): Promise<void>;
}

/** Of octets that come in slices. 16 octets: to be compared inside the gateway, and shown to nobody. */
export interface ContentFingerprint {
  /** Octets in order; read before this returns. */
  update(octets: Uint8Array): void;
  /** Once, behind the last octet. */
  digest(): Uint8Array;
}

export interface SealedBody {
  readonly id: MessageId;
  readonly octets: Octets;
  /** SHA-256 of the canonical octets, 64 hexadecimal digits. */
  readonly sha256: string;
  /**
   * The octets again, as often as needed until the body is filed or given up: slices of at most 256 KiB, verified as those of `StoredContent`.
   * Throws StoreFailed after that, ContentDamaged where they do not verify.
   */
  slices(): AsyncIterable<Uint8Array>;
}

/**
 * One recipient of an accepted message. Where it leads was found by `Registry.findRecipient`.
 *
 * `held`: its copy waits for a release and is neither filed nor queued until then: a delivery in state `held`. A mailbox to which another
 * recipient leads that is not held gets the message at once.
 */
export type AcceptedRecipient = RecipientFacts &
  (
    | { readonly mailbox: AccountId; readonly partner?: undefined }
    /** Queued for the partner in the transaction that accepts the message, one delivery for each recipient. */
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
  /** In `MessageRecord.recipients`: the copy that went there, where it is not the message as it was submitted. */
  readonly copy?: MessageId;
  readonly held?: true;
  /** The sender's system wants an EDI acknowledgement (CONTRL) when it is collected or relayed, or fails. */
  readonly contrl?: true;
}

/** What protection made of a message for some of its recipients. */
export interface MessageCopy {
  readonly body: SealedBody;
  /** At least one. */
  readonly recipients: readonly AcceptedRecipient[];
  /**
   * It holds what the sender had encrypted. Room in a mailbox is asked for by the size of what was submitted, and a courier judges it by that
   * size as well, so that no refusal tells what was inside.
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
   * Who gets it as it is in `body`; with those of the copies 1 to 1000. Recipients that lead to the same mailbox get one entry of each copy
   * there. Where nobody gets it as it is, its facts stay for the trace and its octets go.
   */
  readonly recipients: readonly AcceptedRecipient[];
  /** Filed with it, all or none; each is a message of its own (`MessageRecord.copyOf`). */
  readonly copies?: readonly MessageCopy[];
  /** How many octets its sender gave us, before our own fields; absent: as many as `body` has. Counted for the figures of usage. */
  readonly submittedOctets?: Octets;
  /** With copies: the header as it was submitted, for whoever writes notices about them; kept with each copy, as long as its content. */
  readonly header?: Uint8Array;
  /** What it was made of when it was submitted; absent for what we wrote ourselves. */
  readonly parts?: MessageParts;
  /** Remembered when it is filed: `Store.interchanges`. At most 100. */
  readonly interchanges?: readonly SeenInterchange[];
  readonly audit: readonly AuditEvent[];
  /** A message of the gateway itself: no mailbox is too full for it. */
  readonly system?: true;
  /**
   * Key of a notice, for example `failed:<delivery>` or `collected:<message>:<account>`; 1 to 200 characters. One that was filed under this
   * key before is not filed again: `already`. Keys are remembered for 400 days.
   */
  readonly once?: string;
  /**
   * Nothing is filed when a message with this key was accepted within `window` (at most an hour) and nobody has it yet: no recipient
   * collected or deleted it, no partner took it. 16 octets.
   */
  readonly resubmission?: { readonly key: Uint8Array; readonly window: Milliseconds };
  /**
   * A request that may come again under the same key: kept with the message, in the same transaction. When one came
   * under it before, nothing is filed: `answered`. What is refused leaves the key free.
   */
  readonly request?: KeptRequest;
  /**
   * Notices filed in the same transaction, only when this is filed; at most 8. One whose own addressee is gone stays out, with an audit row
   * `notice.not-filed`; so does one whose `once` was used, without a row. Abort their bodies afterwards: for those that were filed it does
   * nothing.
   */
  readonly with?: readonly Acceptance[];
  /** `Registry.seen` of before its sender was judged. Where another gateway has changed the registry since, nothing is filed: `outdated`. */
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

/** How long a request is remembered, from when its message was begun; the latest 500,000 of them. */
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
  /** Nothing was filed: the account of the submitter ends or has ended, or went to another organisation. */
  | { readonly kind: 'closed' }
  /** Nothing was filed: the registry was changed at another gateway, and what is remembered of it is forgotten. Judge anew, and come again. */
  | { readonly kind: 'outdated' }
  /** Nothing was filed for anybody: this mailbox is over its quota, or its account or address ended since RCPT. */
  | { readonly kind: 'refused'; readonly why: 'quota' | 'gone'; readonly address: Address };

/** Who holds a maildrop: one POP3 session. */
export interface Holder {
  readonly session: string;
  /** The network the session comes from, as `platform/network.ts` folds it; a session of the same network may take over a silent one. */
  readonly network: string;
}

export interface MaildropLock {
  readonly account: AccountId;
  readonly fence: number;
  /** What the maildrop held when it was locked; LIST and UIDL tell of exactly these. */
  readonly messages: number;
  readonly octets: Octets;
  /** Tells the store that the session is alive and moving: at every command and every slice sent. Cheap, and waits for nothing. */
  renew(): void;
  /**
   * True once the store knows that another session has it, or that it may be over. It may be lost earlier: then what is done under it rejects
   * with LockLost and has changed nothing.
   */
  readonly lost: boolean;
}

/** The listing of a locked maildrop, oldest first. Message n of POP3 is index n - 1. */
export interface MaildropListing {
  readonly count: number;
  sizeOf(index: number): Octets;
  uidOf(index: number): EntryUid;
  /** Unique in the mailbox for ever (RFC 1939 section 7): 22 characters of `[A-Za-z0-9_-]`, or what another server gave (`Store.imports`). */
  uidlOf(index: number): string;
  /** The sender wants to be told when this one is collected. */
  receiptWanted(index: number): boolean;
  /** An earlier session sent it to its end, confirmed by QUIT or not. */
  retrievedBefore(index: number): boolean;
}

/** A message's octets, to be read as often as needed. */
export interface StoredContent {
  readonly id: MessageId;
  readonly octets: Octets;
  /** Slices of at most 256 KiB. Returning early from the iteration ends the read. */
  slices(): AsyncIterable<Uint8Array>;
  /**
   * Nothing refers to this slice any more: its memory goes at once, without waiting for the garbage collector. Need not be called; a slice
   * that was released must never be looked at again, and a content of a single slice not be read again.
   */
  release?(slice: Uint8Array): void;
}

export interface StoreHealth {
  /** Octets that can still be written before StoreFull, reserve not counted. */
  readonly free: Octets;
  /** Octets of the database, what is free inside it not counted. */
  readonly used: Octets;
  /** Messages waiting for a commit. */
  readonly waiting: number;
  readonly failed: boolean;
  /** After a stop that was none not every page of the database was read yet. */
  readonly unread: boolean;
  readonly version: string;
}

/** What the store counted since it was opened; for metrics. */
export interface StoreCounts {
  /** Seconds that each commit took, its sync included; how many pieces of work shared it. */
  readonly commits: Distribution;
  readonly groups: Distribution;
  /** Notices that were filed, by kind. */
  readonly notices: Counts<'kind'>;
  /** What sweeps removed since the start. */
  readonly swept: Readonly<Record<'uploads' | 'messages' | 'traces', number>>;
}

export interface SweepReport {
  readonly uploads: number;
  /** Contents that nothing needed any more. */
  readonly messages: number;
  /** Messages whose facts left the trace as well. */
  readonly traces: number;
}
