/**
 * Locked maildrops, and what is done under their locks. `MaildropLocks` decides who may lock one.
 */
import type { Clock, Log } from '../../domain/effects.ts';
import type { AccountId, EntryUid } from '../../domain/ids.ts';
import { type Octets, octets, seconds } from '../../domain/units.ts';
import type { MaildropLocks, MaildropRight } from '../maildrop-locks.ts';
import type { Subjects } from '../objects.ts';
import { LockLost, LoginEnded, RegistryMoved } from '../store.ts';
import type { Holder, MaildropListing, MaildropLock } from '../maildrop.ts';
import type { StoredContent } from '../body.ts';
import type { SentNotices } from '../changes/accept-work.ts';
import { Contents, type ReadAhead } from './contents.ts';
import { Listings, FlatListing } from './listing.ts';
import type { Mailboxes } from './mailboxes.ts';
import type { MailboxState } from '../reads/roads.ts';
import type { AuditItem } from '../../domain/audit-row.ts';
import type { Engine, EngineNodes, ListingData } from './engine.ts';

export interface MaildropParts {
  readonly changes: Pick<Subjects['maildrops'], 'sent'>;
  /** What ends a session is written under its right. */
  readonly under: (right: MaildropRight, judged?: number) => Pick<Subjects['maildrops'], 'commit' | 'release'>;
  /** Set if other gateways change the registry. */
  readonly nodes?: Pick<EngineNodes, 'registry' | 'caughtUp'>;
  readonly reads: Pick<Engine, 'contents' | 'listings'>;
  readonly mailboxes: Mailboxes;
  readonly clock: Clock;
  readonly log: Log;
  readonly locks: MaildropLocks;
}

/** What the end of a session writes. */
export interface SessionEnd {
  readonly deleted: readonly EntryUid[];
  readonly retrieved: readonly EntryUid[];
  readonly audit: readonly AuditItem[];
  /** Called when nobody can take the maildrop over any more. */
  readonly notices: (() => Promise<SentNotices>) | undefined;
  /** True while the login still holds. */
  readonly stands?: (() => Promise<boolean>) | undefined;
}

/** Attempts to end one session while others change the registry. */
const RUNS = 5;

/**
 * How long a login waits for a mailbox that is being moved: programs wait a minute, people do not.
 */
const PATIENCE = seconds(10);

class Lock implements MaildropLock {
  readonly right: MaildropRight;
  readonly account: AccountId;
  readonly fence: number;
  /** State of the mailbox when the lock was taken or refreshed. */
  state: MailboxState;
  ahead: ReadAhead;
  /** Number of the database history in which `state` and `listing` were read. */
  history: number;
  /** The listing as its holder got it. */
  listing: FlatListing | undefined;
  /** The lock was taken for a move of the account. */
  seized = false;
  /** The end of the session is being written: nothing else may be done under the lock. */
  committing = false;
  /** Set while a session without QUIT is noted; never rejects. */
  releasing: Promise<void> | undefined;
  /** Set while the end of a session is being written, with or without QUIT; never rejects. */
  ending: Promise<void> | undefined;
  /** Commits during which the session goes on. None of them rejects. */
  readonly writing = new Set<Promise<void>>();

  constructor(right: MaildropRight, state: MailboxState, ahead: ReadAhead, history: number) {
    this.right = right;
    this.account = right.account;
    this.fence = right.fence;
    this.state = state;
    this.ahead = ahead;
    this.history = history;
  }

  get messages(): number {
    return this.state.messages;
  }

  get octets(): Octets {
    return octets(this.state.octets);
  }

  get lost(): boolean {
    return this.seized || this.right.lost;
  }

  renew(): void {
    this.right.renew();
  }
}

export class Maildrops {
  readonly #p: MaildropParts;
  readonly #locks = new Map<AccountId, Lock>();
  readonly #listings = new Listings();
  readonly contents: Contents;
  /** Moves of mail into or out of mailboxes, after which these can be locked. */
  readonly #moving = new Map<AccountId, Promise<void>>();
  /** Rises when the database may go on without commits that were acknowledged. */
  #history = 0;
  /** A move that is beginning: it is not known yet whose mailboxes it concerns. */
  #beginning: Promise<void> | undefined;

  constructor(parts: MaildropParts) {
    this.#p = parts;
    this.contents = new Contents(parts.reads.contents, parts.log);
  }

