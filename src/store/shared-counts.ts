/**
 * What the gateways of one store count together: guesses, and what accounts do in an hour. Each
 * counts for itself and tells the others a moment later. A word that is lost is not said again: at
 * worst each gateway counts alone, and a limit holds once for each of them (decision 1913).
 */

export type SharedSubject =
  | ('codes' | 'console' | 'directory' | 'logins' | 'messages' | 'octets' | 'recipients' | 'self-service')
  | ('tests' | 'tokens' | 'unknown');

/** A count that all nodes share. */
export interface SharedCount {
  /** Adds to each number that is kept for `key`. Waits for nothing. */
  tell(key: string, more: readonly number[]): void;
  /** Calls `listener` for what other nodes count. */
  onTold(listener: (key: string, more: readonly number[]) => void): void;
}

export interface SharedCounts {
  of(subject: SharedSubject): SharedCount;
}

const ALONE: SharedCount = { tell: () => undefined, onTold: () => undefined };
/** For a store with one gateway: nobody else counts. */
export const COUNTED_ALONE: SharedCounts = { of: () => ALONE };
