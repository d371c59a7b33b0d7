/**
 * Maildrops in memory: the few methods of the store that pickup uses, with faults that a test can
 * switch on. They follow the store's contract.
 */
import { randomBytes } from 'node:crypto';
import type { AccountId, EntryUid, MessageId, OrganisationId } from '../../src/domain/ids.ts';
import { messageIdOf } from '../../src/domain/ids.ts';
import { octets } from '../../src/domain/units.ts';
import type { MaildropStore } from '../../src/pickup/maildrop.ts';
import type { LoginRecord } from '../../src/store/registry.ts';
import type { AuditEvent } from '../../src/store/audit.ts';
import { ContentDamaged, LockLost, StoreFailed } from '../../src/store/store.ts';
import type { Holder, MaildropListing, MaildropLock } from '../../src/store/maildrop.ts';
import type { Acceptance } from '../../src/store/acceptance.ts';
import type { StoredContent } from '../../src/store/body.ts';

interface Entry {
  readonly uid: EntryUid;
  readonly uidl: string;
  readonly id: MessageId;
  readonly body: Buffer;
}

class Lock implements MaildropLock {
  readonly account: AccountId;
  readonly fence: number;
  readonly holder: Holder;
  readonly entries: readonly Entry[];
  readonly messages: number;
  readonly octets = octets(0);
  lost = false;
  renewed = 0;

  constructor(account: AccountId, fence: number, holder: Holder, entries: readonly Entry[]) {
    this.account = account;
    this.fence = fence;
    this.holder = holder;
    this.entries = entries;
    this.messages = entries.length;
    this.octets = octets(entries.reduce((sum, entry) => sum + entry.body.length, 0));
  }

  renew(): void {
    this.renewed += 1;
  }
}

const SLICE = 256 * 1024;

export class MemoryMaildrops implements MaildropStore {
  readonly #entries = new Map<AccountId, Entry[]>();
  readonly #locks = new Map<AccountId, Lock>();
  #uid = 0;
  #fence = 0;
  readonly notes: AuditEvent[] = [];
  /** Audit rows that came with a commit. */
  readonly committed: AuditEvent[] = [];
  readonly calls: string[] = [];
  /**
   * Numbers of messages (from 1, in the order of filing): those for which a receipt is wanted, and
   * those that an earlier session sent completely.
   */
  readonly wanted = new Set<number>();
  readonly sentBefore = new Set<number>();
  /** Notices that came with the end of a session. */
  readonly notices: Acceptance[] = [];
  /** What sessions without QUIT said that they had sent. */
  readonly released: EntryUid[] = [];
  /** Number of slices that were read. */
  slicesRead = 0;
  /** In place of this slice (0 for the first), reading ends with ContentDamaged. */
  damagedAt: number | undefined;
  /** The error with which calls reject; true: the disk is gone. */
  failing: boolean | Error = false;
  /** commitMaildrop waits for it, so that a test can look at the time in between. */
  commitGate: Promise<void> = Promise.resolve();

  /** Logins that are no longer active. */
  readonly suspended = new Set<string>();
  /** The registry answers when this resolves. */
  registryAnswers: Promise<void> = Promise.resolve();
  readonly #listeners: ((accounts: readonly AccountId[] | 'many') => void)[] = [];

  readonly registry = {
    findLogin: async (login: string): Promise<LoginRecord | undefined> => {
      await this.registryAnswers;
      return {
        account: {
          // Accounts as in support/pop3.ts: alice and bob.
          id: (login === 'bob' ? 2 : 1) as AccountId,
          login,
          organisation: 1 as OrganisationId,
          kind: 'mail',
          state: this.suspended.has(login) ? 'suspended' : 'active',
          settings: {},
        },
        organisation: { id: 1 as OrganisationId, name: 'practice', title: 'Practice', language: 'nl', settings: {} },
        passwords: [],
        appPasswords: [],
        version: 1,
      };
    },
    onChange: (listener: (accounts: readonly AccountId[] | 'many') => void): void => {
      this.#listeners.push(listener);
    },
  };

