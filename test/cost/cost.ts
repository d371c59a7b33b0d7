/** What a piece of work costs a gateway: counts of all its threads, and octets in the log of the store. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { openReading } from '../../src/store/sqlite/database.ts';
import { DATABASE_FILE } from '../../src/store/sqlite/writer-files.ts';
import type { Instance, Served } from '../support/instance.ts';
import { until } from '../support/until.ts';
import type { Counter } from './counting.ts';

export type Cost = Readonly<Record<Counter | 'walOctets', number>>;

const COUNTING = new URL('counting.js', import.meta.url).href;

export class Costs {
  readonly #instance: Instance;
  readonly #file: string;
  readonly #served: Served;

  private constructor(instance: Instance, file: string, served: Served) {
    this.#instance = instance;
    this.#file = file;
    this.#served = served;
  }

  /** Serves the instance with its costs counted. */
  static async serve(instance: Instance): Promise<Costs> {
    const file = join(instance.folder, 'cost.json');
    const served = await instance.serve({ nodeOptions: ['--import', COUNTING], env: { COST_FILE: file } });
    return new Costs(instance, file, served);
  }

  /** The median of each count over some runs, of the log's octets the lower quartile: what a timer of the gateway does in between is in few of them. */
  async of(work: () => Promise<void>, runs = 7): Promise<Cost> {
    const seen: Cost[] = [];
    // While somebody reads, the log does not begin anew; else it does so wherever it happens to have been copied to its end.
    const reader = openReading(join(this.#instance.data, DATABASE_FILE));
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM fact').get();
    for (let i = 0; i < runs; i += 1) {
      const before = await this.#now();
      await work();
      const after = await this.#now();
      seen.push(
        Object.fromEntries(
          Object.entries(after).map(([name, n]) => [name, n - before[name as keyof Cost]]),
        ) as unknown as Cost,
      );
    }
    reader.close();
    // Pages come on top where a table splits one, or what waited for a quiet moment is written: on a busy machine in more than half of the runs.
    const middle = (name: keyof Cost): number =>
      seen.map((cost) => cost[name]).sort((a, b) => a - b)[name === 'walOctets' ? runs >> 2 : runs >> 1] ?? -1;
    return Object.fromEntries(
      Object.keys(seen[0] ?? {}).map((name) => [name, middle(name as keyof Cost)]),
    ) as unknown as Cost;
  }

  async #now(): Promise<Cost> {
    rmSync(this.#file, { force: true });
    this.#served.signal('SIGUSR2');
    await until('the counts are told', () => existsSync(this.#file));
    const counts = JSON.parse(readFileSync(this.#file, 'utf8')) as Record<Counter, number>;
    return { ...counts, walOctets: await walOctetsOf(join(this.#instance.data, `${DATABASE_FILE}-wal`)) };
  }
}

/** Of the frames of the write-ahead log, by its own salt: what stands behind them is of before. */
async function walOctetsOf(path: string): Promise<number> {
  const file = await open(path);
  try {
    const { buffer: head } = await file.read(Buffer.alloc(32), 0, 32, 0);
    const frame = head.readUInt32BE(8) + 24;
    const { size } = await file.stat();
    let frames = 0;
    for (; 32 + (frames + 1) * frame <= size; frames += 1) {
      const { buffer } = await file.read(Buffer.alloc(24), 0, 24, 32 + frames * frame);
      if (!buffer.subarray(8, 16).equals(head.subarray(16, 24))) break;
    }
    return frames * frame;
  } finally {
    await file.close();
  }
}
