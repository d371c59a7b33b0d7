/**
 * Values that were read and are remembered. The memory is exact: a change makes it forget what
 * depends on it before the change is answered, and the result of a read that was under way
 * meanwhile is returned, but not kept.
 */
import { Lru } from './lru.ts';

export class Remembered<K, V> {
  readonly #known: Lru<K, V>;
  /** Rises whenever something is forgotten. */
  #forgotten = 0;

  /** `most`: number of values that are kept. An undefined value is not kept. */
  constructor(most: number) {
    this.#known = new Lru(most);
  }

  known(key: K): V | undefined {
    return this.#known.get(key);
  }

  async get(key: K, read: () => Promise<V>): Promise<V> {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const before = this.#forgotten;
    const found = await read();
    if (before === this.#forgotten) this.#known.set(key, found);
    return found;
  }

  /** Forgets a value, also one that is unknown here: it may be on its way. */
  forget(key: K): void {
    this.#forgotten += 1;
    this.#known.delete(key);
  }

  forgetAll(): void {
    this.#forgotten += 1;
    this.#known.clear();
  }
}
