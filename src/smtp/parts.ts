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
  /** SCRAM is offered here. */
  readonly scram: boolean;
  /** Messages of clients that know no CRLF are read here. */
  readonly lfOnly: boolean;
  /** EHLO offers the login in the form AUTH= too. */
  readonly authEquals: boolean;
  /** Who may log in, where that is not everybody. */
  readonly access?: ListenerAccess;
  readonly log: Log;
}
