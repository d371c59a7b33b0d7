/**
 * A locked maildrop as one session sees it: message numbers, marks, totals, and the end by commit
 * or release.
 *
 * RFC 1939 sections 4 to 7. Nothing leaves the mailbox before `commit` has succeeded; whatever else
 * ends the session deletes nothing. STAT comes from the lock's counters; the listing is read at the
 * first command that names a message, since most polls find nothing new.
 */
import type { AccountId, EntryUid, MessageId } from '../domain/ids.ts';
import { type Octets, octets } from '../domain/units.ts';
import type { AuditEvent } from '../store/audit.ts';
import type { AuditTrail } from '../store/port/audit.ts';
import type { Quirks } from '../store/quirks.ts';
import type { Registry } from '../store/port/registry.ts';
import { ContentDamaged, LockLost, LoginEnded, OutcomeUnknown } from '../store/store.ts';
import type { Holder, MaildropListing, MaildropLock } from '../store/maildrop.ts';
import type { StoredContent } from '../store/body.ts';
import type { Store } from '../store/port/store.ts';
import { type Collector, collectedRows, committedRow, previewedRow } from './evidence.ts';
import { type Collected, MAX_RECEIPTS, type Receipts, withReceipts } from './receipts.ts';

/** The part of the store that pickup needs. */
export type MaildropStore = Pick<
  Store,
  'lockMaildrop' | 'listMaildrop' | 'openEntry' | 'commitMaildrop' | 'releaseMaildrop'
> & {
  readonly audit: Pick<AuditTrail, 'note'>;
  readonly quirks: Pick<Quirks, 'note'>;
  readonly registry: Pick<Registry, 'findLogin' | 'onChange'>;
};

export type Listing = MaildropListing;
export type Content = StoredContent;

/** What went wrong, by the answers that a session can give. */
export type Fault = 'taken-over' | 'login-ended' | 'damaged' | 'unknown' | 'failed';

export const faultOf = (error: unknown): Fault =>
  error instanceof LockLost
    ? 'taken-over'
    : error instanceof LoginEnded
      ? 'login-ended'
      : error instanceof ContentDamaged
        ? 'damaged'
        : error instanceof OutcomeUnknown
          ? 'unknown'
          : 'failed';

/** The error for content that was read to its end and is not as long as it should be. */
export const damaged = (why: string): Error => new ContentDamaged(why);

/** Of damaged content no more can be told; any other error ends the command. */
const unlessDamaged = (error: unknown): undefined => {
  if (!(error instanceof ContentDamaged)) throw error;
};

const DELETED = 1;
const RETRIEVED = 2;
const PREVIEWED = 4;
/** Sending of the message began; another mark says whether it came to its end. */
const FETCHED = 8;
/**
 * A message that broke off after more octets than this tells nothing about itself: it is more often
 * the line than the content.
 */
const MOST_BROKEN = 1024 * 1024;

/** What a message number leads to. `missing`: it is higher than the last number of the maildrop. */
export type Selection =
  | { readonly kind: 'message'; readonly index: number }
  | { readonly kind: 'missing'; readonly count: number }
  | { readonly kind: 'deleted' };

/** What the session did, for the log. */
export interface MaildropCounts {
  readonly retrieved: number;
  readonly deleted: number;
  readonly octets: Octets;
}

interface Retrieved {
  readonly index: number;
  readonly id: MessageId;
}

function lastBefore(listing: Listing): number {
  let index = listing.count - 1;
  while (index >= 0 && !listing.retrievedBefore(index)) index -= 1;
  return index + 1;
}

export class Maildrop {
  readonly #store: MaildropStore;
  readonly #lock: MaildropLock;
  readonly #receipts: Receipts | undefined;
  #listing: Listing | undefined;
  /** Marks, one octet for each message; undefined until the listing was read. */
  #marks: Uint8Array | undefined;
  #deleted = 0;
  #deletedOctets = 0;
  #retrievedOctets = 0;
  readonly #retrieved: Retrieved[] = [];
  #ended = false;
  #last = 0;
  #lastBefore: number | undefined;

  private constructor(store: MaildropStore, lock: MaildropLock, receipts: Receipts | undefined) {
    this.#store = store;
    this.#lock = lock;
    this.#receipts = receipts;
  }

  static async open(
    store: MaildropStore,
    account: AccountId,
    holder: Holder,
    receipts?: Receipts,
  ): Promise<Maildrop | 'in-use'> {
    const lock = await store.lockMaildrop(account, holder);
    return lock === 'in-use' ? lock : new Maildrop(store, lock, receipts);
  }

  get account(): AccountId {
    return this.#lock.account;
  }

  /** True once another session has taken the maildrop over: everything else will fail. */
  get lost(): boolean {
    return this.#lock.lost;
  }

