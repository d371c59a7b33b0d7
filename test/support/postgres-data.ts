/** Data folders of PostgreSQL. `initdb` takes a second of processor time: one is made for all files that scripts/test.mjs runs, and copied. */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ownedAsServer, postgresBinaries, serverUser } from './postgres-binaries.ts';

const run = promisify(execFile);
const HOW = ['--encoding=UTF8', '--locale=C', '--auth=trust', '--data-checksums', '--no-sync', '--no-instructions'];

/** Of the database's user and name, made by `initdb`; every local connection is let in. */
export const SUPERUSER = 'postgres';

/** A folder that the server's user may enter and write. */
export function serverFolder(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(folder, 0o755);
  ownedAsServer(folder);
  return folder;
}

/** Makes `data`, which is not there yet. */
export async function makeData(data: string): Promise<void> {
  template ??= makeTemplate();
  await run('cp', ['-a', '--reflink=auto', await template, data]);
}

let template: Promise<string> | undefined;

async function makeTemplate(): Promise<string> {
  const shared = process.env.SLUIS_TEST_SHARED;
  const made = shared === undefined ? undefined : join(shared, `postgres${postgresBinaries().replaceAll('/', '-')}`);
  if (made !== undefined && existsSync(made)) return made;
  const folder = serverFolder('sluis-postgres-template-');
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const data = join(folder, 'data');
  await run(join(postgresBinaries(), 'initdb'), ['-D', data, '-U', SUPERUSER, ...HOW], {
    ...{ ...serverUser(), cwd: '/', env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' } },
  });
  return made === undefined ? data : shareAs(made, data);
}

/** Of two files that make one at the same time either is taken. */
function shareAs(made: string, data: string): string {
  try {
    renameSync(data, made);
    return made;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOTEMPTY') return made;
    throw error;
  }
}
