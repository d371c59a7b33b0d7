/** `--watch`: shows the same again and again, until Ctrl-C. */
import { setTimeout } from 'node:timers/promises';
import { Option, InvalidArgumentError } from 'commander';
import { instant } from '../domain/units.ts';
import { timeOfDay } from '../domain/working-days.ts';
import type { Terminal } from './terminal.ts';

/** Seconds. Nobody looks longer, and a forgotten terminal must not ask for ever. */
const LONGEST = 12 * 3600;
const MOST_SECONDS = 3600;

export const watchOption = (): Option =>
  new Option('--watch [seconds]', 'show it again every 2 seconds, or this number of seconds, until Ctrl-C')
    .preset('2')
    .argParser((text: string) => {
      const n = /^\d{1,4}$/.test(text) ? Number(text) : 0;
      if (n < 1 || n > MOST_SECONDS)
        throw new InvalidArgumentError(`expected a number of seconds from 1 to ${MOST_SECONDS}.`);
      return n;
    });

/**
 * Calls `show` again and again. Its output is collected and then shown as a whole. A terminal is
 * redrawn each time; elsewhere one output stands below the other. If `show` throws, because the
 * gateway has gone for example, the watch ends.
 */
export async function watched(
  terminal: Terminal,
  { seconds, json = false }: { readonly seconds: number; readonly json?: boolean },
  show: (terminal: Terminal) => Promise<void>,
): Promise<void> {
  const stopped = new AbortController();
  const stop = (): void => stopped.abort();
  process.once('SIGINT', stop);
  try {
    for (let n = 0; n * seconds < LONGEST && !stopped.signal.aborted; n += 1) {
      let text = json ? '' : `Every ${seconds} s, Ctrl-C ends it; ${clock()}\n\n`;
      const add = (piece: string): void => void (text += piece);
      await show({ ...terminal, out: add, err: add });
      (terminal.redraw ?? terminal.out)(terminal.redraw === undefined && !json ? `${text}\n` : text);
      // It rejects when the watch is stopped.
      await setTimeout(seconds * 1000, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  } finally {
    process.off('SIGINT', stop);
  }
}

const clock = (): string => new Date(timeOfDay(instant(Date.now()))).toISOString().slice(11, 19);
