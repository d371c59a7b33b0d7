/**
 * Collects the log lines of one turn of the event loop and writes them at once. Each write is a
 * system call, and sixteen messages that share a commit would make sixteen calls.
 *
 * Code that answers a client or an operator writes the lines first (`flush`), so that the answer
 * stands in the log whatever happens next. All other lines are written when the work of the moment
 * has ended, before the loop continues; also at an exit, and after an error that ends the process.
 */

/** Lines are written at once if so many characters wait. */
const MOST = 64 * 1024;

export class LogLines {
  #write: (text: string) => void = () => undefined;
  #waiting = '';
  readonly #later: (task: () => void) => void;
  readonly #flush = this.flush.bind(this);

  constructor(later = (task: () => void): void => process.nextTick(task)) {
    this.#later = later;
  }

  /** Writes all lines to `write` from now on. */
  to(write: (text: string) => void): void {
    this.flush();
    this.#write = write;
  }

  /** Adds a line, with its line end. */
  add(line: string): void {
    if (this.#waiting === '') this.#later(this.#flush);
    this.#waiting += line;
    if (this.#waiting.length >= MOST) this.flush();
  }

  flush(): void {
    if (this.#waiting === '') return;
    const text = this.#waiting;
    this.#waiting = '';
    this.#write(text);
  }
}

/** The lines of this process. */
export const logLines = new LogLines();
