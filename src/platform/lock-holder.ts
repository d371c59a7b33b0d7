/** Finds the process that holds a lock on a file, as the kernel tells it. */
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { LockHolder } from '../domain/lock-holder.ts';

/**
 * proc_locks(5): number, kind, manner, READ or WRITE, process, device and inode, first octet. The
 * line of a process that waits has `->` before its kind.
 */
const HELD = /^\d+: POSIX +\w+ +WRITE (\d+) \w+:\w+:(\d+) /;

/**
 * Undefined if no process holds the lock, if it is this one, or if the kernel does not tell:
 * outside Linux, and across containers.
 */
export function lockHolder(path: string): LockHolder | undefined {
  try {
    // The device is not compared: some file systems name another device here than in `stat`.
    const inode = String(statSync(path).ino);
    for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
      const [, holder, of] = HELD.exec(line) ?? [];
      if (of === inode && Number(holder) > 0 && Number(holder) !== process.pid) return named(Number(holder));
    }
  } catch {
    // The file has gone, or there is no /proc.
  }
  return undefined;
}

function named(holder: number): LockHolder {
  try {
    const words = readFileSync(`/proc/${holder}/cmdline`, 'utf8').split('\0');
    const at = words.findIndex((word) => ['sluis', 'sluis.mjs', 'main.ts'].includes(basename(word)));
    const command = at < 0 ? undefined : words[at + 1];
    // Only the first word: the words behind it may name a person.
    if (command !== undefined && /^[a-z][a-z-]*$/.test(command))
      return { process: holder, command: `sluis ${command}` };
  } catch {
    // The process has ended meanwhile.
  }
  return { process: holder };
}
