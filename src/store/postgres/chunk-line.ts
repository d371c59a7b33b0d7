/**
 * Pieces of bodies that are being uploaded, over a connection of their own: a few together in a
 * transaction, so that a large message does not hold up small ones. Nobody is told of them, so
 * their commit waits neither for the disk nor for another place. The acceptance does: its commit
 * lies behind theirs in the log of the same server, so what flushes it has flushed them; and where
 * the server is another one by then, it finds that pieces are missing. Two connections have no
 * order between them: whoever files a body asks first whether its last piece is there (`through`).
 */
import type { Chunk } from '../core/engine.ts';
import { type Change, sql } from '../sql/sql.ts';
import { FairLine } from '../../platform/fair-line.ts';
import { StoreUnavailable } from '../store.ts';
import { longs, octets } from './binary-arrays.ts';
import type { PostgresRunner } from './runner.ts';

/** Of 256 KiB each. */
const TOGETHER = 4;
const MOST = 256;

export interface ChunkLineParts {
  readonly withChunks: <T>(work: (runner: PostgresRunner) => Promise<T>) => Promise<T>;
}

interface Waiting {
  readonly chunk: Chunk;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class ChunkLine {
  readonly #p: ChunkLineParts;
  readonly #line = new FairLine<Waiting>();
  #running = false;
  /** The last piece of each body that is on its way: settled when it is stored, or is not. */
  readonly #last = new Map<bigint, Promise<void>>();

  constructor(parts: ChunkLineParts) {
    this.#p = parts;
  }

  async add(chunk: Chunk): Promise<void> {
    if (this.#line.length >= MOST)
      throw new StoreUnavailable('Too many pieces of large messages wait to be stored; see whether PostgreSQL is slow');
    const stored = new Promise<void>((resolve, reject) => {
      this.#line.push(chunk.account, { chunk, resolve, reject });
      if (!this.#running) void this.#work();
    });
    const settled = stored.catch(() => undefined);
    this.#last.set(chunk.id, settled);
    try {
      await stored;
    } finally {
      if (this.#last.get(chunk.id) === settled) this.#last.delete(chunk.id);
    }
  }

  /**
   * Undefined: no piece of these bodies is on its way. Of one that could not be stored the
   * acceptance finds that it is missing.
   */
  through(bodies: readonly bigint[]): Promise<unknown> | undefined {
    const underway = bodies.flatMap((id) => this.#last.get(id) ?? []);
    return underway.length === 0 ? undefined : Promise.all(underway);
  }

  async #work(): Promise<void> {
    this.#running = true;
    // What comes in this turn goes together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#line.length > 0) {
      const some = this.#line.take(TOGETHER, TOGETHER);
      try {
        await this.#p.withChunks((runner) => runner.run(store(some.map(({ chunk }) => chunk))));
        for (const { resolve } of some) resolve();
      } catch (error) {
        for (const { reject } of some) reject(error);
      }
    }
    this.#running = false;
  }
}

function* store(chunks: readonly Chunk[]): Change<void> {
  const first = chunks.filter(({ n }) => n === 0);
  yield* sql.run`
    WITH opened AS (
      INSERT INTO upload (message, started_at)
      SELECT * FROM unnest(${longs(first.map(({ id }) => id))}::bigint[], ${longs(first.map(({ at }) => at))}::bigint[]))
    INSERT INTO chunk (message, n, sealed, tag)
    SELECT * FROM unnest(${longs(chunks.map(({ id }) => id))}::bigint[], ${longs(chunks.map(({ n }) => n))}::bigint[],
      ${octets(chunks.map(({ sealed }) => sealed))}::bytea[], ${octets(chunks.map(({ tag }) => tag))}::bytea[])
     WHERE (SELECT set_config('synchronous_commit', 'off', true)) = 'off'`;
}
