/**
 * What the threads say to each other. Everything here is cloned or transferred: plain values, no functions.
 *
 * The caller numbers its requests; answers carry the number. Both sides send lists, one a turn.
 */
import type { AccountId } from '../../domain/ids.ts';
import type {
  Account,
  Organisation,
  Password,
  RegisteredAddress,
  RegisteredCertificate,
} from '../../domain/registry.ts';
import type { Consumer, DeliveryState, Outcome } from '../deliveries.ts';
import type { CertificateRecord, RegistryError, ShownPassword } from '../registry.ts';
import type { AccountCertificate, AuthorityRecord, MailRecord, RevokedCertificate } from '../certificates.ts';
import type { ChainHead, ChainRow } from '../../domain/audit-row.ts';
import type { Absence } from '../../domain/absence.ts';
import type { Partner } from '../../domain/partner.ts';
import type { AddressAbsence, Consent } from '../absences.ts';
import type { RecipientPartner } from '../partners.ts';
import type { PgpKeyRecord, PgpMailKey } from '../pgp-keys.ts';
import type { SeenInterchange } from '../interchanges.ts';
import type { AbsencePage } from './absence-reader.ts';
import type { CaChange, CaChanged } from './ca-changes.ts';
import type { CertificatesInput } from './ca-reader.ts';
import type { PgpChange, PgpChanged } from './pgp-changes.ts';
import type { PgpKeysInput } from './pgp-reader.ts';
import type { RegistryChange } from './registry-changes.ts';

/** An audit event, ready for the chain: facts and personal fields are JSON. */
export interface AuditItem {
  readonly at: number;
  readonly event: string;
  readonly outcome: 'success' | 'failure';
  readonly message: bigint | null;
  readonly account: number | null;
  readonly facts: string;
  readonly personal: string | null;
  readonly salt: Uint8Array | null;
}

export interface AcceptWork {
  readonly kind: 'accept';
  readonly id: bigint;
  readonly receivedAt: number;
  readonly submitter: number;
  readonly sender: string;
  readonly messageIdField: string;
  readonly envelope: string;
  /** `MessageParts` as JSON. */
  readonly parts: string | null;
  readonly octets: number;
  readonly sha256: Uint8Array;
  readonly day: string;
  readonly dataKey: Uint8Array;
  readonly chunks: number;
  readonly body: Uint8Array | null;
  /** One for each recipient; 0 for a partner's. */
  readonly mailboxes: readonly number[];
  /** The partners of recipients, by their index; nearly always empty. */
  readonly partners: readonly number[];
  /** Folded addresses, one for each of `mailboxes`. */
  readonly keys: readonly string[];
  /** Random octets for the UIDLs, 16 for each of `mailboxes`. */
  readonly uidls: Uint8Array;
  /** Accounts whose entry wants a receipt. */
  readonly receipts: readonly number[];
  readonly deliveries: readonly NewDelivery[];
  /** Two keys of 16 octets each as one text of 32 characters: a view of a buffer would be cloned with all that lies beside it. */
  readonly interchanges: readonly string[];
  /** Ignores quotas. */
  readonly system: boolean;
  readonly once: string | null;
  readonly resubmission: { readonly key: Uint8Array; readonly since: number } | null;
  /** Filed under this message; without copies, notices and the rest of their own. */
  readonly copies: readonly AcceptWork[];
  readonly audit: readonly AuditItem[];
  readonly notices: Notices;
}

/** Filed behind something else, or left out. */
export type Notices = readonly AcceptWork[];

export interface NewDelivery {
  /** 0: held from `mailbox`. */
  readonly partner: number;
  readonly mailbox: number | null;
  readonly held: boolean;
  readonly recipient: string;
  /** JSON of `notify` and `originalRecipient`. */
  readonly dsn: string | null;
}

export interface ChunkWork {
  readonly kind: 'chunk';
  readonly id: bigint;
  readonly n: number;
  readonly sealed: Uint8Array;
  readonly tag: Uint8Array;
  readonly day: string;
  readonly at: number;
}

/** The copies of one message row: of what is to be withdrawn, and then of what was. */
export interface WithdrawnCopy {
  readonly message: bigint;
  /** Mailboxes; asked for are those that no session holds. */
  readonly accounts: readonly number[];
  /** As they stand in `delivery`. */
  readonly recipients: readonly string[];
  /** Mailboxes from which it may be held. */
  readonly heldFrom: readonly number[];
}

