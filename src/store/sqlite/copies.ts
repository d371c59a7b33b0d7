/** The calling thread's face of the work on copies. */
import { stat } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { type Copies, CopyFailed, type Proof, type ProofResult, type SettledCopy, type StoreCopy } from '../copies.ts';
import type { Compared } from './copy-compare.ts';
import type { CopyJob, CopySays } from './copy-thread.ts';
import type { Taken } from './copy-take.ts';
import { FolderLock } from './folder-lock.ts';

/** How often the growth of the copy is told. */
const LOOK_EVERY = 500;

function inThread<T>(job: CopyJob, told: (result: ProofResult) => void = () => undefined): Promise<T> {
  const worker = new Worker(new URL('./copy-thread.js', import.meta.url), {
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

/** Rejects with CopyFailed; what was written of the copy stays for the caller to remove. `anew`: in the form of a new file. */
export async function takeCopy(
  from: string,
  to: string,
  told: (octets: number) => void,
  anew = false,
): Promise<StoreCopy> {
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

/** Rejects with CopyFailed, which says where the two differ. */
export const compareCopies = (from: string, to: string): Promise<Compared> =>
  inThread<Compared>({ kind: 'compare', from, to });

export const sqliteCopies: Copies = {
  prove: (request, told) => inThread<Proof>({ kind: 'prove', ...request }, told),
  settle: (request) => inThread<SettledCopy>({ kind: 'settle', ...request }),
  lock: (dataFolder) => FolderLock.take(dataFolder),
};
