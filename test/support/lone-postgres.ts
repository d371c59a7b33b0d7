/** One PostgreSQL with the store's user in it, who shows a password; no commit there is flushed. */
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Access, Server } from '../../src/store/postgres/access.ts';
import { freePort } from './instance.ts';
import { postgresBinaries, serverUser } from './postgres-binaries.ts';
import { PostgresServer, SUPERUSER } from './postgres-server.ts';
import type { Cleanup } from './store.ts';

const run = promisify(execFile);

/** The user of every `startLone`, who may log in and nothing more. */
export const ACCESS: Access = { database: SUPERUSER, user: 'sluis', password: () => 'secret' };

export const addressOf = ({ port }: { readonly port: number }): Server => ({ host: '127.0.0.1', port });

export async function startLone(t: Cleanup, settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-postgres-'));
  chmodSync(folder, 0o755);
  const { uid, gid } = serverUser();
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  const data = join(folder, 'data');
  const how = ['--encoding=UTF8', '--locale=C', '--auth=trust', '--no-sync', '--no-instructions'];
  await run(join(postgresBinaries(), 'initdb'), ['-D', data, '-U', SUPERUSER, ...how], {
    ...{ ...serverUser(), cwd: '/', env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' } },
  });
  const rules = join(data, 'pg_hba.conf');
  writeFileSync(rules, `host all sluis 127.0.0.1/32 scram-sha-256\n${readFileSync(rules, 'utf8')}`);
  const server = new PostgresServer('lone', await freePort(), data, { fsync: 'off', ...settings });
  t.after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await server.start();
  await server.ask("CREATE ROLE sluis LOGIN PASSWORD 'secret'");
  return server;
}
