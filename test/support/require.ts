/**
 * What a suite needs from the machine it runs on: a compiler, a mail program, a right. Where it is
 * missing the test is skipped with a loud line; with CI=true it is red instead, because a check
 * that nobody sees skipped is a check that nobody runs.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const inCi = process.env.CI === 'true';

/** The reason to skip, or false when nothing is missing. `remedy` tells how to get it. */
export function present(what: string, found: boolean, remedy: string): string | false {
  if (found) return false;
  const line = `SKIPPED: ${what} is not here; ${remedy}`;
  if (inCi) throw new Error(`${what} is required where CI=true; ${remedy}`);
  console.error(`\n*** ${line} ***\n`);
  return line;
}

/** True when a program of that name is on the PATH. */
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

/** True when this process may mount a file system. */
export function mayMount(folder: string): boolean {
  if (process.getuid?.() !== 0) return false;
  const done = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]);
  if (done.status !== 0) return false;
  spawnSync('umount', [folder]);
  return true;
}
