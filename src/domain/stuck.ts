/**
 * A message at which the sessions of a mail program end again and again, and what is done about it.
 */
import type { AccountId, EntryUid } from './ids.ts';
import type { Instant } from './units.ts';

export type WhenStuck = 'tell' | 'hold';

export interface StuckMessage {
  readonly account: AccountId;
  readonly network: string;
  readonly uid: EntryUid;
  /** Sessions that ended at it, one after the other. */
  readonly times: number;
  readonly first: Instant;
  readonly last: Instant;
}

/**
 * `told`: it is where it was. `held`: it was taken out of the mailbox. `later`: the mailbox was in
 * use. `gone`: somebody took it meanwhile.
 */
export type Acted = 'told' | 'held' | 'later' | 'gone';
