/**
 * One PostgreSQL server with the store's user, who logs in with a password. Its commits are not
 * flushed to the disk.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Access, Server } from '../../src/store/postgres/access.ts';
import { freePort } from './instance.ts';
import { makeData, serverFolder } from './postgres-data.ts';
import { PostgresServer, SUPERUSER } from './postgres-server.ts';
import type { Cleanup } from './store.ts';

/** The user of every `startLone`. He may log in, and nothing more. */
export const ACCESS: Access = { database: SUPERUSER, user: 'sluis', password: () => 'secret' };

export const addressOf = ({ port }: { readonly port: number }): Server => ({ host: '127.0.0.1', port });

export async function startLone(t: Cleanup, settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
  const folder = serverFolder('sluis-postgres-');
  const data = join(folder, 'data');
  await makeData(data);
  const rules = join(data, 'pg_hba.conf');
  writeFileSync(rules, `host all sluis 127.0.0.1/32 scram-sha-256\n${readFileSync(rules, 'utf8')}`);
  // A store has nine connections, and each shows the password. How long somebody must wait who
  // guesses it is not tested here, so one iteration is enough.
  const cheap = { fsync: 'off', scram_iterations: '1' };
  const server = new PostgresServer('lone', await freePort(), data, { ...cheap, ...settings });
  t.after(async () => {
    await server.end();
    rmSync(folder, { recursive: true, force: true });
  });
  await server.start();
  await server.ask("CREATE ROLE sluis LOGIN PASSWORD 'secret'");
  return server;
}
