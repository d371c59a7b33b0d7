/**
 * A queue in which each key (mostly an account) waits only behind its own work: the keys take
 * turns, one piece each.
 *
 * With 28 connections, one account had 28 of 29 places in every queue of the gateway, and the other
 * account waited for all of them. Here it is one of two. Every place where work of several accounts
 * waits uses this: pieces of content and of commands (turns.ts), messages that are protected and
 * OpenPGP jobs (fair-slots.ts), what the writer of the store commits.
 */
export class FairLine<T> {
  /** Waiting items by key, in the order of turns: a key that was served goes behind the others. */
  readonly #waiting = new Map<unknown, T[]>();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** How many keys have items that wait. */
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

  /** The item whose turn it is. `may`: only keys for which it is true have a turn. */
  peek(may?: (key: unknown) => boolean): T | undefined {
    const key = this.#turn(may);
    return key === undefined ? undefined : this.#waiting.get(key.value)?.[0];
  }

  /** Takes the item that `peek` shows. */
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

  /**
   * The key whose turn it is, as an object, since a key may itself be undefined: work of nobody.
   */
  #turn(may?: (key: unknown) => boolean): { readonly value: unknown } | undefined {
    for (const value of this.#waiting.keys()) if (may === undefined || may(value)) return { value };
    return undefined;
  }
}
