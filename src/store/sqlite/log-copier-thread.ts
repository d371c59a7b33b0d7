/**
 * Copies the write-ahead log into the database when it is told to, on a connection of its own that
 * writes nothing else.
 */
import { workerData } from 'node:worker_threads';
import { type Db, copyLog, isFull, openWriting } from './database.ts';
import type { Copied, CopierStart } from './log-copier.ts';

function copy(db: Db | undefined): Copied {
  if (db === undefined) return { kind: 'unable' };
  try {
    return { kind: 'copied', ...copyLog(db, 'PASSIVE') };
  } catch (error) {
    if (isFull(error)) return { kind: 'full' };
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

function opened(path: string): Db | undefined {
  try {
    return openWriting(path, 'FULL');
  } catch {
    // Mostly because no descriptors are left. The writer then copies by itself.
    return undefined;
  }
}

function serve({ path, port, copying }: CopierStart): void {
  const db = opened(path);
  port.on('message', (task: 'copy' | 'end') => {
    if (task === 'copy') port.postMessage(copy(db));
    else {
      db?.close();
      port.close();
    }
    Atomics.store(copying, 0, 0);
    Atomics.notify(copying, 0);
  });
}

serve(workerData as CopierStart);
