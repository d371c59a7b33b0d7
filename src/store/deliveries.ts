/**
 * The deliveries' part of the store port: what waits for partners, and where every message of the
 * last weeks is.
 *
 * A delivery is one message for one recipient of a partner, or a copy that is held from a mailbox.
 * It is queued in the transaction that accepted its message and leaves the queue by one settlement;
 * the first final state wins. A claim is a leased right to attempt it: `dueAt` is moved to the end
 * of the lease, so a claim that a crash left over is simply due again. Each claim raises the fence;
 * a settlement with an older fence changes nothing.
 *
 * Contract, checked for every store by test/store/delivery-contract.ts:
 * - `settle` is one transaction: state, audit rows and the notice with its entry or its own
 *   delivery. Never one without the others.
 * - A notice whose `once` was filed before is not filed again, by whatever road it comes.
 * - A message's content stays readable as long as an entry, a hidden entry or an unsettled delivery
 *   needs it; its facts stay for the trace.
 */
import type { Address } from '../domain/address.ts';
import type { AccountId, DeliveryId, EntryUid, MessageId, PartnerId } from '../domain/ids.ts';
import type { MessageParts } from '../domain/message-part.ts';
import type { Instant, Octets } from '../domain/units.ts';
import type { Actor } from './actor.ts';
import type { AuditEvent } from './audit.ts';
import type { Acceptance, AcceptedRecipient } from './acceptance.ts';

/** Immutable facts of an accepted message; they outlive its content by the trace's retention. */
export interface MessageRecord {
  readonly id: MessageId;
  /**
   * The message as it was submitted, of which this is what protection made for some recipients: the
   * id that the sender knows.
   */
  readonly copyOf?: MessageId;
  /**
   * Of a copy: it holds what its sender had encrypted, or may hold it. Whatever is known of it is
   * its addressee's alone.
   */
  readonly opened?: boolean;
  readonly receivedAt: Instant;
  readonly submitter: AccountId;
  /** Empty for a null reverse path. */
  readonly sender: Address | '';
  readonly messageIdField: string;
  readonly octets: Octets;
  readonly sha256: string;
  readonly envelope: Acceptance['envelope'];
  readonly recipients: readonly AcceptedRecipient[];
}

/**
 * `held`: by an operator or a guard; it waits for a release. `filed`: released into its mailbox.
 * `withdrawn`: taken back before it was relayed or released.
 */
export type DeliveryState = 'waiting' | 'held' | 'relayed' | 'filed' | 'failed' | 'withdrawn';

export interface Delivery {
  readonly id: DeliveryId;
  readonly message: MessageRecord;
  /** Absent if the copy was held from a mailbox: that one never waits for an attempt. */
  readonly partner?: PartnerId;
  readonly mailbox?: AccountId;
  readonly recipient: Address;
  /** RFC 3461 sections 4.1 and 4.2, decoded; absent if the sender gave none. */
  readonly notify?: readonly string[];
  readonly originalRecipient?: string;
  readonly state: DeliveryState;
  /** Claims so far. */
  readonly attempts: number;
  /** Next attempt, or the end of the lease of the one under way. */
  readonly dueAt: Instant;
  /** When the delay notice was filed. */
  readonly delayedAt?: Instant;
  /** How the last attempt ended: the partner's reply or our own words. */
  readonly lastReply?: string;
  readonly settledAt?: Instant;
}

export interface Claim extends Delivery {
  readonly fence: number;
}

export type Outcome =
  | { readonly kind: 'relayed'; readonly reply: string }
  /** `delayed`: the notice with this settlement is the delay notice. */
  | { readonly kind: 'retry'; readonly at: Instant; readonly reply: string; readonly delayed?: true }
  | { readonly kind: 'failed'; readonly reply: string };

export interface Settlement {
  readonly claim: Pick<Claim, 'id' | 'fence'>;
  readonly outcome: Outcome;
  /**
   * Filed in the same transaction. If its own addressee is gone by now, the settlement stands and
   * an audit row tells.
   */
  readonly notice?: Acceptance;
  /** Filed with it as well: what a program asked to be told. */
  readonly also?: Acceptance;
  readonly audit: readonly AuditEvent[];
}

/** What waits for one partner. */
export interface PartnerQueue {
  readonly partner: PartnerId;
  readonly waiting: number;
  readonly held: number;
  /** Earliest of what waits: when it is due, when it was accepted. */
  readonly dueAt?: Instant;
  readonly oldest?: Instant;
}

export interface DeliveryQuery {
  /** At most this many, 1 to 1000; oldest first. */
  readonly limit: number;
  readonly after?: DeliveryId;
  readonly partner?: PartnerId;
  readonly message?: MessageId;
  /** Default: waiting and held. */
  readonly states?: readonly DeliveryState[];
}

export interface MessageQuery {
  /** At most this many, 1 to 1000; newest first. */
  readonly limit: number;
  /** Continue below this id. */
  readonly before?: MessageId;
  readonly messageIdField?: string;
  readonly sender?: Address;
  readonly recipient?: Address;
  readonly since: Instant;
  readonly until?: Instant;
}

/** Searches by the reference of an interchange, which must match exactly. */
export interface ReferenceQuery extends Omit<MessageQuery, 'messageIdField'> {
  readonly reference: string;
}
export interface ReferenceFound {
  readonly messages: readonly MessageRecord[];
  /** Messages behind this one were not looked at: a further search goes on there (`before`). */
  readonly next?: MessageId;
}

