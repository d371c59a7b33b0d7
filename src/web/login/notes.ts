/**
 * Who was refused at a login of pages, in the audit trail: one row for each reason and network a
 * minute, with a count, so that nobody can fill the trail.
 */
import { defined } from '../../domain/defined.ts';
import type { Clock, Log } from '../../domain/effects.ts';
import { minutes } from '../../domain/units.ts';
import { OTHERS, Tally, type Whose } from '../../platform/tally.ts';
import type { AuditTrail } from '../../store/port/audit.ts';

/**
 * `throttled`: not judged. `passkey`: none that is registered, or it signed something else.
 * `challenge`: too old, or not ours. `replayed`: an answer that was given before. `code`: none that
 * holds. `network`: a session that was begun elsewhere. `counter`: the passkey may have been
 * copied.
 *
 * Of logins at the OpenID provider: `down`: it gave no answer. `denied`: it let nobody in.
 * `provider`: what it answered does not fit. `state`: begun in another browser, or too long ago.
 * `strength`: not with two factors. `groups`: none of his lets him in. `ended`: the operator has
 * ended. `registered`: he cannot be registered so.
 *
 * `break-glass`: password or code of the account for emergencies.
 */
export type LogInRefusal =
  | ('throttled' | 'passkey' | 'challenge' | 'replayed' | 'code' | 'network' | 'counter')
  | ('down' | 'denied' | 'provider' | 'state' | 'strength' | 'groups' | 'ended' | 'registered')
  | 'break-glass';

interface Refused {
  readonly why: LogInRefusal;
  readonly network: string;
  /** Absent if nobody is known. */
  readonly operator?: string;
}

const ROWS = 1000;

export class LogInNotes {
  readonly #counted: Tally<Refused>;
  readonly #log: Log;

  readonly #event: string;

  /** `event`: its name in log and trail. */
  constructor(audit: Pick<AuditTrail, 'note'>, clock: Clock, log: Log, event = 'console.refused') {
    this.#log = log;
    this.#event = event;
    this.#counted = new Tally(
      ...([clock, minutes(1), ROWS] as const),
      ({ why, network, operator }: Refused, count) =>
        audit.note({
          event,
          outcome: 'failure',
          facts: { why, count },
          personal: defined({ operator, network }),
        }),
      ({ why }) => ({ kind: why, subject: { why, network: OTHERS } }),
    );
  }

  refused(refused: Refused): void {
    const { why, network, operator = '' } = refused;
    this.#log.info(this.#event, { why, network });
    this.#counted.add([why, network, operator].join('\0'), refused);
  }

  /** Writes some of what is still only counted: somebody asks for it. */
  flushOf(whose: Whose): void {
    this.#counted.flushOf(({ network }) => whose(undefined, network));
  }

  flush(): void {
    this.#counted.flush();
  }
}
