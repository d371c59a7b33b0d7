/**
 * What the world does to us, as interfaces: time, randomness and the log are passed in, so that a
 * test decides them and two gateways can live in one process.
 */
import type { Instant, Milliseconds } from './units.ts';

/** A timer with an owner: whoever made it cancels it. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall clock. It may jump, also backwards. */
  now(): Instant;
  /** Never goes back; only differences mean anything. */
  monotonic(): Milliseconds;
  /** Runs `run` once, not before `delay` has passed. Does not keep the process alive. */
  after(delay: Milliseconds, run: () => void): Timer;
}

/** `length` unpredictable octets from the operating system. */
export type RandomBytes = (length: number) => Uint8Array;

/**
 * Values that a log line may carry. Never content, subject, password or key: see `platform/log.ts`.
 */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * One call, one line, one event. `event` is a stable name of the form `area.what` (`smtp.refused`),
 * listed in docs/signals.md; operators build alarms on it.
 */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** The same log with `fields` on every line. */
  with(fields: LogFields): Log;
}
