/**
 * The thread of one piece of work on a copy of the database: taken, proved or settled, then it
 * ends.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Proof, ProofResult, SettledCopy } from '../copies.ts';
import { type CompareJob, type Compared, compare } from './copy-compare.ts';
import { type ProveJob, proveCopy } from './copy-proof.ts';
import { type SettleJob, settleCopy } from './copy-settle.ts';
import { type TakeJob, type Taken, takeCopy } from './copy-take.ts';
import { isFull } from './database.ts';

export type CopyJob = TakeJob | CompareJob | ProveJob | SettleJob;

export type CopySays =
  | { readonly kind: 'told'; readonly result: ProofResult }
  | { readonly kind: 'done'; readonly result: Taken | Compared | Proof | SettledCopy }
  | { readonly kind: 'failed'; readonly message: string; readonly full: boolean };

function work(port: MessagePort, job: CopyJob): void {
  const say = (message: CopySays): void => port.postMessage(message);
  try {
    say({ kind: 'done', result: run(job, (result) => say({ kind: 'told', result })) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    say({ kind: 'failed', message, full: isFull(error) || (error as NodeJS.ErrnoException).code === 'ENOSPC' });
  }
}

function run(job: CopyJob, told: (result: ProofResult) => void): Taken | Compared | Proof | SettledCopy {
  switch (job.kind) {
    case 'take':
      return takeCopy(job);
    case 'compare':
      return compare(job);
    case 'prove':
      return proveCopy(job, told);
    case 'settle':
      return settleCopy(job);
  }
}

if (parentPort !== null) work(parentPort, workerData as CopyJob);
