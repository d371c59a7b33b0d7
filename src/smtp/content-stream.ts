/**
 * A message's slices as the stream that nodemailer reads. Whoever destroys it, read or not, ends
 * the reading of the store.
 */
import { Readable } from 'node:stream';

export class ContentStream extends Readable {
  readonly #rest: AsyncIterator<Uint8Array>;
  readonly #asked: () => void;
  #first: Uint8Array | undefined;

  /** `first` was read already; `asked` is told whenever the reader wants another slice. */
  constructor(first: Uint8Array, rest: AsyncIterator<Uint8Array>, asked: () => void) {
    super({ highWaterMark: 64 * 1024 });
    this.#first = first;
    this.#rest = rest;
    this.#asked = asked;
  }

  override _read(): void {
    const first = this.#first;
    this.#first = undefined;
    if (first !== undefined) {
      this.push(first);
      return;
    }
    this.#asked();
    this.#rest.next().then(
      (next) => this.push(next.done === true ? null : next.value),
      (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const ended = this.#rest.return?.() ?? Promise.resolve();
    ended.then(
      () => done(error),
      () => done(error),
    );
  }
}

/** True when any octet is above 127; reads no further than the first one. */
export async function hasEightBit(slices: AsyncIterable<Uint8Array>): Promise<boolean> {
  for await (const slice of slices) {
    for (const octet of slice) if (octet > 127) return true;
  }
  return false;
}
