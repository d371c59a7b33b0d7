/**
 * Whole copies of the store: taken while mail goes on, proved far from it, made ready to be served again.
 *
 * A copy is one file. It holds no key: content in it stays sealed, and opens only beside the key folder and the master key of its store.
 */
import type { Instant } from '../domain/units.ts';

/** What a copy says of itself. Compared with the manifest of its backup before anything is restored. */
export interface CopyFacts {
  readonly storeId: string;
  /** Fingerprint of the master key that opens it, as pages of escrow and copies of the key folder name it. Absent in backups of before it was noted. */
  readonly masterKey?: string;
  /** Number of the newest migration in it. */
  readonly schema: number;
  readonly sqlite: string;
  readonly counts: CopyCounts;
  /** Last row of the audit trail; the hash as 64 hexadecimal digits. */
  readonly audit: { readonly seq: number; readonly hash: string };
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

export interface StoreCopy {
  readonly facts: CopyFacts;
  readonly octets: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  /** How far the write-ahead log grew meanwhile: it cannot be copied back behind the copy's snapshot. */
  readonly logOctets: number;
}

/** What is proved of a copy, in this order. */
export const proofSteps = ['pages', 'schema', 'counts', 'trail', 'keys', 'content'] as const;
export type ProofStep = (typeof proofSteps)[number];

export interface ProofResult {
  readonly step: ProofStep;
  readonly passed: boolean;
  /** What was found, for people; where it did not pass also what to do. */
  readonly found: string;
}

export interface ProofRequest {
  readonly path: string;
  readonly keyFolder: string;
  readonly masterKey: Uint8Array;
  /** What its manifest says. */
  readonly expected: CopyFacts;
  /** Signed heads whose signatures were checked; those behind the end of the copy are counted and prove nothing here. */
  readonly anchors: readonly { readonly seq: number; readonly hash: string }[];
  /** Bodies that are opened and hashed whole: at least one of each day, the others spread evenly. 0: every one. */
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
  /** Row of the newest given anchor behind the end of the copy: so much of the trail, and of the mail, is later than it. */
  readonly later?: number;
}

export interface SettleRequest {
  readonly path: string;
  readonly keyFolder: string;
  readonly masterKey: Uint8Array;
  readonly at: Instant;
  /** What becomes of deliveries that waited for partners: `hold` until an operator releases them, or `push` again. */
  readonly queue: 'hold' | 'push';
  readonly actor: { readonly name: string; readonly reason?: string };
  readonly facts: Readonly<Record<string, string | number>>;
}

export interface SettledCopy {
  /** Deliveries that are held now. */
  readonly held: number;
  /** Deliveries that will be pushed at once. */
  readonly waiting: number;
  /** Days whose key was destroyed since the copy was taken. What was sealed on them was taken out of its mailboxes. */
  readonly erasedDays: number;
  readonly erasedMessages: number;
}

/** Works on a copy that no store has open. Each runs in a thread of its own. Rejects with CopyFailed. */
export interface Copies {
  prove(request: ProofRequest, told: (result: ProofResult) => void): Promise<Proof>;
  /** Makes a proved copy one that may be served: newest tables, a higher start, what was erased stays erased, an audit row. */
  settle(request: SettleRequest): Promise<SettledCopy>;
  /** Held while a store is put into the folder. Throws StoreRefused. */
  lock(dataFolder: string): { release(): void };
}

export class CopyFailed extends Error {
  override readonly name = 'CopyFailed';
  /** There was no room for it. */
  readonly full: boolean;
  constructor(message: string, { full = false, ...options }: ErrorOptions & { readonly full?: boolean } = {}) {
    super(message, options);
    this.full = full;
  }
}
