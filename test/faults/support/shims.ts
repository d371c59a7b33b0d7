/**
 * Compiles the preload libraries that stand for bad disks and clocks. They exist only in tests: the
 * product has no switch for them.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasProgram, present } from '../../support/require.ts';

export type ShimName = 'power' | 'syncfail' | 'clock';

/** The `skip` option of a test that needs a shim. */
export const withoutCompiler = (): string | false =>
  present('a C compiler (cc)', hasProgram('cc'), 'install it with "apt-get install gcc libc6-dev"');

const made = new Map<ShimName, string>();
let folder: string | undefined;

/** The path of the compiled library, for LD_PRELOAD. */
export function shim(name: ShimName): string {
  const known = made.get(name);
  if (known !== undefined) return known;
  folder ??= temporaryFolder();
  const source = fileURLToPath(new URL(`../shims/${name}.c`, import.meta.url));
  const library = join(folder, `${name}.so`);
  const compiled = spawnSync('cc', ['-shared', '-fPIC', '-O2', '-Wall', '-o', library, source, '-ldl', '-lpthread'], {
    encoding: 'utf8',
  });
  if (compiled.status !== 0) throw new Error(`Cannot compile ${name}.c: ${compiled.stderr}`);
  made.set(name, library);
  return library;
}

function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'sluis-shims-'));
  process.once('exit', () => rmSync(path, { recursive: true, force: true }));
  return path;
}
