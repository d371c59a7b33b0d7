/** What the reader's thread and the calling thread say to each other, by the same rules as with the writer (writer-protocol.ts). */
import type { AccountId } from '../../domain/ids.ts';
import type {
  Account,
  Organisation,
  Password,
  RegisteredAddress,
  RegisteredCertificate,
} from '../../domain/registry.ts';
import type { MailboxShare } from '../account-moves.ts';
import type { RegistryError, ShownPassword } from '../registry.ts';
import type { OpenCode } from '../certificates.ts';
import type { Absence } from '../../domain/absence.ts';
import type { FormerAccount, FormerOrganisation } from '../organisation-merge.ts';
import type { RecipientPartner } from '../partners.ts';
import type { Call } from './calls.ts';

export interface MailboxState {
  readonly octets: number;
  readonly messages: number;
  readonly nextUid: number;
  readonly changes: number;
}

export interface LoginRow {
  readonly account: Account;
  readonly organisation: Organisation;
  readonly passwords: readonly Password[];
  readonly version: number;
}

export interface RecipientRow {
  readonly address: RegisteredAddress;
  readonly account: Account;
  readonly organisation: Organisation;
  readonly mailbox: MailboxState;
  readonly partner?: RecipientPartner;
  /** Those that are not over. */
  readonly absences?: readonly Absence[];
}

export interface ReaderWork {
  login: { in: { login: string }; out: LoginRow | undefined };
  scramSaltKey: { in: object; out: Uint8Array };
  recipient: { in: { key: string; at: number }; out: RecipientRow | undefined };
  hasAddressesIn: { in: { domain: string }; out: boolean };
  /** Until when; null: not. */
  sendAs: { in: { account: AccountId; key: string }; out: number | null };
  parts: { in: { message: bigint }; out: string | undefined };
  mailbox: { in: { account: AccountId }; out: MailboxState | undefined };
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
  /** A bounded step through a mailbox: what was received since, and the rest. */
  moveShare: {
    in: { account: number; since: number; after: number };
    out: { readonly moved: MailboxShare; readonly left: MailboxShare; readonly next: number | null };
  };
  pendingMoves: { in: object; out: readonly { readonly source: AccountId; readonly target: AccountId }[] };
  organisations: { in: { after: string; limit: number }; out: readonly Organisation[] };
  organisation: { in: { name: string }; out: Organisation | undefined };
  accounts: { in: { after: string; limit: number; organisation: string | null }; out: readonly SummaryRow[] };
  formerAccounts: { in: FormerInput; out: readonly FormerAccount[] };
  formerOrganisations: { in: { account: number }; out: readonly FormerOrganisation[] };
  trailFrom: { in: { account: number }; out: number };
  account: { in: { login: string }; out: SummaryRow | undefined };
  accountById: { in: { id: number }; out: SummaryRow | undefined };
  addresses: {
    in: { after: string; limit: number; login: string | null };
    out: readonly (RegisteredAddress & { readonly login: string })[];
  };
  /** Of an object of READS. */
  call: { in: Call; out: unknown };
}
export type ReaderKind = keyof ReaderWork;

export interface FormerInput {
  readonly organisation: string;
  readonly afterAccount: number;
  readonly afterSeq: number;
  readonly limit: number;
}

export interface SummaryRow {
  readonly account: Account;
  readonly organisation: string;
  readonly addresses: readonly RegisteredAddress[];
  readonly passwords: readonly ShownPassword[];
  readonly certificates: readonly RegisteredCertificate[];
  /** Some may be too old by now. */
  readonly codes: readonly OpenCode[];
  readonly sendsAs: readonly string[];
  readonly octets: number;
  readonly messages: number;
  readonly lastLogin: number | null;
  readonly lastUsed: number | null;
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
