/** How `check` finds out whether the gateway's user may write to a place and run a program. */
import { constants, accessSync, closeSync, existsSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { reasonOf, thisUser } from '../config/files.ts';
import { ConfigError, shown } from '../config/problem.ts';
import type { Config } from '../config/schema.ts';
import { hasOtherRights, tryToWrite } from '../platform/other-user.ts';
import { isInside } from '../platform/paths.ts';

const whoseRights = (): string => (hasOtherRights() ? `the user ${thisUser()}` : 'this user');

export const folderOf = (file: string | undefined): string | undefined =>
  file === undefined ? undefined : dirname(file);

/**
 * Checks that a folder may be written. What does not exist yet, the gateway makes in the nearest
 * folder that exists.
 */
export function mayWrite(config: Config, path: string, folder: string | undefined): readonly string[] {
  if (folder === undefined) return [];
  // These folders belong to root until the unit's first start gives them to its user.
  if (hasOtherRights() && [config.data.folder, config.keys.folder].some((own) => isInside(folder, own))) return [];
  let place = folder;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  try {
    if (!statSync(place).isDirectory()) throw Object.assign(new Error('no folder'), { code: 'ENOTDIR' });
    accessSync(place, constants.W_OK | constants.X_OK);
    if (hasOtherRights()) tryToWrite(place);
    return [];
  } catch (error) {
    throw new ConfigError(config.file, [
      {
        path,
        value: shown(folder),
        expected: `a folder that ${whoseRights()} may write, or a place where it can be made`,
        remedy: `"${place}" cannot be written (${(error as NodeJS.ErrnoException).code ?? 'no code'}); correct the path or its rights`,
      },
    ]);
  }
}

export function runnable(config: Config, path: string, command: readonly string[] | undefined): readonly string[] {
  const [program] = command ?? [];
  if (program === undefined) return [];
  try {
    accessSync(program, constants.X_OK);
    // `access` asks for the rights with which the process began. A program that may be run may
    // nearly always be read, so it is opened.
    if (hasOtherRights()) closeSync(openSync(program, 'r'));
    return [];
  } catch (error) {
    throw new ConfigError(config.file, [
      {
        path,
        value: shown(program),
        expected: `a program that ${whoseRights()} may run`,
        remedy: `${reasonOf(error)}; correct the path`,
      },
    ]);
  }
}