/** What changes deliveries. */
export type DeliveryWork =
  | {
      readonly kind: 'claim';
      readonly partner: number;
      readonly max: number;
      readonly at: number;
      readonly until: number;
    }
  | { readonly kind: 'claim-one'; readonly id: number; readonly at: number; readonly until: number }
  | {
      readonly kind: 'settle';
      readonly id: number;
      readonly fence: number;
      readonly outcome: Outcome;
      readonly at: number;
      readonly audit: readonly AuditItem[];
      readonly notices: Notices;
    }
  | {
      readonly kind: 'change-deliveries';
      readonly ids: readonly number[];
      readonly change: 'hold' | 'release' | 'retry';
      /** For a release: 16 random octets for each of `ids`. */
      readonly uidls: Uint8Array;
      readonly at: number;
      readonly audit: AuditItem;
    }
  | {
      readonly kind: 'withdraw';
      /** Of the message that was named, for the trail. */
      readonly message: bigint;
      readonly copies: readonly WithdrawnCopy[];
      readonly at: number;
      readonly audit: AuditItem;
      readonly notices: Notices;
    };

/** What one account did of one quirk on one day (days since 1970). */
export interface QuirkCount {
  readonly account: number;
  readonly quirk: string;
  readonly day: number;
  readonly tolerated: number;
  readonly refused: number;
  /** The last of them. */
  readonly at: number;
  readonly client: string | null;
}

export type WriterWork =
  | AcceptWork
  | ChunkWork
  | {
      readonly kind: 'commit-maildrop';
      readonly account: number;
      readonly deleted: readonly number[];
      readonly retrieved: readonly number[];
      readonly at: number;
      readonly audit: readonly AuditItem[];
      readonly notices: Notices;
      /** They came before (ahead.ts). */
      readonly ahead?: number;
    }
  | {
      readonly kind: 'release-maildrop';
      readonly account: number;
      readonly retrieved: readonly number[];
      readonly at: number;
      readonly notices: Notices;
      readonly ahead?: number;
    }
  | {
      readonly kind: 'expire';
      readonly account: number;
      readonly entries: readonly { readonly uid: number; readonly notices: Notices; readonly audit: AuditItem }[];
      readonly at: number;
    }
  | {
      readonly kind: 'consumer';
      readonly account: number;
      readonly network: string;
      readonly sessions: number;
      readonly retrieved: number;
      readonly deleted: number;
      readonly at: number;
    }
  | { readonly kind: 'quirks'; readonly counts: readonly QuirkCount[] }
  | DeliveryWork
  | {
      readonly kind: 'restore';
      readonly account: number;
      readonly what: { readonly since: number } | { readonly message: bigint };
      readonly uidls: Uint8Array;
      readonly audit: AuditItem;
    }
  | { readonly kind: 'audit'; readonly audit: readonly AuditItem[] }
  | { readonly kind: 'used'; readonly account: number; readonly name: string; readonly at: number }
  | { readonly kind: 'certificate-used'; readonly id: number; readonly at: number }
  | { readonly kind: 'erase-personal'; readonly before: number }
  | { readonly kind: 'registry'; readonly change: RegistryChange; readonly at: number; readonly salt: Uint8Array }
  | { readonly kind: 'ca'; readonly change: CaChange; readonly at: number; readonly salt: Uint8Array }
  | { readonly kind: 'pgp'; readonly change: PgpChange; readonly at: number; readonly salt: Uint8Array }
  | {
      readonly kind: 'sweep';
      readonly at: number;
      readonly hiddenBefore: number;
      readonly goneBefore: number;
      readonly open: readonly bigint[];
      readonly below: bigint;
    }
  | { readonly kind: 'day-erased'; readonly day: string; readonly at: number }
  | { readonly kind: 'space' };

export interface Request {
  readonly n: number;
  readonly work: WriterWork;
}

/** account, octets, messages, next uid, changes: five numbers for each mailbox that a commit touched. */
export type MailboxNumbers = readonly number[];
export const MAILBOX_NUMBERS = 5;

/** What a commit changed that others remember or wait for. */
export interface Effects {
  readonly mailboxes?: MailboxNumbers;
  /** Partners that something is due for now. */
  readonly due?: readonly number[];
  /** Notices that were filed. */
  readonly filed?: readonly bigint[];
}

