/**
 * Tells when files have changed.
 *
 * It looks at them, and does not wait to be told: inotify watches inodes, and misses what certbot,
 * a container platform and a network disk do (a link that leads elsewhere, a file replaced by
 * renaming). Two to eight `stat` calls every few seconds cost nothing.
 */
import { stat } from 'node:fs/promises';
import type { Clock, Timer } from '../domain/effects.ts';
import type { Milliseconds } from '../domain/units.ts';

export interface FileWatchOptions {
  readonly files: readonly string[];
  readonly every: Milliseconds;
  readonly clock: Clock;
  /**
   * Called once for each change, when two looks in a row saw the same state: a key and its
   * certificate are not written in one moment.
   */
  readonly changed: () => void;
}

export class FileWatch {
  readonly #options: FileWatchOptions;
  #known: string | undefined;
  #before: string | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: FileWatchOptions) {
    this.#options = options;
  }

  /** Remembers the files as they are now, and looks at them from now on. */
  async start(): Promise<void> {
    this.#known = this.#before = await this.#state();
    this.#wait();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Looks once; called by the timer. */
  async look(): Promise<void> {
    const now = await this.#state();
    const settled = now === this.#before;
    this.#before = now;
    if (!settled || now === this.#known || this.#stopped) return;
    this.#known = now;
    this.#options.changed();
  }

  #wait(): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.after(this.#options.every, () => {
      void this.look().finally(() => this.#wait());
    });
  }

  async #state(): Promise<string> {
    const all = await Promise.all(
      this.#options.files.map((file) =>
        stat(file, { bigint: true }).then(
          ({ dev, ino, size, mtimeNs, ctimeNs }) => [dev, ino, size, mtimeNs, ctimeNs].join(':'),
          (error: unknown) => (error as NodeJS.ErrnoException).code ?? 'unreadable',
        ),
      ),
    );
    return all.join(' ');
  }
}
