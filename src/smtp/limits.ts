/**
 * What an SMTP session may cost. Every value can be configured; the defaults are RFC 5321 section
 * 4.5.3's where it has one.
 */
import { type Milliseconds, type Octets, minutes, octets } from '../domain/units.ts';

export interface SmtpLimits {
  /** Largest message as submitted: un-stuffed, before our own lines (RFC 1870 section 3). */
  readonly maxMessage: Octets;
  /** Recipients of one message, at most 1000. RFC 5321 section 4.5.3.1.8: at least 100. */
  readonly maxRecipients: number;
  /**
   * From connect to a successful login, whatever is said meanwhile: nobody holds a place by
   * talking.
   */
  readonly loginTime: Milliseconds;
  /** Between two commands after the login. RFC 5321 section 4.5.3.2.7: at least 5 minutes. */
  readonly commandTime: Milliseconds;
  /** In DATA: least octets that must come in each `dataInterval`. */
  readonly dataMinimum: Octets;
  /** RFC 5321 section 4.5.3.2.5 gives one block 3 minutes. */
  readonly dataInterval: Milliseconds;
  /**
   * A command line without its line end. RFC 5321 section 4.5.3.1.4 asks for 510, RFC 3461 for 500
   * more a parameter.
   */
  readonly commandLine: Octets;
  /** A line that carries a SASL response. RFC 4954 section 4: 12,288. */
  readonly authLine: Octets;
  /** Commands in one session that were not understood; then it is closed. */
  readonly badCommands: number;
  /** Commands in one session before a login; then it is closed. */
  readonly commandsBeforeLogin: number;
  /** Logins with a wrong name or password in one session; then it is closed. */
  readonly failedLogins: number;
}

export const defaultSmtpLimits: SmtpLimits = {
  maxMessage: octets(50_000_000),
  maxRecipients: 1000,
  loginTime: minutes(2),
  commandTime: minutes(5),
  dataMinimum: octets(16_384),
  dataInterval: minutes(1),
  commandLine: octets(4096),
  authLine: octets(12_288),
  badCommands: 10,
  commandsBeforeLogin: 20,
  failedLogins: 5,
};