/** What an account sent. */
export interface SentQuery {
  readonly account: AccountId;
  /** At most this many, 1 to 100; newest first. */
  readonly limit: number;
  /** Rows of the trail below this one: `next` of the page before. */
  readonly before?: number;
  /** When the message was accepted. */
  readonly since?: Instant;
  readonly until?: Instant;
  /** One of those that it was sent to, as the sender named them. */
  readonly recipient?: Address;
}
export interface SentPage {
  readonly sent: readonly { readonly message: MessageRecord; readonly places: readonly Whereabouts[] }[];
  /** Rows below it were not looked at; present also where none of a page fits. */
  readonly next?: number;
}

/** Messages that were accepted in an hour. */
export interface HourlyCount {
  readonly from: Instant;
  readonly messages: number;
}

/** Where one recipient's copy is now. */
export type Whereabouts =
  | {
      readonly kind: 'mailbox';
      readonly recipient: Address;
      readonly account: AccountId;
      /**
       * `waiting`: never sent to its end. `collected`: sent, still in the maildrop. `deleted`:
       * removed by the addressee, recoverable. `gone`: content is no longer kept. `held`: not
       * filed, it waits for a release. `failed`: given up while it was held.
       */
      readonly state: 'waiting' | 'collected' | 'deleted' | 'withdrawn' | 'expired' | 'gone' | 'held' | 'failed';
      readonly uid?: EntryUid;
      /**
       * From when its time in the maildrop counts: it came, or was handed out again (`restored`).
       * Of what is there alone.
       */
      readonly since?: Instant;
      readonly restored?: true;
      /** Where the copy was held. */
      readonly delivery?: Delivery;
    }
  | { readonly kind: 'partner'; readonly recipient: Address; readonly delivery: Delivery };

/**
 * What a withdrawal did for one recipient. `earlier`: another one had taken it back; `too-late`:
 * collected, relayed or being attempted; `Whereabouts` tells which.
 */
export interface Withdrawal {
  readonly where: Whereabouts;
  readonly done: 'withdrawn' | 'earlier' | 'too-late';
}

/**
 * `waiting`: somebody has not got it yet. `in-use`: a session has a mailbox open that holds it.
 * `elsewhere`: a mailbox holds it to which it was not sent. Nothing was changed then.
 */
export type Erasure = 'erased' | 'waiting' | 'in-use' | 'elsewhere';

/** Messages of one day in one mailbox, or in the queue. */
export interface Holding {
  /** Account of the mailbox; 0: the queue. */
  readonly account: AccountId;
  /** In UTC, such as `2026-11-25`: the day that their ids tell. */
  readonly day: string;
  /**
   * `left`: collected, still in the maildrop. `uncollected`: not collected yet. `deleted`: hidden,
   * can be handed out again. `queue`: waits or is held.
   */
  readonly what: 'left' | 'uncollected' | 'deleted' | 'queue';
  readonly messages: number;
  /** When the last of them came; of deleted ones, when it was hidden. */
  readonly latest: Instant;
}
/**
 * A step: its rows may be of a mailbox and day that another step has too. `next` goes on behind it;
 * absent at the end.
 */
export interface Holdings {
  readonly rows: readonly Holding[];
  readonly next?: readonly number[];
}

export interface UncollectedQuery {
  readonly before: Instant;
  readonly after?: EntryUid;
  readonly limit: number;
  /** True: entries that were handed out again, by the time of that. */
  readonly restored?: true;
}

/** An entry that was never sent to its end. */
export interface UncollectedEntry {
  readonly account: AccountId;
  readonly uid: EntryUid;
  readonly message: MessageRecord;
}

export interface MailboxQuery {
  readonly after?: EntryUid;
  /** Since when it is in the mailbox: it came, or was handed out again. */
  readonly since?: Instant;
  /** 1 to 1000. */
  readonly limit: number;
}

/** What lies in a mailbox, as its owner may know it without taking it. */
export interface MailboxEntry {
  readonly uid: EntryUid;
  readonly since: Instant;
  /** The message was sent to its end before, confirmed or not. */
  readonly sentBefore: boolean;
  /** The sender wants to be told when this one is collected. */
  readonly receiptWanted: boolean;
  readonly message: MessageRecord;
  /** Parts of the message as submitted, even if this is a protected copy. */
  readonly parts?: MessageParts;
}

/**
 * A message of a mailbox, of late, and what became of it there. A protected copy stands for its
 * message.
 */
export interface LatestEntry {
  readonly message: MessageRecord;
  readonly state: 'waiting' | 'collected' | 'deleted' | 'withdrawn' | 'expired';
}

/** What goes with an entry that ends: as in `Settlement`. */
export interface ExpiringEntry {
  readonly uid: EntryUid;
  readonly notice?: Acceptance;
  readonly also?: Acceptance;
  readonly audit: AuditEvent;
}

/** What is written with an entry that is taken out of its mailbox and held. */
export interface SettingAside {
  /** Stands at the delivery as its last reply: why it is held. */
  readonly reply: string;
  /** Facts of the row `delivery.held`. */
  readonly facts: Readonly<Record<string, string | number | boolean>>;
  readonly actor?: Actor;
  readonly notices: readonly Acceptance[];
}

export interface UncollectedMailbox {
  readonly account: AccountId;
  readonly messages: number;
  readonly oldest: Instant;
}

/** One place from which an account's maildrop is opened. */
export interface Consumer {
  readonly network: string;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  readonly sessions: number;
  readonly retrieved: number;
  readonly deleted: number;
}