export type WriterAnswer =
  | ({ readonly kind: 'done'; readonly value?: number } & Effects)
  | { readonly kind: 'refused'; readonly why: 'quota' | 'gone'; readonly index: number }
  | { readonly kind: 'duplicate'; readonly of: bigint }
  | { readonly kind: 'already' }
  | { readonly kind: 'claimed'; readonly found: DeliveryRows }
  | { readonly kind: 'not-claimed'; readonly why: 'busy' | 'settled' | 'unknown' }
  | ({ readonly kind: 'expired'; readonly uids: readonly number[] } & Effects)
  | ({
      readonly kind: 'withdrawn';
      readonly copies: readonly WithdrawnCopy[];
    } & Effects)
  | {
      readonly kind: 'registry';
      readonly id: number;
      readonly accounts: readonly number[] | 'many';
      readonly scope: ChangeScope;
    }
  | { readonly kind: 'ca'; readonly changed: CaChanged }
  | { readonly kind: 'pgp'; readonly changed: PgpChanged }
  | { readonly kind: 'registry-error'; readonly error: RegistryError['kind']; readonly message: string }
  | { readonly kind: 'swept'; readonly report: SweepNumbers }
  | { readonly kind: 'space'; readonly restored: boolean }
  | { readonly kind: 'full' }
  | { readonly kind: 'error'; readonly message: string };

/** `password`, `certificate`: only these of these accounts; `registry`: anything else. */
export type ChangeScope = 'password' | 'certificate' | 'registry';

export interface SweepNumbers {
  readonly uploads: number;
  readonly messages: number;
  readonly traces: number;
  readonly pages: number;
  /** Days whose messages are all gone. */
  readonly days: readonly string[];
  readonly more: boolean;
}

export type WriterSays =
  | {
      readonly kind: 'ready';
      readonly version: string;
      readonly epoch: number;
      readonly highest: bigint;
      readonly latest: number;
      readonly days: readonly string[];
      readonly unclean: boolean;
      readonly pages: number;
      readonly freePages: number;
      /** The disk has no room for the reserve: no new mail yet. */
      readonly full: boolean;
    }
  | { readonly kind: 'refused'; readonly message: string }
  | {
      readonly kind: 'answers';
      readonly answers: readonly { readonly n: number; readonly answer: WriterAnswer }[];
      /** Milliseconds that the transaction took, with its sync; absent where there was none, or one for each answer. */
      readonly took?: number;
      readonly pages: number;
      readonly freePages: number;
      readonly full: boolean;
    }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'closed' };

export type WriterHears =
  | { readonly kind: 'work'; readonly requests: readonly Request[] }
  | { readonly kind: 'ahead'; readonly token: number; readonly notices: Notices }
  | { readonly kind: 'close' };

// --- rows that both threads give out

/** A row of `message`. */
export interface MessageRow {
  readonly id: bigint;
  readonly receivedAt: number;
  readonly submitter: number;
  readonly sender: string;
  readonly messageIdField: string;
  readonly envelope: string;
  readonly octets: number;
  readonly sha256: Uint8Array;
  readonly copyOf: bigint | null;
}

/** A row of `delivery`. */
export interface DeliveryRow {
  readonly id: number;
  readonly message: bigint;
  /** 0: held from `mailbox`. */
  readonly partner: number;
  readonly mailbox: number | null;
  readonly recipient: string;
  readonly dsn: string | null;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly fence: number;
  readonly dueAt: number;
  readonly delayedAt: number | null;
  readonly lastReply: string | null;
  readonly settledAt: number | null;
}

/** Deliveries with their messages, each message once. */
export interface DeliveryRows {
  readonly deliveries: readonly DeliveryRow[];
  readonly messages: readonly MessageRow[];
}

