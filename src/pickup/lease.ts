/**
 * The maildrop of one account, held for all who fetch it over the API, from their first open claim
 * to the last. To POP3 it is one more session.
 *
 * Several workers take messages out of it: `take` gives each message to one of them, `put` gives it
 * back, `remove` ends it. What is done here happens under the lock of the maildrop alone, so that
 * nothing can be removed that another session has.
 */
import type { AccountId, EntryUid, MessageId } from '../domain/ids.ts';
import type { MailboxEntry } from '../store/deliveries.ts';
import type { Deliveries } from '../store/port/mail.ts';
import type { Store } from '../store/port/store.ts';
import type { MaildropLock } from '../store/maildrop.ts';
import type { StoredContent } from '../store/body.ts';
import { type Item, itemOf } from './claim.ts';
import { type Collector, collectedRows, committedRow } from './evidence.ts';
import { type Receipts, withReceipts } from './receipts.ts';

export type LeaseStore = Pick<
  Store,
  'lockMaildrop' | 'refreshMaildrop' | 'openEntry' | 'commitMaildrop' | 'releaseMaildrop'
> & { readonly deliveries: Pick<Deliveries, 'mailboxEntries' | 'mailboxEntry' | 'noteSent'> };

/** Entries read from the store in one go. */
const PAGE = 200;

