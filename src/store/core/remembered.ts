/**
 * What was read, remembered. It is exact: whoever hears of a change forgets what depends on it before the change is answered, and a read that was
 * under way meanwhile is answered, but not kept.
 */
import { Lru } from './lru.ts';

export class Remembered<K, V> {
  readonly #known: Lru<K, V>;
  /** Rises when something is forgotten. */
  #forgotten = 0;

  /** `most`: of the values that are kept. One that is undefined is not. */
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

  /** Also where it is not known: it may be on its way. */
  forget(key: K): void {
    this.#forgotten += 1;
    this.#known.delete(key);
  }

  forgetAll(): void {
    this.#forgotten += 1;
    this.#known.clear();
  }
}
