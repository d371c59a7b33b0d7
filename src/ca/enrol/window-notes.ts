/**
 * What codes that are shown from the network leave behind: log lines and audit rows, the refused
 * ones counted as failed logins are, one row for each account, network, reason and minute, and one
 * for each reason for what is more than a thousand of these. What the code does has rows of its own
 * in the transaction that uses it up.
 */
import { FAILURE_ROWS, shownLogin } from '../../auth/login-notes.ts';
import { Counts } from '../../domain/counts.ts';
import { defined } from '../../domain/defined.ts';
import type { Clock, Log } from '../../domain/effects.ts';
import type { AccountId } from '../../domain/ids.ts';
import { minutes } from '../../domain/units.ts';
import { OTHERS, Tally, type Whose } from '../../platform/tally.ts';
import type { AuditTrail } from '../../store/port/audit.ts';
import type { EnrolmentFault, WantedUse } from '../../store/certificates.ts';

/**
 * `malformed`: no code looks so. `not-on-listener`: the account may not come in there. `throttled`,
 * `store`: it was not judged.
 */
export type WindowReason = EnrolmentFault | 'malformed' | 'not-on-listener' | 'throttled' | 'store';

/** `reason` is empty for what was granted. */
export type WindowCounts = Counts<'for' | 'outcome' | 'reason'>;

export interface Visitor {
  readonly session: string;
  readonly listener: string;
  readonly network: string;
  /** For the log. */
  readonly address: string;
}

interface Subject {
  readonly visitor: Visitor;
  readonly wanted: WantedUse;
  readonly login: string;
  readonly account?: AccountId;
  readonly reason: WindowReason;
}

const isJudged = (reason: WindowReason): boolean => reason !== 'throttled' && reason !== 'store';

export class WindowNotes {
  readonly counts: WindowCounts = new Counts(['for', 'outcome', 'reason']);
  readonly #log: Log;
  readonly #audit: Pick<AuditTrail, 'note'>;
  readonly #failures: Tally<Subject>;

  constructor(clock: Clock, log: Log, audit: Pick<AuditTrail, 'note'>) {
    this.#log = log;
    this.#audit = audit;
    this.#failures = new Tally(
      ...([clock, minutes(1), FAILURE_ROWS] as const),
      (subject: Subject, count) => this.#write(subject, count),
      ({ visitor, wanted, reason }) => ({
        kind: `${visitor.listener}\0${wanted}\0${reason}`,
        subject: { visitor: { ...visitor, network: OTHERS }, wanted, login: OTHERS, reason },
      }),
    );
  }

  used({ session, listener, network, address }: Visitor, wanted: WantedUse, login: string, account?: AccountId): void {
    this.counts.add([wanted, 'granted', '']);
    this.#log.info('enrolment.used', { session, listener, address, login, for: wanted });
    this.#audit.note({
      event: 'enrolment.used',
      outcome: 'success',
      ...defined({ account }),
      facts: { for: wanted, listener },
      personal: { login, network },
    });
  }

  /** The form was right and the code held; what came with it cannot be used. */
  unusable(wanted: WantedUse): void {
    this.counts.add([wanted, 'unusable', '']);
  }

  failed(visitor: Visitor, wanted: WantedUse, login: string, reason: WindowReason, account?: AccountId): void {
    this.counts.add([wanted, isJudged(reason) ? 'refused' : 'busy', reason]);
    // A code is typed into the wrong field now and then.
    const shown = shownLogin(login, undefined);
    this.#log.debug('enrolment.failed', { session: visitor.session, address: visitor.address, login: shown, reason });
    this.#failures.add(`${account ?? ''}\0${shown}\0${visitor.network}\0${wanted}\0${reason}`, {
      visitor,
      wanted,
      login: shown,
      reason,
      ...defined({ account }),
    });
  }

  /** Writes some of what is still only counted: somebody asks for it. */
  flushOf(whose: Whose): void {
    this.#failures.flushOf(({ account, visitor }) => whose(account, visitor.network));
  }

  /** Writes what is still only counted. */
  flush(): void {
    this.#failures.flush();
  }

  #write({ visitor: { listener, network }, wanted, login, account, reason }: Subject, count: number): void {
    const judged = isJudged(reason);
    this.#log.warn(judged ? 'enrolment.refused' : 'enrolment.busy', {
      login,
      network,
      listener,
      for: wanted,
      reason,
      count,
    });
    this.#audit.note({
      event: judged ? 'enrolment.refused' : 'enrolment.busy',
      outcome: 'failure',
      ...defined({ account }),
      facts: { for: wanted, listener, reason, count },
      personal: { login, network },
    });
  }
}
