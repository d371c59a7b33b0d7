/**
 * Claims on mailboxes: how many workers fetch one mailbox without getting in each other's way.
 *
 * A claim gives messages to one worker for a time. What it acknowledges leaves the mailbox; what it
 * does not is free for the others once the claim is released or its time is over, and an
 * acknowledgement that comes later removes nothing. The claims of an account share one lease of its
 * maildrop, so POP3 hears that the mailbox is in use meanwhile, and a claim during a POP3 session
 * is refused. Claims live in memory: after a crash every message that was not acknowledged is free.
 */
import type { Clock, Log } from '../domain/effects.ts';
import type { AccountId, MessageId } from '../domain/ids.ts';
import type { Milliseconds } from '../domain/units.ts';
import type { MailboxEntry } from '../store/deliveries.ts';
import { LockLost } from '../store/store.ts';
import type { StoredContent } from '../store/body.ts';
import { Claim, type Item, MOST_CLAIMED } from './claim.ts';
import type { ClientNetworks } from './client-networks.ts';
import type { Collector } from './evidence.ts';
import type { Lease } from './lease.ts';
import { KnownClaims } from './known-claims.ts';
import { type LeaseParts, type OpenMaildrop, OpenMaildrops } from './open-maildrops.ts';

export interface SharedParts extends LeaseParts {
  readonly clientNetworks: Pick<ClientNetworks, 'note'> | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when messages that somebody had claimed are free again. */
  readonly freed?: (account: AccountId) => void;
  /** Most open claims of all accounts; default: MOST_CLAIMS_IN_ALL. */
  readonly most?: number;
}

/** Who fetches, and from where. */
export interface Visitor extends Collector {
  readonly network: string;
}

/** Most open claims of one account, and of all. */
export const MOST_CLAIMS = 32;
export const MOST_CLAIMS_IN_ALL = 2000;

export type Unclaimed = 'in-use' | 'too-many';
/** `unknown`: no claim has that id. `lapsed`, `released`: the claim has ended in that way. */
export type Ended = 'unknown' | 'lapsed' | 'released' | 'acknowledged';

export class SharedMaildrops {
  readonly #p: SharedParts;
  readonly #open: OpenMaildrops;
  readonly #known = new KnownClaims<Visitor>();
  readonly #ending = new Set<Promise<void>>();

  constructor(parts: SharedParts) {
    this.#p = parts;
    this.#open = new OpenMaildrops(parts);
  }

