/** What an SMTP session may cost. Every value can be configured; the defaults are RFC 5321 section 4.5.3's where it has one. */
import { type Milliseconds, type Octets, minutes, octets } from '../domain/units.ts';

export interface SmtpLimits {
  /** Largest message as submitted. */
  readonly maxMessage: Octets;
  /** Recipients of one message. RFC 5321 section 4.5.3.1.8: at least 100. */
  readonly maxRecipients: number;
  /** From connect to a successful login, whatever is said meanwhile. */
  readonly loginTime: Milliseconds;
  /** From the end of one command to the end of the next. RFC 5321 section 4.5.3.2.7: at least 5 minutes. */
  readonly commandTime: Milliseconds;
  /** In DATA: least octets that must come in each `dataInterval`. */
  readonly dataMinimum: Octets;
  readonly dataInterval: Milliseconds;
  /** A command line without its line end. RFC 5321 section 4.5.3.1.4 asks for 512, RFC 4954 section 4 for 12,288 in AUTH. */
  readonly commandLine: Octets;
  /** Logins with a wrong name or password in one session. */
  readonly failedLogins: number;
}

export const defaultSmtpLimits: SmtpLimits = {
  maxMessage: octets(50_000_000),
  maxRecipients: 1000,
  loginTime: minutes(2),
  commandTime: minutes(5),
  dataMinimum: octets(16_384),
  dataInterval: minutes(1),
  commandLine: octets(12_288),
  failedLogins: 5,
};
