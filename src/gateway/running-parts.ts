/**
 * Keeps the parts that run, and stops them in the reverse order of their start: each within the
 * drain time, or at once if an operator asks for that.
 */
import type { Clock } from '../domain/effects.ts';
import { type Milliseconds, milliseconds } from '../domain/units.ts';

export type StopPart = (drain: Milliseconds) => Promise<void>;

export interface StopTimes {
  /** How long everything continues before the first part stops. */
  readonly announce: Milliseconds;
  readonly drain: Milliseconds;
}

const NO_TIME = milliseconds(0);

export class RunningParts {
  readonly #stops: StopPart[] = [];
  readonly #cuts: (() => void)[] = [];
  readonly #clock: Clock;
  #isCut = false;
  #stopped: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Adds a part. `cut` ends the drain time of a stop that runs; parts that end at once have none.
   */
  add(stop: StopPart, cut?: () => void): void {
    this.#stops.push(stop);
    if (cut !== undefined) this.#cuts.push(cut);
  }

  /** Adds a part that ends by a `stop` of its own, at once, and gives it back. */
  own<P extends { stop(): unknown }>(part: P): P {
    this.add(async () => {
      await part.stop();
    });
    return part;
  }

  /**
   * Stops all parts. A part that cannot stop does not keep the others running: at the end all such
   * errors are thrown together (AggregateError).
   */
  stop(times: StopTimes): Promise<void> {
    return (this.#stopped ??= this.#stopAll(times));
  }

  /** Ends every wait, of a stop that runs and of a later one. */
  cut(): void {
    this.#isCut = true;
    for (const cut of this.#cuts) cut();
  }

  async #stopAll({ announce, drain }: StopTimes): Promise<void> {
    await this.#goOn(announce);
    const errors: unknown[] = [];
    for (const stop of this.#stops.reverse())
      await stop(this.#isCut ? NO_TIME : drain).catch((error: unknown) => errors.push(error));
    if (errors.length > 0) throw new AggregateError(errors, `Cannot stop every part: ${errors.map(String).join('; ')}`);
  }

  async #goOn(time: Milliseconds): Promise<void> {
    if (this.#isCut || time <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(time, resolve);
      this.#cuts.push(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}