  /**
   * Claims up to `most` messages, the oldest that nobody has; where there are none, nothing is
   * claimed (`none`). The same `key` again finds the claim that it made, in its present state,
   * while that is remembered.
   */
  async claim(
    account: AccountId,
    visitor: Visitor,
    { most, lasts, key }: { readonly most: number; readonly lasts: Milliseconds; readonly key: string },
  ): Promise<Claim | 'none' | Unclaimed> {
    const open = await this.#open.enter(account);
    if (open === 'in-use') return open;
    const { lease } = open;
    if (lease === undefined) return 'in-use';
    try {
      if (open.claims.size + open.busy > MOST_CLAIMS || this.#open.claims >= (this.#p.most ?? MOST_CLAIMS_IN_ALL))
        return 'too-many';
      const entries = await lease.take(Math.min(most, MOST_CLAIMED));
      if (entries.length === 0) return 'none';
      const id = Buffer.from(this.#p.random(16)).toString('base64url');
      const claim = new Claim(id, this.#p.clock, lasts);
      for (const { message } of entries) {
        const item = lease.item(message.id);
        if (item !== undefined) claim.items.set(message.id, item);
      }
      this.#open.add(open, claim);
      this.#known.add(account, { claim, visitor, key });
      claim.watch(() => this.#lapse(open, claim));
      return claim;
    } catch (error) {
      if (error instanceof LockLost) return 'in-use';
      throw error;
    } finally {
      await this.#open.leave(account, open);
    }
  }

  /** A claim of the account; claims of others count as unknown. */
  find(account: AccountId, id: string): Claim | undefined {
    return this.#known.get(account, id)?.claim;
  }

  /** The claim that an earlier request with the same key made. */
  findByKey(account: AccountId, key: string): Claim | undefined {
    return this.#known.byKey(account, key)?.claim;
  }

  async renew(account: AccountId, id: string, lasts: Milliseconds): Promise<Claim | Ended> {
    const found = await this.#standing(account, id);
    if (typeof found === 'string') return found;
    found.claim.renew(lasts);
    if (found.claim.over) {
      await this.#end(found.open, found.claim, 'lapsed');
      return 'lapsed';
    }
    found.claim.watch(() => this.#lapse(found.open, found.claim));
    found.lease.progress();
    return found.claim;
  }

  /**
   * Removes messages of a claim from the mailbox, all of it that is left or those that are named;
   * durable when it resolves. `not-claimed`: one of them is not in the claim, and nothing was
   * removed.
   */
  async acknowledge(
    account: AccountId,
    id: string,
    named: readonly MessageId[] | 'all',
    visitor: Visitor,
  ): Promise<{ readonly claim: Claim; readonly messages: number } | 'not-claimed' | Ended> {
    const found = await this.#standing(account, id);
    if (typeof found === 'string') return found;
    const { open, lease, claim } = found;
    const items = named === 'all' ? [...claim.items.values()] : named.map((one) => claim.items.get(one));
    const whole = items.filter((item) => item?.writing === false);
    if (whole.length < items.length || new Set(items).size < items.length) return 'not-claimed';
    const done = whole.filter((item) => item !== undefined);
    if (!(await this.#remove(account, { open, lease, claim }, done, visitor))) return 'lapsed';
    return { claim, messages: done.length };
  }

  /** Gives back what is left of a claim. */
  async release(account: AccountId, id: string): Promise<Claim | Ended> {
    const found = await this.#standing(account, id);
    if (typeof found === 'string') return found;
    await this.#end(found.open, found.claim, 'released');
    return found.claim;
  }

  /** Removes one message that nobody has claimed, without handing it out. */
  async remove(
    account: AccountId,
    entry: MailboxEntry,
    visitor: Visitor,
  ): Promise<'removed' | 'claimed' | 'in-use' | 'gone'> {
    const open = await this.#open.enter(account);
    if (open === 'in-use' || open.lease === undefined) return 'in-use';
    const { lease } = open;
    const claim = new Claim('', this.#p.clock, 0 as Milliseconds);
    try {
      const item = await lease.takeOne(entry);
      if (item === 'taken') return 'claimed';
      claim.items.set(item.id, item);
      const again = await this.#p.store.deliveries.mailboxEntry(account, item.id);
      if (again?.uid !== item.uid) return 'gone';
      return (await this.#remove(account, { open, lease, claim }, [item], visitor)) ? 'removed' : 'in-use';
    } catch (error) {
      if (error instanceof LockLost) return 'in-use';
      throw error;
    } finally {
      lease.put(claim.items.keys());
      await this.#open.leave(account, open);
    }
  }

  /** Opens a claimed message: it is read under the lease, and noted once it was sent to its end. */
  async claimed(account: AccountId, id: MessageId): Promise<Claimed | undefined> {
    const open = await this.#open.at(account);
    const lease = open?.lease;
    const item = lease?.item(id);
    if (lease === undefined || item === undefined || lease.lost) return undefined;
    return {
      item,
      open: () => lease.open(item),
      progress: () => lease.progress(),
      sent: () => {
        if (lease.item(id) !== item || lease.lost) return false;
        item.sent = true;
        return true;
      },
    };
  }

  /** Ends every claim; messages that were sent are noted as sent. */
  async close(): Promise<void> {
    for (const opening of this.#open.all) {
      const open = await opening;
      if (open === 'in-use') continue;
      for (const claim of [...open.claims]) void this.#end(open, claim, 'lapsed');
    }
    while (this.#ending.size > 0) await Promise.all(this.#ending);
  }

  async #standing(
    account: AccountId,
    id: string,
  ): Promise<{ readonly open: OpenMaildrop; readonly lease: Lease; readonly claim: Claim } | Ended> {
    const claim = this.find(account, id);
    if (claim === undefined) return 'unknown';
    const open = await this.#open.at(account);
    if (claim.state !== 'open') return claim.state;
    if (open?.lease === undefined) return 'lapsed';
    if (open.lease.lost) this.#open.lose(account, open);
    else if (claim.over) await this.#end(open, claim, 'lapsed');
    else return { open, lease: open.lease, claim };
    return 'lapsed';
  }

  /** False: the maildrop was lost, and nothing was removed. */
  async #remove(
    account: AccountId,
    { open, lease, claim }: { readonly open: OpenMaildrop; readonly lease: Lease; readonly claim: Claim },
    items: readonly Item[],
    visitor: Visitor,
  ): Promise<boolean> {
    open.busy += 1;
    for (const item of items) item.writing = true;
    try {
      await lease.remove(items, visitor);
      for (const { id } of items) claim.items.delete(id);
      claim.acknowledged += items.length;
      if (claim.state === 'open' && claim.items.size === 0) this.#open.forget(open, claim, 'acknowledged');
      const retrieved = items.filter(({ sent }) => sent).length;
      this.#p.clientNetworks?.note(account, visitor.network, { retrieved, deleted: items.length });
      return true;
    } catch (error) {
      for (const item of items) item.writing = false;
      // The claim's time ended while the removal was being written.
      if (claim.state !== 'open') lease.put(items.map(({ id }) => id));
      if (!(error instanceof LockLost)) throw error;
      this.#open.lose(account, open);
      return false;
    } finally {
      await this.#open.leave(account, open);
    }
  }

  #lapse(open: OpenMaildrop, claim: Claim): void {
    void this.#end(open, claim, 'lapsed');
  }

  /** Ends a claim: what was sent is noted, and then what is left is free. Never rejects. */
  #end(open: OpenMaildrop, claim: Claim, state: 'released' | 'lapsed'): Promise<void> {
    const ended = this.#ended(open, claim, state).finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
    return ended;
  }

  async #ended(open: OpenMaildrop, claim: Claim, state: 'released' | 'lapsed'): Promise<void> {
    const { lease } = open;
    if (claim.state !== 'open' || lease === undefined) return;
    const known = this.#known.get(lease.account, claim.id);
    open.busy += 1;
    this.#open.forget(open, claim, state);
    const left = [...claim.items.values()].filter((item) => !item.writing);
    if (known !== undefined) {
      const retrieved = left.filter(({ sent }) => sent).length;
      await lease
        .noteSent(left, known.visitor)
        .catch((error: unknown) =>
          this.#p.log.warn('maildrop.claim-not-noted', { account: lease.account, why: String(error) }),
        );
      if (retrieved > 0 && state === 'lapsed')
        this.#p.log.info('maildrop.claim-lapsed', { account: lease.account, messages: left.length });
      this.#p.clientNetworks?.note(lease.account, known.visitor.network, { retrieved, deleted: 0 });
    }
    lease.put(left.map(({ id }) => id));
    if (left.length > 0) this.#p.freed?.(lease.account);
    await this.#open
      .leave(lease.account, open)
      .catch((error: unknown) =>
        this.#p.log.warn('maildrop.claim-not-noted', { account: lease.account, why: String(error) }),
      );
  }
}

/** One claimed message, as it is given to whoever fetches it. */
export interface Claimed {
  readonly item: Item;
  readonly open: () => Promise<StoredContent>;
  readonly progress: () => void;
  /**
   * Called when the message was sent to its end or is about to be. False: it is no longer claimed,
   * and its end may not be shown.
   */
  readonly sent: () => boolean;
}
