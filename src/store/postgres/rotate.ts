/**
 * A new master key for a store on PostgreSQL (core/rotation.ts). No gateway of the store runs
 * meanwhile: each says in its row that it lives, the rows are locked until the commit, and one that
 * starts looks at the key once more when it has its row (open.ts).
 */
import { Lane } from './lane.ts';
import {
  type RotateOptions,
  type Rotated,
  Rotation,
  type RotatingDatabase,
  type RotatingTransaction,
  mayHaveBegun,
} from '../core/rotation.ts';
import { StoreRefused } from '../store.ts';
import type { ChangingConnection } from './connection.ts';
import { checkMigrations, knownMigrations } from './migrate.ts';
import { nodeNames } from './nodes.ts';
import { PostgresRunner } from './runner.ts';
import type { Sessions } from './sessions.ts';
import { storeFacts } from './store-facts.ts';

/** Connects where there is something to do, and closes the connections. */
export interface PostgresRotateOptions extends RotateOptions {
  readonly connect: () => Promise<Sessions>;
}

/**
 * Rejects with StoreRefused, and has changed nothing that holds, when something cannot be opened
 * with the old key, or a gateway runs.
 */
export const rotateOnPostgres = (options: PostgresRotateOptions): Promise<Rotated> =>
  withDatabase(options, async (database) => {
    // Before anything is written.
    await database.refuseLiving();
    return await new Rotation(database, options).run();
  });

/**
 * Brings an interrupted run to its end, or follows that of another gateway; undefined if there is
 * neither.
 */
export const finishOnPostgres = async (options: PostgresRotateOptions): Promise<Rotated | undefined> =>
  mayHaveBegun(options)
    ? await withDatabase(options, (database) => new Rotation(database, options).finish())
    : undefined;

async function withDatabase<T>(
  { connect }: PostgresRotateOptions,
  run: (database: PostgresRotating) => Promise<T>,
): Promise<T> {
  const sessions = await connect();
  try {
    const database = new PostgresRotating(sessions);
    await sessions.withSession('changing', (session) => checkMigrations(session, knownMigrations()));
    return await run(database);
  } finally {
    await sessions.close();
  }
}

class PostgresRotating implements RotatingDatabase {
  readonly shared = true;
  readonly #sessions: Sessions;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  async keyCheck(): Promise<Uint8Array | undefined> {
    return await this.#sessions.withSession('changing', async (session) => {
      const { keyCheck } = await new PostgresRunner(session).run(storeFacts());
      return keyCheck;
    });
  }

  async refuseLiving(): Promise<void> {
    await this.#sessions.withSession('changing', refuseLiving);
  }

  async inTransaction<T>(work: (transaction: RotatingTransaction) => Promise<T>): Promise<T> {
    return await this.#sessions.withSession('changing', async (session) => {
      await session.begin();
      try {
        await session.query({ text: 'LOCK TABLE node IN SHARE ROW EXCLUSIVE MODE' });
        await refuseLiving(session);
        const lane = new Lane({ node: 0, epoch: 0 }, () => 0);
        const done = await work(transactionOn(session, lane));
        await new PostgresRunner(session).run(lane.flush());
        await session.commit();
        return done;
      } catch (error) {
        await session.rollback();
        throw error;
      }
    });
  }
}

async function refuseLiving(session: ChangingConnection): Promise<void> {
  const { living } = await new PostgresRunner(session).run(nodeNames());
  if (living.length === 0) return;
  const names = living.map((name) => `"${name}"`).join(', ');
  throw new StoreRefused(
    `Cannot make a new master key: gateway ${names} of this store runs, or was killed within the last seconds; stop all gateways of the store first, at every site. Nothing was changed`,
  );
}

const transactionOn = (session: ChangingConnection, lane: Lane): RotatingTransaction => ({
  reseal: async ({ table, column, id }, again) => {
    const text = `SELECT ${id}, ${column} FROM ${table} WHERE ${column} IS NOT NULL AND ${id} > $1 ORDER BY ${id} LIMIT 500`;
    let done = 0;
    for (let after = ''; ;) {
      const { rows } = await session.query({ text, values: [after] });
      for (const [its, sealed] of rows)
        await session.query({
          text: `UPDATE ${table} SET ${column} = $1 WHERE ${id} = $2`,
          values: [again(sealed as Uint8Array, String(its)), its],
        });
      done += rows.length;
      const last = rows.at(-1);
      if (last === undefined) return done;
      after = String(last[0]);
    }
  },
  setKeyCheck: async (check) => {
    const values = [Buffer.from(check).toString('hex')];
    await session.query({ text: `UPDATE fact SET value = $1 WHERE name = 'key_check'`, values });
  },
  run: async (change) => {
    const append = (item: Parameters<Lane['append']>[0]): ReturnType<Lane['append']> => lane.append(item);
    await new PostgresRunner(session, { append, flush: () => lane.flush() }).run(change, 'FOR UPDATE');
  },
});
