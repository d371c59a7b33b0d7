/**
 * What an LDAP session may cost. Times and counts can be configured; what bounds the reading of a
 * request is fixed.
 */
import { type Milliseconds, minutes, seconds } from '../domain/units.ts';

export interface LdapLimits {
  /**
   * Time from the connect to the first granted bind, whatever the client sends meanwhile: nobody
   * keeps a place by talking.
   */
  readonly loginTime: Milliseconds;
  /** Time between two requests after that. */
  readonly idleTime: Milliseconds;
  /** Time for the peer to receive what was written. */
  readonly sendTime: Milliseconds;
  /** Time for one search, even if the client allows more. */
  readonly searchTime: Milliseconds;
  /** Entries of one search, or of one page if the client turns pages. */
  readonly searchEntries: number;
  /** Binds of one session that may fail, whether they are refused or not judged. */
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

/**
 * Octets of one message. Filters of mail programs have at most 2 KB; a bind has a name and a
 * password.
 */
export const MOST_OCTETS = 64 * 1024;
/**
 * Requests of one session that are read and wait. What comes behind them stays in the kernel's
 * buffer, and then with the peer.
 */
export const MOST_WAITING = 8;
/** Nesting of a filter. Outlook nests an "or" for each attribute, some six deep. */
export const MOST_DEPTH = 24;
/** Terms of a filter. Thunderbird sends eleven for each word. */
export const MOST_TERMS = 250;
