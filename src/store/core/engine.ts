/**
 * What a database engine gives to the store. Everything else of the store (`store/core`) is written
 * once for all engines.
 *
 * Changes and reads are classes of steps that an engine runs in its own way; what must be quick, or
 * lies near the disk, it writes by hand: acceptances, pieces of bodies, the opening of contents,
 * listings. Each promise of a change resolves when it is durable, and the engine tells its effects
 * (`EngineEvents.committed`) before.
 */
import type { AuditItem } from '../../domain/audit-row.ts';
import type { AuditMark } from '../audit.ts';
import type { AcceptWork, Notices, SentNotices } from '../changes/accept-work.ts';
import type { Effects } from '../changes/changed.ts';
import type { LogSource, StoreCopy } from '../copies.ts';
import type { Jobs } from '../jobs.ts';
import type { MaildropLocks, MaildropRight } from '../maildrop-locks.ts';
import type { SharedCounts } from '../shared-counts.ts';
import type { Subjects } from '../objects.ts';
import type { StoreCounts, StoreFailed } from '../store.ts';
import type { Acceptance } from '../acceptance.ts';

/** A piece of a body that is being uploaded. */
export interface Chunk {
  readonly id: bigint;
  readonly n: number;
  readonly sealed: Uint8Array;
  readonly tag: Uint8Array;
  readonly day: string;
  readonly at: number;
  /**
   * The account whose turn the chunk takes: the one that its message will be accepted from. 0: the
   * gateway's own.
   */
  readonly account: number;
}

/** What was kept of a request that sent a message. */
export interface KeptRow {
  readonly message: bigint;
  readonly digest: Uint8Array;
  readonly answer: string;
}

/** Why a message was not filed. */
export type Unfiled =
  /** `index`: number of the recipient. */
  | { readonly kind: 'refused'; readonly why: 'quota' | 'gone'; readonly index: number }
  | { readonly kind: 'duplicate'; readonly of: bigint }
  | { readonly kind: 'already' }
  | ({ readonly kind: 'answered' } & KeptRow)
  /** The submitter's account may send no more mail. */
  | { readonly kind: 'closed' }
  /** Another gateway has changed the registry since it was judged. */
  | { readonly kind: 'outdated' };

/** A key that a gateway seals with. */
export interface ClaimedKey {
  /** Mark of the key, see `SealedDayKey`. */
  readonly mark: string;
  readonly node: string;
}

/**
 * Decides which key this gateway seals the messages of a day with: if a gateway seals with one of
 * `known`, the keys that this one has, that one; otherwise `mark`, which is then written down. If
 * others seal with keys that are not known, these are returned and nothing is written, except with
 * `despite`. Durable when it resolves.
 */
export type ClaimDay = (claim: {
  readonly day: string;
  readonly mark: string;
  readonly known: readonly string[];
  readonly despite: boolean;
}) => Promise<{ readonly mark: string } | { readonly unknown: readonly ClaimedKey[] }>;

export interface EngineMail {
  /** Called before the first content of a day. Absent if one gateway alone writes. */
  readonly claimDay?: ClaimDay;
  /** Undefined: it was filed. */
  accept(work: AcceptWork): Promise<Unfiled | undefined>;
  sentRequest(key: Uint8Array, now: number): Promise<KeptRow | undefined>;
  /** Stores a chunk; the memory of `sealed` is no longer the caller's. */
  chunk(chunk: Chunk): Promise<void>;
}

export interface EngineTrail {
  append(items: readonly AuditItem[]): Promise<void>;
  /** Erases the personal fields of these rows; resolves to how many had any. */
  erasePersonal(seqs: readonly number[], mark: AuditMark | null): Promise<number>;
}

/**
 * The entry that was asked for, then entries that follow it. Content of at most 64 KiB is here,
 * opened and verified.
 */
export interface EntriesData {
  readonly entries: readonly EntryData[];
  readonly octets: Uint8Array;
}
export interface EntryData {
  readonly uid: number;
  readonly message: bigint;
  readonly size: number;
  /** Where its content starts in `octets`; -1: read it by slices; -2: damaged. */
  readonly at: number;
  readonly chunks: number;
}

export type SliceData =
  | { readonly kind: 'slice'; readonly octets: Uint8Array; readonly last: boolean }
  | { readonly kind: 'damaged'; readonly why: string };

/** A chunk of a body, still sealed. */
export interface SealedChunk {
  readonly sealed: Uint8Array;
  readonly tag: Uint8Array;
}

export interface EngineContents {
  /**
   * The entry `uid`, and those that follow while their content fits `ahead` octets: a client that
   * fetches all asks for them next.
   */
  entries(account: number, uid: number, below: number, ahead: number): Promise<EntriesData | undefined>;
  /** The content of a message, whoever has it; its `uid` is 0. */
  message(message: bigint): Promise<EntriesData | undefined>;
  /** What was sealed beside the content of a copy. `damaged`: its seal does not verify. */
  submittedHeader(message: bigint): Promise<Uint8Array | 'damaged' | undefined>;
  /** The next slice of a content; `content` identifies it from its first slice on. */
  slice(content: number, message: bigint, n: number): Promise<SliceData>;
  /** Drops a content whose other slices are not wanted. */
  release(content: number): Promise<void>;
  /** A chunk of a body that was not filed yet, as it is sealed: the caller has the key. */
  upload(message: bigint, n: number): Promise<SealedChunk | undefined>;
  /** Sealed keys of messages, a page. */
  dataKeys(
    after: bigint,
    below: bigint,
    limit: number,
  ): Promise<readonly { readonly message: bigint; readonly wrapped: Uint8Array }[]>;
  /** Removes the key of a day from memory, since it was destroyed. */
  forgetDay(day: string): Promise<void>;
}

