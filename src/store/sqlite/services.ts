/** What changes ask of this engine besides statements: made of the parts that remember. */
import type { ChangeEffects } from '../changes/changed.ts';
import type { AcceptWork, Notices } from '../changes/accept-work.ts';
import { type Mailbox, type MailboxChange, type Queued, type Services, deletedAllowed } from '../changes/services.ts';
import type { Filing } from './filing.ts';
import type { MailboxCounters } from './mailbox-counters.ts';
import type { UsageChanges } from './usage-changes.ts';

export interface ServiceParts {
  readonly counters: MailboxCounters;
  readonly filing: Filing;
  readonly usage: UsageChanges;
}

export class SqliteServices implements Services {
  readonly #p: ServiceParts;

  constructor(parts: ServiceParts) {
    this.#p = parts;
  }

  mailbox(account: number): Mailbox | undefined {
    const row = this.#p.counters.get(account);
    if (row === undefined) return undefined;
    const { state, next_uid: nextUid, hidden_octets: hiddenOctets, sweep_at: sweepAt } = row;
    return { state, nextUid, hiddenOctets, sweepAt, deletedAllowed: deletedAllowed(row) };
  }

  addToMailbox(account: number, by: MailboxChange, changed: ChangeEffects): void {
    const row = this.#p.counters.get(account);
    if (row !== undefined) this.#p.counters.add(changed.mailboxes, account, row, by);
  }

  fileNotices(notices: Notices, at: number, changed: ChangeEffects): void {
    this.#p.filing.notices(notices, at, changed);
  }

  insertMessage(work: AcceptWork, refs: number): void {
    this.#p.filing.insert(work, refs);
  }

  releaseHeld(message: bigint, account: number, uidl: Uint8Array, at: number, changed: ChangeEffects): boolean {
    return this.#p.filing.release(message, account, uidl, at, changed);
  }

  refileQueued(queued: Queued, uidl: Uint8Array, at: number, changed: ChangeEffects): boolean {
    return this.#p.filing.refile(queued, uidl, at, changed);
  }

  countCollected(account: number, messages: number, at: number): void {
    this.#p.usage.collected(account, messages, at);
  }

  countPushed(account: number, submitter: number, octets: number, at: number): void {
    this.#p.usage.pushed(account, submitter, octets, at);
  }
}
