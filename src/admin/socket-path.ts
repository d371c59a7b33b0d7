/**
 * A Unix socket's path may have 107 octets (sockaddr_un of Linux; 103 elsewhere), a data folder's
 * path more. On Linux the folder is opened and the socket named through `/proc/self/fd`, which is
 * short however deep the folder lies.
 */
import { closeSync, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';

const LONGEST = 103;

export interface UsablePath {
  readonly path: string;
  /** Call it when bind or connect is done. */
  close(): void;
}

export function usablePath(path: string): UsablePath {
  if (Buffer.byteLength(path) <= LONGEST) return { path, close: () => undefined };
  if (process.platform !== 'linux')
    throw new Error(
      `Cannot use the control socket "${path}": its path is longer than ${LONGEST} octets; set data.control-socket to a shorter one`,
    );
  const folder = openSync(dirname(path), 'r');
  return { path: `/proc/self/fd/${folder}/${basename(path)}`, close: () => closeSync(folder) };
}
