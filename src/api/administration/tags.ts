/**
 * ETags of things that are read and changed under one path. A change that names what its client saw
 * (`If-Match`) is refused if the thing has changed since. Between this check and the change no
 * other request of the API changes it: one that comes meanwhile waits.
 */
import { createHash } from 'node:crypto';
import { problem } from '../core/problem.ts';

/** The ETag of a representation in JSON. */
export const etagOf = (json: unknown): string =>
  `"${createHash('sha256').update(JSON.stringify(json)).digest().subarray(0, 16).toString('base64url')}"`;

export const changedMeanwhile = () =>
  problem(
    412,
    'changed',
    'It has changed meanwhile',
    'It has changed since the ETag in If-Match: read it again, look what changed, and send your change with the new ETag',
  );

/** Runs work on one thing one after the other. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  async take<T>(of: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(of) ?? Promise.resolve();
    const done = before.then(work);
    const mine = done.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(of, mine);
    try {
      return await done;
    } finally {
      if (this.#last.get(of) === mine) this.#last.delete(of);
    }
  }
}