// --- the reader

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
  certificate: { in: { keys: readonly string[] }; out: CertificateRecord | undefined };
  recipient: { in: { key: string; at: number }; out: RecipientRow | undefined };
  sendAs: { in: { account: AccountId; key: string }; out: boolean };
  parts: { in: { message: bigint }; out: string | undefined };
  mailbox: { in: { account: AccountId }; out: MailboxState | undefined };
  listing: { in: { account: AccountId; below: number; count: number }; out: ListingData };
  entry: { in: { account: AccountId; uid: number; below: number; ahead: number }; out: EntriesData | undefined };
  slice: { in: { content: number; message: bigint; n: number }; out: SliceData };
  release: { in: { content: number }; out: undefined };
  content: { in: { message: bigint }; out: EntriesData | undefined };
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
    in: { below: bigint; after: number; limit: number };
    out: { readonly rows: readonly OverdueRow[]; readonly next: number | null };
  };
  overdueEntries: {
    in: { account: number; below: bigint; after: number; limit: number };
    out: readonly { readonly uid: number; readonly message: MessageRow }[];
  };
  usedKeys: { in: { keys: readonly string[] }; out: readonly string[] };
  /** A step through the memory of interchanges, oldest first. */
  interchanges: { in: { after: number; limit: number }; out: readonly InterchangeRow[] };
  ediIdentities: { in: { account: AccountId }; out: readonly string[] };
  ediIdentityPage: { in: EdiIdentityInput; out: readonly EdiIdentityRow[] };
  consumers: { in: { account: number }; out: readonly Consumer[] };
  accountsAt: { in: { network: string; limit: number }; out: number };
  quirks: { in: { account: number }; out: readonly QuirkCount[] };
  audit: {
    in: { message: bigint | null; account: number | null; from: number; limit: number };
    out: readonly AuditStored[];
  };
  verify: { in: { from: number; previous: Uint8Array; rows: number }; out: VerifyStep };
  chain: { in: { from: number; limit: number }; out: readonly ChainRow[] };
  auditHead: { in: object; out: ChainHead | undefined };
  organisations: { in: { after: string; limit: number }; out: readonly Organisation[] };
  organisation: { in: { name: string }; out: Organisation | undefined };
  accounts: { in: { after: string; limit: number; organisation: string | null }; out: readonly SummaryRow[] };
  account: { in: { login: string }; out: SummaryRow | undefined };
  accountById: { in: { id: number }; out: SummaryRow | undefined };
  addresses: {
    in: { after: string; limit: number; login: string | null };
    out: readonly (RegisteredAddress & { readonly login: string })[];
  };
  partner: { in: { id: number }; out: Partner | undefined };
  partnerNamed: { in: { name: string }; out: Partner | undefined };
  partners: { in: { after: string; limit: number }; out: readonly Partner[] };
  absences: { in: AbsencePage; out: readonly AddressAbsence[] };
  consents: { in: { key: string }; out: readonly Consent[] };
  authorities: { in: object; out: readonly AuthorityRecord[] };
  certificateNamed: { in: { name: string }; out: readonly AccountCertificate[] };
  accountCertificates: { in: CertificatesInput; out: readonly AccountCertificate[] };
  revoked: {
    in: { authority: number | null; after: string; endsAfter: number; limit: number };
    out: readonly RevokedCertificate[];
  };
  mail: { in: { key: string }; out: MailRecord };
  pgpMail: { in: { key: string }; out: readonly PgpMailKey[] };
  pgpKeyNamed: { in: { name: string }; out: readonly PgpKeyRecord[] };
  pgpKeys: { in: PgpKeysInput; out: readonly PgpKeyRecord[] };
  pgpSecret: { in: { fingerprint: string }; out: Uint8Array | undefined };
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

/** A row of `interchange`. */
export interface InterchangeRow extends SeenInterchange {
  readonly seq: number;
  readonly at: number;
}

export interface EdiIdentityInput {
  readonly limit: number;
  readonly afterId: string;
  readonly afterQualifier: string;
  readonly organisation: string | null;
  readonly id: string | null;
}

export interface EdiIdentityRow {
  readonly id: string;
  readonly qualifier: string;
  readonly organisation: string;
  readonly login: string | null;
}

/** Where copies of a message lie. `retrieved` as in `entry`. */
export interface WhereaboutsData {
  readonly entries: readonly { readonly account: number; readonly uid: number; readonly retrieved: number }[];
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
  readonly sendsAs: readonly string[];
  readonly octets: number;
  readonly messages: number;
}

/** Parallel arrays, oldest first; `uidls` holds 22 characters of ASCII each. */
export interface ListingData {
  readonly count: number;
  readonly uids: Float64Array;
  readonly sizes: Float64Array;
  readonly uidls: Uint8Array;
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
}
export type ReaderSays =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answers'; readonly answers: readonly ReaderAnswer[] }
  | { readonly kind: 'closed' };