  /** Tells the listeners that accounts changed. */
  changed(...accounts: number[]): void {
    for (const listener of this.#listeners) listener(accounts as AccountId[]);
  }

  readonly audit = { note: (event: AuditEvent): void => void this.notes.push(event) };

  /** Counts of quirks, as they were noted. */
  readonly noted: string[] = [];
  readonly quirks = {
    note: (account: AccountId, quirk: string, outcome: string): void =>
      void this.noted.push(`${account} ${quirk} ${outcome}`),
  };

  file(account: number, ...bodies: (string | Buffer)[]): void {
    const entries = this.#entriesOf(account as AccountId);
    for (const body of bodies) {
      this.#uid += 1;
      entries.push({
        uid: this.#uid as EntryUid,
        uidl: randomBytes(16).toString('base64url'),
        id: messageIdOf(BigInt(this.#uid)),
        body: Buffer.from(body),
      });
    }
  }

  bodiesOf(account: number): string[] {
    return this.#entriesOf(account as AccountId).map((e) => e.body.toString('latin1'));
  }

  uidlsOf(account: number): string[] {
    return this.#entriesOf(account as AccountId).map((e) => e.uidl);
  }

  /** Another session takes the maildrop over. */
  takeOver(account: number): void {
    const lock = this.#locks.get(account as AccountId);
    if (lock !== undefined) lock.lost = true;
    this.#locks.delete(account as AccountId);
  }

  /** Frees a lock without telling its holder, who continues: for many sessions of one account. */
  forgetLock(account: number): void {
    this.#locks.delete(account as AccountId);
  }

  get locked(): number {
    return this.#locks.size;
  }

  #entriesOf(account: AccountId): Entry[] {
    const entries = this.#entries.get(account) ?? [];
    this.#entries.set(account, entries);
    return entries;
  }

  async lockMaildrop(account: AccountId, holder: Holder): Promise<MaildropLock | 'in-use'> {
    this.#call('lock');
    if (this.#locks.has(account)) return 'in-use';
    this.#fence += 1;
    const lock = new Lock(account, this.#fence, holder, [...this.#entriesOf(account)]);
    this.#locks.set(account, lock);
    return lock;
  }

  async listMaildrop(lock: MaildropLock): Promise<MaildropListing> {
    this.#call('list');
    const { entries } = this.#held(lock);
    const at = (index: number): Entry => entries[index] ?? fail(`no index ${index}`);
    return {
      count: entries.length,
      sizeOf: (index) => octets(at(index).body.length),
      uidOf: (index) => at(index).uid,
      uidlOf: (index) => at(index).uidl,
      receiptWanted: (index) => this.wanted.has(at(index).uid),
      retrievedBefore: (index) => this.sentBefore.has(at(index).uid),
    };
  }

  async openEntry(lock: MaildropLock, uid: EntryUid): Promise<StoredContent> {
    this.#call('open');
    const { id, body } = this.#held(lock).entries.find((e) => e.uid === uid) ?? fail(`no entry ${uid}`);
    return { id, octets: octets(body.length), slices: () => this.#slices(body) };
  }

  async *#slices(body: Buffer): AsyncGenerator<Uint8Array> {
    for (let from = 0, n = 0; from < body.length; from += SLICE, n += 1) {
      if (this.damagedAt === n) throw new ContentDamaged('the tag of a chunk does not verify');
      this.slicesRead += 1;
      await Promise.resolve();
      // A copy, as the real store makes one. So a measurement shows what a stalled session keeps in
      // memory.
      yield Buffer.from(body.subarray(from, from + SLICE));
    }
  }

  async commitMaildrop(
    lock: MaildropLock,
    deleted: readonly EntryUid[],
    retrieved: readonly EntryUid[],
    audit: readonly AuditEvent[],
    notices: readonly Acceptance[] = [],
  ): Promise<void> {
    this.#call(`commit ${deleted.length}/${retrieved.length}`);
    await this.commitGate;
    this.#held(lock);
    this.#locks.delete(lock.account);
    this.#entries.set(
      lock.account,
      this.#entriesOf(lock.account).filter((e) => !deleted.includes(e.uid)),
    );
    this.committed.push(...audit);
    this.notices.push(...notices);
  }

  async releaseMaildrop(
    lock: MaildropLock,
    retrieved: readonly EntryUid[] = [],
    notices: () => Promise<readonly Acceptance[]> = async () => [],
  ): Promise<void> {
    this.calls.push('release');
    if (this.#locks.get(lock.account) !== lock) return;
    this.notices.push(...(await notices()));
    this.#locks.delete(lock.account);
    this.released.push(...retrieved);
  }

  #call(name: string): void {
    this.calls.push(name);
    if (this.failing !== false) throw this.failing === true ? new StoreFailed('the disk is gone') : this.failing;
  }

  #held(lock: MaildropLock): Lock {
    const held = this.#locks.get(lock.account);
    if (held !== lock) throw new LockLost('the maildrop was taken over');
    return held;
  }
}

const fail = (text: string): never => {
  throw new Error(text);
};
