/**
 * Who has a maildrop, apart from what is done in it: what a store's `lockMaildrop`,
 * `MaildropLock.renew` and the two ways out rest on.
 *
 * One process can keep this in memory (`sqlite/memory-locks.ts`). Several nodes need a row for each
 * maildrop that is open, with its owner, its fence, the last progress and a time until which it
 * holds. This port asks for nothing that such a row cannot give: a right is taken in one statement,
 * renewed behind the session's back, and may be lost without anybody telling.
 * test/store/lock-contract.ts drives both.
 */
import type { AccountId } from '../domain/ids.ts';
import type { Holder } from './maildrop.ts';

export interface MaildropRight {
  readonly account: AccountId;
  readonly holder: Holder;
  /** Higher than that of every earlier right to this maildrop, also of a start before. */
  readonly fence: number;
  /**
   * Another session has it, or it may be over: as far as is known here. Never false again; false
   * behind a `release` of one's own.
   */
  readonly lost: boolean;
  /**
   * The session moves: at every command and every slice. Waits for nothing; what has to be written
   * is written behind it, and rarely.
   */
  renew(): void;
  /**
   * Before the end of a session is written. True: nobody takes it over any more until `release`.
   * False: it is lost, and nothing may be written. A store whose rights can end by time says so in
   * the transaction as well, by the fence.
   */
  hold(): Promise<boolean>;
  /** Free for everybody at once. Of one that is lost it frees nothing. Never rejects. */
  release(): Promise<void>;
}

export interface TakenRight {
  readonly right: MaildropRight;
  /** The session that lost the lock by this. */
  readonly from?: Holder;
}

export interface MaildropLocks {
  /**
   * Takes the maildrop where nobody has it, where its holder is of the same network, is not held
   * and made no progress for the configured time, or where the holder's process is gone. Of several
   * that ask at once one gets it.
   */
  lock(account: AccountId, holder: Holder): Promise<TakenRight | 'in-use'>;
  /** The process ends: frees what it has. Never rejects. */
  close(): Promise<void>;
}
