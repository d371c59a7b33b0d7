/**
 * The audit trail's part of the store port: what happened, to whose mail, by whom.
 *
 * Rows form a hash chain per node. A row rides in the same transaction as the event it tells of, so
 * neither exists without the other. Personal fields are covered by the row's hash only through a
 * salted commitment: erasing them (and their salt) later leaves a chain that still verifies and
 * from which they cannot be guessed.
 */
import type { AccountId, MessageId } from '../domain/ids.ts';
import type { RestoredRow } from '../domain/restored-trail.ts';
import type { Instant } from '../domain/units.ts';

export interface AuditEvent {
  /** Stable name `area.what`, for example `message.accepted`. */
  readonly event: string;
  readonly outcome: 'success' | 'failure';
  readonly message?: MessageId;
  readonly account?: AccountId;
  /** Facts that name nobody: counts, sizes, hashes, protocol, TLS version. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
  /** Fields that can name a person or a network address. Erasable. */
  readonly personal?: Readonly<Record<string, string | readonly string[]>>;
}

export interface AuditRow extends AuditEvent {
  readonly seq: number;
  readonly at: Instant;
  /** True when the personal fields were erased. */
  readonly erased: boolean;
  /** Lane, as in a `ChainRow`. */
  readonly lane?: number;
  readonly place?: number;
}

export interface AuditQuery {
  readonly message?: MessageId;
  readonly account?: AccountId;
  readonly fromSeq?: number;
  /** At most this many rows, 1 to 1000. */
  readonly limit: number;
}

export type AuditReport =
  | {
      readonly kind: 'intact';
      readonly rows: number;
      readonly head: string;
      /**
       * Rows whose personal fields are gone although no row tells that they were erased; absent for
       * none.
       */
      readonly vanished?: number;
      /** Rows that tell of a restore; absent for none. */
      readonly restored?: readonly RestoredRow[];
    }
  | { readonly kind: 'broken'; readonly seq: number; readonly why: string };

/** How far somebody has walked through the trail. The name begins with `audit.`. */
export interface AuditMark {
  readonly name: string;
  readonly seq: number;
}

/** Measured: 250 rows hold the writer for less than 5 ms. */
export const ERASED_AT_ONCE = 250;

/**
 * What a support call asks for by account: found newest first however many rows the account has. An
 * index has these and no others, so that messages do not pay for it.
 */
export const LATEST_EVENTS = [
  ...['login.granted', 'login.refused', 'login.busy', 'message.refused', 'maildrop.committed'],
  ...['registry.account-state', 'registry.account-contained', 'registry.account-ending'],
  'registry.organisation-state',
] as const;

export interface LatestQuery {
  /** One of `LATEST_EVENTS`. */
  readonly event: string;
  /** Absent: rows that belong to no account, such as changes of an organisation. */
  readonly account?: AccountId;
  /** At most this many, 1 to 1000. */
  readonly limit: number;
}
