/**
 * Notices when a program that receives something from a server stands still. A server that hangs
 * says nothing, and keeps its connection: the program would wait for it until its own time is over,
 * and all that time nobody else takes a backup.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Timer } from '../../domain/effects.ts';
import { type Milliseconds, milliseconds, minutes } from '../../domain/units.ts';

export interface Standstill {
  readonly clock: Pick<Clock, 'monotonic' | 'after'>;
  /** The server, in words that the operator knows. */
  readonly server: string;
  /** How long the program may receive nothing and say nothing. */
  readonly within: Milliseconds;
  /** What it has received so far; the same value again is no progress. */
  readonly brought: () => Promise<string>;
}

/** Number of looks in the time `within`. */
const LOOKS = 10;

export class StandstillWatch {
  readonly #p: Standstill;
  readonly #ended: (why: string) => void;
  #moved: number;
  #last = '';
  #timer: Timer | undefined;
  #over = false;

  /** `ended` is called once at most, with what the operator should know. */
  constructor(parts: Standstill, ended: (why: string) => void) {
    this.#p = parts;
    this.#ended = ended;
    this.#moved = parts.clock.monotonic();
    this.#next();
  }

  /** The program said something. */
  said(): void {
    this.#moved = this.#p.clock.monotonic();
  }

  stop(): void {
    this.#over = true;
    this.#timer?.cancel();
  }

  #next(): void {
    const { clock, within } = this.#p;
    this.#timer = clock.after(milliseconds(within / LOOKS), () => void this.#look());
  }

  async #look(): Promise<void> {
    const { clock, server, within, brought } = this.#p;
    // A folder that cannot be read is none in which anything grows.
    const now = await brought().catch(() => this.#last);
    if (this.#over) return;
    if (now !== this.#last) this.said();
    this.#last = now;
    if (clock.monotonic() - this.#moved < within) return this.#next();
    this.#over = true;
    this.#ended(
      `nothing came from ${server} for ${within / minutes(1)} minutes, so it was stopped; see whether that server hangs, and whether what is on the way to it forgets connections`,
    );
  }
}

/**
 * Of the files in a folder whose name ends so: names, sizes and when each was last written. Files
 * of PostgreSQL's log have their full size from the begin.
 */
export async function stateOf(folder: string, ending = ''): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(ending));
  const states = await Promise.all(
    names.map(async (name) => {
      const { size, mtimeMs } = await stat(join(folder, name));
      return `${name} ${size} ${mtimeMs}`;
    }),
  );
  return states.sort().join('\n');
}
