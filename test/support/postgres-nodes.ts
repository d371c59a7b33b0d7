/**
 * Connections of several nodes to one PostgreSQL, each as a node has it, and the tables that they
 * share.
 */
import type { Change } from '../../src/store/sql/sql.ts';
import type { Isolation } from '../../src/store/postgres/connection.ts';
import { PostgresRunner } from '../../src/store/postgres/runner.ts';
import { ClientConnection, type PostgresClient, clientOf, makeTables, startPostgres } from './postgres.ts';
import type { Cleanup } from './store.ts';

export interface NodeConnection {
  readonly client: PostgresClient;
  /** Runs one statement, which is a transaction by itself. */
  readonly run: <T>(change: Change<T>) => Promise<T>;
  /** Runs a change as one transaction. If the change throws, the transaction is rolled back. */
  readonly inTransaction: <T>(change: Change<T>, isolation?: Isolation) => Promise<T>;
}

export interface SharedServer {
  /** A new connection. It does one thing at a time; what is asked meanwhile waits. */
  connect(name: string): Promise<NodeConnection>;
}

/** At the end of the test, `t` ends what was begun last first. */
export async function sharedServer(t: Cleanup): Promise<SharedServer> {
  const owner = await startPostgres(t);
  await makeTables(owner);
  const clients: PostgresClient[] = [];
  t.after(async () => {
    for (const client of clients) await client.end();
  });
  return {
    connect: async (name) => {
      const client = await clientOf(owner, 'postgres');
      clients.push(client);
      await client.query(`SET application_name = 'sluis/${name}'`);
      let line: Promise<unknown> = Promise.resolve();
      const inLine = <T>(work: () => Promise<T>): Promise<T> => {
        const mine = line.then(work);
        line = mine.catch(() => undefined);
        return mine;
      };
      const connection = new ClientConnection(client);
      const runner = new PostgresRunner(connection);
      return {
        client,
        run: (change) => inLine(() => runner.run(change, 'FOR UPDATE')),
        inTransaction: (change, isolation = 'READ COMMITTED') =>
          inLine(async () => {
            await connection.begin(isolation);
            try {
              const value = await runner.run(change, 'FOR UPDATE');
              await connection.commit();
              return value;
            } catch (error) {
              await connection.rollback();
              throw error;
            }
          }),
      };
    },
  };
}
