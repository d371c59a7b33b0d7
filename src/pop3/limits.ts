/**
 * What a POP3 session may cost. Every value can be configured; the defaults suit old clients on
 * slow lines.
 */
import { type Milliseconds, type Octets, minutes, octets, seconds } from '../domain/units.ts';

/**
 * Octets handed to the socket in one go. 64 KiB keeps a stalled session near 400 KB and lets a slow
 * line show progress.
 */
export const PIECE = 64 * 1024;

export interface Pop3Limits {
  /**
   * From connect to a successful login, whatever is said meanwhile: nobody holds a place by
   * talking.
   */
  readonly loginTime: Milliseconds;
  /** Between two commands after the login. RFC 1939 section 3: at least 10 minutes. */
  readonly idleTime: Milliseconds;
  /**
   * Time for the peer to receive one write (at most PIECE octets): 64 KiB in 2 minutes is 4 kbit/s.
   */
  readonly sendTime: Milliseconds;
  /** A command line with its CRLF. RFC 2449 section 4 asks for 255. */
  readonly commandLine: Octets;
  /** A line that carries a SASL response. RFC 5034 section 4: 12,288. */
  readonly authLine: Octets;
  /** Commands in one session that could not be understood or used. */
  readonly badCommands: number;
  /** Logins with a wrong name or password in one session. */
  readonly failedLogins: number;
}

export const defaultPop3Limits: Pop3Limits = {
  loginTime: minutes(2),
  idleTime: minutes(10),
  sendTime: seconds(120),
  commandLine: octets(512),
  authLine: octets(12 * 1024),
  badCommands: 10,
  failedLogins: 5,
};
