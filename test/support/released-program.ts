/**
 * A released version as a program, built from its commit and installed as its README said. It needs
 * the history of the repository, and npm's registry.
 */
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../peers/shell.ts';
import { runs } from './debian-machine.ts';
import { present } from './require.ts';

/** The last commit of each version that has no tag. */
const COMMITS = { '0.1.0': 'd22683ad68afea3789e431566d2cb6360e6bc142' } as const;
export type ReleasedVersion = keyof typeof COMMITS;

/** For the `skip` option of a test. */
export function withoutHistory(version: ReleasedVersion): string | false {
  let isThere = true;
  try {
    runs('git', ['cat-file', '-e', COMMITS[version]], undefined, root);
  } catch {
    isThere = false;
  }
  return present(`the commit of ${version}`, isThere, 'clone the repository with its history');
}

/**
 * Packs the version in `folder`, unpacks it at `place` and fetches its packages. `place` must not
 * exist.
 */
export function installReleased(version: ReleasedVersion, folder: string, place: string): void {
  const source = join(folder, `source-${version}`);
  mkdirSync(source);
  runs('sh', ['-c', 'git -C "$0" archive "$1" | tar -x -C "$2"', root, COMMITS[version], source]);
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund'];
  runs('npm', ['ci', ...quiet], undefined, source);
  runs('npm', ['pack'], undefined, source);
  mkdirSync(place, { recursive: true });
  const packed = join(source, `sluis-${version}.tgz`);
  runs('tar', ['-xzf', packed, '-C', place, '--strip-components=1', '--no-same-owner']);
  runs('npm', ['ci', '--omit=dev', ...quiet, '--prefix', place], undefined, source);
  // The SQLite driver of that time had to be compiled, or fetched from elsewhere. Today's driver
  // has the same calls, and comes compiled.
  const driver = join(place, 'node_modules', 'better-sqlite3');
  if (existsSync(join(driver, 'prebuilds'))) return;
  rmSync(driver, { recursive: true });
  cpSync(join(root, 'node_modules', 'better-sqlite3'), driver, { recursive: true });
}
