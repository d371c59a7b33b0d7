/**
 * Data folders of PostgreSQL. `initdb` takes a second of processor time, so one folder is made for
 * all files that scripts/test.mjs runs, and is copied.
 */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { madeOnce } from './made-once.ts';
import { ownedAsServer, postgresBinaries, serverUser } from './postgres-binaries.ts';

const run = promisify(execFile);
const HOW = ['--encoding=UTF8', '--locale=C', '--auth=trust', '--data-checksums', '--no-sync', '--no-instructions'];

/**
 * The name of the database and of its superuser, both made by `initdb`. Every local connection may
 * log in as that user.
 */
export const SUPERUSER = 'postgres';

/** A folder that the server's user may enter and write. */
export function serverFolder(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(folder, 0o755);
  ownedAsServer(folder);
  return folder;
}

/** Makes `data`, which must not exist yet. */
export async function makeData(data: string): Promise<void> {
  const made = await madeOnce(`postgres${postgresBinaries().replaceAll('/', '-')}`, makeTemplate);
  await run('cp', ['-a', '--reflink=auto', join(made, 'data'), data]);
}

async function makeTemplate(folder: string): Promise<void> {
  chmodSync(folder, 0o755);
  ownedAsServer(folder);
  await run(join(postgresBinaries(), 'initdb'), ['-D', join(folder, 'data'), '-U', SUPERUSER, ...HOW], {
    ...{ ...serverUser(), cwd: '/', env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' } },
  });
}
