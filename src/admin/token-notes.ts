/**
 * Writes refused tokens into the trail: why, from where, and whose the token was if it once
 * existed.
 *
 * There is one row a minute for each token, reason and network, with a count. After a thousand of
 * these, the rest becomes one row for each reason. So nobody can fill the trail with made-up
 * tokens, from however many networks.
 */
import { defined } from '../domain/defined.ts';
import type { Clock } from '../domain/effects.ts';
import { minutes } from '../domain/units.ts';
import { OTHERS, Tally, type Whose } from '../platform/tally.ts';
import type { AuditEvent } from '../store/audit.ts';
import type { AuditTrail } from '../store/port/audit.ts';

export interface TokenRefusal {
  readonly why: 'unknown' | 'ended' | 'operator ended' | 'network';
  /** Id of the token in groups, and its operator. Absent for an unknown token. */
  readonly token?: string;
  readonly operator?: string;
  /** Absent for a call over a Unix socket. */
  readonly network?: string;
}

/** Most rows a minute; all further refusals are counted together. */
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

  /** Writes counts that still wait in memory, because somebody asks for them now. */
  flushOf(whose: Whose): void {
    this.#counted.flushOf(({ network = '' }) => whose(undefined, network));
  }

  /** Writes all counts that still wait in memory. */
  flush(): void {
    this.#counted.flush();
  }
}
