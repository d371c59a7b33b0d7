/** What all sessions of a listener share. */
import type { Authenticator } from '../auth/authenticator.ts';
import type { Log } from '../domain/effects.ts';
import type { ListenerAccess } from '../platform/listener.ts';
import type { SubmissionServices } from '../submission/transaction.ts';
import type { SmtpLimits } from './limits.ts';

export interface SessionParts {
  readonly authenticator: Authenticator;
  readonly submission: SubmissionServices;
  readonly limits: SmtpLimits;
  /** The listener offers SCRAM. */
  readonly scram: boolean;
  /** The listener accepts messages of clients that end lines in LF alone. */
  readonly lfOnly: boolean;
  /** EHLO offers the login also in the old form `AUTH=`. */
  readonly authEquals: boolean;
  /** Who may log in; absent: everybody. */
  readonly access?: ListenerAccess;
  readonly log: Log;
}
