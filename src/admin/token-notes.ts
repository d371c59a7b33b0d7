/**
 * Refused tokens in the audit trail: why, from where, and whose, where it was a token once.
 *
 * One row for each token, reason, network and minute, with a count; of more than a thousand of
 * these the rest is one row for each reason. Whoever sends tokens that he makes up, from however
 * many networks, must not fill the trail.
 */
import { defined } from '../domain/defined.ts';
import type { Clock } from '../domain/effects.ts';
import { minutes } from '../domain/units.ts';
import { OTHERS, Tally, type Whose } from '../platform/tally.ts';
import type { AuditEvent } from '../store/audit.ts';
import type { AuditTrail } from '../store/port/audit.ts';

export interface TokenRefusal {
  readonly why: 'unknown' | 'ended' | 'operator ended' | 'network';
  /** Id of the token in groups, and its operator; absent for an unknown token. */
  readonly token?: string;
  readonly operator?: string;
  /** Absent over a Unix socket. */
  readonly network?: string;
}

/** Rows a minute; beyond it the rest is counted as others. */
export const REFUSAL_ROWS = 1000;

export const refusalRow = ({ why, token, operator, network }: TokenRefusal): AuditEvent => ({
  event: 'operator.token-refused',
  outcome: 'failure',
  facts: defined({ why, token }),
  personal: defined({ operator, network }),
});

export class TokenNotes {
  readonly #counted: Tally<TokenRefusal>;

  constructor(audit: Pick<AuditTrail, 'note'>, clock: Clock) {
    this.#counted = new Tally(
      ...([clock, minutes(1), REFUSAL_ROWS] as const),
      (refusal: TokenRefusal, count) => {
        const row = refusalRow(refusal);
        audit.note({ ...row, facts: { ...row.facts, count } });
      },
      ({ why }) => ({ kind: why, subject: { why, network: OTHERS } }),
    );
  }

  refused(refusal: TokenRefusal): void {
    const { why, token = '', network = '' } = refusal;
    this.#counted.add([why, token, network].join('\0'), refusal);
  }

  /** Writes some of what is still only counted: somebody asks for it. */
  flushOf(whose: Whose): void {
    this.#counted.flushOf(({ network = '' }) => whose(undefined, network));
  }

  /** Writes what is still only counted. */
  flush(): void {
    this.#counted.flush();
  }
}
