/** The move of a region from another server, as its commands have the store. */
import type { TakeoverChanges } from '../changes/takeovers.ts';
import type { TakeoverReads } from '../reads/takeovers.ts';
import type { Remote } from '../sql/remote.ts';

/**
 * `giveBackImported` and `giveBackWaiting` are called while the maildrop is locked: no session may
 * be reading what leaves it.
 */
export interface Takeovers extends Remote<TakeoverChanges>, Remote<TakeoverReads> {}
