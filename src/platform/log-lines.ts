/**
 * The lines of the log of one turn of the event loop, written at once: each write is a call of the
 * system, and sixteen messages that share a commit would make sixteen.
 *
 * Whoever answers a client or an operator writes them first (`flush`), so that what was answered
 * stands in the log whatever happens next. The rest goes when the work of the moment has ended,
 * before the loop goes on; at an exit, and after an error that ends the process, too.
 */

/** Lines are written at once when so many characters wait. */
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
