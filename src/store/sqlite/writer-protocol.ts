/**
 * What the writer's thread and the calling thread say to each other. Everything here is cloned or transferred: plain values, no functions.
 *
 * The caller numbers its requests; answers carry the number. Both sides send lists, one a turn.
 */
import type { AuditItem } from '../../domain/audit-row.ts';
import type { Outcome } from '../deliveries.ts';
import type { RegistryError } from '../registry.ts';
import type { AcceptWork, NewDelivery, Notices } from '../changes/accept-work.ts';
import type { Effects } from '../changes/changed.ts';
import type { Reserved } from './reserve.ts';
import type { Upgrade } from './upgrade-copy.ts';

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
      readonly kind: 'settle';
      readonly id: number;
      readonly fence: number;
      readonly outcome: Outcome;
      readonly at: number;
      readonly audit: readonly AuditItem[];
      readonly notices: Notices;
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

/** A batch of messages that another server had filed. */
export interface ImportWork {
  readonly kind: 'import';
  readonly account: number;
  readonly entries: readonly {
    readonly message: AcceptWork;
    readonly uidl: string;
    readonly fetched: boolean;
  }[];
  readonly audit: readonly AuditItem[];
}

/** A method of an object of CHANGES, MAIL_CHANGES or the writer's own. */
export interface CallWork {
  readonly kind: 'call';
  readonly object: string;
  readonly method: string;
  readonly args: readonly unknown[];
  /** Of a change, not of the writer's own: its moment, and 32 random octets, from which those of its audit rows are made. */
  readonly at?: number;
  readonly salt?: Uint8Array;
}

export type WriterWork =
  | CallWork
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
  | ImportWork
  | DeliveryWork;

export interface Request {
  readonly n: number;
  readonly work: WriterWork;
}

export type { AcceptWork, AuditItem, Effects, NewDelivery, Notices };

export type WriterAnswer =
  | ({ readonly kind: 'done'; readonly value?: number } & Effects)
  | { readonly kind: 'refused'; readonly why: 'quota' | 'gone'; readonly index: number }
  /** Of an import: this entry's UIDL was used in the mailbox. */
  | { readonly kind: 'uidl-taken'; readonly index: number }
  | ({ readonly kind: 'expired'; readonly uids: readonly number[] } & Effects)
  | ({
      readonly kind: 'withdrawn';
      readonly copies: readonly WithdrawnCopy[];
    } & Effects)
  | { readonly kind: 'called'; readonly value: unknown; readonly effects?: Effects }
  | { readonly kind: 'registry-error'; readonly error: RegistryError['kind']; readonly message: string }
  | { readonly kind: 'full' }
  | { readonly kind: 'error'; readonly message: string };

export type WriterSays =
  | {
      readonly kind: 'ready';
      readonly version: string;
      readonly epoch: number;
      readonly highest: bigint;
      readonly latest: number;
      readonly days: readonly string[];
      readonly unclean: boolean;
      /** Every page of the database is to be read, beside the work. */
      readonly unchecked: boolean;
      readonly pageOctets: number;
      readonly pages: number;
      readonly freePages: number;
      readonly shrinks: boolean;
      /** `out`: the disk has no room for it, and no new mail is taken yet. */
      readonly reserved: Reserved;
    }
  | { readonly kind: 'refused'; readonly message: string }
  /** Before "ready": the form of the database is about to change. */
  | { readonly kind: 'upgrading'; readonly upgrade: Upgrade }
  | {
      readonly kind: 'answers';
      readonly answers: readonly { readonly n: number; readonly answer: WriterAnswer }[];
      /** Milliseconds that the transaction took, with its sync; absent where there was none, or one for each answer. */
      readonly took?: number;
      readonly pages: number;
      readonly freePages: number;
      readonly reserved: Reserved;
    }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'closed' };

export type WriterHears =
  | { readonly kind: 'work'; readonly requests: readonly Request[] }
  | { readonly kind: 'ahead'; readonly token: number; readonly notices: Notices }
  | { readonly kind: 'close' };
