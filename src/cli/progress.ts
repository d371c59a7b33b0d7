/** Progress of long work, on standard error. */

interface Progress {
  /** `phase`: another one than the first, where the work has several. */
  readonly show: (done: number, total: number, phase?: string) => void;
  readonly end: () => void;
}

const WIDTH = 24;

/**
 * A bar for a person who looks; nothing for a log. A `total` of 0 is not known yet: then it counts.
 * `phase` is a verb, such as "Checking": who waits sees what for.
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
