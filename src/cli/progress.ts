/** Progress of long work, on standard error. */

interface Progress {
  readonly show: (done: number, total: number) => void;
  readonly end: () => void;
}

const WIDTH = 24;

/** A bar for a person who looks; nothing for a log. A `total` of 0 is not known yet: then it counts. */
export function showProgress(unit = ''): Progress {
  if (!process.stderr.isTTY) return { show: () => undefined, end: () => undefined };
  let shown = '';
  return {
    show: (done, total) => {
      const text = barOf(done, total, unit);
      // Each is written over the one before.
      process.stderr.write(`\r${text.padEnd(shown.length)}`);
      shown = text;
    },
    end: () => {
      if (shown !== '') process.stderr.write('\r\u001b[K');
    },
  };
}

export function barOf(done: number, total: number, unit: string): string {
  if (total <= 0) return `${done} ${unit}`.trimEnd();
  const full = Math.min(WIDTH, Math.floor((WIDTH * done) / total));
  return `[${'#'.repeat(full)}${'-'.repeat(WIDTH - full)}] ${done} of ${total} ${unit}`.trimEnd();
}
