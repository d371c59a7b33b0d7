/**
 * Whole copies of the store: taken while mail goes on, proved far from it, made ready to be served
 * again.
 *
 * A copy is one file of SQLite, or a base backup of PostgreSQL with what its log says since. It
 * holds no key: content in it stays sealed, and opens only beside the key folder and the master key
 * of its store.
 */
import type { CameBack } from '../domain/restored-trail.ts';
import type { Instant } from '../domain/units.ts';

/**
 * What a copy says of itself. Compared with the manifest of its backup before anything is restored.
 */
export interface CopyFacts {
  readonly storeId: string;
  /**
   * Fingerprint of the master key that opens it, as pages of escrow and copies of the key folder
   * name it. Absent in backups that are older than this field.
   */
  readonly masterKey?: string;
  /** Number of the newest migration in it. */
  readonly schema: number;
  /** Version of SQLite that wrote it. */
  readonly sqlite?: string;
  /**
   * Where it is PostgreSQL's. Its counts and the trail are those of its begin then: what came while
   * it was taken is in it, too.
   */
  readonly postgres?: ServerFacts;
  readonly counts: CopyCounts;
  /** Last row of the audit trail; the hash as 64 hexadecimal digits. */
  readonly audit: CopyHead;
}

export interface CopyHead {
  readonly seq: number;
  readonly hash: string;
  /** The chains that went on, where there are several: `hash` is that of all of them then. */
  readonly lanes?: readonly { readonly lane: number; readonly place: number; readonly hash: string }[];
}

/** A head that an anchor has. */
export interface SignedHead extends CopyHead {
  /** ISO 8601. */
  readonly at: string;
}

/** The server that gave a base backup. */
export interface ServerFacts {
  /** Version that the server reports: `17.6`. */
  readonly version: string;
  /** `host:port`. */
  readonly server: string;
  /**
   * The file of the log that a restore goes on with, 24 hexadecimal digits: what is before it is in
   * the backup itself. Absent: another program keeps backup and log.
   */
  readonly start?: string;
  /**
   * Octets of that file that the backup is not whole without: a log with less of it does not lead
   * on from the backup. Absent in backups that are older than this field.
   */
  readonly startOctets?: number;
  /** The name that the operator's own program has for it. */
  readonly label?: string;
}

export interface CopyCounts {
  readonly messages: number;
  /** Messages whose content is still kept. */
  readonly contents: number;
  readonly accounts: number;
  readonly mailboxes: number;
  readonly entries: number;
  readonly deliveries: number;
  readonly auditRows: number;
}

