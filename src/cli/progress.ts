/** Progress of long work, on standard error. */

interface Progress {
  /** `phase`: the present phase, if it is not the first one. */
  readonly show: (done: number, total: number, phase?: string) => void;
  readonly end: () => void;
}

const WIDTH = 24;

/**
 * Shows a bar to a person at a terminal, and nothing in a log. While `total` is 0 it is not known,
 * and the bar only counts. `phase` is a verb such as "Checking", which says what the person waits
 * for.
 */
export function showProgress(phase: string, unit: string): Progress {
  if (!process.stderr.isTTY) return { show: () => undefined, end: () => undefined };
  let shown = '';
  return {
    show: (done, total, now = phase) => {
      const text = barOf(now, done, total, unit);
      // Each text overwrites the previous one.
      process.stderr.write(`\r${text.padEnd(shown.length)}`);
      shown = text;
    },
    end: () => {
      if (shown !== '') process.stderr.write('\r\u001b[K');
    },
  };
}

export function barOf(phase: string, done: number, total: number, unit: string): string {
  if (total <= 0) return `${phase}: ${done} ${unit}`;
  const full = Math.min(WIDTH, Math.floor((WIDTH * done) / total));
  return `${phase}: [${'#'.repeat(full)}${'-'.repeat(WIDTH - full)}] ${done} of ${total} ${unit}`;
}
