/**
 * What a suite needs of its machine: a compiler, a mail program, a right. If it is missing, the
 * test is skipped with a loud line. With CI=true the test fails, because a check that is skipped
 * unseen is a check that nobody runs.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const inCi = process.env.CI === 'true';

/** The reason to skip, or false if nothing is missing. `remedy`: how to get it. */
export function present(what: string, found: boolean, remedy: string): string | false {
  if (found) return false;
  const line = `SKIPPED: ${what} is not here; ${remedy}`;
  if (inCi) throw new Error(`${what} is required where CI=true; ${remedy}`);
  console.error(`\n*** ${line} ***\n`);
  return line;
}

/** True if a program with that name is in the PATH. */
export function hasProgram(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** For the `skip` option of a test: false, or the reason. */
export const withoutProgram = (name: string, apt: string): string | false =>
  present(`the program ${name}`, hasProgram(name), `install it with "apt-get install ${apt}"`);

/** True if this process may mount a file system. */
export function mayMount(folder: string): boolean {
  if (process.getuid?.() !== 0) return false;
  const done = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]);
  if (done.status !== 0) return false;
  spawnSync('umount', [folder]);
  return true;
}
