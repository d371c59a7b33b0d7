/** What the reader's thread and the calling thread say to each other, by the same rules as with the writer (writer-protocol.ts). */
import type { AccountId } from '../../domain/ids.ts';
import type { RegistryError } from '../registry.ts';
import type { Call } from './calls.ts';

export interface ReaderWork {
  listing: { in: { account: AccountId; below: number; count: number }; out: ListingData };
  entry: { in: { account: AccountId; uid: number; below: number; ahead: number }; out: EntriesData | undefined };
  slice: { in: { content: number; message: bigint; n: number }; out: SliceData };
  release: { in: { content: number }; out: undefined };
  content: { in: { message: bigint }; out: EntriesData | undefined };
  /** `damaged`: its seal does not verify. */
  submittedHeader: { in: { message: bigint }; out: Uint8Array | 'damaged' | undefined };
  /** A chunk of a body that was not filed yet, as it is sealed. */
  upload: {
    in: { message: bigint; n: number };
    out: { readonly sealed: Uint8Array; readonly tag: Uint8Array } | undefined;
  };
  /** Sealed keys of messages, a page. */
  dataKeys: {
    in: { after: bigint; below: bigint; limit: number };
    out: readonly { readonly message: bigint; readonly wrapped: Uint8Array }[];
  };
  /** Its key was destroyed: no thread keeps it in memory. */
  forgetDay: { in: { day: string }; out: undefined };
  /** Of an object of READS. */
  call: { in: Call; out: unknown };
}
export type ReaderKind = keyof ReaderWork;

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

export interface ReaderRequest<K extends ReaderKind = ReaderKind> {
  readonly n: number;
  readonly kind: K;
  readonly in: ReaderWork[K]['in'];
}
export type ReaderHears =
  { readonly kind: 'work'; readonly requests: readonly ReaderRequest[] } | { readonly kind: 'close' };
export interface ReaderAnswer {
  readonly n: number;
  readonly out?: unknown;
  readonly error?: string;
  /** Where it is a RegistryError: of which kind. */
  readonly refused?: RegistryError['kind'] | 'range';
}
export type ReaderSays =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answers'; readonly answers: readonly ReaderAnswer[] }
  | { readonly kind: 'closed' };
