/**
 * The log lines about connections that got no place, or lost it: one line for the first of a
 * network and reason in a minute, and one that counts the rest. A flood may come from ten thousand
 * addresses, so networks beyond the first few of a minute are counted together.
 */
import type { Clock, Log } from '../domain/effects.ts';
import { minutes } from '../domain/units.ts';
import { networkOf } from './network.ts';
import { OTHERS, Tally } from './tally.ts';

/** How many pairs of network and reason have a line of their own in a minute. */
export const OWN_LINES = 20;

interface Turned {
  readonly why: string;
  readonly network: string;
}

export class TurnedAway {
  readonly #log: Log;
  readonly #event: string;
  readonly #tally: Tally<Turned>;

  constructor(clock: Clock, log: Log, event: string) {
    this.#log = log;
    this.#event = event;
    this.#tally = new Tally(
      ...([clock, minutes(1), OWN_LINES] as const),
      ({ why, network }: Turned, count) => this.#report(why, network, count),
      ({ why }) => ({ kind: why, subject: { why, network: OTHERS } }),
    );
  }

  /** Notes a connection. `why`: one of a few reasons. */
  note(why: string, address: string): void {
    const network = networkOf(address);
    if (this.#tally.add(`${why}\0${network}`, { why, network })) this.#log.warn(this.#event, { why, peer: address });
  }

  /** Writes what was only counted so far. */
  flush(): void {
    this.#tally.flush();
  }

  #report(why: string, network: string, count: number): void {
    // The first of a network already has its line; those that are counted together had none.
    const more = network === OTHERS ? count : count - 1;
    if (more > 0) this.#log.warn(this.#event, { why, network, count: more });
  }
}
