// The production tree of a package: what `npm pack` makes, its packages in the versions of the lock, and Node. Files that no machine of this kind loads are left
// out. Twice from one commit it is the same, octet for octet.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, lstatSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { arch } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The file that is the command `sluis`, in the tree. */
export const COMMAND = 'scripts/sluis.mjs';

/** Runs a program; what it says on standard output. Whatever ends it badly ends the whole. */
export function run(program, words, options = {}) {
  const ran = spawnSync(program, words, {
    ...{ cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, stdio: ['ignore', 'pipe', 'inherit'] },
    ...options,
  });
  if (ran.error?.code === 'ENOENT')
    throw new Error(`Cannot run ${program}: it is not installed; on Debian its package brings it`);
  if (ran.status !== 0)
    throw new Error(
      `${[program, ...words].join(' ')} ended with ${ran.status ?? ran.signal}\n${ran.stdout}${ran.stderr ?? ''}`,
    );
  return ran.stdout;
}

/** Seconds of the commit that is packed, which stand in place of today everywhere. */
export function epochOf() {
  const told = process.env.SOURCE_DATE_EPOCH ?? run('git', ['log', '-1', '--format=%ct']).trim();
  if (!/^\d{1,11}$/.test(told))
    throw new Error(`Cannot use SOURCE_DATE_EPOCH "${told}": expected seconds since 1970; correct or unset it`);
  return Number(told);
}

/** What Debian, npm and images call this kind of machine. */
export const MACHINES = {
  x64: { debian: 'amd64', libraries: 'x86_64-linux-gnu' },
  arm64: { debian: 'arm64', libraries: 'aarch64-linux-gnu' },
};
export const machine = MACHINES[arch()];

/** Sources of packages and their forms for other machines (24 MB), types, and settings of their editors: nothing loads them. */
const unused = (path) =>
  /(^|\/)\.[^/]+$/.test(path) ||
  /^better-sqlite3\/(deps|src|binding\.gyp)/.test(path) ||
  (/^better-sqlite3\/prebuilds\/./.test(path) && !path.endsWith(`/linux-${arch()}.node`)) ||
  /\.(map|d\.ts|d\.mts|d\.cts)$/.test(path);

/** Packs, unpacks and installs into `folder`, which must not be there; answers the path of the packed file. */
export function makeTree(folder, keep) {
  if (machine === undefined)
    throw new Error(`Cannot make a package on ${arch()}: expected x64 or arm64; use such a machine`);
  mkdirSync(folder, { recursive: true });
  run('npm', ['pack', '--silent', '--pack-destination', keep]);
  const packed = join(keep, `sluis-${version}.tgz`);
  run('tar', ['-xzf', packed, '-C', folder, '--strip-components=1', '--no-same-owner']);
  // npm's lines of progress are none of the answer. Of no package a script runs: docs/decisions/1505.
  run('npm', ['ci', '--omit=dev', '--ignore-scripts', '--prefix', folder, '--no-audit', '--no-fund'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const packages = join(folder, 'node_modules');
  for (const name of readdirSync(packages, { recursive: true, encoding: 'utf8' }).filter(unused))
    rmSync(join(packages, name), { recursive: true, force: true });
  copyNode(join(folder, 'node'));
  plainModes(folder);
  return packed;
}

/** npm's form of Node's binary, whose checksum stands in the lock. */
function copyNode(to) {
  const from = join(root, 'node_modules', `node-linux-${arch()}`);
  mkdirSync(join(to, 'bin'), { recursive: true });
  copyFileSync(join(from, 'bin', 'node'), join(to, 'bin', 'node'));
  copyFileSync(join(from, 'LICENSE'), join(to, 'LICENSE'));
  chmodSync(join(to, 'bin', 'node'), 0o755);
}

/** The same modes whatever the umask of who packs; a package may have been packed by somebody with another one. */
export function plainModes(folder) {
  chmodSync(folder, 0o755);
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const found = lstatSync(path);
    if (found.isDirectory()) plainModes(path);
    else if (!found.isSymbolicLink())
      chmodSync(path, path.endsWith(`/${COMMAND}`) || path.endsWith('/node/bin/node') ? 0o755 : 0o644);
  }
}
