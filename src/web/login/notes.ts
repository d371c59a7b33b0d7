/**
 * Writes refused logins of pages into the audit trail. There is one row a minute for each reason
 * and network, with a count, so that nobody can fill the trail.
 */
import { defined } from '../../domain/defined.ts';
import type { Clock, Log } from '../../domain/effects.ts';
import { minutes } from '../../domain/units.ts';
import { OTHERS, Tally, type Whose } from '../../platform/tally.ts';
import type { AuditTrail } from '../../store/port/audit.ts';

/**
 * Why a login was refused.
 *
 * `throttled`: the network failed too often, so nothing was checked. `passkey`: the passkey is not
 * registered, or what it signed is wrong. `challenge`: the challenge is too old, or not ours.
 * `replayed`: the answer was given before. `code`: the code does not hold. `network`: the session
 * was begun on another network. `counter`: the counter of the passkey did not rise, so the key may
 * have been copied.
 *
 * Of logins at the OpenID provider: `down`: it gave no answer. `denied`: it let nobody in.
 * `provider`: its answer is not as it must be. `state`: the login was begun in another browser, or
 * too long ago. `strength`: the login used fewer than two factors. `groups`: no group of this
 * person gives access. `ended`: the operator has ended. `registered`: the person cannot be
 * registered as an operator in this way.
 *
 * `break-glass`: the password or code of the account for emergencies is wrong.
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

  /** `event`: the name of the event in the log and in the trail. */
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

  /** Writes counts that still wait in memory, because somebody asks for them now. */
  flushOf(whose: Whose): void {
    this.#counted.flushOf(({ network }) => whose(undefined, network));
  }

  flush(): void {
    this.#counted.flush();
  }
}
