/**
 * What is known of mailboxes without asking: counters, next uid, number of changes. Exact if this
 * process is the only writer, because every commit reports the new numbers before its answers are
 * given out. If other nodes write, nothing is known without asking.
 */
import type { AccountId } from '../../domain/ids.ts';
import type { Subjects } from '../objects.ts';
import { Lru } from './lru.ts';
import { MAILBOX_NUMBERS, type MailboxNumbers } from '../changes/changed.ts';
import type { MailboxState } from '../reads/roads.ts';

const MOST = 50_000;

export class Mailboxes {
  readonly #read: Subjects['roads']['mailbox'];
  readonly #alone: boolean;
  readonly #known = new Lru<AccountId, MailboxState>(MOST);
  /**
   * Reads under way, each with what commits reported since it began: that wins over what the read
   * finds.
   */
  readonly #reading = new Set<Map<AccountId, MailboxState>>();
  readonly #listeners: ((account: AccountId) => void)[] = [];

  /** `alone`: nobody else writes. */
  constructor(read: Subjects['roads']['mailbox'], alone = true) {
    this.#read = read;
    this.#alone = alone;
  }

  /** Takes the numbers of a commit. */
  told(numbers: MailboxNumbers): void {
    for (let i = 0; i < numbers.length; i += MAILBOX_NUMBERS) {
      const at = (field: number): number => numbers[i + field] ?? 0;
      const account = at(0) as AccountId;
      const state = { octets: at(1), messages: at(2), nextUid: at(3), changes: at(4) };
      if (this.#alone) {
        this.#known.set(account, state);
        for (const during of this.#reading) during.set(account, state);
      }
      for (const listener of this.#listeners) listener(account);
    }
  }

  /** Another node reported a change of this mailbox. */
  changedElsewhere(account: AccountId): void {
    for (const listener of this.#listeners) listener(account);
  }

  /** Called behind each commit that changed a mailbox, when the new numbers are known here. */
  onChange(listener: (account: AccountId) => void): void {
    this.#listeners.push(listener);
  }

  known(account: AccountId): MailboxState | undefined {
    return this.#known.get(account);
  }

  async of(account: AccountId): Promise<MailboxState | undefined> {
    return this.#known.get(account) ?? (await this.during(async () => ({ account, state: await this.#read(account) })));
  }

  /**
   * Runs a read that finds a mailbox's numbers, and keeps them unless a commit told newer ones
   * meanwhile.
   */
  async during(
    read: () => Promise<{ account: AccountId; state: MailboxState | undefined } | undefined>,
  ): Promise<MailboxState | undefined> {
    const during = new Map<AccountId, MailboxState>();
    this.#reading.add(during);
    try {
      const found = await read();
      if (found === undefined) return undefined;
      const state = during.get(found.account) ?? found.state;
      if (state !== undefined && this.#alone) this.#known.set(found.account, state);
      return state;
    } finally {
      this.#reading.delete(during);
    }
  }
}
