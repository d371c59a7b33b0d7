/**
 * A map with a limit: the entry that was set longest ago gives way to a new one. It is for memories
 * that strangers can fill.
 */
export class BoundedMap<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #limit: number;
  readonly #evicted: (key: K, value: V) => void;

  constructor(limit: number, evicted: (key: K, value: V) => void = () => undefined) {
    this.#limit = limit;
    this.#evicted = evicted;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /** Sets the entry and makes it the youngest. */
  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#limit) return;
    for (const [oldest, old] of this.#entries) {
      this.#entries.delete(oldest);
      this.#evicted(oldest, old);
      return;
    }
  }

  delete(key: K): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}
