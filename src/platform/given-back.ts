/** The memory of a content on its way out. */

/** Slices, as in `StoredContent` of the store. */
interface Slices {
  slices(): AsyncIterable<Uint8Array>;
  release?(slice: Uint8Array): void;
}

/**
 * Slices, each of which is given back when the next one is asked for: whoever takes them is done
 * with a slice by then, the operating system too. Left to the garbage collector, what 50 clients
 * ask for that do not read was seen to grow to 87 MiB. A slice at which the taker breaks off is
 * left to it: a write of it may be under way.
 */
export async function* givenBack(content: Slices): AsyncGenerator<Uint8Array, void, void> {
  for await (const slice of content.slices()) {
    yield slice;
    content.release?.(slice);
  }
}
