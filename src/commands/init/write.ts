/** Files that must not exist yet. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { CommandError } from '../../cli/exit.ts';
import { writeSynced } from '../../platform/lasting-files.ts';

/** A volume that was just mounted exists, but holds nothing. */
const isEmptyFolder = (path: string): boolean => statSync(path).isDirectory() && readdirSync(path).length === 0;

export function refuseExisting(paths: readonly string[]): void {
  const existing = paths.filter((path) => existsSync(path) && !isEmptyFolder(path));
  if (existing.length > 0)
    throw new CommandError(
      'conflict',
      `Cannot initialise: ${existing.join(', ')} ${existing.length === 1 ? 'exists' : 'exist'} already, and nothing is overwritten; choose another place, or move the old files away`,
    );
}

/** Writes a new file, and returns when it is on the disk. */
export const writeNew = (path: string, text: string, mode: number): void => writeSynced(path, text, mode, 'wx');
