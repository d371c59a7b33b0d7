/** Files that must not exist yet. */
import { existsSync } from 'node:fs';
import { CommandError } from '../../cli/exit.ts';
import { writeSynced } from '../../platform/lasting-files.ts';

export function refuseExisting(paths: readonly string[]): void {
  const existing = paths.filter((path) => existsSync(path));
  if (existing.length > 0)
    throw new CommandError(
      'conflict',
      `Cannot initialise: ${existing.join(', ')} ${existing.length === 1 ? 'exists' : 'exist'} already, and nothing is overwritten; choose another place, or move the old files away`,
    );
}

/** Writes one, durably. */
export const writeNew = (path: string, text: string, mode: number): void => writeSynced(path, text, mode, 'wx');
