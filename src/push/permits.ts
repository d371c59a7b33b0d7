/**
 * A number of permits for all partners together; whoever had to wait is told in the order of
 * asking, one for each that comes back.
 */
export class Permits {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(permits: number) {
    this.#free = permits;
  }

  get free(): number {
    return this.#free;
  }

  /**
   * Takes a permit; false if there is none, and then `told` is called once when one may be free.
   * Asking again keeps the place in the line.
   */
  take(told: () => void): boolean {
    if (this.#free > 0) {
      this.#free--;
      return true;
    }
    this.#waiting.add(told);
    return false;
  }

  give(): void {
    this.#free++;
    const [first] = this.#waiting;
    if (first === undefined) return;
    this.#waiting.delete(first);
    first();
  }
}
