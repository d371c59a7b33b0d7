/** The port of deliveries, imports and figures of use. */
import type { Address } from '../../domain/address.ts';
import type { AccountId, DeliveryId, EntryUid, MessageId, PartnerId } from '../../domain/ids.ts';
import type { Instant, Milliseconds } from '../../domain/units.ts';
import type { AuditEvent } from '../audit.ts';
import type {
  Claim,
  Delivery,
  DeliveryQuery,
  Erasure,
  ExpiringEntry,
  MessageQuery,
  HourlyCount,
  MessageRecord,
  ReferenceFound,
  ReferenceQuery,
  SettingAside,
  Settlement,
  UncollectedMailbox,
  Withdrawal,
} from '../deliveries.ts';
import type { ImportOutcome, ImportedEntry } from '../imports.ts';
import type { AvailabilityChanges } from '../changes/availability.ts';
import type { IdempotencyChanges } from '../changes/idempotency.ts';
import type { AvailabilityReads } from '../reads/availability.ts';
import type { DeliveryReads } from '../reads/deliveries.ts';
import type { ImportReads } from '../reads/imports.ts';
import type { MailboxReads } from '../reads/mailboxes.ts';
import type { MessageReads } from '../reads/messages.ts';
import type { MailboxState } from '../reads/roads.ts';
import type { UsageReads } from '../reads/usage.ts';
import type { Actor } from '../actor.ts';
import type { Remote } from '../sql/remote.ts';
import type { Acceptance } from '../acceptance.ts';
import type { StoredContent } from '../body.ts';

/** Searches and listings of many rows go in steps, which the store takes one after the other. */
type Steps = 'messagesStep' | 'referenceStep' | 'deliveriesStep' | 'uncollectedStep';

