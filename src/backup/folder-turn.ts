/**
 * Of several gateways that have one folder for backups, one works in it at a time: a file says that somebody does, and is touched while they do. Who finds it
 * untouched for a minute takes it over: its gateway has gone. Both times are those of the folder's own disk, so clocks need not agree.
 */
import { open, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Timer } from '../domain/effects.ts';
import { minutes, seconds } from '../domain/units.ts';
import { makeFolder } from './files.ts';
import { isCode } from './refused.ts';

const NAME = '.at-work';
const PROBE = '.now';
const TOUCH_EVERY = seconds(10);
const GONE = minutes(1);

export class FolderTurn {
  readonly #path: string;
  readonly #clock: Clock;
  #timer: Timer | undefined;

  private constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
    this.#later();
  }

  /** Undefined: another one is at work. */
  static async take(folder: string, clock: Clock): Promise<FolderTurn | undefined> {
    await makeFolder(folder);
    const path = join(folder, NAME);
    if (await made(path)) return new FolderTurn(path, clock);
    if (!(await isGone(folder, path))) return undefined;
    await rm(path, { force: true });
    return (await made(path)) ? new FolderTurn(path, clock) : undefined;
  }

  #later(): void {
    this.#timer = this.#clock.after(TOUCH_EVERY, () => {
      // Its time is that of the disk.
      void writeFile(this.#path, '.').catch(() => undefined);
      this.#later();
    });
  }

  async end(): Promise<void> {
    this.#timer?.cancel();
    await rm(this.#path, { force: true });
  }
}

async function made(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx', 0o600)).close();
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

async function isGone(folder: string, path: string): Promise<boolean> {
  const probe = join(folder, PROBE);
  await writeFile(probe, '', { mode: 0o600 });
  const [now, there] = [await stat(probe), await stat(path).catch(() => undefined)];
  return there === undefined || now.mtimeMs - there.mtimeMs > GONE;
}
