/**
 * The reserve: a file of real blocks beside the database. When the disk is full it is given back, so that what must still be written (locks,
 * deletions at QUIT, audit rows) has room, while new mail waits.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { syncFolder } from '../../platform/lasting-files.ts';

const STEP = 1024 * 1024;

/** Octets that an unprivileged process can still write in the folder. */
export function freeOctetsOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

export class Reserve {
  readonly #path: string;
  readonly #octets: number;

  constructor(dataFolder: string, octets: number) {
    this.#path = join(dataFolder, 'reserve');
    this.#octets = octets;
  }

  get there(): boolean {
    return this.#octets === 0 || (existsSync(this.#path) && statSync(this.#path).size >= this.#octets);
  }

  release(): void {
    if (this.#octets > 0) rmSync(this.#path, { force: true });
  }

  /** Writes real octets, because a hole reserves nothing. False, and nothing left behind, when there is no room. */
  make(): boolean {
    if (this.there) return true;
    const draft = `${this.#path}.new`;
    const file = openSync(draft, 'w', 0o600);
    try {
      // Not zeros: a file system that compresses or punches them out would reserve nothing.
      const step = Buffer.alloc(STEP, 'sluis reserve ');
      for (let at = 0; at < this.#octets; at += STEP) writeSync(file, step, 0, Math.min(STEP, this.#octets - at));
      fsyncSync(file);
    } catch {
      rmSync(draft, { force: true });
      return false;
    } finally {
      closeSync(file);
    }
    renameSync(draft, this.#path);
    syncFolder(dirname(this.#path));
    return true;
  }
}