export interface Deliveries
  extends
    Omit<Remote<MessageReads>, Steps | 'messageParts' | 'acceptedIn'>,
    Omit<Remote<DeliveryReads>, Steps>,
    Omit<Remote<MailboxReads>, Steps> {
  // --- the queue
  /**
   * Up to `max` due deliveries of the partner, by due time and then age; each is due again when the
   * lease ends.
   */
  claim(partner: PartnerId, max: number, lease: Milliseconds): Promise<readonly Claim[]>;
  /**
   * Claims one delivery whether due or not, also a held one; `busy` while another claim's lease
   * runs, `settled` when it has its final state.
   */
  claimOne(id: DeliveryId, lease: Milliseconds): Promise<Claim | 'busy' | 'settled' | 'unknown'>;
  /**
   * `lost`: another claim or an operator was faster; nothing was changed and the notice was not
   * filed.
   */
  settle(settlement: Settlement): Promise<'settled' | 'lost'>;
  /**
   * Told after a commit that made deliveries due (accepted, released, retried): a hint; `queues` is
   * the truth.
   */
  onDue(listener: (partners: readonly PartnerId[]) => void): void;
  list(query: DeliveryQuery): Promise<readonly Delivery[]>;
  /**
   * Resolves to how many of them (at most 1000) were changed; those in a final state are left
   * alone. `hold`: no more claims, but an attempt under way goes on and how it ends counts.
   * `retry`: due now, also when a lease runs; a held one stays held. `release` of a copy for a
   * mailbox files it there, also above its quota; it stays held while the mailbox's account is not
   * active. `refile`: what waits for a partner, and is not under way, goes into the mailbox that
   * its recipient's address leads to by now.
   */
  change(ids: readonly DeliveryId[], change: 'hold' | 'release' | 'retry' | 'refile', actor: Actor): Promise<number>;

  // --- messages
  findMessages(query: MessageQuery): Promise<readonly MessageRecord[]>;
  /** Newest first. It looks at some 20,000 messages at most. */
  findByReference(query: ReferenceQuery): Promise<ReferenceFound>;
  /**
   * By full hours, the earliest first; the last hour is the one that runs at `now`. At most 48;
   * hours that are over are counted once.
   */
  acceptedByHour(now: Instant, hours: number): Promise<readonly HourlyCount[]>;
  /** The content while it is kept; undefined after that. */
  openMessage(id: MessageId): Promise<StoredContent | undefined>;
  /**
   * Of a copy: the header of the message as it was submitted (`Acceptance.header`), while the
   * copy's content is kept. Throws ContentDamaged.
   */
  submittedHeader(copy: MessageId): Promise<Buffer | undefined>;
  /**
   * Takes back what was neither collected nor relayed, for the named recipients or for all, in one
   * transaction with its audit row, and with the notices if anything was taken back. Too late too:
   * what a POP3 session has listed or an attempt has begun with. Recipients of one mailbox share a
   * copy, and so its withdrawal: the result has a row for each of them.
   */
  withdraw(
    message: MessageId,
    recipients: readonly Address[] | 'all',
    actor: Actor,
    notices: readonly Acceptance[],
  ): Promise<readonly Withdrawal[] | 'unknown'>;

  /**
   * Erases what is kept of the content of a message and of all its copies, in mailboxes and what
   * was deleted there, with its audit row; its facts stay for the trace. From the second day after
   * it was accepted on no backup opens it either (the sweep sees to that). May be repeated, and of
   * content that is gone already closes what older backups have.
   */
  erase(message: MessageId, actor: Actor): Promise<Erasure | 'unknown'>;

  // --- mailboxes
  /**
   * What a mailbox holds now; undefined: the account has none. Asked again it costs nothing while
   * nothing changes.
   */
  mailboxState(account: AccountId): Promise<MailboxState | undefined>;
  /** Told of each mailbox that a commit changed: a hint; `mailboxState` is the truth. */
  onMailbox(listener: (account: AccountId) => void): void;
  /**
   * Entries were sent to their end, without a maildrop being locked for it, `whole` or a part of
   * each; with their rows and the notices in one transaction. Whole ones count as in
   * `releaseMaildrop`. Resolves to those that are there still: of others the end may not be shown,
   * since their sender was told, or will be, that nobody had them.
   */
  noteSent(
    account: AccountId,
    uids: readonly EntryUid[],
    whole: boolean,
    audit: readonly AuditEvent[],
    notices?: readonly Acceptance[],
  ): Promise<readonly EntryUid[]>;
  /**
   * Mailboxes with entries that were accepted before `before` and never sent to their end, by
   * account; continue after `after`.
   */
  uncollected(query: {
    readonly before: Instant;
    readonly after?: AccountId;
    readonly limit: number;
  }): Promise<readonly UncollectedMailbox[]>;
  /**
   * Hides those of the entries (at most 100) that were never sent to their end until now, each
   * together with its last notice and its audit row, in one transaction. An entry that was
   * collected meanwhile stays, and nothing is told of it. Recoverable as deleted ones are. Resolves
   * to those that were hidden; abort the bodies of the other notices.
   */
  expire(account: AccountId, entries: readonly ExpiringEntry[]): Promise<readonly EntryUid[]>;
  /**
   * Takes an entry out of its mailbox and holds it, as a copy that a guard held, with its audit row
   * and the notices in one transaction. `change` with `release` puts it back, as a new entry. Its
   * UIDL is no longer used, and those of the others stay. `in-use`: a session has the mailbox open.
   * `gone`: the mailbox has no such entry. Abort the bodies of the notices then.
   */
  setAside(account: AccountId, uid: EntryUid, aside: SettingAside): Promise<DeliveryId | 'in-use' | 'gone'>;
  /**
   * Noted with the next group commit; resolves with it, and rejects never: a count that is lost is
   * told of in the log. At most 16 places are kept for each account, the latest ones.
   */
  noteConsumer(
    account: AccountId,
    network: string,
    did: { readonly sessions: number; readonly retrieved: number; readonly deleted: number },
    at: Instant,
  ): Promise<void>;
}

export interface Imports extends Remote<ImportReads> {
  /**
   * Files a batch behind what the mailbox holds: all of it or nothing, in one transaction with the
   * audit rows. It counts against the quota and may go beyond it. A session that has the maildrop
   * open sees it the next time, as it does new mail.
   */
  file(account: AccountId, entries: readonly ImportedEntry[], audit: readonly AuditEvent[]): Promise<ImportOutcome>;
}

/**
 * Requests over the API that carry a key: each is begun once. What is over, is no longer there:
 * keys are remembered for 24 hours, and swept within the hour.
 */
export type Idempotency = Remote<IdempotencyChanges>;

/** What the probes of the sites saw; kept for 13 months. */
export interface AvailabilityStore extends Remote<AvailabilityChanges>, Remote<AvailabilityReads> {}

/** Whoever reads has what was answered by then. */
export type Usage = Remote<UsageReads>;
