/** The caller's side of the threads that work on copies. */
import { existsSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { syncFolder } from '../../platform/lasting-files.ts';
import {
  type Copies,
  CopyFailed,
  type Draft,
  type DraftOptions,
  type Proof,
  type ProofRequest,
  type ProofResult,
  type SettleRequest,
  type SettledCopy,
} from '../copies.ts';
import type { Compared } from './copy-compare.ts';
import type { CopyJob, CopySays } from './copy-thread.ts';
import type { Taken } from './copy-take.ts';
import { FolderLock } from './folder-lock.ts';
import { DATABASE_FILE } from './writer-files.ts';

/** Milliseconds between reports of the copy's growth. */
const LOOK_EVERY = 500;

function inThread<T>(job: CopyJob, told: (result: ProofResult) => void = () => undefined): Promise<T> {
  const worker = new Worker(new URL('./copy-thread.ts', import.meta.url), {
    workerData: job,
    name: `copy-${job.kind}`,
  });
  return new Promise<T>((resolve, reject) => {
    worker.on('message', (says: CopySays) => {
      if (says.kind === 'told') told(says.result);
      else if (says.kind === 'done') resolve(says.result as T);
      else reject(new CopyFailed(says.message, { full: says.full }));
    });
    worker.on('error', (error) => reject(new CopyFailed(String(error))));
    worker.on('exit', () => reject(new CopyFailed('its thread is gone')));
  });
}

const sizeOf = async (path: string): Promise<number> => {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
};

type FileCopy = Taken & { readonly logOctets: number };

/**
 * Takes a copy. Rejects with CopyFailed; what was written of the copy stays for the caller to
 * remove. `anew`: in the form of a new file.
 */
export async function takeCopy(
  from: string,
  to: string,
  told: (octets: number) => void,
  anew = false,
): Promise<FileCopy> {
  let logOctets = 0;
  const look = async (): Promise<void> => {
    const [copied, log] = await Promise.all([sizeOf(to), sizeOf(`${from}-wal`)]);
    logOctets = Math.max(logOctets, log);
    told(copied);
  };
  const timer = setInterval(() => void look(), LOOK_EVERY);
  try {
    const taken = await inThread<Taken>({ kind: 'take', from, to, anew });
    await look();
    return { ...taken, logOctets };
  } finally {
    clearInterval(timer);
  }
}

/** Compares two copies. Rejects with CopyFailed, which says where they differ. */
export const compareCopies = (from: string, to: string): Promise<Compared> =>
  inThread<Compared>({ kind: 'compare', from, to });

const STORE_FILES = [DATABASE_FILE, `${DATABASE_FILE}-wal`, `${DATABASE_FILE}-shm`];

/** The database gets its name last. */
class FileDraft implements Draft {
  readonly #folder: string;
  readonly #path: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#path = join(folder, `${DATABASE_FILE}.restoring`);
  }

  has(name: string): boolean {
    return name === DATABASE_FILE;
  }

  async bring(_name: string, octets: AsyncIterable<Uint8Array>): Promise<void> {
    const file = await open(this.#path, 'wx', 0o600);
    try {
      for await (const piece of octets) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  prove(request: ProofRequest, told: (result: ProofResult) => void): Promise<Proof> {
    return inThread<Proof>({ kind: 'prove', path: this.#path, ...request }, told);
  }

  settle(request: SettleRequest): Promise<SettledCopy> {
    return inThread<SettledCopy>({ kind: 'settle', path: this.#path, ...request });
  }

  async place(): Promise<void> {
    await this.#remove(['-wal', '-shm']);
    await rename(this.#path, join(this.#folder, DATABASE_FILE));
    syncFolder(this.#folder);
  }

  async remove(): Promise<void> {
    await this.#remove(['', '-wal', '-shm', '-journal']);
  }

  async #remove(ends: readonly string[]): Promise<void> {
    for (const end of ends) await rm(this.#path + end, { force: true });
  }
}

export const sqliteCopies: Copies = {
  engine: 'sqlite',
  occupied: (folder) => STORE_FILES.find((name) => existsSync(join(folder, name))),
  lock: (dataFolder) => FolderLock.take(dataFolder),
  begin: async (folder: string, { until }: DraftOptions) => {
    if (until !== undefined)
      throw new CopyFailed('it is of one moment, and there is no log to bring it to another; leave --until out');
    const draft = new FileDraft(folder);
    await draft.remove();
    return draft;
  },
};
