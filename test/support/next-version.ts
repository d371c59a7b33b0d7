/**
 * An artificial later version of the program: a copy of this one with more migrations of
 * PostgreSQL.
 */
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Cleanup } from './store.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MIGRATIONS = join('src', 'store', 'postgres', 'migrations');

/**
 * Path of its `main.ts`. `migrations`: SQL, each the next migration after the last one that exists.
 */
export function nextVersion(t: Cleanup, migrations: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-next-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(ROOT, 'src'), join(folder, 'src'), { recursive: true });
  for (const name of ['package.json', 'node_modules']) symlinkSync(join(ROOT, name), join(folder, name));
  const newest = Math.max(...readdirSync(join(ROOT, MIGRATIONS)).map((name) => Number(name.slice(0, 4))));
  for (const [n, sql] of migrations.entries())
    writeFileSync(join(folder, MIGRATIONS, `${String(newest + 1 + n).padStart(4, '0')}_artificial.sql`), sql);
  return join(folder, 'src', 'main.ts');
}
