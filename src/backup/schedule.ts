/**
 * When the next backup is due, and the timer that looks. What was last is read from the backups
 * themselves, so a restart forgets nothing.
 */
import type { Clock, Timer } from '../domain/effects.ts';
import { type Instant, type Milliseconds, days, instant, milliseconds, minutes } from '../domain/units.ts';
import { dayOf, instantOf } from '../domain/working-days.ts';

export interface Rhythm {
  readonly every: Milliseconds;
  /** Milliseconds since midnight in Amsterdam. */
  readonly at?: Milliseconds;
}

/** Pure. `last`: begin of the last good one; without one it is due at once. */
export function dueAt({ every, at }: Rhythm, last: Instant | undefined): Instant {
  if (last === undefined) return instant(0);
  if (at === undefined) return instant(last + every);
  // The first such time of day after all of its days but one: one that was taken by hand in between
  // moves nothing.
  const after = instant(last + Math.max(0, every - days(1)));
  const today = instantOf(dayOf(after), at);
  return today > after ? today : instantOf(dayOf(after) + 1, at);
}

export interface ScheduleParts {
  readonly clock: Clock;
  /** Does what is due; rejects where it failed, and is tried again after a while. */
  readonly round: () => Promise<void>;
  /** Default: two hours. */
  readonly longestRetry?: Milliseconds;
  /** Whether it is this gateway's to do at present (`Jobs.runs`). Left out: always. */
  readonly mine?: () => boolean;
}

export interface Schedule {
  /** Resolves when what runs now has ended. */
  settled(): Promise<void>;
  stop(): void;
}

/** While everybody reconnects after a start there is enough to do. */
const AFTER_START = minutes(2);
/** The wall clock may be set meanwhile. */
const LOOK_EVERY = minutes(1);
/** After a failure, doubled each time. */
const RETRY = minutes(5);
const LONGEST_RETRY = minutes(120);

export function startSchedule({
  clock,
  round,
  longestRetry = LONGEST_RETRY,
  mine = () => true,
}: ScheduleParts): Schedule {
  let timer: Timer;
  let failures = 0;
  let running = Promise.resolve();
  let stopped = false;
  const look = (): void => {
    if (!mine()) {
      again(LOOK_EVERY);
      return;
    }
    running = round().then(
      () => {
        failures = 0;
        again(LOOK_EVERY);
      },
      // Logged where it failed.
      () => {
        failures += 1;
        again(milliseconds(Math.min(RETRY * 2 ** (failures - 1), longestRetry)));
      },
    );
  };
  const again = (after: Milliseconds): void => {
    if (!stopped) timer = clock.after(after, look);
  };
  timer = clock.after(AFTER_START, look);
  return {
    settled: () => running,
    stop: () => {
      stopped = true;
      timer.cancel();
    },
  };
}