/** A file of a copy. */
export interface CopiedFile {
  /** Relative to the folder of the copy. */
  readonly name: string;
  readonly octets: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

export interface StoreCopy {
  readonly facts: CopyFacts;
  /** Those of which nothing is known but the name are still to be hashed. */
  readonly files: readonly (CopiedFile | Pick<CopiedFile, 'name'>)[];
  /**
   * How far the write-ahead log grew meanwhile: it cannot be copied back behind the copy's
   * snapshot. 0 where the log is a server's.
   */
  readonly logOctets: number;
}

/**
 * The log of a server, which goes on behind its base backups: with both a store comes back as it
 * was at any moment.
 */
export interface LogSource {
  /**
   * Brings the files of the log in `folder` up to what was committed when this was called. Rejects
   * with CopyFailed: `gap` where what comes next is not there any more, so that only a new base
   * backup helps.
   */
  receive(folder: string): Promise<ReceivedLog>;
  /** What the server keeps of it because it was not received yet. Rejects with CopyFailed. */
  kept(): Promise<LogKept>;
}

export interface LogKept {
  /** Octets. */
  readonly kept: number;
  /**
   * Octets until it is dropped, and a base backup is due; 0: nothing is kept. Absent: nothing
   * bounds it.
   */
  readonly left?: number;
}

export interface ReceivedLog {
  /** Whatever was committed before is in it. */
  readonly at: Instant;
  /** The octet of the whole log up to which it goes. */
  readonly end: bigint;
  /** Octets of each file of the log. */
  readonly fileOctets: number;
  /** `host:port`. */
  readonly server: string;
}

/** What is proved of a copy, in this order. */
export const proofSteps = ['pages', 'schema', 'counts', 'trail', 'keys', 'content'] as const;
export type ProofStep = (typeof proofSteps)[number];

export interface ProofResult {
  readonly step: ProofStep;
  readonly passed: boolean;
  /** What was found, for people; if the step did not pass, also what to do. */
  readonly found: string;
}

export interface ProofRequest {
  readonly keyFolder: string;
  readonly masterKey: Uint8Array;
  /** What its manifest says. */
  readonly expected: CopyFacts;
  /**
   * Signed heads whose signatures were checked; those behind the end of the copy are counted and
   * prove nothing here.
   */
  readonly anchors: readonly SignedHead[];
  /** Keys that sign heads and restores, in PEM. */
  readonly publicKeys: readonly string[];
  /**
   * Bodies that are opened and hashed whole: at least one of each day, the others spread evenly. 0:
   * every one.
   */
  readonly sample: number;
}

export interface Proof {
  /** Ends with the first that did not pass. */
  readonly steps: readonly ProofResult[];
  readonly passed: boolean;
  readonly opened: number;
  /** Bodies in the sample whose day key was destroyed on purpose. */
  readonly erased: number;
  readonly anchorsHeld: number;
  /**
   * Row of the newest given anchor behind the end of the copy: so much of the trail, and of the
   * mail, is later than it.
   */
  readonly later?: number;
  /** ISO 8601: the last commit that the log brought. */
  readonly moment?: string;
  /** Where its trail ends; absent where that was not proved. */
  readonly end?: CameBack;
}

export interface SettleRequest {
  readonly keyFolder: string;
  readonly masterKey: Uint8Array;
  readonly at: Instant;
  /**
   * What becomes of deliveries that waited for partners: `hold` until an operator releases them, or
   * `push` again.
   */
  readonly queue: 'hold' | 'push';
  readonly actor: { readonly name: string; readonly reason?: string };
  readonly facts: Readonly<Record<string, string | number>>;
}

export interface SettledCopy {
  /** Deliveries that are held now. */
  readonly held: number;
  /** Deliveries that will be pushed at once. */
  readonly waiting: number;
  /**
   * Days whose key was destroyed since the copy was taken. What was sealed on them was taken out of
   * its mailboxes.
   */
  readonly erasedDays: number;
  readonly erasedMessages: number;
}

export interface DraftOptions {
  /** Facts of the backup that is restored. */
  readonly facts: CopyFacts;
  /** The last moment that is to be in it; absent: all that is brought. */
  readonly until?: Instant;
  /** Octets of each file of the log. */
  readonly logFile?: number;
  /** True: the copy is deleted afterwards, so nothing need be durable. */
  readonly scratch?: boolean;
}

/**
 * A copy that is being put into a folder, and is nobody's store yet. Its methods reject with
 * CopyFailed.
 */
export interface Draft {
  /** Whether a file of the backup is the store's own. */
  has(name: string): boolean;
  /** Keeps the octets of a file, `log/NAME` for one of the log. */
  bring(name: string, octets: AsyncIterable<Uint8Array>): Promise<void>;
  prove(request: ProofRequest, told: (result: ProofResult) => void): Promise<Proof>;
  /**
   * Makes a proved copy one that may be served: newest tables, a higher start, what was erased
   * stays erased, an audit row.
   */
  settle(request: SettleRequest): Promise<SettledCopy>;
  /** From now on it is the store of its folder. */
  place(): Promise<void>;
  /** Ends what runs for it; nothing stays of one that was not placed. Never rejects. */
  remove(): Promise<void>;
}

/** What an engine does with copies. */
export interface Copies {
  readonly engine: 'sqlite' | 'postgres';
  /** What of a store is in the folder already; undefined: nothing. */
  occupied(folder: string): string | undefined;
  /** Held while a store is put into the folder. Throws StoreRefused. */
  lock(folder: string): { release(): void };
  /** Begins a draft. Rejects with CopyFailed. */
  begin(folder: string, options: DraftOptions): Promise<Draft>;
}

export class CopyFailed extends Error {
  override readonly name = 'CopyFailed';
  /** There was no space for it. */
  readonly full: boolean;
  /** The next part of the log is gone. */
  readonly gap: boolean;
  constructor(
    message: string,
    { full = false, gap = false, ...options }: ErrorOptions & { readonly full?: boolean; readonly gap?: boolean } = {},
  ) {
    super(message, options);
    this.full = full;
    this.gap = gap;
  }
}
