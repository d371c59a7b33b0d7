/** A mailbox as one POP3 session has it: who holds it, and what it lists. */
import type { AccountId, EntryUid } from '../domain/ids.ts';
import type { Octets } from '../domain/units.ts';

/** Who holds a maildrop: one POP3 session. */
export interface Holder {
  readonly session: string;
  /**
   * The network the session comes from, as `platform/network.ts` folds it; a session of the same
   * network may take over a silent one.
   */
  readonly network: string;
}

export interface MaildropLock {
  readonly account: AccountId;
  readonly fence: number;
  /** What the maildrop held when it was locked; LIST and UIDL tell of exactly these. */
  readonly messages: number;
  readonly octets: Octets;
  /**
   * Tells the store that the session is alive and moving: at every command and every slice sent.
   * Cheap, and waits for nothing.
   */
  renew(): void;
  /**
   * True once the store knows that another session has it, or that it may be over. It may be lost
   * earlier: then what is done under it rejects with LockLost and has changed nothing.
   */
  readonly lost: boolean;
}

/** The listing of a locked maildrop, oldest first. Message n of POP3 is index n - 1. */
export interface MaildropListing {
  readonly count: number;
  sizeOf(index: number): Octets;
  uidOf(index: number): EntryUid;
  /**
   * Unique in the mailbox for ever (RFC 1939 section 7): 22 characters of `[A-Za-z0-9_-]`, or what
   * another server gave (`Store.imports`).
   */
  uidlOf(index: number): string;
  /** The sender wants to be told when this one is collected. */
  receiptWanted(index: number): boolean;
  /** An earlier session sent it to its end, confirmed by QUIT or not. */
  retrievedBefore(index: number): boolean;
}
