/** Progress of long work, on standard error. */

interface Progress {
  readonly show: (done: number, total: number) => void;
  readonly end: () => void;
}

/** A line that counts, for a person who looks; nothing for a log. */
export function showProgress(unit = ''): Progress {
  if (!process.stderr.isTTY) return { show: () => undefined, end: () => undefined };
  let shown = false;
  return {
    show: (done, total) => {
      shown = true;
      process.stderr.write(`\r${done} of ${total} ${unit} `);
    },
    end: () => {
      if (shown) process.stderr.write('\r\u001b[K');
    },
  };
}
