/**
 * Bodies on their way, over a connection of their own: chunks of large ones while they are uploaded, and small ones in parts in front of their acceptance. A few
 * go together in a statement that commits by itself, so that a large message does not hold up small ones. Nobody is told of them, so the commit waits neither
 * for the disk nor for another place. The acceptance does: its commit lies behind theirs in the log of the same server, so what flushes it has flushed them;
 * and where the server is another one by then, it finds that pieces are missing. Two connections have no order between them: whoever files a body asks
 * first whether its last piece is there (`through`).
 */
import type { AcceptWork } from '../changes/accept-work.ts';
import type { Chunk } from '../core/engine.ts';
import { type Change, sql } from '../sql/sql.ts';
import { FairLine } from '../../platform/fair-line.ts';
import { StoreUnavailable } from '../store.ts';
import { longs, octets } from './binary-arrays.ts';
import { type BodyPart, partsOf, withoutParts } from './body-parts.ts';
import type { PostgresRunner } from './runner.ts';

/** Bodies and chunks of a statement, and their octets: one at least, however long it is. */
const TOGETHER = 64;
const TOGETHER_OCTETS = 1024 * 1024;
/** What may wait. */
const MOST = 5000;
const MOST_OCTETS = 64 * 1024 * 1024;

export interface ChunkLineParts {
  /** Lends a runner of a connection on which each statement commits by itself. */
  readonly withChunks: <T>(work: (runner: PostgresRunner) => Promise<T>) => Promise<T>;
}

interface Waiting {
  readonly pieces: readonly BodyPart[];
  /** Of a body that somebody may give up before it is whole: where this is its first chunk, when it began. */
  readonly began: { readonly id: bigint; readonly at: number } | undefined;
  readonly octets: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class ChunkLine {
  readonly #p: ChunkLineParts;
  readonly #line = new FairLine<Waiting>();
  #octets = 0;
  #running = false;
  /** The last piece of each body that is on its way: settled when it is stored, or is not. */
  readonly #last = new Map<bigint, Promise<void>>();

  constructor(parts: ChunkLineParts) {
    this.#p = parts;
  }

  async add(chunk: Chunk): Promise<void> {
    const { id, n, at, account } = chunk;
    const stored = this.#add(account, [chunk], n === 0 ? { id, at } : undefined);
    const settled = stored.catch(() => undefined);
    this.#last.set(id, settled);
    try {
      await stored;
    } finally {
      if (this.#last.get(id) === settled) this.#last.delete(id);
    }
  }

  /** Stores the small bodies of a work; resolves with the work as it is filed then. */
  async ahead(work: AcceptWork): Promise<AcceptWork> {
    const parts = partsOf(work);
    if (parts.length === 0) return work;
    await this.#add(work.submitter, parts, undefined);
    return withoutParts(work);
  }

  /** Undefined: no piece of these bodies is on its way. Of one that could not be stored the acceptance finds that it is missing. */
  through(bodies: readonly bigint[]): Promise<unknown> | undefined {
    const underway = bodies.flatMap((id) => this.#last.get(id) ?? []);
    return underway.length === 0 ? undefined : Promise.all(underway);
  }

  async #add(account: number, pieces: Waiting['pieces'], began: Waiting['began']): Promise<void> {
    const octets = pieces.reduce((sum, { sealed }) => sum + sealed.length, 0);
    if (this.#line.length >= MOST || this.#octets + octets > MOST_OCTETS)
      throw new StoreUnavailable('Too many bodies of messages wait to be stored; see whether PostgreSQL is slow');
    await new Promise<void>((resolve, reject) => {
      this.#octets += octets;
      this.#line.push(account, { pieces, began, octets, resolve, reject });
      if (!this.#running) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#running = true;
    // What comes in this turn goes together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#line.length > 0) {
      const some = this.#take();
      try {
        await this.#p.withChunks((runner) => runner.run(store(some)));
        for (const { resolve } of some) resolve();
      } catch (error) {
        for (const { reject } of some) reject(error);
      }
    }
    this.#running = false;
  }

  #take(): readonly Waiting[] {
    const some: Waiting[] = [];
    for (let octets = 0; some.length < TOGETHER;) {
      const next = this.#line.peek();
      if (next === undefined || (some.length > 0 && octets + next.octets > TOGETHER_OCTETS)) break;
      this.#line.shift();
      octets += next.octets;
      this.#octets -= next.octets;
      some.push(next);
    }
    return some;
  }
}

function* store(some: readonly Waiting[]): Change<void> {
  const began = some.flatMap((one) => one.began ?? []);
  const pieces = some.flatMap((one) => one.pieces);
  yield* sql.run`
    WITH opened AS (
      INSERT INTO upload (message, started_at)
      SELECT * FROM unnest(${longs(began.map(({ id }) => id))}::bigint[], ${longs(began.map(({ at }) => at))}::bigint[]))
    INSERT INTO chunk (message, n, sealed, tag)
    SELECT * FROM unnest(${longs(pieces.map(({ id }) => id))}::bigint[], ${longs(pieces.map(({ n }) => n))}::bigint[],
      ${octets(pieces.map(({ sealed }) => sealed))}::bytea[], ${octets(pieces.map(({ tag }) => tag))}::bytea[])
     WHERE (SELECT set_config('synchronous_commit', 'off', true)) = 'off'`;
}
