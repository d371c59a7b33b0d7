/**
 * What a piece of work costs a gateway: counts of all its threads, and octets in the log of the
 * store.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { openReading } from '../../src/store/sqlite/database.ts';
import { DATABASE_FILE } from '../../src/store/sqlite/writer-files.ts';
import type { Instance, Served } from '../support/instance.ts';
import { until } from '../support/until.ts';
import type { Counter } from './counting.ts';

export type Cost = Readonly<Record<Counter | 'walOctets', number>>;

const COUNTING = new URL('counting.ts', import.meta.url).href;

/**
 * Milliseconds: for the notes of the trail twice their delay, for what is written in a quiet moment
 * a few turns of the loop.
 */
const NOTED = 1000;
const WRITTEN = 30;
/** Milliseconds in which a note waits for a commit to join, and some to spare. */
const TOGETHER = 400;

export class Costs {
  readonly #instance: Instance;
  readonly #file: string;
  readonly #served: Served;
  readonly #log: LogOctets;

  private constructor(instance: Instance, file: string, served: Served) {
    this.#instance = instance;
    this.#file = file;
    this.#served = served;
    this.#log = new LogOctets(join(instance.data, `${DATABASE_FILE}-wal`));
  }

  /** Serves the instance with its costs counted. */
  static async serve(instance: Instance): Promise<Costs> {
    const file = join(instance.folder, 'cost.json');
    const served = await instance.serve({ nodeOptions: ['--import', COUNTING], env: { COST_FILE: file } });
    return new Costs(instance, file, served);
  }

  /**
   * The median of each count over some runs: what a timer of the gateway does meanwhile is in few
   * of them. What is written behind a run (notes for the trail half a second later, search tables
   * in a quiet moment) is waited for, so that it is not counted in the next one. A run that takes
   * so long that its own notes do not wait for its end any more is repeated, at most `runs` times
   * in all: on a busy machine they leave by themselves.
   */
  async of(work: () => Promise<void>, runs = 7): Promise<Cost> {
    let seen: Cost[] = [];
    const slow: Cost[] = [];
    // The first run fills caches, and notes who has come for the first time.
    await work();
    await this.#still(NOTED);
    // While somebody reads, the log does not begin again; else it does so wherever it happens to
    // have been copied to its end.
    const reader = openReading(join(this.#instance.data, DATABASE_FILE));
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM fact').get();
    for (let i = 0; i < 2 * runs && seen.length < runs; i += 1) {
      const before = await this.#still(WRITTEN);
      const began = performance.now();
      await work();
      const after = await this.#now();
      const into = performance.now() - began < TOGETHER ? seen : slow;
      into.push(
        Object.fromEntries(
          Object.entries(after).map(([name, n]) => [name, n - before[name as keyof Cost]]),
        ) as unknown as Cost,
      );
    }
    reader.close();
    seen = [...seen, ...slow].slice(0, runs);
    const middle = (name: keyof Cost): number => seen.map((cost) => cost[name]).sort((a, b) => a - b)[runs >> 1] ?? -1;
    return Object.fromEntries(
      Object.keys(seen[0] ?? {}).map((name) => [name, middle(name as keyof Cost)]),
    ) as unknown as Cost;
  }

  /** The counts once they have stood still for so long. */
  async #still(time: number): Promise<Cost> {
    let last = await this.#now();
    let since = performance.now();
    await until('the gateway does nothing by itself', async () => {
      const now = await this.#now();
      if (!isDeepStrictEqual(now, last)) since = performance.now();
      last = now;
      return performance.now() - since >= time;
    });
    return last;
  }

  async #now(): Promise<Cost> {
    rmSync(this.#file, { force: true });
    this.#served.signal('SIGUSR2');
    await until('the counts are told', () => existsSync(this.#file));
    const counts = JSON.parse(readFileSync(this.#file, 'utf8')) as Record<Counter, number>;
    return { ...counts, walOctets: await this.#log.now() };
  }
}

/**
 * How far one log has been looked through: each look goes on where the one before ended, or the
 * looks would cost more than what is measured.
 */
class LogOctets {
  readonly #path: string;
  #salt = Buffer.alloc(0);
  #frames = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Of the frames of the write-ahead log, by its own salt: what stands behind them is of before.
   */
  async now(): Promise<number> {
    const file = await open(this.#path);
    try {
      const { buffer: head } = await file.read(Buffer.alloc(32), 0, 32, 0);
      const frame = head.readUInt32BE(8) + 24;
      const salt = head.subarray(16, 24);
      // The log began again.
      if (!salt.equals(this.#salt)) [this.#salt, this.#frames] = [salt, 0];
      const { size } = await file.stat();
      for (; 32 + (this.#frames + 1) * frame <= size; this.#frames += 1) {
        const { buffer } = await file.read(Buffer.alloc(24), 0, 24, 32 + this.#frames * frame);
        if (!buffer.subarray(8, 16).equals(salt)) break;
      }
      return this.#frames * frame;
    } finally {
      await file.close();
    }
  }
}
