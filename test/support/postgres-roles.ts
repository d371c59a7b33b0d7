/**
 * What an administrator of PostgreSQL does before `sluis init --postgres`: the text that it prints
 * with `--sql`, and a password for both roles.
 */
import { administratorSql } from '../../src/commands/init/postgres.ts';
import { type PostgresServer, openAt } from './postgres-server.ts';

export const ROLE_PASSWORD = 'between-gateway-and-database';

/**
 * What psql would do with it: its own words, which begin with a backslash, are left out, but for
 * the one that goes to the new database.
 */
export async function administrate(
  server: PostgresServer,
  sql = administratorSql({ database: undefined, user: undefined, owner: undefined }),
): Promise<void> {
  for (const [n, part] of sql.split(/^\\connect .*$/m).entries()) {
    const client = await openAt(server.port, n === 0 ? {} : { database: 'sluis' });
    try {
      const statements = part.replaceAll(/^(\\|--).*$/gm, '').split(';');
      for (const one of statements) if (one.trim() !== '') await client.query(one);
      // The question of `\password`.
      if (n === 0)
        for (const role of ['sluis', 'sluis_owner'])
          await client.query(`ALTER ROLE ${role} PASSWORD '${ROLE_PASSWORD}'`);
    } finally {
      await client.end();
    }
  }
}