/**
 * Parallel arrays, oldest first; `uidls` holds 22 characters of ASCII each, or those up to each of
 * `uidlEnds`.
 */
export interface ListingData {
  readonly count: number;
  readonly uids: Float64Array;
  readonly sizes: Float64Array;
  readonly uidls: Uint8Array;
  readonly uidlEnds: Uint32Array | null;
  /** RETRIEVED and RECEIPT of each. */
  readonly flags: Uint8Array;
}
/** An earlier session sent the message to its end. */
export const RETRIEVED = 1;
/** The sender wants to hear when the message is collected. */
export const RECEIPT = 2;

export interface EngineListings {
  /** The `expected` entries of a mailbox that lie below a uid. */
  list(account: number, below: number, expected: number): Promise<ListingData>;
}

/** Free space for new mail. */
export interface Room {
  /** No new mail is accepted. */
  readonly full: boolean;
  /** Free octets, less what was promised. */
  readonly available: number;
  /** Used octets. */
  readonly used: number;
  fits(octets: number): boolean;
  promise(octets: number): void;
  /** The promised octets were stored, or are no longer needed. */
  settle(octets: number): void;
}

/** Set if other gateways write into the same store. */
export interface EngineNodes {
  /** The node number in the ids of its messages. */
  readonly node: number;
  readonly jobs: Jobs;
  readonly shared: SharedCounts;
  /** Number of registry changes up to which memories of the registry are true. */
  readonly registry: number;
  /** Asks whether the registry has changed since; memories of it are forgotten then. */
  caughtUp(): Promise<void>;
  /** Throws StoreUnavailable if memories of the registry may be more than a second out of date. */
  checkRegistry(): void;
}

/** What other nodes changed, as far as they reported it. */
export interface Elsewhere {
  /** Accounts whose mailboxes have changed. */
  readonly mailboxes: readonly number[];
  /** Partners that something is due for. */
  readonly due: readonly number[];
}

export interface Engine {
  readonly subjects: Subjects;
  readonly mail: EngineMail;
  readonly trail: EngineTrail;
  readonly contents: EngineContents;
  readonly listings: EngineListings;
  readonly locks: MaildropLocks;
  /** Absent: this process alone writes into the store, and what it remembers is exact. */
  readonly nodes?: EngineNodes;
  /**
   * The changes at a session's end. They reject with LockLost and change nothing if the right is no
   * longer the session's when they are written. Absent: nobody takes a right that is held, and none
   * ends by time. `judged`: the registry number by which the holder was judged; if another gateway
   * has changed the registry since, they reject with RegistryMoved.
   */
  under?(right: MaildropRight, judged?: number): Pick<Subjects['maildrops'], 'commit' | 'release'>;
  readonly room: Room;
  /** Name and version of the engine. */
  readonly version: string;
  readonly commits: Pick<StoreCounts, 'commits' | 'groups'>;
  /** Pieces of work that wait for a commit. */
  readonly waiting: number;
  /** Parts of a large database were not read yet since it stopped without a clean end. */
  readonly unread: boolean;
  readonly failure: StoreFailed | undefined;
  /** Called when a body is about to begin, or when somebody asks how the store is. */
  lookForRoom(): void;
  /**
   * Sends notices ahead of the work that files them. It resolves to what that work must carry, and
   * the work must be sent. `written` makes what is filed.
   */
  sendNotices(notices: readonly Acceptance[], written: (part: readonly Acceptance[]) => Notices): Promise<SentNotices>;
  /** Writes the counted figures of usage, since somebody is about to read them. */
  countUsage(): Promise<void>;
  /** Resolves when every part that takes part in writing has answered just now. */
  alive(): Promise<void>;
  /** See `Store.copyTo`; notes are written already. */
  copySize(): Promise<number>;
  copyTo(folder: string, told: (octets: number) => void): Promise<StoreCopy>;
  /** Absent: the engine has no log that is kept. */
  readonly log?: LogSource | undefined;
  /** See `Store.checkCopy`. */
  checkCopy?(label: string): Promise<void>;
  /** Ends background work. */
  stop(): void;
  /** Commits what waits, then ends. */
  close(): Promise<void>;
}

/** Events that an engine reports. */
export interface EngineEvents {
  /** Called after a commit, before its answers are given out. */
  committed(effects: readonly Effects[]): void;
  /** Another node changed something, or may have. */
  elsewhere(what: Elsewhere): void;
  /** The registry has changed, so memories of it are out of date. */
  registryChanged(): void;
  /**
   * Acknowledged commits may be lost, and numbers of mailboxes, entries and rows may be given out
   * again. Called before anything is read from that database.
   */
  anotherHistory(): void;
  /** Called once, when the engine has failed. */
  failed(error: StoreFailed): void;
}
