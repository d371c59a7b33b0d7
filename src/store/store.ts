/**
 * What every store promises, and the errors by which it says that it cannot. Its methods
 * (port/store.ts) are mail events, each of them one transaction.
 *
 * Contract, checked for every store by test/store/contract.ts:
 * - `accept` resolves only when message, entries, counters and audit rows are durable: a crash of
 *   the machine one instruction later loses none of them. A mailbox entry is visible to
 *   `lockMaildrop` from that moment.
 * - A method that rejects has changed nothing. After a failed write or sync (`StoreFailed`) the
 *   store accepts nothing more: it stays closed until it is opened again and checked.
 * - A database that cannot be reached, or a commit whose outcome is not known, is no failure
 *   either: `StoreUnavailable`, `OutcomeUnknown`. Who comes again later is served.
 * - Out of space is not a failure: `StoreFull`, and life goes on. Locking, listing, reading,
 *   deleting and noting still work.
 * - Content leaves the store only after its tags were verified, which bind position and end;
 *   `StoredContent` ends with `ContentDamaged` before its last slice when the whole is not as long
 *   as its row says. The stored hash is evidence, and proved by the proof of a copy.
 * - Nothing here holds a read transaction between two calls.
 */
import type { Counts, Distribution } from '../domain/counts.ts';
import type { LockHolder } from '../domain/lock-holder.ts';
import type { Octets } from '../domain/units.ts';

/** The disk (or the configured limit) has no room for this. Temporary: 452 4.3.1. */
export class StoreFull extends Error {
  override readonly name = 'StoreFull';
}
/**
 * A write or sync failed, or the store was closed: nothing more is accepted. Temporary for the
 * peer, fatal for this process.
 */
export class StoreFailed extends Error {
  override readonly name = 'StoreFailed';
}
/**
 * The store cannot serve this at present, and nothing was changed: no primary is found, its standby
 * is away, or too many wait already. Temporary for the peer (451 4.3.0, -ERR [SYS/TEMP], 503), and
 * no reason for this process to end: it goes on by itself. The text names the cause and what to do.
 */
export class StoreUnavailable extends Error {
  override readonly name: string = 'StoreUnavailable';
}
/**
 * Whether this was done is not known, and may never be: the answer to a commit was lost, or the
 * wait for the other place was ended. Never tell anybody that it was done, nor that it was not. The
 * peer gets a temporary failure and comes again, and is recognised by what it brings.
 */
export class OutcomeUnknown extends StoreUnavailable {
  override readonly name = 'OutcomeUnknown';
}
/** Stored content does not verify. Never hand out what was read; raise an alarm. */
export class ContentDamaged extends Error {
  override readonly name = 'ContentDamaged';
}
/** The maildrop lock was taken over or has ended; nothing was changed. */
export class LockLost extends Error {
  override readonly name = 'LockLost';
}
/**
 * The login that somebody ends a session or a request by is no longer valid: the account was
 * suspended or its password changed, here or at another gateway; nothing was changed.
 */
export class LoginEnded extends Error {
  override readonly name = 'LoginEnded';
}
/** Another gateway has changed the registry since the caller was judged; nothing was changed. */
export class RegistryMoved extends Error {
  override readonly name = 'RegistryMoved';
}
/** The store cannot be opened. The text names the file, what is wrong with it and what to do. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused';
  /** True when another process holds the data folder: the only refusal that waiting may cure. */
  readonly held: boolean;
  /** The process that holds the lock, if the system tells. */
  readonly holder: LockHolder | undefined;
  constructor(
    message: string,
    options: ErrorOptions & { readonly held?: boolean; readonly holder?: LockHolder | undefined } = {},
  ) {
    super(message, options);
    this.held = options.held ?? false;
    this.holder = options.holder;
  }
}

export interface StoreHealth {
  /** Octets that can still be written before StoreFull, reserve not counted. */
  readonly free: Octets;
  /** Octets of the database, what is free inside it not counted. */
  readonly used: Octets;
  /** Messages waiting for a commit. */
  readonly waiting: number;
  readonly failed: boolean;
  /** After an unclean stop not every page of the database was read yet. */
  readonly unread: boolean;
  readonly version: string;
}

/** What the store counted since it was opened; for metrics. */
export interface StoreCounts {
  /** Seconds that each commit took, its sync included; how many pieces of work shared it. */
  readonly commits: Distribution;
  readonly groups: Distribution;
  /** Notices that were filed, by kind. */
  readonly notices: Counts<'kind'>;
  /** What sweeps removed since the start. */
  readonly swept: Readonly<Record<'uploads' | 'messages' | 'traces', number>>;
}

export interface SweepReport {
  readonly uploads: number;
  /** Contents that nothing needed any more. */
  readonly messages: number;
  /** Messages whose facts left the trace as well. */
  readonly traces: number;
}
