/**
 * A line in which each key (an account, mostly) waits behind its own work alone: whoever stands in
 * it takes turns, one piece each.
 *
 * One account with 28 connections used to be 28 of 29 in every line of the gateway, and the other
 * waited for all of them. Here it is one of two. Every place where work of several accounts waits
 * uses this: pieces of content and of commands (turns.ts), messages that are protected and OpenPGP
 * jobs (fair-slots.ts), what the writer of the store commits.
 */
export class FairLine<T> {
  /** Waiting items in the order of their turns: a key that was served goes behind the others. */
  readonly #waiting = new Map<unknown, T[]>();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Keys that somebody waits for. */
  get keys(): number {
    return this.#waiting.size;
  }

  has(key: unknown): boolean {
    return this.#waiting.has(key);
  }

  push(key: unknown, item: T): void {
    const own = this.#waiting.get(key);
    if (own === undefined) this.#waiting.set(key, [item]);
    else own.push(item);
    this.#length += 1;
  }

  /** The item whose turn it is; with `may`, only of keys for which it is true. */
  peek(may?: (key: unknown) => boolean): T | undefined {
    const key = this.#turn(may);
    return key === undefined ? undefined : this.#waiting.get(key.value)?.[0];
  }

  /** Takes what `peek` shows. */
  shift(may?: (key: unknown) => boolean): T | undefined {
    const key = this.#turn(may);
    if (key === undefined) return undefined;
    const own = this.#waiting.get(key.value) ?? [];
    this.#waiting.delete(key.value);
    const item = own.shift();
    if (own.length > 0) this.#waiting.set(key.value, own);
    this.#length -= 1;
    return item;
  }

  /** Takes up to `most` items, and of each key up to `each`. */
  take(most: number, each: number): T[] {
    const taken: T[] = [];
    const counts = new Map<unknown, number>();
    const may = (key: unknown): boolean => (counts.get(key) ?? 0) < each;
    while (taken.length < most) {
      const key = this.#turn(may);
      const item = key === undefined ? undefined : this.shift(may);
      if (key === undefined || item === undefined) break;
      counts.set(key.value, (counts.get(key.value) ?? 0) + 1);
      taken.push(item);
    }
    return taken;
  }

  /** Removes an item; false if it does not wait. */
  remove(key: unknown, item: T): boolean {
    const own = this.#waiting.get(key);
    const at = own?.indexOf(item) ?? -1;
    if (own === undefined || at < 0) return false;
    own.splice(at, 1);
    if (own.length === 0) this.#waiting.delete(key);
    this.#length -= 1;
    return true;
  }

  clear(): void {
    this.#waiting.clear();
    this.#length = 0;
  }

  /** A key may be undefined: work of nobody. */
  #turn(may?: (key: unknown) => boolean): { readonly value: unknown } | undefined {
    for (const value of this.#waiting.keys()) if (may === undefined || may(value)) return { value };
    return undefined;
  }
}
