/**
 * The path of a Unix socket may have only 107 octets (`sockaddr_un` on Linux; 103 elsewhere), but a
 * data folder may lie deeper. On Linux the folder is opened and the socket is named through
 * `/proc/self/fd`, which is always short.
 */
import { closeSync, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';

const LONGEST = 103;

export interface UsablePath {
  readonly path: string;
  /** Call it after bind or connect. */
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
