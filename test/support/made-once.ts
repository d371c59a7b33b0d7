/**
 * Folders that take long to make and are the same for many tests. Each is made once for all files
 * that scripts/test.mjs runs, or once for this process without it. A test copies it.
 */
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const known = new Map<string, Promise<string>>();

/**
 * `name`: everything that makes it differ from others. `make`: fills an empty folder. Resolves to a
 * folder that nobody may change.
 */
export function madeOnce(name: string, make: (folder: string) => Promise<void> | void): Promise<string> {
  const made = known.get(name) ?? found(name, make);
  known.set(name, made);
  return made;
}

async function found(name: string, make: (folder: string) => Promise<void> | void): Promise<string> {
  const { SLUIS_TEST_SHARED: shared } = process.env;
  const kept = shared === undefined ? undefined : join(shared, name);
  if (kept !== undefined && existsSync(kept)) return kept;
  const folder = mkdtempSync(join(shared ?? tmpdir(), 'sluis-once-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  await make(folder);
  return kept === undefined ? folder : shareAs(kept, folder);
}

/** If two processes make one at the same time, either one may be used. */
function shareAs(kept: string, folder: string): string {
  try {
    renameSync(folder, kept);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST' && code !== 'ENOTEMPTY') throw error;
  }
  return kept;
}
