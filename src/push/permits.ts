/**
 * A number of permits that all partners share. Those that had to wait are told in the order in
 * which they asked, one for each permit that comes back.
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
   * Takes a permit; false if there is none, and then `told` is called once when one may be free. A
   * second call with the same `told` keeps its place in the queue.
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
