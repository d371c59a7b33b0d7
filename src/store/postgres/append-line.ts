/**
 * Rows for the trail that no change carries: logins, refusals, fetched mail. No caller waits for
 * them, so none repeats them: while the database is away they wait here, and are written when it is
 * back, in the order in which they were noted.
 *
 * Where the outcome of a commit is not known, the place that the last row was given in its lane
 * says whether they stand: it is looked for on another connection, behind a commit of its own.
 */
import type { AuditItem } from '../../domain/audit-row.ts';
import type { Clock } from '../../domain/effects.ts';
import { milliseconds } from '../../domain/units.ts';
import { flag, text } from '../sql/columns.ts';
import { type Change, sql } from '../sql/sql.ts';
import { OutcomeUnknown, StoreUnavailable } from '../store.ts';
import type { LanePlace } from './lane.ts';
import type { Worker } from './working.ts';

const PAUSE = milliseconds(250);

export interface AppendParts {
  readonly withWorker: <T>(work: (worker: Pick<Worker, 'append' | 'lane' | 'changer'>) => Promise<T>) => Promise<T>;
  readonly clock: Pick<Clock, 'after'>;
}

export class AppendLine {
  readonly #p: AppendParts;
  #before: Promise<unknown> = Promise.resolve();
  #closing = false;
  #wake: () => void = () => undefined;

  constructor(parts: AppendParts) {
    this.#p = parts;
  }

  /**
   * Resolves when the rows are durable; rejects only at the end of the store, or for rows that
   * cannot be written.
   */
  async append(items: readonly AuditItem[]): Promise<void> {
    const written = this.#before.then(() => this.#write(items));
    this.#before = written.catch(() => undefined);
    await written;
  }

  /** Gives up rows that cannot be written now. */
  close(): void {
    this.#closing = true;
    this.#wake();
  }

  async #write(items: readonly AuditItem[]): Promise<void> {
    for (let unsure: LanePlace | undefined; ;) {
      let tried: LanePlace | undefined;
      try {
        const { withWorker } = this.#p;
        const last = unsure;
        if (last !== undefined) {
          // When this commit stands at the other place, the earlier one does as well, and can be
          // seen.
          await withWorker(({ changer }) => changer.run(barrier));
          if (await withWorker(({ changer }) => changer.run(() => stands(last)))) return;
        }
        unsure = undefined;
        return await withWorker(async ({ append, lane }) => {
          await append(items).finally(() => (tried = lane.tried));
        });
      } catch (error) {
        if (!(error instanceof StoreUnavailable) || this.#closing) throw error;
        if (error instanceof OutcomeUnknown) unsure ??= tried;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#p.clock.after(PAUSE, resolve);
      });
    }
  }
}

function* barrier(): Change<void> {
  yield* sql.all({ said: text })`SELECT CAST(pg_logical_emit_message(true, 'sluis', 'trail') AS text) AS said`;
}

function* stands({ lane, place }: LanePlace): Change<boolean> {
  const { there } = yield* sql.one({ there: flag })`
    SELECT EXISTS (SELECT 1 FROM audit WHERE lane = ${lane} AND place = ${place}) AS there`;
  return there;
}
