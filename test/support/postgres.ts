/** A PostgreSQL of this test, thrown away after it, and a connection that runs changes on it. */
import type { Answer, ChangingConnection, Isolation, Query } from '../../src/store/postgres/connection.ts';
import { Lane } from '../../src/store/postgres/lane.ts';
import { knownMigrations, migrate } from '../../src/store/postgres/migrate.ts';
import { PostgresRunner as Runner } from '../../src/store/postgres/runner.ts';
import { postgresServices } from '../../src/store/postgres/services.ts';
import { UsageNotes, addUsage } from '../../src/store/postgres/usage.ts';
import type { Notices } from '../../src/store/changes/accept-work.ts';
import type { Change } from '../../src/store/sql/sql.ts';
import { startLone } from './lone-postgres.ts';
import { openAt } from './postgres-server.ts';
import type { Cleanup } from './store.ts';

/** The parts of a `pg` client that are used; its type declarations are not among the packages. */
export interface PostgresClient {
  connect(): Promise<void>;
  end(): Promise<void>;
  query(query: string | PostgresQuery): Promise<PostgresResult>;
}
interface PostgresQuery {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
  /** Rows as lists of values. */
  readonly rowMode: 'array';
}
interface PostgresResult {
  readonly rows: readonly (readonly unknown[])[];
  readonly fields: readonly { readonly name: string }[];
  readonly rowCount: number | null;
  /** What was done in the end: COMMIT of a transaction that had failed says ROLLBACK. */
  readonly command: string;
}
const servers = new WeakMap<PostgresClient, number>();

/** Another client of the same server. */
export async function clientOf(client: PostgresClient, database: string): Promise<PostgresClient> {
  const port = servers.get(client);
  if (port === undefined) throw new Error('This is not a client of a server of this test');
  return (await openAt(port, { database })) as unknown as PostgresClient;
}

/** Starts a server. Resolves to a client that may do everything there. */
export async function startPostgres(t: Cleanup): Promise<PostgresClient> {
  const { port } = await startLone(t);
  const client = (await openAt(port)) as unknown as PostgresClient;
  servers.set(client, port);
  t.after(() => client.end());
  return client;
}

/** A connection over a client of the driver, without any check of what a commit means. */
export class ClientConnection implements ChangingConnection {
  readonly #client: PostgresClient;

  constructor(client: PostgresClient) {
    this.#client = client;
  }

  async query(query: Query): Promise<Answer> {
    const found = await this.#client.query({ ...query, rowMode: 'array' });
    // For several statements at once, the result of the last one counts.
    const { rows, fields, rowCount } = Array.isArray(found) ? (found.at(-1) as PostgresResult) : found;
    return { rows, columns: fields.map(({ name }) => name), count: rowCount ?? 0 };
  }

  async begin(isolation: Isolation = 'READ COMMITTED'): Promise<void> {
    await this.#client.query(`BEGIN ISOLATION LEVEL ${isolation}`);
  }

  async commit(): Promise<void> {
    const { command } = await this.#client.query('COMMIT');
    if (command !== 'COMMIT') throw new Error('The transaction was rolled back');
  }

  async rollback(): Promise<void> {
    await this.#client.query('ROLLBACK');
  }
}

/** Makes the store's tables. */
export const makeTables = async (client: PostgresClient): Promise<void> =>
  migrate(new ClientConnection(client), knownMigrations(), 0);

function* noNotices(notices: Notices): Change<void> {
  if (notices.length > 0) throw new Error('No message is accepted here');
  yield* [];
}

/**
 * Runs changes as an operator's on PostgreSQL. It tries nothing again, because nobody else is
 * there.
 */
export class PostgresRunner {
  readonly #connection: ClientConnection;
  readonly #lane = new Lane({ node: 0, epoch: 1 }, () => 0);
  readonly #usage = new UsageNotes();
  readonly #runner: Runner;

  constructor(client: PostgresClient) {
    this.#connection = new ClientConnection(client);
    this.#runner = new Runner(this.#connection, {
      services: postgresServices({ usage: this.#usage, fileNotices: noNotices }),
      append: (item) => this.#lane.append(item),
      flush: () => this.#lane.flush(),
    });
  }

  async run<T>(change: Change<T>): Promise<T> {
    await this.#connection.begin('SERIALIZABLE');
    try {
      const value = await this.#runner.run(change, 'FOR UPDATE');
      await this.#runner.run(this.#lane.flush());
      await this.#runner.run(addUsage(this.#usage.take()));
      await this.#connection.commit();
      this.#lane.committed();
      return value;
    } catch (error) {
      this.#lane.rolledBack();
      await this.#connection.rollback();
      throw error;
    }
  }
}
