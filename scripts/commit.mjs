// Which commit a package comes from, so that two of one version can be told apart. The commit's own date, never today's: packing the
// same commit twice gives the same files.
import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';

/** What the program is made of. A change elsewhere makes no other program. */
const SOURCES = ['src', 'scripts', 'package.json', 'package-lock.json', 'tsconfig.json'];

/**
 * `{ hash, date, changed }`: 12 hex digits, the day in UTC, and whether a source differs from the commit. Undefined where nobody can tell: no git, no
 * commit, or a repository of somebody else around the tree. Where the tree comes without its repository, such as in a container, the variable
 * SLUIS_COMMIT names it: what `git log -1 --format='%H %ct'` prints.
 */
export function commitOf(root, given = process.env.SLUIS_COMMIT ?? '') {
  const told = git(root, 'rev-parse', '--show-toplevel');
  const own = told !== undefined && realpathSync(told) === realpathSync(root);
  const commit = own ? git(root, 'log', '-1', '--format=%H %ct') : given;
  const [, hash, seconds] = /^([0-9a-f]{12})[0-9a-f]{28,52} (\d{1,11})$/.exec(commit ?? '') ?? [];
  if (hash === undefined) return undefined;
  const changed = own && git(root, 'status', '--porcelain', '--', ...SOURCES) !== '';
  return { hash, date: new Date(Number(seconds) * 1000).toISOString().slice(0, 10), changed };
}

function git(root, ...args) {
  // A hook of git sets GIT_DIR and GIT_INDEX_FILE: they may be those of another tree.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));
  const ran = spawnSync('git', ['--no-optional-locks', ...args], { cwd: root, encoding: 'utf8', env });
  return ran.status === 0 ? ran.stdout.trim() : undefined;
}