  /**
   * Keeps mailboxes closed while `work` moves an account to another organisation. The session that
   * has `account` open ends; deletions that it was told of are done before, and none after. `told`
   * names the mailboxes that stay closed until `done`.
   */
  async move(
    account: AccountId,
    work: (told: (mailboxes: readonly AccountId[], done: Promise<void>) => void) => Promise<void>,
  ): Promise<void> {
    while (this.#beginning !== undefined) await this.#beginning;
    let begun = (): void => undefined;
    this.#beginning = new Promise((resolve) => (begun = resolve));
    try {
      await this.#seize(account);
      await work((mailboxes, done) => this.keepClosed(mailboxes, done));
    } finally {
      this.#beginning = undefined;
      begun();
    }
  }

  /** Makes logins to these mailboxes wait until `done`, which never rejects. */
  keepClosed(mailboxes: readonly AccountId[], done: Promise<void>): void {
    for (const account of mailboxes) this.#moving.set(account, done);
    void done.then(() => {
      for (const account of mailboxes) if (this.#moving.get(account) === done) this.#moving.delete(account);
    });
  }

  /** Takes the lock from its session. A QUIT that is being committed is finished first. */
  async #seize(account: AccountId): Promise<void> {
    for (let held = this.#locks.get(account); held !== undefined; held = this.#locks.get(account)) {
      if (held.ending !== undefined) await held.ending;
      else if (held.writing.size > 0) await Promise.all(held.writing);
      else {
        held.seized = true;
        await this.#end(held);
      }
    }
  }

  /**
   * Waits while mail moves in or out, but not for ever: false when it takes longer than a client
   * waits.
   */
  async #settled(account: AccountId): Promise<boolean> {
    for (;;) {
      const waited = this.#beginning ?? this.#moving.get(account);
      if (waited === undefined) return true;
      if (!(await this.#within(waited))) return false;
    }
  }

  #within(done: Promise<void>): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#p.clock.after(PATIENCE, () => resolve(false));
      void done.then(() => {
        timer.cancel();
        resolve(true);
      });
    });
  }

  async lock(account: AccountId, holder: Holder): Promise<MaildropLock | 'in-use'> {
    if (!(await this.#settled(account))) return 'in-use';
    await this.#locks.get(account)?.releasing;
    const taken = await this.#p.locks.lock(account, holder);
    if (taken === 'in-use') return taken;
    const { right, from } = taken;
    if (from !== undefined)
      this.#p.log.info('store.maildrop-taken-over', { account, from: from.session, by: holder.session });
    const held = this.#locks.get(account);
    if (held !== undefined) await this.#end(held);
    const history = this.#history;
    const state = await this.#stateUnder(right);
    // During the wait a move may have begun, or another session may have come.
    if (this.#beginning !== undefined || this.#moving.has(account)) {
      await right.release();
      return await this.lock(account, holder);
    }
    if (right.lost) return 'in-use';
    const lock = new Lock(right, state, this.contents.readAhead(), history);
    this.#locks.set(account, lock);
    return lock;
  }

  /**
   * Reads the numbers again, since mail accepted during the wait is in the maildrop. If there are
   * none the right is given back.
   */
  async #stateUnder(right: MaildropRight): Promise<MailboxState> {
    const { account } = right;
    const { mailboxes } = this.#p;
    try {
      const read = mailboxes.known(account) ?? (await mailboxes.of(account));
      const state = mailboxes.known(account) ?? read;
      if (state === undefined) throw new RangeError(`There is no mailbox of account ${account}`);
      return state;
    } catch (error) {
      await right.release();
      throw error;
    }
  }

  #own(lock: MaildropLock): Lock {
    const held = this.#holding(lock);
    if (held === undefined || held.lost)
      throw new LockLost('The maildrop lock has ended or was taken over by another session');
    return held;
  }

  anotherHistory(): void {
    this.#history += 1;
    this.#listings.forgetAll();
  }

  /**
   * After the database may have lost commits the listing is read again: a uid may belong to another
   * message by then, which nobody has fetched and QUIT would delete. Rejects with LockLost if the
   * listing is not what the holder was told.
   */
  async #compare(own: Lock): Promise<void> {
    while (own.history !== this.#history) {
      const history = this.#history;
      this.contents.drop(own.ahead);
      own.ahead = this.contents.readAhead();
      if (own.listing === undefined) own.state = (await this.#p.mailboxes.of(own.account)) ?? own.state;
      else if (!own.listing.isOf(await this.#listed(own))) {
        await this.#end(own);
        throw new LockLost(
          'The maildrop is another than the session was told, since the database was promoted elsewhere',
        );
      }
      own.history = history;
    }
    if (own.lost) throw new LockLost('The maildrop lock was taken over by another session meanwhile');
  }

  #listed({ account, state }: Lock): Promise<ListingData> {
    return this.#p.reads.listings.list(account, state.nextUid, state.messages);
  }

  #end(lock: Lock): Promise<void> {
    if (this.#locks.get(lock.account) === lock) this.#locks.delete(lock.account);
    this.contents.drop(lock.ahead);
    return lock.right.release();
  }

  /** The process ends: its maildrops are free for others. */
  async close(): Promise<void> {
    await this.#p.locks.close();
  }

  async list(lock: MaildropLock): Promise<MaildropListing> {
    const own = this.#own(lock);
    if (own.history !== this.#history) await this.#compare(own);
    const { account, state, history } = own;
    own.listing = this.#listings.get(account, state.changes);
    if (own.listing !== undefined) return own.listing;
    const data = await this.#listed(own);
    this.#own(lock);
    if (history !== this.#history) return await this.list(lock);
    const listing = new FlatListing(data);
    // Restored entries may have come in during the read; they are above nextUid and not in the
    // listing.
    this.#listings.keep(account, state.changes, listing);
    return (own.listing = listing);
  }

  async openEntry(lock: MaildropLock, uid: EntryUid): Promise<StoredContent> {
    const own = this.#own(lock);
    if (own.history !== this.#history) await this.#compare(own);
    const content = await this.contents.open(own.account, uid, own.state.nextUid, own.ahead);
    this.#own(lock);
    return content;
  }

  async commit(lock: MaildropLock, end: SessionEnd): Promise<void> {
    const { deleted, retrieved, audit, notices } = end;
    const own = this.#own(lock);
    if (deleted.length + retrieved.length + audit.length === 0 && notices === undefined) return await this.#end(own);
    own.committing = true;
    let ended = (): void => undefined;
    own.ending = new Promise((resolve) => (ended = resolve));
    try {
      await this.#write(own, end);
    } finally {
      await this.#end(own);
      ended();
    }
  }

  async #write(own: Lock, end: SessionEnd): Promise<void> {
    const { account, right } = own;
    const { deleted, retrieved, audit, notices, stands } = end;
    if (!(await right.hold())) throw new LockLost('The maildrop was taken over by another session');
    const sent = (await notices?.()) ?? { notices: [] };
    await this.#judged(own, stands, (judged) =>
      this.#p.under(right, judged).commit(account, deleted, retrieved, audit, sent),
    );
    this.#listings.noteRetrieved(account, retrieved);
  }

  /**
   * Set if other gateways change the registry: a session whose account was suspended there a moment
   * ago, or whose password was changed, deletes nothing.
   */
  async #judged(own: Lock, stands: SessionEnd['stands'], write: (judged?: number) => Promise<void>): Promise<void> {
    const { nodes } = this.#p;
    if (nodes === undefined) return await write();
    for (let run = 1; ; run += 1) {
      const judged = nodes.registry;
      // What was judged by one history is not written into another: `write` rejects then, and this
      // is asked again.
      if (own.history !== this.#history) await this.#compare(own);
      if (stands !== undefined && !(await stands())) throw new LoginEnded('The login is no longer valid');
      try {
        return await write(judged);
      } catch (error) {
        if (!(error instanceof RegistryMoved) || run === RUNS) throw error;
        await nodes.caughtUp();
      }
    }
  }

  /**
   * Does as `commit`, but keeps the lock: nobody takes it over meanwhile, and a move of the account
   * waits for the write.
   */
  async commitAndGoOn(lock: MaildropLock, end: SessionEnd): Promise<void> {
    const own = this.#own(lock);
    const written = this.#write(own, end);
    const settled = written.catch(() => undefined).then(() => void own.writing.delete(settled));
    own.writing.add(settled);
    await written;
    await this.#refresh(own);
  }

  async refresh(lock: MaildropLock): Promise<void> {
    await this.#refresh(this.#own(lock));
  }

  async #refresh(own: Lock): Promise<void> {
    const state = await this.#p.mailboxes.of(own.account);
    if (own.history !== this.#history) await this.#compare(own);
    else if (state !== undefined && state.changes > own.state.changes) own.state = state;
  }

  async release(lock: MaildropLock): Promise<void> {
    const held = this.#holding(lock);
    if (held !== undefined) await this.#end(held);
  }

  #holding(lock: MaildropLock): Lock | undefined {
    const held = this.#locks.get(lock.account);
    return held?.fence === lock.fence && !held.committing ? held : undefined;
  }

  /**
   * Ends a session without QUIT that had sent something. `notices` is called only while the lock is
   * held.
   */
  async releaseSent(
    lock: MaildropLock,
    retrieved: readonly EntryUid[],
    notices: () => Promise<SentNotices>,
  ): Promise<void> {
    const held = this.#holding(lock);
    if (held === undefined) return;
    held.committing = true;
    const noted = this.#noteSent(held, retrieved, notices).finally(() => this.#end(held));
    held.ending = held.releasing = noted.catch(() => undefined);
    await noted;
  }

  /** Notes sent messages without a lock. */
  async noteSent(
    account: AccountId,
    uids: readonly EntryUid[],
    whole: boolean,
    audit: readonly AuditItem[],
    notices: SentNotices,
  ): Promise<readonly EntryUid[]> {
    const there = await this.#p.changes.sent(account, uids, whole, audit, notices);
    this.#listings.noteRetrieved(account, there);
    return there;
  }

  async #noteSent(own: Lock, retrieved: readonly EntryUid[], notices: () => Promise<SentNotices>): Promise<void> {
    const { account, right } = own;
    if (!(await right.hold())) return;
    const sent = await notices();
    await this.#judged(own, undefined, (judged) => this.#p.under(right, judged).release(account, retrieved, sent));
    this.#listings.noteRetrieved(account, retrieved);
  }
}
