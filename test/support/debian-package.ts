/**
 * Packages for the tests: made as an operator makes them, or taken apart and changed into the next
 * version.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../peers/shell.ts';
import { runs } from './debian-machine.ts';

export const { version: VERSION } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly version: string;
};

/** SHA-256 of a file, in hexadecimal digits. */
export const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Makes the package in `folder` with that umask. Returns its path. */
export function makePackage(folder: string, umask = '022'): string {
  const script = join(root, 'scripts', 'package', 'deb.mjs');
  const made = runs('sh', ['-c', `umask ${umask} && exec "$0" "$1" --out "$2"`, process.execPath, script, folder]);
  return made.trim();
}

/**
 * The same package with another version number and one changed file. It is packed with weak
 * compression, since good compression takes a minute.
 */
export function nextPackage(
  deb: string,
  folder: string,
  version: string,
  file: string,
  change: (text: string) => string,
): string {
  const stage = join(folder, `stage-${version}`);
  runs('dpkg-deb', ['-R', deb, stage]);
  const edit = (path: string, to: (text: string) => string): void => {
    const before = readFileSync(path, 'utf8');
    const after = to(before);
    if (after === before) throw new Error(`Cannot change ${path}: nothing in it is what was to be changed`);
    writeFileSync(path, after);
  };
  edit(join(stage, 'DEBIAN', 'control'), (text) => text.replace(/^Version: .*$/m, `Version: ${version}`));
  edit(join(stage, file), change);
  const next = join(folder, `sluis_${version}_amd64.deb`);
  runs('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z1', '--build', stage, next]);
  return next;
}
