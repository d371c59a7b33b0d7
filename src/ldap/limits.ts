/**
 * What an LDAP session may cost. Times and counts can be configured; what bounds the reading of a
 * request is fixed.
 */
import { type Milliseconds, minutes, seconds } from '../domain/units.ts';

export interface LdapLimits {
  /**
   * From connect to the first bind that is granted, whatever is said meanwhile: nobody holds a
   * place by talking.
   */
  readonly loginTime: Milliseconds;
  /** Between two requests after it. */
  readonly idleTime: Milliseconds;
  /** Time for the peer to receive what was written. */
  readonly sendTime: Milliseconds;
  /** Time for one search, even if the client allows more. */
  readonly searchTime: Milliseconds;
  /** Entries of one search, or of one page if the client turns pages. */
  readonly searchEntries: number;
  /** Binds in one session that did not succeed, judged or put off. */
  readonly failedLogins: number;
}

export const defaultLdapLimits: LdapLimits = {
  loginTime: minutes(1),
  idleTime: minutes(5),
  sendTime: minutes(1),
  searchTime: seconds(10),
  searchEntries: 500,
  failedLogins: 5,
};

/** One message. Filters of mail programs have at most 2 KB; a bind has a name and a password. */
export const MOST_OCTETS = 64 * 1024;
/**
 * Requests of one session that are read and wait. What comes behind them stays with the kernel, and
 * so with the peer.
 */
export const MOST_WAITING = 8;
/** Nesting of a filter. Outlook nests an "or" for each attribute, some six deep. */
export const MOST_DEPTH = 24;
/** Terms of a filter. Thunderbird sends eleven for each word. */
export const MOST_TERMS = 250;
