/**
 * Of several gateways that have one folder for backups, one works in it at a time: a file says that
 * somebody does, and is touched while they do. Who finds it untouched for a minute takes it over:
 * its gateway has gone. Both times are those of the folder's own disk, so clocks need not agree.
 * One that hung, and goes on after that, leaves the file of whoever is at work now alone.
 */
import { randomUUID } from 'node:crypto';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
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
  /** Content of the file while the turn is ours. */
  readonly #mark: string;
  #timer: Timer | undefined;

  private constructor(path: string, clock: Clock, mark: string) {
    this.#path = path;
    this.#clock = clock;
    this.#mark = mark;
    this.#later();
  }

  /** Undefined: another one is at work. Rejects if the folder cannot be written. */
  static async take(folder: string, clock: Clock): Promise<FolderTurn | undefined> {
    await makeFolder(folder);
    const path = join(folder, NAME);
    const mark = randomUUID();
    if (await made(path, mark)) return new FolderTurn(path, clock, mark);
    if (!(await isGone(folder, path))) return undefined;
    await rm(path, { force: true });
    return (await made(path, mark)) ? new FolderTurn(path, clock, mark) : undefined;
  }

  #later(): void {
    this.#timer = this.#clock.after(TOUCH_EVERY, () => {
      void this.#touch().catch(() => undefined);
      this.#later();
    });
  }

  async #touch(): Promise<void> {
    // Written, so that its time is that of the disk.
    if (await this.#isOurs()) await writeFile(this.#path, this.#mark, { flag: 'r+' });
  }

  async #isOurs(): Promise<boolean> {
    return (await readFile(this.#path, 'utf8')) === this.#mark;
  }

  async end(): Promise<void> {
    this.#timer?.cancel();
    if (await this.#isOurs().catch(() => false)) await rm(this.#path, { force: true });
  }
}

async function made(path: string, mark: string): Promise<boolean> {
  try {
    await writeFile(path, mark, { mode: 0o600, flag: 'wx' });
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    // On a full disk the file is made and stays empty: everybody would wait for somebody who is not
    // at work.
    await rm(path, { force: true });
    throw error;
  }
}

async function isGone(folder: string, path: string): Promise<boolean> {
  const probe = join(folder, PROBE);
  await writeFile(probe, '', { mode: 0o600 });
  const [now, there] = [await stat(probe), await stat(path).catch(() => undefined)];
  return there === undefined || now.mtimeMs - there.mtimeMs > GONE;
}
