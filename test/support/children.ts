/** Finds programs that another process has started. */
import { readFileSync } from 'node:fs';

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
};

/**
 * The process id of a child with that name and with that word on its command line. Undefined if
 * there is none.
 */
export const childOf = (pid: number, name: string, word = ''): number | undefined =>
  read(`/proc/${pid}/task/${pid}/children`)
    .split(' ')
    .map(Number)
    .find((child) => read(`/proc/${child}/comm`) === name && read(`/proc/${child}/cmdline`).includes(word));

/** True if a process runs. One that has ended but is still in the process table does not. */
export const isRunning = (pid: number): boolean => /^\d+ \(.*\) [^ZX]/.test(read(`/proc/${pid}/stat`));
