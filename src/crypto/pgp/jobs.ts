/** Turns for jobs: so many run, so many wait, in order; the rest is told at once that there is no room. */
export interface Slot {
  free(): void;
}

export class PgpJobs {
  readonly #limits: { readonly running: number; readonly waiting: number };
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limits: { readonly running: number; readonly waiting: number }) {
    this.#limits = limits;
  }

  async take(): Promise<Slot | 'busy'> {
    if (this.#running < this.#limits.running) this.#running += 1;
    else {
      if (this.#waiting.length >= this.#limits.waiting) return 'busy';
      // Who frees a slot gives it to the next: it stays counted.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    let freed = false;
    return {
      free: () => {
        if (freed) return;
        freed = true;
        const next = this.#waiting.shift();
        if (next === undefined) this.#running -= 1;
        else next();
      },
    };
  }
}
