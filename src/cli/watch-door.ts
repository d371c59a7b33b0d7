/**
 * Measures how long a service was away. It asks the port for a greeting again and again, one
 * connection at a time. The result is the longest time from the last greeting before a failure to
 * the first greeting after it: the worst that a client may have seen. It tests only the greeting,
 * not whether mail was accepted.
 */
import { connect } from 'node:net';
import type { Clock } from '../domain/effects.ts';

export interface Outage {
  /** The last greeting before the outage, in ISO 8601. */
  readonly from: string;
  /** The first greeting after it; absent if there was none until the end. */
  readonly until?: string;
  readonly seconds: number;
}

export interface Watched {
  readonly looks: number;
  readonly failed: number;
  /** The longest outage, in seconds. */
  readonly longest: number;
  readonly outages: readonly Outage[];
}

/** Most outages that are listed one by one; further ones are only counted in `failed`. */
const MOST_OUTAGES = 100;

export interface WatchParts {
  readonly look: () => Promise<boolean>;
  readonly pause: () => Promise<void>;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  /** How long to watch, in milliseconds. */
  readonly time: number;
}

export async function watchDoor({ look, pause, clock, time }: WatchParts): Promise<Watched> {
  const end = clock.monotonic() + time;
  const outages: Outage[] = [];
  let [looks, failed, longest] = [0, 0, 0];
  let good = { at: clock.now(), monotonic: clock.monotonic() };
  let away = false;
  const note = (until?: string): void => {
    const seconds = Math.round(clock.monotonic() - good.monotonic) / 1000;
    longest = Math.max(longest, seconds);
    const from = new Date(good.at).toISOString();
    if (outages.length < MOST_OUTAGES) outages.push({ from, ...(until === undefined ? {} : { until }), seconds });
  };
  while (clock.monotonic() < end) {
    looks += 1;
    if (await look()) {
      const at = clock.now();
      if (away) note(new Date(at).toISOString());
      good = { at, monotonic: clock.monotonic() };
      away = false;
    } else {
      failed += 1;
      away = true;
    }
    await pause();
  }
  if (away) note();
  return { looks, failed, longest, outages };
}

/**
 * Resolves with true for a greeting of SMTP or POP3 that is no refusal. A gateway that stops says
 * `421` or `-ERR`.
 */
export function greets(host: string, port: number, patience: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const timer = setTimeout(() => end(false), patience);
    const end = (greeted: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(greeted);
    };
    socket.once('data', (text: Buffer) => end(/^(220|\+OK)[ -]/.test(text.toString('latin1', 0, 4))));
    socket.once('error', () => end(false)).once('close', () => end(false));
  });
}
