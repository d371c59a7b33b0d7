/**
 * The quirks' part of the store port: how often each account deviated, by day, so that an operator
 * sees what strictness would cost.
 */
import type { AccountId } from '../domain/ids.ts';
import type { Quirk } from '../domain/quirks.ts';
import type { Instant } from '../domain/units.ts';

/** Days that are kept of each account and quirk. */
export const QUIRK_DAYS = 100;

/** Messages (SMTP) or sessions (POP3) of one day. */
export interface QuirkDay {
  readonly quirk: Quirk;
  /** `2026-11-25`, UTC. */
  readonly day: string;
  readonly tolerated: number;
  readonly refused: number;
  readonly lastAt: Instant;
  /** What the program calls itself; absent if it never said. */
  readonly client?: string;
}

export interface Quirks {
  /**
   * Counted in memory and written a few seconds later, many at a time; a crash loses those seconds,
   * `close` of the store nothing.
   */
  note(account: AccountId, quirk: Quirk, outcome: 'tolerated' | 'refused', client?: string): void;
  /** Counts by quirk and day, oldest first, those that were noted before the call included. */
  of(account: AccountId): Promise<readonly QuirkDay[]>;
}
