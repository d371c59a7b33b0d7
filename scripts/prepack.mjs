// What `npm pack` does before it packs: builds, and lays package-lock.json beside itself as npm-shrinkwrap.json, the one name under which npm packs
// it. `--done` takes that away afterwards. Why: docs/decisions/1209-installing.md.
import { spawnSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const shrinkwrap = join(root, 'npm-shrinkwrap.json');

if (process.argv.includes('--done')) {
  rmSync(shrinkwrap, { force: true });
  process.exit();
}
// Standard output is what `npm pack --json` answers with.
const built = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { stdio: ['ignore', 2, 2] });
if (built.status !== 0) process.exit(built.status ?? 1);
copyFileSync(join(root, 'package-lock.json'), shrinkwrap);