export class Lease {
  readonly #store: LeaseStore;
  readonly #lock: MaildropLock;
  readonly #receipts: Receipts | undefined;
  readonly #taken = new Map<MessageId, Item>();
  /** Entries removed since the current `take` began reading, whose pages may still show them. */
  readonly #removed = new Set<EntryUid>();
  /** Below this entry none is free. */
  #floor = 0 as EntryUid;
  /** Rises with each message that is given back. */
  #puts = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(store: LeaseStore, lock: MaildropLock, receipts: Receipts | undefined) {
    this.#store = store;
    this.#lock = lock;
    this.#receipts = receipts;
  }

  get account(): AccountId {
    return this.#lock.account;
  }

  /** Another session has the maildrop now, such as a move of the account. */
  get lost(): boolean {
    return this.#lock.lost;
  }

  get size(): number {
    return this.#taken.size;
  }

  /** Tells the store that somebody is at work. */
  progress(): void {
    this.#lock.renew();
  }

  item(id: MessageId): Item | undefined {
    return this.#taken.get(id);
  }

  /**
   * Takes up to `most` free messages, oldest first; from now on nobody else can take them. One call
   * works at a time, the others wait for it.
   */
  async take(most: number): Promise<readonly MailboxEntry[]> {
    const mine = this.#turn.then(() => this.#take(most));
    this.#turn = mine.catch(() => undefined);
    return await mine;
  }

  async #take(most: number): Promise<readonly MailboxEntry[]> {
    const found: MailboxEntry[] = [];
    const puts = this.#puts;
    this.#removed.clear();
    let after = this.#floor;
    for (let more = true; more && found.length < most;) {
      const limit = Math.min(PAGE, most + this.#taken.size);
      const page = await this.#store.deliveries.mailboxEntries(this.account, { after, limit });
      more = page.length === limit;
      for (const entry of page) {
        if (found.length === most) break;
        after = entry.uid;
        if (!this.#removed.has(entry.uid) && this.#has(entry)) found.push(entry);
      }
    }
    // A message that came after the lock was taken is in the maildrop only once the lock is
    // refreshed.
    if (found.length > 0) await this.#refresh(found);
    if (this.#puts === puts) this.#floor = after;
    return found;
  }

  async #refresh(found: readonly MailboxEntry[]): Promise<void> {
    try {
      await this.#store.refreshMaildrop(this.#lock);
    } catch (error) {
      this.put(found.map(({ message }) => message.id));
      throw error;
    }
  }

  /** Takes this one message, if nobody has it. */
  async takeOne(entry: MailboxEntry): Promise<Item | 'taken'> {
    if (!this.#has(entry)) return 'taken';
    await this.#refresh([entry]);
    return this.#taken.get(entry.message.id) ?? 'taken';
  }

  #has(entry: MailboxEntry): boolean {
    const { id } = entry.message;
    // A message that was filed twice in this mailbox is handed out twice, one after the other.
    if (this.#taken.has(id)) return false;
    this.#taken.set(id, itemOf(entry));
    return true;
  }

  /** Gives messages back, so that others can take them. */
  put(ids: Iterable<MessageId>): void {
    for (const id of ids) {
      const item = this.#taken.get(id);
      if (item === undefined) continue;
      this.#taken.delete(id);
      this.#puts += 1;
      this.#floor = Math.min(this.#floor, item.uid - 1) as EntryUid;
    }
  }

  open(item: Item): Promise<StoredContent> {
    return this.#store.openEntry(this.#lock, item.uid);
  }

  /**
   * Removes messages as DELE and QUIT do: with the audit rows that tell who collected what, and the
   * receipts for it, in one transaction. Rejects with LockLost, LoginEnded or StoreFailed, and then
   * nothing was removed.
   */
  async remove(items: readonly Item[], collector: Collector): Promise<void> {
    const { account } = this;
    const sent = items.filter((item) => item.sent);
    const confirmed = items.filter((item) => item.receiptWanted && (item.sent || item.sentBefore));
    const collected = { account, tls: collector.tls, by: 'quit', messages: confirmed.map(({ id }) => id) } as const;
    await withReceipts(this.#receipts, collected, async (owed) =>
      this.#store.commitMaildrop(
        this.#lock,
        items.map(({ uid }) => uid),
        sent.map(({ uid }) => uid),
        [
          ...collectedRows(
            account,
            collector,
            sent.map(({ id }) => ({ id, removed: true })),
          ),
          committedRow(account, collector, { retrieved: sent.length, deleted: items.length }),
        ],
        await owed(),
        'goes-on',
        collector.stands,
      ),
    );
    for (const { id, uid } of items) {
      this.#removed.add(uid);
      this.#taken.delete(id);
    }
  }

  /**
   * Notes messages that were sent and not acknowledged, as the end of a session without QUIT does.
   */
  async noteSent(items: readonly Item[], collector: Collector): Promise<void> {
    const { account } = this;
    const sent = items.filter((item) => item.sent);
    if (sent.length === 0) return;
    await noteSent(this.#store.deliveries, this.#receipts, { account, collector }, sent);
  }

  async release(): Promise<void> {
    await this.#store.releaseMaildrop(this.#lock);
  }
}

/** A message that left to its end and was not acknowledged. */
export interface SentItem extends Pick<Item, 'uid' | 'id' | 'receiptWanted' | 'sentBefore'> {
  /** The part that was sent; absent: the whole message. */
  readonly part?: string;
}

/**
 * Notes messages as sent, with their audit rows. Whole ones that were sent before now count as
 * collected, and their receipts are owed. Resolves to those that still exist.
 */
export async function noteSent(
  deliveries: Pick<Deliveries, 'noteSent'>,
  receipts: Receipts | undefined,
  { account, collector }: { readonly account: AccountId; readonly collector: Collector },
  sent: readonly SentItem[],
): Promise<readonly EntryUid[]> {
  const whole = sent.every(({ part }) => part === undefined);
  const again = whole ? sent.filter((item) => item.receiptWanted && item.sentBefore) : [];
  const collected = { account, tls: collector.tls, by: 'twice', messages: again.map(({ id }) => id) } as const;
  const rows = collectedRows(
    account,
    collector,
    sent.map(({ id, part }) => ({ id, removed: false, ...(part === undefined ? {} : { part }) })),
  );
  let there: readonly EntryUid[] = [];
  await withReceipts(receipts, collected, async (owed) => {
    const uids = sent.map(({ uid }) => uid);
    there = await deliveries.noteSent(account, uids, whole, rows, await owed());
  });
  return there;
}
