/** What the reader's thread and the calling thread say to each other, by the same rules as with the writer (writer-protocol.ts). */
import type { AccountId } from '../../domain/ids.ts';
import type {
  Account,
  Organisation,
  Password,
  RegisteredAddress,
  RegisteredCertificate,
} from '../../domain/registry.ts';
import type { Consumer, DeliveryState, Holdings } from '../deliveries.ts';
import type { MailboxShare } from '../account-moves.ts';
import type { KnownNetwork, RegistryError, ShownPassword } from '../registry.ts';
import type { OpenCode } from '../certificates.ts';
import type { ChainHead, ChainRow } from '../../domain/audit-row.ts';
import type { Absence } from '../../domain/absence.ts';
import type { SettingScope, Settings } from '../../domain/settings/setting.ts';
import type { FormerAccount, FormerOrganisation } from '../organisation-merge.ts';
import type { RecipientPartner } from '../partners.ts';
import type { Call } from './calls.ts';
import type { DeliveryRow, DeliveryRows, MessageRow } from './stored-rows.ts';
import type { AuditItem } from './writer-protocol.ts';
import type { IdleInput, IdleStep, UsageInput, UsageStep } from './usage-reader.ts';

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

export interface AuditStored extends Omit<AuditItem, 'salt'> {
  readonly seq: number;
  readonly erased: boolean;
}

export interface ReaderWork {
  login: { in: { login: string }; out: LoginRow | undefined };
  scramSaltKey: { in: object; out: Uint8Array };
  knownNetworks: {
    in: { since: number; afterAccount: number; afterNetwork: string; limit: number };
    out: readonly KnownNetwork[];
  };
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
  message: { in: { id: bigint }; out: MessageRow | undefined };
  /** A bounded step of a search, newest first. */
  messages: { in: MessagesInput; out: { readonly rows: readonly MessageRow[]; readonly next: bigint | null } };
  whereabouts: { in: { message: bigint; accounts: readonly number[] }; out: WhereaboutsData };
  queues: { in: object; out: readonly QueueRow[] };
  delivery: { in: { id: number }; out: DeliveryRows };
  /** A bounded step of a listing, oldest first. */
  deliveries: { in: DeliveriesInput; out: DeliveryRows & { readonly next: number | null } };
  /** A bounded step through the mailboxes. */
  overdue: {
    in: { before: number; after: number; limit: number };
    out: { readonly rows: readonly OverdueRow[]; readonly next: number | null };
  };
  overdueEntries: {
    in: { account: number; before: number; after: number; limit: number; restored: boolean };
    out: readonly { readonly uid: number; readonly message: MessageRow }[];
  };
  /** Sealed keys of messages, a page. */
  dataKeys: {
    in: { after: bigint; below: bigint; limit: number };
    out: readonly { readonly message: bigint; readonly wrapped: Uint8Array }[];
  };
  /** Its key was destroyed: no thread keeps it in memory. */
  forgetDay: { in: { day: string }; out: undefined };
  holdings: { in: { after?: readonly number[] }; out: Holdings };
  usedKeys: { in: { keys: readonly string[] }; out: readonly string[] };
  /** A bounded step through a mailbox: what was received since, and the rest. */
  moveShare: {
    in: { account: number; since: number; after: number };
    out: { readonly moved: MailboxShare; readonly left: MailboxShare; readonly next: number | null };
  };
  pendingMoves: { in: object; out: readonly { readonly source: AccountId; readonly target: AccountId }[] };
  imported: { in: { account: number; after: string; limit: number }; out: readonly string[] };
  consumers: { in: { account: number }; out: readonly Consumer[] };
  accountsAt: { in: { network: string; limit: number }; out: number };
  audit: {
    in: { message: bigint | null; account: number | null; from: number; limit: number };
    out: readonly AuditStored[];
  };
  auditLatest: { in: { event: string; account: number | null; limit: number }; out: readonly AuditStored[] };
  auditRefused: { in: { before: number; limit: number }; out: readonly AuditStored[] };
  verify: { in: { from: number; previous: Uint8Array; rows: number }; out: VerifyStep };
  chain: { in: { from: number; limit: number }; out: readonly ChainRow[] };
  auditMarks: { in: object; out: readonly { readonly name: string; readonly value: number }[] };
  auditHead: { in: object; out: ChainHead | undefined };
  organisations: { in: { after: string; limit: number }; out: readonly Organisation[] };
  organisation: { in: { name: string }; out: Organisation | undefined };
  accounts: { in: { after: string; limit: number; organisation: string | null }; out: readonly SummaryRow[] };
  formerAccounts: { in: FormerInput; out: readonly FormerAccount[] };
  formerOrganisations: { in: { account: number }; out: readonly FormerOrganisation[] };
  trailFrom: { in: { account: number }; out: number };
  account: { in: { login: string }; out: SummaryRow | undefined };
  /** Names, folded log-in names or address keys. */
  isSetAnywhere: { in: { text: string }; out: boolean };
  ownSettings: { in: { scope: SettingScope; names: readonly string[] }; out: readonly (Settings | undefined)[] };
  accountById: { in: { id: number }; out: SummaryRow | undefined };
  addresses: {
    in: { after: string; limit: number; login: string | null };
    out: readonly (RegisteredAddress & { readonly login: string })[];
  };
  /** Of an object of READS. */
  call: { in: Call; out: unknown };
  usage: { in: UsageInput; out: UsageStep };
  usageMonths: { in: object; out: readonly number[] };
  idle: { in: IdleInput; out: IdleStep };
}
export type ReaderKind = keyof ReaderWork;

export interface MessagesInput {
  readonly limit: number;
  /** Ids between these two, both left out. */
  readonly above: bigint;
  readonly below: bigint;
  readonly receivedFrom: number;
  readonly receivedTo: number;
  readonly messageIdField: string | null;
  /** Folded addresses. */
  readonly sender: string | null;
  readonly recipient: string | null;
}

export interface DeliveriesInput {
  readonly limit: number;
  readonly after: number;
  readonly partner: number | null;
  readonly message: bigint | null;
  readonly states: readonly DeliveryState[];
}

export interface FormerInput {
  readonly organisation: string;
  readonly afterAccount: number;
  readonly afterSeq: number;
  readonly limit: number;
}

/** Where copies of a message lie. `retrieved` as in `entry`. */
export interface WhereaboutsData {
  readonly entries: readonly {
    readonly account: number;
    readonly uid: number;
    readonly retrieved: number;
    readonly since: number;
    readonly restored: number;
  }[];
  readonly hidden: readonly { readonly account: number; readonly uid: number; readonly why: HiddenWhy }[];
  readonly deliveries: readonly DeliveryRow[];
}
export type HiddenWhy = 'deleted' | 'withdrawn' | 'expired';

export interface QueueRow {
  readonly partner: number;
  readonly waiting: number;
  readonly held: number;
  readonly dueAt: number | null;
  readonly oldest: number | null;
}

export interface OverdueRow {
  readonly account: number;
  readonly messages: number;
  readonly oldest: number;
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

export type VerifyStep =
  | {
      readonly kind: 'ok';
      readonly rows: number;
      /** Rows whose personal fields are gone, and how many the rows say were erased. */
      readonly erased: number;
      readonly told: number;
      readonly head: Uint8Array;
      readonly next: number;
      readonly end: boolean;
    }
  | { readonly kind: 'broken'; readonly seq: number; readonly why: string };

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
  readonly refused?: RegistryError['kind'];
}
export type ReaderSays =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answers'; readonly answers: readonly ReaderAnswer[] }
  | { readonly kind: 'closed' };
