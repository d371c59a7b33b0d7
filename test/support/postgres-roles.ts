/**
 * What an administrator of PostgreSQL does before `sluis init --postgres`: he runs the text that it
 * prints with `--sql`, and gives both roles a password.
 */
import { administratorSql } from '../../src/commands/init/postgres.ts';
import { type PostgresServer, openAt } from './postgres-server.ts';

export const ROLE_PASSWORD = 'between-gateway-and-database';

/**
 * Does what psql would do with it. Its own commands begin with a backslash; they are left out,
 * except the one that connects to the new database.
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
      // In place of the question that `\password` asks.
      if (n === 0)
        for (const role of ['sluis', 'sluis_owner'])
          await client.query(`ALTER ROLE ${role} PASSWORD '${ROLE_PASSWORD}'`);
    } finally {
      await client.end();
    }
  }
}
