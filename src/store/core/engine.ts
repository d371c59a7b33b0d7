/**
 * What a database engine gives to the store. Everything else of the store (`store/core`) is written once for all engines.
 *
 * Changes and reads are classes of steps that an engine runs in its own way; what must be quick, or lies near the disk, it writes by hand: acceptances,
 * pieces of bodies, the opening of contents, listings. Each promise of a change resolves when it is durable, and the engine tells its effects
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
import type { Acceptance, StoreCounts, StoreFailed } from '../store.ts';

/** A piece of a body that is being uploaded. */
export interface Chunk {
  readonly id: bigint;
  readonly n: number;
  readonly sealed: Uint8Array;
  readonly tag: Uint8Array;
  readonly day: string;
  readonly at: number;
  /** Whose turn it takes: the account that its message will be accepted from. 0: the gateway's own. */
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
  /** `index`: of the recipient. */
  | { readonly kind: 'refused'; readonly why: 'quota' | 'gone'; readonly index: number }
  | { readonly kind: 'duplicate'; readonly of: bigint }
  | { readonly kind: 'already' }
  | ({ readonly kind: 'answered' } & KeptRow)
  /** The submitter's account sends no more. */
  | { readonly kind: 'closed' }
  /** Another gateway has changed the registry since it was judged. */
  | { readonly kind: 'outdated' };

/** A key that a gateway seals with. */
export interface ClaimedKey {
  /** See `SealedDayKey`. */
  readonly mark: string;
  readonly node: string;
}

/**
 * Which key this gateway seals the messages of a day with: one of `known`, those that it has, which a gateway seals with already; otherwise `mark`, and that is
 * written down. Where others seal with keys that are not known these are answered, and nothing is written, unless `despite` them. Durable when it resolves.
 */
export type ClaimDay = (claim: {
  readonly day: string;
  readonly mark: string;
  readonly known: readonly string[];
  readonly despite: boolean;
}) => Promise<{ readonly mark: string } | { readonly unknown: readonly ClaimedKey[] }>;

export interface EngineMail {
  /** Before the first content of a day. Left out where one gateway alone writes. */
  readonly claimDay?: ClaimDay;
  /** Undefined: it was filed. */
  accept(work: AcceptWork): Promise<Unfiled | undefined>;
  sentRequest(key: Uint8Array, now: number): Promise<KeptRow | undefined>;
  /** `sealed` is the caller's no more. */
  chunk(chunk: Chunk): Promise<void>;
}

export interface EngineTrail {
  append(items: readonly AuditItem[]): Promise<void>;
  /** Resolves to how many had personal fields. */
  erasePersonal(seqs: readonly number[], mark: AuditMark | null): Promise<number>;
}

/** The entry that was asked for, then entries that follow it. Content of at most 64 KiB is here, opened and verified. */
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

/** A chunk of a body, as it is sealed. */
export interface SealedChunk {
  readonly sealed: Uint8Array;
  readonly tag: Uint8Array;
}

export interface EngineContents {
  /** The entry `uid`, and those that follow while their content fits `ahead` octets: a client that fetches all asks for them next. */
  entries(account: number, uid: number, below: number, ahead: number): Promise<EntriesData | undefined>;
  /** The content of a message, whoever has it; its `uid` is 0. */
  message(message: bigint): Promise<EntriesData | undefined>;
  /** What was sealed beside the content of a copy. `damaged`: its seal does not verify. */
  submittedHeader(message: bigint): Promise<Uint8Array | 'damaged' | undefined>;
  /** The next slice of a content, which `content` names from its first slice on. */
  slice(content: number, message: bigint, n: number): Promise<SliceData>;
  /** Its other slices are not asked for. */
  release(content: number): Promise<void>;
  /** A chunk of a body that was not filed yet, as it is sealed: the caller has the key. */
  upload(message: bigint, n: number): Promise<SealedChunk | undefined>;
  /** Sealed keys of messages, a page. */
  dataKeys(
    after: bigint,
    below: bigint,
    limit: number,
  ): Promise<readonly { readonly message: bigint; readonly wrapped: Uint8Array }[]>;
  /** The key of a day was destroyed: nothing keeps it in memory. */
  forgetDay(day: string): Promise<void>;
}

/** Parallel arrays, oldest first; `uidls` holds 22 characters of ASCII each, or those up to each of `uidlEnds`. */
export interface ListingData {
  readonly count: number;
  readonly uids: Float64Array;
  readonly sizes: Float64Array;
  readonly uidls: Uint8Array;
  readonly uidlEnds: Uint32Array | null;
  /** RETRIEVED and RECEIPT of each. */
  readonly flags: Uint8Array;
}
/** An earlier session sent it to its end. */
export const RETRIEVED = 1;
/** Its sender wants to hear when it is collected. */
export const RECEIPT = 2;

export interface EngineListings {
  /** The `expected` entries of a mailbox that lie below a uid. */
  list(account: number, below: number, expected: number): Promise<ListingData>;
}

/** Room for new mail. */
export interface Room {
  /** No new mail at all. */
  readonly full: boolean;
  /** Octets, less what was promised. */
  readonly available: number;
  /** Octets. */
  readonly used: number;
  fits(octets: number): boolean;
  promise(octets: number): void;
  /** The promise is kept or given up. */
  settle(octets: number): void;
}

/** Where other gateways write into the same store. */
export interface EngineNodes {
  /** In the ids of its messages. */
  readonly node: number;
  readonly jobs: Jobs;
  readonly shared: SharedCounts;
  /** The number of the registry that what is remembered of it is true for. */
  readonly registry: number;
  /** Looks whether it is another by now; what is remembered is forgotten then. */
  caughtUp(): Promise<void>;
  /** Throws StoreUnavailable where what is remembered of the registry may be older than a second. */
  checkRegistry(): void;
}

/** What others did, as far as it was heard. */
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
  /** Left out: this process alone writes into the store, and what it remembers is exact. */
  readonly nodes?: EngineNodes;
  /**
   * Changes of a session's end that reject with LockLost, and have changed nothing, where the right is not its own any more when they are written. Left out: nobody
   * takes a right that is held, and none ends by time. `judged`: the number of the registry by which its holder was judged; where another gateway has changed it
   * since, they reject with RegistryMoved.
   */
  under?(right: MaildropRight, judged?: number): Pick<Subjects['maildrops'], 'commit' | 'release'>;
  readonly room: Room;
  /** Of the engine, with its name. */
  readonly version: string;
  readonly commits: Pick<StoreCounts, 'commits' | 'groups'>;
  /** Pieces of work that wait for a commit. */
  readonly waiting: number;
  /** Of a large database parts were not read yet since an unclean end. */
  readonly unread: boolean;
  readonly failure: StoreFailed | undefined;
  /** A body is about to begin, or somebody asks how the store is. */
  lookForRoom(): void;
  /** Sends notices ahead of the work that files them; what it resolves to stands in that work, which must be sent. `written` makes what is filed. */
  sendNotices(notices: readonly Acceptance[], written: (part: readonly Acceptance[]) => Notices): Promise<SentNotices>;
  /** Figures of usage that wait are written: somebody is about to read them. */
  countUsage(): Promise<void>;
  /** Resolves when everything that takes part in writing has answered just now. */
  alive(): Promise<void>;
  /** See `Store.copyTo`; what was noted before is written already. */
  copySize(): Promise<number>;
  copyTo(folder: string, told: (octets: number) => void): Promise<StoreCopy>;
  /** Left out: it has no log that is kept. */
  readonly log?: LogSource | undefined;
  /** See `Store.checkCopy`. */
  checkCopy?(label: string): Promise<void>;
  /** Ends what goes on beside the work. */
  stop(): void;
  /** Commits what waits, then ends. */
  close(): Promise<void>;
}

/** What an engine tells. */
export interface EngineEvents {
  /** Behind a commit, before its answers are given out. */
  committed(effects: readonly Effects[]): void;
  /** Something changed at another node, or may have. */
  elsewhere(what: Elsewhere): void;
  /** The registry is another than what is remembered of it. */
  registryChanged(): void;
  /** What was acknowledged may not stand, and numbers of mailboxes, entries and rows may be given out again. Told before anything is read there. */
  anotherHistory(): void;
  /** Once. */
  failed(error: StoreFailed): void;
}
