/**
 * The usage part of the store port: what accounts did, by month, and since when they do nothing.
 *
 * After a crash a figure is there exactly when the message, the collection or the row of the trail
 * is: it is written in the same transaction, or can be counted again from what it counts. Whoever
 * reads has what was answered by then. Each row names the organisation that the account belonged to
 * when it happened; it outlives mail, trail and account.
 */
import type { AccountId } from '../domain/ids.ts';
import type { AccountKind, State } from '../domain/registry.ts';
import type { Day } from '../domain/working-days.ts';

/** docs/commands.md, "report usage", says what counts as what. */
export interface UsageCounts {
  /** Messages that were accepted from it. */
  readonly sent: number;
  readonly sentRecipients: number;
  readonly sentOctets: number;
  /** Messages of others that were filed in its mailbox, or that its own server took. */
  readonly received: number;
  readonly receivedOctets: number;
  /** Notices of the gateway itself that went into the mailbox. */
  readonly notices: number;
  /** Messages that it fetched to their end. */
  readonly collected: number;
  /** Messages that its own server took. */
  readonly pushed: number;
  /** Refusals of its submissions. */
  readonly refused: number;
  readonly loginsRefused: number;
}

export const USAGE_COUNTS = [
  ...(['sent', 'sentRecipients', 'sentOctets', 'received', 'receivedOctets', 'notices'] as const),
  ...(['collected', 'pushed', 'refused', 'loginsRefused'] as const),
] satisfies readonly (keyof UsageCounts)[];

export const NO_USAGE: UsageCounts = {
  sent: 0,
  sentRecipients: 0,
  sentOctets: 0,
  received: 0,
  receivedOctets: 0,
  notices: 0,
  collected: 0,
  pushed: 0,
  refused: 0,
  loginsRefused: 0,
};

/**
 * An account of an organisation in a month; one without any usage stands there too, where it had
 * not ended.
 */
export interface MonthlyUsage extends UsageCounts {
  /** Absent: accounts that left the organisation before it was erased, together. */
  readonly account?: AccountId;
  /** Present login name. */
  readonly login?: string;
  readonly kind?: AccountKind;
  readonly state?: State;
  /** True: the account belongs to another organisation by now. */
  readonly moved: boolean;
  /** Days of the month on which it logged in; on which it did anything. */
  readonly loginDays: number;
  readonly days: number;
  /** Today, not of the month. */
  readonly lastLogin?: Day;
  readonly lastUsed?: Day;
}

export interface UsagePage {
  readonly rows: readonly MonthlyUsage[];
  /** For `after` of the next page; absent at the end. */
  readonly next?: string;
}

/** An account that did nothing for a while. */
export interface IdleAccount {
  readonly login: string;
  readonly organisation: string;
  readonly kind: AccountKind;
  readonly state: State;
  /** The day it last did something; where it never did, the day it was registered. */
  readonly since: Day;
  readonly never: boolean;
  readonly lastLogin?: Day;
  readonly messages: number;
}