  /** Messages and octets that are not marked deleted. */
  get remaining(): { readonly messages: number; readonly octets: Octets } {
    return {
      messages: this.#lock.messages - this.#deleted,
      octets: octets(this.#lock.octets - this.#deletedOctets),
    };
  }

  get counts(): MaildropCounts {
    return {
      retrieved: this.#retrieved.length,
      deleted: this.#deleted,
      octets: octets(this.#retrievedOctets),
    };
  }

  /** Tells the store that the session is alive. */
  progress(): void {
    this.#lock.renew();
  }

  /** The listing; a promise only the first time. Rejects with LockLost or StoreFailed. */
  listing(): Listing | Promise<Listing> {
    return this.#listing ?? this.#load();
  }

  async #load(): Promise<Listing> {
    const listing = await this.#store.listMaildrop(this.#lock);
    this.#marks = new Uint8Array(listing.count);
    return (this.#listing = listing);
  }

  /** Finds message `number`, 1 for the oldest. Only after `listing` has resolved. */
  select(number: number): Selection {
    const count = this.#marks?.length ?? 0;
    if (number < 1 || number > count) return { kind: 'missing', count };
    return this.isDeleted(number - 1) ? { kind: 'deleted' } : { kind: 'message', index: number - 1 };
  }

  isDeleted(index: number): boolean {
    return ((this.#marks?.[index] ?? 0) & DELETED) !== 0;
  }

  /** The message's content, to be read slice by slice. Rejects with LockLost or StoreFailed. */
  open(index: number): Promise<Content> {
    return this.#store.openEntry(this.#lock, this.#loaded().uidOf(index));
  }

  /** Notes that the message was sent to its end, final dot included. */
  noteRetrieved(index: number, content: Content): void {
    this.#retrievedOctets += content.octets;
    if (this.#mark(index, RETRIEVED)) this.#retrieved.push({ index, id: content.id });
    this.#last = Math.max(this.#last, index + 1);
  }

  /**
   * LAST: the highest number that was fetched, in this session or an earlier one; 0 for none. Only
   * after `listing` has resolved.
   */
  get last(): number {
    const listing = this.#loaded();
    this.#lastBefore ??= lastBefore(listing);
    return Math.max(this.#last, this.#lastBefore);
  }

  /** Notes that all of the message is about to be sent, by whatever command. */
  noteFetching(index: number): void {
    this.#mark(index, FETCHED);
  }

  /** True if this session fetched the message, whatever became of it. */
  wasFetched(uid: EntryUid): boolean {
    const listing = this.#listing;
    for (let index = 0; index < (listing?.count ?? 0); index += 1)
      if (listing?.uidOf(index) === uid) return ((this.#marks?.[index] ?? 0) & FETCHED) !== 0;
    return false;
  }

  /**
   * The session ended at this message, as far as its client is concerned: is it one that may have
   * made it end? False for the last message of a client that never asks for UIDLs: some of those
   * drop the line when they have all. False for a large message that broke off on its way.
   */
  stuckAt(index: number, knowsUidls: boolean): EntryUid | undefined {
    const listing = this.#listing;
    const marks = this.#marks?.[index] ?? 0;
    if (listing === undefined || (marks & DELETED) !== 0) return undefined;
    const left = this.#marks?.some((mark) => (mark & (FETCHED | DELETED)) === 0) === true;
    if (!knowsUidls && !left) return undefined;
    if ((marks & (RETRIEVED | PREVIEWED)) === 0 && listing.sizeOf(index) > MOST_BROKEN) return undefined;
    return listing.uidOf(index);
  }

  /**
   * Notes that a part of the message was sent (TOP). It tells nothing if the owner looks at the top
   * of a message that was sent whole before.
   */
  notePreviewed(index: number): void {
    if (!this.#loaded().retrievedBefore(index)) this.#mark(index, PREVIEWED);
  }

  delete(index: number): void {
    if (!this.#mark(index, DELETED)) return;
    this.#deleted += 1;
    this.#deletedOctets += this.#loaded().sizeOf(index);
  }

  /** RSET: takes back every deletion mark. */
  reset(): void {
    this.#marks?.forEach((mark, index, marks) => (marks[index] = mark & ~DELETED));
    this.#deleted = 0;
    this.#deletedOctets = 0;
    // RFC 1460 section 5: after RSET, LAST is again what it was at the login.
    this.#last = 0;
  }

  /**
   * Messages that a client which drops the line may believe removed: those sent to their end; with
   * `marked`, only those that it also marked.
   */
  removable(what: 'marked' | 'retrieved'): number {
    return what === 'retrieved'
      ? this.#retrieved.length
      : this.#retrieved.filter(({ index }) => this.isDeleted(index)).length;
  }

  /**
   * The client has closed without QUIT, and its account is set to remove mail then: removes what
   * `removable` counts, and nothing else.
   */
  async commitDropped(collector: Collector, what: 'marked' | 'retrieved'): Promise<void> {
    const removed = this.#retrieved.filter(({ index }) => what === 'retrieved' || this.isDeleted(index));
    this.reset();
    for (const { index } of removed) this.delete(index);
    await this.#commit(collector, 'hung-up');
  }

  /**
   * QUIT: removes what was marked and ends the lock, together with the audit rows that tell who
   * collected what and the receipts for it. Rejects with LockLost, LoginEnded or StoreFailed, and
   * then nothing was removed. A session that only looked writes nothing: polls cost no sync.
   */
  async commit(collector: Collector): Promise<void> {
    await this.#commit(collector, 'quit');
  }

  async #commit(collector: Collector, by: 'quit' | 'hung-up'): Promise<void> {
    if (this.#deleted === 0 && this.#retrieved.length === 0) {
      if (this.lost) await this.#store.commitMaildrop(this.#lock, [], [], []);
      return await this.release(collector);
    }
    const listing = this.#loaded();
    const deleted: EntryUid[] = [];
    for (let index = 0; index < listing.count; index += 1)
      if (this.isDeleted(index)) deleted.push(listing.uidOf(index));
    const collected = { ...this.#collectedBy(collector, by), messages: await this.#confirmed(listing) };
    await withReceipts(this.#receipts, collected, async (owed) =>
      this.#store.commitMaildrop(
        this.#lock,
        deleted,
        this.#retrieved.map(({ index }) => listing.uidOf(index)),
        [
          ...this.#evidence(collector, true),
          committedRow(
            this.#lock.account,
            collector,
            { retrieved: this.#retrieved.length, deleted: this.#deleted },
            by === 'quit' ? undefined : by,
          ),
        ],
        await owed(),
        'ends',
        collector.stands,
      ),
    );
    this.#ended = true;
    this.#notePreviews(collector);
  }

  /**
   * NEN 7513: a look at the top of messages is access to them as well; one row counts those of a
   * session.
   */
  #notePreviews(collector: Collector): void {
    let messages = 0;
    for (const mark of this.#marks ?? []) if ((mark & PREVIEWED) !== 0) messages += 1;
    if (messages > 0) this.#store.audit.note(previewedRow(this.#lock.account, collector, messages));
  }

  /**
   * Ends the session without removing anything; what was sent is still noted. A second call, or one
   * after `commit`, does nothing.
   */
  async release(collector: Collector): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#notePreviews(collector);
    for (const event of this.#evidence(collector, false)) this.#store.audit.note(event);
    const listing = this.#listing;
    if (listing === undefined || this.#retrieved.length === 0) return await this.#store.releaseMaildrop(this.#lock);
    const again = this.#retrieved.filter(({ index }) => listing.receiptWanted(index) && listing.retrievedBefore(index));
    const uids = this.#retrieved.map(({ index }) => listing.uidOf(index));
    const collected = { ...this.#collectedBy(collector, 'twice'), messages: again.map(({ id }) => id) };
    await withReceipts(this.#receipts, collected, (owed) => this.#store.releaseMaildrop(this.#lock, uids, owed));
  }

  /**
   * The messages with a wish for a receipt that QUIT confirms: those sent in this session, and
   * those that an earlier session sent before its line broke and this one deletes without fetching
   * them again.
   */
  async #confirmed(listing: Listing): Promise<MessageId[]> {
    if (this.#receipts === undefined) return [];
    const ids = this.#retrieved.filter(({ index }) => listing.receiptWanted(index)).map(({ id }) => id);
    const sent = new Set(this.#retrieved.map(({ index }) => index));
    for (let index = 0; index < listing.count && ids.length <= MAX_RECEIPTS; index += 1) {
      if (!this.isDeleted(index) || sent.has(index)) continue;
      if (!listing.receiptWanted(index) || !listing.retrievedBefore(index)) continue;
      const id = await this.open(index).then((content) => content.id, unlessDamaged);
      if (id !== undefined) ids.push(id);
    }
    return ids;
  }

  #collectedBy({ tls }: Collector, by: Collected['by']): Omit<Collected, 'messages'> {
    return { account: this.#lock.account, tls, by };
  }

  #evidence(collector: Collector, committed: boolean): AuditEvent[] {
    const sent = this.#retrieved.map(({ index, id }) => ({ id, removed: committed && this.isDeleted(index) }));
    return collectedRows(this.#lock.account, collector, sent);
  }

  #mark(index: number, mark: number): boolean {
    const marks = this.#marks;
    const before = marks?.[index];
    if (marks === undefined || before === undefined || (before & mark) !== 0) return false;
    marks[index] = before | mark;
    return true;
  }

  #loaded(): Listing {
    if (this.#listing === undefined) throw new Error('the listing of the maildrop was not read yet');
    return this.#listing;
  }
}
