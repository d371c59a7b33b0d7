/**
 * Runs something once a day in the morning, and soon after a start: what a crash cut short is made
 * good then.
 */
import type { Clock, Log, Timer } from '../domain/effects.ts';
import { type Milliseconds, hours, milliseconds, minutes } from '../domain/units.ts';
import { dayOf, instantOf } from '../domain/working-days.ts';

/** By the wall clock in Amsterdam, before practices open. */
const MORNING = hours(7);
const AFTER_START = minutes(2);
/** A timer is set no further ahead: the wall clock may be set meanwhile. */
const LONGEST = hours(1);
/** What is due and another gateway's to do is looked at again: that one may be gone. */
const AGAIN = minutes(1);

export interface Daily {
  /** Resolves when what runs now has ended. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export interface DailyParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly name: string;
  /** Rejections are logged; the next day tries again. */
  readonly run: (stopped: () => boolean) => Promise<void>;
  /** Whether it is this gateway's to do at present (`Jobs.runs`). Left out: always. */
  readonly mine?: () => boolean;
}

export function startDaily({ clock, log, name, run, mine = () => true }: DailyParts): Daily {
  let running = Promise.resolve();
  let stopped = false;
  let timer: Timer;
  /** The day whose morning run is due next. */
  let next = 0;
  let due = false;
  const start = (): void => {
    next = dayOf(clock.now()) + (clock.now() >= instantOf(dayOf(clock.now()), MORNING) ? 1 : 0);
    due = true;
    runMine();
  };
  const runMine = (): void => {
    if (!due || !mine()) return;
    due = false;
    running = running
      .then(() => run(() => stopped))
      .catch((error: unknown) => log.error('daily.failed', { what: name, why: String(error) }));
  };
  const wait = (): Milliseconds =>
    milliseconds(Math.min(due ? AGAIN : LONGEST, Math.max(1, instantOf(next, MORNING) - clock.now())));
  const look = (): void => {
    if (clock.now() >= instantOf(next, MORNING)) start();
    else runMine();
    timer = clock.after(wait(), look);
  };
  timer = clock.after(AFTER_START, () => {
    start();
    timer = clock.after(wait(), look);
  });
  return {
    settled: () => running,
    stop: async () => {
      stopped = true;
      timer.cancel();
      await running;
    },
  };
}
